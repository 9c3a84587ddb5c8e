//! Proof that what was read opens, and that nothing is kept of a document that was taken back.

use sea_orm::EntityTrait;
use uuid::Uuid;

use super::pages::Pages;
use crate::app::App;
use crate::documents::rows::document;
use crate::documents::state::DocumentState;
use crate::documents::verify::{Finding, finding};

/// Checks the readings of a batch of documents.
///
/// # Errors
/// Those of the database.
pub(in crate::documents) async fn check(
    app: &App,
    batch: &[document::Model],
    findings: &mut Vec<Finding>,
) -> anyhow::Result<()> {
    let readings = super::of(app.db.read(), batch.iter().map(|document| document.id).collect::<Vec<Uuid>>()).await?;
    for document in batch {
        let Some(row) = readings.get(&document.id) else { continue };
        if Pages::open(&app.sealer, row).is_err() {
            findings.push(finding(
                document,
                "document.reading_does_not_open",
                "what was read on it does not open".into(),
            ));
        }
        if document.state != DocumentState::Clean {
            // It may have been taken back between the two looks.
            let now = document::Entity::find_by_id(document.id).one(app.db.read()).await?;
            let is_kept = super::of(app.db.read(), vec![document.id]).await?.contains_key(&document.id);
            if is_kept && now.is_some_and(|now| now.state != DocumentState::Clean) {
                findings.push(finding(document, "document.reading_left", "what was read on it is still kept".into()));
            }
        }
    }
    Ok(())
}
