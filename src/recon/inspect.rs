//! What a file of a bank holds, to the hundredth, or why nobody should post from it. Touches no books.

use std::collections::BTreeMap;
use std::io::BufRead;

use serde::{Serialize, Serializer};

use crate::iso20022::camt::{self, Account, Balance, Batch, Detail, Entry, Kind};
use crate::iso20022::pain002::{self, Transaction, Whole};
use crate::iso20022::{self, Amount, Currency, Direction, Item, Limits, Unreadable};

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
    /// What the file says of it.
    #[serde(flatten)]
    pub account: Account,
    /// Its balances.
    pub balances: Vec<Balance>,
    /// Whether the opening balance and what was booked give the closing one.
    pub balance: Rolls,
    /// Sums by direction, status and currency.
    pub totals: Vec<Total>,
    /// What is unusual, and how often.
    pub notes: BTreeMap<Note, u64>,
    /// Its bookings, in order.
    pub entries: Vec<EntryHeld>,
}

/// A booking.
#[derive(Debug, Serialize)]
pub struct EntryHeld {
    /// What the file says of it.
    #[serde(flatten)]
    pub entry: Entry,
    /// It sends money back: it says so in its kind, or a detail does.
    pub is_return: bool,
    /// Payments that it announces, of batches that it books in one sum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_count: Option<u128>,
    /// The payments within it that are listed.
    pub details: Vec<Detail>,
}

/// What is said of a message or payment information of ours. What is not mentioned stays as it is.
#[derive(Debug, Serialize)]
pub struct StatusHeld {
    /// `message` or `payment_information`.
    pub of: &'static str,
    /// What is said of all of it.
    #[serde(flatten)]
    pub whole: Whole,
    /// The payments that are mentioned one by one.
    pub transactions: Vec<Transaction>,
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
    pub currency: Currency,
    /// Bookings.
    pub count: u64,
    /// Their sum.
    pub amount_hundredths: i128,
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
            let Held { accounts, statuses, .. } = held;
            let is_statement = Kind::of(&message) == Some(Kind::Statement);
            let quarantined = accounts.iter().filter(|_| is_statement).filter_map(does_not_roll).collect();
            Inspected { message: Some(message), quarantined, accounts, statuses }
        }
        Err(unreadable) => quarantined(unreadable),
    }
}

/// What is said of a file that can't be read to its end.
#[must_use]
pub fn quarantined(Unreadable { at, fault }: Unreadable) -> Inspected {
    let reason = Quarantine { code: fault.code(), what: fault.to_string(), at_byte: Some(at) };
    Inspected { quarantined: vec![reason], ..Inspected::default() }
}

fn does_not_roll(held: &AccountHeld) -> Option<Quarantine> {
    let Rolls::Differs { by_hundredths } = held.balance else { return None };
    let id = held.account.id.as_deref().unwrap_or("without a name");
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
    transactions: Vec<Transaction>,
    statuses: Vec<StatusHeld>,
}

impl Held {
    fn take(&mut self, item: Item) {
        match item {
            Item::Account(camt::Item::Balance(balance)) => self.balances.push(balance),
            Item::Account(camt::Item::Detail(detail)) => self.details.push(detail),
            Item::Account(camt::Item::Entry(entry)) => self.entry(entry),
            Item::Account(camt::Item::Account(account)) => self.account(account),
            Item::Status(pain002::Item::Transaction(transaction)) => self.transactions.push(transaction),
            Item::Status(pain002::Item::PaymentInformation(whole)) => {
                let transactions = std::mem::take(&mut self.transactions);
                self.statuses.push(StatusHeld { of: "payment_information", whole, transactions });
            }
            Item::Status(pain002::Item::Header(_)) => {}
            Item::Status(pain002::Item::Message(whole)) => {
                self.statuses.push(StatusHeld { of: "message", whole, transactions: Vec::new() });
            }
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
        let batch_count = announced(&entry.batches);
        let listed = details.len() as u128;
        self.note(Note::BatchCountDiffers, listed > 0 && batch_count.is_some_and(|count| count != listed));
        self.note(Note::BatchTotalDiffers, !totals_agree(&entry.batches, entry.amount));
        self.note(Note::DetailsDoNotAddUp, !add_up(&details, &entry));
        for detail in &details {
            self.note(Note::DetailWithoutEndToEndId, detail.references.end_to_end_id.is_none());
            self.note(Note::ReferenceNotProvided, detail.not_provided > 0);
        }
        let is_return = details.iter().any(|detail| detail.return_reason.is_some())
            || entry.kind.as_deref().is_some_and(|kind| kind.ends_with("/RRTN"));
        self.note(Note::ReturnNotMarkedReversal, is_return && entry.reversal != Some(true));
        self.entries.push(EntryHeld { entry, is_return, batch_count, details });
    }

    fn account(&mut self, account: Account) {
        let balances = std::mem::take(&mut self.balances);
        let entries = std::mem::take(&mut self.entries);
        for balance in &balances {
            self.note(Note::BalanceWithoutDirection, balance.direction.is_none());
        }
        for EntryHeld { entry, .. } in &entries {
            let is_other =
                account.currency.as_deref().is_some_and(|currency| currency != entry.amount.currency.letters());
            self.note(Note::EntryInOtherCurrency, is_other);
        }
        let is_other = account.announced_entries.is_some_and(|count| count != entries.len() as u64);
        self.note(Note::EntryCountDiffers, is_other);
        self.accounts.push(AccountHeld {
            account,
            balance: rolls(&balances, &entries),
            totals: totals(&entries),
            balances,
            notes: std::mem::take(&mut self.notes),
            entries,
        });
    }
}

/// The payments that batches announce; none when one announces none, or there is no batch.
fn announced(batches: &[Batch]) -> Option<u128> {
    let counts: Option<u128> = batches.iter().map(|batch| batch.count.map(u128::from)).sum();
    counts.filter(|_| !batches.is_empty())
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
    let mut sums: BTreeMap<(Direction, Option<&str>, Currency), (u64, i128)> = BTreeMap::new();
    for EntryHeld { entry, .. } in entries {
        let key = (entry.direction, entry.status.as_deref(), entry.amount.currency);
        let (count, sum) = sums.entry(key).or_default();
        *count += 1;
        *sum += i128::from(entry.amount.hundredths);
    }
    let total = |((direction, status, currency), (count, amount_hundredths)): (_, (u64, i128))| {
        let status: Option<&str> = status;
        Total { direction, status: status.map(str::to_owned), currency, count, amount_hundredths }
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
        for EntryHeld { entry, .. } in entries {
            if entry.amount.currency != currency {
                return None;
            }
            if entry.status.as_deref()? == "BOOK" {
                booked += entry.direction.signed(entry.amount.hundredths);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_as_large_as_they_may_be_are_added_up() {
        let batch = "<Btch><NbOfTxs>999999999999999999</NbOfTxs></Btch>".repeat(40);
        let entry = format!(
            "<Ntry><Amt Ccy='CNY'>1</Amt><CdtDbtInd>DBIT</CdtDbtInd><NtryDtls>{batch}<TxDtls/></NtryDtls></Ntry>"
        );
        let file = format!(
            "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'><BkToCstmrStmt><Stmt>\
             <ElctrncSeqNb>202611230000000001</ElctrncSeqNb>{entry}</Stmt></BkToCstmrStmt></Document>"
        );
        let held = inspect(file.as_bytes());
        let [account] = held.accounts.as_slice() else { panic!("{held:?}") };
        assert_eq!(account.account.sequence, Some(202_611_230_000_000_001));
        assert_eq!(account.entries[0].batch_count, Some(39_999_999_999_999_999_960));
        assert_eq!(account.notes.get(&Note::BatchCountDiffers), Some(&1));
        serde_json::to_string(&held).unwrap();
    }
}
