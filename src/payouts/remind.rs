//! The job that reminds members of sums that lie with the fund, once at each age that the configuration names, and shows operators the sums.

use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use time::{Date, Duration};
use uuid::Uuid;

use super::job_error;
use super::rows::payout;
use super::unclaimed::{WaitsFor, all, mark_reminded, totals, waits};
use crate::app::App;
use crate::http::Problem;
use crate::jobs::{JobContext, JobResult};
use crate::kernel::clock::Moment;
use crate::kernel::text::Text;
use crate::notices;

/// The job's name.
pub(super) const KIND: &str = "payouts.remind";
/// Payouts looked at by one step.
const STEP: u64 = 200;

pub(super) async fn run(context: JobContext) -> JobResult {
    let app = &context.app;
    let mut reminded = 0_u64;
    // The longest age first: who was away longer hears of it once.
    for days in app.config.payouts.remind_after_days.iter().rev() {
        reminded += remind(app, i32::from(*days)).await.map_err(job_error)?;
    }
    if reminded > 0 {
        metrics::counter!("huzhu_unclaimed_reminders_total").increment(reminded);
        tracing::info!(reminded, "payouts.remind told members of sums that lie with the fund");
        app.job_written.notify_waiters();
    }
    for total in totals(app.db.read(), app.clock.now().date()).await.map_err(job_error)? {
        let yuan = u32::try_from(total.total_fen.get() / 100).unwrap_or(u32::MAX);
        metrics::gauge!("huzhu_unclaimed_payouts", "age" => total.bucket.word())
            .set(u32::try_from(total.payouts).unwrap_or(u32::MAX));
        metrics::gauge!("huzhu_unclaimed_yuan", "age" => total.bucket.word()).set(yuan);
    }
    Ok(())
}

/// Reminds the members whose sums are `days` old and who were not reminded at that age; answers how many.
async fn remind(app: &App, days: i32) -> Result<u64, Problem> {
    let today = app.clock.now().date();
    let youngest = today.checked_sub(Duration::days(i64::from(days) - 1)).unwrap_or(Date::MIN);
    let (mut reminded, mut after) = (0, Uuid::nil());
    loop {
        let rows = all()
            .filter(payout::Column::UnclaimedSinceMs.lt(Moment::start_of(youngest)))
            .filter(payout::Column::RemindedDays.lt(days))
            .filter(payout::Column::Id.gt(after))
            .order_by_asc(payout::Column::Id)
            .limit(STEP)
            .all(app.db.read())
            .await?;
        let Some(last) = rows.last() else { return Ok(reminded) };
        after = last.id;
        let waits = waits(app.db.read(), &rows).await?;
        for row in &rows {
            if waits.get(&row.id).is_some_and(|(waits, _)| *waits == WaitsFor::Member) {
                reminded += u64::from(tell(app, row, days).await?);
            }
        }
    }
}

async fn tell(app: &App, row: &payout::Model, days: i32) -> Result<bool, Problem> {
    let txn = app.db.begin().await?;
    if !mark_reminded(&txn, row, days).await? {
        txn.rollback().await?;
        return Ok(false);
    }
    let text = Text::made(
        format!(
            "您有 {} 元赔付款因银行卡无法入账仍在互助会，请登录更换互助服务卡，更换 24 小时后即可支付",
            row.amount_fen
        ),
        format!(
            "{} yuan that are yours still lie with the fund, because the bank could not pay your card. Change your service card in the app; it is paid 24 hours later",
            row.amount_fen
        ),
    );
    notices::queue(&txn, app, row.member_id, Some(row.claim_id), "unclaimed_reminder", &text).await?;
    txn.commit().await?;
    Ok(true)
}
