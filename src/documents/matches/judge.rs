//! A reviewer's answer to a match. It is given once and stays.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::rows::Judgement;
use super::rows::found::{Column, Entity};
use crate::app::App;
use crate::http::{Code, Problem};
use crate::kernel::seal::Field;

/// Writes what `staff_id` says of a match.
///
/// # Errors
/// `match_judged` when somebody has judged it before.
pub async fn judge(
    txn: &impl ConnectionTrait,
    app: &App,
    match_id: Uuid,
    staff_id: Uuid,
    judgement: Judgement,
    remark: Option<&str>,
) -> Result<(), Problem> {
    let remark = remark.map(|remark| app.sealer.seal(Field::Remark, remark)).transpose()?;
    let judged = Entity::update_many()
        .col_expr(Column::Judgement, Expr::value(judgement))
        .col_expr(Column::RemarkSealed, Expr::value(remark))
        .col_expr(Column::JudgedBy, Expr::value(staff_id))
        .col_expr(Column::JudgedAtMs, Expr::value(app.clock.now().as_ms()))
        .filter(Column::Id.eq(match_id))
        .filter(Column::Judgement.is_null())
        .exec(txn)
        .await?;
    if judged.rows_affected == 1 { Ok(()) } else { Err(Problem::new(Code::MatchJudged)) }
}
