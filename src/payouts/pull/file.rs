//! The bytes of a batch for the bank's job: in an envelope that the job carries and only the bank opens, with the fund's signature beside it.

use std::ops::Range;
use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;
use sea_orm::sea_query::OnConflict;
use sha2::{Digest, Sha256};

use super::receipt::released;
use super::rows::envelope;
use crate::app::App;
use crate::documents::FileBytes;
use crate::http::problem::ProblemBody;
use crate::http::range::wanted_range;
use crate::http::{Answer, Code, MachineCaller, Problem};
use crate::kernel::text::Text;
use crate::payouts::bank::{BankLink, Seals};
use crate::payouts::dispatch;
use crate::payouts::rows::batch;

/// Fetch a batch's file
///
/// The exact bytes that were released, in an SM4 envelope (GM/T 0010-2012) for the bank's certificate: whoever carries it cannot read it. The
/// same envelope however often it is asked for, in parts if need be. The first time counts as sending: a receipt is due within the hour.
#[utoipa::path(
    tag = "bank", operation_id = "fetch_batch_file", security(("bearer" = ["bank:fetch"])),
    params(
        ("batch_ref" = String, Path, description = "The batch's name at the bank", max_length = 30, pattern = "^[0-9A-Z]{1,30}$", example = "7H3K9QW2M5RTB8XE6CV1DANJ4P"),
        ("Range" = Option<String>, Header, description = "One range of bytes", example = "bytes=0-1023"),
    ),
    responses(
        (status = 200, description = "The whole envelope, with its digest in `Repr-Digest`", content((FileBytes = "application/pkcs7-mime"))),
        (status = 206, description = "The range that was asked for", content((FileBytes = "application/pkcs7-mime"))),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It may not go out now: `batch_state_conflict`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 416, description = "The range lies behind the end: `range_not_satisfiable`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`bank_not_configured`: no bank, or no certificate to seal for", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/recon/payout-batches/{batch_ref}/file")]
pub(super) async fn fetch_batch_file(
    app: web::Data<Arc<App>>,
    machine: MachineCaller,
    path: web::Path<String>,
    request: HttpRequest,
) -> Answer {
    let (link, seals) = sealing(&app)?;
    let batch = released(app.db.read(), &path, &link.account).await?;
    let bytes = dispatch::hand_over(&app, link, &batch).await?;
    app.job_written.notify_waiters();
    let Some(bytes) = bytes else {
        return Err(Problem::new(Code::BatchStateConflict).detail(Text::fixed(
            "该批次现在不能取走：请查看批次状态与差异列表",
            "This batch may not go out now: look at its state and at the breaks",
        )));
    };
    let kept = envelope_of(&app, seals, &batch, &bytes).await?;
    let etag = format!("\"{}\"", kept.sha256);
    let range = wanted_range(request.headers(), kept.bytes.len() as u64, &etag)?;
    tracing::info!(batch.id = %batch.id, client.id = machine.client_id, range = range.is_some(), "payouts.file was fetched by the bank's job");
    answer(kept, range, &etag)
}

/// Fetch the signature of a batch's file
///
/// The fund's detached SM2 signature (GM/T 0010-2012) over the exact bytes in the envelope.
#[utoipa::path(
    tag = "bank", operation_id = "fetch_batch_signature", security(("bearer" = ["bank:fetch"])),
    params(("batch_ref" = String, Path, description = "The batch's name at the bank", max_length = 30, pattern = "^[0-9A-Z]{1,30}$", example = "7H3K9QW2M5RTB8XE6CV1DANJ4P")),
    responses(
        (status = 200, description = "The signature", content((FileBytes = "application/pkcs7-signature"))),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Its file was not fetched yet: `batch_state_conflict`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`bank_not_configured`: no bank, or no certificate to seal for", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/recon/payout-batches/{batch_ref}/file.p7s")]
pub(super) async fn fetch_batch_signature(app: web::Data<Arc<App>>, path: web::Path<String>) -> Answer {
    let (link, _) = sealing(&app)?;
    let batch = released(app.db.read(), &path, &link.account).await?;
    let kept = envelope::Entity::find_by_id(batch.id).one(app.db.read()).await?;
    let kept = kept.ok_or_else(|| Problem::new(Code::BatchStateConflict))?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/pkcs7-signature"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(kept.signature))
}

fn sealing(app: &App) -> Result<(&BankLink, &Seals), Problem> {
    let link = app.bank.as_ref().ok_or_else(|| Problem::new(Code::BankNotConfigured))?;
    if !link.pulled {
        // Its batches are sent: there is no file to come for.
        return Err(Problem::new(Code::NotFound));
    }
    let seals = link.seals.as_deref().ok_or_else(|| {
        Problem::new(Code::BankNotConfigured).detail(Text::fixed(
            "尚未配置银行证书，文件不能加封：请设置 [bank.seals]",
            "There is no certificate of the bank to seal the file for: set [bank.seals]",
        ))
    })?;
    Ok((link, seals))
}

/// The envelope of a batch, made when it is first taken and kept: a part of it fits every other part.
async fn envelope_of(app: &App, seals: &Seals, batch: &batch::Model, bytes: &[u8]) -> Result<envelope::Model, Problem> {
    if let Some(kept) = envelope::Entity::find_by_id(batch.id).one(app.db.read()).await? {
        return Ok(kept);
    }
    let now = app.clock.now();
    let sealed = seals.seal(bytes, now, app.chance.as_ref()).map_err(Problem::internal)?;
    let row = envelope::ActiveModel {
        batch_id: Set(batch.id),
        sha256: Set(hex::encode(Sha256::digest(&sealed))),
        bytes: Set(sealed),
        signature: Set(seals.sign(bytes, now).map_err(Problem::internal)?),
        made_at_ms: Set(now),
    };
    // Two at once make two envelopes; the first one counts.
    envelope::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(app.db.write())
        .await?;
    let kept = envelope::Entity::find_by_id(batch.id).one(app.db.write()).await?;
    kept.ok_or_else(|| Problem::internal(anyhow::anyhow!("the envelope that was just made is missing")))
}

fn answer(kept: envelope::Model, range: Option<Range<u64>>, etag: &str) -> Answer {
    let size = kept.bytes.len();
    let mut response = match &range {
        None => HttpResponse::Ok(),
        Some(_) => HttpResponse::PartialContent(),
    };
    let digest = hex::decode(&kept.sha256).map_err(Problem::internal)?;
    response
        .insert_header((header::CONTENT_TYPE, "application/pkcs7-mime"))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header(("repr-digest", format!("sha-256=:{}:", STANDARD.encode(digest))));
    let part = match range {
        None => kept.bytes,
        Some(range) => {
            let span = format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1));
            response.insert_header((header::CONTENT_RANGE, span));
            let from = usize::try_from(range.start).map_err(Problem::internal)?;
            let to = usize::try_from(range.end).map_err(Problem::internal)?;
            kept.bytes.get(from..to).unwrap_or_default().to_vec()
        }
    };
    let digest = STANDARD.encode(Sha256::digest(&part));
    Ok(response.insert_header(("content-digest", format!("sha-256=:{digest}:"))).body(part))
}
