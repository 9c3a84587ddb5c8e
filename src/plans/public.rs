//! `GET /v1/plans` and `GET /v1/plans/{plan_code}`: what every plan pays, for anybody to read.

use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use time::{Date, Duration};
use utoipa::ToSchema;
use uuid::Uuid;

use super::document::{FastLane, Filing, Funding, PlanDocument, Source, is_code};
use super::rows::{plan, plan_version};
use crate::app::App;
use crate::assessment::Rules;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Code, Problem, Reply};
use crate::kernel::clock::iso_date;
use crate::kernel::text::Text;

/// A plan with the version that judges an event of today.
#[derive(Serialize, ToSchema)]
struct PlanSummary {
    /// Stable code.
    #[schema(example = "second_reimbursement", max_length = 64)]
    code: String,
    /// What it is called.
    name: Text,
    /// What it gives.
    summary: Text,
    /// How one takes part.
    funding: Funding,
    /// The version in force; absent when the plan has not begun or has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2017", max_length = 32)]
    version: Option<String>,
    /// True when every number of that version stands in a public source; false for a sample.
    #[schema(example = true)]
    verified: bool,
}

/// The plans.
#[derive(Serialize, ToSchema)]
struct PlanList {
    /// In the order of their codes.
    #[schema(max_items = 200)]
    items: Vec<PlanSummary>,
}

/// A plan with all its versions.
#[derive(Serialize, ToSchema)]
struct PlanView {
    /// Stable code.
    #[schema(example = "second_reimbursement", max_length = 64)]
    code: String,
    /// What it is called now.
    name: Text,
    /// How one takes part.
    funding: Funding,
    /// The versions, the latest first.
    #[schema(max_items = 200)]
    versions: Vec<VersionView>,
}

/// One version of a plan.
#[derive(Serialize, ToSchema)]
struct VersionView {
    /// Identifier, as every line of an assessment names it.
    id: Uuid,
    /// Its name within the plan.
    #[schema(example = "2017", max_length = 32)]
    version: String,
    /// What it gives.
    summary: Text,
    /// First event date that it judges.
    #[serde(with = "iso_date")]
    #[schema(value_type = String, format = Date, example = "2017-01-01")]
    starts_on: Date,
    /// Last event date that it judges; absent while it is in force.
    #[serde(with = "iso_date::option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, example = "2026-12-31")]
    ends_on: Option<Date>,
    /// True when every number stands in a public source; false for a sample.
    #[schema(example = true)]
    verified: bool,
    /// Where its numbers come from.
    #[schema(max_items = 20)]
    sources: Vec<Source>,
    /// Kinds of document that a claim must have.
    #[schema(max_items = 20, example = json!(["settlement_sheet", "id_card"]))]
    documents: Vec<String>,
    /// Until when a claim may be filed.
    filing: Filing,
    /// What a claim must stay within to be decided without a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    fast_lane: Option<FastLane>,
    /// The benefits.
    rules: Rules,
    /// SHA-256 of the document in hexadecimal.
    #[schema(min_length = 64, max_length = 64)]
    sha256: String,
}

/// List the plans
///
/// Every plan of the fund with the version that judges an event of today. 查看全部保障计划。
#[utoipa::path(
    tag = "public",
    operation_id = "list_plans",
    security(()),
    responses((status = 200, description = "The plans", body = PlanList))
)]
#[get("/v1/plans")]
pub(super) async fn list_plans(app: web::Data<Arc<App>>) -> Answer {
    let plans = plan::Entity::find().order_by_asc(plan::Column::Code).all(app.db.read()).await?;
    let versions =
        plan_version::Entity::find().order_by_desc(plan_version::Column::StartsOn).all(app.db.read()).await?;
    let today = app.clock.now().date();
    let items: Result<Vec<PlanSummary>, Problem> = plans
        .into_iter()
        .filter_map(|plan| {
            let own: Vec<&plan_version::Model> = versions.iter().filter(|row| row.plan_id == plan.id).collect();
            let in_force = own.iter().find(|row| row.starts_on <= today);
            in_force.or(own.last()).map(|shown| summary(plan, shown, today))
        })
        .collect();
    Ok(Reply::ok(&PlanList { items: items? })?.into_response())
}

fn summary(plan: plan::Model, shown: &plan_version::Model, today: Date) -> Result<PlanSummary, Problem> {
    let document = PlanDocument::from_json(&shown.document)?;
    let judges_today = shown.starts_on <= today && shown.ends_on.is_none_or(|last| today <= last);
    Ok(PlanSummary {
        code: plan.code,
        name: document.name,
        summary: document.summary,
        funding: document.funding,
        version: judges_today.then_some(document.version),
        verified: document.verified,
    })
}

/// Show a plan
///
/// All versions of a plan with their rules and sources. 查看某一计划的全部版本与规则。
#[utoipa::path(
    tag = "public",
    operation_id = "show_plan",
    security(()),
    params(("plan_code" = String, Path, description = "Code of the plan", min_length = 1, max_length = 64, pattern = "^[a-z0-9_]+$", example = "second_reimbursement")),
    responses(
        (status = 200, description = "The plan", body = PlanView),
        (status = 404, description = "There is no such plan", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[get("/v1/plans/{plan_code}")]
pub(super) async fn show_plan(app: web::Data<Arc<App>>, plan_code: web::Path<String>) -> Answer {
    let code = plan_code.into_inner();
    if !is_code(&code) {
        return Err(Problem::new(Code::NotFound));
    }
    let plan = plan::Entity::find()
        .filter(plan::Column::Code.eq(&code))
        .one(app.db.read())
        .await?
        .ok_or_else(|| Problem::new(Code::NotFound))?;
    let rows = plan_version::Entity::find()
        .filter(plan_version::Column::PlanId.eq(plan.id))
        .order_by_desc(plan_version::Column::StartsOn)
        .all(app.db.read())
        .await?;
    let mut name = Text::made(plan.name_zh, plan.name_en);
    let mut funding = Funding::WithMembership;
    let mut versions = Vec::with_capacity(rows.len());
    let mut superseded_on: Option<Date> = None;
    for row in rows {
        let document = PlanDocument::from_json(&row.document)?;
        if superseded_on.is_none() {
            name = document.name.clone();
            funding = document.funding;
        }
        let starts_on = row.starts_on;
        versions.push(version_view(row, document, superseded_on));
        superseded_on = Some(starts_on);
    }
    Ok(Reply::ok(&PlanView { code: plan.code, name, funding, versions })?.into_response())
}

/// A version ends on the day before the one that supersedes it, or earlier when its document says so.
fn version_view(row: plan_version::Model, document: PlanDocument, superseded_on: Option<Date>) -> VersionView {
    let before_next = superseded_on.and_then(|next| next.checked_sub(Duration::days(1)));
    VersionView {
        id: row.id,
        version: row.version,
        summary: document.summary,
        starts_on: row.starts_on,
        ends_on: match (row.ends_on, before_next) {
            (Some(named), Some(before)) => Some(named.min(before)),
            (named, before) => named.or(before),
        },
        verified: row.verified,
        sources: document.sources,
        documents: document.documents,
        filing: document.filing,
        fast_lane: document.fast_lane,
        rules: document.rules,
        sha256: hex::encode(row.sha256),
    }
}
