//! One recovery with everything about it: parts, instalments, objections, repayments, proposals, and who did what.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::changes::{instalments_of, load, parts};
use super::ending::EndingView;
use super::limit;
use super::object::ObjectionView;
use super::repayments::RepaymentView;
use super::rows::{ending, event, objection, recovery, repayment};
use super::views::{InstalmentView, RecoveryView, instalments};
use crate::app::App;
use crate::audit;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Problem, Reply, StaffCaller};
use crate::kernel::clock::Moment;
use crate::kernel::money::Fen;
use crate::kernel::seal::Field;
use crate::recon::rows::entry;

/// What was too much under one plan.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecoveryPart)]
struct PartView {
    /// The plan.
    plan_id: Uuid,
    /// How much.
    amount_fen: Fen,
}

/// Who did what.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecoveryEvent)]
struct EventView {
    /// Identifier.
    id: Uuid,
    /// What: a stable word.
    #[schema(max_length = 40, example = "confirmed")]
    kind: String,
    /// Who of the staff; absent when the member did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    staff_id: Option<Uuid>,
    /// When.
    at: Moment,
}

/// A recovery with everything about it.
#[derive(Debug, Serialize, ToSchema)]
struct RecoveryDetail {
    /// The recovery.
    recovery: RecoveryView,
    /// The explanation that the member reads.
    #[schema(max_length = 1000, example = "医院于3月25日撤销了该次住院结算。")]
    explanation: String,
    /// Its amount by plan.
    #[schema(max_items = 100)]
    parts: Vec<PartView>,
    /// The instalments that the member agreed to.
    #[schema(max_items = 60)]
    agreed: Vec<InstalmentView>,
    /// Those that are offered instead, if they are others.
    #[schema(max_items = 60)]
    offered: Vec<InstalmentView>,
    /// Objections, newest first.
    #[schema(max_items = 1000)]
    objections: Vec<ObjectionView>,
    /// Bookings that repay it, newest first; also those that wait for another person.
    #[schema(max_items = 1000)]
    repayments: Vec<RepaymentView>,
    /// Proposals to end it, newest first.
    #[schema(max_items = 1000)]
    endings: Vec<EndingView>,
    /// Who did what, oldest first.
    #[schema(max_items = 1000)]
    events: Vec<EventView>,
    /// True when less is still paid than it asks for, because the bank took money back: it should be withdrawn.
    exceeds_paid: bool,
}

/// Show a recovery
///
/// With its instalments, objections, repayments and everybody who did something. The member sees that it was read.
#[utoipa::path(
    tag = "staff", operation_id = "show_recovery", security(("bearer" = ["recovery:read"])),
    params(("recovery_id" = Uuid, Path, description = "The recovery")),
    responses(
        (status = 200, description = "The recovery", body = RecoveryDetail, headers(("ETag" = String, description = "Its version"))),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/recoveries/{recovery_id}")]
pub(super) async fn show_recovery(app: web::Data<Arc<App>>, staff: StaffCaller, path: web::Path<Uuid>) -> Answer {
    let row = load(app.db.read(), *path).await?;
    audit::record_access(app.db.write(), &app, &staff, row.member_id, "recovery", row.id).await?;
    let version = row.version;
    Ok(Reply::ok(&detail(app.db.read(), &app, row).await?)?.version(version).into_response())
}

async fn detail(connection: &impl ConnectionTrait, app: &App, row: recovery::Model) -> Result<RecoveryDetail, Problem> {
    let agreed = match row.agreed_revision {
        0 => Vec::new(),
        revision => instalments(instalments_of(connection, row.id, revision).await?, &row)?,
    };
    let offered = match row.plan_revision {
        revision if revision == row.agreed_revision => Vec::new(),
        revision => instalments(instalments_of(connection, row.id, revision).await?, &row)?,
    };
    let parts = parts(connection, row.id).await?;
    let events = event::Entity::find()
        .filter(event::Column::RecoveryId.eq(row.id))
        .order_by_asc(event::Column::Id)
        .all(connection)
        .await?;
    let event = |row: event::Model| EventView { id: row.id, kind: row.kind, staff_id: row.staff_id, at: row.at_ms };
    let left = limit::left(connection, row.payout_id, row.basis, Some(row.id)).await?;
    Ok(RecoveryDetail {
        explanation: app.sealer.open(Field::Remark, &row.explanation_sealed)?.reveal().clone(),
        parts: parts.into_iter().map(|part| PartView { plan_id: part.plan_id, amount_fen: part.amount_fen }).collect(),
        agreed,
        offered,
        objections: objections(connection, app, row.id).await?,
        repayments: repayments(connection, row.id).await?,
        endings: endings(connection, app, row.id).await?,
        events: events.into_iter().map(event).collect(),
        exceeds_paid: row.outcome.is_none() && left.fen < row.amount_fen,
        recovery: RecoveryView::one(connection, app, row).await?,
    })
}

/// Objections to a recovery, newest first.
pub(super) async fn objections(
    connection: &impl ConnectionTrait,
    app: &App,
    recovery_id: Uuid,
) -> Result<Vec<ObjectionView>, Problem> {
    let rows = objection::Entity::find()
        .filter(objection::Column::RecoveryId.eq(recovery_id))
        .order_by_desc(objection::Column::Id)
        .all(connection)
        .await?;
    rows.into_iter().map(|row| ObjectionView::of(app, row)).collect()
}

/// Repayments of a recovery, newest first; also those that are proposed, or were withdrawn.
pub(super) async fn repayments(
    connection: &impl ConnectionTrait,
    recovery_id: Uuid,
) -> Result<Vec<RepaymentView>, Problem> {
    let rows = repayment::Entity::find()
        .filter(repayment::Column::RecoveryId.eq(recovery_id))
        .order_by_desc(repayment::Column::Id)
        .all(connection)
        .await?;
    let mut entries: HashMap<Uuid, entry::Model> = HashMap::new();
    if !rows.is_empty() {
        let ids = rows.iter().map(|row| row.entry_id);
        let found = entry::Entity::find().filter(entry::Column::Id.is_in(ids)).all(connection).await?;
        entries.extend(found.into_iter().map(|entry| (entry.id, entry)));
    }
    rows.into_iter()
        .map(|row| {
            let entry = entries.get(&row.entry_id);
            let entry = entry.ok_or_else(|| Problem::internal(anyhow::anyhow!("a repayment without its booking")))?;
            Ok(RepaymentView::of(row, entry))
        })
        .collect()
}

async fn endings(connection: &impl ConnectionTrait, app: &App, recovery_id: Uuid) -> Result<Vec<EndingView>, Problem> {
    let rows = ending::Entity::find()
        .filter(ending::Column::RecoveryId.eq(recovery_id))
        .order_by_desc(ending::Column::Id)
        .all(connection)
        .await?;
    rows.into_iter().map(|row| EndingView::of(app, row)).collect()
}
