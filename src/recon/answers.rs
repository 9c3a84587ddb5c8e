//! What the bank says about a break. It explains; it never resolves.

use std::sync::Arc;

use actix_web::{get, post, web};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::rows::{break_answer, recon_break};
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Idempotency, MachineCaller, Page, Paged, Problem, Query, Reply};
use crate::kernel::clock::Moment;
use crate::kernel::text::Text;

/// What the bank says.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBreakAnswer {
    /// The explanation, without anything personal: no card number of 12 digits or more, no name.
    #[validate(length(min = 1, max = 1000))]
    #[schema(min_length = 1, max_length = 1000, example = "落地处理中，预计次日入账")]
    answer: String,
    /// The bank's serial number of the booking that it speaks of.
    #[validate(length(min = 1, max = 40))]
    #[schema(min_length = 1, max_length = 40, example = "S0000012")]
    #[serde(default)]
    bank_serial: Option<String>,
}

/// An answer of the bank.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BreakAnswer {
    /// Identifier.
    id: Uuid,
    /// The explanation.
    #[schema(max_length = 1000, example = "落地处理中，预计次日入账")]
    answer: String,
    /// The bank's serial number of the booking that it speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40, example = "S0000012")]
    bank_serial: Option<String>,
    /// When it came.
    answered_at: Moment,
}

impl From<break_answer::Model> for BreakAnswer {
    fn from(row: break_answer::Model) -> Self {
        Self { id: row.id, answer: row.answer, bank_serial: row.bank_serial, answered_at: row.answered_at_ms }
    }
}

/// Answer a break
///
/// The bank explains what happened. The break stays open: people of the fund resolve it.
#[utoipa::path(
    tag = "bank", operation_id = "answer_break", security(("bearer" = ["bank:report"])),
    request_body = NewBreakAnswer,
    params(
        ("break_id" = Uuid, Path, description = "The break"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 201, description = "The answer was kept", body = BreakAnswer),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It is resolved: `conflict`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/recon/breaks/{break_id}/answers")]
pub(super) async fn answer_break(
    app: web::Data<Arc<App>>,
    machine: MachineCaller,
    idempotency: Idempotency,
    path: web::Path<Uuid>,
    body: Body<NewBreakAnswer>,
) -> Answer {
    let NewBreakAnswer { answer, bank_serial } = body.value;
    if longest_digits(&answer) >= 12 {
        return Err(Problem::new(Code::ValidationFailed).field(
            "/answer",
            "card_number",
            Text::fixed(
                "请勿填写卡号，用末四位或流水号",
                "Leave card numbers out: name the last four digits or a serial number",
            ),
        ));
    }
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            if find(txn, *path).await?.state != "open" {
                return Err(Problem::new(Code::Conflict));
            }
            let row = break_answer::ActiveModel {
                id: Set(app.ids.next()),
                break_id: Set(*path),
                client_id: Set(machine.client_id.clone()),
                answer: Set(answer.clone()),
                bank_serial: Set(bank_serial.clone()),
                answered_at_ms: Set(app.clock.now()),
            };
            let row = break_answer::Entity::insert(row).exec_with_returning(txn).await?;
            Reply::created(format!("/v1/recon/breaks/{}/answers", *path), &BreakAnswer::from(row))
        })
        .await
}

/// List the bank's answers to a break
///
/// Newest first.
#[utoipa::path(
    tag = "bank", operation_id = "list_break_answers", security(("bearer" = ["break:read"])),
    params(("break_id" = Uuid, Path, description = "The break"), Page),
    responses(
        (status = 200, description = "A page of answers", body = Paged<BreakAnswer>),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/recon/breaks/{break_id}/answers")]
pub(super) async fn list_break_answers(app: web::Data<Arc<App>>, path: web::Path<Uuid>, page: Query<Page>) -> Answer {
    let (limit, list) = (page.0.limit()?, format!("break-answers:{}", *path));
    find(app.db.read(), *path).await?;
    let mut query = break_answer::Entity::find().filter(break_answer::Column::BreakId.eq(*path));
    if let Some(after) = page.0.start(&app, &list)? {
        query = query.filter(break_answer::Column::Id.lt(after.id));
    }
    let rows = query.order_by_desc(break_answer::Column::Id).limit(limit + 1).all(app.db.read()).await?;
    let page = Paged::from_rows(&app, &list, limit, rows, |row| (row.answered_at_ms, row.id), BreakAnswer::from);
    Ok(Reply::ok(&page)?.into_response())
}

async fn find(connection: &impl ConnectionTrait, id: Uuid) -> Result<recon_break::Model, Problem> {
    recon_break::Entity::find_by_id(id).one(connection).await?.ok_or_else(|| Problem::new(Code::NotFound))
}

/// The longest run of digits, blanks and hyphens between them passed over: what a card number looks like.
fn longest_digits(text: &str) -> usize {
    let (mut longest, mut run) = (0, 0);
    for c in text.chars().filter(|c| !matches!(c, ' ' | '-')) {
        run = if c.is_numeric() { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_number_is_seen_however_it_is_written() {
        for (text, digits) in [("6222 0212-3456 7890 128", 19), ("S000000000012", 12), ("尾号0128，2026年", 4), ("", 0)]
        {
            assert_eq!(longest_digits(text), digits, "{text}");
        }
    }
}
