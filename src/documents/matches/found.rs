//! What was found of a claim's documents.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::rows::found::{Column, Entity, Model};
use super::rows::{How, Judgement};
use crate::documents::rows::document;
use crate::documents::state::DocumentState;

/// Two documents that match, seen from the claim of one of them.
#[derive(Clone, Debug)]
pub struct ClaimMatch {
    /// The match.
    pub id: Uuid,
    /// How they match.
    pub how: How,
    /// The claim's own document.
    pub document_id: Uuid,
    /// The page of it.
    pub page: i32,
    /// The other document.
    pub other_document_id: Uuid,
    /// The page of that.
    pub other_page: i32,
    /// Whose document that is: a claim, perhaps the same.
    pub other_claim_id: Uuid,
    /// In thousandths, how much differs; of pictures of one page alone.
    pub distance: Option<i32>,
    /// Quarter turns to the left that make the other stand as the own.
    pub other_turns: u8,
    /// Both belong to this claim.
    pub within_claim: bool,
    /// What a reviewer says of it.
    pub judgement: Option<Judgement>,
    /// When it was found, in milliseconds.
    pub found_at_ms: crate::kernel::clock::Moment,
}

/// The matches of a claim's documents, the oldest first; a match within the claim is there once.
///
/// # Errors
/// Those of the database.
pub async fn of_claim(connection: &impl ConnectionTrait, claim_id: Uuid) -> Result<Vec<ClaimMatch>, DbErr> {
    let own = documents(connection, document::Column::ClaimId.eq(claim_id)).await?;
    if own.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = own.keys().copied().collect();
    let later = Entity::find().filter(Column::DocumentId.is_in(ids.clone())).all(connection).await?;
    let earlier = Entity::find().filter(Column::OtherDocumentId.is_in(ids)).all(connection).await?;
    let mut rows: Vec<Model> = later;
    rows.extend(earlier);
    rows.sort_by_key(|row| row.id);
    rows.dedup_by_key(|row| row.id);
    let others = rows.iter().flat_map(|row| [row.document_id, row.other_document_id]).collect::<Vec<_>>();
    let all = if rows.is_empty() {
        HashMap::new()
    } else {
        documents(connection, document::Column::Id.is_in(others)).await?
    };
    Ok(rows.into_iter().filter_map(|row| seen_from(&own, &all, row)).collect())
}

/// One of them.
///
/// # Errors
/// Those of the database.
pub async fn one_of_claim(
    connection: &impl ConnectionTrait,
    claim_id: Uuid,
    match_id: Uuid,
) -> Result<Option<ClaimMatch>, DbErr> {
    Ok(of_claim(connection, claim_id).await?.into_iter().find(|one| one.id == match_id))
}

/// Whether some document of a claim was not yet held against the others.
///
/// # Errors
/// Those of the database.
pub async fn in_doubt(connection: &impl ConnectionTrait, claim_id: Uuid) -> Result<bool, DbErr> {
    let waiting = document::Entity::find()
        .filter(document::Column::ClaimId.eq(claim_id))
        .filter(document::Column::State.eq(DocumentState::Clean))
        .filter(
            Condition::all().add(document::Column::Prints.is_not_null()).add(document::Column::ComparedAtMs.is_null()),
        )
        .order_by_asc(document::Column::CreatedAtMs)
        .one(connection)
        .await?;
    Ok(waiting.is_some())
}

/// Documents that are clean, with their claims.
async fn documents(
    connection: &impl ConnectionTrait,
    which: sea_orm::sea_query::SimpleExpr,
) -> Result<HashMap<Uuid, Uuid>, DbErr> {
    let rows = document::Entity::find().filter(which).all(connection).await?;
    let is_clean = |row: &document::Model| row.state == DocumentState::Clean;
    Ok(rows.into_iter().filter(is_clean).map(|row| (row.id, row.claim_id)).collect())
}

fn seen_from(own: &HashMap<Uuid, Uuid>, all: &HashMap<Uuid, Uuid>, row: Model) -> Option<ClaimMatch> {
    let is_first = own.contains_key(&row.document_id);
    let turns = u8::try_from(row.turns).unwrap_or_default();
    let (document_id, page, other_document_id, other_page, other_turns) = if is_first {
        (row.document_id, row.page, row.other_document_id, row.other_page, (4 - turns) % 4)
    } else {
        (row.other_document_id, row.other_page, row.document_id, row.page, turns)
    };
    Some(ClaimMatch {
        id: row.id,
        how: row.how,
        document_id,
        page,
        other_document_id,
        other_page,
        other_claim_id: *all.get(&other_document_id)?,
        distance: row.distance,
        other_turns,
        within_claim: row.within_claim,
        judgement: row.judgement,
        found_at_ms: row.found_at_ms,
    })
}
