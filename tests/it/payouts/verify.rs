//! What somebody with a database editor can do is found by name; what the service does is not.

use huzhu::kernel::money::Fen;
use huzhu::ledger::accounts::Account;
use huzhu::ledger::rows::{account, posting, transaction};
use huzhu::payouts::verify;
use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;

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

#[actix_web::test]
async fn a_payout_that_its_orders_or_the_books_contradict_is_found() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let granted = scene.grant(&city.member, &[70_000]).await;
    let other = scene.grant(&city.other_member, &[5_000]).await;
    let sqlite = scene.app.app.db.is_sqlite();
    let (own, other) = (sql_id(sqlite, granted.payout_id), sql_id(sqlite, other.payout_id));
    drop_trigger(&scene, "payout_keeps_its_terms", "payout").await;
    drop_trigger(&scene, "payout_order_keeps_its_reference", "payout_order").await;
    scene.app.execute("drop index payout_order_one_live").await.unwrap();
    let order = |fields: &str| format!("update payout_order set {fields} where payout_id = {own}");
    let payout = |fields: &str| format!("update payout set {fields} where id = {own}");
    let part = |fields: &str| format!("update ledger_part set {fields} where payout_id = {own}");
    let followed = format!(
        "insert into payout_order (id, payout_id, try_no, bank_ref, amount_fen, source_code, state, created_at_ms, changed_at_ms) \
         select payout_id, payout_id, 2, 'FOLLOWED', amount_fen, source_code, 'queued', 1, 1 from payout_order \
         where payout_id = {own}"
    );
    for (damage, mend, what) in [
        (
            order(&format!("payout_id = {other}, try_no = 9, state = 'cancelled'")),
            format!("update payout_order set payout_id = {own}, try_no = 1, state = 'queued' where try_no = 9"),
            "it has no order",
        ),
        (payout("amount_fen = 69999"), payout("amount_fen = 70000"), "its parts by plan do not sum to its amount"),
        (
            part("amount_fen = 69999, payable_fen = 69999"),
            part("amount_fen = 70000, payable_fen = 70000"),
            "its amount in the books differs",
        ),
        (order("amount_fen = 69999"), order("amount_fen = 70000"), "an order has another amount"),
        (
            followed,
            "delete from payout_order where try_no = 2".to_owned(),
            "an order was followed by another before it was known to have failed",
        ),
        (payout("state = 'paying'"), payout("state = 'approved'"), "its state is not that of its newest order"),
        (
            part("payable_fen = 0, clearing_fen = 70000"),
            part("payable_fen = 70000, clearing_fen = 0"),
            "what the books hold in clearing is not what its order says",
        ),
        (
            part("payable_fen = 0, settled_fen = 70000"),
            part("payable_fen = 70000, settled_fen = 0"),
            "what the books hold as settled is not what its order says",
        ),
    ] {
        found(&scene, &damage, &mend, &format!("payout {}", granted.payout_id), what).await;
    }
    scene.app.execute(&format!("delete from ledger_part where payout_id = {own}")).await.unwrap();
    let findings = verify::check(&scene.app.app).await.unwrap();
    assert!(findings.iter().any(|one| one.what == "the books do not know it"), "{findings:?}");
    scene.bank.hang_up().await;
    scene.app.stop().await;
}

#[actix_web::test]
async fn books_that_do_not_add_up_are_found_by_name() {
    let scene = Scene::start().await;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    for trigger in ["ledger_posting_never_changes", "ledger_posting_before_its_transaction"] {
        drop_trigger(&scene, trigger, "ledger_posting").await;
    }
    drop_trigger(&scene, "ledger_transaction_never_changes", "ledger_transaction").await;
    let app = &scene.app.app;
    if app.db.is_sqlite() {
        for (trigger, table) in [("ledger_posting_never_goes", "ledger_posting"), ("ledger_transaction_never_goes", "")]
        {
            drop_trigger(&scene, trigger, table).await;
        }
        scene.app.execute("pragma foreign_keys = off").await.unwrap();
    } else {
        let free = "alter table ledger_posting drop constraint ledger_posting_transaction_id_fkey";
        scene.app.execute(free).await.unwrap();
    }
    let transaction = transaction::Entity::find().one(app.db.read()).await.unwrap().unwrap();
    let named = format!("ledger_transaction {}", transaction.id);
    let lines = "amount_fen < 0";
    found(
        &scene,
        &format!("update ledger_posting set amount_fen = amount_fen - 1 where {lines}"),
        &format!("update ledger_posting set amount_fen = amount_fen + 1 where {lines}"),
        &named,
        "its postings come to -1 fen instead of 0",
    )
    .await;
    scene.app.execute("create table kept_posting as select * from ledger_posting").await.unwrap();
    scene.app.execute("create table kept_transaction as select * from ledger_transaction").await.unwrap();
    let back = |table: &str| format!("insert into ledger_{table} select * from kept_{table}");
    found(&scene, "delete from ledger_posting", &back("posting"), &named, "it has no posting").await;
    let lost = "it is not there, and 2 postings name it";
    found(&scene, "delete from ledger_transaction", &back("transaction"), &named, lost).await;

    let account = account::Entity::find().all(app.db.read()).await.unwrap();
    let cost = account.iter().find(|row| row.code == Account::Expense).unwrap();
    found(
        &scene,
        "update ledger_balance set debits_fen = debits_fen + 1 where code = 5010",
        "update ledger_balance set debits_fen = debits_fen - 1 where code = 5010",
        &format!("ledger_account {}", cost.id),
        "its balance is not the sum of its postings",
    )
    .await;
    found(
        &scene,
        "update ledger_part set payable_fen = 69999, settled_fen = 1",
        "update ledger_part set payable_fen = 70000, settled_fen = 0",
        &format!("payout {}", granted.payout_id),
        "its parts differ by -1 fen from what account 2010 holds for it",
    )
    .await;

    // Of very many, a hundred are named and the others counted.
    let rows = (0..103).map(|_| posting::ActiveModel {
        transaction_id: Set(app.ids.next()),
        line_no: Set(1),
        account_id: Set(cost.id),
        amount_fen: Set(Fen::new(1)),
    });
    posting::Entity::insert_many(rows).exec_without_returning(app.db.write()).await.unwrap();
    let findings = verify::check(app).await.unwrap();
    let unequal = findings.iter().filter(|one| one.what == "its postings come to 1 fen instead of 0").count();
    let counted = findings.iter().filter(|one| one.what.starts_with("3 more like ")).count();
    assert_eq!((unequal, counted), (100, 2), "{findings:?}");
    scene.bank.hang_up().await;
    scene.app.stop().await;
}
