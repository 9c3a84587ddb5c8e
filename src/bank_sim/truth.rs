//! What follows from the journal: accounts, batches, statements, and who really got money.

use std::collections::{BTreeMap, HashMap};
use std::io;

use time::Date;

use super::journal::{Booking, Line, Outcome, Record};
use super::statement_file::{Day, Entry};
use crate::kernel::clock::Moment;
use crate::kernel::money::Fen;

/// Last four digits of the account that the fund's own money comes from.
const FUND_TAIL: &str = "0001";

/// What really happened to one order.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Payment {
    /// The order.
    pub bank_ref: String,
    /// Amount asked for.
    pub amount_fen: Fen,
    /// How often the payee got it.
    pub debits: u8,
    /// How much came back.
    pub returned_fen: Fen,
    /// Last four digits of the card.
    pub card_tail: String,
}

/// Everything that the journal says.
#[derive(Default)]
pub(super) struct Truth {
    pub(super) account: String,
    pub(super) day: Option<Date>,
    pub(super) opening_fen: Fen,
    pub(super) balance_fen: Fen,
    pub(super) entries: Vec<Entry>,
    /// Debits that are booked when the next business day begins.
    pub(super) next_day: Vec<Entry>,
    pub(super) closed: Vec<Day>,
    pub(super) batches: BTreeMap<String, Batch>,
    pub(super) orders: HashMap<String, (String, usize)>,
    pub(super) cards: HashMap<String, String>,
    pub(super) returned: HashMap<String, Fen>,
    pub(super) serials: u64,
}

/// A file that was taken.
pub(super) struct Batch {
    pub(super) sha256: String,
    pub(super) refused: Option<String>,
    pub(super) posted_at: Moment,
    pub(super) lines: Vec<Line>,
    pub(super) booking: Booking,
}

impl Truth {
    /// The business day that is open.
    pub(super) fn day(&self) -> io::Result<Date> {
        self.day
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the journal does not begin with its opening"))
    }

    /// Takes one thing that happened.
    pub(super) fn apply(&mut self, record: &Record) -> io::Result<()> {
        match record {
            Record::Opened { account, on } => {
                self.account.clone_from(account);
                self.day = Some(*on);
            }
            Record::Funded { amount_fen } => {
                let serial = self.next_serial();
                self.book(true, *amount_fen, serial, "", FUND_TAIL, "FUND")?;
            }
            Record::CardMarked { card_key, reject_code } => {
                match reject_code {
                    Some(code) => self.cards.insert(card_key.clone(), code.clone()),
                    None => self.cards.remove(card_key),
                };
            }
            Record::Executed { batch_ref, sha256, at, lines, booking } => {
                self.execute(batch_ref, sha256, *at, lines, *booking)?;
            }
            Record::Refused { batch_ref, sha256, code } => {
                let batch = Batch {
                    sha256: sha256.clone(),
                    refused: Some(code.clone()),
                    posted_at: Moment::start_of(self.day()?),
                    lines: Vec::new(),
                    booking: Booking::Each,
                };
                self.batches.insert(batch_ref.clone(), batch);
            }
            Record::Returned { bank_ref, amount_fen, code, anonymous } => {
                let tail = self.payment(bank_ref).map(|paid| paid.card_tail).unwrap_or_default();
                let serial = self.next_serial();
                let named = if *anonymous { "" } else { bank_ref };
                self.book(true, *amount_fen, serial, named, &tail, &format!("RETURN {code}"))?;
                let before = self.returned.get(bank_ref).copied().unwrap_or_default();
                self.returned.insert(bank_ref.clone(), before.checked_add(*amount_fen).map_err(io::Error::other)?);
            }
            Record::DayClosed { next } => self.close(*next)?,
        }
        Ok(())
    }

    fn execute(
        &mut self,
        batch_ref: &str,
        sha256: &str,
        at: Moment,
        lines: &[Line],
        booking: Booking,
    ) -> io::Result<()> {
        let day = self.day()?;
        // A business day closed early runs ahead of the clock; noon of that day is then as good a time as any.
        let posted_at = if at.date() == day { at } else { Moment::start_of(day).plus_secs(12 * 60 * 60) };
        for (index, line) in lines.iter().enumerate() {
            // A repeated reference stays with the payment that it named first.
            self.orders.entry(line.bank_ref.clone()).or_insert_with(|| (batch_ref.to_owned(), index));
            if let Outcome::Paid { serial, debits } = &line.outcome {
                self.serials += 1;
                for extra in 0..*debits {
                    let serial = if extra == 0 { serial.clone() } else { format!("{serial}X{extra}") };
                    match booking {
                        Booking::Each => {
                            self.book(false, line.amount_fen, serial, &line.bank_ref, &line.card_tail, "PAYOUT")?;
                        }
                        Booking::NextDay => self.next_day.push(Entry {
                            credit: false,
                            amount_fen: line.amount_fen,
                            serial,
                            bank_ref: line.bank_ref.clone(),
                            tail: line.card_tail.clone(),
                            text: "PAYOUT".to_owned(),
                        }),
                        Booking::Whole => {}
                    }
                }
            }
        }
        let paid = lines.iter().filter(|line| matches!(line.outcome, Outcome::Paid { debits: 1.., .. }));
        let total_fen = Fen::sum(paid.map(|line| line.amount_fen)).map_err(io::Error::other)?;
        if booking == Booking::Whole && total_fen.is_positive() {
            let serial = self.next_serial();
            self.book(false, total_fen, serial, "", "", "BATCH")?;
        }
        let batch = Batch { sha256: sha256.to_owned(), refused: None, posted_at, lines: lines.to_vec(), booking };
        self.batches.insert(batch_ref.to_owned(), batch);
        Ok(())
    }

    fn book(
        &mut self,
        credit: bool,
        amount_fen: Fen,
        serial: String,
        bank_ref: &str,
        tail: &str,
        text: &str,
    ) -> io::Result<()> {
        let balance =
            if credit { self.balance_fen.checked_add(amount_fen) } else { self.balance_fen.checked_sub(amount_fen) };
        self.balance_fen = balance.map_err(io::Error::other)?;
        self.entries.push(Entry {
            credit,
            amount_fen,
            serial,
            bank_ref: bank_ref.to_owned(),
            tail: tail.to_owned(),
            text: text.to_owned(),
        });
        Ok(())
    }

    fn close(&mut self, next: Date) -> io::Result<()> {
        let date = self.day()?;
        let seq = u32::try_from(self.closed.len() + 1).map_err(io::Error::other)?;
        let entries = std::mem::take(&mut self.entries);
        let (opening_fen, closing_fen) = (self.opening_fen, self.balance_fen);
        self.closed.push(Day { date, seq, opening_fen, closing_fen, entries });
        self.opening_fen = closing_fen;
        self.day = Some(next);
        for entry in std::mem::take(&mut self.next_day) {
            let Entry { credit, amount_fen, serial, bank_ref, tail, text } = entry;
            self.book(credit, amount_fen, serial, &bank_ref, &tail, &text)?;
        }
        Ok(())
    }

    fn next_serial(&mut self) -> String {
        self.serials += 1;
        format!("S{:012}", self.serials)
    }

    /// What really happened to one order.
    pub(super) fn payment(&self, bank_ref: &str) -> Option<Payment> {
        let (batch_ref, index) = self.orders.get(bank_ref)?;
        let line = self.batches.get(batch_ref)?.lines.get(*index)?;
        Some(Payment {
            bank_ref: bank_ref.to_owned(),
            amount_fen: line.amount_fen,
            debits: if let Outcome::Paid { debits, .. } = line.outcome { debits } else { 0 },
            returned_fen: self.returned.get(bank_ref).copied().unwrap_or_default(),
            card_tail: line.card_tail.clone(),
        })
    }
}
