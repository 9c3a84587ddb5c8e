//! Human controls over money: runs of batches that one person signs, and how much may leave in a day.

use sea_orm_migration::prelude::*;

/// `payout_run`, `payout_run_line`, `payout_run_signature`, `payout_day`, `payout_hold`, `payout_resolution`,
/// `installation` and `safe_mode_event`.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run_sql(manager, RUNS).await?;
        crate::run_sql(manager, ORDERS).await?;
        crate::run_sql(manager, BREAKS).await?;
        crate::run_sql(manager, SAFE_MODE).await?;
        for table in ["payout_run_line", "payout_run_signature", "safe_mode_event"] {
            crate::append_only(manager, table).await?;
        }
        Ok(())
    }
}

// A run is closed by its digest: after that no line joins it. Its signature is one row for ever, of somebody who made neither the run nor
// a batch in it; a batch that stands in a run is released by that signature alone. `payout_day` is counted up in the transaction that
// releases, so that two checkers at once do not pass the limit together.
const RUNS: &str = r"
create table payout_run (
    id {uuid} primary key,
    debit_account text not null,
    value_date date not null,
    state text not null check (state in ('preparing', 'prepared', 'releasing', 'released', 'voiding', 'void')),
    batch_count bigint not null check (batch_count >= 0),
    order_count bigint not null check (order_count >= 0),
    total_fen bigint not null check (total_fen >= 0),
    max_batches bigint not null check (max_batches between 1 and 500),
    sha256 text check (length(sha256) = 64),
    maker_id {uuid} not null references staff (id),
    version bigint not null default 1,
    created_at_ms bigint not null,
    check (state not in ('prepared', 'releasing', 'released') or sha256 is not null)
)
;;
create index payout_run_state on payout_run (state, id)
;;
create table payout_run_line (
    run_id {uuid} not null references payout_run (id),
    line_no bigint not null check (line_no > 0),
    batch_id {uuid} not null unique references payout_batch (id),
    sha256 text not null check (length(sha256) = 64),
    primary key (run_id, line_no)
)
;;
create table payout_run_signature (
    run_id {uuid} primary key references payout_run (id),
    checker_id {uuid} not null references staff (id),
    sha256 text not null check (length(sha256) = 64),
    signed_at_ms bigint not null
)
;;
create table payout_day (
    account text not null,
    value_date date not null,
    limit_fen bigint not null check (limit_fen > 0),
    released_fen bigint not null,
    primary key (account, value_date),
    check (released_fen between 0 and limit_fen)
)
;;
alter table payout_batch add column counted boolean not null default false
;;
-- sqlite:
create trigger payout_run_keeps_what_is_signed before update on payout_run
when old.maker_id <> new.maker_id or old.debit_account <> new.debit_account or old.value_date <> new.value_date
  or (old.sha256 is not null and (new.sha256 is not old.sha256 or new.batch_count <> old.batch_count
      or new.order_count <> old.order_count or new.total_fen <> old.total_fen))
begin select raise(abort, 'a run never changes what is signed'); end
;;
-- sqlite:
create trigger payout_run_is_released_by_a_signature before update on payout_run
when new.state in ('releasing', 'released') and not exists (select 1 from payout_run_signature where run_id = new.id)
begin select raise(abort, 'a run is released by a signature'); end
;;
-- sqlite:
create trigger payout_run_line_is_of_an_open_run before insert on payout_run_line
when exists (select 1 from payout_run where id = new.run_id and sha256 is not null)
  or not exists (select 1 from payout_batch where id = new.batch_id and sha256 = new.sha256)
begin select raise(abort, 'a line joins an open run with the hash of its batch'); end
;;
-- sqlite:
create trigger payout_run_signature_is_of_another before insert on payout_run_signature
when not exists (select 1 from payout_run where id = new.run_id and sha256 = new.sha256 and maker_id <> new.checker_id)
  or exists (select 1 from payout_run_line line join payout_batch batch on batch.id = line.batch_id
             where line.run_id = new.run_id and batch.maker_id = new.checker_id)
begin select raise(abort, 'another person signs what the run says'); end
;;
-- sqlite:
create trigger payout_batch_is_counted_and_signed before update on payout_batch
when old.checker_id is null and new.checker_id is not null
  and (not new.counted
    or (exists (select 1 from payout_run_line where batch_id = new.id)
      and not exists (select 1 from payout_run_line line join payout_run_signature signed on signed.run_id = line.run_id
                      where line.batch_id = new.id and line.sha256 = new.sha256 and signed.checker_id = new.checker_id)))
begin select raise(abort, 'a batch is released within the limit of its day, and in a run by its signature'); end
;;
-- postgres:
create function money_run_keeps() returns trigger language plpgsql as $$
begin
    if (old.maker_id, old.debit_account, old.value_date) is distinct from (new.maker_id, new.debit_account, new.value_date)
        or (old.sha256 is not null and (old.sha256, old.batch_count, old.order_count, old.total_fen)
            is distinct from (new.sha256, new.batch_count, new.order_count, new.total_fen)) then
        raise exception 'a run never changes what is signed';
    end if;
    if new.state in ('releasing', 'released') and not exists (select 1 from payout_run_signature where run_id = new.id) then
        raise exception 'a run is released by a signature';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger payout_run_keeps_what_is_signed before update on payout_run for each row execute function money_run_keeps()
;;
-- postgres:
create function money_run_line_joins() returns trigger language plpgsql as $$
begin
    if exists (select 1 from payout_run where id = new.run_id and sha256 is not null)
        or not exists (select 1 from payout_batch where id = new.batch_id and sha256 = new.sha256) then
        raise exception 'a line joins an open run with the hash of its batch';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger payout_run_line_is_of_an_open_run before insert on payout_run_line for each row execute function money_run_line_joins()
;;
-- postgres:
create function money_run_signature_is_of_another() returns trigger language plpgsql as $$
begin
    if not exists (select 1 from payout_run where id = new.run_id and sha256 = new.sha256 and maker_id <> new.checker_id)
        or exists (select 1 from payout_run_line line join payout_batch batch on batch.id = line.batch_id
                   where line.run_id = new.run_id and batch.maker_id = new.checker_id) then
        raise exception 'another person signs what the run says';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger payout_run_signature_is_of_another before insert on payout_run_signature
    for each row execute function money_run_signature_is_of_another()
;;
-- postgres:
create function money_batch_is_signed() returns trigger language plpgsql as $$
begin
    if old.checker_id is null and new.checker_id is not null
        and (not new.counted
            or (exists (select 1 from payout_run_line where batch_id = new.id)
                and not exists (select 1 from payout_run_line line join payout_run_signature signed on signed.run_id = line.run_id
                                where line.batch_id = new.id and line.sha256 = new.sha256 and signed.checker_id = new.checker_id))) then
        raise exception 'a batch is released within the limit of its day, and in a run by its signature';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger payout_batch_is_counted_and_signed before update on payout_batch for each row execute function money_batch_is_signed()
;;
";

// While a person's hold is open no order leaves `held`. What the bank left in doubt, called paid or accepted ends as never paid or cancelled
// by two different people alone.
const ORDERS: &str = r"
create table payout_hold (
    id {uuid} primary key,
    order_id {uuid} not null references payout_order (id),
    placed_by {uuid} not null references staff (id),
    reason text not null check (length(reason) between 1 and 500),
    placed_at_ms bigint not null,
    lifted_by {uuid} references staff (id),
    lifted_reason text check (length(lifted_reason) between 1 and 500),
    lifted_at_ms bigint,
    check ((lifted_by is null) = (lifted_at_ms is null)),
    check ((lifted_reason is null) = (lifted_at_ms is null))
)
;;
create unique index payout_hold_open on payout_hold (order_id) where lifted_at_ms is null
;;
create table payout_resolution (
    id {uuid} primary key,
    order_id {uuid} not null references payout_order (id),
    outcome text not null check (outcome in ('never_paid', 'cancelled')),
    bank_reference text not null check (length(bank_reference) between 1 and 100),
    bank_answer text not null check (length(bank_answer) between 1 and 2000),
    reason_code text check (length(reason_code) = 4),
    proposed_by {uuid} not null references staff (id),
    proposed_at_ms bigint not null,
    confirmed_by {uuid} references staff (id),
    confirmed_at_ms bigint,
    withdrawn_by {uuid} references staff (id),
    withdrawn_at_ms bigint,
    check (confirmed_by is null or confirmed_by <> proposed_by),
    check ((confirmed_by is null) = (confirmed_at_ms is null)),
    check ((withdrawn_by is null) = (withdrawn_at_ms is null)),
    check (confirmed_by is null or withdrawn_by is null)
)
;;
create unique index payout_resolution_open on payout_resolution (order_id) where confirmed_at_ms is null and withdrawn_at_ms is null
;;
create index payout_resolution_order on payout_resolution (order_id, id)
;;
-- sqlite:
create trigger payout_hold_keeps_an_order before update on payout_order
when old.state = 'held' and new.state <> 'held' and exists (select 1 from payout_hold where order_id = new.id and lifted_at_ms is null)
begin select raise(abort, 'a person holds the order'); end
;;
-- sqlite:
create trigger payout_resolution_takes_two before update on payout_order
when ((old.state in ('in_doubt', 'paid') and new.state = 'rejected_confirmed') or (old.state = 'accepted' and new.state = 'cancelled'))
  and not exists (select 1 from payout_resolution where order_id = new.id and confirmed_by is not null)
begin select raise(abort, 'two people resolve what is in doubt'); end
;;
-- sqlite:
create trigger payout_resolution_keeps_what_was_said before update on payout_resolution
when old.order_id <> new.order_id or old.outcome <> new.outcome or old.bank_reference <> new.bank_reference or old.bank_answer <> new.bank_answer
  or new.reason_code is not old.reason_code or old.proposed_by <> new.proposed_by or old.confirmed_by is not null or old.withdrawn_by is not null
begin select raise(abort, 'a resolution never changes what was said'); end
;;
-- postgres:
create function money_order_is_held_and_resolved() returns trigger language plpgsql as $$
begin
    if old.state = 'held' and new.state <> 'held'
        and exists (select 1 from payout_hold where order_id = new.id and lifted_at_ms is null) then
        raise exception 'a person holds the order';
    end if;
    if ((old.state in ('in_doubt', 'paid') and new.state = 'rejected_confirmed') or (old.state = 'accepted' and new.state = 'cancelled'))
        and not exists (select 1 from payout_resolution where order_id = new.id and confirmed_by is not null) then
        raise exception 'two people resolve what is in doubt';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger payout_order_is_held_and_resolved before update on payout_order
    for each row execute function money_order_is_held_and_resolved()
;;
-- postgres:
create function money_resolution_keeps() returns trigger language plpgsql as $$
begin
    if (old.order_id, old.outcome, old.bank_reference, old.bank_answer, old.reason_code, old.proposed_by)
            is distinct from (new.order_id, new.outcome, new.bank_reference, new.bank_answer, new.reason_code, new.proposed_by)
        or old.confirmed_by is not null or old.withdrawn_by is not null then
        raise exception 'a resolution never changes what was said';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger payout_resolution_keeps_what_was_said before update on payout_resolution for each row execute function money_resolution_keeps()
;;
";

// A break that stops sending is closed by two people; of the others one is enough, or the statement that explains it. A statement that was
// missing (B08) and came is nobody's doing.
const BREAKS: &str = r"
alter table recon_break add column proposal text
;;
alter table recon_break add column proposed_by {uuid} references staff (id)
;;
alter table recon_break add column proposed_at_ms bigint
;;
alter table recon_break add column resolved_by {uuid} references staff (id)
;;
-- sqlite:
create trigger recon_break_takes_two before update on recon_break
when new.state = 'resolved' and new.kind in ('B02', 'B04', 'B05', 'B08', 'B13') and not (new.kind = 'B08' and new.resolved_by is null)
  and (new.proposed_by is null or new.resolved_by is null or new.proposed_by = new.resolved_by)
begin select raise(abort, 'two people close a break that stops sending'); end
;;
-- postgres:
create function recon_break_takes_two() returns trigger language plpgsql as $$
begin
    if new.state = 'resolved' and new.kind in ('B02', 'B04', 'B05', 'B08', 'B13') and not (new.kind = 'B08' and new.resolved_by is null)
        and (new.proposed_by is null or new.resolved_by is null or new.proposed_by = new.resolved_by) then
        raise exception 'two people close a break that stops sending';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger recon_break_takes_two before update on recon_break for each row execute function recon_break_takes_two()
;;
";

// `installation` counts up with each sending: a file beside the database that is ahead of it tells of a restore. `at_bank` is a prepared batch
// that the bank has: its release was lost, and nothing more is done with it by itself.
const SAFE_MODE: &str = r"
create table installation (
    id integer primary key check (id = 1),
    epoch {uuid} not null,
    beat bigint not null check (beat >= 0)
)
;;
create table safe_mode_event (
    id {serial},
    safe boolean not null,
    reason text not null check (length(reason) between 1 and 500),
    by_whom text not null check (length(by_whom) between 1 and 100),
    at_ms bigint not null
)
;;
alter table payout_batch add column asked_at_ms bigint
;;
alter table payout_batch add column at_bank boolean not null default false
;;
-- sqlite:
create trigger payout_batch_is_at_the_bank before update on payout_batch
when old.at_bank and new.state <> old.state
begin select raise(abort, 'the bank has a batch whose release was lost'); end
;;
-- postgres:
create function money_batch_is_at_the_bank() returns trigger language plpgsql as $$
begin
    if old.at_bank and new.state <> old.state then
        raise exception 'the bank has a batch whose release was lost';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger payout_batch_is_at_the_bank before update on payout_batch for each row execute function money_batch_is_at_the_bank()
;;
";
