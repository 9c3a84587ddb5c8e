//! Random days at a bank that misbehaves at random: whatever happens, nobody is paid twice and the books agree.

use huzhu::bank_sim::faults::Fault;
use huzhu::kernel::chance::{Chance, SeededChance};

use super::scene::{Granted, Scene};

const FAULTS: [Fault; 10] = [
    Fault::AnswerLost,
    Fault::CutBefore,
    Fault::ServerError,
    Fault::ServerErrorAfter,
    Fault::NotAccepted,
    Fault::RejectFile,
    Fault::WrongHash,
    Fault::DelayedResult,
    Fault::NotFound,
    Fault::EnquiryError,
];

#[actix_web::test]
async fn whatever_the_bank_does_everybody_is_paid_once_and_the_books_agree() {
    for seed in 1..=3 {
        let scene = Scene::start().await;
        let chance = SeededChance::new(seed);
        let chance: &dyn Chance = &chance;
        let mut granted: Vec<Granted> = Vec::new();
        for _ in 0..60 {
            match chance.below(9) {
                0 | 1 => {
                    let member =
                        if chance.below(2) == 0 { &scene.app.city.member } else { &scene.app.city.other_member };
                    let fen = i64::try_from(chance.below(100_000)).unwrap() + 1;
                    granted.push(scene.grant(member, &[fen, 1]).await);
                }
                2 => {
                    if let Some(batch) = scene.prepare().await {
                        scene.release(&batch).await;
                    }
                }
                3 => {
                    let fault = FAULTS[usize::try_from(chance.below(10)).unwrap()];
                    scene.bank.fault(fault, u32::try_from(chance.below(3)).unwrap() + 1);
                }
                4 => scene.close_day().await,
                _ => {
                    scene.advance(i64::try_from(chance.below(400)).unwrap());
                    scene.app.run_jobs().await;
                }
            }
            scene.verify().await;
        }
        scene.bank.open().faults.clear();
        for _ in 0..8 {
            for _ in 0..4 {
                scene.advance(901);
                scene.settle_down().await;
            }
            scene.close_day().await;
            if let Some(batch) = scene.prepare().await {
                scene.release(&batch).await;
            }
            scene.verify().await;
        }
        for granted in granted {
            let (order, payout, claim) = scene.states(granted).await;
            let left = format!("seed {seed}: {order} {payout} {claim}");
            // In doubt past its value date: no bank may be sent the bytes again; that waits for a person.
            if order != "in_doubt" {
                assert_eq!((order.as_str(), payout.as_str()), ("settled", "settled"), "{left}");
            }
            let tries =
                scene.app.get(&scene.app.city.maker, &format!("/v1/payouts/{}", granted.payout_id)).await.ok(200);
            let debits: u8 = tries.body["orders"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|order| scene.bank.truth(order["bank_ref"].as_str().unwrap()))
                .map(|paid| paid.debits)
                .sum();
            assert_eq!(debits, u8::from(order == "settled"), "{left}");
        }
        scene.stop().await;
    }
}
