//! One's own sessions: `POST /v1/sign-out`, `GET /v1/me/sessions`, `DELETE /v1/me/sessions/{session_id}`.

use std::sync::Arc;

use actix_web::{HttpResponse, delete, get, post, web};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::rows::session::{self, EndReason};
use super::sessions;
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Actor, Answer, Caller, Code, Problem, Reply};
use crate::kernel::clock::Moment;
use crate::kernel::seal::Field;

/// More sessions than this are not shown: the newest come first.
const SHOWN: u64 = 100;

/// A session of the caller.
#[derive(Serialize, ToSchema)]
pub struct SessionView {
    /// Identifier.
    id: Uuid,
    /// What the device calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 60, example = "妈妈的手机")]
    device_name: Option<String>,
    /// How the sign-in was proved: `phone_otp` or `password_totp`.
    #[schema(max_length = 40, example = "phone_otp")]
    proved_by: String,
    /// When it began.
    started_at: Moment,
    /// When tokens were last fetched.
    last_used_at: Moment,
    /// When it ends in any case.
    ends_at: Moment,
    /// True for the session that asks.
    #[schema(example = true)]
    current: bool,
}

/// The caller's open sessions.
#[derive(Serialize, ToSchema)]
pub struct SessionList {
    /// The newest first.
    #[schema(max_items = 100)]
    items: Vec<SessionView>,
}

/// Sign out
///
/// Ends the session at hand: its refresh token is refused from now on, its access token within seconds. 退出登录。
#[utoipa::path(
    tag = "sign-in",
    operation_id = "sign_out",
    security(("bearer" = ["session:end"])),
    responses((status = 204, description = "Signed out"))
)]
#[post("/v1/sign-out")]
pub async fn sign_out(app: web::Data<Arc<App>>, caller: Caller) -> Answer {
    sessions::end(app.db.write(), &app, caller.session_id, EndReason::SignedOut).await?;
    app.identity.ended.add(&app, caller.session_id);
    Ok(HttpResponse::NoContent().finish())
}

/// List one's sessions
///
/// The devices on which the caller is signed in. 查看已登录的设备。
#[utoipa::path(
    tag = "sign-in",
    operation_id = "list_sessions",
    security(("bearer" = ["session:read"])),
    responses((status = 200, description = "The caller's open sessions", body = SessionList))
)]
#[get("/v1/me/sessions")]
pub async fn list_sessions(app: web::Data<Arc<App>>, caller: Caller) -> Answer {
    let now = app.clock.now();
    let rows = session::Entity::find()
        .filter(session::Column::SubjectId.eq(subject_id(&caller)?))
        .filter(session::Column::EndedAtMs.is_null())
        .order_by_desc(session::Column::StartedAtMs)
        .limit(SHOWN)
        .all(app.db.read())
        .await?;
    let items: Result<Vec<SessionView>, Problem> =
        rows.into_iter().filter(|row| row.is_alive(now)).map(|row| view(&app, &caller, row)).collect();
    Ok(Reply::ok(&SessionList { items: items? })?.into_response())
}

/// End one of one's sessions
///
/// Signs another device out, or this one. 让某台设备退出登录。
#[utoipa::path(
    tag = "sign-in",
    operation_id = "end_session",
    security(("bearer" = ["session:end"])),
    params(("session_id" = Uuid, Path, description = "The session")),
    responses(
        (status = 204, description = "It has ended"),
        (status = 404, description = "The caller has no such open session", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[delete("/v1/me/sessions/{session_id}")]
pub async fn end_session(app: web::Data<Arc<App>>, caller: Caller, session_id: web::Path<Uuid>) -> Answer {
    let session_id = session_id.into_inner();
    let own = session::Entity::find_by_id(session_id)
        .filter(session::Column::SubjectId.eq(subject_id(&caller)?))
        .one(app.db.read())
        .await?;
    if own.is_none() || !sessions::end(app.db.write(), &app, session_id, EndReason::EndedByOwner).await? {
        return Err(Problem::new(Code::NotFound));
    }
    app.identity.ended.add(&app, session_id);
    Ok(HttpResponse::NoContent().finish())
}

fn subject_id(caller: &Caller) -> Result<Uuid, Problem> {
    match &caller.actor {
        Actor::Member { member_id } => Ok(*member_id),
        Actor::Staff(staff) => Ok(staff.staff_id),
        Actor::Machine(_) => Err(Problem::new(Code::Forbidden)),
    }
}

fn view(app: &App, caller: &Caller, row: session::Model) -> Result<SessionView, Problem> {
    let name = row.device_name_sealed.as_deref().map(|sealed| app.sealer.open(Field::Session, sealed)).transpose()?;
    Ok(SessionView {
        id: row.id,
        device_name: name.map(|name| name.reveal().clone()),
        proved_by: row.acr,
        started_at: row.started_at_ms,
        last_used_at: row.last_used_at_ms,
        ends_at: row.ends_at_ms,
        current: row.id == caller.session_id,
    })
}
