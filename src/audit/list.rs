//! `GET /v1/me/access-records`: who looked at my file.

use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Column, Entity};
use crate::app::App;
use crate::http::{Answer, MemberCaller, Page, Paged, Problem, Query, Reply};
use crate::kernel::clock::Moment;
use crate::organisations::rows::{organisation, staff};

/// One look at the member's file.
#[derive(Debug, Serialize, ToSchema)]
struct AccessView {
    /// Identifier.
    id: Uuid,
    /// What was read.
    #[schema(max_length = 60, example = "claim")]
    what: String,
    /// Which claim or document.
    subject_id: Uuid,
    /// Where the person who read it works.
    #[schema(max_length = 200, example = "东区总工会")]
    organisation: String,
    /// When.
    at: Moment,
}

/// Who looked at my file
///
/// 谁查看过我的材料：最新的在前。The newest first.
#[utoipa::path(tag = "member", operation_id = "list_access_records", params(Page),
    security(("bearer" = ["access_record:read"])), responses((status = 200, body = Paged<AccessView>)))]
#[get("/v1/me/access-records")]
pub(super) async fn list_access_records(app: web::Data<Arc<App>>, caller: MemberCaller, page: Query<Page>) -> Answer {
    let limit = page.0.limit()?;
    let list = format!("access:{}", caller.member_id);
    let mut query = Entity::find().filter(Column::MemberId.eq(caller.member_id));
    if let Some(start) = page.0.start(&app, &list)? {
        let at = Moment::from_ms(start.at_ms);
        query = query.filter(
            Condition::any()
                .add(Column::AtMs.lt(at))
                .add(Condition::all().add(Column::AtMs.eq(at)).add(Column::Id.lt(start.id))),
        );
    }
    let rows = query.order_by_desc(Column::AtMs).order_by_desc(Column::Id).limit(limit + 1).all(app.db.read()).await?;
    let mut views = Vec::with_capacity(rows.len());
    for row in rows {
        let organisation = office_of(app.db.read(), row.staff_id).await?;
        views.push(AccessView { id: row.id, what: row.what, subject_id: row.subject_id, organisation, at: row.at_ms });
    }
    let page = Paged::from_rows(&app, &list, limit, views, |row| (row.at, row.id), |row| row);
    Ok(Reply::ok(&page)?.into_response())
}

async fn office_of(connection: &impl ConnectionTrait, staff_id: Uuid) -> Result<String, Problem> {
    let Some(staff) = staff::Entity::find_by_id(staff_id).one(connection).await? else { return Ok(String::new()) };
    let office = organisation::Entity::find_by_id(staff.organisation_id).one(connection).await?;
    Ok(office.map(|office| office.name).unwrap_or_default())
}
