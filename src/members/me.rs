//! `GET /v1/me`: the member's own file, masked.

use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::EntityTrait;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::rows::member;
use crate::app::App;
use crate::http::{Answer, Code, MemberCaller, Problem, Reply};
use crate::kernel::people::{mask_name, mask_national_id, mask_phone};
use crate::kernel::seal::Field;
use crate::organisations::rows::unit;

/// A member as they see themselves: enough to know that it is they.
#[derive(Debug, Serialize, ToSchema)]
struct MeView {
    /// Identifier.
    id: Uuid,
    /// Name, all but the first character hidden.
    #[schema(max_length = 60, example = "王*")]
    name: String,
    /// Identity number, the birthday and serial hidden.
    #[schema(max_length = 18, example = "110105********002X")]
    national_id: String,
    /// Phone, the middle hidden.
    #[schema(max_length = 11, example = "138****8000")]
    phone: String,
    /// The employer whose union enrolled them.
    #[schema(max_length = 200, example = "样本机械厂")]
    unit: String,
}

/// Who I am
///
/// 我的资料（已遮盖）。My own file, masked.
#[utoipa::path(tag = "member", operation_id = "show_me", security(("bearer" = ["me:read"])),
    responses((status = 200, body = MeView, headers(("ETag" = String, description = "The version")))))]
#[get("/v1/me")]
pub(super) async fn show_me(app: web::Data<Arc<App>>, caller: MemberCaller) -> Answer {
    let member = member::Entity::find_by_id(caller.member_id).one(app.db.read()).await?;
    let member = member.ok_or_else(|| Problem::new(Code::NotFound))?;
    let unit = unit::Entity::find_by_id(member.unit_id).one(app.db.read()).await?;
    let open = |field, sealed: &[u8]| app.sealer.open(field, sealed);
    let view = MeView {
        id: member.id,
        name: mask_name(open(Field::Name, &member.name_sealed)?.reveal()),
        national_id: mask_national_id(open(Field::NationalId, &member.national_id_sealed)?.reveal()),
        phone: mask_phone(open(Field::Phone, &member.phone_sealed)?.reveal()),
        unit: unit.map(|unit| unit.name).unwrap_or_default(),
    };
    Ok(Reply::ok(&view)?.version(member.version).into_response())
}
