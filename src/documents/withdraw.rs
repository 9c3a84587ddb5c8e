//! `DELETE /v1/documents/{document_id}`: the member takes a document back while the claim is a draft.

use std::sync::Arc;

use actix_web::{delete, web};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::change::{Change, change};
use super::claim::{self, ClaimFacts};
use super::rows::{document, file};
use super::sender::Sender;
use super::state::DocumentState;
use super::sweep::{close_upload, forget_spool, remove_objects_job};
use super::{matches, readings};
use crate::app::App;
use crate::bill_checks;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Code, IfMatch, Problem, Reply};
use crate::jobs;

/// Take a document back
///
/// While the claim is a draft. Its files are removed for good. 在草稿状态撤回一份材料，文件随即删除。
#[utoipa::path(
    tag = "member",
    operation_id = "withdraw_document",
    security(("bearer" = ["document:upload"])),
    params(
        ("document_id" = Uuid, Path, description = "The document"),
        ("If-Match" = String, Header, description = "The ETag that was read", example = "\"3\""),
    ),
    responses(
        (status = 204, description = "Taken back"),
        (status = 404, description = "No such document of yours: `not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The claim is no draft any more (`claim_takes_no_documents`), or the document is being checked (`document_state_conflict`)", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "It changed since you read it: `stale_version`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 428, description = "`if_match_missing`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[delete("/v1/documents/{document_id}")]
pub(super) async fn withdraw_document(
    app: web::Data<Arc<App>>,
    sender: Sender,
    document_id: web::Path<Uuid>,
    if_match: IfMatch,
) -> Answer {
    let txn = app.db.begin().await?;
    let (document, claim) = own(&txn, *document_id, sender).await?;
    if_match.check(document.version)?;
    if !claim.is_draft() {
        return Err(Problem::new(Code::ClaimTakesNoDocuments));
    }
    withdraw(&app, &txn, &document).await?;
    txn.commit().await?;
    app.job_written.notify_waiters();
    forget_spool(&app, *document_id).await;
    Ok(Reply::no_content().into_response())
}

async fn own(
    txn: &DatabaseTransaction,
    document_id: Uuid,
    sender: Sender,
) -> Result<(document::Model, ClaimFacts), Problem> {
    let not_found = || Problem::new(Code::NotFound);
    let document = super::find(txn, document_id).await?.ok_or_else(not_found)?;
    let claim = claim::locked_facts(txn, document.claim_id).await?.ok_or_else(not_found)?;
    if sender.owns(txn, &claim).await? { Ok((document, claim)) } else { Err(not_found()) }
}

/// Withdraws a document in the caller's transaction: nobody can write to it, read it, or find its files any more.
pub(super) async fn withdraw(app: &App, txn: &DatabaseTransaction, document: &document::Model) -> Result<(), Problem> {
    change(app, txn, document, Change::to(DocumentState::Withdrawn)).await?;
    close_upload(txn, document.id).await?;
    // In this order: a reading that ends at this moment holds its row, and has written its check when it lets go.
    readings::forget(txn, document.id).await?;
    bill_checks::forget(txn, document.id).await?;
    matches::forget(txn, document.id).await.map_err(Problem::internal)?;
    let files = file::Entity::find().filter(file::Column::DocumentId.eq(document.id)).all(txn).await?;
    if !files.is_empty() {
        let names: Vec<String> = files.into_iter().map(|file| file.object_key).collect();
        file::Entity::delete_many().filter(file::Column::DocumentId.eq(document.id)).exec(txn).await?;
        jobs::enqueue(txn, app, remove_objects_job(document.id, &names)).await?;
    }
    Ok(())
}
