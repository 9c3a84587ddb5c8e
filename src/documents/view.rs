//! A document as the wire shows it.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::bill::{self, Bill};
use super::bills;
use super::limits::MAX_FILE_BYTES;
use super::pictures::{Code, Letters, Measures, Place, advise};
use super::readings::{self, DocumentField, DocumentReading, DocumentWarning, Shown};
use super::rows::{Rendition, document, file, upload};
use super::state::{DocumentKind, DocumentState, Reason};
use crate::app::App;
use crate::bill_checks;
use crate::http::Problem;
use crate::kernel::clock::Moment;
use crate::kernel::text::Text;

/// One document of a claim.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Document {
    /// The document.
    #[schema(example = "0195a3c0-0000-7000-8000-000000000001")]
    pub id: Uuid,
    /// The claim that it belongs to.
    #[schema(example = "0195a3c0-0000-7000-8000-000000000000")]
    pub claim_id: Uuid,
    /// What it shows, as the member says.
    #[schema(example = "settlement_sheet")]
    pub kind: DocumentKind,
    /// Where it stands.
    #[schema(example = "clean")]
    pub state: DocumentState,
    /// Where it stands, in words.
    pub state_text: Text,
    /// Why it was refused and what to do, when it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<DocumentReason>,
    /// Bytes of the original.
    #[schema(minimum = 1, maximum = 20_971_520, example = 1_843_200)]
    pub size_bytes: i64,
    /// Bytes that are safely here.
    #[schema(minimum = 0, maximum = 20_971_520, example = 1_843_200)]
    pub received_bytes: i64,
    /// Where the bytes go (tus 1.0), while they are on their way.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, example = "/v1/uploads/0195a3c0-0000-7000-8000-000000000001")]
    pub upload_url: Option<String>,
    /// Until when the next byte must come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload_expires_at: Option<Moment>,
    /// What a photograph should be looked at for again; it may stay as it is. None for a PDF, and before it is checked. When its print is read
    /// it is said again, and may be other: `good` before that is a first look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<DocumentQuality>,
    /// The QR codes that were read on it, when it is clean: what stands there, not what is true.
    #[schema(max_items = 16)]
    pub codes: Vec<DocumentCode>,
    /// How far its print is read; none where no reader is installed or nothing is looked for on such a document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reading: Option<DocumentReading>,
    /// What stands on it, in codes and in print: proposals to confirm, not facts.
    #[schema(max_items = 64)]
    pub fields: Vec<DocumentField>,
    /// What does not agree on it; nothing is refused for it.
    #[schema(max_items = 64)]
    pub warnings: Vec<DocumentWarning>,
    /// Whether the fiscal bill on it was looked up at its source; not what came of it, which its reviewer sees. None without such a bill.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill_checked: Option<bool>,
    /// The files that can be read, when it is clean.
    #[schema(max_items = 32)]
    pub renditions: Vec<DocumentRendition>,
    /// Rises with each change; the entity tag.
    #[schema(minimum = 1, example = 4)]
    pub version: i64,
    /// When it was announced.
    pub created_at: Moment,
    /// When it last changed.
    pub updated_at: Moment,
}

/// Names the bytes of a file in the HTTP document: a client sends and reads them as they are. Nothing is ever made of it.
pub enum FileBytes {}

impl PartialSchema for FileBytes {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .description(Some("The bytes of a file, as they are."))
            .max_length(usize::try_from(MAX_FILE_BYTES).ok())
            .into()
    }
}

impl ToSchema for FileBytes {}

/// Why a document was refused.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DocumentReason {
    /// Stable: `checksum_mismatch`, `not_a_picture`, `picture_damaged`…
    #[schema(max_length = 100, example = "picture_damaged")]
    pub code: String,
    /// What happened and what to do.
    pub text: Text,
}

/// Whether a photograph can probably be read.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DocumentQuality {
    /// True when there is nothing to advise.
    pub good: bool,
    /// What to look at again; nothing is refused for it.
    #[schema(max_items = 7)]
    pub advice: Vec<DocumentAdvice>,
}

/// One thing to look at again.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DocumentAdvice {
    /// Stable: `blurred`, `too_dark`, `glare`, `cut_edge`, `too_small`, `not_a_document`, `upside_down`.
    #[schema(max_length = 50, example = "blurred")]
    pub code: &'static str,
    /// What may be wrong and what helps.
    pub text: Text,
}

impl DocumentQuality {
    fn of(row: &document::Model, letters: Letters) -> Option<Self> {
        let measures: Measures = serde_json::from_value(row.measures.clone()?).ok()?;
        let found = advise(&measures, letters);
        let advice = found.into_iter().map(|advice| DocumentAdvice { code: advice.code(), text: advice.text() });
        let advice: Vec<DocumentAdvice> = advice.collect();
        Some(Self { good: advice.is_empty(), advice })
    }
}

/// One QR code on a document.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DocumentCode {
    /// Which page, counted from one.
    #[schema(minimum = 1, maximum = 30, example = 1)]
    pub page: u8,
    /// Where it stands on the page's reading copy.
    pub place: Place,
    /// What it says, as it stands there.
    #[schema(max_length = 7_089, example = "ebill,11010126,0000420117,hz7q2m,2026-03-16,35991.35")]
    pub text: String,
    /// What that says of the bill, when it has a known form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill: Option<Bill>,
}

impl DocumentCode {
    pub(super) fn all_of(app: &App, row: &document::Model) -> Result<Vec<Self>, Problem> {
        let codes = bills::codes(app, row).map_err(Problem::internal)?;
        let code = |Code { page, text, place }| Self { page, place, bill: bill::read(&text), text };
        Ok(codes.into_iter().map(code).collect())
    }
}

/// A file of a document.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DocumentRendition {
    /// Which.
    pub rendition: Rendition,
    /// Which page of a PDF, counted from one.
    #[schema(minimum = 1, maximum = 30, example = 1)]
    pub page: i32,
    /// Its media type.
    #[schema(max_length = 50, example = "image/jpeg")]
    pub content_type: String,
    /// Its size in bytes.
    #[schema(minimum = 1, example = 477_000)]
    pub size_bytes: i64,
    /// Its SHA-256 in hexadecimal digits.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub sha256: String,
    /// Width in pixels; of a PDF's master, in points of its first page.
    #[schema(minimum = 1, maximum = 65_535, example = 1500)]
    pub width: i32,
    /// Height in the same.
    #[schema(minimum = 1, maximum = 65_535, example = 2000)]
    pub height: i32,
}

/// Shows documents with their files and uploads.
///
/// # Errors
/// Those of the database, and a row that does not open.
pub(super) async fn show_all(app: &App, documents: Vec<document::Model>) -> Result<Vec<Document>, Problem> {
    let connection = app.db.read();
    let ids: Vec<Uuid> = documents.iter().map(|document| document.id).collect();
    let uploads: HashMap<Uuid, upload::Model> = upload::Entity::find()
        .filter(upload::Column::DocumentId.is_in(ids.clone()))
        .all(connection)
        .await?
        .into_iter()
        .map(|upload| (upload.document_id, upload))
        .collect();
    let readings = readings::of(connection, ids.clone()).await?;
    let checked = bill_checks::checked(connection, ids.clone()).await?;
    let mut files: HashMap<Uuid, Vec<file::Model>> = HashMap::new();
    for file in file::Entity::find()
        .filter(file::Column::DocumentId.is_in(ids))
        .order_by_asc(file::Column::Page)
        .all(connection)
        .await?
    {
        files.entry(file.document_id).or_default().push(file);
    }
    documents
        .into_iter()
        .map(|document| {
            let own = files.remove(&document.id).unwrap_or_default();
            let codes = DocumentCode::all_of(app, &document)?;
            let upload = uploads.get(&document.id);
            let shown = readings::show(app, &document, &codes, readings.get(&document.id))?;
            let bill_checked = checked.get(&document.id).copied();
            Ok(Document { bill_checked, ..show(document, upload, own, codes, shown) })
        })
        .collect()
}

/// Shows one document.
pub(super) fn show(
    row: document::Model,
    upload: Option<&upload::Model>,
    files: Vec<file::Model>,
    codes: Vec<DocumentCode>,
    Shown { reading, letters, fields, warnings }: Shown,
) -> Document {
    let open = upload.filter(|_| row.state == DocumentState::Receiving);
    let reason = row.reason_code.as_deref().and_then(Reason::of_code).filter(|_| row.state == DocumentState::Rejected);
    Document {
        id: row.id,
        claim_id: row.claim_id,
        kind: row.kind,
        state: row.state,
        state_text: row.state.text(),
        reason: reason.map(|reason| DocumentReason { code: reason.code().to_owned(), text: reason.text() }),
        quality: DocumentQuality::of(&row, letters).filter(|_| row.state == DocumentState::Clean),
        size_bytes: row.size_bytes,
        received_bytes: upload.map_or(0, |upload| upload.durable_offset),
        upload_url: open.map(|upload| upload_url(upload.document_id)),
        upload_expires_at: open.and_then(|upload| upload.expires_at_ms),
        codes,
        reading,
        fields,
        warnings,
        bill_checked: None,
        renditions: files
            .into_iter()
            .map(|file| DocumentRendition {
                rendition: file.rendition,
                page: file.page,
                content_type: file.content_type,
                size_bytes: file.size_bytes,
                sha256: hex::encode(file.sha256),
                width: file.width,
                height: file.height,
            })
            .collect(),
        version: row.version,
        created_at: row.created_at_ms,
        updated_at: row.updated_at_ms,
    }
}

/// Where an upload's bytes go.
pub(super) fn upload_url(id: Uuid) -> String {
    format!("/v1/uploads/{id}")
}
