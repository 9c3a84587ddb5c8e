//! The line to the bank: carries what the service's own adapter sends to the model bank, or loses, cuts, repeats, delays and garbles it.
//!
//! It is also the witness of each sending: at its first byte it asks the database, from outside, whether the sending may be.

mod trouble;
mod witness;

use std::collections::{HashMap, VecDeque};
use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use async_trait::async_trait;
use sea_orm::sqlx::SqlitePool;
use sha2::{Digest, Sha256};

use super::fuse::Fuse;
use crate::bank_sim::ledger::Bank;
use crate::bank_sim::surface::{self, Course};
use crate::http_client::{Answer, Silence};
use crate::kernel::clock::{Clock, ManualClock, Moment};
use crate::payouts::bank::carrier::Carrier;
pub(super) use trouble::{OnAsking, OnSending};
use witness::{Seen, look};

/// The line.
#[derive(Clone)]
pub(super) struct Network(Arc<Inner>);

struct Inner {
    bank: Arc<Mutex<Bank>>,
    fuse: Arc<Fuse>,
    clock: Arc<ManualClock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    down_until: Option<Moment>,
    sendings: VecDeque<OnSending>,
    askings: VecDeque<OnAsking>,
    exact_byte: Option<(usize, bool)>,
    late: Vec<(Moment, Vec<u8>)>,
    answers: HashMap<String, Answer>,
    batches: HashMap<String, Batch>,
    outside: Option<SqlitePool>,
    violations: Vec<String>,
    struck: Vec<&'static str>,
    request_bytes: usize,
    sendings_seen: u64,
}

/// What the line saw of one batch.
#[derive(Default)]
struct Batch {
    first_at: Option<Moment>,
    /// The last sending that may have reached the bank.
    maybe_sent: bool,
    not_found: Vec<Moment>,
    under_way_since: Option<Moment>,
    /// No connection comes about when it is sent again.
    refused_next: bool,
    /// The last answer refused other bytes than were sent, which proves nothing about these.
    about_others: bool,
}

/// How long a sender may take before others may ask; the service's own figure.
const LEASE_SECS: i64 = 120;
/// What the bank asks for between two "not found".
const GAP_SECS: i64 = 600;

impl Network {
    pub(super) fn new(bank: Arc<Mutex<Bank>>, fuse: Arc<Fuse>, clock: Arc<ManualClock>) -> Self {
        Self(Arc::new(Inner { bank, fuse, clock, state: Mutex::default() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another process looks from this pool.
    pub(super) fn connect(&self, pool: SqlitePool) {
        let mut state = self.state();
        state.outside = Some(pool);
        // Whatever was under way ended with the process.
        for batch in state.batches.values_mut() {
            batch.under_way_since = None;
        }
    }

    pub(super) fn next_sending(&self, trouble: OnSending) {
        self.state().sendings.push_back(trouble);
    }

    pub(super) fn next_asking(&self, trouble: OnAsking) {
        self.state().askings.push_back(trouble);
    }

    /// The next request with a file ends after exactly so many bytes: the process dies there, or only the line is cut.
    pub(super) fn end_at_byte(&self, bytes: usize, dies: bool) {
        self.state().exact_byte = Some((bytes, dies));
    }

    pub(super) fn down_until(&self, at: Moment) {
        self.state().down_until = Some(at);
    }

    /// The line is as good as new.
    pub(super) fn heal(&self) {
        let mut state = self.state();
        state.down_until = None;
        state.sendings.clear();
        state.askings.clear();
        state.exact_byte = None;
        state.batches.values_mut().for_each(|batch| batch.refused_next = false);
    }

    /// The service's clock was set: how long a sending may take can no longer be told from outside.
    pub(super) fn forget_leases(&self) {
        for batch in self.state().batches.values_mut() {
            batch.under_way_since = None;
        }
    }

    /// The service comes back from a backup: what it may send again follows from what it finds out in SAFE mode.
    pub(super) fn forget(&self) {
        self.state().batches.clear();
    }

    /// What the witness saw that must not be.
    pub(super) fn violations(&self) -> Vec<String> {
        std::mem::take(&mut self.state().violations)
    }

    /// Which troubles struck since the last look.
    pub(super) fn struck(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.state().struck)
    }

    /// Bytes of the last request with a file.
    pub(super) fn request_bytes(&self) -> usize {
        self.state().request_bytes
    }

    /// Requests with a file that were begun.
    pub(super) fn sendings_seen(&self) -> u64 {
        self.state().sendings_seen
    }

    /// True while a file with this reference is late and will yet arrive.
    pub(super) fn is_on_its_way(&self, bank_ref: &str) -> bool {
        self.state().late.iter().any(|(_, body)| contains(body, bank_ref))
    }

    fn violation(&self, what: String) {
        self.state().violations.push(what);
    }

    fn strike(&self, word: &'static str) {
        self.state().struck.push(word);
    }

    fn is_down(&self) -> bool {
        self.state().down_until.is_some_and(|until| self.0.clock.now() < until)
    }

    /// When the next of what is late arrives, by the service's clock.
    pub(super) fn next_late(&self) -> Option<Moment> {
        self.state().late.iter().map(|(at, _)| *at).min()
    }

    /// What was late arrives now.
    pub(super) fn deliver_late(&self) {
        let now = self.0.clock.now();
        let due: Vec<Vec<u8>> = {
            let mut state = self.state();
            let (due, waits) = std::mem::take(&mut state.late).into_iter().partition(|(at, _)| *at <= now);
            state.late = waits;
            let due: Vec<(Moment, Vec<u8>)> = due;
            due.into_iter().map(|(_, body)| body).collect()
        };
        for body in due {
            // Whoever sent it waits no longer: what the bank says is heard by nobody.
            let _ = self.give(&body);
        }
    }

    /// The bank gets a file; answers what it says.
    fn give(&self, body: &[u8]) -> Result<Answer, Silence> {
        self.with_bank(|bank| surface::take_batch(bank, body))
    }

    /// The bank gets one file after the other; answers what it says of the second.
    fn give_twice(&self, body: &[u8], again: &[u8]) -> Result<Answer, Silence> {
        let first = self.give(body);
        // A bank that took the first does not deny it to the second.
        match self.give(again) {
            Ok(Answer { status: 429, .. }) => first,
            second => second,
        }
    }

    fn with_bank(&self, work: impl FnOnce(&mut Bank) -> std::io::Result<Course>) -> Result<Answer, Silence> {
        let mut bank = self.0.bank.lock().unwrap_or_else(PoisonError::into_inner);
        let course = bank.catch_up().and_then(|()| work(&mut bank));
        match course {
            Ok(Course::Answer { status, body, .. }) => Ok(Answer { status, body }),
            Ok(Course::Cut) => Err(Silence::Lost("cut")),
            Err(error) => {
                drop(bank);
                self.violation(format!("the model bank failed: {error}"));
                Err(Silence::Lost("cut"))
            }
        }
    }

    async fn dead<T>(&self) -> T {
        self.0.fuse.die();
        pending().await
    }

    /// Sleeps once: whoever drives the sender puts it aside and wakes it later, or never.
    async fn sleep(&self) {
        let mut slept = false;
        poll_fn(|_| {
            if slept {
                return Poll::Ready(());
            }
            slept = true;
            self.0.fuse.sleep();
            Poll::Pending
        })
        .await;
    }

    /// The first byte of a sending: may it be?
    async fn witness(&self, batch_ref: &str, body: &[u8]) {
        let outside = self.state().outside.clone();
        let Some(outside) = outside else { return };
        let sha256 = hex::encode(Sha256::digest(body));
        match look(&outside, batch_ref).await {
            Err(error) => self.violation(format!("I7 a transaction is open during a call to the bank, or {error}")),
            Ok(None) => self.violation(format!("I7 a batch was sent that is not ours: {batch_ref}")),
            Ok(Some(seen)) => {
                for what in seen.wrong(&sha256) {
                    self.violation(format!("I7 a batch was sent {what}"));
                }
                self.judge_repeat(batch_ref, &seen);
            }
        }
    }

    fn judge_repeat(&self, batch_ref: &str, seen: &Seen) {
        let now = self.0.clock.now();
        let mut state = self.state();
        state.sendings_seen += 1;
        let batch = state.batches.entry(batch_ref.to_owned()).or_default();
        let mut wrong = Vec::new();
        if batch.maybe_sent || seen.resend {
            let apart = batch.not_found.first().zip(batch.not_found.last());
            if apart.is_none_or(|(first, last)| *last < first.plus_secs(GAP_SECS)) {
                wrong.push("again without two \"not found\" far enough apart");
            }
            if batch.first_at.is_some_and(|first| now >= first.plus_secs(24 * 3_600)) {
                wrong.push("again after the bank's window");
            }
            if !seen.resend {
                wrong.push("again as if for the first time");
            }
        }
        if crate::kernel::clock::iso_date::text(now.date()) != seen.value_date {
            wrong.push("on another day than its value date");
        }
        if seen.changed_cards > 0 && !batch.maybe_sent {
            wrong.push("to a card that is no longer the member's");
        }
        batch.first_at.get_or_insert(now);
        batch.maybe_sent = true;
        batch.not_found.clear();
        batch.about_others = false;
        batch.under_way_since = Some(now);
        state.violations.extend(wrong.into_iter().map(|what| format!("I7 a batch was sent {what}")));
    }

    /// The sending ended: proved not to have reached the bank, or not.
    fn ended(&self, batch_ref: &str, proved_not_sent: bool) {
        let mut state = self.state();
        if let Some(batch) = state.batches.get_mut(batch_ref) {
            batch.under_way_since = None;
            if proved_not_sent {
                batch.maybe_sent = false;
            }
        }
    }

    /// The batches whose last answer refused other bytes than were sent.
    pub(super) fn unproved(&self) -> Vec<String> {
        let state = self.state();
        let unproved = state.batches.iter().filter(|(_, batch)| batch.about_others);
        unproved.map(|(batch_ref, _)| batch_ref.clone()).collect()
    }

    async fn send(&self, batch_ref: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<Answer, Silence> {
        let head: usize = headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        let head = head + "POST /bank/v1/batches HTTP/1.1\r\n\r\n".len();
        let whole = head + body.len();
        let refused = |batch: &mut Batch| std::mem::take(&mut batch.refused_next);
        if self.state().batches.get_mut(batch_ref).is_some_and(refused) {
            return Err(Silence::NotConnected);
        }
        let (trouble, exact) = {
            let mut state = self.state();
            state.request_bytes = whole;
            (state.sendings.pop_front(), state.exact_byte.take())
        };
        if let Some((bytes, dies)) = exact {
            if bytes == 0 && !dies {
                return Err(Silence::NotConnected);
            }
            if bytes >= whole {
                let answer = self.give(&body);
                return if dies { self.dead().await } else { answer.and(Err(Silence::Lost("timeout"))) };
            }
            return if dies { self.dead().await } else { Err(Silence::Lost("cut")) };
        }
        let Some(trouble) = trouble else { return self.give(&body) };
        self.strike(trouble.word());
        let bytes = |thousandths: u16| whole * usize::from(thousandths.min(1_000)) / 1_000;
        match trouble {
            OnSending::Refused => Err(Silence::NotConnected),
            OnSending::Cut(_) => Err(Silence::Lost("cut")),
            OnSending::Part(thousandths) => {
                let part = body.get(..bytes(thousandths).saturating_sub(head)).unwrap_or(&body);
                self.give(part)
            }
            OnSending::AnswerLost => self.give(&body).and(Err(Silence::Lost("timeout"))),
            OnSending::Twice => self.give_twice(&body, &body),
            OnSending::AgainInPart(thousandths) => {
                let part = body.get(..bytes(thousandths).saturating_sub(head)).unwrap_or(&body);
                self.give_twice(&body, part)
            }
            OnSending::CutThenRefused => {
                self.state().batches.entry(batch_ref.to_owned()).or_default().refused_next = true;
                Err(Silence::Lost("cut"))
            }
            OnSending::Late(secs) => {
                let at = self.0.clock.now().plus_secs(i64::from(secs));
                self.state().late.push((at, body));
                Err(Silence::Lost("timeout"))
            }
            OnSending::SleepsBefore => {
                self.sleep().await;
                self.give(&body)
            }
            OnSending::SleepsAfter => {
                let answer = self.give(&body);
                self.sleep().await;
                answer
            }
            OnSending::Dies(thousandths) => {
                if bytes(thousandths) >= whole {
                    // Nobody is left who could be told.
                    let _ = self.give(&body);
                }
                self.dead().await
            }
        }
    }

    async fn ask(&self, url: &str) -> Result<Answer, Silence> {
        let trouble = self.state().askings.pop_front();
        if let Some(trouble) = trouble {
            self.strike(trouble.word());
        }
        match trouble {
            Some(OnAsking::Refused) => return Err(Silence::NotConnected),
            Some(OnAsking::Dies) => return self.dead().await,
            Some(OnAsking::Stale) => {
                if let Some(answer) = self.state().answers.get(url) {
                    return Ok(answer.clone());
                }
            }
            _ => {}
        }
        let path: Vec<&str> = url.split(['/', '?']).filter(|part| !part.is_empty()).collect();
        let mut answer = match path[..] {
            [.., "batches", batch_ref, "results"] => self.with_bank(|bank| Ok(surface::show_results(bank, batch_ref))),
            [.., "orders", bank_ref, _] => self.with_bank(|bank| Ok(surface::show_order(bank, bank_ref))),
            [.., "statements", account, seq] => {
                let seq = seq.parse().unwrap_or(0);
                self.with_bank(|bank| Ok(surface::show_statement(bank, account, seq)))
            }
            _ => Err(Silence::Lost("cut")),
        }?;
        self.state().answers.insert(url.to_owned(), answer.clone());
        match trouble {
            Some(OnAsking::AnswerLost) => return Err(Silence::Lost("timeout")),
            Some(OnAsking::Half) => answer.body.truncate(answer.body.len() / 2),
            _ => {}
        }
        Ok(answer)
    }
}

#[async_trait]
impl Carrier for Network {
    async fn get(&self, url: &str) -> Result<Answer, Silence> {
        if self.0.fuse.is_dead() {
            return pending().await;
        }
        self.deliver_late();
        let batch_ref = url.rsplit_once("/bank/v1/batches/").and_then(|(_, rest)| rest.strip_suffix("/results"));
        if let Some(batch_ref) = batch_ref {
            let now = self.0.clock.now();
            let under_way = self.state().batches.get(batch_ref).and_then(|batch| batch.under_way_since);
            if under_way.is_some_and(|since| now <= since.plus_secs(LEASE_SECS)) {
                self.violation("the bank was asked about a batch while it was being sent".to_owned());
            }
        }
        if self.is_down() {
            self.strike("bank_down");
            return Err(Silence::NotConnected);
        }
        let answer = self.ask(url).await;
        if let (Some(batch_ref), Ok(Answer { status: 404, .. })) = (batch_ref, &answer) {
            let now = self.0.clock.now();
            self.state().batches.entry(batch_ref.to_owned()).or_default().not_found.push(now);
        }
        answer
    }

    async fn post(&self, _url: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<Answer, Silence> {
        if self.0.fuse.is_dead() {
            return pending().await;
        }
        self.deliver_late();
        let batch_ref = headers.iter().find(|(name, _)| *name == "x-batch-ref").map_or("", |(_, value)| *value);
        let before = self.state().batches.get(batch_ref).is_some_and(|batch| batch.maybe_sent);
        self.witness(batch_ref, &body).await;
        if self.0.fuse.is_dead() {
            return pending().await;
        }
        if self.is_down() {
            self.strike("bank_down");
            self.ended(batch_ref, !before);
            return Err(Silence::NotConnected);
        }
        let sha256 = hex::encode(Sha256::digest(&body));
        let answer = self.send(batch_ref, headers, body).await;
        if let Ok(answer) = &answer
            && refuses_others(answer, &sha256)
        {
            self.state().batches.entry(batch_ref.to_owned()).or_default().about_others = true;
        }
        let not_sent = matches!(&answer, Err(Silence::NotConnected) | Ok(Answer { status: 429, .. }));
        self.ended(batch_ref, not_sent && !before);
        answer
    }
}

fn contains(body: &[u8], words: &str) -> bool {
    body.windows(words.len().max(1)).any(|window| window == words.as_bytes())
}

/// Whether `answer` refuses a file, and another than that of `sha256`.
fn refuses_others(answer: &Answer, sha256: &str) -> bool {
    let said = serde_json::from_slice::<serde_json::Value>(&answer.body).unwrap_or_default();
    answer.status == 422 && said.get("sha256").and_then(serde_json::Value::as_str) != Some(sha256)
}
