//! The documents of plan versions, kept at hand: the table only ever adds one, so what was read once stays true.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use sea_orm::{ConnectionTrait, DbErr, EntityTrait};
use uuid::Uuid;

use super::document::PlanDocument;
use super::rows::plan_version;

/// The documents that this process has read, by plan version: a few kilobytes each, of which a fund has some dozens.
#[derive(Default)]
pub struct DocumentCache(RwLock<HashMap<Uuid, Arc<PlanDocument>>>);

impl DocumentCache {
    /// The document of `version_id`, from the table the first time.
    ///
    /// # Errors
    /// Those of the database; a version that is not there, or whose document does not read any more.
    pub(super) async fn document(
        &self,
        connection: &impl ConnectionTrait,
        version_id: Uuid,
    ) -> Result<Arc<PlanDocument>, DbErr> {
        if let Some(document) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&version_id) {
            return Ok(document.clone());
        }
        let row = plan_version::Entity::find_by_id(version_id).one(connection).await?;
        let row = row.ok_or_else(|| DbErr::RecordNotFound(format!("plan version {version_id}")))?;
        let document = PlanDocument::from_json(&row.document)
            .map_err(|error| DbErr::Json(format!("plan version {version_id}: {error}")))?;
        let document = Arc::new(document);
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(version_id, document.clone());
        Ok(document)
    }
}
