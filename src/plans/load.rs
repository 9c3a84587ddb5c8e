//! Loading a plan version into the table: `huzhu plans load FILE` and the demo's seed.

use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::document::PlanDocument;
use super::rows::{plan, plan_version};
use crate::app::App;

/// What a load did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// The version is new.
    Added(Uuid),
    /// The very same document was there already.
    Present(Uuid),
}

impl Loaded {
    /// The plan version.
    #[must_use]
    pub const fn plan_version_id(self) -> Uuid {
        match self {
            Self::Added(id) | Self::Present(id) => id,
        }
    }
}

/// Why a version was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The version is there with another content.
    #[error(
        "{plan} {version} is loaded with another content; a version is never edited: give the new rules a new version"
    )]
    Edited {
        /// Code of the plan.
        plan: String,
        /// Name of the version.
        version: String,
    },
    /// Another version starts on the same day.
    #[error("{plan} has another version that starts on {starts_on}")]
    SameStart {
        /// Code of the plan.
        plan: String,
        /// The day.
        starts_on: String,
    },
    /// A version cannot change how one takes part in a plan.
    #[error("{plan} is loaded as {funding}; that is fixed by its first version")]
    OtherFunding {
        /// Code of the plan.
        plan: String,
        /// What it is.
        funding: String,
    },
    /// The document does not serialise.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The database.
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// Adds `document` as a version of its plan; the first version of a plan adds the plan. Loading the same document again changes nothing.
///
/// # Errors
/// [`LoadError`].
pub async fn load(connection: &impl ConnectionTrait, app: &App, document: &PlanDocument) -> Result<Loaded, LoadError> {
    let json = document.to_json()?;
    let sha256 = PlanDocument::sha256(&json);
    let plan_id = plan_of(connection, app, document).await?;
    let versions =
        plan_version::Entity::find().filter(plan_version::Column::PlanId.eq(plan_id)).all(connection).await?;
    if let Some(same) = versions.iter().find(|row| row.version == document.version) {
        if same.sha256 == sha256 {
            return Ok(Loaded::Present(same.id));
        }
        return Err(LoadError::Edited { plan: document.plan.clone(), version: document.version.clone() });
    }
    if versions.iter().any(|row| row.starts_on == document.starts_on) {
        return Err(LoadError::SameStart { plan: document.plan.clone(), starts_on: document.starts_on.to_string() });
    }
    let id = app.ids.next();
    let row = plan_version::ActiveModel {
        id: Set(id),
        plan_id: Set(plan_id),
        version: Set(document.version.clone()),
        document: Set(json),
        sha256: Set(sha256.to_vec()),
        starts_on: Set(document.starts_on),
        ends_on: Set(document.ends_on),
        verified: Set(document.verified),
        created_at_ms: Set(app.clock.now()),
    };
    plan_version::Entity::insert(row).exec_without_returning(connection).await?;
    Ok(Loaded::Added(id))
}

async fn plan_of(connection: &impl ConnectionTrait, app: &App, document: &PlanDocument) -> Result<Uuid, LoadError> {
    let found = plan::Entity::find().filter(plan::Column::Code.eq(&document.plan)).one(connection).await?;
    if let Some(plan) = found {
        if plan.funding != document.funding.as_str() {
            return Err(LoadError::OtherFunding { plan: plan.code, funding: plan.funding });
        }
        return Ok(plan.id);
    }
    let id = app.ids.next();
    let row = plan::ActiveModel {
        id: Set(id),
        code: Set(document.plan.clone()),
        name_zh: Set(document.name.zh.to_string()),
        name_en: Set(document.name.en.to_string()),
        funding: Set(document.funding.as_str().to_owned()),
        created_at_ms: Set(app.clock.now()),
    };
    plan::Entity::insert(row).exec_without_returning(connection).await?;
    Ok(id)
}
