//! Payouts, orders, batches, sendings, what the bank said, statements, and the books.

use sea_orm_migration::prelude::*;

/// Tables of money.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run_sql(manager, PAYOUTS).await?;
        crate::run_sql(manager, RECON).await?;
        crate::run_sql(manager, BOOKS).await?;
        for table in [
            "payout_plan",
            "payout_file",
            "bank_fact",
            "statement",
            "statement_entry",
            "ledger_posting",
            "ledger_transaction",
        ] {
            crate::append_only(manager, table).await?;
        }
        Ok(())
    }
}

const PAYOUTS: &str = r"
create table payout (
    id {uuid} primary key,
    decision_id {uuid} not null references decision (id),
    claim_id {uuid} not null references claim (id),
    member_id {uuid} not null references member (id),
    amount_fen bigint not null check (amount_fen > 0),
    state text not null check (state in ('approved', 'paying', 'paid', 'settled', 'failed')),
    version bigint not null default 1,
    created_at_ms bigint not null,
    paid_at_ms bigint,
    settled_on date,
    unique (decision_id, member_id),
    check (state not in ('paid', 'settled') or paid_at_ms is not null)
)
;;
create index payout_claim on payout (claim_id)
;;
create index payout_open on payout (state, id) where state <> 'settled'
;;
create table payout_plan (
    payout_id {uuid} not null references payout (id),
    plan_id {uuid} not null references plan (id),
    amount_fen bigint not null check (amount_fen > 0),
    primary key (payout_id, plan_id)
)
;;
create table payout_batch (
    id {uuid} primary key,
    batch_ref text not null unique check (length(batch_ref) between 1 and 30),
    debit_account text not null,
    value_date date not null,
    state text not null check (state in ('prepared', 'void', 'released', 'dispatching', 'accepted', 'in_doubt', 'rejected', 'finished')),
    order_count bigint not null check (order_count > 0),
    total_fen bigint not null check (total_fen > 0),
    sha256 text not null check (length(sha256) = 64),
    maker_id {uuid} not null references staff (id),
    checker_id {uuid} references staff (id),
    released_sha256 text,
    released_at_ms bigint,
    not_found_count integer not null default 0,
    not_found_first_at_ms bigint,
    not_found_last_at_ms bigint,
    in_doubt_since_ms bigint,
    version bigint not null default 1,
    created_at_ms bigint not null,
    check (checker_id is null or checker_id <> maker_id),
    check (state = 'void' or (state = 'prepared') = (checker_id is null)),
    check ((checker_id is null) = (released_at_ms is null)),
    check ((checker_id is null) = (released_sha256 is null)),
    check (released_sha256 is null or released_sha256 = sha256)
)
;;
create index payout_batch_open on payout_batch (state, id) where state <> 'finished'
;;
create table payout_file (
    batch_id {uuid} primary key references payout_batch (id),
    bytes_sealed {bytes} not null,
    size_bytes bigint not null check (size_bytes > 0)
)
;;
create table payout_order (
    id {uuid} primary key,
    payout_id {uuid} not null references payout (id),
    try_no integer not null check (try_no > 0),
    supersedes_id {uuid} references payout_order (id),
    bank_ref text not null unique check (length(bank_ref) between 1 and 30),
    amount_fen bigint not null check (amount_fen > 0),
    source_code integer not null check (source_code in (2010, 2030)),
    reserve_round integer not null default 0 check (reserve_round >= 0),
    state text not null check (state in ('created', 'held', 'queued', 'batched', 'approved', 'dispatching', 'accepted', 'in_doubt',
        'rejected', 'rejected_confirmed', 'paid', 'settled', 'returned', 'cancelled')),
    hold_reason text,
    batch_id {uuid} references payout_batch (id),
    line_no integer,
    card_id {uuid},
    card_version bigint,
    card_sealed {bytes},
    card_tail text check (card_tail is null or length(card_tail) = 4),
    name_sealed {bytes},
    reason_code text,
    bank_serial text,
    posted_at_ms bigint,
    final_on date,
    evidence_rank integer not null default 0 check (evidence_rank between 0 and 4),
    version bigint not null default 1,
    created_at_ms bigint not null,
    changed_at_ms bigint not null,
    unique (payout_id, try_no),
    check (state in ('created', 'held', 'queued', 'cancelled')
        or (batch_id is not null and line_no is not null and card_sealed is not null and card_version is not null and name_sealed is not null)),
    check ((state = 'held') = (hold_reason is not null))
)
;;
create unique index payout_order_one_live on payout_order (payout_id) where state not in ('rejected_confirmed', 'returned', 'cancelled')
;;
create unique index payout_order_line on payout_order (batch_id, line_no) where batch_id is not null
;;
create index payout_order_waiting on payout_order (state, id) where state in ('created', 'held', 'queued')
;;
create table dispatch (
    id {uuid} primary key,
    batch_id {uuid} not null references payout_batch (id),
    attempt_no integer not null check (attempt_no > 0),
    fencing bigint not null,
    resend boolean not null,
    lease_until_ms bigint not null,
    started_at_ms bigint not null,
    first_byte_sent boolean,
    outcome text check (outcome in ('not_sent', 'accepted', 'rejected', 'in_doubt')),
    detail text,
    bank_id text,
    answered_at_ms bigint,
    unique (batch_id, attempt_no),
    unique (batch_id, fencing),
    check ((outcome is null) = (answered_at_ms is null))
)
;;
create unique index dispatch_one_open on dispatch (batch_id) where outcome is null
;;
create table bank_fact (
    id {uuid} primary key,
    fingerprint text not null unique,
    source text not null check (source in ('answer', 'enquiry', 'result', 'statement')),
    evidence_rank integer not null check (evidence_rank between 0 and 4),
    bank_ref text not null,
    amount_fen bigint not null,
    status text not null,
    reason_code text,
    bank_serial text,
    posted_at_ms bigint,
    effect text not null,
    seen_at_ms bigint not null
)
;;
create index bank_fact_ref on bank_fact (bank_ref)
;;
-- sqlite:
create trigger payout_keeps_its_terms before update on payout
when old.decision_id <> new.decision_id or old.member_id <> new.member_id or old.amount_fen <> new.amount_fen or old.claim_id <> new.claim_id
begin select raise(abort, 'the terms of a payout never change'); end
;;
-- sqlite:
create trigger payout_batch_keeps_its_bytes before update on payout_batch
when old.batch_ref <> new.batch_ref or old.sha256 <> new.sha256 or old.maker_id <> new.maker_id or old.total_fen <> new.total_fen
  or old.order_count <> new.order_count or (old.checker_id is not null and old.checker_id <> new.checker_id)
begin select raise(abort, 'a batch never changes what was signed'); end
;;
-- sqlite:
create trigger payout_order_keeps_its_reference before update on payout_order
when old.bank_ref <> new.bank_ref or old.amount_fen <> new.amount_fen or old.payout_id <> new.payout_id
  or (old.card_version is not null
      and (new.card_version is not old.card_version or new.card_sealed is not old.card_sealed or new.name_sealed is not old.name_sealed))
  or (old.batch_id is not null and new.batch_id is not old.batch_id and new.state not in ('queued', 'cancelled'))
begin select raise(abort, 'an order keeps its reference, amount and card'); end
;;
-- postgres:
create function money_payout_keeps() returns trigger language plpgsql as $$
begin
    if (old.decision_id, old.member_id, old.amount_fen, old.claim_id) is distinct from (new.decision_id, new.member_id, new.amount_fen, new.claim_id) then
        raise exception 'the terms of a payout never change';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger payout_keeps_its_terms before update on payout for each row execute function money_payout_keeps()
;;
-- postgres:
create function money_batch_keeps() returns trigger language plpgsql as $$
begin
    if (old.batch_ref, old.sha256, old.maker_id, old.total_fen, old.order_count)
            is distinct from (new.batch_ref, new.sha256, new.maker_id, new.total_fen, new.order_count)
        or (old.checker_id is not null and old.checker_id is distinct from new.checker_id) then
        raise exception 'a batch never changes what was signed';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger payout_batch_keeps_its_bytes before update on payout_batch for each row execute function money_batch_keeps()
;;
-- postgres:
create function money_order_keeps() returns trigger language plpgsql as $$
begin
    if (old.bank_ref, old.amount_fen, old.payout_id) is distinct from (new.bank_ref, new.amount_fen, new.payout_id)
        or (old.card_version is not null
            and (old.card_version, old.card_sealed, old.name_sealed) is distinct from (new.card_version, new.card_sealed, new.name_sealed))
        or (old.batch_id is not null and new.batch_id is distinct from old.batch_id and new.state not in ('queued', 'cancelled')) then
        raise exception 'an order keeps its reference, amount and card';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger payout_order_keeps_its_reference before update on payout_order for each row execute function money_order_keeps()
;;
";

const RECON: &str = r"
create table statement (
    id {uuid} primary key,
    account text not null,
    seq bigint not null check (seq > 0),
    business_date date not null,
    opening_fen bigint not null,
    closing_fen bigint not null,
    entry_count bigint not null,
    debits_fen bigint not null,
    credits_fen bigint not null,
    sha256 text not null check (length(sha256) = 64),
    bytes {bytes} not null,
    imported_at_ms bigint not null,
    unique (account, seq),
    check (opening_fen - debits_fen + credits_fen = closing_fen)
)
;;
create table statement_entry (
    id {uuid} primary key,
    statement_id {uuid} not null references statement (id),
    entry_no bigint not null,
    booked_on date not null,
    credit boolean not null,
    amount_fen bigint not null check (amount_fen > 0),
    bank_serial text not null,
    bank_ref text,
    counterparty_tail text,
    kind text not null,
    fingerprint text not null unique,
    treatment text not null check (treatment in ('settled', 'returned', 'debited_again', 'given_back', 'funded', 'charged', 'unknown_debit', 'unknown_credit')),
    order_id {uuid} references payout_order (id),
    unique (statement_id, entry_no)
)
;;
create index statement_entry_ref on statement_entry (bank_ref) where bank_ref is not null
;;
create index statement_entry_order on statement_entry (order_id) where order_id is not null
;;
create table recon_break (
    id {uuid} primary key,
    kind text not null check (kind between 'B01' and 'B18'),
    account text not null,
    fingerprint text not null unique,
    order_id {uuid} references payout_order (id),
    batch_id {uuid} references payout_batch (id),
    entry_id {uuid} references statement_entry (id),
    amount_fen bigint not null,
    detail text not null,
    owner_role text not null,
    state text not null check (state in ('open', 'resolved')),
    opened_at_ms bigint not null,
    resolved_at_ms bigint,
    resolution text,
    check ((state = 'resolved') = (resolved_at_ms is not null)),
    check ((state = 'resolved') = (resolution is not null))
)
;;
create index recon_break_open on recon_break (account, kind, id) where state = 'open'
;;
";

// A transaction's postings are written first and its row last: the row's trigger refuses a sum other than zero, and a posting's
// trigger refuses to join a transaction that is already written. So the balance of every transaction is the database's rule, too.
const BOOKS: &str = r"
create table ledger_account (
    id {uuid} primary key,
    code integer not null check (code in (1010, 1030, 1900, 2010, 2020, 2030, 2090, 3010, 5010, 5090)),
    plan_id {uuid},
    check ((code in (2010, 2030, 5010)) = (plan_id is not null))
)
;;
create unique index ledger_account_whole on ledger_account (code) where plan_id is null
;;
create unique index ledger_account_plan on ledger_account (code, plan_id) where plan_id is not null
;;
create table ledger_balance (
    account_id {uuid} primary key references ledger_account (id),
    code integer not null,
    debits_fen bigint not null check (debits_fen >= 0),
    credits_fen bigint not null check (credits_fen >= 0),
    check (code not in (2010, 2020, 2030) or credits_fen >= debits_fen)
)
;;
create table ledger_part (
    payout_id {uuid} not null references payout (id),
    plan_id {uuid} not null,
    amount_fen bigint not null check (amount_fen > 0),
    payable_fen bigint not null check (payable_fen >= 0),
    clearing_fen bigint not null check (clearing_fen >= 0),
    returned_fen bigint not null check (returned_fen >= 0),
    settled_fen bigint not null check (settled_fen >= 0),
    primary key (payout_id, plan_id),
    check (payable_fen + clearing_fen + returned_fen + settled_fen = amount_fen)
)
;;
create table ledger_transaction (
    id {uuid} primary key,
    idempotency_key text not null unique,
    kind text not null,
    payout_id {uuid} references payout (id),
    order_id {uuid} references payout_order (id),
    entry_id {uuid} references statement_entry (id),
    posted_at_ms bigint not null
)
;;
create index ledger_transaction_payout on ledger_transaction (payout_id) where payout_id is not null
;;
create table ledger_posting (
    transaction_id {uuid} not null references ledger_transaction (id) deferrable initially deferred,
    line_no integer not null check (line_no > 0),
    account_id {uuid} not null references ledger_account (id),
    amount_fen bigint not null check (amount_fen <> 0),
    primary key (transaction_id, line_no)
)
;;
create index ledger_posting_account on ledger_posting (account_id)
;;
-- sqlite:
create trigger ledger_transaction_balances before insert on ledger_transaction
when (select coalesce(sum(amount_fen), 1) from ledger_posting where transaction_id = new.id) <> 0
begin select raise(abort, 'a ledger transaction sums to zero'); end
;;
-- sqlite:
create trigger ledger_posting_before_its_transaction before insert on ledger_posting
when exists (select 1 from ledger_transaction where id = new.transaction_id)
begin select raise(abort, 'a ledger transaction is closed once written'); end
;;
-- postgres:
create function ledger_transaction_balances() returns trigger language plpgsql as $$
begin
    if (select coalesce(sum(amount_fen), 1) from ledger_posting where transaction_id = new.id) <> 0 then
        raise exception 'a ledger transaction sums to zero';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger ledger_transaction_balances before insert on ledger_transaction for each row execute function ledger_transaction_balances()
;;
-- postgres:
create function ledger_posting_before_its_transaction() returns trigger language plpgsql as $$
begin
    if exists (select 1 from ledger_transaction where id = new.transaction_id) then
        raise exception 'a ledger transaction is closed once written';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger ledger_posting_before_its_transaction before insert on ledger_posting for each row execute function ledger_posting_before_its_transaction()
;;
";
