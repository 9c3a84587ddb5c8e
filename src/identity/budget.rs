//! How often something may be tried: budgets that the database counts, so that they hold for all processes together.
//!
//! A window begins with the first try in it. Whoever spends first in a transaction makes the others wait for its end, so two at
//! once never both take the last one.

use sea_orm::{ConnectionTrait, DbErr, Statement, Value};

use crate::app::App;
use crate::kernel::clock::Moment;
use crate::kernel::seal::Field;

/// How many tries in how long.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// What is counted: part of the bucket's name.
    pub name: &'static str,
    /// Tries in a window.
    pub tries: i32,
    /// Length of the window.
    pub window_secs: i64,
}

impl Budget {
    /// Takes one try for `whom`. `Err` holds the moment from which there is one again.
    ///
    /// # Errors
    /// The outer error is the database's.
    pub async fn spend(
        self,
        connection: &impl ConnectionTrait,
        app: &App,
        whom: &str,
    ) -> Result<Result<(), Moment>, DbErr> {
        let now = app.clock.now();
        let bucket = app.sealer.lookup(Field::Session, format!("budget:{}:{whom}", self.name));
        let values: [Value; 7] = [
            bucket.clone().into(),
            now.plus_secs(self.window_secs).into(),
            now.into(),
            now.into(),
            now.plus_secs(self.window_secs).into(),
            now.into(),
            self.tries.into(),
        ];
        let backend = connection.get_database_backend();
        let spent = connection.execute_raw(Statement::from_sql_and_values(backend, SPEND, values)).await?;
        if spent.rows_affected() == 1 {
            return Ok(Ok(()));
        }
        let row = connection.query_one_raw(Statement::from_sql_and_values(backend, ENDS_AT, [bucket.into()])).await?;
        let ends_at: Option<i64> = row.map(|row| row.try_get("", "window_ends_at_ms")).transpose()?;
        Ok(Err(ends_at.map_or(now, Moment::from_ms)))
    }
}

const SPEND: &str = "insert into sign_in_budget (bucket, window_ends_at_ms, spent) values ($1, $2, 1) \
     on conflict (bucket) do update set \
     spent = case when sign_in_budget.window_ends_at_ms <= $3 then 1 else sign_in_budget.spent + 1 end, \
     window_ends_at_ms = case when sign_in_budget.window_ends_at_ms <= $4 then $5 else sign_in_budget.window_ends_at_ms end \
     where sign_in_budget.window_ends_at_ms <= $6 or sign_in_budget.spent < $7";

const ENDS_AT: &str = "select window_ends_at_ms from sign_in_budget where bucket = $1";
