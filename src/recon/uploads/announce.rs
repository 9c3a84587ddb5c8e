//! `POST /v1/recon/uploads`: the bank's job says what it is about to send.

use std::sync::Arc;

use actix_web::{post, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::Deserialize;
use time::Date;
use utoipa::ToSchema;
use validator::Validate;

use super::rows::upload;
use super::show::UploadView;
use super::{LARGEST_BYTES, link};
use crate::app::App;
use crate::gm::MAX_SIGNATURE_BYTES;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Idempotency, MachineCaller, Problem, Reply};
use crate::kernel::clock::iso_date;
use crate::kernel::text::Text;
use crate::payouts::bank::BankLink;
use crate::recon::documents::BankDocumentKind;
use crate::recon::{BreakKind, Seen, raise};

/// What is about to be sent.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBankUpload {
    /// What it is.
    kind: BankDocumentKind,
    /// The account that it is about.
    #[validate(length(min = 1, max = 40))]
    #[schema(min_length = 1, max_length = 40, example = "6222020000001")]
    account: String,
    /// The day that it is about.
    #[serde(with = "iso_date")]
    #[schema(value_type = String, format = Date, example = "2026-03-16")]
    business_date: Date,
    /// Its number, as the bank counts files of the kind; absent for files that are not counted.
    #[validate(range(min = 1, max = 9_999_999_999_i64))]
    #[schema(minimum = 1, maximum = 9_999_999_999_i64, example = 1)]
    #[serde(default)]
    seq: Option<i64>,
    /// Bytes, at most 256 MiB.
    #[validate(range(min = 1, max = 268_435_456))]
    #[schema(minimum = 1, maximum = 268_435_456, example = 1024)]
    size_bytes: i64,
    /// SHA-256 of its bytes, in hex.
    #[validate(length(equal = 64))]
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-fA-F]{64}$")]
    sha256: String,
    /// The bank's detached SM2 signature (GM/T 0010-2012) over its bytes, in Base64; needed when certificates are configured.
    #[validate(length(min = 1, max = 90_000))]
    #[schema(min_length = 1, max_length = 90_000, format = Byte, example = "MIIB")]
    #[serde(default)]
    signature: Option<String>,
}

/// Announce a file
///
/// Statements, results and returns that the bank's job brings. The same bytes again are the same upload (200, `duplicate`); other bytes under
/// a number that is taken are refused, and a break says so.
#[utoipa::path(
    tag = "bank", operation_id = "announce_bank_upload", security(("bearer" = ["bank:statement", "bank:report"])),
    request_body = NewBankUpload,
    params(("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64)),
    responses(
        (status = 201, description = "Send its bytes now", body = UploadView),
        (status = 200, description = "It was announced before", body = UploadView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Another file has its number: `bank_upload_number_taken`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`bank_not_configured`", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/recon/uploads")]
pub(super) async fn announce_bank_upload(
    app: web::Data<Arc<App>>,
    machine: MachineCaller,
    idempotency: Idempotency,
    body: Body<NewBankUpload>,
) -> Answer {
    let link = link(&app)?;
    let new = body.value;
    let signature = check(link, &new)?;
    if let Some(seq) = new.seq
        && let Some(other) = of_number(app.db.read(), link, new.kind, seq).await?
        && !other.sha256.eq_ignore_ascii_case(&new.sha256)
    {
        // The disagreement is written by itself: a refusal takes back whatever else its request has written.
        let what = "another file of this number was announced with another content";
        raise(app.db.write(), &app, Seen::new(BreakKind::B08, &link.account, new.sha256.to_ascii_lowercase(), what))
            .await?;
        return Err(Problem::new(Code::BankUploadNumberTaken));
    }
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let sha256 = new.sha256.to_ascii_lowercase();
            let same = upload::Entity::find()
                .filter(upload::Column::Account.eq(&link.account))
                .filter(upload::Column::Sha256.eq(&sha256))
                .one(txn)
                .await?;
            if let Some(same) = same {
                return Reply::ok(&UploadView::of(txn, same, true).await?);
            }
            let row = upload::ActiveModel {
                id: Set(app.ids.next()),
                client_id: Set(machine.client_id.clone()),
                account: Set(link.account.clone()),
                kind: Set(new.kind),
                business_date: Set(new.business_date),
                seq: Set(new.seq),
                size_bytes: Set(new.size_bytes),
                sha256: Set(sha256),
                signature: Set(signature.clone()),
                document_id: Set(None),
                announced_at_ms: Set(app.clock.now()),
                completed_at_ms: Set(None),
            };
            let row = upload::Entity::insert(row).exec_with_returning(txn).await?;
            Reply::created(format!("/v1/recon/uploads/{}", row.id), &UploadView::of(txn, row, false).await?)
        })
        .await
}

/// What no body of this shape may say; the signature's bytes otherwise.
fn check(link: &BankLink, new: &NewBankUpload) -> Result<Option<Vec<u8>>, Problem> {
    let wrong = |field, reason, detail| Problem::new(Code::ValidationFailed).field(field, reason, detail);
    if new.account != link.account {
        return Err(wrong("/account", "unknown_account", Text::fixed("没有这个账户", "There is no such account")));
    }
    if !new.sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong("/sha256", "not_hex", Text::fixed("请用十六进制填写", "Write it in hexadecimal")));
    }
    let largest = i64::try_from(new.kind.max_bytes()).unwrap_or(i64::MAX).min(LARGEST_BYTES);
    if new.size_bytes > largest {
        let told =
            Text::fixed("文件过大，请改用文件通道", "A file of this kind is not that large here: use a transport");
        return Err(wrong("/size_bytes", "too_large", told));
    }
    let Some(text) = &new.signature else {
        return if link.seals.is_some() {
            let told = Text::fixed("请附上银行签名", "Files of the bank are signed: send its detached signature");
            Err(wrong("/signature", "missing", told))
        } else {
            Ok(None)
        };
    };
    match STANDARD.decode(text) {
        Ok(signature) if signature.len() <= MAX_SIGNATURE_BYTES => Ok(Some(signature)),
        _ => Err(wrong("/signature", "not_base64", Text::fixed("不是 Base64 的签名", "It is no signature in Base64"))),
    }
}

async fn of_number(
    connection: &impl ConnectionTrait,
    link: &BankLink,
    kind: BankDocumentKind,
    seq: i64,
) -> Result<Option<upload::Model>, Problem> {
    let query = upload::Entity::find()
        .filter(upload::Column::Account.eq(&link.account))
        .filter(upload::Column::Kind.eq(kind))
        .filter(upload::Column::Seq.eq(seq));
    Ok(query.one(connection).await?)
}
