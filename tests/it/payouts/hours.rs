//! Limits of a day, cut-offs, value dates and the days on which the bank is closed.

use huzhu::config::{BankDays, DayTime};
use huzhu::kernel::clock::Moment;
use huzhu::kernel::money::Fen;
use huzhu::kernel::seal::Field;
use huzhu::members::rows::service_card;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use time::macros::date;

use super::scene::{Prepared, Scene, states};

/// A bank with hours: 08:30 to 16:30 on working days, closed on Tuesday 17 March besides.
async fn with_hours() -> Scene {
    Scene::with(|bank| {
        bank.pays_on = BankDays::WorkingDays;
        bank.cut_off = DayTime::parse("16:30").unwrap();
        bank.dispatch_from = DayTime::parse("08:30").unwrap();
        bank.closed_on = [date!(2026 - 03 - 17)].into();
    })
    .await
}

fn set(scene: &Scene, day: time::Date, hours: i64, minutes: i64) {
    let at = Moment::start_of(day).plus_secs(hours * 3_600 + minutes * 60);
    scene.app.clock.set(at);
    scene.bank.clock.set(at);
}

async fn value_date(scene: &Scene, batch: &Prepared) -> String {
    scene.app.get(&scene.app.city.maker, &batch.path).await.ok(200).text("/batch/value_date")
}

#[actix_web::test]
async fn a_batch_after_the_cut_off_waits_for_the_banks_next_day() {
    let scene = with_hours().await;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    set(&scene, date!(2026 - 03 - 16), 16, 30);
    let batch = scene.pay().await;
    assert_eq!(value_date(&scene, &batch).await, "2026-03-18");
    scene.app.run_jobs().await;
    for (day, hours, minutes) in [(date!(2026 - 03 - 17), 12, 0), (date!(2026 - 03 - 18), 8, 29)] {
        set(&scene, day, hours, minutes);
        scene.app.run_jobs().await;
        assert_eq!(scene.app.count("select count(*) from dispatch").await, 0);
    }
    assert_eq!(scene.states(granted).await, states("approved", "paying", "Paying"));
    scene.verify().await;
    set(&scene, date!(2026 - 03 - 18), 8, 30);
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    scene.stop().await;
}

#[actix_web::test]
async fn nothing_is_sent_with_yesterdays_date_and_no_order_has_two() {
    let scene = with_hours().await;
    let city = &scene.app.city;
    let granted = scene.grant(&city.member, &[70_000]).await;
    // Released in time, and not sent before the cut-off.
    let batch = scene.pay().await;
    assert_eq!(value_date(&scene, &batch).await, "2026-03-16");
    let first_ref = scene.bank_ref(granted).await;
    set(&scene, date!(2026 - 03 - 16), 16, 31);
    scene.settle_down().await;
    assert_eq!(scene.bank.open().payments(), []);
    assert_eq!(scene.app.get(&city.maker, &batch.path).await.ok(200).text("/batch/state"), "void");
    assert_eq!(scene.states(granted).await, states("queued", "failed", "PayoutFailed"));
    assert_eq!(scene.app.count("select released_fen from payout_day").await, 0, "given back to its day");
    scene.verify().await;
    // Prepared in time, and not released before the cut-off.
    let batch = scene.prepare().await.unwrap();
    set(&scene, date!(2026 - 03 - 18), 16, 30);
    let (path, signed) = (format!("{}/release", batch.path), json!({"sha256": batch.sha256}));
    scene.app.post_at(&city.checker, &path, 1, &signed).await.refused(409, "value_date_passed");
    let void = format!("{}/void", batch.path);
    scene.app.ask(&city.maker, reqwest::Method::POST, &void).await.fresh_key().if_match(1).send().await.ok(200);
    let batch = scene.pay().await;
    assert_eq!(value_date(&scene, &batch).await, "2026-03-19");
    set(&scene, date!(2026 - 03 - 19), 9, 0);
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    assert!(scene.bank.truth(&first_ref).is_none());
    scene.stop().await;
}

#[actix_web::test]
async fn two_checkers_at_once_do_not_pass_the_days_limit_together() {
    let scene = Scene::with(|bank| {
        bank.max_batch_fen = Fen::new(70_000);
        bank.max_day_fen = Fen::new(100_000);
    })
    .await;
    let city = &scene.app.city;
    for member in [&city.member, &city.other_member] {
        scene.grant(member, &[70_000]).await;
    }
    let batches = [scene.prepare_some(1).await, scene.prepare_some(1).await];
    let release = async |batch: &Prepared| {
        let path = format!("{}/release", batch.path);
        scene.app.post_at(&city.checker, &path, 1, &json!({"sha256": batch.sha256})).await
    };
    let (one, other) = futures_util::join!(release(&batches[0]), release(&batches[1]));
    let mut both = [one.status, other.status];
    both.sort_unstable();
    assert_eq!(both, [200, 409], "{} {}", one.body, other.body);
    assert_eq!(scene.app.count("select released_fen from payout_day").await, 70_000);
    for sql in [
        "update payout_day set released_fen = 100001",
        "update payout_batch set state = 'released', checker_id = (select id from staff where login = 'checker'), \
         released_at_ms = 1, released_sha256 = sha256 where state = 'prepared'",
    ] {
        assert!(scene.app.execute(sql).await.is_err(), "{sql}");
    }
    // The day after, there is room.
    scene.settle_down().await;
    let late = if one.status == 409 { &batches[0] } else { &batches[1] };
    scene.advance(24 * 60 * 60);
    release(late).await.refused(409, "value_date_passed");
    let void = format!("{}/void", late.path);
    scene.app.ask(&city.maker, reqwest::Method::POST, &void).await.fresh_key().if_match(1).send().await.ok(200);
    scene.pay().await;
    scene.settle_down().await;
    assert_eq!(scene.bank.open().payments().len(), 2);
    scene.stop().await;
}

#[actix_web::test]
async fn names_that_no_file_can_carry_do_not_stand_before_the_others() {
    let scene = Scene::with(|bank| bank.max_batch_fen = Fen::new(100_000)).await;
    let (app, city) = (&scene.app.app, &scene.app.city);
    service_card::Entity::update_many()
        .col_expr(service_card::Column::HolderNameSealed, Expr::value(app.sealer.seal(Field::Name, "王|芳").unwrap()))
        .filter(service_card::Column::MemberId.eq(city.member.id))
        .exec(app.db.write())
        .await
        .unwrap();
    // The oldest, and nearly as much as a batch may be.
    let odd = scene.grant(&city.member, &[90_000]).await;
    let other = scene.grant(&city.other_member, &[50_000]).await;
    scene.pay().await;
    assert_eq!(scene.states(other).await, states("approved", "paying", "Paying"));
    assert_eq!(scene.states(odd).await.0, "held");
    assert!(scene.prepare().await.is_none());
    scene.stop().await;
}
