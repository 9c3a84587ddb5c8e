//! Instalments: sums and due days that come to the balance exactly. Staff offer them, the member agrees; until then the old ones hold.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::ActiveValue::Set;
use sea_orm::{DatabaseTransaction, EntityTrait};
use serde::{Deserialize, Serialize};
use time::{Date, Duration};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::changes::{Who, balance, change, load, record};
use super::rows::{instalment, recovery};
use super::views::RecoveryView;
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Idempotency, IfMatch, Problem, Reply, StaffCaller};
use crate::kernel::clock::iso_date;
use crate::kernel::money::Fen;
use crate::kernel::text::Text;
use crate::notices;

/// Days that a member has when nobody says otherwise.
const DEFAULT_DAYS: i64 = 30;
/// The last day of the last instalment is at most so far away.
const LONGEST_DAYS: i64 = 5 * 366;

/// One instalment that is offered.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInstalment {
    /// How much.
    #[schema(value_type = i64, minimum = 1, maximum = 100_000_000_000_i64, example = 20_000)]
    amount_fen: Fen,
    /// Until the end of which day, after today.
    #[serde(with = "iso_date")]
    #[schema(value_type = String, format = Date, example = "2026-05-31")]
    due_on: Date,
}

/// Instalments that are offered.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferInstalments {
    /// In the order of their days, 1 to 60; together exactly what is left.
    #[validate(length(min = 1, max = 60))]
    #[schema(min_items = 1, max_items = 60)]
    instalments: Vec<NewInstalment>,
}

/// Offer instalments
///
/// In the place of those before, also while it is being repaid; the sums come to the balance exactly. They hold once the member agrees.
#[utoipa::path(
    tag = "staff", operation_id = "offer_recovery_instalments", security(("bearer" = ["recovery:open"])),
    request_body = OfferInstalments,
    params(
        ("recovery_id" = Uuid, Path, description = "The recovery"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
        ("If-Match" = String, Header, description = "The recovery's entity tag", max_length = 40, example = "\"1\""),
    ),
    responses(
        (status = 200, description = "The recovery", body = RecoveryView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It is over: `recovery_state_conflict`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "It has changed since it was read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/recoveries/{recovery_id}/instalments")]
pub(super) async fn offer_recovery_instalments(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    version: IfMatch,
    path: web::Path<Uuid>,
    body: Body<OfferInstalments>,
) -> Answer {
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let row = load(txn, *path).await?;
            version.check(row.version)?;
            if row.outcome.is_some() {
                return Err(Problem::new(Code::RecoveryStateConflict));
            }
            let instalments = &body.value.instalments;
            check(&app, instalments, balance(&row)?)?;
            offer(txn, &row, instalments).await?;
            record(txn, &app, row.id, "instalments_offered", Who::Staff(staff.staff_id)).await?;
            if row.confirmed_by.is_some() {
                let text = Text::fixed(
                    "工会提出了新的归还安排，请登录查看并确认",
                    "Your union offers other instalments for what is to be repaid; look at them and say whether you agree",
                );
                notices::queue(txn, &app, row.member_id, Some(row.claim_id), "recovery_instalments", &text).await?;
            }
            let row = load(txn, row.id).await?;
            let version = row.version;
            Ok(Reply::ok(&RecoveryView::one(txn, &app, row).await?)?.version(version))
        })
        .await
}

/// Refuses instalments that do not come to `balance`, or whose days are not in order after today.
pub(super) fn check(app: &App, instalments: &[NewInstalment], balance: Fen) -> Result<(), Problem> {
    let refused = |pointer: String, reason: &str, text: Text| {
        Err(Problem::new(Code::ValidationFailed).field(pointer, reason, text))
    };
    let today = app.clock.now().date();
    let last = today.checked_add(Duration::days(LONGEST_DAYS)).unwrap_or(Date::MAX);
    let mut before = today;
    for (one, index) in instalments.iter().zip(0..) {
        if !one.amount_fen.is_positive() {
            let text = Text::fixed("每期金额须大于零", "An instalment is more than nothing");
            return refused(format!("/instalments/{index}/amount_fen"), "range", text);
        }
        if one.due_on <= before || one.due_on > last {
            let text = Text::fixed(
                "到期日须晚于今天、依次递增，最迟五年内",
                "Due days come after today, one after the other, within five years",
            );
            return refused(format!("/instalments/{index}/due_on"), "range", text);
        }
        before = one.due_on;
    }
    if Fen::sum(instalments.iter().map(|one| one.amount_fen))? != balance {
        let text = Text::made(
            format!("各期金额之和须等于待归还的 {balance} 元"),
            format!("The instalments must come to the {balance} yuan that are left"),
        );
        return refused("/instalments".to_owned(), "sum", text);
    }
    Ok(())
}

/// One instalment of all, when nobody says otherwise.
pub(super) fn at_once(app: &App, balance: Fen) -> Vec<NewInstalment> {
    let today = app.clock.now().date();
    let due_on = today.checked_add(Duration::days(DEFAULT_DAYS)).unwrap_or(Date::MAX);
    vec![NewInstalment { amount_fen: balance, due_on }]
}

/// Writes instalments that were checked as the next offer.
pub(super) async fn offer(
    txn: &DatabaseTransaction,
    row: &recovery::Model,
    instalments: &[NewInstalment],
) -> Result<(), Problem> {
    let revision = row.plan_revision + 1;
    let rows = instalments.iter().zip(1..).map(|(one, instalment_no)| instalment::ActiveModel {
        recovery_id: Set(row.id),
        revision: Set(revision),
        instalment_no: Set(instalment_no),
        amount_fen: Set(one.amount_fen),
        due_on: Set(one.due_on),
    });
    instalment::Entity::insert_many(rows).exec_without_returning(txn).await?;
    change(txn, row, recovery::ActiveModel { plan_revision: Set(revision), ..Default::default() }).await
}
