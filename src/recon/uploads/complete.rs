//! `POST /v1/recon/uploads/{upload_id}/complete`: from now on the file takes its effect.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::rows::upload;
use super::show::UploadView;
use super::{find, link};
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Code, Idempotency, Problem, Reply};
use crate::jobs::{self, JobContext, JobError, JobResult, JobSpec};
use crate::kernel::text::Text;
use crate::payouts::job_error;
use crate::recon::documents;

/// The job's name.
pub const KIND: &str = "recon.apply_upload";

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    document_id: Uuid,
}

/// Complete an upload
///
/// The file is read, checked and applied by a job; ask for the upload to see what became of it. Completed again, it changes nothing.
#[utoipa::path(
    tag = "bank", operation_id = "complete_bank_upload", security(("bearer" = ["bank:statement", "bank:report"])),
    params(
        ("upload_id" = Uuid, Path, description = "The upload"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 202, description = "It will be read", body = UploadView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Its bytes did not come yet: `conflict`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`bank_not_configured`", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/recon/uploads/{upload_id}/complete")]
pub(super) async fn complete_bank_upload(
    app: web::Data<Arc<App>>,
    idempotency: Idempotency,
    path: web::Path<Uuid>,
) -> Answer {
    let link = link(&app)?;
    idempotency
        .once(&app, [0; 32], async |txn| {
            let upload = find(txn, link, *path).await?;
            let Some(document_id) = upload.document_id else {
                return Err(Problem::new(Code::Conflict)
                    .detail(Text::fixed("请先发送文件内容", "Send the bytes of the file first")));
            };
            upload::Entity::update_many()
                .col_expr(upload::Column::CompletedAtMs, Expr::value(app.clock.now()))
                .filter(upload::Column::Id.eq(upload.id))
                .filter(upload::Column::CompletedAtMs.is_null())
                .exec(txn)
                .await?;
            let spec = JobSpec::new(KIND, json!(Payload { document_id })).unique(document_id.to_string());
            jobs::enqueue(txn, &app, spec).await?;
            let upload = find(txn, link, upload.id).await?;
            Reply::accepted(&UploadView::of(txn, upload, false).await?)
        })
        .await
}

/// The job: the document takes its effect.
pub(super) async fn run(context: JobContext) -> JobResult {
    let Payload { document_id } = context.payload()?;
    let app = &context.app;
    let Some(link) = &app.bank else {
        return Err(JobError::Retry(anyhow::anyhow!("no bank is configured")));
    };
    documents::apply(app, link, document_id).await.map_err(job_error)?;
    Ok(())
}
