//! Proof that every clean document is found by what stands on it, and that nothing is kept of one that was taken back.

use std::collections::{HashMap, HashSet};

use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::rows::{found, print};
use crate::app::App;
use crate::documents::rows::document;
use crate::documents::state::DocumentState;
use crate::documents::verify::{Finding, finding};

/// Checks the prints and matches of a batch of documents.
///
/// # Errors
/// Those of the database.
pub(in crate::documents) async fn check(
    app: &App,
    batch: &[document::Model],
    findings: &mut Vec<Finding>,
) -> anyhow::Result<()> {
    let ids: Vec<Uuid> = batch.iter().map(|document| document.id).collect();
    let mut pages: HashMap<Uuid, HashSet<i32>> = HashMap::new();
    let rows = print::Entity::find()
        .filter(print::Column::DocumentId.is_in(ids.clone()))
        .order_by_asc(print::Column::DocumentId)
        .all(app.db.read())
        .await?;
    for row in rows {
        pages.entry(row.document_id).or_default().insert(row.page);
    }
    let either = Condition::any()
        .add(found::Column::DocumentId.is_in(ids.clone()))
        .add(found::Column::OtherDocumentId.is_in(ids));
    let matched: HashSet<Uuid> = found::Entity::find()
        .filter(either)
        .all(app.db.read())
        .await?
        .into_iter()
        .flat_map(|row| [row.document_id, row.other_document_id])
        .collect();
    for document in batch {
        let kept = pages.get(&document.id).map_or(0, HashSet::len);
        let is_clean = document.state == DocumentState::Clean;
        let promised = usize::try_from(document.prints.unwrap_or_default())?;
        let wrong = if is_clean && kept != promised {
            Some(("document.print_missing", format!("{promised} of its pages have a print, {kept} are kept")))
        } else if !is_clean && kept > 0 {
            Some(("document.print_left", "what tells it from others is still kept".to_owned()))
        } else if !is_clean && matched.contains(&document.id) {
            Some(("document.match_left", "a match of it is still kept".to_owned()))
        } else {
            None
        };
        let Some((kind, what)) = wrong else { continue };
        // It may have changed since it was read.
        let now = document::Entity::find_by_id(document.id).one(app.db.read()).await?;
        if now.is_some_and(|now| (now.state, now.prints) == (document.state, document.prints)) {
            findings.push(finding(document, kind, what));
        }
    }
    Ok(())
}
