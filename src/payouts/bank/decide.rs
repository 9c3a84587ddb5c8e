//! What news from the bank does to an order: one total function for all banks. Pure.

use super::{BankFact, Status};
use crate::kernel::money::Fen;
use crate::payouts::state::{OrderCommand, OrderState};
use crate::recon::BreakKind;

/// What follows from a fact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// The command to give to the order, which its state allows; none when the fact moves nothing.
    pub command: Option<OrderCommand>,
    /// A disagreement to be written down.
    pub raise: Option<BreakKind>,
}

/// What `fact` does to an order of `amount_fen` that stands at `state`.
///
/// Later news of lower rank never undoes earlier news of higher rank; a contradiction raises a break and moves nothing, so that
/// only the statement settles it.
#[must_use]
pub fn decide(state: OrderState, amount_fen: Fen, fact: &BankFact) -> Decision {
    use OrderState as S;
    let nothing = Decision::default();
    let raise = |kind| Decision { command: None, raise: Some(kind) };
    if fact.amount_fen != amount_fen {
        return raise(BreakKind::B06);
    }
    let command = match fact.status {
        Status::Pending => OrderCommand::Accept,
        Status::Paid => OrderCommand::ConfirmPaid,
        Status::Rejected => OrderCommand::Reject,
        Status::Duplicate => return raise(BreakKind::B12),
    };
    if state.after(command).is_some() {
        return Decision { command: Some(command), raise: None };
    }
    match (state, fact.status) {
        (_, Status::Pending | Status::Duplicate)
        | (S::Paid | S::Settled | S::Returned, Status::Paid)
        | (S::Rejected | S::RejectedConfirmed, Status::Rejected) => nothing,
        _ => raise(BreakKind::B12),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::clock::Moment;
    use sea_orm::Iterable;

    fn fact(status: Status) -> BankFact {
        BankFact {
            bank_ref: "R1".into(),
            amount_fen: Fen::new(10),
            status,
            reason_code: String::new(),
            bank_serial: String::new(),
            posted_at: Some(Moment::EPOCH),
        }
    }

    #[test]
    fn every_state_has_an_answer_to_every_fact() {
        use OrderState as S;
        let moved = |state, status| {
            let decision = decide(state, Fen::new(10), &fact(status));
            (decision.command.and_then(|command| state.after(command)), decision.raise.is_some())
        };
        for state in S::iter() {
            let open = matches!(state, S::Dispatching | S::Accepted | S::InDoubt);
            assert_eq!(moved(state, Status::Duplicate), (None, true));
            let accepted = matches!(state, S::Dispatching | S::InDoubt).then_some(S::Accepted);
            assert_eq!(moved(state, Status::Pending), (accepted, false), "{state:?}");
            let known_paid = matches!(state, S::Paid | S::Settled | S::Returned);
            assert_eq!(moved(state, Status::Paid), (open.then_some(S::Paid), !open && !known_paid), "{state:?}");
            let known_bad = matches!(state, S::Rejected | S::RejectedConfirmed);
            assert_eq!(moved(state, Status::Rejected), (open.then_some(S::Rejected), !open && !known_bad), "{state:?}");
        }
    }

    #[test]
    fn another_amount_moves_nothing() {
        let decision = decide(OrderState::Accepted, Fen::new(11), &fact(Status::Paid));
        assert_eq!(decision, Decision { command: None, raise: Some(BreakKind::B06) });
    }
}
