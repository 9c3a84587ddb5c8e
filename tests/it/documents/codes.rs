//! What the QR codes on a document say: to the member at once, to the staff after submission, and to nobody who only has the table.

use std::io::Cursor;
use std::process::Command;

use image::{DynamicImage, GrayImage, ImageFormat, Luma, RgbImage, imageops};
use qrcode::{Color, QrCode};
use reqwest::Method;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use super::bench::{Bench, photo};

/// The demo's bill, and what its code says.
const BILL: &[u8] = include_bytes!("../../../samples/e-bill.jpg");
const TEXT: &str = "ebill,11010126,0000420117,hz7q2m,2026-10-20,35991.35";

fn bill() -> Value {
    json!({
        "kind": "fiscal_bill", "code": "11010126", "number": "0000420117", "check_code": "hz7q2m",
        "issued_on": "2026-10-20", "amount_fen": 3_599_135
    })
}

#[actix_web::test]
async fn a_bill_says_by_its_code_which_bill_it_is() {
    let bench = Bench::start().await;
    let document = bench.sent(BILL).await;
    let code = &document["codes"][0];
    assert_eq!((&code["text"], &code["bill"], &code["page"]), (&json!(TEXT), &bill(), &json!(1)));
    // Its place lies on the reading copy.
    let reading =
        document["renditions"].as_array().unwrap().iter().find(|file| file["rendition"] == "reading").unwrap();
    let number = |value: &Value| value.as_u64().unwrap();
    assert!(number(&code["place"]["width"]) > 50 && number(&code["place"]["height"]) > 50, "{code}");
    assert!(number(&code["place"]["left"]) + number(&code["place"]["width"]) <= number(&reading["width"]));
    assert!(number(&code["place"]["top"]) + number(&code["place"]["height"]) <= number(&reading["height"]));

    let path = format!("/v1/documents/{}", document["id"].as_str().unwrap());
    bench
        .send(bench.request(Method::GET, &path, &bench.reviewer(&bench.organisation_path)))
        .await
        .refused(404, "not_found");
    bench.submit().await;
    let seen = bench.send(bench.request(Method::GET, &path, &bench.reviewer(&bench.organisation_path))).await;
    assert_eq!((seen.status, &seen.body["codes"]), (200, &document["codes"]));
    bench.stop().await;
}

#[actix_web::test]
async fn a_photo_without_a_code_has_none() {
    let bench = Bench::start().await;
    assert_eq!(bench.sent(&photo(40)).await["codes"], json!([]));
    assert_eq!(bench.count("select count(*) from document where codes_sealed is not null").await, 0);
    bench.stop().await;
}

#[actix_web::test]
async fn what_was_read_is_sealed_and_goes_with_the_document() {
    let bench = Bench::start().await;
    let document = bench.sent(BILL).await;
    let sealed = "select count(*) from document where codes_sealed is not null";
    assert_eq!(bench.count(sealed).await, 1);
    let connection = bench.app.db.read();
    let select =
        Statement::from_string(connection.get_database_backend(), "/* test */ select codes_sealed from document");
    let kept: Vec<u8> = connection.query_one_raw(select).await.unwrap().unwrap().try_get_by_index(0).unwrap();
    assert!(!kept.windows(10).any(|window| window == b"0000420117"));
    let path = format!("/v1/documents/{}", document["id"].as_str().unwrap());
    let version = document["version"].as_i64().unwrap();
    let gone = bench.request(Method::DELETE, &path, &bench.token()).header("if-match", format!("\"{version}\""));
    assert_eq!(bench.send(gone).await.status, 204);
    assert_eq!(bench.count(sealed).await, 0);
    assert_eq!(bench.get(&path).await.body["codes"], json!([]));
    bench.stop().await;
}

/// A code across which somebody drew a bar.
#[actix_web::test]
async fn a_code_that_does_not_read_is_no_reason_to_refuse_a_bill() {
    let bench = Bench::start().await;
    let sent = bench.sent(BILL).await;
    let reading = bench.get(&format!("/v1/documents/{}/content", sent["id"].as_str().unwrap())).await;
    let mut picture = image::load_from_memory(&reading.bytes).unwrap().into_rgb8();
    let place = &sent["codes"][0]["place"];
    let pixels = |name: &str| u32::try_from(place[name].as_u64().unwrap()).unwrap();
    let bar = RgbImage::new(pixels("width"), pixels("height") / 2);
    imageops::replace(&mut picture, &bar, pixels("left").into(), (pixels("top") + pixels("height") / 4).into());
    let mut file = Cursor::new(Vec::new());
    DynamicImage::from(picture).write_to(&mut file, ImageFormat::Jpeg).unwrap();
    let document = bench.sent(&file.into_inner()).await;
    assert_eq!((&document["state"], &document["codes"]), (&json!("clean"), &json!([])));
    bench.stop().await;
}

#[test]
fn a_code_says_nothing_to_the_terminal_of_whoever_inspects_it() {
    let code = QrCode::new("\u{1b}[2J票据\u{7}").unwrap();
    let (modules, width) = (code.to_colors(), u32::try_from(code.width()).unwrap());
    let picture = GrayImage::from_fn((width + 8) * 8, (width + 8) * 8, |x, y| {
        let at = |pixel: u32| (pixel / 8).checked_sub(4).filter(|module| *module < width);
        let module = at(x).zip(at(y)).map(|(x, y)| modules[(y * width + x) as usize]);
        Luma([if module == Some(Color::Dark) { 0 } else { 255 }])
    });
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("code.png");
    picture.save(&file).unwrap();
    let said = Command::new(env!("CARGO_BIN_EXE_huzhu")).arg("inspect").arg(&file).output().unwrap();
    let out = String::from_utf8(said.stdout).unwrap();
    assert!(out.contains("code on page 1: \"\\u{1b}[2J票据\\u{7}\"\n"), "{out}");
    assert!(!out.contains('\u{1b}') && !out.contains('\u{7}'), "{out}");
}
