//! `GET /v1/claims`: the member's claims, newest first.

use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::rows::claim::{Column, Entity};
use super::state::{ClaimState, Holder};
use crate::app::App;
use crate::http::{Answer, MemberCaller, Page, Paged, Query, Reply};
use crate::kernel::clock::Moment;
use crate::kernel::text::Text;

/// A claim in a list.
#[derive(Debug, Serialize, ToSchema)]
struct ClaimItem {
    /// Identifier.
    id: Uuid,
    /// Where it stands.
    state: ClaimState,
    /// What that is called.
    state_title: Text,
    /// Who has the ball.
    holder: Holder,
    /// When it was begun.
    created_at: Moment,
}

/// List my claims
///
/// 我的申报：最新的在前。The newest first.
#[utoipa::path(tag = "member", operation_id = "list_claims", params(Page), security(("bearer" = ["claim:read"])),
    responses((status = 200, body = Paged<ClaimItem>)))]
#[get("/v1/claims")]
pub(super) async fn list_claims(app: web::Data<Arc<App>>, caller: MemberCaller, page: Query<Page>) -> Answer {
    let limit = page.0.limit()?;
    let list = format!("claims:{}", caller.member_id);
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
    let show = |row: super::rows::claim::Model| ClaimItem {
        id: row.id,
        state: row.state,
        state_title: row.state.title(),
        holder: row.state.holder(row.awaits_card),
        created_at: row.created_at_ms,
    };
    let page = Paged::from_rows(&app, &list, limit, rows, |row| (row.created_at_ms, row.id), show);
    Ok(Reply::ok(&page)?.into_response())
}
