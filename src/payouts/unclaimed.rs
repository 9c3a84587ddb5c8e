//! Sums that lie with the fund because the member must act, or because the money came back: how old they are, and what the member was told.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    Select, Statement,
};
use serde::{Deserialize, Serialize};
use time::{Date, Duration};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::card;
use super::reason::Mend;
use super::reissue::{is_mended, last_tries, mend_of};
use super::rows::{order, payout};
use super::state::{FINISHED, OrderState, PayoutState};
use crate::app::App;
use crate::db::literal;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Page, Paged, Problem, Query, Reply};
use crate::kernel::age::{LongAge, days_between};
use crate::kernel::clock::Moment;
use crate::kernel::money::Fen;
use crate::notices::{self, LastNotice};

/// The notices that tell a member of such a sum.
pub(super) const NOTICES: [&str; 2] = ["payout_failed", "unclaimed_reminder"];

/// Which of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UnclaimedFilter {
    /// Only those of this age.
    #[serde(default)]
    bucket: Option<LongAge>,
    /// `next_cursor` of the page before; none for the first page.
    #[param(max_length = 400, pattern = "^[A-Za-z0-9_-]*$")]
    #[serde(default)]
    cursor: Option<String>,
    /// Items a page, 1 to 100. Default 20.
    #[param(minimum = 1, maximum = 100)]
    #[serde(default)]
    limit: Option<u64>,
}

/// Who must do something before it can be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitsFor {
    /// The member gives another card.
    Member,
    /// The member died; two people record who inherits it.
    Heir,
    /// Somebody of the staff finds out why the bank refused it.
    Staff,
    /// Nobody: it is in the next batch, once a changed card has rested.
    NextBatch,
}

impl WaitsFor {
    /// The word on the wire and in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Heir => "heir",
            Self::Staff => "staff",
            Self::NextBatch => "next_batch",
        }
    }
}

/// A sum that lies with the fund.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UnclaimedPayout {
    /// The payout.
    pub payout_id: Uuid,
    /// Its claim.
    pub claim_id: Uuid,
    /// How much.
    pub amount_fen: Fen,
    /// Since when it lies with the fund.
    pub since: Moment,
    /// Whole days since then.
    #[schema(minimum = 0, example = 12)]
    pub age_days: i64,
    /// The same as a bucket.
    pub age_bucket: LongAge,
    /// True when it was paid and came back; else the bank refused it.
    pub came_back: bool,
    /// Who must do something.
    pub waits_for: WaitsFor,
    /// The last notice of it to the member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_notice: Option<LastNotice>,
}

/// How many sums of an age there are.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UnclaimedTotal {
    /// The ages.
    pub bucket: LongAge,
    /// Number of payouts.
    #[schema(minimum = 0, example = 3)]
    pub payouts: i64,
    /// Their sum.
    pub total_fen: Fen,
}

/// A page of sums that lie with the fund, and the sums of all.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UnclaimedPage {
    /// The sums of each age.
    #[schema(min_items = 4, max_items = 4)]
    pub totals: Vec<UnclaimedTotal>,
    /// The payouts, the oldest first.
    #[schema(max_items = 100)]
    pub items: Vec<UnclaimedPayout>,
    /// For the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 400)]
    pub next_cursor: Option<String>,
}

/// List unclaimed payouts
///
/// Sums that lie with the fund because the member must act, or because they were paid and came back: the oldest first, with the last notice to the
/// member and the sums of each age. A payout leaves the list when it is released again.
#[utoipa::path(
    tag = "staff", operation_id = "list_unclaimed_payouts", security(("bearer" = ["payout:read"])),
    params(UnclaimedFilter), responses(
        (status = 200, description = "A page of payouts, and the sums of all", body = UnclaimedPage),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/unclaimed-payouts")]
pub(super) async fn list_unclaimed_payouts(app: web::Data<Arc<App>>, filter: Query<UnclaimedFilter>) -> Answer {
    let Query(UnclaimedFilter { bucket, cursor, limit }) = filter;
    let page = Page { cursor, limit };
    let (limit, list) = (page.limit()?, format!("unclaimed:{bucket:?}"));
    let after = page.start(&app, &list)?.map(|after| (Moment::from_ms(after.at_ms), after.id));
    let (read, today) = (app.db.read(), app.clock.now().date());
    let views = unclaimed(read, &app, bucket, after, limit + 1).await?;
    let page = Paged::from_rows(&app, &list, limit, views, |view| (view.since, view.payout_id), |view| view);
    let totals = totals(read, today).await?;
    Ok(Reply::ok(&UnclaimedPage { totals, items: page.items, next_cursor: page.next_cursor })?.into_response())
}

/// The payouts that lie with the fund.
pub(super) fn all() -> Select<payout::Entity> {
    payout::Entity::find()
        .filter(payout::Column::State.into_expr().eq(literal(PayoutState::Failed)))
        .filter(payout::Column::UnclaimedSinceMs.is_not_null())
}

/// The moments of an age: from the first, to before the second.
pub(super) fn moments(bucket: LongAge, today: Date) -> (Moment, Moment) {
    let (first, last) = bucket.days();
    let day = |ago: i64| today.checked_sub(Duration::days(ago)).unwrap_or(Date::MIN);
    let from = last.map_or(Moment::EPOCH, |last| Moment::start_of(day(last)));
    // What fails on a day of the bank's that has not come yet is as young as anything.
    let until = if first == 0 { Moment::from_ms(i64::MAX) } else { Moment::start_of(day(first - 1)) };
    (from, until)
}

/// Sums that lie with the fund, the oldest first.
///
/// # Errors
/// Those of the database.
pub async fn unclaimed(
    connection: &impl ConnectionTrait,
    app: &App,
    bucket: Option<LongAge>,
    after: Option<(Moment, Uuid)>,
    limit: u64,
) -> Result<Vec<UnclaimedPayout>, Problem> {
    use payout::Column as C;
    let today = app.clock.now().date();
    let mut query = all();
    if let Some(bucket) = bucket {
        let (from, until) = moments(bucket, today);
        query = query.filter(C::UnclaimedSinceMs.gte(from)).filter(C::UnclaimedSinceMs.lt(until));
    }
    if let Some((at, id)) = after {
        let same = Condition::all().add(C::UnclaimedSinceMs.eq(at)).add(C::Id.gt(id));
        query = query.filter(Condition::any().add(C::UnclaimedSinceMs.gt(at)).add(same));
    }
    let rows = query.order_by_asc(C::UnclaimedSinceMs).order_by_asc(C::Id).limit(limit).all(connection).await?;
    views(connection, today, rows).await
}

async fn views(
    connection: &impl ConnectionTrait,
    today: Date,
    rows: Vec<payout::Model>,
) -> Result<Vec<UnclaimedPayout>, Problem> {
    let waits = waits(connection, &rows).await?;
    let asked: Vec<(Uuid, Uuid)> = rows.iter().map(|row| (row.member_id, row.claim_id)).collect();
    let told = notices::last(connection, &asked, &NOTICES).await?;
    let view = |row: payout::Model| {
        let since = row.unclaimed_since_ms.unwrap_or(row.created_at_ms);
        let age_days = days_between(since.date(), today);
        let (waits_for, came_back) = waits.get(&row.id).copied().unwrap_or((WaitsFor::Staff, false));
        UnclaimedPayout {
            payout_id: row.id,
            claim_id: row.claim_id,
            amount_fen: row.amount_fen,
            since,
            age_days,
            age_bucket: LongAge::of(age_days),
            came_back,
            waits_for,
            last_notice: told.get(&row.claim_id).cloned(),
        }
    };
    Ok(rows.into_iter().map(view).collect())
}

/// For whom each of these payouts waits, and whether its money had been paid and came back.
pub(super) async fn waits(
    connection: &impl ConnectionTrait,
    rows: &[payout::Model],
) -> Result<HashMap<Uuid, (WaitsFor, bool)>, Problem> {
    if rows.is_empty() {
        return Ok(HashMap::new());
    }
    let cards = card::payees(connection, rows).await?;
    let tries = last_tries(connection, rows).await?;
    let of = |row: &payout::Model| {
        let last: &order::Model = tries.get(&row.id)?;
        let waits = match mend_of(last) {
            _ if cards.is_orphaned(&row.id) => WaitsFor::Heir,
            _ if !FINISHED.contains(&last.state) || is_mended(last, cards.get(&row.id)) => WaitsFor::NextBatch,
            Mend::NewCard => WaitsFor::Member,
            Mend::Nothing | Mend::Person => WaitsFor::Staff,
        };
        let came_back = last.state == OrderState::Returned || last.source_code == 2030;
        Some((row.id, (waits, came_back)))
    };
    Ok(rows.iter().filter_map(of).collect())
}

#[derive(FromQueryResult)]
struct Sum {
    payouts: i64,
    fen: i64,
}

/// How many sums of each age there are.
///
/// # Errors
/// Those of the database.
pub async fn totals(connection: &impl ConnectionTrait, today: Date) -> Result<Vec<UnclaimedTotal>, Problem> {
    let sql = "select cast(count(*) as bigint) as payouts, cast(coalesce(sum(amount_fen), 0) as bigint) as fen from payout \
               where state = 'failed' and unclaimed_since_ms is not null and unclaimed_since_ms >= $1 and unclaimed_since_ms < $2";
    let mut totals = Vec::with_capacity(LongAge::ALL.len());
    for bucket in LongAge::ALL {
        let (from, until) = moments(bucket, today);
        let values = [from.into(), until.into()];
        let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
        let row = connection.query_one_raw(statement).await?;
        let row = row.ok_or_else(|| Problem::internal(anyhow::anyhow!("a sum without a row")))?;
        let Sum { payouts, fen } = Sum::from_query_result(&row, "")?;
        totals.push(UnclaimedTotal { bucket, payouts, total_fen: Fen::new(fen) });
    }
    Ok(totals)
}

/// Marks that the member was reminded at `days`; false when somebody else did it, or the payout does not wait any more.
pub(super) async fn mark_reminded(
    connection: &impl ConnectionTrait,
    row: &payout::Model,
    days: i32,
) -> Result<bool, Problem> {
    let done = payout::Entity::update_many()
        .col_expr(payout::Column::RemindedDays, Expr::value(days))
        .filter(payout::Column::Id.eq(row.id))
        .filter(payout::Column::State.eq(PayoutState::Failed))
        .filter(payout::Column::RemindedDays.eq(row.reminded_days))
        .filter(payout::Column::Version.eq(row.version))
        .exec(connection)
        .await?;
    Ok(done.rows_affected == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn each_moment_is_of_the_bucket_of_its_age() {
        let today = date!(2026 - 03 - 16);
        for ago in 0..800 {
            let at = Moment::end_of(today - Duration::days(ago));
            let of: Vec<LongAge> = LongAge::ALL
                .into_iter()
                .filter(|bucket| {
                    let (from, until) = moments(*bucket, today);
                    from <= at && at < until
                })
                .collect();
            assert_eq!(of, [LongAge::of(ago)], "{ago}");
        }
    }
}
