//! Bookings from a statement in ISO 20022 (camt.053), and what a notice (camt.054) tells of single ones. Pure.
//!
//! Only what the bank has booked moves money. What is not said is not guessed: a booking without a status or a day, a balance without a
//! direction, another currency quarantines the file; details that do not add up are left out, and the sum is matched as a whole.

use std::io::BufRead;

use time::Date;

use super::BreakKind;
use super::documents::{DocumentCommand, Fault};
use super::statement::{Entry, Equals, Lump, Statement};
use super::statement_file::Misread;
use crate::iso20022::camt::{self, Account, Balance, Detail};
use crate::iso20022::{self, Direction, Item, Limits};
use crate::kernel::money::Fen;

/// Payments listed within one booking that are held at a time; a batch of ours has fewer.
const DETAILS: usize = 100_000;
/// Faults that are named.
const FAULTS: usize = 100;
/// The only currency.
const CURRENCY: &str = "CNY";

/// What a notice tells of one payment: early, and never posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    /// The bank's name for the booking that it is part of.
    pub entry_serial: String,
    /// Its place in the file, from 1.
    pub entry_no: i64,
    /// What a statement would book for it.
    pub entry: Entry,
    /// It sends money back, and why.
    pub return_reason: Option<String>,
}

/// Reads a statement to its end; `on` gets each booking and answers whether to go on.
pub(super) fn read(source: impl BufRead, on: &mut dyn FnMut(Entry) -> bool) -> Result<Statement, Misread> {
    let mut reader = Reader::new(|entry, _, _| on(entry));
    let end = reader.read(source, camt::Kind::Statement)?;
    let account = end.account.account.clone();
    let (opening_fen, closing_fen, closed_on) =
        end.balances().map_err(|code| odd(BreakKind::B08, code, "statement"))?;
    let day = closed_on.or(end.account.to).ok_or_else(|| odd(BreakKind::B08, "statement_without_day", "statement"))?;
    let number = end.account.sequence.or(end.account.legal_sequence).filter(|number| *number > 0);
    let seq = number.and_then(|number| i64::try_from(number).ok());
    let statement = Statement {
        account: account.ok_or_else(|| odd(BreakKind::B18, "statement_without_account", "statement"))?,
        business_date: day,
        seq: seq.ok_or_else(|| odd(BreakKind::B08, "statement_without_number", "statement"))?,
        opening_fen,
        closing_fen,
        debits_fen: end.debits_fen,
        credits_fen: end.credits_fen,
        debit_count: end.debit_count,
        credit_count: end.credit_count,
    };
    if end.account.announced_entries.is_some_and(|count| count != end.entries) {
        return Err(odd(BreakKind::B08, "entry_count_differs", "statement"));
    }
    if !statement.rolls() {
        return Err(odd(BreakKind::B08, "balance_does_not_roll", "statement"));
    }
    Ok(statement)
}

/// Reads a notice or a report to its end; answers how many entries it has.
pub(super) fn notices(
    source: impl BufRead,
    kind: camt::Kind,
    on: &mut dyn FnMut(Notice) -> bool,
) -> Result<(Option<String>, u64), Misread> {
    let mut reader = Reader::new(|entry, entry_serial, return_reason| {
        on(Notice { entry_serial, entry_no: entry.entry_no, entry, return_reason })
    });
    let end = reader.read(source, kind)?;
    Ok((end.account.account, end.entries))
}

fn odd(kind: BreakKind, code: &str, at: &str) -> Misread {
    let faults = vec![Fault { at: at.to_owned(), code: code.to_owned() }];
    Misread { command: DocumentCommand::Quarantine, kind, why: format!("{at}: {code}"), faults }
}

/// What stands at the end of a file.
struct End {
    account: Account,
    balances: Vec<Balance>,
    debits_fen: Fen,
    credits_fen: Fen,
    debit_count: usize,
    credit_count: usize,
    entries: u64,
}

impl End {
    /// Opening and closing balance with the day of the latter.
    fn balances(&self) -> Result<(Fen, Fen, Option<Date>), &'static str> {
        let only = |codes: &[&str]| {
            let is_one = |balance: &&Balance| balance.code.as_deref().is_some_and(|code| codes.contains(&code));
            let mut found = self.balances.iter().filter(is_one);
            let first = found.next().ok_or("balance_missing")?;
            if found.next().is_some() { Err("balance_twice") } else { Ok(first) }
        };
        let signed = |balance: &Balance| {
            if balance.amount.currency.letters() != CURRENCY {
                return Err("balance_in_other_currency");
            }
            let amount = Fen::new(balance.amount.hundredths);
            match balance.direction {
                Some(Direction::Credit) => Ok(amount),
                Some(Direction::Debit) => amount.checked_neg().map_err(|_| "balance_too_large"),
                None if amount == Fen::ZERO => Ok(amount),
                None => Err("balance_without_direction"),
            }
        };
        let (opening, closing) = (only(&["OPBD", "PRCD"])?, only(&["CLBD"])?);
        Ok((signed(opening)?, signed(closing)?, closing.on))
    }
}

struct Reader<On> {
    on: On,
    equals: Equals,
    details: Vec<Detail>,
    balances: Vec<Balance>,
    account: Option<Account>,
    entry_no: i64,
    entries: u64,
    debits_fen: Fen,
    credits_fen: Fen,
    debit_count: usize,
    credit_count: usize,
    faults: Vec<(BreakKind, Fault)>,
}

impl<On: FnMut(Entry, String, Option<String>) -> bool> Reader<On> {
    fn new(on: On) -> Self {
        Self {
            on,
            equals: Equals::default(),
            details: Vec::new(),
            balances: Vec::new(),
            account: None,
            entry_no: 0,
            entries: 0,
            debits_fen: Fen::ZERO,
            credits_fen: Fen::ZERO,
            debit_count: 0,
            credit_count: 0,
            faults: Vec::new(),
        }
    }

    fn read(&mut self, source: impl BufRead, kind: camt::Kind) -> Result<End, Misread> {
        let read = iso20022::read(source, &Limits::STATEMENT, |item| match item {
            Item::Account(item) => self.take(item),
            Item::Status(_) => Err(iso20022::Fault::UnknownMessage),
        });
        let message = read.map_err(|unreadable| {
            let code = unreadable.fault.code().to_owned();
            let (at, why) =
                (format!("byte {}", unreadable.at), format!("byte {}: {}", unreadable.at, unreadable.fault));
            let faults = vec![Fault { at, code }];
            Misread { command: DocumentCommand::Reject, kind: BreakKind::B08, why, faults }
        })?;
        if camt::Kind::of(&message) != Some(kind) {
            return Err(odd(BreakKind::B08, "other_message", "file"));
        }
        if let Some((kind, first)) = self.faults.first() {
            let why = format!("{}: {}", first.at, first.code);
            let faults = self.faults.iter().map(|(_, fault)| fault.clone()).collect();
            return Err(Misread { command: DocumentCommand::Quarantine, kind: *kind, why, faults });
        }
        Ok(End {
            account: self.account.take().ok_or_else(|| odd(BreakKind::B08, "statement_missing", "file"))?,
            balances: std::mem::take(&mut self.balances),
            debits_fen: self.debits_fen,
            credits_fen: self.credits_fen,
            debit_count: self.debit_count,
            credit_count: self.credit_count,
            entries: self.entries,
        })
    }

    fn take(&mut self, item: camt::Item) -> Result<(), iso20022::Fault> {
        match item {
            camt::Item::Balance(balance) => self.balances.push(balance),
            camt::Item::Detail(_) if self.details.len() >= DETAILS => return Err(iso20022::Fault::TooMuch),
            camt::Item::Detail(detail) => self.details.push(detail),
            camt::Item::Entry(entry) => return self.entry(&entry),
            camt::Item::Account(account) => {
                let currency = account.currency.as_deref().unwrap_or(CURRENCY);
                if currency != CURRENCY {
                    self.fault(BreakKind::B18, "account_in_other_currency");
                }
                // One day of one account: nobody can tell which of several is meant.
                if self.account.replace(account).is_some() {
                    self.fault(BreakKind::B08, "several_statements");
                }
            }
        }
        Ok(())
    }

    fn fault(&mut self, kind: BreakKind, code: &str) {
        if self.faults.len() < FAULTS {
            let at = format!("entry {}", self.entries);
            self.faults.push((kind, Fault { at, code: code.to_owned() }));
        }
    }

    fn entry(&mut self, entry: &camt::Entry) -> Result<(), iso20022::Fault> {
        self.entries += 1;
        let details = std::mem::take(&mut self.details);
        match entry.status.as_deref() {
            Some("BOOK") => {}
            // Pending, for information, of a later day: not booked, so not money.
            Some(_) => return Ok(()),
            None => {
                self.fault(BreakKind::B08, "entry_without_status");
                return Ok(());
            }
        }
        if entry.amount.currency.letters() != CURRENCY {
            self.fault(BreakKind::B18, "entry_in_other_currency");
            return Ok(());
        }
        if entry.amount.hundredths == 0 {
            self.fault(BreakKind::B08, "entry_of_nothing");
            return Ok(());
        }
        let Some(day) = entry.booked_on.or(entry.valued_on) else {
            self.fault(BreakKind::B08, "entry_without_day");
            return Ok(());
        };
        for (mut piece, return_reason) in pieces(entry, &details, day) {
            self.entry_no += 1;
            piece.entry_no = self.entry_no;
            // Its orders, should it turn out to be of a whole batch, have numbers of their own.
            self.entry_no += piece.lump.as_ref().map_or(0, |lump| i64::from(lump.count.unwrap_or_default()));
            self.equals.number(&mut piece);
            let (sum, count) = if piece.credit {
                (&mut self.credits_fen, &mut self.credit_count)
            } else {
                (&mut self.debits_fen, &mut self.debit_count)
            };
            *count += 1;
            *sum = sum.checked_add(piece.amount_fen).map_err(|_| iso20022::Fault::Amount)?;
            if !(self.on)(piece, entry.bank_reference.clone().unwrap_or_default(), return_reason) {
                return Err(iso20022::Fault::Source);
            }
        }
        Ok(())
    }
}

/// The bookings that an entry is: one for each of its details where they add up, itself otherwise. With why a detail sends money back.
fn pieces(entry: &camt::Entry, details: &[Detail], day: Date) -> Vec<(Entry, Option<String>)> {
    let is_return = entry.kind.as_deref().is_some_and(|kind| kind.ends_with("/RRTN"));
    let piece = |detail: Option<&Detail>, hundredths: i64, direction: Direction| {
        let references = detail.map(|detail| &detail.references);
        let of = |name: fn(&iso20022::References) -> &Option<String>| references.and_then(|all| name(all).clone());
        let serial = of(|all| &all.bank_reference).or_else(|| entry.bank_reference.clone());
        let serial = serial.or_else(|| entry.reference.clone()).or_else(|| of(|all| &all.transaction_id));
        let bank_ref = of(|all| &all.end_to_end_id).or_else(|| of(|all| &all.instruction_id));
        let reason = detail.and_then(|detail| detail.return_reason.clone()).or_else(|| is_return.then(String::new));
        let booking = Entry {
            entry_no: 0,
            booked_on: day,
            credit: direction == Direction::Credit,
            amount_fen: Fen::new(hundredths),
            bank_serial: serial.unwrap_or_default(),
            bank_ref: bank_ref.filter(|text| is_reference(text)),
            counterparty_tail: detail.and_then(|detail| match direction {
                Direction::Credit => detail.debtor_tail.clone(),
                Direction::Debit => detail.creditor_tail.clone(),
            }),
            text: entry.kind.clone().unwrap_or_default(),
            nth: 1,
            lump: None,
        };
        (booking, reason)
    };
    let whole = |detail| piece(detail, entry.amount.hundredths, entry.direction);
    let announced: Option<u64> = match &entry.batches[..] {
        [] => None,
        batches => batches.iter().map(|batch| batch.count).try_fold(0_u64, |sum, count| sum.checked_add(count?)),
    };
    let listed = details.len() as u64;
    let batch_ref = entry.batches.iter().find_map(|batch| batch.reference.clone());
    match details {
        [] if announced.unwrap_or(1) <= 1 && batch_ref.is_none() => return vec![whole(None)],
        [only] if announced.unwrap_or(1) <= 1 => return vec![whole(Some(only))],
        [_, _, ..] if announced.unwrap_or(listed) == listed => {
            let amounts: Option<Vec<(i64, Direction)>> = details
                .iter()
                .map(|detail| {
                    let amount = detail.amount.filter(|amount| amount.currency == entry.amount.currency)?;
                    (amount.hundredths > 0).then_some((amount.hundredths, detail.direction.unwrap_or(entry.direction)))
                })
                .collect();
            let booked = entry.direction.signed(entry.amount.hundredths);
            let adds_up = |amounts: &Vec<(i64, Direction)>| {
                amounts.iter().map(|(amount, direction)| direction.signed(*amount)).sum::<i128>() == booked
            };
            if let Some(amounts) = amounts.filter(adds_up) {
                let piece =
                    |(detail, (amount, direction)): (_, (i64, Direction))| piece(Some(detail), amount, direction);
                return details.iter().zip(amounts).map(piece).collect();
            }
        }
        _ => {}
    }
    let batch_ref = batch_ref.or_else(|| common(details));
    let count = u32::try_from(announced.unwrap_or(listed)).ok().filter(|count| (1..=1_000_000).contains(count));
    let (booking, reason) = whole(None);
    vec![(Entry { lump: Some(Lump { batch_ref, count }), ..booking }, reason)]
}

/// The payment information that all details name.
fn common(details: &[Detail]) -> Option<String> {
    let first = details.first()?.references.payment_information_id.as_ref()?;
    let all = details.iter().all(|detail| detail.references.payment_information_id.as_ref() == Some(first));
    all.then(|| first.clone())
}

/// True for what may be a reference of ours: other names are the bank's or a stranger's.
fn is_reference(text: &str) -> bool {
    (1..=30).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}
