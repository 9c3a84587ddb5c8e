//! What must still happen before SAFE mode may be left.

use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};

use super::{SYSTEM, Safe, ask};
use crate::app::App;
use crate::http::Problem;
use crate::kernel::text::Text;
use crate::payouts::rows::batch;
use crate::payouts::state::BatchState;
use crate::recon::rows::statement;

/// The states of batches that the bank may have.
const RELEASED: [BatchState; 6] = [
    BatchState::Released,
    BatchState::Dispatching,
    BatchState::Accepted,
    BatchState::InDoubt,
    BatchState::Rejected,
    BatchState::Finished,
];

/// Each thing that is missing, in words; nothing when it may be left.
///
/// # Errors
/// Those of the database.
pub async fn missing(connection: &impl ConnectionTrait, app: &App, safe: &Safe) -> Result<Vec<Text>, Problem> {
    let Some(link) = &app.bank else { return Ok(Vec::new()) };
    let mut missing = Vec::new();
    let not_asked = batch::Column::AskedAtMs.is_null().or(batch::Column::AskedAtMs.lt(safe.at_ms));
    let sent = batch::Entity::find()
        .filter(batch::Column::State.is_in([BatchState::Dispatching, BatchState::Accepted, BatchState::InDoubt]))
        .filter(not_asked)
        .count(connection)
        .await?;
    let unsent = ask::unsent(connection, safe.at_ms, 10_000).await?.len();
    if sent > 0 || unsent > 0 {
        missing.push(Text::made(
            format!("自进入安全模式以来，尚有 {sent} 个已发送批次和 {unsent} 个未发送批次未得到银行答复"),
            format!("The bank has not answered about {sent} batches that were sent and {unsent} that were not"),
        ));
    }
    let calendar = app.calendars.current(connection, app.clock.now()).await?;
    // What a restore lost may have been sent on that very day; otherwise the day before is enough.
    let day = safe.at_ms.date();
    let day = if safe.by_whom == SYSTEM { day } else { day.previous_day().unwrap_or(day) };
    let wanted = link.rules.last_day_until(&calendar, day);
    let last = statement::Entity::find()
        .filter(statement::Column::Account.eq(&link.account))
        .filter(statement::Column::TakingCount.is_null())
        .order_by_desc(statement::Column::Seq)
        .one(connection)
        .await?;
    let any = batch::Entity::find().filter(batch::Column::State.is_in(RELEASED)).one(connection).await?;
    let needed = any.is_some() || safe.by_whom == SYSTEM;
    if needed && last.as_ref().is_none_or(|last| last.business_date < wanted) {
        let until = last.map_or_else(|| "-".to_owned(), |last| last.business_date.to_string());
        missing.push(Text::made(
            format!("缺少截至 {wanted} 的对账单（最近一期：{until}）"),
            format!("The statement of {wanted} is missing (the last one is of {until})"),
        ));
    }
    Ok(missing)
}
