//! `GET /v1/me/notices`: what the fund told the member.

use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::rows::{Column, Entity, Model};
use crate::app::App;
use crate::http::{Answer, MemberCaller, Page, Paged, Problem, Query, Reply};
use crate::kernel::clock::Moment;
use crate::kernel::seal::Field;
use crate::kernel::text::Text;

/// One notice.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NoticeView {
    /// Identifier.
    id: Uuid,
    /// The claim that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    claim_id: Option<Uuid>,
    /// A stable word for what it is about.
    #[schema(max_length = 60, example = "claim_accepted")]
    kind: String,
    /// The sentence.
    text: Text,
    /// When it was queued.
    created_at: Moment,
}

/// List my notices
///
/// 我的通知：最新的在前。The newest first.
#[utoipa::path(tag = "member", operation_id = "list_notices", params(Page), security(("bearer" = ["notice:read"])),
    responses((status = 200, body = Paged<NoticeView>)))]
#[get("/v1/me/notices")]
pub(super) async fn list_notices(app: web::Data<Arc<App>>, caller: MemberCaller, page: Query<Page>) -> Answer {
    let limit = page.0.limit()?;
    let list = format!("notices:{}", caller.member_id);
    let mut query = Entity::find().filter(Column::MemberId.eq(caller.member_id));
    if let Some(start) = page.0.start(&app, &list)? {
        let at = Moment::from_ms(start.at_ms);
        query = query.filter(
            Condition::any()
                .add(Column::CreatedAtMs.lt(at))
                .add(Condition::all().add(Column::CreatedAtMs.eq(at)).add(Column::Id.lt(start.id))),
        );
    }
    let rows =
        query.order_by_desc(Column::CreatedAtMs).order_by_desc(Column::Id).limit(limit + 1).all(app.db.read()).await?;
    let rows = rows.into_iter().map(|row| view(&app, row)).collect::<Result<Vec<_>, _>>()?;
    let page = Paged::from_rows(&app, &list, limit, rows, |row| (row.created_at, row.id), |row| row);
    Ok(Reply::ok(&page)?.into_response())
}

fn view(app: &App, row: Model) -> Result<NoticeView, Problem> {
    let zh = app.sealer.open(Field::Message, &row.body_zh)?.reveal().clone();
    let en = app.sealer.open(Field::Message, &row.body_en)?.reveal().clone();
    Ok(NoticeView {
        id: row.id,
        claim_id: row.claim_id,
        kind: row.kind,
        text: Text::made(zh, en),
        created_at: row.created_at_ms,
    })
}
