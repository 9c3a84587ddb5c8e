//! What the database keeps of a bill, what it refuses by itself, and what `huzhu verify` finds.

use sea_orm::{ConnectionTrait, Statement};

use super::scene::{Scene, bill};

async fn findings(scene: &Scene) -> Vec<String> {
    let report = huzhu::verify::run(&scene.app.app).await.unwrap();
    let mut found: Vec<String> = report.findings.into_iter().map(|one| format!("{}: {}", one.area, one.what)).collect();
    found.sort();
    found
}

#[actix_web::test]
async fn no_part_of_a_bill_stands_clear() {
    let scene = Scene::start().await;
    scene.told(&bill("0000420117")).await;
    let connection = scene.app.app.db.read();
    let sql = "/* test */ select query_sealed, bill_lookup, query_lookup from bill_check";
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let row = connection.query_one_raw(statement).await.unwrap().unwrap();
    let kept: Vec<u8> = (0..3).flat_map(|at| row.try_get_by_index::<Vec<u8>>(at).unwrap()).collect();
    for part in ["0000420117", "11010126", "hz7q2m", "3599135", "2026-03-02"] {
        assert!(!kept.windows(part.len()).any(|window| window == part.as_bytes()), "{part}");
    }
    scene.stop().await;
}

#[actix_web::test]
async fn the_database_refuses_what_the_code_never_does() {
    let scene = Scene::start().await;
    scene.told(&bill("0000420117")).await;
    for sql in [
        "update bill_check_bill_day set asked = 6",
        "update bill_check_day set asked = allowed + 1",
        "update bill_check set verdict = 'cannot_be_checked'",
        "update bill_check set reason = 'bill_too_new'",
        "update bill_check set verdict = null",
        "update bill_check set next_ask_at_ms = 1",
        "update bill_check set verdict = 'perhaps'",
        "update bill_check set asked_at_ms = null",
        "insert into bill_check (id, document_id, claim_id, source, bill_lookup, query_lookup, query_sealed, next_ask_at_ms, created_at_ms) \
         select claim_id, document_id, claim_id, source, bill_lookup, query_lookup, query_sealed, 1, 1 from bill_check",
        "insert into bill_check (id, document_id, claim_id, source, bill_lookup, query_lookup, query_sealed, next_ask_at_ms, created_at_ms) \
         select claim_id, claim_id, claim_id, source, bill_lookup, query_lookup, query_sealed, 1, 1 from bill_check",
    ] {
        assert!(scene.app.execute(sql).await.is_err(), "{sql}");
    }
    scene.stop().await;
}

#[actix_web::test]
async fn verify_finds_what_was_changed_or_left() {
    let scene = Scene::start().await;
    let (_, document) = scene.told(&bill("0000420117")).await;
    assert_eq!(findings(&scene).await, [""; 0]);
    scene.app.execute("update bill_check_day set asked = 2").await.unwrap();
    assert_eq!(findings(&scene).await, ["bills: 1 questions are counted by bill, 2 in all"]);
    scene.app.execute("delete from bill_check_day").await.unwrap();
    assert_eq!(findings(&scene).await, ["bills: 1 questions are counted by bill, 0 in all"]);
    scene.app.execute("delete from bill_check_bill_day").await.unwrap();
    scene.app.execute("update bill_check set bill_lookup = query_lookup").await.unwrap();
    assert_eq!(findings(&scene).await, ["bills: it is not found by its bill"]);
    scene.app.execute("update bill_check set query_sealed = query_lookup").await.unwrap();
    assert_eq!(findings(&scene).await, ["bills: its bill does not open"]);
    let withdrawn = "update document set state = 'withdrawn', codes_sealed = null";
    scene.app.execute(withdrawn).await.unwrap();
    let found = findings(&scene).await;
    assert!(found.contains(&"documents: a check of its bill is still kept".to_owned()), "{document}: {found:?}");
    scene.platform.hang_up().await;
    scene.app.stop().await;
}
