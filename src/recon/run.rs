//! A reconciliation run on demand: looks for statements now instead of at the next minute, and says what stands against what afterwards.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::fetch;
use super::rows::{recon_break, run, statement};
use super::show_run::RunView;
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Idempotency, Problem, Reply};
use crate::jobs::{self, JobContext, JobResult, JobSpec};
use crate::kernel::clock::iso_date;
use crate::kernel::text::Text;
use crate::payouts::job_error;

/// The job's name.
pub const KIND: &str = "recon.run";

/// Which account, and which day.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartRun {
    /// The account whose statements are looked for.
    #[validate(length(min = 1, max = 40))]
    #[schema(min_length = 1, max_length = 40, example = "6222020000001")]
    account: String,
    /// The closed day that it is about; the last one when absent.
    #[serde(default, with = "iso_date::option")]
    #[schema(value_type = Option<String>, format = Date, example = "2026-03-16")]
    business_date: Option<time::Date>,
}

/// Start a reconciliation run
///
/// Fetches and imports every statement that is ready, then says how the day stands. Running it again changes nothing.
#[utoipa::path(
    tag = "bank", operation_id = "start_recon_run", security(("bearer" = ["bank:statement"])),
    request_body = StartRun,
    params(("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64)),
    responses(
        (status = 202, description = "It will happen", body = RunView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`bank_not_configured`", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/recon/runs")]
pub(super) async fn start_recon_run(
    app: web::Data<Arc<App>>,
    idempotency: Idempotency,
    body: Body<StartRun>,
) -> Answer {
    let link = app.bank.as_ref().ok_or_else(|| Problem::new(Code::BankNotConfigured))?;
    let StartRun { account, business_date } = body.value;
    if account != link.account {
        return Err(Problem::new(Code::ValidationFailed).field(
            "/account",
            "unknown_account",
            Text::fixed("没有这个账户", "There is no such account"),
        ));
    }
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let id = app.ids.next();
            let row = run::ActiveModel {
                id: Set(id),
                account: Set(account.clone()),
                business_date: Set(business_date),
                state: Set("queued".to_owned()),
                started_at_ms: Set(app.clock.now()),
                ..Default::default()
            };
            let row = run::Entity::insert(row).exec_with_returning(txn).await?;
            jobs::enqueue(txn, &app, JobSpec::new(KIND, json!(Payload { run_id: id })).unique(id.to_string())).await?;
            Reply::accepted(&RunView::of(row, None))
        })
        .await
}

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    run_id: Uuid,
}

/// The job: takes what is ready, then writes how the account stands.
pub(super) async fn run(context: JobContext) -> JobResult {
    let app = &context.app;
    let Payload { run_id } = context.payload()?;
    let Some(link) = &app.bank else {
        return Err(jobs::JobError::Retry(anyhow::anyhow!("no bank is configured")));
    };
    let taken = fetch::fetch_all(app, link).await.map_err(job_error)?;
    let txn = app.db.begin().await?;
    let Some(row) = run::Entity::find_by_id(run_id).one(&txn).await? else { return Ok(()) };
    let statement = statement_of(&txn, &row).await?;
    let open = recon_break::Entity::find()
        .filter(recon_break::Column::Account.eq(&row.account))
        .filter(recon_break::Column::State.eq("open"))
        .count(&txn)
        .await?;
    let changes = run::ActiveModel {
        state: Set("done".to_owned()),
        statement_id: Set(statement.map(|statement| statement.id)),
        statements_taken: Set(Some(i32::try_from(taken).unwrap_or(i32::MAX))),
        breaks_open: Set(Some(i64::try_from(open).unwrap_or(i64::MAX))),
        done_at_ms: Set(Some(app.clock.now())),
        ..Default::default()
    };
    run::Entity::update_many()
        .set(changes)
        .filter(run::Column::Id.eq(run_id))
        .filter(run::Column::State.eq("queued"))
        .exec(&txn)
        .await?;
    context.finish(&txn).await?;
    txn.commit().await?;
    Ok(())
}

async fn statement_of(connection: &impl ConnectionTrait, run: &run::Model) -> Result<Option<statement::Model>, DbErr> {
    let mut query = statement::Entity::find().filter(statement::Column::Account.eq(&run.account));
    if let Some(date) = run.business_date {
        query = query.filter(statement::Column::BusinessDate.eq(date));
    }
    query.order_by_desc(statement::Column::Seq).one(connection).await
}
