//! `GET` and `PUT /v1/me/card`: the service card that payouts go to. A changed card waits 24 hours before it is paid to.

use std::sync::Arc;

use actix_web::{get, put, web};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use super::rows::member;
use super::rows::service_card::{ActiveModel, CardState, Column, Entity, Model};
use crate::app::App;
use crate::claims;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, IfMatch, MemberCaller, Problem, Reply};
use crate::kernel::clock::Moment;
use crate::kernel::people::{is_card_number, mask_card_tail};
use crate::kernel::seal::Field;
use crate::kernel::text::Text;
use crate::notices;

/// A changed card is not paid to for a day: time for the member to object.
const HOLD_SECS: i64 = 24 * 60 * 60;

/// The member's card.
#[derive(Debug, Serialize, ToSchema)]
struct CardView {
    /// The last four digits.
    #[schema(max_length = 20, example = "**** 0128")]
    number: String,
    /// Payouts go to it from then on.
    usable_from: Moment,
    /// Rises with each change; the entity tag.
    #[schema(minimum = 1)]
    version: i64,
}

/// A new card.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewCard {
    /// The whole number, 16 to 19 digits.
    #[schema(min_length = 16, max_length = 19, pattern = "^[0-9]{16,19}$", example = "6222021234567890128")]
    #[validate(custom(function = "card_number"))]
    number: String,
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

/// My service card
///
/// 我的互助服务卡。The card that payouts go to.
#[utoipa::path(tag = "member", operation_id = "show_card", security(("bearer" = ["card:read"])),
    responses((status = 200, body = CardView),
        (status = 404, description = "There is none that can be paid to", body = ProblemBody, content_type = "application/problem+json")))]
#[get("/v1/me/card")]
pub(super) async fn show_card(app: web::Data<Arc<App>>, caller: MemberCaller) -> Answer {
    let card = active(app.db.read(), caller.member_id).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    reply(&card)
}

/// Change my service card
///
/// 更换互助服务卡：24 小时后才会向新卡付款，旧手机号会收到通知。Payouts go to the new card after 24 hours.
#[utoipa::path(tag = "member", operation_id = "change_card", request_body = NewCard, params(
    ("If-Match" = String, Header, max_length = 24, description = "The version that was read, for example \"1\"")),
    security(("bearer" = ["card:change"])), responses((status = 200, body = CardView),
        (status = 404, description = "There is none that could be changed", body = ProblemBody, content_type = "application/problem+json")))]
#[put("/v1/me/card")]
pub(super) async fn change_card(
    app: web::Data<Arc<App>>,
    caller: MemberCaller,
    if_match: IfMatch,
    body: Body<NewCard>,
) -> Answer {
    let txn = app.db.begin().await?;
    let old = active(&txn, caller.member_id).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    if_match.check(old.card_version)?;
    let card = replace(&txn, &app, &old, &body.value.number).await?;
    claims::card::changed(&txn, &app, caller.member_id).await?;
    let text = Text::made(
        format!("您的互助服务卡已更换为尾号 {}，24 小时后生效。如非本人操作，请立即联系工会。", card.number_tail),
        format!(
            "Your service card is now the one ending in {}, from 24 hours on. If this was not you, call your union at once.",
            card.number_tail
        ),
    );
    notices::queue(&txn, &app, caller.member_id, None, "card_changed", &text).await?;
    txn.commit().await?;
    app.job_written.notify_waiters();
    reply(&card)
}

pub(crate) async fn replace(
    txn: &impl ConnectionTrait,
    app: &App,
    old: &Model,
    number: &str,
) -> Result<Model, Problem> {
    let retired = Entity::update_many()
        .col_expr(Column::State, Expr::value(CardState::Replaced))
        .filter(Column::Id.eq(old.id))
        .filter(Column::State.eq(CardState::Active))
        .exec(txn)
        .await?;
    if retired.rows_affected != 1 {
        return Err(Problem::new(Code::StaleVersion));
    }
    let member =
        member::Entity::find_by_id(old.member_id).one(txn).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    let now = app.clock.now();
    let card = Model {
        id: app.ids.next(),
        member_id: old.member_id,
        card_version: old.card_version + 1,
        number_sealed: app.sealer.seal(Field::CardNumber, number)?,
        number_lookup: app.sealer.lookup(Field::CardNumber, number),
        number_tail: number.get(number.len().saturating_sub(4)..).unwrap_or_default().to_owned(),
        holder_name_sealed: member.name_sealed,
        state: CardState::Active,
        usable_from_ms: now.plus_secs(HOLD_SECS),
        created_at_ms: now,
    };
    let row = ActiveModel {
        id: Set(card.id),
        member_id: Set(card.member_id),
        card_version: Set(card.card_version),
        number_sealed: Set(card.number_sealed.clone()),
        number_lookup: Set(card.number_lookup.clone()),
        number_tail: Set(card.number_tail.clone()),
        holder_name_sealed: Set(card.holder_name_sealed.clone()),
        state: Set(card.state),
        usable_from_ms: Set(card.usable_from_ms),
        created_at_ms: Set(card.created_at_ms),
    };
    Entity::insert(row).exec_without_returning(txn).await?;
    Ok(card)
}

pub(crate) async fn active(connection: &impl ConnectionTrait, member_id: Uuid) -> Result<Option<Model>, Problem> {
    let query = Entity::find().filter(Column::MemberId.eq(member_id)).filter(Column::State.eq(CardState::Active));
    Ok(query.one(connection).await?)
}

fn reply(card: &Model) -> Answer {
    let view = CardView {
        number: mask_card_tail(&card.number_tail),
        usable_from: card.usable_from_ms,
        version: card.card_version,
    };
    Ok(Reply::ok(&view)?.version(card.card_version).into_response())
}
