//! What a booking on the statement means: one total function. Pure; nothing is ever forced to match.

use super::BreakKind;
use super::statement::Entry;
use crate::kernel::money::Fen;
use crate::payouts::state::{OrderCommand, OrderState};

/// The order that a booking names, as the books know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Where it stands.
    pub state: OrderState,
    /// Its amount.
    pub amount_fen: Fen,
    /// True when a debit of it was booked before.
    pub debited: bool,
    /// True when it was debited once more with the booking's amount, and the bank has not given that back.
    pub owed_back: bool,
}

/// How a booking is treated in the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Treatment {
    /// The debit of an order.
    Settled,
    /// The money of an order came back.
    Returned,
    /// The same reference was debited once more.
    DebitedAgain,
    /// What was debited once more is given back.
    GivenBack,
    /// The fund's own money.
    Funded,
    /// A charge of the bank.
    Charged,
    /// A debit that nobody can explain yet.
    UnknownDebit,
    /// A credit that nobody can explain yet.
    UnknownCredit,
}

impl Treatment {
    /// Every treatment.
    pub const ALL: [Self; 8] = [
        Self::Settled,
        Self::Returned,
        Self::DebitedAgain,
        Self::GivenBack,
        Self::Funded,
        Self::Charged,
        Self::UnknownDebit,
        Self::UnknownCredit,
    ];

    /// The treatment of a word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|treatment| treatment.word() == word)
    }

    /// The word in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Returned => "returned",
            Self::DebitedAgain => "debited_again",
            Self::GivenBack => "given_back",
            Self::Funded => "funded",
            Self::Charged => "charged",
            Self::UnknownDebit => "unknown_debit",
            Self::UnknownCredit => "unknown_credit",
        }
    }
}

/// What follows from a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// How it is posted.
    pub treatment: Treatment,
    /// What it does to the order, which the order's state allows.
    pub command: Option<OrderCommand>,
    /// A disagreement to be written down.
    pub raise: Option<BreakKind>,
}

/// The bank's words for bookings that are no payment, and the account that the fund's own money comes from.
#[derive(Clone, Debug)]
pub struct Words {
    /// A transfer of the fund's own money.
    pub funding: String,
    /// Last four digits of the account that it comes from.
    pub funding_tail: String,
    /// A charge.
    pub charge: String,
}

impl Default for Words {
    fn default() -> Self {
        Self { funding: "FUND".to_owned(), funding_tail: "0001".to_owned(), charge: "FEE".to_owned() }
    }
}

/// What `entry` means, when it is about an order that is `known`.
#[must_use]
pub fn judge(entry: &Entry, known: Option<Known>, words: &Words) -> Match {
    let plain = |treatment| Match { treatment, command: None, raise: None };
    let odd = |treatment, kind| Match { treatment, command: None, raise: Some(kind) };
    // In messages of the standard the account alone says that it is the fund's; its treasury may give references of its own.
    let is_coded = is_coded(&entry.text);
    let is_ours = entry.counterparty_tail.as_ref() == Some(&words.funding_tail);
    let is_funding = (entry.text == words.funding || is_coded) && is_ours;
    let is_charge = entry.text == words.charge || (is_coded && entry.text.ends_with("/CHRG"));
    match (entry.credit, &entry.bank_ref, known) {
        (credit, _, Some(order)) => judge_of(order, credit, entry.amount_fen),
        (_, None, _) if is_funding => plain(Treatment::Funded),
        (_, Some(_), None) if is_funding && is_coded => plain(Treatment::Funded),
        (false, None, _) if is_charge => plain(Treatment::Charged),
        (false, ..) => odd(Treatment::UnknownDebit, BreakKind::B02),
        (true, ..) => odd(Treatment::UnknownCredit, BreakKind::B07),
    }
}

/// What a booking of `amount_fen` that is about `order` means; a `credit` is money in.
#[must_use]
pub fn judge_of(order: Known, credit: bool, amount_fen: Fen) -> Match {
    if credit { credit_of(order, amount_fen) } else { debit_of(order, amount_fen) }
}

/// True for domain, family and subfamily of the standard, such as `PMNT/ICDT/RRTN`.
fn is_coded(text: &str) -> bool {
    let codes: Vec<&str> = text.split('/').collect();
    codes.len() == 3 && codes.iter().all(|code| code.len() == 4 && code.bytes().all(|byte| byte.is_ascii_uppercase()))
}

fn debit_of(order: Known, debited_fen: Fen) -> Match {
    if order.debited {
        return Match { treatment: Treatment::DebitedAgain, command: None, raise: Some(BreakKind::B04) };
    }
    if order.state.after(OrderCommand::Settle).is_none() {
        // Not one of the states in which its money waits in clearing: the books must not take it from there.
        return Match { treatment: Treatment::UnknownDebit, command: None, raise: Some(BreakKind::B02) };
    }
    // A shortfall stays in clearing, so the order is not settled by it.
    let command = (debited_fen >= order.amount_fen).then_some(OrderCommand::Settle);
    let raise = match (debited_fen == order.amount_fen, order.state) {
        (false, _) => Some(BreakKind::B06),
        (true, OrderState::Rejected) => Some(BreakKind::B05),
        // Its batch counts as not sent, and yet the bank paid it.
        (true, OrderState::Approved) => Some(BreakKind::B02),
        (true, _) => None,
    };
    Match { treatment: Treatment::Settled, command, raise }
}

fn credit_of(order: Known, credited_fen: Fen) -> Match {
    if order.owed_back {
        // Whoever sent it back, the member keeps one payment of the two.
        return Match { treatment: Treatment::GivenBack, command: None, raise: None };
    }
    let park = |kind| Match { treatment: Treatment::UnknownCredit, command: None, raise: Some(kind) };
    match order.state {
        OrderState::Settled if credited_fen == order.amount_fen => {
            Match { treatment: Treatment::Returned, command: Some(OrderCommand::Return), raise: None }
        }
        OrderState::Settled | OrderState::Returned => park(BreakKind::B09),
        _ => park(BreakKind::B10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::Iterable;
    use time::macros::date;

    fn entry(credit: bool, fen: i64, bank_ref: Option<&str>, text: &str) -> Entry {
        Entry {
            entry_no: 1,
            booked_on: date!(2026 - 11 - 23),
            credit,
            amount_fen: Fen::new(fen),
            bank_serial: "S1".into(),
            bank_ref: bank_ref.map(str::to_owned),
            counterparty_tail: Some("0001".into()),
            text: text.into(),
            nth: 1,
            lump: None,
        }
    }

    fn judged(credit: bool, fen: i64, state: OrderState, debited: bool) -> (Treatment, bool, Option<BreakKind>) {
        let known = Known { state, amount_fen: Fen::new(10), debited, owed_back: false };
        let found = judge(&entry(credit, fen, Some("R1"), "PAYOUT"), Some(known), &Words::default());
        assert!(found.command.is_none_or(|command| state.after(command).is_some()), "{state:?}");
        (found.treatment, found.command.is_some(), found.raise)
    }

    #[test]
    fn a_debit_settles_an_order_whose_money_waits_in_clearing_once() {
        use OrderState as S;
        for state in S::iter() {
            let waits =
                matches!(state, S::Approved | S::Dispatching | S::Accepted | S::InDoubt | S::Paid | S::Rejected);
            let contradicts = match state {
                S::Rejected => Some(BreakKind::B05),
                S::Approved => Some(BreakKind::B02),
                _ => None,
            };
            let expected = if waits {
                (Treatment::Settled, true, contradicts)
            } else {
                (Treatment::UnknownDebit, false, Some(BreakKind::B02))
            };
            assert_eq!(judged(false, 10, state, false), expected, "{state:?}");
            assert_eq!(judged(false, 10, state, true), (Treatment::DebitedAgain, false, Some(BreakKind::B04)));
        }
        assert_eq!(judged(false, 11, S::Paid, false), (Treatment::Settled, true, Some(BreakKind::B06)));
        assert_eq!(judged(false, 9, S::Paid, false), (Treatment::Settled, false, Some(BreakKind::B06)));
    }

    #[test]
    fn only_the_whole_amount_of_a_settled_order_comes_back() {
        use OrderState as S;
        for state in S::iter() {
            let (whole, part) = match state {
                S::Settled => ((Treatment::Returned, true, None), BreakKind::B09),
                S::Returned => ((Treatment::UnknownCredit, false, Some(BreakKind::B09)), BreakKind::B09),
                _ => ((Treatment::UnknownCredit, false, Some(BreakKind::B10)), BreakKind::B10),
            };
            assert_eq!(judged(true, 10, state, true), whole, "{state:?}");
            assert_eq!(judged(true, 9, state, true), (Treatment::UnknownCredit, false, Some(part)), "{state:?}");
        }
    }

    #[test]
    fn what_was_debited_twice_is_given_back_before_anything_returns() {
        for state in OrderState::iter() {
            let known = Known { state, amount_fen: Fen::new(10), debited: true, owed_back: true };
            let found = judge(&entry(true, 10, Some("R1"), "RETURN"), Some(known), &Words::default());
            assert_eq!(found, Match { treatment: Treatment::GivenBack, command: None, raise: None });
        }
    }

    #[test]
    fn money_without_an_order_is_named_or_waits_in_suspense() {
        let words = Words::default();
        let treatment = |credit, bank_ref, text| judge(&entry(credit, 10, bank_ref, text), None, &words);
        assert_eq!(treatment(true, None, "FUND").treatment, Treatment::Funded);
        assert_eq!(treatment(false, None, "FUND").treatment, Treatment::Funded);
        assert_eq!(treatment(false, None, "FEE").treatment, Treatment::Charged);
        assert_eq!(treatment(true, None, "FEE").raise, Some(BreakKind::B07));
        assert_eq!(treatment(false, None, "?").raise, Some(BreakKind::B02));
        assert_eq!(treatment(false, Some("R9"), "PAYOUT").raise, Some(BreakKind::B02));
        assert_eq!(treatment(true, Some("R9"), "FUND").raise, Some(BreakKind::B07));
        let mut stranger = entry(true, 10, None, "FUND");
        stranger.counterparty_tail = Some("9999".into());
        assert_eq!(judge(&stranger, None, &words).treatment, Treatment::UnknownCredit);
    }
}
