//! A document as it is shown: what it is, where it stands, its counters and errors. Nothing of what stands in it.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use time::Date;
use utoipa::ToSchema;
use uuid::Uuid;

use super::rows::document;
use super::{BankDocumentKind, BankDocumentSource, BankDocumentState};
use crate::http::Problem;
use crate::kernel::clock::{Moment, iso_date};

/// Something that is wrong at one place of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = BankDocumentFault)]
pub struct Fault {
    /// Where: `line 7`, `byte 4711`, `entry 3`.
    #[schema(max_length = 100, example = "line 7")]
    pub at: String,
    /// What, in stable words.
    #[schema(max_length = 200, example = "the amount is not whole fen")]
    pub code: String,
}

/// Most faults that are kept of one document.
const FAULTS: usize = 100;

impl Fault {
    /// At most a hundred of `faults`, as they are kept.
    #[must_use]
    pub(super) fn kept(faults: &[Self]) -> serde_json::Value {
        serde_json::json!(faults.get(..FAULTS).unwrap_or(faults))
    }
}

/// A document of the bank.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BankDocumentView {
    /// Identifier.
    pub id: Uuid,
    /// The account.
    #[schema(max_length = 40, example = "6222020000001")]
    pub account: String,
    /// What it is.
    pub kind: BankDocumentKind,
    /// By which road it came.
    pub source: BankDocumentSource,
    /// Its name on that road.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 255, example = "camt053_20261123.xml")]
    pub name: Option<String>,
    /// The day that it is about.
    #[serde(with = "iso_date::option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, example = "2026-11-23")]
    pub business_date: Option<Date>,
    /// Its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub seq: Option<i64>,
    /// Digest of its bytes.
    #[schema(min_length = 64, max_length = 64)]
    pub sha256: String,
    /// Bytes.
    #[schema(minimum = 0)]
    pub size_bytes: i64,
    /// SHA-256 of the bank's certificate by which its signature counts; absent where none is asked for, or none counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub signed_by: Option<String>,
    /// Where it stands.
    pub state: BankDocumentState,
    /// Bookings or results that it holds.
    #[schema(minimum = 0)]
    pub items: i64,
    /// Those of them that had an effect.
    #[schema(minimum = 0)]
    pub applied: i64,
    /// Those that had none.
    #[schema(minimum = 0)]
    pub ignored: i64,
    /// Why it was kept out, or what it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 400, example = "number 7 after 5: a statement is missing")]
    pub why: Option<String>,
    /// What is wrong in it, at most 100.
    #[schema(max_items = 100)]
    pub errors: Vec<Fault>,
    /// When it came.
    pub received_at: Moment,
    /// When it took effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied_at: Option<Moment>,
}

impl From<document::Model> for BankDocumentView {
    fn from(row: document::Model) -> Self {
        Self {
            id: row.id,
            account: row.account,
            kind: row.kind,
            source: row.source,
            name: row.name,
            business_date: row.business_date,
            seq: row.seq,
            sha256: row.sha256,
            size_bytes: row.size_bytes,
            signed_by: row.signed_by,
            state: row.state,
            items: row.item_count,
            applied: row.applied_count,
            ignored: row.ignored_count,
            why: row.why,
            errors: serde_json::from_value(row.errors).unwrap_or_default(),
            received_at: row.received_at_ms,
            applied_at: row.applied_at_ms,
        }
    }
}

/// The document, when there is such a one of `account`.
///
/// # Errors
/// Those of the database.
pub async fn show(
    connection: &impl ConnectionTrait,
    account: &str,
    id: Uuid,
) -> Result<Option<BankDocumentView>, Problem> {
    let row = document::Entity::find_by_id(id).filter(document::Column::Account.eq(account)).one(connection).await?;
    Ok(row.map(BankDocumentView::from))
}

/// The newest documents first, at most `limit`.
///
/// # Errors
/// Those of the database.
pub async fn list(connection: &impl ConnectionTrait, limit: u64) -> Result<Vec<BankDocumentView>, Problem> {
    let rows = document::Entity::find().order_by_desc(document::Column::Id).limit(limit).all(connection).await?;
    Ok(rows.into_iter().map(BankDocumentView::from).collect())
}
