//! The last of some notices about claims, for the staff: which and when, not what it said.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::rows::{Column, Entity};
use crate::kernel::clock::Moment;

/// A notice that a member was sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LastNotice {
    /// A stable word for what it is about.
    #[schema(max_length = 60, example = "unclaimed_reminder")]
    pub kind: String,
    /// When it was queued.
    pub at: Moment,
}

/// The last notice of one of these kinds about each of these claims, given with its member.
///
/// # Errors
/// Those of the database.
pub async fn last(
    connection: &impl ConnectionTrait,
    claims: &[(Uuid, Uuid)],
    kinds: &[&str],
) -> Result<HashMap<Uuid, LastNotice>, DbErr> {
    if claims.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Option<Uuid>, String, Moment)> = Entity::find()
        .select_only()
        .columns([Column::ClaimId, Column::Kind, Column::CreatedAtMs])
        .filter(Column::MemberId.is_in(claims.iter().map(|(member_id, _)| *member_id)))
        .filter(Column::ClaimId.is_in(claims.iter().map(|(_, claim_id)| *claim_id)))
        .filter(Column::Kind.is_in(kinds.iter().copied()))
        .order_by_asc(Column::CreatedAtMs)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows.into_iter().filter_map(|(claim_id, kind, at)| Some((claim_id?, LastNotice { kind, at }))).collect())
}
