//! A bill that no code tells is checked when its print says all five parts.

use serde_json::{Value, json};

use super::scene::{Scene, bill};
use crate::support::reader::{Reader, line};

/// A bill whose print says its five parts.
fn paper(number: &str) -> Vec<Value> {
    vec![
        line("北京市医疗住院收费票据（电子）", 300, 40),
        line("票据代码：11010126", 40, 100),
        line(&format!("票据号码：{number}"), 540, 100),
        line("校验码：hz7q2m", 40, 140),
        line("开票日期：2026-03-02", 540, 140),
        line("（小写）", 40, 200),
        line("35,991.35", 300, 200),
    ]
}

async fn scene(reader: &Reader) -> Scene {
    Scene::with(|config| reader.install(&mut config.documents)).await
}

const SOURCES: &str = "select count(*) from bill_check where source = ";

#[actix_web::test]
async fn print_that_says_all_parts_is_checked_and_print_that_lacks_one_is_not() {
    let reader = Reader::of(&paper("0000420119"));
    let scene = scene(&reader).await;
    let claim = scene.draft().await;
    scene.app.upload_photo(&scene.app.city.member, claim, "bill", 1).await;
    scene.app.run_jobs().await;
    assert_eq!((scene.verdicts().await, scene.platform.asked()), (vec!["false".to_owned()], vec![1]));
    assert_eq!(scene.app.count(&format!("{SOURCES}'ocr'")).await, 1);
    let whole = paper("0000420117");
    for (missing, seed) in (1..whole.len() - 1).zip(2..) {
        let mut lines = whole.clone();
        lines.remove(missing);
        // The amount and its label go together.
        lines.retain(|line| missing != 5 || line["text"] != "35,991.35");
        reader.says(&lines);
        scene.app.upload_photo(&scene.app.city.member, claim, "bill", seed).await;
        scene.app.run_jobs().await;
        assert_eq!(scene.verdicts().await.len(), 1, "without {}", whole[missing]["text"]);
    }
    scene.stop().await;
}

#[actix_web::test]
async fn a_code_goes_before_print_and_the_same_bill_is_checked_once() {
    let reader = Reader::of(&paper("0000420119"));
    let scene = scene(&reader).await;
    let (claim, _) = scene.told(&bill("0000420117")).await;
    assert_eq!((scene.verdicts().await, scene.platform.asked()), (vec!["true".to_owned()], vec![1]));
    assert_eq!(scene.app.count(&format!("{SOURCES}'qr'")).await, 1);
    // A code that tells no fiscal bill leaves it to the print.
    scene.send(claim, "https://wx.example.cn/r/123456789").await;
    scene.app.run_jobs().await;
    assert_eq!(
        (scene.verdicts().await, scene.platform.asked()),
        (vec!["true".to_owned(), "false".to_owned()], vec![1, 1])
    );
    let again = "update job set state = 'ready', finished_at_ms = null where kind = 'documents.read'";
    scene.app.execute(again).await.unwrap();
    scene.app.run_jobs().await;
    assert_eq!(scene.verdicts().await.len(), 2);
    scene.stop().await;
}

#[actix_web::test]
async fn print_of_another_paper_is_no_bill() {
    let mut lines = paper("0000420119");
    lines[0] = line("北京市医疗保险住院费用清单", 300, 40);
    let reader = Reader::of(&lines);
    let scene = scene(&reader).await;
    let claim = scene.draft().await;
    scene.app.upload_photo(&scene.app.city.member, claim, "bill", 1).await;
    scene.app.run_jobs().await;
    assert_eq!((scene.verdicts().await, scene.platform.asked()), (vec![], vec![]));
    let found = scene.app.get(&scene.app.city.member, &format!("/v1/claims/{claim}/documents")).await.ok(200);
    assert_eq!(found.body["items"][0]["reading"]["state"], json!("read"));
    scene.stop().await;
}
