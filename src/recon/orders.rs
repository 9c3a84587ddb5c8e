//! The orders that bookings name, and what was booked of them before.

use std::collections::{HashMap, HashSet};

use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};
use time::Date;
use uuid::Uuid;

use super::matching::{Known, Treatment};
use super::rows::entry;
use super::statement::Entry;
use super::suspense;
use crate::http::Problem;
use crate::kernel::money::Fen;
use crate::ledger::OrderMoney;
use crate::payouts::moves;
use crate::payouts::rows::order;

/// A booking that was taken, as far as others are judged by it.
pub(super) struct Booked {
    pub entry_id: Uuid,
    pub treatment: Treatment,
    pub amount_fen: Fen,
    pub booked_on: Date,
}

/// The orders that some bookings name, and what was booked of them.
#[derive(Default)]
pub(super) struct Orders {
    by_ref: HashMap<String, Uuid>,
    by_serial: HashMap<String, Option<Uuid>>,
    pub orders: HashMap<Uuid, order::Model>,
    pub booked: HashMap<Uuid, Vec<Booked>>,
    money: HashMap<Uuid, OrderMoney>,
}

impl Orders {
    /// Those that these bookings name, by our reference or by the serial number that a result gave.
    pub async fn of(txn: &DatabaseTransaction, entries: &[Entry]) -> Result<Self, Problem> {
        let mut found = Self::default();
        let refs: HashSet<&str> = entries.iter().filter_map(|entry| entry.bank_ref.as_deref()).collect();
        if !refs.is_empty() {
            let rows = order::Entity::find().filter(order::Column::BankRef.is_in(refs)).all(txn).await?;
            for row in rows {
                found.by_ref.insert(row.bank_ref.clone(), row.id);
                found.orders.insert(row.id, row);
            }
        }
        // A booking without a reference of ours may have the serial number that a result gave.
        let unnamed = entries.iter().filter(|entry| entry.bank_ref.is_none() && entry.is_payment());
        let serials: HashSet<&str> = unnamed.map(|entry| entry.bank_serial.as_str()).collect();
        if !serials.is_empty() {
            let rows = order::Entity::find().filter(order::Column::BankSerial.is_in(serials)).all(txn).await?;
            for row in rows {
                let serial = row.bank_serial.clone().unwrap_or_default();
                // Any two candidates are none.
                found.by_serial.entry(serial).and_modify(|id| *id = None).or_insert(Some(row.id));
                found.orders.insert(row.id, row);
            }
        }
        found.read_bookings(txn).await?;
        Ok(found)
    }

    /// These orders, whatever names them.
    pub async fn these(txn: &DatabaseTransaction, orders: Vec<order::Model>) -> Result<Self, Problem> {
        let orders = orders.into_iter().map(|order| (order.id, order)).collect();
        let mut found = Self { orders, ..Self::default() };
        found.read_bookings(txn).await?;
        Ok(found)
    }

    /// What was booked of them, oldest first, each as it stands in the books now.
    async fn read_bookings(&mut self, txn: &DatabaseTransaction) -> Result<(), Problem> {
        if self.orders.is_empty() {
            return Ok(());
        }
        let rows = entry::Entity::find()
            .filter(entry::Column::OrderId.is_in(self.orders.keys().copied()))
            .order_by_asc(entry::Column::Id)
            .all(txn)
            .await?;
        let treatments = suspense::treatments(txn, &rows).await?;
        for row in rows {
            let (Some(order_id), Some(treatment)) = (row.order_id, treatments.get(&row.id).copied()) else {
                continue;
            };
            self.booked.entry(order_id).or_default().push(Booked {
                entry_id: row.id,
                treatment,
                amount_fen: row.amount_fen,
                booked_on: row.booked_on,
            });
        }
        let orders: Vec<order::Model> = self.orders.values().cloned().collect();
        self.money = moves::moneys(txn, &orders).await?;
        Ok(())
    }

    /// The order that a booking is about.
    pub fn order(&self, entry: &Entry) -> Option<&order::Model> {
        let id = match &entry.bank_ref {
            Some(bank_ref) => self.by_ref.get(bank_ref)?,
            None => self.by_serial.get(&entry.bank_serial)?.as_ref()?,
        };
        let order = self.orders.get(id)?;
        // Its own reference names an order whatever the amount; a serial number alone must agree in all.
        (entry.bank_ref.is_some() || (!entry.credit && order.amount_fen == entry.amount_fen)).then_some(order)
    }

    /// What is known of one of them when a booking of `amount_fen` is judged.
    pub fn known(&self, order: &order::Model, amount_fen: Fen) -> Known {
        let booked = self.booked.get(&order.id).map_or(&[][..], Vec::as_slice);
        let of = |treatment| booked.iter().filter(move |booked| booked.treatment == treatment);
        let of_amount = |treatment| of(treatment).filter(|booked| booked.amount_fen == amount_fen).count();
        Known {
            state: order.state,
            amount_fen: order.amount_fen,
            debited: of(Treatment::Settled).next().is_some(),
            owed_back: of_amount(Treatment::DebitedAgain) > of_amount(Treatment::GivenBack),
        }
    }

    /// The return of an order that came before its debit, if it is the only one that waits and of the whole amount.
    pub fn parked(&self, order: &order::Model) -> Option<(Uuid, Date)> {
        let booked = self.booked.get(&order.id)?;
        let mut parked = booked.iter().filter(|booked| booked.treatment == Treatment::UnknownCredit);
        let only = parked.next().filter(|only| only.amount_fen == order.amount_fen)?;
        parked.next().is_none().then_some((only.entry_id, only.booked_on))
    }

    /// Whose money the events of one of them move.
    pub fn money(&self, order_id: Option<Uuid>) -> Result<OrderMoney, Problem> {
        let money = order_id.and_then(|id| self.money.get(&id)).cloned();
        money.ok_or_else(|| Problem::internal(anyhow::anyhow!("a booking of an order without the order's money")))
    }

    /// A booking of an order left suspense.
    pub fn take(&mut self, order_id: Uuid, entry_id: Uuid, treatment: Treatment) {
        let booked = self.booked.get_mut(&order_id).and_then(|all| all.iter_mut().find(|one| one.entry_id == entry_id));
        if let Some(booked) = booked {
            booked.treatment = treatment;
        }
    }

    /// Reads orders again that were changed one by one.
    pub async fn read_again(&mut self, txn: &DatabaseTransaction, ids: Vec<Uuid>) -> Result<(), Problem> {
        for row in order::Entity::find().filter(order::Column::Id.is_in(ids)).all(txn).await? {
            self.orders.insert(row.id, row);
        }
        Ok(())
    }
}
