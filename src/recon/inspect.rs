//! What a file of a bank holds, to the hundredth, or why nobody should post from it. Touches no books.

use std::collections::BTreeMap;
use std::io::BufRead;

use serde::{Serialize, Serializer};
use time::Date;

use crate::iso20022::camt::{self, Account, Balance, Batch, Detail, Entry, Kind};
use crate::iso20022::pain002::{self, Reason, Transaction};
use crate::iso20022::{self, Amount, Direction, Item, Limits};
use crate::kernel::clock::iso_date;

/// What was found in a file.
#[derive(Debug, Default, Serialize)]
pub struct Inspected {
    /// Which message it is, such as `camt.053.001.08`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Why nothing may be posted from it; empty for a file that may be taken.
    pub quarantined: Vec<Quarantine>,
    /// What it holds; nothing of a file that can't be read to its end.
    pub accounts: Vec<AccountHeld>,
    /// What it says of files of ours.
    pub statuses: Vec<StatusHeld>,
}

/// What is said of a message or payment information of ours. What is not mentioned stays as it is.
#[derive(Debug, Serialize)]
pub struct StatusHeld {
    /// `message` or `payment_information`.
    pub of: &'static str,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `RJCT`, `PART`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Payments that it had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Why, in the codes of status reasons.
    pub reasons: Vec<String>,
    /// Those that are mentioned one by one.
    pub transactions: Vec<TransactionHeld>,
}

/// What is said of a payment of ours.
#[derive(Debug, Serialize)]
pub struct TransactionHeld {
    /// `ACSC`, `RJCT`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Why, in the codes of status reasons.
    pub reasons: Vec<String>,
    /// The names that it has.
    pub references: BTreeMap<&'static str, String>,
    /// The amount that it repeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_hundredths: Option<i64>,
    /// The currency of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// A reason.
#[derive(Debug, Serialize)]
pub struct Quarantine {
    /// Stable.
    pub code: &'static str,
    /// In words.
    pub what: String,
    /// After how many bytes, of a file that can't be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_byte: Option<u64>,
}

/// One account of a file.
#[derive(Debug, Serialize)]
pub struct AccountHeld {
    /// The statement's own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its number, as the bank counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// Which account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Its currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// The first day that it covers.
    #[serde(with = "iso_date::option", skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// The last one.
    #[serde(with = "iso_date::option", skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// Its balances.
    pub balances: Vec<BalanceHeld>,
    /// Whether the opening balance and what was booked give the closing one.
    pub balance: Rolls,
    /// Sums by direction, status and currency.
    pub totals: Vec<Total>,
    /// What is unusual, and how often.
    pub notes: BTreeMap<Note, u64>,
    /// Its bookings, in order.
    pub entries: Vec<EntryHeld>,
}

/// Whether the balance rolls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rolls {
    /// It does.
    Rolls,
    /// It does not.
    Differs {
        /// By which the closing balance is more than opening and bookings.
        by_hundredths: i128,
    },
    /// Nobody can tell: no or several opening or closing balances, one without a direction, a booking without a status, or two currencies.
    NotTold,
}

/// Something unusual that makes no amount uncertain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// A balance says neither credit nor debit.
    BalanceWithoutDirection,
    /// A booking says neither booked nor pending.
    EntryWithoutStatus,
    /// A booking names no day.
    EntryWithoutDay,
    /// A booking is in another currency than its account.
    EntryInOtherCurrency,
    /// The announced number of entries is another.
    EntryCountDiffers,
    /// A batch announces another number of payments than it lists.
    BatchCountDiffers,
    /// A batch announces another sum than its booking has.
    BatchTotalDiffers,
    /// Details do not add up to their booking.
    DetailsDoNotAddUp,
    /// A detail has no reference from us to the payee.
    DetailWithoutEndToEndId,
    /// A reference says `NOTPROVIDED`.
    ReferenceNotProvided,
    /// A return that the bank does not mark as a reversal.
    ReturnNotMarkedReversal,
}

impl Note {
    /// The word in tables and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::BalanceWithoutDirection => "balance_without_direction",
            Self::EntryWithoutStatus => "entry_without_status",
            Self::EntryWithoutDay => "entry_without_day",
            Self::EntryInOtherCurrency => "entry_in_other_currency",
            Self::EntryCountDiffers => "entry_count_differs",
            Self::BatchCountDiffers => "batch_count_differs",
            Self::BatchTotalDiffers => "batch_total_differs",
            Self::DetailsDoNotAddUp => "details_do_not_add_up",
            Self::DetailWithoutEndToEndId => "detail_without_end_to_end_id",
            Self::ReferenceNotProvided => "reference_not_provided",
            Self::ReturnNotMarkedReversal => "return_not_marked_reversal",
        }
    }
}

impl Serialize for Note {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// A sum.
#[derive(Debug, Serialize)]
pub struct Total {
    /// Which way.
    pub direction: Direction,
    /// `BOOK`, `PDNG`, …; none where the bank does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Of which currency.
    pub currency: String,
    /// Bookings.
    pub count: u64,
    /// Their sum.
    pub amount_hundredths: i128,
}

/// A balance.
#[derive(Debug, Serialize)]
pub struct BalanceHeld {
    /// `OPBD`, `CLBD`, … or the bank's own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Credit for money of ours; none where the bank does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// How much.
    pub amount_hundredths: i64,
    /// Of which currency.
    pub currency: String,
    /// Of which day.
    #[serde(with = "iso_date::option", skip_serializing_if = "Option::is_none")]
    pub on: Option<Date>,
}

/// A booking.
#[derive(Debug, Serialize)]
pub struct EntryHeld {
    /// Its own name on the statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The bank's name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_reference: Option<String>,
    /// Which way.
    pub direction: Direction,
    /// How much.
    pub amount_hundredths: i64,
    /// Of which currency.
    pub currency: String,
    /// `BOOK`, `PDNG`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What it is: `PMNT/ICDT/RRTN`, or the bank's own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Whether the bank calls it a reversal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reversal: Option<bool>,
    /// It sends money back: it says so in its kind, or a detail does.
    pub is_return: bool,
    /// The day it was booked.
    #[serde(with = "iso_date::option", skip_serializing_if = "Option::is_none")]
    pub booked_on: Option<Date>,
    /// The day from which it counts.
    #[serde(with = "iso_date::option", skip_serializing_if = "Option::is_none")]
    pub valued_on: Option<Date>,
    /// Of a batch that was booked in one sum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_count: Option<u64>,
    /// The payments within it that are listed.
    pub details: Vec<DetailHeld>,
}

/// A payment within a booking.
#[derive(Debug, Serialize)]
pub struct DetailHeld {
    /// How much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_hundredths: Option<i64>,
    /// Of which currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Which way, when it says so itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// The names that it has.
    pub references: BTreeMap<&'static str, String>,
    /// It is a return; empty when the bank gives no reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_reason: Option<String>,
}

/// Reads a file to its end.
pub fn inspect(source: impl BufRead) -> Inspected {
    let mut held = Held::default();
    let read = iso20022::read(source, &Limits::STATEMENT, |item| {
        held.take(item);
        Ok(())
    });
    match read {
        Ok(message) => {
            let mut inspected = Inspected { accounts: held.accounts, statuses: held.statuses, ..Inspected::default() };
            if Kind::of(&message) == Some(Kind::Statement) {
                inspected.quarantined.extend(inspected.accounts.iter().filter_map(does_not_roll));
            }
            inspected.message = Some(message);
            inspected
        }
        Err(unreadable) => Inspected {
            quarantined: vec![Quarantine {
                code: unreadable.fault.code(),
                what: unreadable.fault.to_string(),
                at_byte: Some(unreadable.at),
            }],
            ..Inspected::default()
        },
    }
}

fn does_not_roll(account: &AccountHeld) -> Option<Quarantine> {
    let Rolls::Differs { by_hundredths } = account.balance else { return None };
    let id = account.id.as_deref().unwrap_or("without a name");
    let what =
        format!("statement {id}: the closing balance differs by {by_hundredths} hundredths from opening and bookings");
    Some(Quarantine { code: "balance_does_not_roll", what, at_byte: None })
}

/// What was handed out so far.
#[derive(Default)]
struct Held {
    balances: Vec<Balance>,
    details: Vec<Detail>,
    entries: Vec<EntryHeld>,
    notes: BTreeMap<Note, u64>,
    accounts: Vec<AccountHeld>,
    transactions: Vec<TransactionHeld>,
    statuses: Vec<StatusHeld>,
}

impl Held {
    fn take(&mut self, item: Item) {
        match item {
            Item::Account(camt::Item::Balance(balance)) => self.balances.push(balance),
            Item::Account(camt::Item::Detail(detail)) => self.details.push(detail),
            Item::Account(camt::Item::Entry(entry)) => self.entry(entry),
            Item::Account(camt::Item::Account(account)) => self.account(account),
            Item::Status(pain002::Item::Transaction(transaction)) => self.transactions.push(told(transaction)),
            Item::Status(pain002::Item::Payment(payment)) => {
                let transactions = std::mem::take(&mut self.transactions);
                self.statuses.push(StatusHeld {
                    of: "payment_information",
                    id: payment.payment_information_id,
                    status: payment.status,
                    count: payment.count,
                    reasons: words(payment.reasons),
                    transactions,
                });
            }
            Item::Status(pain002::Item::Group(group)) => self.statuses.push(StatusHeld {
                of: "message",
                id: group.message_id,
                status: group.status,
                count: group.count,
                reasons: words(group.reasons),
                transactions: Vec::new(),
            }),
        }
    }

    fn note(&mut self, note: Note, is_so: bool) {
        if is_so {
            *self.notes.entry(note).or_default() += 1;
        }
    }

    fn entry(&mut self, entry: Entry) {
        let details = std::mem::take(&mut self.details);
        self.note(Note::EntryWithoutStatus, entry.status.is_none());
        self.note(Note::EntryWithoutDay, entry.booked_on.is_none() && entry.valued_on.is_none());
        let announced: Option<u64> = entry.batches.iter().map(|batch| batch.count).sum();
        let listed = details.len() as u64;
        self.note(
            Note::BatchCountDiffers,
            listed > 0 && !entry.batches.is_empty() && announced.is_some_and(|count| count != listed),
        );
        self.note(Note::BatchTotalDiffers, !totals_agree(&entry.batches, entry.amount));
        self.note(Note::DetailsDoNotAddUp, !add_up(&details, &entry));
        for detail in &details {
            self.note(Note::DetailWithoutEndToEndId, detail.references.end_to_end_id.is_none());
            self.note(Note::ReferenceNotProvided, detail.references.not_provided > 0);
        }
        let is_return = details.iter().any(|detail| detail.returned.is_some())
            || entry.kind.as_deref().is_some_and(|kind| kind.ends_with("/RRTN"));
        self.note(Note::ReturnNotMarkedReversal, is_return && entry.reversal != Some(true));
        self.entries.push(EntryHeld {
            reference: entry.reference,
            bank_reference: entry.bank_reference,
            direction: entry.direction,
            amount_hundredths: entry.amount.hundredths,
            currency: entry.amount.currency.letters().to_owned(),
            status: entry.status,
            kind: entry.kind,
            reversal: entry.reversal,
            is_return,
            booked_on: entry.booked_on,
            valued_on: entry.valued_on,
            batch_count: announced.filter(|_| !entry.batches.is_empty()),
            details: details.into_iter().map(shown).collect(),
        });
    }

    fn account(&mut self, account: Account) {
        let balances = std::mem::take(&mut self.balances);
        let entries = std::mem::take(&mut self.entries);
        for balance in &balances {
            self.note(Note::BalanceWithoutDirection, balance.direction.is_none());
        }
        for entry in &entries {
            self.note(
                Note::EntryInOtherCurrency,
                account.currency.as_ref().is_some_and(|currency| *currency != entry.currency),
            );
        }
        self.note(Note::EntryCountDiffers, account.entries.is_some_and(|count| count != entries.len() as u64));
        self.accounts.push(AccountHeld {
            id: account.id,
            sequence: account.sequence,
            account: account.account,
            currency: account.currency,
            from: account.from,
            to: account.to,
            balance: rolls(&balances, &entries),
            totals: totals(&entries),
            balances: balances.into_iter().map(balance_held).collect(),
            notes: std::mem::take(&mut self.notes),
            entries,
        });
    }
}

fn balance_held(balance: Balance) -> BalanceHeld {
    BalanceHeld {
        code: balance.code,
        direction: balance.direction,
        amount_hundredths: balance.amount.hundredths,
        currency: balance.amount.currency.letters().to_owned(),
        on: balance.on,
    }
}

fn shown(detail: Detail) -> DetailHeld {
    let references = detail.references;
    let named = [
        ("message_id", references.message_id),
        ("payment_information_id", references.payment_information_id),
        ("instruction_id", references.instruction_id),
        ("end_to_end_id", references.end_to_end_id),
        ("transaction_id", references.transaction_id),
        ("bank_reference", references.bank_reference),
        ("clearing_reference", references.clearing_reference),
        ("uetr", references.uetr),
    ];
    DetailHeld {
        amount_hundredths: detail.amount.map(|amount| amount.hundredths),
        currency: detail.amount.map(|amount| amount.currency.letters().to_owned()),
        direction: detail.direction,
        references: named.into_iter().filter_map(|(name, text)| Some((name, text?))).collect(),
        return_reason: detail.returned.map(|returned| returned.reason.unwrap_or_default()),
    }
}

fn told(transaction: Transaction) -> TransactionHeld {
    let named = [
        ("instruction_id", transaction.instruction_id),
        ("end_to_end_id", transaction.end_to_end_id),
        ("bank_reference", transaction.bank_reference),
        ("uetr", transaction.uetr),
    ];
    TransactionHeld {
        status: transaction.status,
        reasons: words(transaction.reasons),
        references: named.into_iter().filter_map(|(name, text)| Some((name, text?))).collect(),
        amount_hundredths: transaction.amount.map(|amount| amount.hundredths),
        currency: transaction.amount.map(|amount| amount.currency.letters().to_owned()),
    }
}

fn words(reasons: Vec<Reason>) -> Vec<String> {
    reasons.into_iter().filter_map(|reason| reason.code).collect()
}

/// Whether what batches announce is the booking's sum, where they all announce one in its currency.
fn totals_agree(batches: &[Batch], booked: Amount) -> bool {
    let announced: Option<Vec<Amount>> = batches.iter().map(|batch| batch.total).collect();
    let Some(announced) = announced.filter(|all| !all.is_empty()) else { return true };
    if announced.iter().any(|amount| amount.currency != booked.currency) {
        return true;
    }
    announced.iter().map(|amount| i128::from(amount.hundredths)).sum::<i128>() == i128::from(booked.hundredths)
}

/// Whether the details are the booking's sum, where they all have an amount in its currency.
fn add_up(details: &[Detail], entry: &Entry) -> bool {
    let amounts: Option<Vec<i128>> = details
        .iter()
        .map(|detail| {
            let amount = detail.amount.filter(|amount| amount.currency == entry.amount.currency)?;
            Some(detail.direction.unwrap_or(entry.direction).signed(amount.hundredths))
        })
        .collect();
    let booked = entry.direction.signed(entry.amount.hundredths);
    amounts.is_none_or(|amounts| amounts.is_empty() || amounts.iter().sum::<i128>() == booked)
}

fn totals(entries: &[EntryHeld]) -> Vec<Total> {
    let mut sums: BTreeMap<(Direction, Option<&str>, &str), (u64, i128)> = BTreeMap::new();
    for entry in entries {
        let (count, sum) = sums.entry((entry.direction, entry.status.as_deref(), &entry.currency)).or_default();
        *count += 1;
        *sum += i128::from(entry.amount_hundredths);
    }
    let total = |((direction, status, currency), (count, amount_hundredths)): (
        (Direction, Option<&str>, &str),
        (u64, i128),
    )| Total {
        direction,
        status: status.map(str::to_owned),
        currency: currency.to_owned(),
        count,
        amount_hundredths,
    };
    sums.into_iter().map(total).collect()
}

fn rolls(balances: &[Balance], entries: &[EntryHeld]) -> Rolls {
    let only = |codes: &[&str]| {
        let mut found =
            balances.iter().filter(|balance| balance.code.as_deref().is_some_and(|code| codes.contains(&code)));
        found.next().filter(|_| found.next().is_none())
    };
    let signed =
        |balance: &Balance| Some((balance.direction?.signed(balance.amount.hundredths), balance.amount.currency));
    let told = || {
        let (opening, currency) = only(&["OPBD", "PRCD"]).and_then(signed)?;
        let (closing, other) = only(&["CLBD"]).and_then(signed)?;
        let mut booked = 0;
        for entry in entries {
            if entry.currency != currency.letters() {
                return None;
            }
            if entry.status.as_deref()? == "BOOK" {
                booked += entry.direction.signed(entry.amount_hundredths);
            }
        }
        (currency == other).then_some(closing - opening - booked)
    };
    match told() {
        Some(0) => Rolls::Rolls,
        Some(by_hundredths) => Rolls::Differs { by_hundredths },
        None => Rolls::NotTold,
    }
}
