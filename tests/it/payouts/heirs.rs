//! A member died: two people record who inherits, and the member's own card is never paid to again.

use huzhu::http::Role;
use reqwest::Method;
use serde_json::{Value, json};

use super::journey::sql_id;
use super::scene::{Granted, Scene, states};
use crate::support::{Person, logs};

const DAY_SECS: i64 = 24 * 60 * 60;
const HEIR: &str = "赵继承";
const HEIR_ID: &str = "110101199003074514";
const HEIR_CARD: &str = "6222021234567890201";
const OTHER_CARD: &str = "6228480012345678911";

fn death() -> Value {
    json!({"died_on": "2026-03-15", "evidence": ["居民死亡医学证明书"]})
}

fn heir() -> Value {
    json!({
        "relation": "child", "name": HEIR, "national_id": HEIR_ID, "card_number": HEIR_CARD,
        "evidence": ["继承权公证书", "其他继承人的委托书"]
    })
}

fn typed_again(heir_id: &str) -> Value {
    json!({"heir_id": heir_id, "national_id": HEIR_ID, "card_number": HEIR_CARD})
}

fn path_of(granted: Granted) -> String {
    format!("/v1/payouts/{}", granted.payout_id)
}

async fn both_roles(scene: &Scene) -> Person {
    let maker = &scene.app.city.maker;
    let id = sql_id(scene.app.app.db.is_sqlite(), maker.id);
    let grant = format!("insert into staff_role (staff_id, role, granted_at_ms) values ({id}, 'payout_checker', 0)");
    scene.app.execute(&grant).await.unwrap();
    Person { roles: vec![Role::PayoutMaker, Role::PayoutChecker], ..maker.clone() }
}

#[actix_web::test]
async fn what_is_owed_to_the_dead_goes_to_the_heir_that_two_people_recorded() {
    logs::listen();
    let scene = Scene::start().await;
    let (app, city) = (&scene.app, &scene.app.city);
    let granted = scene.grant(&city.member, &[70_000, 5]).await;
    scene.pay().await;
    scene.settle_down().await;
    let bank_ref = scene.bank_ref(granted).await;
    scene.close_day().await;
    let path = path_of(granted);
    let (died, inherits) = (format!("{path}/death"), format!("{path}/heir"));
    app.post(&city.maker, &died, &death()).await.refused(409, "payout_not_owed");
    // The bank closed the account of somebody who died.
    assert!(scene.bank.open().send_back(&bank_ref, None, "MD07".to_owned()).unwrap());
    scene.close_day().await;
    assert_eq!(scene.states(granted).await, states("returned", "failed", "PayoutFailed"));
    let waiting = scene.grant(&city.member, &[9_000]).await;
    app.post(&city.maker, &inherits, &heir()).await.refused(409, "death_not_recorded");

    for (field, value) in [("died_on", json!("2027-01-01")), ("evidence", json!([])), ("evidence", json!([""]))] {
        let mut body = death();
        body[field] = value;
        let refused = app.post(&city.maker, &died, &body).await.refused(422, "validation_failed");
        assert_eq!(refused.pointers(), [format!("/{field}")]);
    }
    app.post(&city.checker, &died, &death()).await.refused(403, "forbidden");
    let record = async || {
        let ask = app.ask(&city.maker, Method::POST, &died).await;
        ask.key("record-death-1").json(&death()).send().await.ok(201)
    };
    assert_eq!(record().await.body, record().await.body);
    app.post(&city.maker, &died, &death()).await.refused(409, "death_recorded");
    // No card of the member's is paid to, whichever payout, and nobody gives another one in their name.
    app.get(&city.member, "/v1/me/card").await.refused(404, "not_found");
    let ask = app.ask(&city.member, Method::PUT, "/v1/me/card").await;
    ask.if_match(1).json(&json!({"number": OTHER_CARD})).send().await.refused(404, "not_found");
    let got = app.post(&city.maker, "/v1/payout-batches", &json!({})).await.ok(200);
    assert_eq!(got.text("/held/0/reason"), "member_died");
    let listed = app.get(&city.auditor, "/v1/unclaimed-payouts").await.ok(200);
    assert_eq!(listed.text("/items/0/waits_for"), "heir");

    for (field, value) in [("national_id", "110101199003070776"), ("card_number", "6222021234567890202"), ("name", "")]
    {
        let mut body = heir();
        body[field] = json!(value);
        let refused = app.post(&city.maker, &inherits, &body).await.refused(422, "validation_failed");
        assert_eq!(refused.pointers(), [format!("/{field}")]);
    }
    let recorded = app.post(&city.maker, &inherits, &heir()).await.ok(201);
    assert_eq!((recorded.text("/name"), recorded.text("/card")), ("赵**".into(), "**** 0201".into()));
    app.post(&city.maker, &inherits, &heir()).await.refused(409, "resolution_open");
    let (confirm, again) = (format!("{inherits}/confirm"), typed_again(&recorded.text("/id")));
    let both = both_roles(&scene).await;
    app.post(&both, &confirm, &again).await.refused(403, "same_person");
    let bypass = "update payout_heir set confirmed_by = recorded_by, confirmed_at_ms = 1, usable_from_ms = 86400001";
    assert!(app.execute(bypass).await.is_err(), "one person did both");
    assert!(app.execute("update payout_heir set number_tail = '0000'").await.is_err(), "an heir never changes");
    let mut wrong = again.clone();
    wrong["card_number"] = json!(OTHER_CARD);
    app.post(&city.checker, &confirm, &wrong).await.refused(409, "heir_differs");
    let confirm_once = async || {
        let ask = app.ask(&city.checker, Method::POST, &confirm).await;
        ask.key("confirm-heir-1").json(&again).send().await.ok(200)
    };
    let confirmed = confirm_once().await;
    assert_eq!(confirm_once().await.body, confirmed.body);
    app.post(&city.checker, &confirm, &again).await.refused(409, "resolution_closed");
    let withdraw = json!({"reason": "登记有误"});
    app.post(&city.checker, &format!("{died}/withdraw"), &withdraw).await.refused(409, "heir_confirmed");
    let shown = app.get(&city.auditor, &inherits).await.ok(200);
    assert_eq!(shown.text("/confirmed_by"), city.checker.id.to_string());
    assert_eq!(app.count("select count(*) from access_record where what = 'heir'").await, 1);

    // After the same day of rest as a changed card it is in the first batch, and in its heir's name; the other payout has no heir.
    let got = app.post(&city.maker, "/v1/payout-batches", &json!({})).await.ok(200);
    assert_eq!(got.text("/held/0/reason"), "card_resting");
    scene.advance(DAY_SECS);
    app.execute("update payout_order set state = 'queued', hold_reason = null where state = 'held'").await.unwrap();
    let bypass = format!(
        "update payout_order set state = 'batched', batch_id = (select id from payout_batch limit 1), line_no = 99, card_sealed = number_sealed, \
         name_sealed = number_sealed, card_version = 1 from service_card where payout_order.state = 'queued' and payout_id = {}",
        sql_id(app.app.db.is_sqlite(), waiting.payout_id)
    );
    let refused = app.execute(&bypass).await.unwrap_err().to_string();
    assert!(refused.contains("the member died"), "{refused}");
    let batch = scene.prepare().await.unwrap();
    assert_eq!(app.get(&city.maker, &batch.path).await.ok(200).text("/batch/total_fen"), "70005");
    scene.release(&batch).await;
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    assert_eq!(scene.bank.truth(&scene.bank_ref(granted).await).unwrap().card_tail, "0201");
    assert_eq!(scene.states(waiting).await.0, "held");
    scene.close_day().await;
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    let heard = logs::heard();
    for mark in [HEIR, HEIR_ID, HEIR_CARD, OTHER_CARD] {
        assert!(!heard.contains(mark), "{mark} was logged");
    }
    scene.stop().await;
}

#[actix_web::test]
async fn a_death_that_was_a_mistake_is_taken_back_by_another_person() {
    let scene = Scene::start().await;
    let (app, city) = (&scene.app, &scene.app.city);
    let granted = scene.grant(&city.member, &[70_000]).await;
    let path = path_of(granted);
    let died = format!("{path}/death");
    // A batch that was prepared with the member's card is not released any more.
    let batch = scene.prepare().await.unwrap();
    app.post(&city.maker, &died, &death()).await.ok(201);
    let release = format!("{}/release", batch.path);
    let signed = json!({"sha256": batch.sha256});
    app.post_at(&city.checker, &release, 1, &signed).await.refused(409, "batch_card_changed");
    app.post_at(&city.maker, &format!("{}/void", batch.path), 1, &Value::Null).await.ok(200);
    assert!(scene.prepare().await.is_none());
    let recorded = app.post(&city.maker, &format!("{path}/heir"), &heir()).await.ok(201);
    let withdraw = format!("{died}/withdraw");
    let why = json!({"reason": "同名，登记有误"});
    app.post(&city.maker, &withdraw, &why).await.refused(403, "same_person");
    assert!(app.execute("update member_death set withdrawn_by = recorded_by, withdrawn_at_ms = 1").await.is_err());
    let taken = app.post(&city.checker, &withdraw, &why).await.ok(200);
    assert_eq!(taken.text("/withdrawn_by"), city.checker.id.to_string());
    app.post(&city.checker, &withdraw, &why).await.refused(409, "death_not_recorded");
    let again = typed_again(&recorded.text("/id"));
    app.post(&city.checker, &format!("{path}/heir/confirm"), &again).await.refused(409, "resolution_closed");
    assert_eq!(app.get(&city.auditor, &died).await.ok(200).text("/id"), taken.text("/id"));
    // The member lives, and is paid to their own card.
    scene.pay().await;
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    assert_eq!(scene.bank.truth(&scene.bank_ref(granted).await).unwrap().card_tail, "0128");
    scene.stop().await;
}

#[actix_web::test]
async fn a_card_of_an_heir_that_fails_gives_way_to_another() {
    let scene = Scene::start().await;
    let (app, city) = (&scene.app, &scene.app.city);
    let granted = scene.grant(&city.member, &[70_000]).await;
    let (path, inherits) = (path_of(granted), format!("{}/heir", path_of(granted)));
    app.post(&city.maker, &format!("{path}/death"), &death()).await.ok(201);
    // Recorded, looked at, and given up: then another.
    let first = app.post(&city.maker, &inherits, &heir()).await.ok(201);
    let which = json!({"heir_id": first.text("/id")});
    app.post(&city.checker, &format!("{inherits}/withdraw"), &which).await.ok(200);
    let second = app.post(&city.maker, &inherits, &heir()).await.ok(201);
    let confirm = format!("{inherits}/confirm");
    app.post(&city.checker, &confirm, &typed_again(&second.text("/id"))).await.ok(200);
    scene.advance(DAY_SECS);
    scene.bank.open().mark_card(HEIR_CARD, Some("AC04".to_owned())).unwrap();
    scene.pay().await;
    scene.settle_down().await;
    scene.close_day().await;
    assert_eq!(scene.states(granted).await, states("rejected_confirmed", "failed", "PayoutFailed"));
    assert!(scene.prepare().await.is_none(), "the same card is tried again");
    let mut body = heir();
    body["card_number"] = json!(OTHER_CARD);
    let third = app.post(&city.maker, &inherits, &body).await.ok(201);
    let again = json!({"heir_id": third.text("/id"), "national_id": HEIR_ID, "card_number": OTHER_CARD});
    app.post(&city.checker, &confirm, &again).await.ok(200);
    scene.advance(DAY_SECS);
    scene.pay().await;
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    assert_eq!(scene.bank.truth(&scene.bank_ref(granted).await).unwrap().card_tail, "8911");
    scene.stop().await;
}
