//! Proof that what is kept of checks opens, is found by what it says, and that the counters of a day agree.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::bill::BillQuery;
use super::budget;
use super::rows::{Column, Entity, Model};
use crate::app::App;
use crate::kernel::clock::iso_date;

const BATCH: u64 = 500;

/// Checks every row and every day, and tells `found` of a subject and what is wrong with it.
///
/// # Errors
/// Those of the database.
pub async fn check(
    connection: &impl ConnectionTrait,
    app: &App,
    found: &mut impl FnMut(String, String),
) -> anyhow::Result<()> {
    let mut after = Uuid::nil();
    loop {
        let batch =
            Entity::find().filter(Column::Id.gt(after)).order_by_asc(Column::Id).limit(BATCH).all(connection).await?;
        let Some(last) = batch.last() else { break };
        after = last.id;
        for row in &batch {
            if let Some(what) = fault(app, row) {
                found(format!("bill_check {}", row.id), what.to_owned());
            }
        }
    }
    for day in budget::odd_days(connection).await? {
        let what = format!("{} questions are counted by bill, {} in all", day.of_bills, day.in_all);
        found(format!("bill_check_day {}", iso_date::text(day.day)), what);
    }
    Ok(())
}

fn fault(app: &App, row: &Model) -> Option<&'static str> {
    let Ok(bill) = BillQuery::open(&app.sealer, &row.query_sealed) else { return Some("its bill does not open") };
    let is_found =
        bill.bill_lookup(&app.sealer) == row.bill_lookup && bill.query_lookup(&app.sealer) == row.query_lookup;
    (!is_found).then_some("it is not found by its bill")
}
