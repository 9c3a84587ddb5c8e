//! What the staff see of a recovery in a list: sums, states and ages, nothing personal.

use std::collections::{HashMap, HashSet};

use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::changes::balance;
use super::rows::{instalment, objection, recovery};
use super::split::left_of;
use super::state::{Outcome, Reason, RecoveryState};
use crate::app::App;
use crate::http::Problem;
use crate::kernel::age::{LongAge, days_between};
use crate::kernel::clock::{Moment, iso_date};
use crate::kernel::money::Fen;
use crate::ledger::Basis;

/// Money that was paid wrongly, and what became of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Recovery)]
pub struct RecoveryView {
    /// Identifier.
    pub id: Uuid,
    /// What the member writes on a transfer.
    #[schema(max_length = 20, example = "ZH000000000018")]
    pub reference: String,
    /// The payout that paid it.
    pub payout_id: Uuid,
    /// Its claim.
    pub claim_id: Uuid,
    /// Why it is to come back.
    pub reason: Reason,
    /// Where the money stood in the books.
    pub basis: Basis,
    /// Where it stands.
    pub state: RecoveryState,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// How much.
    pub amount_fen: Fen,
    /// How much of it came back.
    pub repaid_fen: Fen,
    /// What the fund bears of it.
    pub written_off_fen: Fen,
    /// What is left.
    pub balance_fen: Fen,
    /// The day of the oldest agreed instalment that is not paid whole.
    #[serde(with = "iso_date::option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, example = "2026-05-31")]
    pub due_on: Option<time::Date>,
    /// What of the agreed instalments should have been paid and was not.
    pub overdue_fen: Fen,
    /// Whole days since the oldest of them was due.
    #[schema(minimum = 0, example = 0)]
    pub overdue_days: i64,
    /// The same as a bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overdue_bucket: Option<LongAge>,
    /// True while an objection of the member waits for its answer.
    pub objection_open: bool,
    /// Who opened it.
    pub opened_by: Uuid,
    /// When.
    pub opened_at: Moment,
    /// Who confirmed it; until then the member hears nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed_by: Option<Uuid>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Moment>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Moment>,
    /// Rises with every change; its entity tag.
    #[schema(minimum = 1)]
    pub version: i64,
}

/// What a member writes on a transfer, so that a person finds the recovery: ZH and the last twelve digits of its identifier.
pub(super) fn reference(id: Uuid) -> String {
    let text = id.simple().to_string();
    format!("ZH{}", text.get(20..).unwrap_or_default().to_uppercase())
}

impl RecoveryView {
    /// One recovery.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn one(connection: &impl ConnectionTrait, app: &App, row: recovery::Model) -> Result<Self, Problem> {
        let mut views = Self::many(connection, app, vec![row]).await?;
        views.pop().ok_or_else(|| Problem::internal(anyhow::anyhow!("a recovery without its view")))
    }

    /// Several recoveries, in their order.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn many(
        connection: &impl ConnectionTrait,
        app: &App,
        rows: Vec<recovery::Model>,
    ) -> Result<Vec<Self>, Problem> {
        let today = app.clock.now().date();
        let agreed = agreed_instalments(connection, &rows).await?;
        let objected = open_objections(connection, &rows).await?;
        rows.into_iter()
            .map(|row| {
                let instalments = agreed.get(&row.id).map_or(&[][..], Vec::as_slice);
                let left = left_of(instalments, row.amount_fen, row.repaid_fen)?;
                let late = instalments.iter().zip(left).filter(|(one, _)| row.outcome.is_none() && one.due_on < today);
                let overdue_fen = Fen::sum(late.map(|(_, left)| left))?;
                let overdue_days = row.due_on.map_or(0, |due_on| days_between(due_on, today));
                Ok(Self {
                    reference: reference(row.id),
                    balance_fen: if row.outcome.is_none() { balance(&row)? } else { Fen::ZERO },
                    overdue_fen,
                    overdue_days,
                    overdue_bucket: (overdue_days > 0).then(|| LongAge::of(overdue_days)),
                    objection_open: objected.contains(&row.id),
                    id: row.id,
                    payout_id: row.payout_id,
                    claim_id: row.claim_id,
                    reason: row.reason,
                    basis: row.basis,
                    state: row.state,
                    outcome: row.outcome,
                    amount_fen: row.amount_fen,
                    repaid_fen: row.repaid_fen,
                    written_off_fen: row.written_off_fen,
                    due_on: row.due_on,
                    opened_by: row.opened_by,
                    opened_at: row.opened_at_ms,
                    confirmed_by: row.confirmed_by,
                    confirmed_at: row.confirmed_at_ms,
                    closed_at: row.closed_at_ms,
                    version: row.version,
                })
            })
            .collect()
    }
}

async fn agreed_instalments(
    connection: &impl ConnectionTrait,
    rows: &[recovery::Model],
) -> Result<HashMap<Uuid, Vec<instalment::Model>>, Problem> {
    let mut wanted = Condition::any();
    let agreed: Vec<&recovery::Model> = rows.iter().filter(|row| row.agreed_revision > 0).collect();
    for row in &agreed {
        wanted = wanted.add(
            Condition::all()
                .add(instalment::Column::RecoveryId.eq(row.id))
                .add(instalment::Column::Revision.eq(row.agreed_revision)),
        );
    }
    let mut found: HashMap<Uuid, Vec<instalment::Model>> = HashMap::new();
    if agreed.is_empty() {
        return Ok(found);
    }
    let instalments = instalment::Entity::find().filter(wanted).order_by_asc(instalment::Column::InstalmentNo);
    for one in instalments.all(connection).await? {
        found.entry(one.recovery_id).or_default().push(one);
    }
    Ok(found)
}

async fn open_objections(
    connection: &impl ConnectionTrait,
    rows: &[recovery::Model],
) -> Result<HashSet<Uuid>, Problem> {
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let open = objection::Entity::find()
        .filter(objection::Column::RecoveryId.is_in(rows.iter().map(|row| row.id)))
        .filter(objection::Column::AnsweredAtMs.is_null())
        .all(connection)
        .await?;
    Ok(open.into_iter().map(|row| row.recovery_id).collect())
}

/// An instalment, with what is left of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RecoveryInstalment)]
pub struct InstalmentView {
    /// Which, from 1.
    #[schema(minimum = 1, maximum = 60, example = 1)]
    pub instalment_no: i32,
    /// How much.
    pub amount_fen: Fen,
    /// Until the end of which day.
    #[serde(with = "iso_date")]
    #[schema(value_type = String, format = Date, example = "2026-05-31")]
    pub due_on: time::Date,
    /// What is left of it.
    pub left_fen: Fen,
}

/// Instalments with what is left of each.
pub(super) fn instalments(rows: Vec<instalment::Model>, of: &recovery::Model) -> Result<Vec<InstalmentView>, Problem> {
    let left = left_of(&rows, of.amount_fen, of.repaid_fen)?;
    let view = |(row, left_fen): (instalment::Model, Fen)| InstalmentView {
        instalment_no: row.instalment_no,
        amount_fen: row.amount_fen,
        due_on: row.due_on,
        left_fen,
    };
    Ok(rows.into_iter().zip(left).map(view).collect())
}
