//! What a member said they can't get: it is not asked for again by the system, a person decides without it.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::rows::supplement::{Column, Entity, SupplementState};
use super::supplements::{self, ItemAnswer};
use crate::app::App;
use crate::documents::DocumentKind;
use crate::http::Problem;
use crate::kernel::seal::Field;

/// The kinds of document that the member's last word was "I can't get it" for.
///
/// # Errors
/// Those of the database, and a row that does not open.
pub(super) async fn kinds(
    connection: &impl ConnectionTrait,
    app: &App,
    claim_id: Uuid,
) -> Result<Vec<DocumentKind>, Problem> {
    let answered = Entity::find()
        .filter(Column::ClaimId.eq(claim_id))
        .filter(Column::State.eq(SupplementState::Answered))
        .order_by_asc(Column::AskedAtMs)
        .order_by_asc(Column::Id)
        .all(connection)
        .await?;
    let mut excused = Vec::new();
    for row in answered {
        let Some(sealed) = &row.answers_sealed else { continue };
        let answers: Vec<ItemAnswer> = serde_json::from_slice(app.sealer.open_bytes(Field::Remark, sealed)?.reveal())?;
        let items = supplements::items(app, &row)?;
        for answer in answers {
            let Some(item) = usize::try_from(answer.item).ok().and_then(|index| items.get(index)) else { continue };
            excused.retain(|kind| *kind != item.kind);
            if !answer.given {
                excused.push(item.kind);
            }
        }
    }
    Ok(excused)
}
