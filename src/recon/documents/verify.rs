//! `huzhu verify` for the bank's documents: the bytes of each are those that came.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::content::{Absent, bring};
use super::rows::document;
use crate::app::App;
use crate::http::Problem;

/// Documents read by one step.
const STEP: u64 = 100;

/// Checks every document; answers those whose bytes are missing or altered.
///
/// # Errors
/// When the database or the object store can't be asked.
pub async fn check(app: &App) -> Result<Vec<(String, String)>, Problem> {
    let mut findings = Vec::new();
    let mut after = None;
    loop {
        let mut query = document::Entity::find().order_by_asc(document::Column::Id).limit(STEP);
        if let Some(after) = after {
            query = query.filter(document::Column::Id.gt(after));
        }
        let rows = query.all(app.db.read()).await?;
        let Some(last) = rows.last() else { return Ok(findings) };
        after = Some(last.id);
        for row in &rows {
            match bring(app, row).await {
                Ok(_) => {}
                Err(Absent::Altered) => {
                    findings
                        .push((format!("bank document {}", row.id), "its bytes are not those that came".to_owned()));
                }
                Err(Absent::Failed(problem)) => return Err(problem),
            }
        }
    }
}
