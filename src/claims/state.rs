//! What may follow what: the one table of claim states and commands. Pure; everything else asks it.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::text::Text;
use crate::promise::ClockEvent;

/// Where a claim stands (design: claim states).
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
    ToSchema,
    PartialOrd,
    Ord,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ClaimState {
    /// 草稿: begun, not submitted.
    Draft,
    /// 核查中: the system checks it.
    Checking,
    /// 已受理: the promise runs; nobody has taken it yet.
    Accepted,
    /// 审核中: a reviewer has it.
    InReview,
    /// 待补件: the member has the ball.
    WaitingForMember,
    /// 已批准: all that was assessed is granted.
    Approved,
    /// 部分批准: something is granted, something refused.
    PartlyApproved,
    /// 不予赔付: nothing is granted; appealable.
    Rejected,
    /// 付款中: the bank has the order.
    Paying,
    /// 已到账: the bank reported success.
    Paid,
    /// 付款未成功: the order failed for good or came back.
    PayoutFailed,
    /// 已撤回: by the member.
    Withdrawn,
    /// 已失效: the term of a request ran out.
    Lapsed,
}

/// What can be done to a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize, ToSchema)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Begins it.
    Start,
    /// Hands it in.
    Submit,
    /// The checks pass.
    PassChecks,
    /// The checks refuse it: not covered, late or a duplicate.
    RefuseByChecks,
    /// Asks the member for what is missing.
    Ask,
    /// The member answered.
    Answer,
    /// The term of a request is over.
    Lapse,
    /// Every gate of straight-through holds.
    ApproveStraight,
    /// A reviewer takes it.
    Take,
    /// The reviewer gives it back.
    Release,
    /// The reviewer passes it up a level.
    PassUp,
    /// Grants all.
    Approve,
    /// Grants a part.
    ApprovePartly,
    /// Grants nothing.
    Reject,
    /// The checker released the batch.
    ReleasePayout,
    /// The bank reported success.
    PayPayout,
    /// The order was rejected for good, cancelled or returned.
    FailPayout,
    /// It failed for want of another card: the member has the ball.
    AwaitCard,
    /// There is another card.
    GiveCard,
    /// The member takes it back.
    Withdraw,
}

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The state after it.
    pub to: ClaimState,
    /// What it does to the promise clock.
    pub promise: Option<ClockEvent>,
}

/// Where a claim stands as far as the table needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its state; none before it exists.
    pub state: Option<ClaimState>,
    /// True once it was accepted: the clock has started.
    pub accepted: bool,
    /// True while a failed payout waits for another card: the clock is paused.
    pub awaits_card: bool,
}

impl Standing {
    /// Before it exists.
    pub const NOWHERE: Self = Self { state: None, accepted: false, awaits_card: false };

    /// Of a claim's row.
    #[must_use]
    pub const fn of(claim: &super::rows::claim::Model) -> Self {
        Self { state: Some(claim.state), accepted: claim.accepted_at_ms.is_some(), awaits_card: claim.awaits_card }
    }
}

impl Standing {
    /// Where a claim stands once `command` has led it from here to `to`.
    #[must_use]
    pub fn after(self, command: Command, to: ClaimState) -> Self {
        Self {
            state: Some(to),
            accepted: self.accepted || to == ClaimState::Accepted,
            awaits_card: match command {
                Command::AwaitCard => true,
                Command::GiveCard => false,
                _ => self.awaits_card,
            },
        }
    }
}

/// What `command` does to a claim that stands at `standing`; none when it is not allowed.
#[must_use]
pub fn transition(standing: Standing, command: Command) -> Option<Transition> {
    use ClaimState as S;
    use ClockEvent as P;
    use Command as C;
    let started = |event| standing.accepted.then_some(event);
    let (to, promise) = match (standing.state, command) {
        (None, C::Start) => (S::Draft, None),
        (Some(S::Draft), C::Submit) => (S::Checking, None),
        // A claim that was accepted is checked again after an answer: its clock goes on, and only a person may refuse it.
        (Some(S::Checking), C::PassChecks) => (S::Accepted, (!standing.accepted).then_some(P::Start)),
        (Some(S::Checking), C::RefuseByChecks) if !standing.accepted => (S::Rejected, None),
        (Some(S::Checking | S::Accepted | S::InReview), C::Ask) => (S::WaitingForMember, started(P::Pause)),
        (Some(S::WaitingForMember), C::Answer) => (S::Checking, started(P::Resume)),
        (Some(S::WaitingForMember), C::Lapse) => (S::Lapsed, started(P::Stop)),
        (Some(S::Accepted), C::ApproveStraight) => (S::Approved, None),
        (Some(S::Accepted), C::Take) => (S::InReview, None),
        (Some(S::InReview), C::Release | C::PassUp) => (S::Accepted, None),
        (Some(S::InReview), C::Approve) => (S::Approved, None),
        (Some(S::InReview), C::ApprovePartly) => (S::PartlyApproved, None),
        (Some(S::InReview), C::Reject) => (S::Rejected, Some(P::Stop)),
        (Some(S::Approved | S::PartlyApproved), C::ReleasePayout) => (S::Paying, None),
        (Some(S::PayoutFailed), C::ReleasePayout) if !standing.awaits_card => (S::Paying, None),
        (Some(S::Paying), C::PayPayout) => (S::Paid, Some(P::Stop)),
        (Some(S::Paying), C::FailPayout) => (S::PayoutFailed, None),
        (Some(S::Paid), C::FailPayout) => (S::PayoutFailed, Some(P::Restart)),
        (Some(S::PayoutFailed), C::AwaitCard) if !standing.awaits_card => (S::PayoutFailed, Some(P::Pause)),
        (Some(S::PayoutFailed), C::GiveCard) if standing.awaits_card => (S::PayoutFailed, Some(P::Resume)),
        (Some(S::Draft | S::Checking | S::Accepted | S::InReview | S::WaitingForMember), C::Withdraw) => {
            (S::Withdrawn, started(P::Stop))
        }
        _ => return None,
    };
    Some(Transition { to, promise })
}

/// Who has the ball.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// The member must act.
    Member,
    /// The system works on it.
    System,
    /// A union office: the claim waits for a reviewer.
    Office,
    /// A reviewer has it.
    Reviewer,
    /// The payout office prepares or releases the payment.
    PayoutOffice,
    /// The bank.
    Bank,
    /// It is over.
    Nobody,
}

impl ClaimState {
    /// Who has the ball in this state; a failed payout that waits for another card is the member's.
    #[must_use]
    pub const fn holder(self, awaits_card: bool) -> Holder {
        match self {
            Self::PayoutFailed if awaits_card => Holder::Member,
            Self::Draft | Self::WaitingForMember => Holder::Member,
            Self::Checking => Holder::System,
            Self::Accepted => Holder::Office,
            Self::InReview => Holder::Reviewer,
            Self::Approved | Self::PartlyApproved | Self::PayoutFailed => Holder::PayoutOffice,
            Self::Paying => Holder::Bank,
            Self::Rejected | Self::Paid | Self::Withdrawn | Self::Lapsed => Holder::Nobody,
        }
    }

    /// What the state is called.
    #[must_use]
    pub const fn title(self) -> Text {
        match self {
            Self::Draft => Text::fixed("草稿", "Draft"),
            Self::Checking => Text::fixed("核查中", "Being checked"),
            Self::Accepted => Text::fixed("已受理", "Accepted"),
            Self::InReview => Text::fixed("审核中", "In review"),
            Self::WaitingForMember => Text::fixed("待您补充材料", "Waiting for you"),
            Self::Approved => Text::fixed("已批准", "Approved"),
            Self::PartlyApproved => Text::fixed("部分批准", "Partly approved"),
            Self::Rejected => Text::fixed("不予赔付", "Rejected"),
            Self::Paying => Text::fixed("付款中", "Being paid"),
            Self::Paid => Text::fixed("已到账", "Paid"),
            Self::PayoutFailed => Text::fixed("付款未成功", "The payment did not succeed"),
            Self::Withdrawn => Text::fixed("已撤回", "Withdrawn"),
            Self::Lapsed => Text::fixed("已失效", "Lapsed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::Iterable;

    /// The table of the design, row by row: from, command, to with what it does to the clock. A `?` at the end: to the clock once accepted.
    /// After a `|`: once accepted, where a `-` means that it is not allowed then.
    const ALLOWED: &[(&str, &str, &str)] = &[
        ("-", "start", "draft"),
        ("draft", "submit", "checking"),
        ("draft", "withdraw", "withdrawn stop?"),
        ("checking", "pass_checks", "accepted start|accepted"),
        ("checking", "refuse_by_checks", "rejected|-"),
        ("checking", "ask", "waiting_for_member pause?"),
        ("checking", "withdraw", "withdrawn stop?"),
        ("accepted", "ask", "waiting_for_member pause?"),
        ("accepted", "approve_straight", "approved"),
        ("accepted", "take", "in_review"),
        ("accepted", "withdraw", "withdrawn stop?"),
        ("in_review", "ask", "waiting_for_member pause?"),
        ("in_review", "release", "accepted"),
        ("in_review", "pass_up", "accepted"),
        ("in_review", "approve", "approved"),
        ("in_review", "approve_partly", "partly_approved"),
        ("in_review", "reject", "rejected stop"),
        ("in_review", "withdraw", "withdrawn stop?"),
        ("waiting_for_member", "answer", "checking resume?"),
        ("waiting_for_member", "lapse", "lapsed stop?"),
        ("waiting_for_member", "withdraw", "withdrawn stop?"),
        ("approved", "release_payout", "paying"),
        ("partly_approved", "release_payout", "paying"),
        ("payout_failed", "release_payout", "paying"),
        ("payout_failed", "await_card", "payout_failed pause"),
        ("payout_failed for a card", "give_card", "payout_failed resume"),
        ("paying", "pay_payout", "paid stop"),
        ("paying", "fail_payout", "payout_failed"),
        ("paid", "fail_payout", "payout_failed restart"),
    ];

    fn expected(from: &str, command: &str, accepted: bool) -> Option<String> {
        let (_, _, to) = ALLOWED.iter().find(|(f, c, _)| *f == from && *c == command)?;
        let to = to.split('|').nth(usize::from(accepted)).unwrap_or(to);
        (to != "-").then(|| match to.strip_suffix('?') {
            Some(to) if accepted => to.to_owned(),
            Some(to) => to.split(' ').next().unwrap().to_owned(),
            None => to.to_owned(),
        })
    }

    #[test]
    fn every_state_and_every_command() {
        let cards = [false, true];
        let states = std::iter::once(None).chain(ClaimState::iter().map(Some));
        let mut allowed = 0;
        for state in states {
            for awaits_card in cards.into_iter().filter(|card| !card || state == Some(ClaimState::PayoutFailed)) {
                for command in Command::iter() {
                    for accepted in [false, true] {
                        let standing = Standing { state, accepted, awaits_card };
                        let found = transition(standing, command).map(|transition| {
                            let clock =
                                transition.promise.map(|event| format!(" {}", event.as_str())).unwrap_or_default();
                            format!("{}{clock}", transition.to.to_value())
                        });
                        let from = state.map_or("-".to_owned(), |state| state.to_value());
                        let from = if awaits_card { format!("{from} for a card") } else { from };
                        let expected = expected(&from, &command.to_value(), accepted);
                        assert_eq!(found, expected, "{from} {command:?} {accepted}");
                        allowed += usize::from(found.is_some());
                    }
                }
            }
        }
        let never = ALLOWED.iter().filter(|(_, _, to)| to.ends_with('-')).count();
        assert_eq!(allowed, ALLOWED.len() * 2 - never);
    }

    #[test]
    fn whoever_must_give_a_card_has_the_ball() {
        assert_eq!(ClaimState::PayoutFailed.holder(false), Holder::PayoutOffice);
        assert_eq!(ClaimState::PayoutFailed.holder(true), Holder::Member);
    }
}
