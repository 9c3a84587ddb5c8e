//! What an order, a batch and a payout can be, and the one table that says what may follow what. Pure.
//!
//! Everything that changes an order asks [`OrderState::after`]; the tables repeat the outcome with one conditional update each.

use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where one try at paying stands.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Made, not yet offered to a batch.
    Created,
    /// Kept back, for instance because the member has no usable card.
    Held,
    /// Waits for a batch.
    Queued,
    /// In a batch that waits for its checker.
    Batched,
    /// Released by the checker; its money is reserved.
    Approved,
    /// Its bytes may be on the way to the bank.
    Dispatching,
    /// The bank has it.
    Accepted,
    /// Nobody knows whether the bank has it: ask, never send again blindly.
    InDoubt,
    /// The bank says no; the statement has not confirmed it yet.
    Rejected,
    /// The bank says no and the closed statement shows no debit: it was never paid.
    RejectedConfirmed,
    /// The bank says that the member has the money.
    Paid,
    /// The statement shows the debit.
    Settled,
    /// The money came back.
    Returned,
    /// Never sent, and never will be.
    Cancelled,
}

/// What can happen to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter)]
pub enum OrderCommand {
    /// Offer it to the next batch.
    Queue,
    /// Keep it back.
    Hold,
    /// Put it in a batch.
    PutInBatch,
    /// The checker released its batch.
    Approve,
    /// Sending begins.
    StartDispatch,
    /// Proved: not a byte of the request was written, or the bank declared that it took nothing.
    NotSent,
    /// The bank took it and echoed the hash.
    Accept,
    /// No answer, or one that proves nothing; or a debit of a batch that counted as not sent.
    LoseSight,
    /// The bank refused it for good.
    Reject,
    /// Send the same bytes again, under the bank's promise to deduplicate.
    Resend,
    /// The bank says that it was paid.
    ConfirmPaid,
    /// A booked debit on the statement.
    Settle,
    /// The statement of its value date is closed and shows no debit.
    ConfirmRejected,
    /// The same, the bank wrote that it never paid it, and two people confirm that.
    ConfirmNeverPaid,
    /// The same, the bank wrote that it cancelled it, and two people confirm that.
    ConfirmCancelled,
    /// A booked credit on the statement sends it back.
    Return,
    /// Give it up before a byte was sent.
    Cancel,
    /// Its batch was voided before a byte was sent.
    LeaveBatch,
}

/// Every state in which an order no longer stands in the way of another for the same payout.
pub const FINISHED: [OrderState; 3] = [OrderState::RejectedConfirmed, OrderState::Returned, OrderState::Cancelled];

/// Every state in which an order's money is reserved in the clearing account (invariant I4).
pub const IN_CLEARING: [OrderState; 6] = [
    OrderState::Approved,
    OrderState::Dispatching,
    OrderState::Accepted,
    OrderState::InDoubt,
    OrderState::Rejected,
    OrderState::Paid,
];

impl OrderState {
    /// The state after `command`, or none when it may not happen here.
    ///
    /// | from | may become |
    /// |---|---|
    /// | created | held, queued, cancelled |
    /// | held | queued, cancelled |
    /// | queued | held, batched, cancelled |
    /// | batched | approved, queued (batch voided), cancelled |
    /// | approved | dispatching, queued (batch voided), cancelled; by a debit that nobody expected also settled, in doubt |
    /// | dispatching | approved (proved not sent), accepted, in doubt, rejected; by late news also paid, settled |
    /// | in doubt | dispatching (same bytes), accepted, rejected, paid, settled; by two people rejected confirmed |
    /// | accepted | paid, rejected, settled; by two people cancelled |
    /// | paid | settled; by two people rejected confirmed |
    /// | rejected | rejected confirmed, settled; never queued again under its own reference: the strictest bank is the default |
    /// | settled | returned |
    #[must_use]
    pub const fn after(self, command: OrderCommand) -> Option<Self> {
        use OrderCommand as C;
        use OrderState as S;
        Some(match (self, command) {
            (S::Created | S::Held, C::Queue) | (S::Batched | S::Approved, C::LeaveBatch) => S::Queued,
            (S::Created | S::Queued, C::Hold) => S::Held,
            (S::Queued, C::PutInBatch) => S::Batched,
            (S::Batched, C::Approve) | (S::Dispatching, C::NotSent) => S::Approved,
            (S::Approved, C::StartDispatch) | (S::InDoubt, C::Resend) => S::Dispatching,
            (S::Dispatching | S::InDoubt, C::Accept) => S::Accepted,
            (S::Approved | S::Dispatching, C::LoseSight) => S::InDoubt,
            (S::Dispatching | S::InDoubt | S::Accepted, C::Reject) => S::Rejected,
            (S::Dispatching | S::InDoubt | S::Accepted, C::ConfirmPaid) => S::Paid,
            (S::Approved | S::Dispatching | S::InDoubt | S::Accepted | S::Paid | S::Rejected, C::Settle) => S::Settled,
            (S::Rejected, C::ConfirmRejected) | (S::InDoubt | S::Paid, C::ConfirmNeverPaid) => S::RejectedConfirmed,
            (S::Accepted, C::ConfirmCancelled) => S::Cancelled,
            (S::Settled, C::Return) => S::Returned,
            (S::Created | S::Held | S::Queued | S::Batched | S::Approved, C::Cancel) => S::Cancelled,
            _ => return None,
        })
    }

    /// The word in tables and on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Held => "held",
            Self::Queued => "queued",
            Self::Batched => "batched",
            Self::Approved => "approved",
            Self::Dispatching => "dispatching",
            Self::Accepted => "accepted",
            Self::InDoubt => "in_doubt",
            Self::Rejected => "rejected",
            Self::RejectedConfirmed => "rejected_confirmed",
            Self::Paid => "paid",
            Self::Settled => "settled",
            Self::Returned => "returned",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Where a batch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize, ToSchema)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum BatchState {
    /// Rendered, waits for its checker.
    Prepared,
    /// Given up before a byte of it was sent.
    Void,
    /// Released, waits to be sent.
    Released,
    /// Being sent.
    Dispatching,
    /// The bank has it.
    Accepted,
    /// Nobody knows whether the bank has it.
    InDoubt,
    /// The bank refused the whole file.
    Rejected,
    /// Every order in it has its final result.
    Finished,
}

impl BatchState {
    /// Whether `next` may follow.
    ///
    /// | from | may become |
    /// |---|---|
    /// | prepared | released, void |
    /// | released | dispatching, in doubt (a statement shows a debit of it), void (never sent) |
    /// | dispatching | released (proved not sent), accepted, in doubt, rejected |
    /// | in doubt | dispatching (same bytes), in doubt (not found, asked again), accepted, rejected, finished |
    /// | accepted | accepted (asked again), rejected, finished |
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Prepared => matches!(next, Self::Released | Self::Void),
            Self::Released => matches!(next, Self::Dispatching | Self::InDoubt | Self::Void),
            Self::Dispatching => matches!(next, Self::Released | Self::Accepted | Self::InDoubt | Self::Rejected),
            Self::InDoubt => {
                matches!(next, Self::Dispatching | Self::InDoubt | Self::Accepted | Self::Rejected | Self::Finished)
            }
            Self::Accepted => matches!(next, Self::Accepted | Self::Rejected | Self::Finished),
            Self::Void | Self::Rejected | Self::Finished => false,
        }
    }
}

/// Where a payout stands, as the member sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize, ToSchema)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum PayoutState {
    /// Decided, waits for a batch to be released.
    Approved,
    /// Released to the bank.
    Paying,
    /// The bank says that the member has the money.
    Paid,
    /// The statement confirms it.
    Settled,
    /// The last order failed or came back; something must be mended first.
    Failed,
}

impl PayoutState {
    /// What a payout is when its newest order stands at `order` (its payout kept in mind through `was_released`).
    #[must_use]
    pub const fn of(order: OrderState) -> Self {
        match order {
            OrderState::Created | OrderState::Held | OrderState::Queued | OrderState::Batched => Self::Approved,
            OrderState::Approved
            | OrderState::Dispatching
            | OrderState::Accepted
            | OrderState::InDoubt
            | OrderState::Rejected => Self::Paying,
            OrderState::Paid => Self::Paid,
            OrderState::Settled => Self::Settled,
            OrderState::RejectedConfirmed | OrderState::Returned | OrderState::Cancelled => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::{ActiveEnum, Iterable};

    /// The whole matrix: one row per state, each command that it allows with where it leads, in the order of [`OrderCommand`].
    const MATRIX: [(OrderState, &str); 14] = [
        (OrderState::Created, "Queue>Queued Hold>Held Cancel>Cancelled"),
        (OrderState::Held, "Queue>Queued Cancel>Cancelled"),
        (OrderState::Queued, "Hold>Held PutInBatch>Batched Cancel>Cancelled"),
        (OrderState::Batched, "Approve>Approved Cancel>Cancelled LeaveBatch>Queued"),
        (
            OrderState::Approved,
            "StartDispatch>Dispatching LoseSight>InDoubt Settle>Settled Cancel>Cancelled LeaveBatch>Queued",
        ),
        (
            OrderState::Dispatching,
            "NotSent>Approved Accept>Accepted LoseSight>InDoubt Reject>Rejected ConfirmPaid>Paid Settle>Settled",
        ),
        (OrderState::Accepted, "Reject>Rejected ConfirmPaid>Paid Settle>Settled ConfirmCancelled>Cancelled"),
        (
            OrderState::InDoubt,
            "Accept>Accepted Reject>Rejected Resend>Dispatching ConfirmPaid>Paid Settle>Settled ConfirmNeverPaid>RejectedConfirmed",
        ),
        (OrderState::Rejected, "Settle>Settled ConfirmRejected>RejectedConfirmed"),
        (OrderState::RejectedConfirmed, ""),
        (OrderState::Paid, "Settle>Settled ConfirmNeverPaid>RejectedConfirmed"),
        (OrderState::Settled, "Return>Returned"),
        (OrderState::Returned, ""),
        (OrderState::Cancelled, ""),
    ];

    #[test]
    fn every_state_allows_exactly_the_commands_of_the_table() {
        assert_eq!(OrderState::iter().count(), MATRIX.len());
        for (state, allowed) in MATRIX {
            let found: Vec<String> = OrderCommand::iter()
                .filter_map(|command| state.after(command).map(|to| format!("{command:?}>{to:?}")))
                .collect();
            assert_eq!(found.join(" "), allowed, "{state:?}");
        }
    }

    #[test]
    fn every_state_of_a_batch_leads_exactly_where_its_table_says() {
        use BatchState as B;
        for state in B::iter() {
            let found: Vec<BatchState> = B::iter().filter(|next| state.may_become(*next)).collect();
            let expected: &[BatchState] = match state {
                B::Prepared => &[B::Void, B::Released],
                B::Void | B::Rejected | B::Finished => &[],
                B::Released => &[B::Void, B::Dispatching, B::InDoubt],
                B::Dispatching => &[B::Released, B::Accepted, B::InDoubt, B::Rejected],
                B::Accepted => &[B::Accepted, B::Rejected, B::Finished],
                B::InDoubt => &[B::Dispatching, B::Accepted, B::InDoubt, B::Rejected, B::Finished],
            };
            assert_eq!(found, expected, "{state:?}");
        }
    }

    #[test]
    fn no_command_leads_out_of_a_finished_order_or_leaves_a_state_as_it_was() {
        for state in OrderState::iter() {
            assert_eq!(state.to_value(), state.word());
            for command in OrderCommand::iter() {
                assert_ne!(state.after(command), Some(state), "{state:?} {command:?}");
                assert!(!FINISHED.contains(&state) || state.after(command).is_none());
            }
        }
    }

    #[test]
    fn money_is_in_clearing_exactly_while_the_order_is_released_and_open() {
        for state in OrderState::iter() {
            let open = matches!(PayoutState::of(state), PayoutState::Paying | PayoutState::Paid);
            assert_eq!(IN_CLEARING.contains(&state), open, "{state:?}");
        }
    }
}
