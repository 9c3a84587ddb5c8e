//! What somebody with a database editor can do is found by name; what the service does is not.

use huzhu::payouts::verify;

use super::journey::sql_id;
use super::scene::Scene;

/// Removes the trigger that would refuse the damage.
async fn drop_trigger(scene: &Scene, trigger: &str, table: &str) {
    let on = if scene.app.app.db.is_sqlite() { String::new() } else { format!(" on {table}") };
    scene.app.execute(&format!("drop trigger {trigger}{on}")).await.unwrap();
}

/// Damages the database, sees what verify says of it, and mends it.
async fn found(scene: &Scene, damage: &str, mend: &str, subject: &str, what: &str) {
    scene.verify().await;
    scene.app.execute(damage).await.unwrap_or_else(|error| panic!("{damage}: {error}"));
    let findings = verify::check(&scene.app.app).await.unwrap();
    let named = findings.iter().any(|one| one.subject.starts_with(subject) && one.what == what);
    assert!(named, "{damage}: {findings:?}");
    scene.app.execute(mend).await.unwrap_or_else(|error| panic!("{mend}: {error}"));
    scene.verify().await;
}

#[actix_web::test]
async fn a_decision_that_is_not_owed_is_found() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    scene.grant(&city.member, &[70_000]).await;
    drop_trigger(&scene, "payout_keeps_its_terms", "payout").await;
    drop_trigger(&scene, "decision_never_changes", "decision").await;
    let sqlite = scene.app.app.db.is_sqlite();
    let (own, other) = (sql_id(sqlite, city.member.id), sql_id(sqlite, city.other_member.id));
    let differs = "its payouts do not come to what it grants";
    let back = "update decision set granted_fen = 70000";
    found(&scene, "update decision set granted_fen = 70001", back, "decision", differs).await;
    found(
        &scene,
        &format!("update payout set member_id = {other}"),
        &format!("update payout set member_id = {own}"),
        "decision",
        "its payout is of another claim or member",
    )
    .await;
    let lost = "insert into decision (id, claim_id, number, outcome, granted_fen, reason_code, decided_at_ms) \
                select member_id, id, 2, 'approved', 5, 'as_assessed', 1 from claim";
    scene.app.execute(lost).await.unwrap();
    let findings = verify::check(&scene.app.app).await.unwrap();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].what, "it grants money and has no payout");
    scene.bank.hang_up().await;
    scene.app.stop().await;
}

#[actix_web::test]
async fn a_claim_that_contradicts_its_payouts_is_found() {
    let scene = Scene::start().await;
    scene.grant(&scene.app.city.member, &[70_000]).await;
    let (back, what) = ("update claim set state = 'approved'", "its state is not that of its payouts");
    for state in ["paying", "paid", "payout_failed", "lapsed"] {
        found(&scene, &format!("update claim set state = '{state}'"), back, "claim", what).await;
    }
    scene.stop().await;
}

#[actix_web::test]
async fn a_batch_that_is_not_its_bytes_is_found() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let granted = scene.grant(&city.member, &[70_000]).await;
    scene.grant(&city.other_member, &[5_000]).await;
    scene.prepare().await.unwrap();
    drop_trigger(&scene, "payout_order_keeps_its_reference", "payout_order").await;
    let bank_ref = scene.bank_ref(granted).await;
    let rename = |from: &str, to: &str| format!("update payout_order set bank_ref = '{to}' where bank_ref = '{from}'");
    let (damage, mend) = (rename(&bank_ref, "ALTERED1"), rename("ALTERED1", &bank_ref));
    found(&scene, &damage, &mend, "payout_batch", "the lines of its bytes are not its orders").await;
    scene.stop().await;
}

#[actix_web::test]
async fn a_batch_that_nobody_goes_on_with_is_found() {
    let scene = Scene::start().await;
    scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.pay().await;
    let what = "no job is written that will go on with it";
    let gone = "update job set state = 'done', finished_at_ms = 1 where kind like 'payouts.%' and state = 'ready'";
    let back =
        "update job set state = 'ready', finished_at_ms = null where kind like 'payouts.%' and finished_at_ms = 1";
    found(&scene, gone, back, "payout_batch", what).await;
    // Sent and accepted: now the enquiry is what goes on with it.
    scene.app.run_jobs().await;
    found(&scene, gone, back, "payout_batch", what).await;
    scene.settle_down().await;
    scene.stop().await;
}
