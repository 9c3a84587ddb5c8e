//! Runs: a list of batches, one signature, and a job that releases them one by one.

use huzhu::http::Role;
use huzhu::kernel::money::Fen;
use reqwest::Method;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::journey::{replace_card, sql_id};
use super::scene::{Granted, Prepared, Scene, states};

fn id_of(batch: &Prepared) -> String {
    batch.path.rsplit('/').next().unwrap().to_owned()
}

/// A run of two batches of one order each, prepared by hand.
async fn run_of_two(scene: &Scene) -> (Vec<Granted>, Vec<Prepared>, String, String) {
    let city = &scene.app.city;
    let mut granted = Vec::new();
    for member in [&city.member, &city.other_member] {
        granted.push(scene.grant(member, &[70_000]).await);
    }
    let batches = vec![scene.prepare_some(1).await, scene.prepare_some(1).await];
    let ids: Vec<String> = batches.iter().map(id_of).collect();
    let got = scene.app.post(&city.maker, "/v1/payout-runs", &json!({"batch_ids": ids})).await.ok(201);
    assert_eq!((got.text("/state"), got.text("/total_fen")), ("prepared".into(), "140000".into()));
    (granted, batches, format!("/v1/payout-runs/{}", got.text("/id")), got.text("/sha256"))
}

#[actix_web::test]
async fn a_run_is_signed_once_by_somebody_who_made_no_part_of_it() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let (granted, batches, path, sha256) = run_of_two(&scene).await;
    let shown = scene.app.get(&city.checker, &path).await.ok(200);
    // Whoever signs can hash the list again.
    let text = |pointer: &str| shown.text(pointer);
    let mut list =
        format!("RUN|HUZHU1|{}|{}|{}|2|2|140000\n", text("/run/id"), text("/run/account"), text("/run/value_date"));
    for n in 0..2 {
        let of = |name: &str| text(&format!("/batches/{n}/{name}"));
        list += &format!("{}|{}|{}|{}|1|70000\n", n + 1, of("id"), of("batch_ref"), of("sha256"));
    }
    assert_eq!(hex::encode(Sha256::digest(list.as_bytes())), sha256);

    let release = format!("{path}/release");
    let signed = json!({"sha256": sha256});
    let version = shown.version();
    // A batch of a run is not released by itself, and stands in one run alone.
    let single = format!("{}/release", batches[0].path);
    scene
        .app
        .post_at(&city.checker, &single, 1, &json!({"sha256": batches[0].sha256}))
        .await
        .refused(409, "batch_in_run");
    let again = json!({"batch_ids": [id_of(&batches[0])]});
    scene.app.post(&city.maker, "/v1/payout-runs", &again).await.refused(409, "batch_in_run");
    let nothing = json!({"batch_ids": [scene.app.app.ids.next()]});
    let refused = scene.app.post(&city.maker, "/v1/payout-runs", &nothing).await.refused(422, "validation_failed");
    assert_eq!(refused.pointers(), ["/batch_ids"]);
    scene.app.post(&city.checker, "/v1/payout-runs", &json!({})).await.refused(403, "forbidden");

    scene.app.post_at(&city.maker, &release, version, &signed).await.refused(403, "forbidden");
    let sqlite = scene.app.app.db.is_sqlite();
    let maker = sql_id(sqlite, city.maker.id);
    let grant = format!("insert into staff_role (staff_id, role, granted_at_ms) values ({maker}, 'payout_checker', 0)");
    scene.app.execute(&grant).await.unwrap();
    let mut both = city.maker.clone();
    both.roles.push(Role::PayoutChecker);
    scene.app.post_at(&both, &release, version, &signed).await.refused(403, "same_person");
    let other_hash = json!({"sha256": "0".repeat(64)});
    scene.app.post_at(&city.checker, &release, version, &other_hash).await.refused(409, "run_hash_differs");
    scene.app.post_at(&city.checker, &release, version + 1, &signed).await.refused(412, "stale_version");
    // The database refuses what the service refuses.
    let bypass =
        |who: &str, hash: &str| format!("insert into payout_run_signature select id, {who}, {hash}, 1 from payout_run");
    let checker = sql_id(sqlite, city.checker.id);
    for sql in [
        bypass(&maker, "sha256"),
        bypass(&checker, &format!("'{}'", "0".repeat(64))),
        "update payout_run set state = 'releasing'".to_owned(),
        "update payout_run set total_fen = 1".to_owned(),
        "update payout_run set sha256 = null".to_owned(),
        "delete from payout_run_line".to_owned(),
        "insert into payout_run_line select run_id, 3, batch_id, sha256 from payout_run_line where line_no = 1"
            .to_owned(),
        format!(
            "update payout_batch set state = 'released', counted = true, checker_id = {checker}, released_at_ms = 1, released_sha256 = sha256"
        ),
    ] {
        assert!(scene.app.execute(&sql).await.is_err(), "{sql}");
    }

    let ask = async |key: &str| {
        let ask = scene.app.ask(&city.checker, Method::POST, &release).await;
        ask.key(key).if_match(version).json(&signed).send().await
    };
    let first = ask("release-run-1").await.ok(202);
    assert_eq!(first.text("/state"), "releasing");
    let replayed = ask("release-run-1").await.ok(202);
    assert_eq!(replayed.body, first.body);
    ask("release-run-2").await.refused(412, "stale_version");
    scene.app.post_at(&city.checker, &release, first.version(), &signed).await.refused(409, "run_state_conflict");
    let twice = bypass(&checker, "sha256");
    assert!(scene.app.execute(&twice).await.is_err(), "signed twice");

    scene.settle_down().await;
    for granted in granted {
        assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    }
    let shown = scene.app.get(&city.auditor, &path).await.ok(200);
    assert_eq!((shown.text("/run/state"), shown.text("/checker_id")), ("released".into(), city.checker.id.to_string()));
    let list = scene.app.get(&city.auditor, "/v1/payout-runs?state=released").await.ok(200);
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(scene.app.count("select released_fen from payout_day").await, 140_000);
    scene.close_day().await;
    scene.stop().await;
}

#[actix_web::test]
async fn everything_that_waits_goes_into_a_run_within_the_limits() {
    let scene = Scene::with(|bank| {
        bank.max_batch_fen = Fen::new(150_000);
        bank.max_day_fen = Fen::new(400_000);
    })
    .await;
    let city = &scene.app.city;
    let mut granted = Vec::new();
    for _ in 0..7 {
        granted.push(scene.grant(&city.member, &[70_000]).await);
    }
    let large = scene.grant(&city.other_member, &[150_001]).await;
    let (path, shown) = scene.start_run().await;
    // Two orders a batch, and the third batch would leave the day 120,000: one more order, and nothing else.
    let sums: Vec<i64> =
        shown.body["batches"].as_array().unwrap().iter().map(|batch| batch["total_fen"].as_i64().unwrap()).collect();
    assert_eq!(sums, [140_000, 140_000, 70_000]);
    assert_eq!((shown.text("/run/state"), shown.text("/run/order_count")), ("prepared".into(), "5".into()));
    let release = format!("{path}/release");
    let signed = json!({"sha256": shown.text("/run/sha256")});
    scene.app.post_at(&city.checker, &release, shown.version(), &signed).await.ok(202);
    scene.settle_down().await;
    for granted in &granted[..5] {
        assert_eq!(scene.states(*granted).await, states("paid", "paid", "Paid"));
    }
    // What is left of the day is too little for one more, and no batch is large enough for the last.
    let batch = scene.prepare().await.unwrap();
    let over = json!({"sha256": batch.sha256});
    let refused = scene.app.post_at(&city.checker, &format!("{}/release", batch.path), 1, &over).await;
    assert!(refused.refused(409, "payout_limit_exceeded").text("/detail").contains("4,000.00"));
    let order = scene.states(large).await.0;
    assert_eq!(order, "held");
    // A step that runs again does nothing twice.
    let undone = "update job set state = 'ready', finished_at_ms = null where kind = 'payouts.run'";
    scene.app.execute(undone).await.unwrap();
    scene.settle_down().await;
    assert_eq!(scene.app.count("select count(*) from dispatch").await, 3);
    assert_eq!(scene.app.count("select count(*) from payout_run_line").await, 3);
    scene.close_day().await;
    scene.stop().await;
}

#[actix_web::test]
async fn a_batch_that_can_not_be_paid_as_signed_is_given_up_and_the_others_go() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let (granted, batches, path, sha256) = run_of_two(&scene).await;
    let first_ref = scene.bank_ref(granted[0]).await;
    replace_card(&scene, "6222021234567890136").await;
    let signed = json!({"sha256": sha256});
    scene.app.post_at(&city.checker, &format!("{path}/release"), 2, &signed).await.ok(202);
    scene.settle_down().await;
    assert_eq!(scene.states(granted[0]).await, states("queued", "approved", "Approved"));
    assert_eq!(scene.states(granted[1]).await, states("paid", "paid", "Paid"));
    assert_eq!(scene.app.get(&city.maker, &batches[0].path).await.ok(200).text("/batch/state"), "void");
    assert_eq!(scene.app.count("select released_fen from payout_day").await, 70_000);
    scene.pay().await;
    scene.settle_down().await;
    assert_eq!(scene.states(granted[0]).await, states("paid", "paid", "Paid"));
    assert!(scene.bank.truth(&first_ref).is_none());
    scene.stop().await;
}

#[actix_web::test]
async fn a_batch_that_the_statement_shows_as_paid_is_not_given_up_with_its_day() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let (granted, batches, path, sha256) = run_of_two(&scene).await;
    let version = scene.app.get(&city.checker, &path).await.ok(200).version();
    scene.app.post_at(&city.checker, &format!("{path}/release"), version, &json!({"sha256": sha256})).await.ok(202);
    // The database comes back as it was before the job released them; one of them was sent and paid.
    let file = scene.file_of(&batches[0]).await;
    scene.bank.open().take(&file).unwrap();
    scene.close_day().await;
    assert_eq!(scene.breaks().await, ["B02"]);
    scene.resolve_breaks().await;
    scene.app.run_jobs().await;
    assert_eq!(scene.states(granted[0]).await, states("settled", "settled", "Paid"));
    assert_eq!(scene.states(granted[1]).await, states("queued", "approved", "Approved"));
    scene.pay().await;
    scene.settle_down().await;
    assert_eq!(scene.states(granted[1]).await, states("paid", "paid", "Paid"));
    let paid: Vec<u8> = scene.bank.open().payments().iter().map(|payment| payment.debits).collect();
    assert_eq!(paid, [1, 1]);
    scene.stop().await;
}

#[actix_web::test]
async fn a_batch_that_the_bank_has_outlives_its_run_and_is_released_by_itself() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let (granted, batches, path, _) = run_of_two(&scene).await;
    let file = scene.file_of(&batches[0]).await;
    scene.bank.open().take(&file).unwrap();
    scene.close_day().await;
    let release = async |batch: &Prepared| {
        let version = scene.app.get(&city.checker, &batch.path).await.ok(200).version();
        let signed = json!({"sha256": batch.sha256});
        scene.app.post_at(&city.checker, &format!("{}/release", batch.path), version, &signed).await
    };
    release(&batches[0]).await.refused(409, "batch_in_run");
    let version = scene.app.get(&city.maker, &path).await.ok(200).version();
    let void = scene.app.ask(&city.maker, Method::POST, &format!("{path}/void")).await;
    void.fresh_key().if_match(version).send().await.ok(202);
    scene.app.run_jobs().await;
    assert_eq!(scene.states(granted[0]).await.0, "batched", "given up, and paid");
    assert_eq!(scene.states(granted[1]).await.0, "queued");
    release(&batches[1]).await.refused(409, "batch_state_conflict");
    assert_eq!(release(&batches[0]).await.ok(200).text("/state"), "in_doubt");
    assert_eq!(scene.states(granted[0]).await, states("settled", "settled", "Paid"));
    scene.stop().await;
}

#[actix_web::test]
async fn a_run_is_voided_before_it_is_signed_and_not_after() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let (granted, _, path, sha256) = run_of_two(&scene).await;
    let void = async |version| {
        let ask = scene.app.ask(&city.maker, Method::POST, &format!("{path}/void")).await;
        ask.fresh_key().if_match(version).send().await
    };
    void(1).await.refused(412, "stale_version");
    assert_eq!(void(2).await.ok(202).text("/state"), "voiding");
    scene.app.run_jobs().await;
    let shown = scene.app.get(&city.maker, &path).await.ok(200);
    assert_eq!(shown.text("/run/state"), "void");
    void(shown.version()).await.refused(409, "run_state_conflict");
    let signed = json!({"sha256": sha256});
    let release = format!("{path}/release");
    scene.app.post_at(&city.checker, &release, shown.version(), &signed).await.refused(409, "run_state_conflict");
    // All of it waits again, and nothing waits without orders.
    let (path, shown) = scene.start_run().await;
    assert_eq!(shown.text("/run/order_count"), "2");
    let signed = json!({"sha256": shown.text("/run/sha256")});
    scene.app.post_at(&city.checker, &format!("{path}/release"), shown.version(), &signed).await.ok(202);
    scene.settle_down().await;
    assert_eq!(scene.states(granted[0]).await.0, "paid");
    assert_eq!(scene.start_run().await.1.text("/run/state"), "void");
    scene.stop().await;
}
