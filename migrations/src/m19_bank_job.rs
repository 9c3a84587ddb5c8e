//! What the bank's job needs besides batches and statements: receipts, runs, its answers about breaks, and the feed of changes.

use sea_orm_migration::prelude::*;

/// Tables for the bank's job.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run_sql(manager, SQL).await?;
        for table in ["payout_envelope", "payout_receipt", "recon_break_answer", "statement_position"] {
            crate::append_only(manager, table).await?;
        }
        Ok(())
    }
}

// A change is written by the database itself, whoever makes it, without a number: numbers are given by one job to what has been committed, so
// that a reader who goes on after a number misses nothing.
const SQL: &str = r"
create table payout_envelope (
    batch_id {uuid} primary key references payout_batch (id),
    sha256 text not null check (length(sha256) = 64),
    bytes {bytes} not null,
    signature {bytes} not null,
    made_at_ms bigint not null
)
;;
create index payout_batch_day on payout_batch (value_date, id)
;;
create table payout_receipt (
    id {uuid} primary key,
    batch_id {uuid} not null references payout_batch (id),
    client_id text not null,
    sha256 text not null,
    order_count bigint not null,
    total_fen bigint not null,
    received_at_ms bigint not null,
    fits boolean not null,
    taken_at_ms bigint not null
)
;;
create index payout_receipt_batch on payout_receipt (batch_id, id)
;;
create table recon_upload (
    id {uuid} primary key,
    client_id text not null,
    account text not null,
    kind text not null check (kind in ('pain.002', 'camt.052', 'camt.053', 'camt.054', 'cn-result', 'cn-return', 'cn-statement')),
    business_date date not null,
    seq bigint check (seq is null or seq > 0),
    size_bytes bigint not null check (size_bytes > 0),
    sha256 text not null check (length(sha256) = 64),
    signature {bytes},
    document_id {uuid} references bank_document (id),
    announced_at_ms bigint not null,
    completed_at_ms bigint,
    unique (account, sha256),
    check (completed_at_ms is null or document_id is not null)
)
;;
create unique index recon_upload_number on recon_upload (account, kind, seq) where seq is not null
;;
-- sqlite:
create trigger recon_upload_keeps_its_word before update on recon_upload
when old.account <> new.account or old.kind <> new.kind or old.sha256 <> new.sha256 or old.size_bytes <> new.size_bytes
  or old.seq is not new.seq or (old.document_id is not null and old.document_id is not new.document_id)
begin select raise(abort, 'what was announced never changes'); end
;;
-- postgres:
create function recon_upload_keeps_its_word() returns trigger language plpgsql as $$
begin
    if (old.account, old.kind, old.sha256, old.size_bytes, old.seq) is distinct from (new.account, new.kind, new.sha256, new.size_bytes, new.seq)
        or (old.document_id is not null and old.document_id is distinct from new.document_id) then
        raise exception 'what was announced never changes';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger recon_upload_keeps_its_word before update on recon_upload for each row execute function recon_upload_keeps_its_word()
;;
create table recon_break_answer (
    id {uuid} primary key,
    break_id {uuid} not null references recon_break (id),
    client_id text not null,
    answer text not null,
    bank_serial text,
    answered_at_ms bigint not null
)
;;
create index recon_break_answer_break on recon_break_answer (break_id, id)
;;
create table recon_run (
    id {uuid} primary key,
    account text not null,
    business_date date,
    state text not null check (state in ('queued', 'done')),
    statement_id {uuid} references statement (id),
    statements_taken integer,
    breaks_open bigint,
    started_at_ms bigint not null,
    done_at_ms bigint,
    check ((state = 'done') = (done_at_ms is not null)),
    check ((state = 'done') = (statements_taken is not null)),
    check ((state = 'done') = (breaks_open is not null))
)
;;
create table statement_position (
    statement_id {uuid} primary key references statement (id),
    ledger_fen bigint not null,
    clearing_fen bigint not null,
    unknown_debits_fen bigint not null,
    unknown_credits_fen bigint not null
)
;;
create index statement_day on statement (account, business_date)
;;
create table recon_change (
    id {serial},
    seq bigint unique check (seq > 0),
    subject text not null check (subject in ('batch', 'break', 'document')),
    batch_id {uuid},
    break_id {uuid},
    document_id {uuid},
    state text not null,
    numbered_at_ms bigint,
    check ((seq is null) = (numbered_at_ms is null))
)
;;
create index recon_change_new on recon_change (id) where seq is null
;;
-- sqlite:
create trigger payout_batch_tells after update of state on payout_batch when old.state <> new.state and new.checker_id is not null
begin insert into recon_change (subject, batch_id, state) values ('batch', new.id, new.state); end
;;
-- sqlite:
create trigger recon_break_tells after insert on recon_break
begin insert into recon_change (subject, break_id, state) values ('break', new.id, new.state); end
;;
-- sqlite:
create trigger recon_break_tells_again after update of state on recon_break when old.state <> new.state
begin insert into recon_change (subject, break_id, state) values ('break', new.id, new.state); end
;;
-- postgres:
create function payout_batch_tells() returns trigger language plpgsql as $$
begin
    insert into recon_change (subject, batch_id, state) values ('batch', new.id, new.state);
    return null;
end $$
;;
-- postgres:
create trigger payout_batch_tells after update of state on payout_batch for each row
when (old.state <> new.state and new.checker_id is not null) execute function payout_batch_tells()
;;
-- postgres:
create function recon_break_tells() returns trigger language plpgsql as $$
begin
    insert into recon_change (subject, break_id, state) values ('break', new.id, new.state);
    return null;
end $$
;;
-- postgres:
create trigger recon_break_tells after insert on recon_break for each row execute function recon_break_tells()
;;
-- postgres:
create trigger recon_break_tells_again after update of state on recon_break for each row
when (old.state <> new.state) execute function recon_break_tells()
;;
";
