//! The job that holds a clean document against all others. It may die at any point and begin again: what it found is written once.

use std::collections::HashSet;

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::rows::{How, bill, found};
use super::{alike, print_index};
use crate::app::App;
use crate::documents::pictures::Print;
use crate::documents::rows::document;
use crate::documents::state::{DocumentKind, DocumentState};
use crate::jobs::{JobContext, JobResult, JobSpec};

/// The job's kind.
pub(in crate::documents) const COMPARE: &str = "documents.compare";
/// Documents that are found in each way: a reviewer needs to see some, not hundreds.
const MOST_FOUND: u64 = 16;

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    document_id: Uuid,
}

/// Another document, and how it is the same.
struct Twin {
    id: Uuid,
    how: How,
    page: i32,
    other_page: i32,
    distance: Option<i32>,
    turns: u8,
}

/// The job that compares a document; `why` it is asked for, so that what was read while one runs is looked up by another.
pub(super) fn compare_job(document_id: Uuid, why: &str) -> JobSpec {
    JobSpec::new(COMPARE, serde_json::json!(Payload { document_id })).unique(format!("{document_id}:{why}"))
}

/// Compares a document.
pub(in crate::documents) async fn compare(context: JobContext) -> JobResult {
    let Payload { document_id } = context.payload()?;
    let app = &context.app;
    // The primary: what was committed a moment ago by another must be seen.
    let connection = app.db.write();
    let document = document::Entity::find_by_id(document_id).one(connection).await?;
    let twins = match &document {
        Some(document) if document.state == DocumentState::Clean && document.kind.is_compared() => {
            twins(connection, document).await?
        }
        _ => Vec::new(),
    };
    let txn = app.db.begin().await?;
    // Nothing is written of documents that were taken back meanwhile, and none can be taken back until this is.
    let both_sides = twins.iter().map(|twin| twin.id).chain([document_id]).collect();
    let locked = locked(&txn, both_sides).await?;
    let find = |id: Uuid| locked.iter().find(|document| document.id == id);
    let mut written = Vec::new();
    if let Some(document) = find(document_id) {
        for twin in twins {
            let Some(other) = find(twin.id).filter(|other| other.kind.is_compared()) else { continue };
            if insert(&txn, app, document, other, &twin).await? {
                written.push(twin.how);
            }
        }
        document::Entity::update_many()
            .col_expr(document::Column::ComparedAtMs, Expr::value(app.clock.now().as_ms()))
            .filter(document::Column::Id.eq(document_id))
            .exec(&txn)
            .await?;
    }
    context.finish(&txn).await?;
    txn.commit().await?;
    for how in written {
        metrics::counter!("huzhu_document_matches_total", "how" => how.word()).increment(1);
    }
    Ok(())
}

/// Those of the documents that are clean, and stay so until the transaction ends. Every comparison locks them in one order.
async fn locked(txn: &DatabaseTransaction, ids: Vec<Uuid>) -> Result<Vec<document::Model>, DbErr> {
    let found = document::Entity::find()
        .filter(document::Column::Id.is_in(ids))
        .order_by_asc(document::Column::Id)
        .lock_exclusive()
        .all(txn)
        .await?;
    Ok(found.into_iter().filter(|document| document.state == DocumentState::Clean).collect())
}

async fn twins(connection: &impl ConnectionTrait, document: &document::Model) -> anyhow::Result<Vec<Twin>> {
    let prints = print_index::of(connection, document.id).await?;
    let mut twins = exact(connection, document).await?;
    twins.extend(by_bill(connection, document.id, &prints).await?);
    twins.extend(near(connection, document.id, &prints).await?);
    Ok(twins)
}

async fn exact(connection: &impl ConnectionTrait, document: &document::Model) -> anyhow::Result<Vec<Twin>> {
    let Some(sha256) = document.original_sha256.clone() else { return Ok(Vec::new()) };
    let others: Vec<Uuid> = document::Entity::find()
        .select_only()
        .column(document::Column::Id)
        .filter(document::Column::OriginalSha256.eq(sha256))
        .filter(document::Column::Id.ne(document.id))
        .filter(document::Column::State.eq(DocumentState::Clean))
        .filter(document::Column::Kind.is_not_in([DocumentKind::IdCard, DocumentKind::RelationshipProof]))
        .order_by_desc(document::Column::Id)
        .limit(MOST_FOUND)
        .into_tuple()
        .all(connection)
        .await?;
    let twin = |id| Twin { id, how: How::Exact, page: 1, other_page: 1, distance: None, turns: 0 };
    Ok(others.into_iter().map(twin).collect())
}

async fn by_bill(connection: &impl ConnectionTrait, id: Uuid, prints: &[Print]) -> anyhow::Result<Vec<Twin>> {
    let own = bill::Entity::find().filter(bill::Column::DocumentId.eq(id)).all(connection).await?;
    let mut twins = Vec::new();
    let mut seen = HashSet::new();
    for bill in own {
        let others = bill::Entity::find()
            .filter(bill::Column::BillKey.eq(bill.bill_key))
            .filter(bill::Column::DocumentId.ne(id))
            .order_by_desc(bill::Column::DocumentId)
            .limit(MOST_FOUND)
            .all(connection)
            .await?;
        for other in others {
            if !seen.insert(other.document_id) {
                continue;
            }
            let theirs = print_index::of(connection, other.document_id).await?;
            let of = |prints: &[Print], page: i32| prints.iter().find(|print| i32::from(print.page) == page).cloned();
            let turns = of(prints, bill.page).zip(of(&theirs, other.page)).map_or(0, |(a, b)| alike::stance(&a, &b));
            twins.push(Twin {
                id: other.document_id,
                how: How::BillKey,
                page: bill.page,
                other_page: other.page,
                distance: None,
                turns,
            });
        }
    }
    Ok(twins)
}

async fn near(connection: &impl ConnectionTrait, id: Uuid, prints: &[Print]) -> anyhow::Result<Vec<Twin>> {
    let mut twins: Vec<Twin> = Vec::new();
    for one in prints {
        for (other, theirs) in print_index::candidates(connection, id, one).await? {
            let Some(near) = alike::near(one, &theirs) else { continue };
            twins.push(Twin {
                id: other,
                how: How::Near,
                page: one.page.into(),
                other_page: theirs.page.into(),
                distance: Some(i32::try_from(near.distance)?),
                turns: near.turns,
            });
        }
    }
    // Of each document the page that is nearest; of all the nearest.
    twins.sort_by_key(|twin| (twin.distance, std::cmp::Reverse(twin.id)));
    let mut seen = HashSet::new();
    twins.retain(|twin| seen.insert(twin.id));
    twins.truncate(usize::try_from(MOST_FOUND)?);
    Ok(twins)
}

/// Writes that two documents match; false when that was known.
async fn insert(
    txn: &impl ConnectionTrait,
    app: &App,
    document: &document::Model,
    other: &document::Model,
    twin: &Twin,
) -> anyhow::Result<bool> {
    let is_later = other.id < document.id;
    // Which of the two stands first is the order of their ids, whoever was compared last.
    let (first, second) = if is_later { (document, other) } else { (other, document) };
    let (page, other_page) = if is_later { (twin.page, twin.other_page) } else { (twin.other_page, twin.page) };
    let turns = if is_later { twin.turns } else { (4 - twin.turns) % 4 };
    let row = found::ActiveModel {
        id: Set(app.ids.next()),
        document_id: Set(first.id),
        other_document_id: Set(second.id),
        how: Set(twin.how),
        page: Set(page),
        other_page: Set(other_page),
        distance: Set(twin.distance),
        turns: Set(turns.into()),
        within_claim: Set(document.claim_id == other.claim_id),
        found_at_ms: Set(app.clock.now()),
        judgement: Set(None),
        remark_sealed: Set(None),
        judged_by: Set(None),
        judged_at_ms: Set(None),
    };
    let known = OnConflict::columns([found::Column::DocumentId, found::Column::OtherDocumentId, found::Column::How])
        .do_nothing()
        .to_owned();
    Ok(found::Entity::insert(row).on_conflict(known).exec_without_returning(txn).await? == 1)
}
