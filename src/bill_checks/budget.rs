//! How often the platform may be asked: about one bill and in all, each day of Asia/Shanghai, counted in the database for all processes.
//!
//! A unit is taken and committed before the platform is asked: a crash in between loses it, and nothing ever asks more than was taken.

use sea_orm::{ConnectionTrait, DbErr, Statement, Value};
use time::Date;

use super::rows::Model;
use crate::app::App;

/// Questions about one bill in a day: the platform's own rule (`domain.md` 2.5, a vendor's notes).
pub const PER_BILL_AND_DAY: i32 = 5;
/// Counters of days before are of no use; these are kept for whoever looks into a day.
const DAYS_KEPT: i64 = 31;

/// What came of taking a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is taken; so often was the row asked about, this time included.
    Yes { tries: i32 },
    /// The day's are used up, of this bill or of all.
    UsedUp,
    /// The row was taken back, or another worker has it.
    Moved,
}

/// Takes a unit for `row` out of both budgets, and says so on the row: all of it, committed, or nothing.
///
/// # Errors
/// Those of the database.
pub(super) async fn take(app: &App, row: &Model, per_day: i32) -> Result<Taken, DbErr> {
    let now = app.clock.now();
    let day = now.date();
    let tries = row.tries.saturating_add(1);
    let txn = app.db.begin().await?;
    let of_bill: [Value; 3] = [day.into(), row.bill_lookup.clone().into(), PER_BILL_AND_DAY.into()];
    let of_day: [Value; 4] = [day.into(), per_day.into(), per_day.into(), per_day.into()];
    if !run(&txn, TAKE_OF_BILL, of_bill).await? || !run(&txn, TAKE_OF_DAY, of_day).await? {
        txn.rollback().await?;
        return Ok(Taken::UsedUp);
    }
    if !run(&txn, COUNT, [tries.into(), now.into(), row.id.into(), row.tries.into()]).await? {
        txn.rollback().await?;
        return Ok(Taken::Moved);
    }
    txn.commit().await?;
    show_left(app, app.db.write()).await?;
    Ok(Taken::Yes { tries })
}

/// Whether the day's budgets still hold a unit for this bill.
///
/// # Errors
/// Those of the database.
pub(super) async fn is_left(connection: &impl ConnectionTrait, app: &App, bill_lookup: &[u8]) -> Result<bool, DbErr> {
    let day = app.clock.now().date();
    let of_bill = number(connection, OF_BILL, [day.into(), bill_lookup.to_vec().into()]).await?;
    Ok(of_bill < PER_BILL_AND_DAY && left(connection, app).await? > 0)
}

/// How many questions of today are left in all; none without a platform.
///
/// # Errors
/// Those of the database.
pub async fn left(connection: &impl ConnectionTrait, app: &App) -> Result<u32, DbErr> {
    let Some(link) = &app.bill_checks else { return Ok(0) };
    let asked = number(connection, OF_DAY, [app.clock.now().date().into()]).await?;
    Ok(u32::try_from(link.per_day.saturating_sub(asked)).unwrap_or(0))
}

/// Shows what is left of the day.
///
/// # Errors
/// Those of the database.
pub(super) async fn show_left(app: &App, connection: &impl ConnectionTrait) -> Result<(), DbErr> {
    metrics::gauge!("huzhu_bill_check_budget_left").set(left(connection, app).await?);
    Ok(())
}

/// Forgets counters of days long past.
///
/// # Errors
/// Those of the database.
pub(super) async fn sweep(app: &App) -> Result<(), DbErr> {
    let before = app.clock.now().date().saturating_sub(time::Duration::days(DAYS_KEPT));
    for sql in ["delete from bill_check_bill_day where day < $1", "delete from bill_check_day where day < $1"] {
        run(app.db.write(), sql, [before.into()]).await?;
    }
    Ok(())
}

/// A day whose counters don't agree.
#[derive(Clone, Copy, Debug)]
pub(super) struct OddDay {
    pub(super) day: Date,
    pub(super) of_bills: i64,
    pub(super) in_all: i64,
}

/// Days on which the bills' counters are not the day's.
///
/// # Errors
/// Those of the database.
pub(super) async fn odd_days(connection: &impl ConnectionTrait) -> Result<Vec<OddDay>, DbErr> {
    let statement = Statement::from_string(connection.get_database_backend(), ODD_DAYS);
    let row = |row: sea_orm::QueryResult| {
        Ok(OddDay {
            day: row.try_get("", "day")?,
            of_bills: row.try_get("", "bills")?,
            in_all: row.try_get("", "total")?,
        })
    };
    connection.query_all_raw(statement).await?.into_iter().map(row).collect()
}

/// True when a row was written.
async fn run<const N: usize>(connection: &impl ConnectionTrait, sql: &str, values: [Value; N]) -> Result<bool, DbErr> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    Ok(connection.execute_raw(statement).await?.rows_affected() > 0)
}

/// A counter; 0 when it was never counted.
async fn number<const N: usize>(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: [Value; N],
) -> Result<i32, DbErr> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    let row = connection.query_one_raw(statement).await?;
    Ok(row.map(|row| row.try_get("", "asked")).transpose()?.unwrap_or(0))
}

const TAKE_OF_BILL: &str = "insert into bill_check_bill_day (day, bill_lookup, asked) values ($1, $2, 1) \
     on conflict (day, bill_lookup) do update set asked = bill_check_bill_day.asked + 1 \
     where bill_check_bill_day.asked < $3";

// What is allowed follows the configuration (1 at least), and is never less than what was asked.
const TAKE_OF_DAY: &str = "insert into bill_check_day (day, asked, allowed) values ($1, 1, $2) \
     on conflict (day) do update set asked = bill_check_day.asked + 1, allowed = $3 where bill_check_day.asked < $4";

const COUNT: &str = "update bill_check set tries = $1, asked_at_ms = $2 where id = $3 and tries = $4";

const OF_BILL: &str = "select asked from bill_check_bill_day where day = $1 and bill_lookup = $2";

const OF_DAY: &str = "select asked from bill_check_day where day = $1";

const ODD_DAYS: &str = "select coalesce(d.day, b.day) as day, coalesce(b.asked, 0) as bills, coalesce(d.asked, 0) as total from \
     (select day, cast(asked as bigint) as asked from bill_check_day) d full join \
     (select day, cast(sum(asked) as bigint) as asked from bill_check_bill_day group by day) b on b.day = d.day \
     where coalesce(b.asked, 0) <> coalesce(d.asked, 0) order by 1";
