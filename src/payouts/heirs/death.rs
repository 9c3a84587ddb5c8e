//! A member died: from then on no payout of theirs goes to their own card. A mistake is taken back by another person.

use std::sync::Arc;

use actix_web::{get, post, web};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
};
use serde::Deserialize;
use time::Date;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use super::rows::{death, heir};
use super::views::DeathView;
use crate::app::App;
use crate::audit;
use crate::db::is_unique_violation;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Idempotency, Problem, Reply, StaffCaller};
use crate::kernel::clock::iso_date;
use crate::kernel::seal::Field;
use crate::kernel::text::Text;
use crate::members;
use crate::payouts::rows::payout;
use crate::payouts::state::PayoutState;

/// That the member died.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordDeath {
    /// When, today at the latest.
    #[serde(with = "iso_date")]
    #[schema(value_type = String, format = Date, example = "2026-03-15")]
    died_on: Date,
    /// The documents that show it, by name: 1 to 20, of 1 to 200 characters.
    #[validate(custom(function = "documents"))]
    #[schema(min_items = 1, max_items = 20, example = json!(["居民死亡医学证明书"]))]
    evidence: Vec<String>,
}

/// Why it was a mistake.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawDeath {
    /// For the record.
    #[validate(length(min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500, example = "登记有误：逝者与该会员同名")]
    reason: String,
}

pub(super) fn documents(names: &[String]) -> Result<(), ValidationError> {
    let fits = |name: &String| (1..=200).contains(&name.trim().chars().count());
    if (1..=20).contains(&names.len()) && names.iter().all(fits) {
        return Ok(());
    }
    Err(ValidationError::new("documents").with_message(
        "请列出 1 到 20 份证明材料，每份名称 1 到 200 字|Name 1 to 20 documents, each with 1 to 200 characters".into(),
    ))
}

/// A payout that is still owed, or is not.
pub(super) async fn load_payout(connection: &impl ConnectionTrait, id: Uuid) -> Result<payout::Model, Problem> {
    payout::Entity::find_by_id(id).one(connection).await?.ok_or_else(|| Problem::new(Code::NotFound))
}

/// Refuses a payout that is on its way or paid: it went to the member.
pub(super) fn must_be_owed(payout: &payout::Model) -> Result<(), Problem> {
    match payout.state {
        PayoutState::Approved | PayoutState::Failed => Ok(()),
        PayoutState::Paying | PayoutState::Paid | PayoutState::Settled => Err(Problem::new(Code::PayoutNotOwed)),
    }
}

/// The death of a member, if it is recorded.
pub(super) async fn of_member(
    connection: &impl ConnectionTrait,
    member_id: Uuid,
) -> Result<Option<death::Model>, Problem> {
    let found = death::Entity::find()
        .filter(death::Column::MemberId.eq(member_id))
        .filter(death::Column::WithdrawnAtMs.is_null())
        .one(connection)
        .await?;
    Ok(found)
}

/// Record that a member died
///
/// Of a payout that is still owed. From then on the member's card is blocked, for every payout of theirs; each waits until its heir is confirmed.
#[utoipa::path(
    tag = "staff", operation_id = "record_death", security(("bearer" = ["heir:record"])),
    request_body = RecordDeath,
    params(
        ("payout_id" = Uuid, Path, description = "The payout"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 201, description = "The death", body = DeathView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`payout_not_owed`, or it is recorded already: `death_recorded`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/payouts/{payout_id}/death")]
pub(super) async fn record_death(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    path: web::Path<Uuid>,
    body: Body<RecordDeath>,
) -> Answer {
    let asked = &body.value;
    if asked.died_on > app.clock.now().date() || asked.died_on.year() < 1900 {
        return Err(Problem::new(Code::ValidationFailed).field(
            "/died_on",
            "range",
            Text::fixed("死亡日期不能晚于今天", "The day is today at the latest"),
        ));
    }
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let payout = load_payout(txn, *path).await?;
            must_be_owed(&payout)?;
            let row = record(txn, &app, payout.member_id, staff.staff_id, asked).await?;
            Reply::created(format!("/v1/payouts/{}/death", payout.id), &DeathView::of(&app, row)?)
        })
        .await
}

async fn record(
    txn: &DatabaseTransaction,
    app: &App,
    member_id: Uuid,
    staff_id: Uuid,
    asked: &RecordDeath,
) -> Result<death::Model, Problem> {
    let blocked = members::block_card(txn, member_id).await?;
    let row = death::ActiveModel {
        id: Set(app.ids.next()),
        member_id: Set(member_id),
        died_on: Set(asked.died_on),
        evidence_sealed: Set(app.sealer.seal_json(Field::Remark, &asked.evidence)?),
        blocked_card_id: Set(blocked),
        recorded_by: Set(staff_id),
        recorded_at_ms: Set(app.clock.now()),
        ..Default::default()
    };
    let row = death::Entity::insert(row)
        .exec_with_returning(txn)
        .await
        .map_err(|error| if is_unique_violation(&error) { Problem::new(Code::DeathRecorded) } else { error.into() })?;
    tracing::warn!(death.id = %row.id, "payouts.death was recorded: the member's card is blocked");
    Ok(row)
}

/// Show the death of a payout's member
///
/// The newest record of it, also one that was taken back.
#[utoipa::path(
    tag = "staff", operation_id = "show_death", security(("bearer" = ["payout:read"])),
    params(("payout_id" = Uuid, Path, description = "The payout")),
    responses(
        (status = 200, description = "The death", body = DeathView),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/payouts/{payout_id}/death")]
pub(super) async fn show_death(app: web::Data<Arc<App>>, staff: StaffCaller, path: web::Path<Uuid>) -> Answer {
    let payout = load_payout(app.db.read(), *path).await?;
    let row = death::Entity::find()
        .filter(death::Column::MemberId.eq(payout.member_id))
        .order_by_desc(death::Column::Id)
        .one(app.db.read())
        .await?
        .ok_or_else(|| Problem::new(Code::NotFound))?;
    audit::record_access(app.db.write(), &app, &staff, payout.member_id, "death", payout.id).await?;
    Ok(Reply::ok(&DeathView::of(&app, row)?)?.into_response())
}

/// Take back that a member died
///
/// A mistake: never by the person who recorded it, and not once an heir is confirmed. The member's card can be paid to again.
#[utoipa::path(
    tag = "staff", operation_id = "withdraw_death", security(("bearer" = ["heir:record", "heir:confirm"])),
    request_body = WithdrawDeath,
    params(
        ("payout_id" = Uuid, Path, description = "The payout"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 200, description = "The death, withdrawn", body = DeathView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`same_person`: whoever recorded it may not take it back", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`death_not_recorded` or `heir_confirmed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/payouts/{payout_id}/death/withdraw")]
pub(super) async fn withdraw_death(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    path: web::Path<Uuid>,
    body: Body<WithdrawDeath>,
) -> Answer {
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let payout = load_payout(txn, *path).await?;
            let found = of_member(txn, payout.member_id).await?;
            let row = found.ok_or_else(|| Problem::new(Code::DeathNotRecorded))?;
            if row.recorded_by == staff.staff_id {
                return Err(Problem::new(Code::SamePerson));
            }
            let row = withdraw(txn, &app, row, staff.staff_id, &body.value.reason).await?;
            Reply::ok(&DeathView::of(&app, row)?)
        })
        .await
}

async fn withdraw(
    txn: &DatabaseTransaction,
    app: &App,
    row: death::Model,
    staff_id: Uuid,
    reason: &str,
) -> Result<death::Model, Problem> {
    use death::Column as C;
    let of_death = || heir::Entity::find().filter(heir::Column::DeathId.eq(row.id));
    if of_death().filter(heir::Column::ConfirmedAtMs.is_not_null()).count(txn).await? > 0 {
        return Err(Problem::new(Code::HeirConfirmed));
    }
    heir::Entity::update_many()
        .col_expr(heir::Column::WithdrawnBy, Expr::value(staff_id))
        .col_expr(heir::Column::WithdrawnAtMs, Expr::value(app.clock.now()))
        .filter(heir::Column::DeathId.eq(row.id))
        .filter(heir::Column::WithdrawnAtMs.is_null())
        .exec(txn)
        .await?;
    let done = death::Entity::update_many()
        .col_expr(C::WithdrawnBy, Expr::value(staff_id))
        .col_expr(C::WithdrawnReasonSealed, Expr::value(app.sealer.seal(Field::Remark, reason)?))
        .col_expr(C::WithdrawnAtMs, Expr::value(app.clock.now()))
        .filter(C::Id.eq(row.id))
        .filter(C::WithdrawnAtMs.is_null())
        .exec(txn)
        .await?;
    if done.rows_affected != 1 {
        return Err(Problem::new(Code::DeathNotRecorded));
    }
    if let Some(card_id) = row.blocked_card_id {
        members::unblock_card(txn, card_id).await?;
    }
    tracing::warn!(death.id = %row.id, "payouts.death was taken back: the member's card can be paid to again");
    death::Entity::find_by_id(row.id).one(txn).await?.ok_or_else(|| Problem::new(Code::NotFound))
}
