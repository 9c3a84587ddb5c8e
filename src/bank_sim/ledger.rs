//! The bank: takes files, pays once, answers enquiries, closes its days. What happened is written to the journal first.

use std::io;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use time::Date;

use super::faults::{Fault, Faults};
use super::journal::{Booking, Journal, Line, Outcome, Record};
use super::pay_file::{self, PayFile};
use super::pay_json;
use super::statement_file::write_statement;
pub use super::statement_file::{Day, Entry};
use super::told::{Told, ToldResult};
pub use super::truth::Payment;
use super::truth::Truth;
use crate::kernel::clock::{Clock, Moment};
use crate::kernel::money::Fen;

/// How long a file of the late queue waits.
const LATE_SECS: i64 = 20 * 60;

/// The bank: its journal, what follows from it, and the faults that are switched on.
pub struct Bank {
    journal: Journal,
    clock: Arc<dyn Clock>,
    truth: Truth,
    /// Faults, which a restart forgets.
    pub faults: Faults,
    /// Files that wait to be executed, each with its moment.
    late: Vec<(Moment, Vec<u8>)>,
}

/// What the bank says when it is given a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The file was executed, now or (`duplicate`) before.
    Accepted {
        /// Number of payments in it.
        count: usize,
        /// Sum of its payments.
        total_fen: Fen,
        /// True when the bank had it already and did nothing now.
        duplicate: bool,
    },
    /// The file was refused as a whole.
    Refused {
        /// Reason code.
        code: String,
    },
}

impl Bank {
    /// Opens the bank in `dir`; a new one gets `account` with `opening_fen`, its first business day being today.
    ///
    /// # Errors
    /// Whatever the file system says; `InvalidData` for a journal that cannot be read.
    pub fn open(dir: &Path, clock: Arc<dyn Clock>, account: &str, opening_fen: Fen) -> io::Result<Self> {
        let (journal, records) = Journal::open(dir)?;
        let mut bank = Self::of(journal, clock);
        for record in &records {
            bank.truth.apply(record)?;
        }
        if records.is_empty() {
            bank.found(account, opening_fen)?;
        }
        Ok(bank)
    }

    /// A new bank that keeps its journal nowhere.
    ///
    /// # Errors
    /// When the calendar or the money ends.
    pub fn in_memory(clock: Arc<dyn Clock>, account: &str, opening_fen: Fen) -> io::Result<Self> {
        let mut bank = Self::of(Journal::in_memory(), clock);
        bank.found(account, opening_fen)?;
        Ok(bank)
    }

    fn of(journal: Journal, clock: Arc<dyn Clock>) -> Self {
        Self { journal, clock, truth: Truth::default(), faults: Faults::default(), late: Vec::new() }
    }

    fn found(&mut self, account: &str, opening_fen: Fen) -> io::Result<()> {
        let on = self.clock.now().date();
        self.record(&Record::Opened { account: account.to_owned(), on })?;
        if opening_fen.is_positive() {
            self.record(&Record::Funded { amount_fen: opening_fen })?;
        }
        Ok(())
    }

    /// Takes a payment file, flat or in JSON: executes it once, however often it comes.
    ///
    /// # Errors
    /// Whatever the file system says; nothing was executed then.
    pub fn take(&mut self, bytes: &[u8]) -> io::Result<Taken> {
        let sha256 = hex::encode(Sha256::digest(bytes));
        let read = if bytes.starts_with(b"{") { pay_json::read(bytes) } else { pay_file::read(bytes) };
        let file = match read {
            Ok(file) if file.account == self.truth.account => file,
            Ok(_) => return Ok(Taken::Refused { code: "AC02".to_owned() }),
            Err(fault) => return Ok(Taken::Refused { code: fault.0.to_owned() }),
        };
        if let Some(batch) = self.truth.batches.get(&file.batch_ref) {
            return Ok(match &batch.refused {
                _ if batch.sha256 != sha256 => Taken::Refused { code: "DU01".to_owned() },
                Some(code) => Taken::Refused { code: code.clone() },
                None => taken(&batch.lines, true),
            });
        }
        if self.faults.strikes(Fault::RejectFile) {
            let code = "FF01".to_owned();
            self.record(&Record::Refused { batch_ref: file.batch_ref, sha256, code: code.clone() })?;
            return Ok(Taken::Refused { code });
        }
        let twice = self.faults.strikes(Fault::DoubleDebit);
        let lines = self.judge(&file, twice);
        let answer = taken(&lines, false);
        let booking = match () {
            () if twice => Booking::Each,
            () if self.faults.strikes(Fault::LateBooking) => Booking::NextDay,
            () if self.faults.strikes(Fault::BatchDebit) => Booking::Whole,
            () => Booking::Each,
        };
        self.record(&Record::Executed { batch_ref: file.batch_ref, sha256, at: self.clock.now(), lines, booking })?;
        Ok(answer)
    }

    /// Puts a file into a queue from which it is executed 20 minutes later, if it has not come again before.
    pub(super) fn take_later(&mut self, bytes: &[u8]) {
        self.late.push((self.clock.now().plus_secs(LATE_SECS), bytes.to_vec()));
    }

    fn take_late(&mut self, until: Moment) -> io::Result<()> {
        let (due, waits) = std::mem::take(&mut self.late).into_iter().partition(|(at, _)| *at <= until);
        self.late = waits;
        let due: Vec<(Moment, Vec<u8>)> = due;
        for (_, bytes) in due {
            self.take(&bytes)?;
        }
        Ok(())
    }

    /// The result file of a batch, or none when the bank never took it.
    pub fn results(&mut self, batch_ref: &str) -> Option<String> {
        self.told(batch_ref).map(|told| told.flat())
    }

    /// What is told of a batch, or none when the bank never took it.
    pub(super) fn told(&mut self, batch_ref: &str) -> Option<Told> {
        if self.faults.strikes(Fault::NotFound) {
            return None;
        }
        let pending = self.faults.strikes(Fault::DelayedResult);
        let other = self.truth.batches.keys().find(|other| *other != batch_ref);
        let batch_ref = match other {
            Some(other) if self.faults.strikes(Fault::OtherResults) => other,
            _ => batch_ref,
        };
        let batch = self.truth.batches.get(batch_ref)?;
        let mut told: Vec<(&Line, Option<Outcome>)> = batch.lines.iter().map(|line| (line, None)).collect();
        let faults = &mut self.faults;
        let is_paid = |line: &Line| matches!(line.outcome, Outcome::Paid { debits: 1.., .. });
        // A debit that stands on no statement yet is not lied about: no one could then tell what happened.
        if batch.booking == Booking::Each
            && let Some(first) = told.iter_mut().find(|(line, _)| is_paid(line))
            && faults.strikes(Fault::SaysRejected)
        {
            first.1 = Some(Outcome::Failed { code: "AB05".to_owned() });
        }
        if let Some(first) = told.iter_mut().find(|(line, _)| !is_paid(line))
            && faults.strikes(Fault::SaysPaid)
        {
            first.1 = Some(Outcome::Paid { serial: "S0".to_owned(), debits: 0 });
        }
        if faults.strikes(Fault::PartialResults) {
            told.retain(|(line, lie)| !is_paid(line) || lie.is_some());
        }
        if faults.strikes(Fault::EmptyResults) {
            told.clear();
        }
        if faults.strikes(Fault::RepeatedResults) {
            told.extend(told.clone());
        }
        let mut results = Vec::with_capacity(told.len());
        for (paid, lie) in told {
            let outcome = lie.as_ref().unwrap_or(&paid.outcome);
            let mut amount = paid.amount_fen.get().to_string();
            if faults.strikes(Fault::OtherAmount) {
                amount = paid.amount_fen.get().saturating_add(1).to_string();
            }
            if faults.strikes(Fault::OddAmount) {
                "1e3".clone_into(&mut amount);
            }
            results.push(ToldResult::of(paid, outcome, amount, batch.posted_at, pending));
        }
        if faults.strikes(Fault::StrangeResult) {
            results.push(ToldResult {
                seq: 999_999,
                bank_ref: "NEVERSENT".to_owned(),
                amount: "100".to_owned(),
                status: "S",
                serial: "S0".to_owned(),
                code: String::new(),
                posted_at: Some(batch.posted_at),
            });
        }
        let (batch_ref, sha256, refused) = (batch_ref.to_owned(), batch.sha256.clone(), batch.refused.clone());
        Some(Told { batch_ref, sha256, refused, results })
    }

    /// The result line of one order, or none when the bank never saw it.
    pub fn order(&mut self, bank_ref: &str) -> Option<String> {
        self.told_order(bank_ref).map(|told| told.flat())
    }

    /// What is told of one order, or none when the bank never saw it.
    pub(super) fn told_order(&mut self, bank_ref: &str) -> Option<ToldResult> {
        if self.faults.strikes(Fault::NotFound) {
            return None;
        }
        let pending = self.faults.strikes(Fault::DelayedResult);
        let (batch_ref, index) = self.truth.orders.get(bank_ref)?;
        let batch = self.truth.batches.get(batch_ref)?;
        let paid = batch.lines.get(*index)?;
        let amount = paid.amount_fen.get().to_string();
        Some(ToldResult::of(paid, &paid.outcome, amount, batch.posted_at, pending))
    }

    /// The statement file with number `seq`, once its day is closed.
    pub fn statement(&mut self, account: &str, seq: u32) -> Option<Vec<u8>> {
        let index = usize::try_from(seq).ok()?.checked_sub(1)?;
        let closed = &self.truth.closed;
        let day = closed.get(index).filter(|_| account == self.truth.account)?;
        let (before, after) = (index.checked_sub(1).and_then(|index| closed.get(index)), closed.get(index + 1));
        let faults = &mut self.faults;
        if faults.strikes(Fault::MissingStatement) {
            return None;
        }
        let mut day = match (before, after) {
            (Some(before), _) if faults.strikes(Fault::OldStatement) => before,
            (_, Some(after)) if faults.strikes(Fault::NextStatement) => after,
            _ => day,
        }
        .clone();
        // Nobody can tell of a first statement what it should open with.
        if before.is_some() && faults.strikes(Fault::WrongBalance) {
            let one = Fen::new(1);
            day.opening_fen = day.opening_fen.checked_add(one).unwrap_or(day.opening_fen);
            day.closing_fen = day.closing_fen.checked_add(one).unwrap_or(day.closing_fen);
        }
        if let Some(before) = before
            && faults.strikes(Fault::CorrectedStatement)
        {
            day = corrected(before);
        }
        let mut file = write_statement(&self.truth.account, &day);
        if self.faults.strikes(Fault::CutStatement) {
            file.truncate(file.len() / 2);
        }
        Some(file)
    }

    /// The same without any fault.
    #[must_use]
    pub fn statement_as_it_is(&self, seq: u32) -> Option<Vec<u8>> {
        let day = self.closed_day(usize::try_from(seq).ok()?)?;
        Some(write_statement(&self.truth.account, day))
    }

    /// Closes the business day: its statement is ready, the next day begins. Gives the closed day and its statement's number.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn close_day(&mut self) -> io::Result<(Date, u32)> {
        let date = self.truth.day()?;
        let next = date.next_day().ok_or_else(|| io::Error::other("the calendar ends"))?;
        self.record(&Record::DayClosed { next })?;
        let seq = u32::try_from(self.truth.closed.len()).map_err(io::Error::other)?;
        Ok((date, seq))
    }

    /// Closes every business day that lies before today's date.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn catch_up(&mut self) -> io::Result<()> {
        while self.truth.day()? < self.clock.now().date() {
            self.take_late(Moment::end_of(self.truth.day()?))?;
            self.close_day()?;
        }
        self.take_late(self.clock.now())
    }

    /// Adds money of the fund.
    ///
    /// # Errors
    /// Whatever the file system says; `InvalidInput` for an amount that is not positive.
    pub fn fund(&mut self, amount_fen: Fen) -> io::Result<()> {
        if !amount_fen.is_positive() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "an amount of money is more than nothing"));
        }
        self.record(&Record::Funded { amount_fen })
    }

    /// Lets payments to a card fail with `reject_code` from now on, or work again.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn mark_card(&mut self, card: &str, reject_code: Option<String>) -> io::Result<()> {
        self.record(&Record::CardMarked { card_key: pay_file::card_key(card), reject_code })
    }

    /// Sends the money of a paid order back, or a part of it. False when there is nothing to send back.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn send_back(&mut self, bank_ref: &str, amount_fen: Option<Fen>, code: String) -> io::Result<bool> {
        let Some(paid) = self.truth.payment(bank_ref).filter(|paid| paid.debits > 0) else { return Ok(false) };
        let amount_fen = amount_fen.unwrap_or(paid.amount_fen);
        let anonymous = self.faults.strikes(Fault::AnonymousReturn);
        self.record(&Record::Returned { bank_ref: bank_ref.to_owned(), amount_fen, code, anonymous })?;
        Ok(true)
    }

    /// True when the payee of this order got money.
    #[must_use]
    pub fn has_paid(&self, bank_ref: &str) -> bool {
        self.truth.payment(bank_ref).is_some_and(|payment| payment.debits > 0)
    }

    /// True when a booking of the account names this order and takes money from it.
    #[must_use]
    pub fn shows_debit(&self, bank_ref: &str) -> bool {
        let booked = self.truth.closed.iter().flat_map(|day| &day.entries).chain(&self.truth.entries);
        booked.into_iter().any(|entry| !entry.credit && entry.bank_ref == bank_ref)
    }

    /// True while the debit of this order, which is booked a day late, stands on no statement.
    #[must_use]
    pub fn is_booked_late(&self, bank_ref: &str) -> bool {
        let truth = &self.truth;
        let batch = truth.orders.get(bank_ref).and_then(|(batch_ref, _)| truth.batches.get(batch_ref));
        let mut stated = truth.closed.iter().flat_map(|day| &day.entries);
        batch.is_some_and(|batch| batch.booking == Booking::NextDay)
            && !stated.any(|entry| !entry.credit && entry.bank_ref == bank_ref)
    }

    /// True while a file with this order waits to be executed later.
    #[must_use]
    pub fn will_take(&self, bank_ref: &str) -> bool {
        let names = |bytes: &[u8]| bytes.windows(bank_ref.len().max(1)).any(|window| window == bank_ref.as_bytes());
        self.late.iter().any(|(_, bytes)| names(bytes))
    }

    /// Everything that was ever asked for, with what really happened.
    #[must_use]
    pub fn payments(&self) -> Vec<Payment> {
        let mut all: Vec<_> = self.truth.orders.keys().filter_map(|bank_ref| self.truth.payment(bank_ref)).collect();
        all.sort_by(|one, other| one.bank_ref.cmp(&other.bank_ref));
        all
    }

    /// The closed business day whose statement has number `seq`, as it really was.
    #[must_use]
    pub fn closed_day(&self, seq: usize) -> Option<&Day> {
        self.truth.closed.get(seq.checked_sub(1)?)
    }

    /// How many business days are closed.
    #[must_use]
    pub fn closed_days(&self) -> usize {
        self.truth.closed.len()
    }

    /// What the account holds now.
    #[must_use]
    pub const fn balance_fen(&self) -> Fen {
        self.truth.balance_fen
    }

    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.journal.append(record)?;
        self.truth.apply(record)
    }

    fn judge(&self, file: &PayFile, twice: bool) -> Vec<Line> {
        let mut left = self.truth.balance_fen;
        let mut serials = self.truth.serials;
        let mut lines: Vec<Line> = Vec::with_capacity(file.payments.len());
        for payment in &file.payments {
            let known = self.truth.orders.contains_key(&payment.bank_ref)
                || lines.iter().any(|line| line.bank_ref == payment.bank_ref);
            let marked = self.truth.cards.get(&payment.card_key);
            let rest = left.checked_sub(payment.amount_fen).ok().filter(|rest| *rest >= Fen::ZERO);
            let outcome = match (known, payment.card_is_valid, marked, rest) {
                (true, ..) => Outcome::Failed { code: "DU04".to_owned() },
                (_, false, ..) => Outcome::Failed { code: "AC16".to_owned() },
                (_, _, Some(code), _) => Outcome::Failed { code: code.clone() },
                (.., None) => Outcome::Failed { code: "AM04".to_owned() },
                (.., Some(rest)) => {
                    left = rest;
                    serials += 1;
                    let debits = if twice && payment.seq == 1 { 2 } else { 1 };
                    Outcome::Paid { serial: format!("S{serials:012}"), debits }
                }
            };
            lines.push(Line {
                seq: payment.seq,
                bank_ref: payment.bank_ref.clone(),
                amount_fen: payment.amount_fen,
                card_key: payment.card_key.clone(),
                card_tail: payment.card_tail.clone(),
                outcome,
            });
        }
        lines
    }
}

/// A closed day as it never was: with one booking more.
fn corrected(day: &Day) -> Day {
    let mut day = day.clone();
    let amount_fen = Fen::new(1);
    day.closing_fen = day.closing_fen.checked_sub(amount_fen).unwrap_or(day.closing_fen);
    day.entries.push(Entry {
        credit: false,
        amount_fen,
        serial: "S0".to_owned(),
        bank_ref: String::new(),
        tail: String::new(),
        text: "CORRECTION".to_owned(),
    });
    day
}

fn taken(lines: &[Line], duplicate: bool) -> Taken {
    let total_fen = Fen::sum(lines.iter().map(|line| line.amount_fen)).unwrap_or_default();
    Taken::Accepted { count: lines.len(), total_fen, duplicate }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::clock::ManualClock;

    fn pay_file(batch_ref: &str, lines: &[(&str, &str, i64)]) -> Vec<u8> {
        let mut details = String::new();
        for (index, (bank_ref, card, fen)) in lines.iter().enumerate() {
            details.push_str(&format!("D|{:06}|{bank_ref}|{card}|王芳||{fen}|INSC|x\n", index + 1));
        }
        let total: i64 = lines.iter().map(|line| line.2).sum();
        let count = lines.len();
        let digest = hex::encode(Sha256::digest(details.as_bytes()));
        format!("H|CNPAY1|{batch_ref}|C|ACC|20261123|CNY|{count}|{total}|x|UTF-8\n{details}T|{count}|{total}|sha256:{digest}\n")
            .into_bytes()
    }

    const GOOD: &str = "4111111111111111";

    fn open(dir: &Path) -> Bank {
        let clock = Arc::new(ManualClock::at(Moment::from_ms(1_795_400_000_000)));
        Bank::open(dir, clock, "ACC", Fen::new(1_000)).unwrap()
    }

    #[test]
    fn a_file_is_executed_once_even_across_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let file = pay_file("B1", &[("R1", GOOD, 300), ("R2", "4111111111111112", 1), ("R3", GOOD, 800)]);
        let accepted = |duplicate| Taken::Accepted { count: 3, total_fen: Fen::new(1_101), duplicate };
        let mut bank = open(dir.path());
        assert_eq!(bank.take(&file).unwrap(), accepted(false));
        assert_eq!(bank.take(&file).unwrap(), accepted(true));
        drop(bank);
        let mut bank = open(dir.path());
        assert_eq!(bank.take(&file).unwrap(), accepted(true));
        assert_eq!(bank.balance_fen(), Fen::new(700));
        let debits: Vec<u8> = bank.payments().iter().map(|payment| payment.debits).collect();
        assert_eq!(debits, [1, 0, 0]);
        let results = bank.results("B1").unwrap();
        assert!(results.contains("|R1|300|S|S000000000002|"), "{results}");
        assert!(results.contains("|R2|1|F||AC16|") && results.contains("|R3|800|F||AM04|"), "{results}");
    }

    #[test]
    fn a_reference_that_was_paid_is_not_paid_again_under_another_batch() {
        let dir = tempfile::tempdir().unwrap();
        let mut bank = open(dir.path());
        bank.take(&pay_file("B1", &[("R1", GOOD, 300)])).unwrap();
        bank.take(&pay_file("B2", &[("R1", GOOD, 300)])).unwrap();
        assert_eq!(bank.payments().len(), 1);
        assert_eq!(bank.payments()[0].debits, 1);
        assert!(bank.results("B2").unwrap().contains("|F||DU04|"));
        assert_eq!(bank.take(&pay_file("B1", &[("R9", GOOD, 1)])).unwrap(), Taken::Refused { code: "DU01".into() });
    }

    #[test]
    fn statements_roll_and_stay_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let mut bank = open(dir.path());
        bank.take(&pay_file("B1", &[("R1", GOOD, 300)])).unwrap();
        let (first_day, seq) = bank.close_day().unwrap();
        assert_eq!(seq, 1);
        assert!(bank.send_back("R1", None, "AC04".into()).unwrap());
        assert!(!bank.send_back("R7", None, "AC04".into()).unwrap());
        bank.close_day().unwrap();
        let first = String::from_utf8(bank.statement("ACC", 1).unwrap()).unwrap();
        let second = String::from_utf8(bank.statement("ACC", 2).unwrap()).unwrap();
        assert!(first.contains("|1|CNY|0|700|") && second.contains("|2|CNY|700|1000|"), "{first}{second}");
        assert!(second.contains("|C|300|S000000000003|R1|1111|RETURN AC04"), "{second}");
        assert_eq!(bank.statement("ACC", 3), None);
        drop(bank);
        let mut bank = open(dir.path());
        assert_eq!(bank.statement("ACC", 1).unwrap(), first.into_bytes());
        assert!(bank.truth.day().unwrap() > first_day);
    }
}
