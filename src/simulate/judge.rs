//! The judge: after every step the invariants of the payout contract, held against the model bank and the tables as they stand.
//!
//! It reads the database by a connection of its own and trusts no figure of ours about what the bank did.

use std::collections::{BTreeMap, HashMap, HashSet};

use sea_orm::sqlx::{self, AssertSqlSafe, Row, SqliteConnection};

use crate::bank_sim::ledger::{Bank, Payment};
use crate::kernel::money::Fen;

/// What the judge remembers between two looks.
#[derive(Debug, Default)]
pub(super) struct Judge {
    /// What was looked at last: how often somebody had written, the bank's doings, and what the line had told.
    last: Option<(i64, Truth, Vec<String>)>,
    journal_rows: i64,
    journal_sum: i64,
    refs: HashMap<String, (i64, Option<String>)>,
    answers: HashMap<Vec<u8>, String>,
    lost: HashSet<String>,
    pub(super) looks: u64,
}

/// What the model bank really did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Truth {
    payments: Vec<Payment>,
    closings: Vec<Fen>,
}

impl Truth {
    /// As it is now.
    pub(super) fn of(bank: &Bank) -> Self {
        let closings = (1..=bank.closed_days()).filter_map(|seq| bank.closed_day(seq)).map(|day| day.closing_fen);
        Self { payments: bank.payments(), closings: closings.collect() }
    }
}

/// An order as it stands.
struct Order {
    bank_ref: String,
    state: String,
    amount_fen: i64,
    payout: Vec<u8>,
    card_tail: Option<String>,
    /// True when two people said what became of it.
    is_resolved: bool,
}

/// Each row of the answer is something that must not be: which invariant, and what of it.
const RULES: &str = "
select 'I1 a ledger transaction does not balance', hex(transaction_id) from ledger_posting group by transaction_id having sum(amount_fen) <> 0
union all
select 'I1 a balance is not the sum of its postings', b.code from ledger_balance b where b.debits_fen - b.credits_fen
    <> (select coalesce(sum(amount_fen), 0) from ledger_posting p where p.account_id = b.account_id)
union all
select 'I2 the parts of a payout do not come to it', hex(p.id) from payout p where p.amount_fen
    <> (select coalesce(sum(l.payable_fen + l.clearing_fen + l.returned_fen + l.settled_fen), 0) from ledger_part l where l.payout_id = p.id)
union all
select 'I2 a part is below nothing', hex(payout_id) from ledger_part where min(payable_fen, clearing_fen, returned_fen, settled_fen) < 0
union all
select 'I3 debits less returns of an order are neither 0 nor its amount', o.bank_ref from statement_entry e join payout_order o on o.id = e.order_id
    left join statement_entry_taken t on t.entry_id = e.id
    where coalesce(t.treatment, e.treatment) in ('settled', 'returned') group by o.id
    having sum(case when coalesce(t.treatment, e.treatment) = 'settled' then e.amount_fen else -e.amount_fen end) not in (0, o.amount_fen)
union all
select 'I3 an order that is settled has no debit', o.bank_ref from payout_order o where o.state in ('settled', 'returned')
    and not exists (select 1 from statement_entry e left join statement_entry_taken t on t.entry_id = e.id
        where e.order_id = o.id and coalesce(t.treatment, e.treatment) = 'settled')
union all
select 'I3 an order that was sent has a debit in suspense', o.bank_ref from payout_order o join payout_batch b on b.id = o.batch_id
    join statement_entry e on e.order_id = o.id and e.treatment = 'unknown_debit'
    where o.state in ('settled', 'returned', 'paid', 'accepted', 'in_doubt') and b.at_bank
    and not exists (select 1 from statement_entry_taken t where t.entry_id = e.id)
union all
select 'I4 clearing is not what is on its way', c.held || ' instead of ' || c.orders from
    (select (select coalesce(sum(credits_fen - debits_fen), 0) from ledger_balance where code = 2020) as held,
        (select coalesce(sum(amount_fen), 0) from payout_order where state in ('approved', 'dispatching', 'accepted', 'in_doubt', 'rejected', 'paid')) as orders) c
    where c.held <> c.orders
union all
select 'I5 the books do not hold what the statement says', c.held || ' instead of ' || c.closing from
    (select (select coalesce(sum(debits_fen - credits_fen), 0) from ledger_balance where code = 1010) as held,
        coalesce((select closing_fen from statement order by seq desc limit 1), 0) as closing) c
    where c.held <> c.closing
union all
select 'I6 a reference is used twice', bank_ref from payout_order group by bank_ref having count(*) > 1
union all
select 'I7 a batch was released by nobody, its maker, or under another hash', batch_ref from payout_batch
    where state not in ('prepared', 'void') and (checker_id is null or checker_id = maker_id or released_sha256 is not sha256)
union all
select 'I8 a batch is not what its orders come to', b.batch_ref from payout_batch b where b.state <> 'void' and
    (b.order_count <> (select count(*) from payout_order o where o.batch_id = b.id)
    or b.total_fen <> (select coalesce(sum(o.amount_fen), 0) from payout_order o where o.batch_id = b.id))
union all
select 'I8 a day is counted otherwise than its batches', d.value_date from payout_day d where d.released_fen
    <> (select coalesce(sum(b.total_fen), 0) from payout_batch b where b.debit_account = d.account and b.value_date = d.value_date and b.counted and b.state <> 'void')
union all
select 'I9 statements have a gap', account from statement group by account having count(*) <> max(seq) or min(seq) <> 1
union all
select 'I9 a statement does not open as the last one closed', s.seq from statement s join statement b on b.account = s.account and b.seq = s.seq - 1
    where s.opening_fen <> b.closing_fen
union all
select 'I10 an order follows one that has not failed', o.bank_ref from payout_order o join payout_order b on b.id = o.supersedes_id
    where b.state not in ('rejected_confirmed', 'returned', 'cancelled')
union all
select 'I10 an order follows one that failed for its card, with the same card', o.bank_ref from payout_order o join payout_order b on b.id = o.supersedes_id
    where o.card_version = b.card_version and (b.state = 'returned' or (b.state = 'rejected_confirmed' and b.reason_code in ('AC04', 'AC07')))
union all
select 'I10 an order follows one that a person must look at', o.bank_ref from payout_order o join payout_order b on b.id = o.supersedes_id
    where b.state = 'rejected_confirmed' and b.reason_code in ('RR04', 'MS03')
union all
select 'I10 a payout has two live orders', hex(payout_id) from payout_order where state not in ('rejected_confirmed', 'returned', 'cancelled')
    group by payout_id having count(*) > 1
union all
select 'I10 a try is made twice', hex(payout_id) from payout_order group by payout_id, try_no having count(*) > 1
union all
select 'I10 a decision is owed twice', hex(decision_id) from payout group by decision_id, member_id having count(*) > 1
union all
select 'I11 an event is posted twice', idempotency_key from ledger_transaction group by idempotency_key having count(*) > 1
union all
select 'I11 a booking is taken twice', fingerprint from statement_entry group by fingerprint having count(*) > 1
union all
select 'I7 a batch is sent twice at once', hex(batch_id) from dispatch where outcome is null group by batch_id having count(*) > 1
union all
select 'I7 a sender was given up while its lease ran', hex(batch_id) from dispatch where detail = 'sender_died' and answered_at_ms <= lease_until_ms
";

impl Judge {
    /// The database comes back from a backup: what was lost with it may come another way, and what stands in a batch may have been sent.
    pub(super) async fn forget(&mut self, tables: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        self.last = None;
        (self.journal_rows, self.journal_sum) = (0, 0);
        self.refs.clear();
        self.answers.clear();
        let batched = "select bank_ref from payout_order where state in ('batched', 'approved')";
        self.lost.extend(sqlx::query_scalar::<_, String>(batched).fetch_all(tables).await?);
        Ok(())
    }

    /// Everything that must not be, now. `unproved` are batches whose last answer refused other bytes than were sent.
    pub(super) async fn look(
        &mut self,
        tables: &mut SqliteConnection,
        truth: &Truth,
        unproved: &[String],
    ) -> anyhow::Result<Vec<String>> {
        // What was in order is so while nobody has written anything, the bank has done nothing, and the line has told nothing.
        let written: i64 = sqlx::query_scalar("pragma data_version").fetch_one(&mut *tables).await?;
        let now = Some((written, truth.clone(), unproved.to_vec()));
        if self.last == now {
            return Ok(Vec::new());
        }
        self.last = now;
        self.looks += 1;
        let mut wrong = Vec::new();
        for row in sqlx::query(RULES).fetch_all(&mut *tables).await? {
            let of: Option<String> = row.try_get_unchecked(1).ok();
            wrong.push(format!("{}: {}", row.try_get::<String, _>(0)?, of.unwrap_or_default()));
        }
        self.journal(tables, &mut wrong).await?;
        self.answered_once(tables, &mut wrong).await?;
        for batch_ref in unproved {
            refused_unproved(tables, batch_ref, &mut wrong).await?;
        }
        let sql = "select bank_ref, state, amount_fen, payout_id, card_tail, exists (select 1 from payout_resolution r \
             where r.order_id = payout_order.id and r.confirmed_by is not null) from payout_order";
        let orders: Vec<Order> = sqlx::query(sql)
            .fetch_all(&mut *tables)
            .await?
            .into_iter()
            .map(|row| {
                Ok(Order {
                    bank_ref: row.try_get(0)?,
                    state: row.try_get(1)?,
                    amount_fen: row.try_get(2)?,
                    payout: row.try_get(3)?,
                    card_tail: row.try_get(4)?,
                    is_resolved: row.try_get(5)?,
                })
            })
            .collect::<Result<_, sqlx::Error>>()?;
        self.keeps(&orders, &mut wrong);
        against_the_bank(&orders, truth, &self.lost, &mut wrong);
        let last = "select cast(coalesce(max(seq), 0) as integer), coalesce((select closing_fen from statement order by seq desc limit 1), 0) from statement";
        let row = sqlx::query(last).fetch_one(&mut *tables).await?;
        let (seq, closing): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        if seq > 0 {
            let day = truth.closings.get(usize::try_from(seq - 1)?);
            if day != Some(&Fen::new(closing)) {
                wrong.push(format!("I5 statement {seq} is not what the bank's account held: {closing}"));
            }
        }
        Ok(wrong)
    }

    /// I12: what was in the journal is in it still, unchanged.
    async fn journal(&mut self, tables: &mut SqliteConnection, wrong: &mut Vec<String>) -> anyhow::Result<()> {
        let sql = "select cast(coalesce(max(rowid), 0) as integer), \
             cast(coalesce(sum((amount_fen * 31 + line_no) % 1000003 * (rowid % 97 + 1)), 0) as integer), \
             cast(coalesce(sum(case when rowid <= $1 then (amount_fen * 31 + line_no) % 1000003 * (rowid % 97 + 1) else 0 end), 0) as integer) \
             from ledger_posting";
        let row = sqlx::query(sql).bind(self.journal_rows).fetch_one(tables).await?;
        let (rows, sum, before): (i64, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        if before != self.journal_sum || rows < self.journal_rows {
            wrong.push("I12 the journal was changed".to_owned());
        }
        (self.journal_rows, self.journal_sum) = (rows, sum);
        Ok(())
    }

    /// F14: what became of a sending is never written over.
    async fn answered_once(
        &mut self,
        tables: &mut SqliteConnection,
        wrong: &mut Vec<String>,
    ) -> Result<(), sqlx::Error> {
        let sql = "select id, outcome || ' ' || coalesce(detail, '') from dispatch where outcome is not null";
        for row in sqlx::query(sql).fetch_all(tables).await? {
            let (id, answer): (Vec<u8>, String) = (row.try_get(0)?, row.try_get(1)?);
            if *self.answers.entry(id).or_insert_with(|| answer.clone()) != answer {
                wrong.push("I7 what became of a sending was written over".to_owned());
            }
        }
        Ok(())
    }

    /// I6: a reference names one amount and, once it stands in a file, one card for ever.
    fn keeps(&mut self, orders: &[Order], wrong: &mut Vec<String>) {
        for order in orders {
            let kept = self.refs.entry(order.bank_ref.clone()).or_insert((order.amount_fen, None));
            let same_card = kept.1.is_none() || kept.1 == order.card_tail;
            if kept.0 != order.amount_fen || !same_card {
                wrong.push(format!("I6 {} names another amount or card than before", order.bank_ref));
            }
            kept.1.clone_from(&order.card_tail);
        }
    }
}

/// A batch does not count as refused by what the bank said of other bytes.
async fn refused_unproved(
    tables: &mut SqliteConnection,
    batch_ref: &str,
    wrong: &mut Vec<String>,
) -> anyhow::Result<()> {
    let last = "select d.outcome from dispatch d join payout_batch b on b.id = d.batch_id where b.batch_ref = $1 order by d.attempt_no desc limit 1";
    let outcome: Option<Option<String>> = sqlx::query_scalar(last).bind(batch_ref).fetch_optional(&mut *tables).await?;
    if outcome.flatten().as_deref() == Some("rejected") {
        wrong.push(format!("I7 {batch_ref} counts as refused by what the bank said of other bytes"));
    }
    Ok(())
}

/// True while the payee has more than was sent back.
fn is_unreturned(payment: &Payment) -> bool {
    let paid = payment.amount_fen.get().saturating_mul(i64::from(payment.debits));
    payment.returned_fen.get() < paid
}

/// I13: what our states say is what the bank did.
fn against_the_bank(orders: &[Order], truth: &Truth, lost: &HashSet<String>, wrong: &mut Vec<String>) {
    let payments: HashMap<&str, &Payment> =
        truth.payments.iter().map(|payment| (payment.bank_ref.as_str(), payment)).collect();
    let mut kept: BTreeMap<&[u8], u32> = BTreeMap::new();
    let mut known = 0;
    for order in orders {
        let name = &order.bank_ref;
        let payment = payments.get(name.as_str()).copied();
        known += usize::from(payment.is_some());
        let debits = payment.map_or(0, |payment| payment.debits);
        if let Some(payment) = payment {
            if payment.amount_fen.get() != order.amount_fen || Some(&payment.card_tail) != order.card_tail.as_ref() {
                wrong.push(format!("I6 the bank has {name} with another amount or card"));
            }
            if is_unreturned(payment) {
                *kept.entry(&order.payout).or_default() += 1;
            }
        }
        let impossible = match order.state.as_str() {
            // The bank had it and let it be.
            "cancelled" if order.is_resolved => (debits > 0).then_some("the bank paid it"),
            // What was sent was lost with the database: SAFE mode keeps the batch where it is until it is found and signed for.
            "batched" | "approved" if lost.contains(name) => None,
            "created" | "held" | "queued" | "batched" | "approved" | "cancelled" => {
                payment.is_some().then_some("the bank has it")
            }
            "rejected_confirmed" => (debits > 0).then_some("the bank paid it"),
            "settled" => (debits == 0).then_some("the bank never paid it"),
            "returned" => payment
                .is_none_or(|payment| payment.returned_fen < payment.amount_fen)
                .then_some("the bank did not send it back"),
            "accepted" | "paid" | "rejected" => payment.is_none().then_some("the bank does not have it"),
            _ => None,
        };
        // A file that is refused as a whole has no lines at the bank.
        if let Some(what) = impossible.filter(|_| !(order.state == "rejected" && payment.is_none())) {
            wrong.push(format!("I13 {name} is {} and {what}", order.state));
        }
    }
    if known != payments.len() {
        wrong.push("I13 the bank has a payment that no order of ours asked for".to_owned());
    }
    for (payout, times) in kept {
        if times > 1 {
            wrong.push(format!("I13 a member was paid {times} times for one payout: {}", hex::encode(payout)));
        }
    }
}

/// What the end of a seed must show, beside the rest.
pub(super) async fn at_the_end(tables: &mut SqliteConnection, truth: &Truth) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    // Terminal, or waiting for somebody with the reason.
    let open = "select o.bank_ref, o.state, coalesce(o.hold_reason, ''), coalesce((select group_concat(distinct k.kind || ' ' || k.state) \
        from recon_break k where k.order_id = o.id or k.batch_id = o.batch_id), '') from payout_order o where o.state not in ('settled', 'returned', 'rejected_confirmed', 'cancelled')";
    for row in sqlx::query(open).fetch_all(&mut *tables).await? {
        let (name, state, hold, breaks): (String, String, String, String) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        let named = |kind: &str| breaks.contains(&format!("{kind} open"));
        let waits = match state.as_str() {
            "held" => !hold.is_empty(),
            "in_doubt" => named("B03"),
            "paid" => named("B01"),
            "accepted" => named("B16"),
            _ => false,
        };
        if !waits {
            wrong.push(format!("I13 {name} ends as {state} without a reason ({breaks})"));
        }
    }
    let failed = "select hex(p.id), o.state, coalesce(o.reason_code, '') from payout p join payout_order o on o.payout_id = p.id \
        where p.state = 'failed' and o.try_no = (select max(try_no) from payout_order n where n.payout_id = p.id)";
    for row in sqlx::query(failed).fetch_all(&mut *tables).await? {
        let (payout, state, code): (String, String, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        use crate::payouts::reason::{Mend, after_rejection};
        let waits = match state.as_str() {
            "returned" | "held" => true,
            "rejected_confirmed" => after_rejection(&code) != Mend::Nothing,
            _ => false,
        };
        if !waits {
            wrong.push(format!("I13 payout {payout} failed, is mended, and is not tried again ({state} {code})"));
        }
    }
    for row in sqlx::query("select hex(id), state from payout_run where state not in ('released', 'void')")
        .fetch_all(&mut *tables)
        .await?
    {
        let (run, state): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        wrong.push(format!("run {run} ends as {state}"));
    }
    for row in sqlx::query("select kind, coalesce(last_error, '') from job where state = 'dead'")
        .fetch_all(&mut *tables)
        .await?
    {
        let (kind, error): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        wrong.push(format!("a job is dead: {kind}: {error}"));
    }
    let row = sqlx::query("select count(*) from statement").fetch_one(&mut *tables).await?;
    if usize::try_from(row.try_get::<i64, _>(0)?)? != truth.closings.len() {
        wrong.push("I9 not every statement of the bank was taken".to_owned());
    }
    // F20: a double debit of the bank's own doing is found.
    for payment in truth.payments.iter().filter(|payment| payment.debits > 1) {
        let sql = "select count(*) from recon_break k join payout_order o on o.id = k.order_id where k.kind = 'B04' and o.bank_ref = $1";
        let row = sqlx::query(sql).bind(&payment.bank_ref).fetch_one(&mut *tables).await?;
        if row.try_get::<i64, _>(0)? == 0 {
            wrong.push(format!("F20 {} was debited twice and nobody was told", payment.bank_ref));
        }
    }
    Ok(wrong)
}

/// The states that no repeated document may change: orders, payouts, batches and the books.
pub(super) async fn digest(tables: &mut SqliteConnection, with_versions: bool) -> anyhow::Result<String> {
    let version = if with_versions { "version" } else { "0" };
    let sql = format!(
        "select (select group_concat(t) from (select hex(payout_id) || try_no || state || {version} as t from payout_order order by payout_id, try_no)) || '/' || \
         (select group_concat(t) from (select hex(id) || state || {version} as t from payout order by id)) || '/' || \
         coalesce((select group_concat(t) from (select code || ':' || sum(debits_fen) || ':' || sum(credits_fen) as t from ledger_balance group by code order by code)), '')"
    );
    let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(tables).await?;
    Ok(row.try_get::<Option<String>, _>(0)?.unwrap_or_default())
}
