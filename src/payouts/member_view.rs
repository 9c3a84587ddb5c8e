//! What a member sees of the payouts of a claim: each step in plain words, the card masked.

use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::reason::{self, Mend};
use super::rows::{batch, order, payout};
use super::state::{FINISHED, OrderState, PayoutState};
use crate::app::App;
use crate::claims::find;
use crate::http::problem::ProblemBody;
use crate::http::{Actor, Answer, Caller, Code, MemberCaller, Problem, Reply};
use crate::kernel::clock::Moment;
use crate::kernel::money::Fen;
use crate::kernel::people::mask_card_tail;
use crate::kernel::text::Text;

/// The payouts of a claim.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClaimPayouts {
    /// One for each decision that granted money.
    #[schema(max_items = 100)]
    items: Vec<ClaimPayout>,
}

/// A payout as its member sees it.
#[derive(Debug, Serialize, ToSchema)]
struct ClaimPayout {
    /// Identifier.
    id: Uuid,
    /// How much.
    amount_fen: Fen,
    /// Where it stands.
    state: PayoutState,
    /// Where it stands, in words.
    text: Text,
    /// The card that it goes or went to, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, example = "**** 1111")]
    card: Option<String>,
    /// True while the member must give another card before it can be paid.
    needs_new_card: bool,
    /// When the bank paid it.
    #[serde(skip_serializing_if = "Option::is_none")]
    paid_at: Option<Moment>,
    /// What happened so far, oldest first.
    #[schema(max_items = 1000)]
    steps: Vec<Step>,
}

/// One thing that happened to a payout.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PayoutStep)]
struct Step {
    /// What: `approved`, `released`, `sent`, `rejected`, `paid`, `settled` or `returned`.
    #[schema(max_length = 20, example = "released")]
    kind: &'static str,
    /// When.
    at: Moment,
    /// What, in words.
    text: Text,
}

/// List the payouts of a claim
///
/// For the member whose claim it is, or the liaison who may read it: each step, with the card masked.
#[utoipa::path(
    tag = "member", operation_id = "list_claim_payouts", security(("bearer" = ["claim:read"])),
    params(("claim_id" = Uuid, Path, description = "The claim")),
    responses(
        (status = 200, description = "The payouts of the claim", body = ClaimPayouts),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/claims/{claim_id}/payouts")]
pub(super) async fn list_claim_payouts(app: web::Data<Arc<App>>, caller: Caller, path: web::Path<Uuid>) -> Answer {
    may_read(&app, &caller, *path).await?;
    let rows = payout::Entity::find()
        .filter(payout::Column::ClaimId.eq(*path))
        .order_by_asc(payout::Column::Id)
        .all(app.db.read())
        .await?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        items.push(show(app.db.read(), row).await?);
    }
    Ok(Reply::ok(&ClaimPayouts { items })?.into_response())
}

/// A claim that the caller may not know of is not found.
async fn may_read(app: &App, caller: &Caller, claim_id: Uuid) -> Result<(), Problem> {
    match &caller.actor {
        Actor::Member { member_id } => {
            let member = MemberCaller { member_id: *member_id, session_id: caller.session_id };
            find::of_member(app.db.read(), &member, claim_id).await.map(drop)
        }
        Actor::Staff(staff) => find::of_staff(app.db.read(), staff, claim_id).await.map(drop),
        Actor::Machine(_) => Err(Problem::new(Code::NotFound)),
    }
}

async fn show(connection: &impl ConnectionTrait, row: payout::Model) -> Result<ClaimPayout, Problem> {
    let orders = order::Entity::find()
        .filter(order::Column::PayoutId.eq(row.id))
        .order_by_asc(order::Column::TryNo)
        .all(connection)
        .await?;
    let mut steps = vec![Step {
        kind: "approved",
        at: row.created_at_ms,
        text: Text::fixed("已批准，等待付款", "Approved, waiting to be paid"),
    }];
    for order in &orders {
        let released_at = match order.batch_id {
            Some(id) => batch::Entity::find_by_id(id).one(connection).await?.and_then(|batch| batch.released_at_ms),
            None => None,
        };
        order_steps(order, released_at, &mut steps);
    }
    let last = orders.last();
    let is_queued_again = last.is_some_and(|order| !FINISHED.contains(&order.state));
    let mend = last.map(mend_of);
    let text = match (row.state, mend) {
        (PayoutState::Approved, _) => Text::fixed("已批准，等待付款", "Approved, waiting to be paid"),
        (PayoutState::Paying, _) => Text::fixed("银行处理中", "On its way through the bank"),
        (PayoutState::Paid, _) => Text::fixed("银行已付款", "Paid by the bank"),
        (PayoutState::Settled, _) => {
            Text::fixed("已到账，银行对账单已确认", "Paid, and confirmed by the bank's statement")
        }
        (PayoutState::Failed, _) if is_queued_again => {
            Text::fixed("上次付款未成功，将重新支付", "The last payment did not go through; it will be paid again")
        }
        (PayoutState::Failed, mend) => reason::told(mend.unwrap_or(Mend::Person)),
    };
    Ok(ClaimPayout {
        id: row.id,
        amount_fen: row.amount_fen,
        state: row.state,
        text,
        card: last.and_then(|order| order.card_tail.as_deref()).map(mask_card_tail),
        needs_new_card: row.state == PayoutState::Failed && mend == Some(Mend::NewCard),
        paid_at: row.paid_at_ms,
        steps,
    })
}

fn mend_of(order: &order::Model) -> Mend {
    match order.state {
        OrderState::Returned => Mend::NewCard,
        _ => reason::after_rejection(order.reason_code.as_deref().unwrap_or_default()),
    }
}

fn order_steps(order: &order::Model, released_at: Option<Moment>, steps: &mut Vec<Step>) {
    use OrderState as S;
    let mut step = |kind, at, text| steps.push(Step { kind, at, text });
    if let Some(at) = released_at {
        step("released", at, Text::fixed("已复核放款", "Released by a second person"));
    }
    match (order.state, order.posted_at_ms) {
        (S::Accepted | S::InDoubt, _) => step("sent", order.changed_at_ms, Text::fixed("已送银行", "Sent to the bank")),
        (S::Paid | S::Settled | S::Returned, Some(at)) => {
            step("paid", at, Text::fixed("银行已付款", "Paid by the bank"))
        }
        (S::Rejected | S::RejectedConfirmed, _) => {
            let at = order.posted_at_ms.unwrap_or(order.changed_at_ms);
            step("rejected", at, Text::fixed("银行未能付款", "The bank could not pay"));
        }
        _ => {}
    }
    if let (S::Settled | S::Returned, Some(on)) = (order.state, order.final_on) {
        let at = Moment::end_of(on);
        if order.state == S::Settled {
            step("settled", at, Text::fixed("对账单已确认", "Confirmed by the statement"));
        } else {
            step("returned", at, Text::fixed("款项已退回", "The money came back"));
        }
    }
}
