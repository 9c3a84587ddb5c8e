//! Money that was paid wrongly: two people ask for it, the member agrees or objects, and bookings bring it back.

use huzhu::http::Role;
use huzhu::ledger::accounts::Account;
use huzhu::ledger::balance_of;
use huzhu::recon::{self, Imported};
use reqwest::Method;
use serde_json::{Value, json};

use super::journey::sql_id;
use super::scene::{Booked, Granted, OPENING_FEN, Scene, statement, states};
use crate::support::{Got, Person};

/// A payout that the first statement confirms.
async fn settled(scene: &Scene, parts: &[i64]) -> Granted {
    let granted = scene.grant(&scene.app.city.member, parts).await;
    scene.pay().await;
    scene.settle_down().await;
    let bank_ref = scene.bank_ref(granted).await;
    let debit = Booked { bank_ref: &bank_ref, ..Booked::debit(parts.iter().sum(), "S1") };
    take(scene, &statement(1, OPENING_FEN, &[debit])).await;
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    granted
}

async fn take(scene: &Scene, file: &[u8]) {
    let (app, link) = (&scene.app.app, scene.app.app.bank.as_ref().unwrap());
    let taken = recon::import(app, link, file).await.unwrap();
    assert!(matches!(taken, Imported::Taken { .. }), "{taken:?}");
}

fn asked(granted: Granted, reason: &str, amount_fen: i64) -> Value {
    json!({
        "payout_id": granted.payout_id, "reason": reason, "amount_fen": amount_fen,
        "explanation": "医院于3月25日撤销了该次住院结算"
    })
}

/// Opened and confirmed; its staff path, and its path for the member.
async fn confirmed(scene: &Scene, body: &Value) -> (String, String) {
    let city = &scene.app.city;
    let opened = scene.app.post(&city.maker, "/v1/recoveries", body).await.ok(201);
    let id = opened.text("/id");
    let path = format!("/v1/recoveries/{id}");
    scene.app.post_at(&city.checker, &format!("{path}/confirm"), opened.version(), &Value::Null).await.ok(200);
    (path, format!("/v1/me/recoveries/{id}"))
}

/// The newest credit in suspense.
async fn credit(scene: &Scene) -> Got {
    scene.app.get(&scene.app.city.maker, "/v1/suspense-credits?limit=1").await.ok(200)
}

/// The maker ties the newest credit, the checker confirms.
async fn repay(scene: &Scene, path: &str) -> Got {
    let city = &scene.app.city;
    let entry = json!({"entry_id": credit(scene).await.text("/items/0/entry_id")});
    let proposed = scene.app.post(&city.maker, &format!("{path}/repayments"), &entry).await.ok(201);
    let which = json!({"repayment_id": proposed.text("/id")});
    scene.app.post(&city.checker, &format!("{path}/repayments/confirm"), &which).await.ok(200)
}

async fn books(scene: &Scene, account: Account) -> i64 {
    balance_of(scene.app.app.db.read(), account).await.unwrap().get()
}

/// Somebody who has both roles, as a small office may have.
async fn of_both_roles(scene: &Scene) -> Person {
    let maker = &scene.app.city.maker;
    let id = sql_id(scene.app.app.db.is_sqlite(), maker.id);
    let grant = format!("insert into staff_role (staff_id, role, granted_at_ms) values ({id}, 'payout_checker', 0)");
    scene.app.execute(&grant).await.unwrap();
    Person { roles: vec![Role::PayoutMaker, Role::PayoutChecker], ..maker.clone() }
}

#[actix_web::test]
async fn two_people_ask_the_member_agrees_and_bookings_bring_it_back() {
    let scene = Scene::start().await;
    let (app, city) = (&scene.app, &scene.app.city);
    let granted = settled(&scene, &[70_000, 30_000]).await;
    let mut body = asked(granted, "settlement_cancelled", 60_000);
    body["instalments"] =
        json!([{"amount_fen": 20_000, "due_on": "2026-04-30"}, {"amount_fen": 40_000, "due_on": "2026-05-31"}]);
    let open = async || {
        let ask = app.ask(&city.maker, Method::POST, "/v1/recoveries").await;
        ask.key("open-recovery-1").json(&body).send().await.ok(201)
    };
    let opened = open().await;
    assert_eq!(open().await.body, opened.body);
    assert_eq!(app.count("select count(*) from recovery").await, 1);
    let id = opened.text("/id");
    let (path, mine) = (format!("/v1/recoveries/{id}"), format!("/v1/me/recoveries/{id}"));
    // Nobody else knows of it, and nothing is booked.
    app.get(&city.member, &mine).await.refused(404, "not_found");
    assert_eq!(app.get(&city.member, "/v1/me/recoveries").await.ok(200).body["items"], json!([]));
    assert_eq!(books(&scene, Account::Recoverable).await, 0);
    // Not by the same person: neither here nor in the database.
    let confirm = format!("{path}/confirm");
    app.post_at(&city.maker, &confirm, 2, &Value::Null).await.refused(403, "forbidden");
    let both = of_both_roles(&scene).await;
    app.post_at(&both, &confirm, 2, &Value::Null).await.refused(403, "same_person");
    let bypass = "update recovery set confirmed_by = opened_by, confirmed_at_ms = 1";
    assert!(app.execute(bypass).await.is_err(), "one person did both");
    app.post(&city.checker, &confirm, &Value::Null).await.refused(428, "if_match_missing");
    app.post_at(&city.checker, &confirm, 1, &Value::Null).await.refused(412, "stale_version");
    let confirm_once = async || {
        let ask = app.ask(&city.checker, Method::POST, &confirm).await;
        ask.key("confirm-recovery").if_match(2).send().await.ok(200)
    };
    let first = confirm_once().await;
    assert_eq!(confirm_once().await.body, first.body);
    app.post_at(&city.checker, &confirm, 3, &Value::Null).await.refused(409, "recovery_state_conflict");
    // What the claim cost too much is to come back, by plan.
    assert_eq!(books(&scene, Account::Recoverable).await, 60_000);
    assert_eq!(books(&scene, Account::Expense).await, 40_000);
    let detail = app.get(&city.auditor, &path).await.ok(200);
    assert_eq!(
        (detail.text("/parts/0/amount_fen"), detail.text("/parts/1/amount_fen")),
        ("42000".into(), "18000".into())
    );
    assert_eq!(app.count("select count(*) from access_record where what = 'recovery'").await, 1);
    scene.verify().await;

    let seen = app.get(&city.member, &mine).await.ok(200);
    assert_eq!((seen.text("/paid_fen"), seen.text("/balance_fen")), ("100000".into(), "60000".into()));
    let sentences = seen.body["sentences"].to_string();
    for said in [
        "支付了 1,000.00 元",
        "医院已撤销",
        "需要归还 600.00 元",
        "尚余 600.00 元",
        &seen.text("/reference"),
        "异议",
        "全额",
    ] {
        assert!(sentences.contains(said), "{said}: {sentences}");
    }
    assert_eq!((seen.text("/may_agree"), seen.text("/may_object")), ("true".into(), "true".into()));
    assert_eq!(app.count("select count(*) from notice where kind = 'recovery_opened'").await, 1);
    app.get(&city.other_member, &mine).await.refused(404, "not_found");
    let agree = format!("{mine}/agree");
    app.post_at(&city.other_member, &agree, 3, &Value::Null).await.refused(404, "not_found");
    let agreed = app.post_at(&city.member, &agree, 3, &Value::Null).await.ok(200);
    assert_eq!((agreed.text("/state"), agreed.text("/may_agree")), ("agreed".into(), "false".into()));
    app.post_at(&city.member, &agree, 4, &Value::Null).await.refused(409, "recovery_state_conflict");

    // Whatever is owed, another payout is paid in full: nothing is taken off it.
    let other = scene.grant(&city.member, &[5_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    let other_ref = scene.bank_ref(other).await;
    assert_eq!(scene.bank.truth(&other_ref).unwrap().amount_fen.get(), 5_000);
    let debit = Booked { bank_ref: &other_ref, day: 17, ..Booked::debit(5_000, "S2") };
    let back = Booked { day: 17, ..Booked::credit(25_000, "S3") };
    take(&scene, &statement(2, OPENING_FEN - 100_000, &[debit, back])).await;
    assert_eq!(scene.states(other).await, states("settled", "settled", "Paid"));
    assert_eq!(scene.breaks().await, ["B07"]);
    // Nothing is tied by itself, and not by one person.
    assert_eq!(app.get(&city.member, &mine).await.ok(200).text("/repaid_fen"), "0");
    let listed = credit(&scene).await;
    assert_eq!((listed.text("/items/0/left_fen"), listed.text("/items/0/may_repay")), ("25000".into(), "true".into()));
    let (propose, confirm) = (format!("{path}/repayments"), format!("{path}/repayments/confirm"));
    let entry_id = listed.text("/items/0/entry_id");
    let too_much = json!({"entry_id": entry_id, "amount_fen": 25_001});
    let refused = app.post(&city.maker, &propose, &too_much).await.refused(422, "validation_failed");
    assert_eq!(refused.pointers(), ["/amount_fen"]);
    let proposed = app.post(&city.maker, &propose, &json!({"entry_id": entry_id})).await.ok(201);
    app.post(&city.maker, &propose, &json!({"entry_id": entry_id})).await.refused(409, "credit_not_in_suspense");
    let which = json!({"repayment_id": proposed.text("/id")});
    app.post(&both, &confirm, &which).await.refused(403, "same_person");
    for bypass in [
        "update recovery_repayment set confirmed_by = proposed_by, confirmed_at_ms = 1",
        "update recovery_repayment set amount_fen = 1",
        "update recovery set repaid_fen = 25000, state = 'repaying'",
    ] {
        assert!(app.execute(bypass).await.is_err(), "{bypass}");
    }
    let confirm_once = async || {
        let ask = app.ask(&city.checker, Method::POST, &confirm).await;
        ask.key("confirm-repayment").json(&which).send().await.ok(200)
    };
    let repaid = confirm_once().await;
    assert_eq!(confirm_once().await.body, repaid.body);
    assert_eq!((repaid.text("/state"), repaid.text("/balance_fen")), ("repaying".into(), "35000".into()));
    app.post(&city.checker, &confirm, &which).await.refused(409, "resolution_closed");
    assert_eq!(scene.breaks().await, [""; 0], "what it is is known now");
    assert_eq!((books(&scene, Account::Recoverable).await, books(&scene, Account::UnknownCredits).await), (35_000, 0));
    let seen = app.get(&city.member, &mine).await.ok(200);
    assert_eq!(
        (seen.text("/instalments/0/left_fen"), seen.text("/instalments/1/left_fen")),
        ("0".into(), "35000".into())
    );
    assert_eq!((seen.text("/may_object"), seen.text("/repayments/0/amount_fen")), ("false".into(), "25000".into()));
    scene.verify().await;

    // The second instalment is not paid in time.
    let overdue = "/v1/recoveries?overdue=true";
    assert_eq!(app.get(&city.auditor, overdue).await.ok(200).body["items"], json!([]));
    scene.advance(120 * 24 * 60 * 60);
    let late = app.get(&city.auditor, overdue).await.ok(200);
    assert_eq!(
        (late.text("/items/0/overdue_fen"), late.text("/items/0/overdue_bucket")),
        ("35000".into(), "31-90".into())
    );
    // More comes than is owed: what is too much waits in suspense, with its break.
    let back = Booked { day: 18, ..Booked::credit(40_000, "S4") };
    take(&scene, &statement(3, OPENING_FEN - 80_000, &[back])).await;
    let closed = repay(&scene, &path).await;
    assert_eq!((closed.text("/state"), closed.text("/outcome")), ("closed".into(), "repaid".into()));
    assert_eq!(closed.body.get("due_on"), None);
    assert_eq!((books(&scene, Account::Recoverable).await, books(&scene, Account::UnknownCredits).await), (0, -5_000));
    assert_eq!(scene.breaks().await, ["B07"]);
    assert_eq!(credit(&scene).await.text("/items/0/left_fen"), "5000");
    let seen = app.get(&city.member, &mine).await.ok(200);
    assert!(seen.body["sentences"].to_string().contains("已全部还清"), "{}", seen.body);
    app.post(&city.maker, &format!("{path}/ending"), &json!({"outcome": "written_off", "reason": "x"}))
        .await
        .refused(409, "recovery_state_conflict");
    scene.stop().await;
}

#[actix_web::test]
async fn an_objection_is_answered_or_two_people_withdraw() {
    let scene = Scene::start().await;
    let (app, city) = (&scene.app, &scene.app.city);
    let granted = settled(&scene, &[70_000]).await;
    let (path, mine) = confirmed(&scene, &asked(granted, "granted_wrongly", 70_000)).await;
    assert_eq!(books(&scene, Account::Expense).await, 0);
    let object = format!("{mine}/objections");
    let words = json!({"kind": "not_owed", "words": "住院属实，请核实"});
    app.post_at(&city.other_member, &object, 3, &words).await.refused(404, "not_found");
    let blank = json!({"kind": "not_owed", "words": ""});
    assert_eq!(
        app.post_at(&city.member, &object, 3, &blank).await.refused(422, "validation_failed").pointers(),
        ["/words"]
    );
    let objected = app.post_at(&city.member, &object, 3, &words).await.ok(201);
    assert_eq!(
        (objected.text("/objections/0/words"), objected.text("/may_agree")),
        ("住院属实，请核实".into(), "false".into())
    );
    let version = objected.version();
    app.post_at(&city.member, &object, version, &words).await.refused(409, "objection_open");
    app.post_at(&city.member, &format!("{mine}/agree"), version, &Value::Null).await.refused(409, "objection_open");
    let listed = app.get(&city.maker, "/v1/recoveries?state=open").await.ok(200);
    assert_eq!(listed.text("/items/0/objection_open"), "true");
    let answer = format!("{path}/answer");
    let said = json!({"answer": "就诊医院不在定点范围，详见复核意见"});
    app.post_at(&city.auditor, &answer, version, &said).await.refused(403, "forbidden");
    let answered = app.post_at(&city.checker, &answer, version, &said).await.ok(200);
    app.post_at(&city.checker, &answer, answered.version(), &said).await.refused(409, "objection_answered");
    let seen = app.get(&city.member, &mine).await.ok(200);
    assert_eq!(seen.text("/objections/0/answer"), said["answer"]);
    assert_eq!(seen.text("/may_agree"), "true");
    assert_eq!(app.count("select count(*) from notice where kind = 'recovery_answered'").await, 1);

    // The member is right after all.
    let again = app.post_at(&city.member, &object, seen.version(), &words).await.ok(201);
    let ending = format!("{path}/ending");
    let refused = app.post(&city.maker, &ending, &json!({"outcome": "repaid", "reason": "x"})).await;
    assert_eq!(refused.refused(422, "validation_failed").pointers(), ["/outcome"]);
    let proposal = json!({"outcome": "withdrawn", "reason": "复核后确认赔付无误"});
    let proposed = app.post(&city.maker, &ending, &proposal).await.ok(201);
    app.post(&city.maker, &ending, &proposal).await.refused(409, "resolution_open");
    let which = json!({"ending_id": proposed.text("/id")});
    let both = of_both_roles(&scene).await;
    app.post(&both, &format!("{ending}/confirm"), &which).await.refused(403, "same_person");
    for bypass in [
        "update recovery_ending set confirmed_by = proposed_by, confirmed_at_ms = 1",
        "update recovery set state = 'closed', outcome = 'withdrawn', closed_at_ms = 1",
        "update recovery set amount_fen = 1",
    ] {
        assert!(app.execute(bypass).await.is_err(), "{bypass}");
    }
    app.post(&city.checker, &format!("{ending}/withdraw"), &which).await.ok(200);
    app.post(&city.checker, &format!("{ending}/confirm"), &which).await.refused(409, "resolution_closed");
    let which = json!({"ending_id": app.post(&city.maker, &ending, &proposal).await.ok(201).text("/id")});
    let ended = app.post(&city.checker, &format!("{ending}/confirm"), &which).await.ok(200);
    assert_eq!((ended.text("/state"), ended.text("/outcome")), ("closed".into(), "withdrawn".into()));
    assert_eq!((books(&scene, Account::Recoverable).await, books(&scene, Account::Expense).await), (0, 70_000));
    let seen = app.get(&city.member, &mine).await.ok(200);
    assert!(seen.body["objections"][0]["answer"].is_string() && again.version() < seen.version());
    assert!(seen.body["sentences"].to_string().contains("无需归还"), "{}", seen.body);
    // It was none, so the same may be asked for another cause.
    confirmed(&scene, &asked(granted, "duplicate_claim", 70_000)).await;
    scene.stop().await;
}

#[actix_web::test]
async fn other_instalments_are_offered_and_what_is_left_is_written_off() {
    let scene = Scene::start().await;
    let (app, city) = (&scene.app, &scene.app.city);
    let granted = settled(&scene, &[70_000, 30_000]).await;
    let (path, mine) = confirmed(&scene, &asked(granted, "overpaid", 10_000)).await;
    let seen = app.post_at(&city.member, &format!("{mine}/agree"), 3, &Value::Null).await.ok(200);
    let words = json!({"kind": "other_instalments", "words": "请分两期"});
    let wished = app.post_at(&city.member, &format!("{mine}/objections"), seen.version(), &words).await.ok(201);
    let offer = format!("{path}/instalments");
    let two = |first: i64, day: &str| json!({"instalments": [{"amount_fen": first, "due_on": day}, {"amount_fen": 5_000, "due_on": "2026-08-31"}]});
    for (body, pointer) in [
        (two(4_999, "2026-07-31"), "/instalments"),
        (two(5_000, "2026-03-16"), "/instalments/0/due_on"),
        (two(5_000, "2026-08-31"), "/instalments/1/due_on"),
        (two(0, "2026-07-31"), "/instalments/0/amount_fen"),
        (json!({"instalments": []}), "/instalments"),
    ] {
        let refused = app.post_at(&city.maker, &offer, wished.version(), &body).await.refused(422, "validation_failed");
        assert_eq!(refused.pointers(), [pointer], "{body}");
    }
    let offered = app.post_at(&city.maker, &offer, wished.version(), &two(5_000, "2026-07-31")).await.ok(200);
    let said = json!({"answer": "已按您的要求分两期"});
    let answered = app.post_at(&city.maker, &format!("{path}/answer"), offered.version(), &said).await.ok(200);
    // The old ones hold until the member agrees to the new.
    let seen = app.get(&city.member, &mine).await.ok(200);
    assert_eq!(
        (seen.text("/instalments/0/amount_fen"), seen.text("/offered/1/amount_fen")),
        ("10000".into(), "5000".into())
    );
    let agreed = app.post_at(&city.member, &format!("{mine}/agree"), answered.version(), &Value::Null).await.ok(200);
    assert_eq!(agreed.text("/instalments/1/due_on"), "2026-08-31");
    // A part comes back after other instalments were offered: they are not of this balance any more.
    let third = app.post_at(&city.maker, &offer, agreed.version(), &two(5_000, "2026-06-30")).await.ok(200);
    take(&scene, &statement(2, OPENING_FEN - 100_000, &[Booked { day: 17, ..Booked::credit(3_000, "S2") }])).await;
    let repaid = repay(&scene, &path).await;
    assert!(third.version() < repaid.version());
    let agree = format!("{mine}/agree");
    app.post_at(&city.member, &agree, repaid.version(), &Value::Null).await.refused(409, "recovery_plan_stale");

    let ending = format!("{path}/ending");
    let withdraw = json!({"outcome": "withdrawn", "reason": "x"});
    app.post(&city.maker, &ending, &withdraw).await.refused(409, "recovery_state_conflict");
    let proposal = json!({"outcome": "written_off", "reason": "家庭困难，会议同意核销"});
    let which = json!({"ending_id": app.post(&city.maker, &ending, &proposal).await.ok(201).text("/id")});
    // While a booking waits to be confirmed nobody knows what is left.
    take(&scene, &statement(3, OPENING_FEN - 97_000, &[Booked { day: 18, ..Booked::credit(1_000, "S3") }])).await;
    let entry = json!({"entry_id": credit(&scene).await.text("/items/0/entry_id")});
    let waits = app.post(&city.maker, &format!("{path}/repayments"), &entry).await.ok(201);
    app.post(&city.checker, &format!("{ending}/confirm"), &which).await.refused(409, "resolution_open");
    let which_repayment = json!({"repayment_id": waits.text("/id")});
    app.post(&city.checker, &format!("{path}/repayments/withdraw"), &which_repayment).await.ok(200);
    let ended = app.post(&city.checker, &format!("{ending}/confirm"), &which).await.ok(200);
    assert_eq!((ended.text("/outcome"), ended.text("/balance_fen")), ("written_off".into(), "0".into()));
    assert_eq!(ended.text("/written_off_fen"), "7000");
    assert_eq!((books(&scene, Account::Recoverable).await, books(&scene, Account::Expense).await), (0, 97_000));
    let detail = app.get(&city.auditor, &path).await.ok(200);
    let kinds: Vec<&str> =
        detail.body["events"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds.first().copied(), Some("opened"));
    assert_eq!(kinds.last().copied(), Some("closed"));
    assert!(app.execute("update recovery set closed_at_ms = 5").await.is_err(), "what is over never changes");
    assert!(app.execute("delete from recovery_event").await.is_err(), "who did what never goes");
    scene.stop().await;
}

#[actix_web::test]
async fn what_the_bank_debited_twice_is_the_members_or_the_banks() {
    let scene = Scene::start().await;
    let (app, city) = (&scene.app, &scene.app.city);
    let granted = scene.grant(&city.member, &[70_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    let bank_ref = scene.bank_ref(granted).await;
    let debit = Booked { bank_ref: &bank_ref, ..Booked::debit(70_000, "S1") };
    take(&scene, &statement(1, OPENING_FEN, &[debit, debit])).await;
    assert_eq!(scene.breaks().await, ["B04"]);
    let too_much = asked(granted, "debited_twice", 70_001);
    app.post(&city.maker, "/v1/recoveries", &too_much).await.refused(409, "recovery_exceeds_paid");
    let (path, mine) = confirmed(&scene, &asked(granted, "debited_twice", 70_000)).await;
    // The statement has booked it already.
    assert_eq!((books(&scene, Account::Recoverable).await, books(&scene, Account::Expense).await), (70_000, 70_000));
    scene.verify().await;
    take(&scene, &statement(2, OPENING_FEN - 140_000, &[Booked { day: 17, ..Booked::credit(20_000, "S2") }])).await;
    repay(&scene, &path).await;
    assert_eq!(books(&scene, Account::Recoverable).await, 50_000);
    // The bank gives it back, too: nobody is asked for it any longer.
    let back = Booked { bank_ref: &bank_ref, day: 18, ..Booked::credit(70_000, "S3") };
    let more = Booked { day: 18, ..Booked::credit(1_000, "S4") };
    take(&scene, &statement(3, OPENING_FEN - 120_000, &[back, more])).await;
    assert_eq!(app.get(&city.auditor, &path).await.ok(200).text("/exceeds_paid"), "true");
    let version = app.get(&city.member, &mine).await.ok(200).version();
    app.post_at(&city.member, &format!("{mine}/agree"), version, &Value::Null)
        .await
        .refused(409, "recovery_exceeds_paid");
    let entry = json!({"entry_id": credit(&scene).await.text("/items/0/entry_id")});
    app.post(&city.maker, &format!("{path}/repayments"), &entry).await.refused(409, "recovery_exceeds_paid");
    scene.verify().await;
    // Nobody bears what the bank gave back; what the member had repaid by then is what is too much in the books.
    assert_eq!(books(&scene, Account::Recoverable).await, -20_000);
    let ending = format!("{path}/ending");
    let proposal = json!({"outcome": "written_off", "reason": "银行已退回重复扣款"});
    let which = json!({"ending_id": app.post(&city.maker, &ending, &proposal).await.ok(201).text("/id")});
    let ended = app.post(&city.checker, &format!("{ending}/confirm"), &which).await.ok(200);
    assert_eq!(ended.text("/written_off_fen"), "0");
    assert_eq!((books(&scene, Account::Recoverable).await, books(&scene, Account::Expense).await), (-20_000, 70_000));
    scene.resolve_breaks().await;
    scene.stop().await;
}

#[actix_web::test]
async fn more_than_was_ordered_leaves_suspense_and_comes_back() {
    let scene = Scene::start().await;
    let (app, city) = (&scene.app, &scene.app.city);
    let granted = scene.grant(&city.member, &[70_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    let bank_ref = scene.bank_ref(granted).await;
    let debit = Booked { bank_ref: &bank_ref, ..Booked::debit(75_000, "S1") };
    take(&scene, &statement(1, OPENING_FEN, &[debit])).await;
    assert_eq!(books(&scene, Account::UnknownDebits).await, 5_000);
    let by_plan = json!([{"plan_id": app.app.ids.next(), "amount_fen": 5_000}]);
    let mut body = asked(granted, "debited_more", 5_000);
    body["parts"] = by_plan;
    let refused = app.post(&city.maker, "/v1/recoveries", &body).await.refused(422, "validation_failed");
    assert_eq!(refused.pointers(), ["/parts"]);
    let (path, _) = confirmed(&scene, &asked(granted, "debited_more", 5_000)).await;
    assert_eq!((books(&scene, Account::UnknownDebits).await, books(&scene, Account::Recoverable).await), (0, 5_000));
    scene.verify().await;
    take(&scene, &statement(2, OPENING_FEN - 75_000, &[Booked { day: 17, ..Booked::credit(5_000, "S2") }])).await;
    // Whoever pays need not say yes first.
    assert_eq!(repay(&scene, &path).await.text("/outcome"), "repaid");
    assert_eq!(books(&scene, Account::Recoverable).await, 0);
    scene.resolve_breaks().await;
    scene.stop().await;
}

#[actix_web::test]
async fn nothing_is_asked_for_that_was_not_paid() {
    let scene = Scene::start().await;
    let (app, city) = (&scene.app, &scene.app.city);
    let early = scene.grant(&city.other_member, &[1_000]).await;
    let post = async |body: &Value| app.post(&city.maker, "/v1/recoveries", body).await;
    post(&asked(early, "overpaid", 1)).await.refused(409, "payout_not_settled");
    let nothing = Granted { payout_id: app.app.ids.next(), ..early };
    post(&asked(nothing, "overpaid", 1)).await.refused(404, "not_found");
    let granted = settled(&scene, &[70_000, 30_000]).await;
    let got = app.get(&city.maker, &format!("/v1/payouts/{}", granted.payout_id)).await.ok(200);
    let plan = |index: usize| got.body["parts"][index]["plan_id"].clone();
    post(&asked(granted, "overpaid", 100_001)).await.refused(409, "recovery_exceeds_paid");
    post(&asked(granted, "debited_twice", 1)).await.refused(409, "recovery_exceeds_paid");
    app.post(&city.checker, "/v1/recoveries", &asked(granted, "overpaid", 1)).await.refused(403, "forbidden");
    let with = |amount: i64, parts: Value| {
        let mut body = asked(granted, "overpaid", amount);
        body["parts"] = parts;
        body
    };
    for (body, pointer) in [
        (asked(granted, "overpaid", 0), "/amount_fen"),
        (with(10, json!([{"plan_id": plan(0), "amount_fen": 9}])), "/parts"),
        (with(2, json!([{"plan_id": plan(0), "amount_fen": 1}, {"plan_id": plan(0), "amount_fen": 1}])), "/parts"),
    ] {
        assert_eq!(post(&body).await.refused(422, "validation_failed").pointers(), [pointer], "{body}");
    }
    let refused = post(&with(30_001, json!([{"plan_id": plan(1), "amount_fen": 30_001}]))).await;
    assert_eq!(refused.refused(409, "recovery_exceeds_paid").pointers(), ["/parts/0/amount_fen"]);

    let opened = post(&with(30_000, json!([{"plan_id": plan(1), "amount_fen": 30_000}]))).await.ok(201);
    post(&asked(granted, "granted_wrongly", 1)).await.refused(409, "recovery_open");
    let drop = format!("/v1/recoveries/{}/drop", opened.text("/id"));
    let dropped = app.post_at(&city.checker, &drop, opened.version(), &Value::Null).await.ok(200);
    assert_eq!(dropped.text("/outcome"), "withdrawn");
    assert_eq!(app.count("select count(*) from notice where kind like 'recovery%'").await, 0);
    let (path, _) = confirmed(&scene, &with(30_000, json!([{"plan_id": plan(1), "amount_fen": 30_000}]))).await;
    app.post_at(&city.maker, &format!("{path}/drop"), 3, &Value::Null).await.refused(409, "recovery_state_conflict");
    // One credit, two recoveries: together no more than it brought, whoever asks.
    take(&scene, &statement(2, OPENING_FEN - 100_000, &[Booked { day: 17, ..Booked::credit(30_000, "S2") }])).await;
    let debit_id = "select count(*) from statement_entry where treatment = 'settled'";
    assert_eq!(app.count(debit_id).await, 1);
    repay(&scene, &path).await;
    let left = post(&asked(granted, "granted_wrongly", 70_001)).await.refused(409, "recovery_exceeds_paid");
    assert!(left.text("/detail").contains("700.00"), "{}", left.body);
    let (second, _) = confirmed(&scene, &asked(granted, "granted_wrongly", 70_000)).await;
    let entry = json!({"entry_id": credit(&scene).await.text("/items/0/entry_id")});
    app.post(&city.maker, &format!("{second}/repayments"), &entry).await.refused(409, "credit_not_in_suspense");
    let strange = json!({"entry_id": app.app.ids.next()});
    app.post(&city.maker, &format!("{second}/repayments"), &strange).await.refused(409, "credit_not_in_suspense");
    let sqlite = app.app.db.is_sqlite();
    let one = sql_id(sqlite, app.app.ids.next());
    let bypass = format!(
        "insert into recovery_repayment (id, recovery_id, entry_id, amount_fen, proposed_by, proposed_at_ms) \
         select {one}, recovery.id, statement_entry.id, 1, opened_by, 1 from recovery, statement_entry \
         where recovery.state = 'open' and statement_entry.credit"
    );
    assert!(app.execute(&bypass).await.is_err(), "a credit was used twice");
    scene.stop().await;
}
