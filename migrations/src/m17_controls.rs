//! Human controls over money: runs of batches that one person signs, and how much may leave in a day.

use sea_orm_migration::prelude::*;

/// `payout_run`, `payout_run_line`, `payout_run_signature` and `payout_day`.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run_sql(manager, RUNS).await?;
        for table in ["payout_run_line", "payout_run_signature"] {
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
