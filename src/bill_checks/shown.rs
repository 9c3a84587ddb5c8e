//! What is shown of checks: everything to the reviewer; to the member only whether the bill was looked up, not what came of it.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::bill::BillQuery;
use super::rows::{BillSource, Column, Entity, Model, VerdictWord};
use super::verifier::{Reason, Verdict};
use crate::app::App;
use crate::http::Problem;
use crate::kernel::clock::Moment;
use crate::kernel::text::Text;

/// A bill on a document, and what the fiscal platform says of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BillCheck {
    /// The document that tells the bill.
    pub document_id: Uuid,
    /// The bill's number (票据号码), as it stands there.
    #[schema(min_length = 10, max_length = 10, pattern = "^[0-9]{10}$", example = "0000420117")]
    pub bill_number: String,
    /// Where its parts were read.
    #[schema(example = "qr")]
    pub source: BillSource,
    /// What came of it; none while nobody has looked yet. `cannot_be_checked` says nothing against the bill.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VerdictWord>,
    /// Why it can't be checked, when it can't.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// When the verdict was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<Moment>,
    /// When it will be looked at again; none when it will not by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asks_again_at: Option<Moment>,
    /// The same in words.
    pub text: Text,
}

impl BillCheck {
    /// True when the platform says that there is no such bill.
    #[must_use]
    pub fn is_false(&self) -> bool {
        self.verdict == Some(VerdictWord::False)
    }

    fn of(app: &App, row: &Model) -> Result<Self, Problem> {
        let bill = BillQuery::open(&app.sealer, &row.query_sealed).map_err(Problem::internal)?;
        Ok(Self {
            document_id: row.document_id,
            bill_number: bill.number,
            source: row.source,
            verdict: row.verdict,
            reason: row.reason,
            checked_at: row.answered_at_ms,
            asks_again_at: row.next_ask_at_ms,
            text: row.outcome().map_or(Text::fixed("尚未查验", "Not checked yet"), Verdict::text),
        })
    }
}

/// The checks of a claim's bills, oldest first.
///
/// # Errors
/// Those of the database, and a row that does not open.
pub async fn of_claim(connection: &impl ConnectionTrait, app: &App, claim_id: Uuid) -> Result<Vec<BillCheck>, Problem> {
    let rows = Entity::find()
        .filter(Column::ClaimId.eq(claim_id))
        .order_by_asc(Column::CreatedAtMs)
        .order_by_asc(Column::Id)
        .all(connection)
        .await?;
    rows.iter().map(|row| BillCheck::of(app, row)).collect()
}

/// Of these documents those that tell a bill, each with whether the platform answered for all its bills.
///
/// # Errors
/// Those of the database.
pub async fn checked(connection: &impl ConnectionTrait, documents: Vec<Uuid>) -> Result<HashMap<Uuid, bool>, DbErr> {
    let rows = Entity::find().filter(Column::DocumentId.is_in(documents)).all(connection).await?;
    let mut checked = HashMap::new();
    for row in rows {
        let answered = matches!(row.verdict, Some(VerdictWord::True | VerdictWord::False));
        checked.entry(row.document_id).and_modify(|all| *all &= answered).or_insert(answered);
    }
    Ok(checked)
}
