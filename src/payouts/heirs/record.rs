//! A maker records the heir of a payout: one person, whom all heirs named, with the card that it goes to.

use std::sync::Arc;

use actix_web::{get, post, web};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, Statement,
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use super::death::{documents, load_payout, must_be_owed, of_member};
use super::rows::heir::{self, HeirRelation};
use super::views::HeirView;
use crate::app::App;
use crate::audit;
use crate::db::is_unique_violation;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Idempotency, Problem, Reply, StaffCaller};
use crate::kernel::people::{is_card_number, is_national_id};
use crate::kernel::seal::Field;
use crate::payouts::rows::payout;

/// Whom the payout goes to.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordHeir {
    /// What the heir was to the member.
    relation: HeirRelation,
    /// The heir's name as the bank knows it.
    #[validate(length(min = 1, max = 60))]
    #[schema(min_length = 1, max_length = 60, example = "李强")]
    name: String,
    /// The heir's identity number.
    #[validate(custom(function = "national_id"))]
    #[schema(min_length = 18, max_length = 18, pattern = "^[0-9]{17}[0-9X]$", example = "110101199003070775")]
    national_id: String,
    /// The heir's card: the whole number, 16 to 19 digits.
    #[validate(custom(function = "card_number"))]
    #[schema(min_length = 16, max_length = 19, pattern = "^[0-9]{16,19}$", example = "6222021234567890136")]
    card_number: String,
    /// The documents that show it, by name: 1 to 20, of 1 to 200 characters. With several heirs also the one in which all of them name this one.
    #[validate(custom(function = "documents"))]
    #[schema(min_items = 1, max_items = 20, example = json!(["继承权公证书（2026）京公证字第17号", "其他继承人的委托书"]))]
    evidence: Vec<String>,
}

fn national_id(number: &str) -> Result<(), ValidationError> {
    if is_national_id(number) {
        return Ok(());
    }
    Err(ValidationError::new("check_digit")
        .with_message("身份证号有误，请逐位核对|The identity number is not right: check its 18 characters".into()))
}

fn card_number(number: &str) -> Result<(), ValidationError> {
    if is_card_number(number) {
        return Ok(());
    }
    Err(ValidationError::new("check_digit").with_message(
        "卡号有误：请按卡面逐位核对 16 到 19 位数字|The number is not right: check the 16 to 19 digits on the card"
            .into(),
    ))
}

/// Record the heir of a payout
///
/// Of one that is still owed to a member whose death is recorded. Another person confirms it. A new one takes the place of one before.
#[utoipa::path(
    tag = "staff", operation_id = "record_heir", security(("bearer" = ["heir:record"])),
    request_body = RecordHeir,
    params(
        ("payout_id" = Uuid, Path, description = "The payout"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 201, description = "The heir", body = HeirView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`payout_not_owed`, `death_not_recorded`, or one waits already: `resolution_open`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/payouts/{payout_id}/heir")]
pub(super) async fn record_heir(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    path: web::Path<Uuid>,
    body: Body<RecordHeir>,
) -> Answer {
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let payout = load_payout(txn, *path).await?;
            must_be_owed(&payout)?;
            let death = of_member(txn, payout.member_id).await?;
            let death = death.ok_or_else(|| Problem::new(Code::DeathNotRecorded))?;
            let row = record(txn, &app, &payout, death.id, staff.staff_id, &body.value).await?;
            Reply::created(format!("/v1/payouts/{}/heir", payout.id), &HeirView::of(&app, row)?)
        })
        .await
}

async fn record(
    txn: &DatabaseTransaction,
    app: &App,
    payout: &payout::Model,
    death_id: Uuid,
    staff_id: Uuid,
    asked: &RecordHeir,
) -> Result<heir::Model, Problem> {
    let (sealer, number) = (&app.sealer, asked.card_number.as_str());
    let row = heir::ActiveModel {
        id: Set(app.ids.next()),
        payout_id: Set(payout.id),
        member_id: Set(payout.member_id),
        death_id: Set(death_id),
        relation: Set(asked.relation),
        name_sealed: Set(sealer.seal(Field::Name, asked.name.trim())?),
        national_id_sealed: Set(sealer.seal(Field::NationalId, &asked.national_id)?),
        national_id_lookup: Set(sealer.lookup(Field::NationalId, &asked.national_id)),
        number_sealed: Set(sealer.seal(Field::CardNumber, number)?),
        number_lookup: Set(sealer.lookup(Field::CardNumber, number)),
        number_tail: Set(number.get(number.len().saturating_sub(4)..).unwrap_or_default().to_owned()),
        card_version: Set(next_version(txn, payout.member_id).await?),
        evidence_sealed: Set(sealer.seal_json(Field::Remark, &asked.evidence)?),
        recorded_by: Set(staff_id),
        recorded_at_ms: Set(app.clock.now()),
        ..Default::default()
    };
    let row = heir::Entity::insert(row)
        .exec_with_returning(txn)
        .await
        .map_err(|error| if is_unique_violation(&error) { Problem::new(Code::ResolutionOpen) } else { error.into() })?;
    tracing::info!(payout.id = %payout.id, heir.id = %row.id, "payouts.heir was recorded");
    Ok(row)
}

#[derive(FromQueryResult)]
struct Last {
    version: i64,
}

/// The version after that of every card that payouts of this member went or may go to.
async fn next_version(txn: &DatabaseTransaction, member_id: Uuid) -> Result<i64, Problem> {
    let sql = "with cards as (select max(card_version) as version from service_card where member_id = $1 \
               union all select max(card_version) as version from payout_heir where member_id = $1) \
               select cast(coalesce(max(version), 0) as bigint) as version from cards";
    let statement = Statement::from_sql_and_values(txn.get_database_backend(), sql, [member_id.into()]);
    let row = txn.query_one_raw(statement).await?;
    let row = row.ok_or_else(|| Problem::internal(anyhow::anyhow!("a maximum without a row")))?;
    Ok(Last::from_query_result(&row, "")?.version.saturating_add(1))
}

/// Show the heir of a payout
///
/// The newest one, with numbers masked; the member's file shows that it was read.
#[utoipa::path(
    tag = "staff", operation_id = "show_heir", security(("bearer" = ["payout:read"])),
    params(("payout_id" = Uuid, Path, description = "The payout")),
    responses(
        (status = 200, description = "The heir", body = HeirView),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/payouts/{payout_id}/heir")]
pub(super) async fn show_heir(app: web::Data<Arc<App>>, staff: StaffCaller, path: web::Path<Uuid>) -> Answer {
    let row = heir::Entity::find()
        .filter(heir::Column::PayoutId.eq(*path))
        .order_by_desc(heir::Column::Id)
        .one(app.db.read())
        .await?
        .ok_or_else(|| Problem::new(Code::NotFound))?;
    audit::record_access(app.db.write(), &app, &staff, row.member_id, "heir", row.payout_id).await?;
    Ok(Reply::ok(&HeirView::of(&app, row)?)?.into_response())
}
