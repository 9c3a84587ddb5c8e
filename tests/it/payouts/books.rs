//! The books under random events, in any order, repeated, and out of place: each is posted once, or refused; they always add up.

use huzhu::kernel::chance::{Chance, SeededChance};
use huzhu::kernel::money::Fen;
use huzhu::ledger::{self, Event, OrderMoney, PlanAmount, Source};
use huzhu::payouts::rows::{order, payout_plan};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::scene::{Granted, Scene};

/// What the books know of a payout, as somebody who may post anything would say it.
struct Known {
    granted: Granted,
    order_id: Uuid,
    plans: Vec<PlanAmount>,
}

#[actix_web::test]
async fn random_events_in_any_order_leave_books_that_add_up() {
    let scene = Scene::start().await;
    let app = &scene.app.app;
    let mut known = Vec::new();
    for fen in [70_000, 1, 33_333] {
        let granted = scene.grant(&scene.app.city.member, &[fen, 7]).await;
        let order = order::Entity::find().filter(order::Column::PayoutId.eq(granted.payout_id));
        let order_id = order.one(app.db.read()).await.unwrap().unwrap().id;
        let rows = payout_plan::Entity::find().filter(payout_plan::Column::PayoutId.eq(granted.payout_id));
        let rows = rows.all(app.db.read()).await.unwrap();
        let plans =
            rows.into_iter().map(|row| PlanAmount { plan_id: row.plan_id, amount_fen: row.amount_fen }).collect();
        known.push(Known { granted, order_id, plans });
    }
    let chance = SeededChance::new(11);
    let chance: &dyn Chance = &chance;
    let (mut posted, mut refused) = (0, 0);
    for _ in 0..300 {
        let one = &known[usize::try_from(chance.below(3)).unwrap()];
        let round = i32::try_from(chance.below(4)).unwrap();
        let order =
            OrderMoney { payout_id: one.granted.payout_id, order_id: one.order_id, round, plans: one.plans.clone() };
        let source = if chance.below(2) == 0 { Source::Payable } else { Source::Returned };
        let event = match chance.below(3) {
            0 => Event::Approved { payout_id: one.granted.payout_id, plans: one.plans.clone() },
            1 => Event::Reserved { order, source },
            _ => Event::Unreserved { order, source },
        };
        let txn = app.db.begin().await.unwrap();
        match ledger::post(&txn, app, &[event]).await {
            Ok(new) => {
                txn.commit().await.unwrap();
                posted += new;
            }
            Err(_) => {
                txn.rollback().await.unwrap();
                refused += 1;
            }
        }
        assert_eq!(ledger::verify(app.db.read()).await.unwrap(), []);
        let lines = ledger::trial_balance(app.db.read()).await.unwrap();
        assert_eq!(Fen::sum(lines.iter().map(|line| line.balance_fen)), Ok(Fen::ZERO));
    }
    assert!(posted > 5 && refused > 20, "{posted} posted, {refused} refused");
    scene.bank.hang_up().await;
    scene.app.stop().await;
}
