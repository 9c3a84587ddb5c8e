//! What may be posted, and under which key: the events that the payout contract names, what undoes them, and those of recoveries. What each event posts stands in [`super::postings`].

use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::accounts::Account;
use crate::kernel::money::Fen;

/// A part of an amount that belongs to one plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanAmount {
    /// The plan.
    pub plan_id: Uuid,
    /// How much of the whole.
    pub amount_fen: Fen,
}

/// Where an order's money was reserved from, and goes back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Never paid before: 2010.
    Payable,
    /// Paid once and returned: 2030.
    Returned,
}

impl Source {
    /// Its account.
    #[must_use]
    pub const fn account(self) -> Account {
        match self {
            Self::Payable => Account::Payable,
            Self::Returned => Account::Returned,
        }
    }

    /// The source whose account has this code.
    #[must_use]
    pub const fn from_code(code: i32) -> Option<Self> {
        match code {
            2010 => Some(Self::Payable),
            2030 => Some(Self::Returned),
            _ => None,
        }
    }
}

/// Where the money of a recovery stood in the books before it was to be given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize, ToSchema)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
#[schema(as = RecoveryBasis)]
pub enum Basis {
    /// In what claims cost, by plan: 5010. The decision granted too much.
    Claim,
    /// In suspense: 1900. The bank debited more than was ordered.
    DebitedMore,
    /// In 1030 already, since the statement: the bank debited one reference twice.
    DebitedTwice,
}

/// Whose money an event of an order moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderMoney {
    /// The payout.
    pub payout_id: Uuid,
    /// The order.
    pub order_id: Uuid,
    /// Which reservation of the order this is, from 1: an order that left its batch is reserved again.
    pub round: i32,
    /// Its amount, split by plan.
    pub plans: Vec<PlanAmount>,
}

/// An event of the books: those that the payout contract names, and what undoes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A decision grants money.
    Approved {
        /// The payout.
        payout_id: Uuid,
        /// Its amount, split by plan.
        plans: Vec<PlanAmount>,
    },
    /// A batch with this order was released; before any byte is sent.
    Reserved {
        /// Whose money.
        order: OrderMoney,
        /// Where it comes from.
        source: Source,
    },
    /// The order was rejected and confirmed, cancelled, or left its batch: the reserve goes back.
    Unreserved {
        /// Whose money.
        order: OrderMoney,
        /// Where it goes back to.
        source: Source,
    },
    /// The statement shows the debit of an order.
    Settled {
        /// Whose money.
        order: OrderMoney,
        /// The booking.
        entry_id: Uuid,
        /// What was really debited; it may differ from the order.
        debited_fen: Fen,
    },
    /// The debit of an order was booked before its batch was signed for, and waited in suspense until then.
    SettledBefore {
        /// Whose money.
        order: OrderMoney,
        /// The booking that waited.
        entry_id: Uuid,
        /// What was really debited; it may differ from the order.
        debited_fen: Fen,
    },
    /// The statement shows that the money came back whole.
    CameBack {
        /// Whose money.
        order: OrderMoney,
        /// The booking.
        entry_id: Uuid,
    },
    /// The money came back whole before its debit was booked, and waited in suspense until then.
    CameBackBefore {
        /// Whose money.
        order: OrderMoney,
        /// The booking that waited.
        entry_id: Uuid,
    },
    /// The same reference was debited once more.
    DebitedAgain {
        /// The booking.
        entry_id: Uuid,
        /// How much.
        amount_fen: Fen,
    },
    /// The same, when it waited in suspense as its order's first debit did.
    DebitedAgainBefore {
        /// The booking that waited.
        entry_id: Uuid,
        /// How much.
        amount_fen: Fen,
    },
    /// The bank gave back what it had debited once more.
    GivenBack {
        /// The booking.
        entry_id: Uuid,
        /// How much.
        amount_fen: Fen,
    },
    /// The same, when it waited in suspense as the debits did.
    GivenBackBefore {
        /// The booking that waited.
        entry_id: Uuid,
        /// How much.
        amount_fen: Fen,
    },
    /// The account held money before the first statement: the fund's.
    Opened {
        /// The first statement.
        statement_id: Uuid,
        /// Its opening balance, more than nothing.
        amount_fen: Fen,
    },
    /// The fund's own money came in, or (`out`) went back.
    Funded {
        /// The booking.
        entry_id: Uuid,
        /// How much.
        amount_fen: Fen,
        /// True when it left the account.
        out: bool,
    },
    /// The bank took a charge.
    Charged {
        /// The booking.
        entry_id: Uuid,
        /// How much.
        amount_fen: Fen,
    },
    /// A debit that nobody can explain yet.
    UnknownDebit {
        /// The booking.
        entry_id: Uuid,
        /// How much.
        amount_fen: Fen,
    },
    /// A credit that nobody can explain yet.
    UnknownCredit {
        /// The booking.
        entry_id: Uuid,
        /// How much.
        amount_fen: Fen,
    },
    /// Two people found that what a payout paid is to be given back. Never of [`Basis::DebitedTwice`]: that stands in 1030 already.
    Recoverable {
        /// The recovery.
        recovery_id: Uuid,
        /// The payout.
        payout_id: Uuid,
        /// Its amount, split by plan.
        plans: Vec<PlanAmount>,
        /// Where it stood.
        basis: Basis,
    },
    /// Two people found that it is not: what was [recoverable](Self::Recoverable) goes back to where it stood.
    NotRecoverable {
        /// The recovery.
        recovery_id: Uuid,
        /// The payout.
        payout_id: Uuid,
        /// Its amount, split by plan.
        plans: Vec<PlanAmount>,
        /// Where it stood.
        basis: Basis,
    },
    /// A credit in suspense is a repayment of a recovery.
    Repaid {
        /// The repayment.
        repayment_id: Uuid,
        /// The payout.
        payout_id: Uuid,
        /// The booking.
        entry_id: Uuid,
        /// How much of it.
        amount_fen: Fen,
    },
    /// Two people gave up what was left of a recovery: the fund bears it, under the plans of the payout.
    WrittenOff {
        /// The recovery.
        recovery_id: Uuid,
        /// The payout.
        payout_id: Uuid,
        /// What was left, split by plan.
        plans: Vec<PlanAmount>,
    },
}

impl Event {
    /// The key under which the event is posted once for ever.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Approved { payout_id, .. } => format!("approved:{payout_id}"),
            Self::Reserved { order, .. } => format!("reserved:{}:{}", order.order_id, order.round),
            Self::Unreserved { order, .. } => format!("unreserved:{}:{}", order.order_id, order.round),
            Self::Settled { entry_id, .. } => format!("settled:{entry_id}"),
            Self::SettledBefore { entry_id, .. } => format!("settled-before:{entry_id}"),
            Self::CameBack { entry_id, .. } => format!("returned:{entry_id}"),
            Self::CameBackBefore { entry_id, .. } => format!("returned-before:{entry_id}"),
            Self::DebitedAgain { entry_id, .. } => format!("debited-again:{entry_id}"),
            Self::DebitedAgainBefore { entry_id, .. } => format!("debited-again-before:{entry_id}"),
            Self::GivenBack { entry_id, .. } => format!("given-back:{entry_id}"),
            Self::GivenBackBefore { entry_id, .. } => format!("given-back-before:{entry_id}"),
            Self::Opened { statement_id, .. } => format!("opened:{statement_id}"),
            Self::Funded { entry_id, .. } => format!("funded:{entry_id}"),
            Self::Charged { entry_id, .. } => format!("charged:{entry_id}"),
            Self::UnknownDebit { entry_id, .. } => format!("unknown-debit:{entry_id}"),
            Self::UnknownCredit { entry_id, .. } => format!("unknown-credit:{entry_id}"),
            Self::Recoverable { recovery_id, .. } => format!("recoverable:{recovery_id}"),
            Self::NotRecoverable { recovery_id, .. } => format!("not-recoverable:{recovery_id}"),
            Self::Repaid { repayment_id, .. } => format!("repaid:{repayment_id}"),
            Self::WrittenOff { recovery_id, .. } => format!("written-off:{recovery_id}"),
        }
    }

    /// The word for its kind in tables.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Approved { .. } => "approved",
            Self::Reserved { .. } => "reserved",
            Self::Unreserved { .. } => "unreserved",
            Self::Settled { .. } | Self::SettledBefore { .. } => "settled",
            Self::CameBack { .. } | Self::CameBackBefore { .. } => "returned",
            Self::DebitedAgain { .. } | Self::DebitedAgainBefore { .. } => "debited_again",
            Self::GivenBack { .. } | Self::GivenBackBefore { .. } => "given_back",
            Self::Opened { .. } | Self::Funded { .. } => "funded",
            Self::Charged { .. } => "charged",
            Self::UnknownDebit { .. } => "unknown_debit",
            Self::UnknownCredit { .. } => "unknown_credit",
            Self::Recoverable { .. } => "recoverable",
            Self::NotRecoverable { .. } => "not_recoverable",
            Self::Repaid { .. } => "repaid",
            Self::WrittenOff { .. } => "written_off",
        }
    }

    /// The payout and order that it concerns.
    #[must_use]
    pub const fn concerns(&self) -> (Option<Uuid>, Option<Uuid>) {
        match self {
            Self::Approved { payout_id, .. }
            | Self::Recoverable { payout_id, .. }
            | Self::NotRecoverable { payout_id, .. }
            | Self::Repaid { payout_id, .. }
            | Self::WrittenOff { payout_id, .. } => (Some(*payout_id), None),
            Self::Reserved { order, .. }
            | Self::Unreserved { order, .. }
            | Self::Settled { order, .. }
            | Self::SettledBefore { order, .. }
            | Self::CameBack { order, .. }
            | Self::CameBackBefore { order, .. } => (Some(order.payout_id), Some(order.order_id)),
            Self::DebitedAgain { .. }
            | Self::DebitedAgainBefore { .. }
            | Self::GivenBack { .. }
            | Self::GivenBackBefore { .. }
            | Self::Opened { .. }
            | Self::Funded { .. }
            | Self::Charged { .. }
            | Self::UnknownDebit { .. }
            | Self::UnknownCredit { .. } => (None, None),
        }
    }

    /// The statement's booking that caused it.
    #[must_use]
    pub const fn entry_id(&self) -> Option<Uuid> {
        match self {
            Self::Settled { entry_id, .. }
            | Self::SettledBefore { entry_id, .. }
            | Self::CameBack { entry_id, .. }
            | Self::CameBackBefore { entry_id, .. }
            | Self::DebitedAgain { entry_id, .. }
            | Self::DebitedAgainBefore { entry_id, .. }
            | Self::GivenBack { entry_id, .. }
            | Self::GivenBackBefore { entry_id, .. }
            | Self::Funded { entry_id, .. }
            | Self::Charged { entry_id, .. }
            | Self::UnknownDebit { entry_id, .. }
            | Self::UnknownCredit { entry_id, .. }
            | Self::Repaid { entry_id, .. } => Some(*entry_id),
            Self::Approved { .. }
            | Self::Reserved { .. }
            | Self::Unreserved { .. }
            | Self::Opened { .. }
            | Self::Recoverable { .. }
            | Self::NotRecoverable { .. }
            | Self::WrittenOff { .. } => None,
        }
    }
}
