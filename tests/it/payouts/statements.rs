//! Statements that come twice, out of turn, cut, or with surprises.

use huzhu::bank_sim::faults::Fault;
use huzhu::recon::{self, Imported};
use reqwest::Method;

use super::journey::replace_card;
use super::scene::{ACCOUNT, Booked, Scene, statement, states};

#[actix_web::test]
async fn the_same_statement_twice_changes_nothing() {
    let scene = Scene::start().await;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    scene.close_day().await;
    let file = scene.bank.open().statement(ACCOUNT, 1).unwrap();
    let app = &scene.app.app;
    let link = app.bank.as_ref().unwrap();
    let postings = scene.app.count("select count(*) from ledger_posting").await;
    assert_eq!(recon::import(app, link, &file).await.unwrap(), Imported::Duplicate);
    assert_eq!(scene.app.count("select count(*) from ledger_posting").await, postings);
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    assert_eq!(scene.breaks().await, [""; 0]);
    scene.stop().await;
}

#[actix_web::test]
async fn a_gap_or_another_content_is_quarantined() {
    let scene = Scene::start().await;
    let app = &scene.app.app;
    let link = app.bank.as_ref().unwrap();
    let files = {
        let mut bank = scene.bank.open();
        bank.close_day().unwrap();
        bank.close_day().unwrap();
        bank.fund(huzhu::kernel::money::Fen::new(5)).unwrap();
        bank.close_day().unwrap();
        [1, 2, 3].map(|seq| bank.statement(ACCOUNT, seq).unwrap())
    };
    assert_eq!(recon::import(app, link, &files[0]).await.unwrap(), Imported::Taken { seq: 1, entries: 1 });
    assert!(matches!(recon::import(app, link, &files[2]).await.unwrap(), Imported::Quarantined { .. }));
    let other = String::from_utf8(files[0].clone()).unwrap().replace("|1|CNY|0|", "|1|CNY|1|");
    assert!(matches!(recon::import(app, link, other.as_bytes()).await.unwrap(), Imported::Quarantined { .. }));
    assert_eq!(scene.breaks().await, ["B08", "B08"]);
    // What was missing comes, then what was too early goes through by itself, and its break closes.
    assert_eq!(recon::import(app, link, &files[1]).await.unwrap(), Imported::Taken { seq: 2, entries: 0 });
    assert_eq!(scene.app.count("select count(*) from statement").await, 3);
    assert_eq!(scene.breaks().await, ["B08"]);
    assert_eq!(recon::import(app, link, &files[2]).await.unwrap(), Imported::Duplicate);
    scene.stop().await;
}

#[actix_web::test]
async fn equal_lines_are_two_bookings_and_one_of_an_earlier_day_is_quarantined() {
    let scene = Scene::start().await;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    let bank_ref = scene.bank_ref(granted).await;
    let (app, link) = (&scene.app.app, scene.app.app.bank.as_ref().unwrap());
    let debit = Booked { bank_ref: &bank_ref, ..Booked::debit(70_000, "S1") };
    let stranger = Booked { bank_ref: "", ..Booked::debit(30, "S2") };
    // The same reference twice, and the same unknown debit twice: each line is its own booking with its own break.
    let first = statement(1, 500_000, &[debit, debit, stranger, stranger]);
    assert_eq!(recon::import(app, link, &first).await.unwrap(), Imported::Taken { seq: 1, entries: 4 });
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    assert_eq!(scene.breaks().await, ["B02", "B02", "B04"]);
    let positions = scene.app.get(&scene.app.city.auditor, "/v1/recon/positions").await.ok(200);
    assert_eq!(positions.text("/items/0/unknown_debits_fen"), "60");
    scene.verify().await;
    // A line of the day before stands on the next statement, too: nothing of that counts, and it does not stop what follows.
    let new = Booked { day: 17, ..Booked::debit(1, "S3") };
    let second = statement(2, 500_000 - 140_060, &[new, debit]);
    let quarantined = recon::import(app, link, &second).await.unwrap();
    assert_eq!(quarantined, Imported::Quarantined { why: "booking 2 stands on an earlier statement".to_owned() });
    assert_eq!(scene.breaks().await, ["B02", "B02", "B04", "B08"]);
    let mended = statement(2, 500_000 - 140_060, &[new]);
    assert_eq!(recon::import(app, link, &mended).await.unwrap(), Imported::Taken { seq: 2, entries: 1 });
    scene.stop().await;
}

#[actix_web::test]
async fn a_cut_statement_is_fetched_again() {
    let scene = Scene::start().await;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    scene.bank.fault(Fault::CutStatement, 1);
    scene.close_day().await;
    assert_eq!(scene.states(granted).await.0, "paid");
    assert_eq!(scene.breaks().await, ["B08"]);
    let link = scene.app.app.bank.as_ref().unwrap();
    assert_eq!(recon::fetch_all(&scene.app.app, link).await.unwrap(), 1);
    assert_eq!(scene.states(granted).await.0, "settled");
    scene.stop().await;
}

#[actix_web::test]
async fn a_file_that_stays_bad_keeps_its_break_open() {
    let scene = Scene::start().await;
    scene.bank.fault(Fault::CutStatement, 2);
    scene.close_day().await;
    assert_eq!(scene.breaks().await, ["B08"]);
    scene.resolve_breaks().await;
    assert_eq!(scene.breaks().await, [""; 0]);
    // Fetched again and as bad as before: nothing is sent until it is mended and looked at.
    scene.take_statements().await;
    assert_eq!(scene.breaks().await, ["B08"]);
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await.0, "approved", "sent while a break stops it");
    scene.take_statements().await;
    scene.resolve_breaks().await;
    scene.advance(301);
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await.0, "paid");
    assert_eq!(scene.breaks().await, [""; 0]);
    scene.stop().await;
}

#[actix_web::test]
async fn a_second_debit_is_recoverable_and_stops_sending() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    scene.bank.fault(Fault::DoubleDebit, 1);
    let granted = scene.grant(&city.member, &[70_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    scene.close_day().await;
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    assert_eq!(scene.breaks().await, ["B04"]);
    scene.verify().await;
    let other = scene.grant(&city.other_member, &[5_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    assert_eq!(scene.states(other).await.0, "approved", "sent while a break stops it");
    let got = scene.app.get(&city.auditor, "/v1/recon/breaks").await.ok(200);
    scene.resolve_break(&got.text("/items/0/id"), &city.checker).await;
    scene.advance(301);
    scene.settle_down().await;
    assert_eq!(scene.states(other).await.0, "paid");
    scene.stop().await;
}

#[actix_web::test]
async fn what_the_bank_debited_twice_and_gives_back_is_no_return() {
    let scene = Scene::start().await;
    scene.bank.fault(Fault::DoubleDebit, 1);
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    let bank_ref = scene.bank_ref(granted).await;
    scene.close_day().await;
    let recoverable = async || {
        let app = &scene.app.app;
        huzhu::ledger::balance_of(app.db.read(), huzhu::ledger::accounts::Account::Recoverable).await.unwrap().get()
    };
    assert_eq!(recoverable().await, 70_000);
    scene.bank.open().send_back(&bank_ref, None, "CUST".to_owned()).unwrap();
    scene.close_day().await;
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    assert_eq!(recoverable().await, 0);
    scene.verify().await;
    replace_card(&scene, "6222021234567890136").await;
    assert!(scene.prepare().await.is_none(), "paid once more");
    // What comes back after that is the member's own.
    scene.bank.open().send_back(&bank_ref, None, "AC07".to_owned()).unwrap();
    scene.close_day().await;
    assert_eq!(scene.states(granted).await, states("returned", "failed", "PayoutFailed"));
    scene.stop().await;
}

#[actix_web::test]
async fn the_lines_of_a_day_mean_the_same_in_any_order() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 2, 0], [2, 0, 1]] {
        let scene = Scene::start().await;
        let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
        scene.pay().await;
        scene.settle_down().await;
        let bank_ref = scene.bank_ref(granted).await;
        let debit = |serial| Booked { bank_ref: &bank_ref, ..Booked::debit(70_000, serial) };
        let lines = [debit("S1"), debit("S2"), Booked { bank_ref: &bank_ref, ..Booked::credit(70_000, "S3") }];
        let app = &scene.app.app;
        let file = statement(1, 500_000, &order.map(|line| lines[line]));
        recon::import(app, app.bank.as_ref().unwrap(), &file).await.unwrap();
        assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"), "{order:?}");
        assert_eq!(scene.breaks().await, ["B04"], "{order:?}");
        scene.stop().await;
    }
}

#[actix_web::test]
async fn a_return_that_comes_before_its_debit_goes_through_with_it() {
    // The debit a day after the return; on the same day before or after it; and the return a day after the debit: one end.
    for days in [&[&[1][..], &[0]][..], &[&[1, 0]], &[&[0, 1]], &[&[0], &[1]]] {
        let scene = Scene::start().await;
        let granted = scene.grant(&scene.app.city.member, &[60_000, 10_000]).await;
        scene.pay().await;
        scene.settle_down().await;
        let bank_ref = scene.bank_ref(granted).await;
        let (app, link) = (&scene.app.app, scene.app.app.bank.as_ref().unwrap());
        let mut opening = 500_000;
        for (day, seq) in days.iter().zip(1..) {
            let lines = [Booked::debit(70_000, "S1"), Booked::credit(70_000, "S2")];
            let lines: Vec<Booked<'_>> =
                day.iter().map(|line| Booked { bank_ref: &bank_ref, day: 15 + seq, ..lines[*line] }).collect();
            let file = statement(seq, opening, &lines);
            opening += lines.iter().map(|line| if line.credit { line.fen } else { -line.fen }).sum::<i64>();
            assert!(matches!(recon::import(app, link, &file).await.unwrap(), Imported::Taken { .. }), "{days:?}");
            if days.len() == 2 && day[0] == 1 && seq == 1 {
                assert_eq!(scene.breaks().await, ["B10"]);
            }
            scene.verify().await;
        }
        assert_eq!(scene.states(granted).await, states("returned", "failed", "PayoutFailed"), "{days:?}");
        assert_eq!(scene.breaks().await, [""; 0], "{days:?}");
        let positions = scene.app.get(&scene.app.city.auditor, "/v1/recon/positions").await.ok(200);
        assert_eq!(positions.text("/items/0/unknown_credits_fen"), "0");
        let waiting = scene.app.get(&scene.app.city.auditor, "/v1/suspense-credits").await.ok(200);
        assert_eq!(waiting.body["items"], serde_json::json!([]), "{days:?}");
        replace_card(&scene, "6222021234567890136").await;
        scene.pay().await;
        scene.settle_down().await;
        assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"), "{days:?}");
        scene.stop().await;
    }
}

#[actix_web::test]
async fn a_part_that_comes_back_is_parked_with_a_break() {
    let scene = Scene::start().await;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    let bank_ref = scene.bank_ref(granted).await;
    scene.close_day().await;
    let part = Some(huzhu::kernel::money::Fen::new(30_000));
    scene.bank.open().send_back(&bank_ref, part, "AC07".to_owned()).unwrap();
    scene.close_day().await;
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    assert_eq!(scene.breaks().await, ["B09"]);
    let positions = scene.app.get(&scene.app.city.auditor, "/v1/recon/positions").await.ok(200);
    assert_eq!(positions.text("/items/0/unknown_credits_fen"), "30000");
    scene.stop().await;
}

#[actix_web::test]
async fn what_the_statement_shows_as_paid_is_never_sent() {
    // Released, held for not sent, and yet debited; with an order that the statement does not show beside it.
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let granted = scene.grant(&city.member, &[70_000]).await;
    scene.bank.open().mark_card(&city.other_member.card_number, Some("AC04".to_owned())).unwrap();
    let refused = scene.grant(&city.other_member, &[5_000]).await;
    scene.bank.fault(Fault::NotAccepted, 1);
    let batch = scene.pay().await;
    scene.app.run_jobs().await;
    assert_eq!(scene.states(granted).await, states("approved", "paying", "Paying"));
    // The bank said that it took nothing. It did.
    let file = scene.file_of(&batch).await;
    scene.bank.open().take(&file).unwrap();
    scene.bank.open().close_day().unwrap();
    scene.take_statements().await;
    assert_eq!(scene.breaks().await, ["B02"]);
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    assert_eq!(scene.states(refused).await, states("in_doubt", "paying", "Paying"));
    scene.verify().await;
    scene.resolve_breaks().await;
    for _ in 0..5 {
        scene.advance(61);
        scene.settle_down().await;
    }
    assert_eq!(scene.app.count("select count(*) from dispatch").await, 1, "sent although it was paid");
    assert_eq!(scene.states(refused).await, states("rejected_confirmed", "failed", "PayoutFailed"));
    scene.stop().await;
}

#[actix_web::test]
async fn a_batch_that_was_paid_before_its_release_is_asked_about_and_not_sent() {
    let scene = Scene::start().await;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    let batch = scene.prepare().await.unwrap();
    let file = scene.file_of(&batch).await;
    scene.bank.open().take(&file).unwrap();
    scene.bank.open().close_day().unwrap();
    scene.take_statements().await;
    assert_eq!(scene.breaks().await, ["B02"]);
    scene.resolve_breaks().await;
    let (maker, void) = (&scene.app.city.maker, format!("{}/void", batch.path));
    let got = scene.app.ask(maker, Method::POST, &void).await.fresh_key().if_match(1).send().await;
    got.refused(409, "batch_state_conflict");
    scene.release(&batch).await;
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    scene.advance(31);
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    assert_eq!(scene.app.count("select count(*) from dispatch").await, 0);
    scene.stop().await;
}

#[actix_web::test]
async fn a_debit_settles_an_order_whose_result_never_came() {
    let scene = Scene::start().await;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.bank.fault(Fault::AnswerLost, 1);
    scene.pay().await;
    scene.app.run_jobs().await;
    scene.bank.fault(Fault::EnquiryError, 1_000);
    scene.close_day().await;
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    scene.bank.fault(Fault::EnquiryError, 0);
    scene.advance(1_000);
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    scene.stop().await;
}

#[actix_web::test]
async fn the_first_statement_is_the_one_that_was_asked_for() {
    let scene = Scene::start().await;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    for _ in 0..2 {
        scene.bank.open().close_day().unwrap();
        scene.advance(24 * 60 * 60);
    }
    // The bank gives the second for the first: the debit of the first would never be seen.
    scene.bank.fault(Fault::NextStatement, 1);
    scene.take_statements().await;
    assert_eq!(scene.app.count("select count(*) from statement").await, 0);
    assert_eq!(scene.breaks().await, ["B08"]);
    scene.take_statements().await;
    assert_eq!(scene.app.count("select count(*) from statement").await, 2);
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    scene.resolve_breaks().await;
    scene.stop().await;
}

#[actix_web::test]
async fn a_rejection_is_not_confirmed_while_a_debit_that_nobody_can_explain_may_hide_it() {
    let scene = Scene::start().await;
    let member = scene.app.city.member.clone();
    scene.bank.open().mark_card(&member.card_number, Some("AC04".to_owned())).unwrap();
    let granted = scene.grant(&member, &[70_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    let (app, link) = (&scene.app.app, scene.app.app.bank.as_ref().unwrap());
    // As much as the order and more, without a reference: it may be the order's own, in one sum with others.
    let first = statement(1, 500_000, &[Booked::debit(90_000, "S1")]);
    assert_eq!(recon::import(app, link, &first).await.unwrap(), Imported::Taken { seq: 1, entries: 1 });
    assert_eq!(scene.states(granted).await, states("rejected", "paying", "Paying"));
    assert_eq!(scene.breaks().await, ["B02"]);
    let small = Booked { day: 17, ..Booked::debit(10, "S2") };
    let second = statement(2, 410_000, &[small]);
    assert_eq!(recon::import(app, link, &second).await.unwrap(), Imported::Taken { seq: 2, entries: 1 });
    assert_eq!(scene.states(granted).await.0, "rejected", "another day explains nothing");
    scene.resolve_breaks().await;
    let third = statement(3, 409_990, &[Booked { day: 18, ..Booked::debit(20, "S3") }]);
    assert_eq!(recon::import(app, link, &third).await.unwrap(), Imported::Taken { seq: 3, entries: 1 });
    assert_eq!(scene.states(granted).await, states("rejected_confirmed", "failed", "PayoutFailed"));
    scene.stop().await;
}
