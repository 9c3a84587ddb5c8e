//! `GET /v1/me/cover`: what a member is covered by.

use std::sync::Arc;

use actix_web::{get, web};
use serde::Serialize;
use time::Date;
use utoipa::ToSchema;
use uuid::Uuid;

use super::document::Funding;
use super::find::{CoveredPlan, every_enrolment};
use crate::app::App;
use crate::http::{Answer, MemberCaller, Reply};
use crate::kernel::clock::iso_date;
use crate::kernel::text::Text;

/// One enrolment of the member.
#[derive(Serialize, ToSchema)]
struct CoverView {
    /// The enrolment.
    enrolment_id: Uuid,
    /// Code of the plan.
    #[schema(example = "hospital_allowance", max_length = 64)]
    plan_code: String,
    /// What the plan is called.
    name: Text,
    /// What it gives by the version in force today.
    summary: Text,
    /// How one takes part.
    funding: Funding,
    /// The version that judges an event of today.
    #[schema(example = "2016", max_length = 32)]
    version: String,
    /// Shares (份).
    #[schema(minimum = 1, maximum = 100, example = 1)]
    shares: u32,
    /// First day of cover.
    #[serde(with = "iso_date")]
    #[schema(value_type = String, format = Date, example = "2026-01-01")]
    starts_on: Date,
    /// Last day of cover; absent while it lasts as long as membership.
    #[serde(with = "iso_date::option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, example = "2026-12-31")]
    ends_on: Option<Date>,
    /// True when today lies in it.
    #[schema(example = true)]
    in_cover: bool,
    /// Kinds of document that a claim must have.
    #[schema(max_items = 20, example = json!(["settlement_sheet", "id_card"]))]
    documents: Vec<String>,
}

/// What a member is covered by.
#[derive(Serialize, ToSchema)]
struct CoverList {
    /// In the order of the plans.
    #[schema(max_items = 200)]
    items: Vec<CoverView>,
}

/// Show one's cover
///
/// Every enrolment of the member with what it gives today. 查看本人的保障。
#[utoipa::path(
    tag = "member",
    operation_id = "show_cover",
    security(("bearer" = ["cover:read"])),
    responses((status = 200, description = "The member's enrolments", body = CoverList))
)]
#[get("/v1/me/cover")]
pub(super) async fn show_cover(app: web::Data<Arc<App>>, caller: MemberCaller) -> Answer {
    let today = app.clock.now().date();
    let plans = every_enrolment(app.db.read(), &app.plan_documents, caller.member_id, today).await?;
    let items = plans.into_iter().map(|plan| view(plan, today)).collect();
    Ok(Reply::ok(&CoverList { items })?.into_response())
}

fn view(plan: CoveredPlan, today: Date) -> CoverView {
    let in_cover = plan.is_in_cover(today);
    let CoveredPlan { document, cover, .. } = plan;
    CoverView {
        enrolment_id: cover.enrolment_id,
        plan_code: document.plan.clone(),
        name: document.name.clone(),
        summary: document.summary.clone(),
        funding: document.funding,
        version: document.version.clone(),
        shares: cover.shares,
        starts_on: cover.starts_on,
        ends_on: cover.ends_on,
        in_cover,
        documents: document.documents.clone(),
    }
}
