//! A reviewer has a bill checked again.

use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::budget;
use super::job::{FALSE_HOLDS_SECS, check_job, tomorrow};
use super::rows::{Column, Entity, Model, VerdictWord};
use crate::app::App;
use crate::http::{Code, Problem};
use crate::jobs;
use crate::kernel::clock::Moment;
use crate::kernel::text::Text;

/// Has the bills on a document of this claim asked about at once: those that could not be checked, and those that were false a day ago.
///
/// # Errors
/// `bill_check_refused` with what stands against it; `bill_checks_spent` when the day has no question left for them.
pub async fn ask_again(
    txn: &impl ConnectionTrait,
    app: &App,
    claim_id: Uuid,
    document_id: Uuid,
) -> Result<(), Problem> {
    let rows = Entity::find()
        .filter(Column::DocumentId.eq(document_id))
        .filter(Column::ClaimId.eq(claim_id))
        .order_by_asc(Column::Id)
        .all(txn)
        .await?;
    if rows.is_empty() {
        return Err(refused(
            "no_bill",
            Text::fixed(
                "该材料上没有读出完整的财政票据",
                "No whole fiscal bill was read on this document of the claim",
            ),
        ));
    }
    if app.bill_checks.is_none() {
        return Err(refused(
            "no_platform_configured",
            Text::fixed("未配置票据查验平台，请联系管理员", "No platform is configured: ask the operator"),
        ));
    }
    let now = app.clock.now();
    let open: Vec<Model> = rows.into_iter().filter(|row| may_change(row, now)).collect();
    if open.is_empty() {
        return Err(refused(
            "already_checked",
            Text::fixed(
                "已有查验结果：属实的不再查验，不实的一天后可再查",
                "It is checked: true stays true, and false can be asked again after a day",
            ),
        ));
    }
    let mut left = false;
    for row in open {
        if !budget::is_left(txn, app, &row.bill_lookup).await? {
            continue;
        }
        left = true;
        Entity::update_many()
            .col_expr(Column::NextAskAtMs, Expr::value(now))
            .filter(Column::Id.eq(row.id))
            .filter(Condition::any().add(Column::Verdict.is_null()).add(Column::Verdict.ne(VerdictWord::True)))
            .exec(txn)
            .await?;
        jobs::enqueue(txn, app, check_job(row.id, now)).await?;
    }
    if left { Ok(()) } else { Err(spent(now)) }
}

fn may_change(row: &Model, now: Moment) -> bool {
    match row.verdict {
        None | Some(VerdictWord::CannotBeChecked) => true,
        Some(VerdictWord::True) => false,
        Some(VerdictWord::False) => row.answered_at_ms.is_none_or(|at| at <= now.plus_secs(-FALSE_HOLDS_SECS)),
    }
}

fn refused(reason: &str, text: Text) -> Problem {
    Problem::new(Code::BillCheckRefused).field("/document_id", reason, text)
}

fn spent(now: Moment) -> Problem {
    let ms = Moment::start_of(tomorrow(now)).as_ms().saturating_sub(now.as_ms());
    Problem::new(Code::BillChecksSpent)
        .detail(Text::fixed(
            "该票据或全部票据今日的查验次数已用完，请明天再查；这不表示票据有问题",
            "The day's checks of this bill, or of all, are used up: ask again tomorrow. That says nothing against the bill",
        ))
        .header(RETRY_AFTER, HeaderValue::from(ms.saturating_add(999).div_euclid(1_000)))
}
