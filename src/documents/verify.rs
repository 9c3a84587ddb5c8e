//! Proof that what the rows promise is on the disk and in the object store.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::rows::{Rendition, document, file, upload};
use super::state::DocumentState;
use super::{matches, readings};
use crate::app::App;
use crate::bill_checks;
use crate::storage::StoreError;

const BATCH: u64 = 500;

/// Something that is not as the rows say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// A stable word: `document.object_missing`.
    pub kind: &'static str,
    /// Where: `document <id>`.
    pub subject: String,
    /// What is wrong, for the operator.
    pub what: String,
}

/// Checks every clean document's files against their hashes, and every open upload's spool against its offset.
///
/// # Errors
/// When the database, the disk or the object store can't be asked.
pub async fn check(app: &App) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mut after = Uuid::nil();
    loop {
        let batch = document::Entity::find()
            .filter(document::Column::Id.gt(after))
            .order_by_asc(document::Column::Id)
            .limit(BATCH)
            .all(app.db.read())
            .await?;
        let Some(last) = batch.last() else { return Ok(findings) };
        after = last.id;
        check_batch(app, &batch, &mut findings).await?;
    }
}

async fn check_batch(app: &App, batch: &[document::Model], findings: &mut Vec<Finding>) -> anyhow::Result<()> {
    let ids: Vec<Uuid> = batch.iter().map(|document| document.id).collect();
    let mut files: HashMap<Uuid, Vec<file::Model>> = HashMap::new();
    for file in file::Entity::find().filter(file::Column::DocumentId.is_in(ids.clone())).all(app.db.read()).await? {
        files.entry(file.document_id).or_default().push(file);
    }
    readings::verify::check(app, batch, findings).await?;
    check_bills(app, batch, findings).await?;
    matches::verify::check(app, batch, findings).await?;
    let uploads: HashMap<Uuid, upload::Model> = upload::Entity::find()
        .filter(upload::Column::DocumentId.is_in(ids))
        .all(app.db.read())
        .await?
        .into_iter()
        .map(|upload| (upload.document_id, upload))
        .collect();
    for document in batch {
        if document.state == DocumentState::Clean {
            let own = files.remove(&document.id).unwrap_or_default();
            let before = findings.len();
            check_files(app, document, &own, findings).await?;
            // It may have been taken back, and its files with it, since it was read.
            if findings.len() > before
                && super::find(app.db.read(), document.id).await?.is_none_or(|now| now.state != DocumentState::Clean)
            {
                findings.truncate(before);
            }
        }
        if document.state.needs_spool() {
            check_spool(app, document, uploads.get(&document.id), findings).await?;
        }
    }
    Ok(())
}

/// Nothing is asked about a bill on a document that nobody can look at.
async fn check_bills(app: &App, batch: &[document::Model], findings: &mut Vec<Finding>) -> anyhow::Result<()> {
    let gone = batch.iter().filter(|document| document.state != DocumentState::Clean);
    let checked = bill_checks::checked(app.db.read(), gone.clone().map(|document| document.id).collect()).await?;
    for document in gone.filter(|document| checked.contains_key(&document.id)) {
        // It may have become clean, or been taken back, between the two looks.
        let now = super::find(app.db.read(), document.id).await?;
        let is_kept = bill_checks::checked(app.db.read(), vec![document.id]).await?.contains_key(&document.id);
        if is_kept && now.is_some_and(|now| now.state != DocumentState::Clean) {
            findings.push(finding(document, "document.bill_check_left", "a check of its bill is still kept".into()));
        }
    }
    Ok(())
}

async fn check_files(
    app: &App,
    document: &document::Model,
    files: &[file::Model],
    findings: &mut Vec<Finding>,
) -> anyhow::Result<()> {
    for rendition in [Rendition::Master, Rendition::Reading, Rendition::Thumbnail] {
        if !files.iter().any(|file| file.rendition == rendition && file.page == 1) {
            findings.push(finding(document, "document.file_missing", format!("no row for its {rendition:?}")));
        }
    }
    for file in files {
        let rendition = file.rendition;
        let Some(key) = file.key().filter(|key| document.set_id == Some(key.ids().1)) else {
            findings.push(finding(document, "document.key_wrong", format!("its {rendition:?} is of another try")));
            continue;
        };
        match app.storage.measure(&key).await {
            Ok(stored) if stored.sha256.as_slice() == file.sha256 => {}
            Ok(_) => {
                findings.push(finding(document, "document.hash_differs", format!("its {rendition:?} was changed")))
            }
            Err(StoreError::Missing) => {
                findings.push(finding(document, "document.object_missing", format!("its {rendition:?} is gone")));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn check_spool(
    app: &App,
    document: &document::Model,
    upload: Option<&upload::Model>,
    findings: &mut Vec<Finding>,
) -> anyhow::Result<()> {
    let acknowledged = upload.map_or(0, upload::Model::offset);
    if acknowledged == 0 {
        return Ok(());
    }
    let present = app.uploads.spool.size(document.id).await?.unwrap_or(0);
    if present < acknowledged {
        // The document may have been decided since it was read.
        let now = super::find(app.db.read(), document.id).await?;
        if now.is_some_and(|now| now.state.needs_spool()) {
            let detail = format!("{acknowledged} bytes were acknowledged, {present} are in the spool");
            findings.push(finding(document, "document.spool_short", detail));
        }
    }
    Ok(())
}

pub(super) fn finding(document: &document::Model, kind: &'static str, what: String) -> Finding {
    Finding { kind, subject: format!("document {}", document.id), what }
}
