//! What people do with single orders: hold them back, let them go, resolve on the bank's letter what is in doubt, and say whose a return is.

use sea_orm::sqlx::{self, Row};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::{Stop, World};
use crate::payouts::hold;
use crate::payouts::resolution::{self, ProposeResolution};
use crate::payouts::rows::order;
use crate::payouts::rows::resolution::Outcome;
use crate::payouts::state::OrderState;
use crate::simulate::image::Image;
use crate::suspense::{self, ProposeBookingOrder};

impl World {
    /// A person holds an order that is in no batch.
    pub(super) async fn hold(&mut self, image: &Image, nth: usize) -> Result<(), Stop> {
        let waiting = self.orders(&[OrderState::Created, OrderState::Queued, OrderState::Held]).await?;
        let Some(order_id) = waiting.get(nth % waiting.len().max(1)).map(|order| order.id) else { return Ok(()) };
        let (app, staff_id) = (self.app()?, self.first_maker());
        let held = async move {
            let txn = app.db.begin().await?;
            hold::place(&txn, &app, staff_id, order_id, "asked to wait").await?;
            txn.commit().await?;
            Ok(())
        };
        self.act(image, Box::pin(held)).await.map(drop)
    }

    /// A person lets one go.
    pub(super) async fn lift(&mut self, image: &Image, nth: usize) -> Result<(), Stop> {
        let held = self.held_by_people().await?;
        match held.get(nth % held.len().max(1)) {
            Some(order) => self.let_go(image, order.id).await,
            None => Ok(()),
        }
    }

    /// Every order that a person holds is let go.
    pub(super) async fn lift_all(&mut self, image: &Image) -> Result<(), Stop> {
        for order in self.held_by_people().await? {
            self.let_go(image, order.id).await?;
        }
        Ok(())
    }

    async fn held_by_people(&mut self) -> Result<Vec<order::Model>, Stop> {
        let held = self.orders(&[OrderState::Held]).await?;
        Ok(held.into_iter().filter(|order| order.hold_reason.as_deref() == Some(hold::BY_PERSON)).collect())
    }

    async fn let_go(&mut self, image: &Image, order_id: Uuid) -> Result<(), Stop> {
        let (app, staff_id) = (self.app()?, self.first_maker());
        let lifted = async move {
            let txn = app.db.begin().await?;
            hold::lift(&txn, &app, staff_id, order_id, "clear now").await?;
            txn.commit().await?;
            Ok(())
        };
        self.act(image, Box::pin(lifted)).await.map(drop)
    }

    /// The bank writes that it never paid an order, and two people resolve it. What the letter says is true, and will stay so; or it is
    /// `wrong`: then the account shows the debit, so that nobody may follow it. Nobody can tell of one that is booked a day late, unless the bank
    /// had called it paid.
    pub(super) async fn take_letter(&mut self, image: &Image, nth: usize, wrong: bool) -> Result<(), Stop> {
        let open = self.orders(&[OrderState::InDoubt, OrderState::Paid, OrderState::Accepted]).await?;
        let Some(order) = open.get(nth % open.len().max(1)) else { return Ok(()) };
        let could_be_written = {
            let bank = self.bank();
            if wrong {
                bank.shows_debit(&order.bank_ref)
                    && (order.state == OrderState::Paid || !bank.is_booked_late(&order.bank_ref))
            } else {
                !bank.has_paid(&order.bank_ref)
                    && !bank.will_take(&order.bank_ref)
                    && !self.network.is_on_its_way(&order.bank_ref)
                    && self.sleepers.is_empty()
            }
        };
        if !could_be_written {
            return Ok(());
        }
        let outcome = if order.state == OrderState::Accepted { Outcome::Cancelled } else { Outcome::NeverPaid };
        let asked = ProposeResolution {
            outcome,
            bank_reference: "1".to_owned(),
            bank_answer: "not debited".to_owned(),
            reason_code: None,
        };
        let (app, order_id) = (self.app()?, order.id);
        let proposer = self.first_maker();
        let is_alone = nth % 5 == 4;
        let confirmer = if is_alone { proposer } else { self.people.checkers.first().copied().unwrap_or_default() };
        let resolved = async move {
            let txn = app.db.begin().await?;
            let (_, proposed) = resolution::propose(&txn, &app, proposer, order_id, &asked).await?;
            resolution::confirm(&txn, &app, confirmer, order_id, proposed.id).await?;
            txn.commit().await?;
            Ok(())
        };
        let done = self.act(image, Box::pin(resolved)).await?.is_some();
        let what = match (wrong, is_alone) {
            (true, _) => "I13 people followed a letter that the account contradicts",
            (_, true) => "I7 one person resolved an order alone",
            _ => return Ok(()),
        };
        if done { Err(Stop::Violation(vec![what.to_owned()])) } else { Ok(()) }
    }

    /// The bank says on the telephone whose the money was that came back without a reference, and two people, or one alone, tie it to that order.
    pub(super) async fn tie(&mut self, image: &Image, nth: usize) -> Result<(), Stop> {
        let mut open = self.unnamed_returns().await?;
        if open.is_empty() {
            return Ok(());
        }
        let (entry_id, order_id) = open.swap_remove(nth % open.len());
        let is_alone = nth % 5 == 4;
        if self.tie_one(image, entry_id, order_id, is_alone).await? && is_alone {
            return Err(Stop::Violation(vec!["I7 one person tied a booking to an order alone".to_owned()]));
        }
        Ok(())
    }

    /// Every such return is tied.
    pub(super) async fn tie_all(&mut self, image: &Image) -> Result<(), Stop> {
        // Each may be the last that fits an order, so they are looked for anew.
        while let Some((entry_id, order_id)) = self.unnamed_returns().await?.pop() {
            if !self.tie_one(image, entry_id, order_id, false).await? {
                return Err(Stop::Violation(vec!["I13 two people could not tie a return to its order".to_owned()]));
            }
        }
        Ok(())
    }

    async fn tie_one(&mut self, image: &Image, entry_id: Uuid, order_id: Uuid, is_alone: bool) -> Result<bool, Stop> {
        let (app, proposer) = (self.app()?, self.first_maker());
        let confirmer = if is_alone { proposer } else { self.people.checkers.first().copied().unwrap_or_default() };
        let tied = async move {
            let txn = app.db.begin().await?;
            let asked = ProposeBookingOrder { order_id, reason: "the bank says so".to_owned() };
            suspense::propose(&txn, &app, proposer, entry_id, &asked).await?;
            let said = suspense::shown(&txn, entry_id).await?.and_then(|booking| booking.tie);
            let tie_id = said.map(|said| said.id).unwrap_or_default();
            suspense::confirm(&txn, &app, confirmer, entry_id, tie_id).await?;
            txn.commit().await?;
            Ok(())
        };
        Ok(self.act(image, Box::pin(tied)).await?.is_some())
    }

    /// Credits that name nothing, each with a settled order whose money came back whole and of which no booking says so.
    async fn unnamed_returns(&mut self) -> Result<Vec<(Uuid, Uuid)>, Stop> {
        let came_back: Vec<String> = {
            let payments = self.bank().payments();
            let whole = payments.into_iter().filter(|paid| paid.debits == 1 && paid.returned_fen == paid.amount_fen);
            whole.map(|paid| paid.bank_ref).collect()
        };
        let sql = "select e.id, o.id, o.bank_ref from statement_entry e join payout_order o on o.amount_fen = e.amount_fen and o.state = 'settled' \
            where e.treatment = 'unknown_credit' and e.order_id is null \
            and not exists (select 1 from statement_entry_taken t where t.entry_id = e.id) \
            and not exists (select 1 from statement_entry c where c.order_id = o.id and c.credit) order by e.id, o.id";
        let mut found = Vec::new();
        for row in sqlx::query(sql).fetch_all(&mut self.db.outside).await? {
            if came_back.contains(&row.try_get(2)?) {
                found.push((row.try_get(0)?, row.try_get(1)?));
            }
        }
        Ok(found)
    }

    fn first_maker(&self) -> Uuid {
        self.people.makers.first().copied().unwrap_or_default()
    }

    /// The orders in these states, oldest first.
    async fn orders(&mut self, states: &[OrderState]) -> Result<Vec<order::Model>, Stop> {
        let app = self.app()?;
        let rows = order::Entity::find()
            .filter(order::Column::State.is_in(states.to_vec()))
            .order_by_asc(order::Column::Id)
            .all(app.db.read())
            .await?;
        Ok(rows)
    }
}
