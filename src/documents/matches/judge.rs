//! A reviewer's answer to a match. It is given once for the two documents and stays; what is found of them later is judged again.

use sea_orm::sea_query::{Expr, IntoCondition};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::found::ClaimMatch;
use super::rows::Judgement;
use super::rows::found::{Column, Entity};
use crate::app::App;
use crate::http::{Code, Problem};
use crate::kernel::seal::Field;

/// Writes what `staff_id` says of a match, and with it of every other between the same two documents that nobody has judged.
///
/// # Errors
/// `match_judged` when somebody has judged it before.
pub async fn judge(
    txn: &impl ConnectionTrait,
    app: &App,
    found: &ClaimMatch,
    staff_id: Uuid,
    judgement: Judgement,
    remark: Option<&str>,
) -> Result<(), Problem> {
    let remark = remark.map(|remark| app.sealer.seal(Field::Remark, remark)).transpose()?;
    let judge = async |which: Condition| {
        let judging = Entity::update_many()
            .col_expr(Column::Judgement, Expr::value(judgement))
            .col_expr(Column::RemarkSealed, Expr::value(remark.clone()))
            .col_expr(Column::JudgedBy, Expr::value(staff_id))
            .col_expr(Column::JudgedAtMs, Expr::value(app.clock.now().as_ms()))
            .filter(which)
            .filter(Column::Judgement.is_null());
        judging.exec(txn).await.map(|judged| judged.rows_affected)
    };
    if judge(Column::Id.eq(found.id).into_condition()).await? == 0 {
        return Err(Problem::new(Code::MatchJudged));
    }
    let both = |one, other| Condition::all().add(Column::DocumentId.eq(one)).add(Column::OtherDocumentId.eq(other));
    let (own, other) = (found.document_id, found.other_document_id);
    judge(Condition::any().add(both(own, other)).add(both(other, own))).await?;
    Ok(())
}
