//! Supplements (补件): one itemised request for everything that is missing, and the member's answer to each item.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use time::Date;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use super::advance::{By, Change, advance};
use super::rows::supplement::{ActiveModel, Column, Entity, Model, SupplementState};
use super::rows::{claim, timeline::ActorKind};
use super::state::Command;
use crate::app::App;
use crate::documents::DocumentKind;
use crate::http::Problem;
use crate::kernel::clock::{Moment, iso_date};
use crate::kernel::seal::Field;
use crate::kernel::text::Text;
use crate::notices;

/// Working days that a member has to answer.
const TERM_WORKING_DAYS: u32 = 30;

/// One thing that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The kind of document.
    pub kind: DocumentKind,
    /// What to send and why.
    #[schema(value_type = ItemDetail)]
    #[validate(custom(function = "short_in_both"))]
    pub detail: Text,
}

/// What to send and why, in both languages.
#[derive(ToSchema)]
#[expect(dead_code, reason = "this type only documents the bounds of `Item::detail`")]
pub struct ItemDetail {
    /// Chinese.
    #[schema(min_length = 1, max_length = 500, example = "请补充诊断证明")]
    zh: String,
    /// English.
    #[schema(min_length = 1, max_length = 500, example = "Send the diagnosis")]
    en: String,
}

fn short_in_both(text: &Text) -> Result<(), ValidationError> {
    if [&text.zh, &text.en].into_iter().all(|words| (1..=500).contains(&words.chars().count())) {
        return Ok(());
    }
    Err(ValidationError::new("length").with_message("中英文各 1 到 500 字|1 to 500 characters in each language".into()))
}

/// The member's word on one item: a document was uploaded for it, or it can't be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ItemAnswer {
    /// Which item, from 0.
    #[schema(minimum = 0, maximum = 29)]
    #[validate(range(max = 29))]
    pub item: u32,
    /// True when a document was uploaded, false for "I cannot get it".
    pub given: bool,
    /// Why it can't be had, or anything else to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 500)]
    #[validate(length(min = 1, max = 500))]
    pub remark: Option<String>,
}

/// A request as the member sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SupplementView {
    /// Identifier.
    pub id: Uuid,
    /// What is asked for.
    #[schema(max_items = 30)]
    pub items: Vec<Item>,
    /// When it was asked.
    pub asked_at: Moment,
    /// The last day to answer.
    #[serde(with = "iso_date")]
    #[schema(value_type = String, format = Date, max_length = 10, example = "2026-04-28")]
    pub term_ends_on: Date,
}

/// Asks the member for `items`: the claim waits, the promise pauses if it runs.
///
/// # Errors
/// `claim_state_conflict` in a state that can't ask.
pub async fn ask(
    txn: &DatabaseTransaction,
    app: &App,
    claim: &claim::Model,
    by: By,
    items: Vec<Item>,
) -> Result<claim::Model, Problem> {
    // What is asked for may name an illness: it stands in the sealed row alone, never in the timeline or in a short message.
    let count = items.len();
    let text = Text::made(
        format!("需要您补充 {count} 项材料，请在申报中查看并答复"),
        format!("More is needed ({count}): see the claim for what to send"),
    );
    let mut change = Change::new(Command::Ask, by, text.clone()).reason("documents_missing");
    if let Some(reviewer) = claim.reviewer_id {
        change =
            change.set(claim::Column::ReviewerId, Option::<Uuid>::None).set(claim::Column::LastReviewerId, reviewer);
    }
    let claim = advance(txn, app, claim, change).await?;
    let now = app.clock.now();
    let calendar = app.calendars.current(txn, now).await?;
    let row = ActiveModel {
        id: Set(app.ids.next()),
        claim_id: Set(claim.id),
        state: Set(SupplementState::Open),
        items_sealed: Set(app.sealer.seal(Field::Remark, serde_json::to_vec(&items)?)?),
        answers_sealed: Set(None),
        asked_by: Set(by.id.filter(|_| by.kind == ActorKind::Staff)),
        asked_at_ms: Set(now),
        term_ends_on: Set(calendar.nth_working_day_after(now.date(), TERM_WORKING_DAYS)),
        answered_at_ms: Set(None),
    };
    Entity::insert(row).exec_without_returning(txn).await?;
    notices::queue(txn, app, claim.member_id, Some(claim.id), "supplement_requested", &text).await?;
    Ok(claim)
}

/// The open request of a claim.
///
/// # Errors
/// Those of the database.
pub async fn open_of(connection: &impl ConnectionTrait, claim_id: Uuid) -> Result<Option<Model>, Problem> {
    let query = Entity::find().filter(Column::ClaimId.eq(claim_id)).filter(Column::State.eq(SupplementState::Open));
    Ok(query.one(connection).await?)
}

/// Ends the open request of a claim, if there is one, with the member's answers or without.
///
/// # Errors
/// Those of the database.
pub async fn close(
    txn: &DatabaseTransaction,
    app: &App,
    claim_id: Uuid,
    answers: Option<&[ItemAnswer]>,
) -> Result<(), Problem> {
    let mut update =
        Entity::update_many().filter(Column::ClaimId.eq(claim_id)).filter(Column::State.eq(SupplementState::Open));
    update = match answers {
        Some(answers) => update
            .col_expr(Column::State, Expr::value(SupplementState::Answered))
            .col_expr(Column::AnsweredAtMs, Expr::value(app.clock.now()))
            .col_expr(
                Column::AnswersSealed,
                Expr::value(app.sealer.seal(Field::Remark, serde_json::to_vec(answers)?)?),
            ),
        None => update.col_expr(Column::State, Expr::value(SupplementState::Closed)),
    };
    update.exec(txn).await?;
    Ok(())
}

/// What was asked for.
///
/// # Errors
/// When the row does not open.
pub fn items(app: &App, row: &Model) -> Result<Vec<Item>, Problem> {
    let bytes = app.sealer.open_bytes(Field::Remark, &row.items_sealed)?;
    Ok(serde_json::from_slice(bytes.reveal())?)
}

/// The request as the member sees it.
///
/// # Errors
/// When the row does not open.
pub fn view(app: &App, row: &Model) -> Result<SupplementView, Problem> {
    Ok(SupplementView {
        id: row.id,
        items: items(app, row)?,
        asked_at: row.asked_at_ms,
        term_ends_on: row.term_ends_on,
    })
}
