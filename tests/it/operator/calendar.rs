//! `huzhu calendar load`: a year that was guessed becomes the published one.

use std::fs;

use super::machine::{Machine, get};

const LIST: &str = r#"
year = 2031
notice = "a list made for this test"
source = "tests"

[[holiday]]
name = { zh = "元旦", en = "New Year's Day" }
first = "2031-01-01"
last = "2031-01-02"
"#;

#[actix_web::test]
async fn a_list_is_loaded_once_and_a_bad_one_is_refused_by_name() {
    let machine = Machine::new().await;
    let file = machine.directory.path().join("2031.toml");
    let load = ["calendar", "load", file.to_str().unwrap()];
    let missing = machine.run(&load).await;
    assert!(missing.code != 0 && missing.err.contains("2031.toml can't be read: No such file"), "{missing:?}");
    fs::write(&file, LIST.replace("2031-01-02", "2030-01-02")).unwrap();
    let bad = machine.run(&load).await;
    assert!(bad.code != 0 && bad.err.contains("2031.toml: holiday[0]: first and last span"), "{bad:?}");

    let service = machine.start(&["serve"]).await;
    let status = async |base: &str| {
        let year = get(format!("{base}/v1/calendar/2031")).await;
        assert_eq!(year.status(), 200);
        year.json::<serde_json::Value>().await.unwrap()["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(status(&service.base).await, "provisional");
    service.stop().await;
    fs::write(&file, LIST).unwrap();
    let said = machine.run(&load).await.ok();
    assert!(said.starts_with("The working days of 2031 are loaded;"), "{said}");
    let said = machine.run(&load).await.ok();
    assert!(said.contains("were loaded before; nothing changes"), "{said}");
    let service = machine.start(&["serve"]).await;
    assert_eq!(status(&service.base).await, "published");
    service.stop().await;
}
