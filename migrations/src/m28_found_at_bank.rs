//! A batch whose release was lost, and that the bank has, is signed for once more and never sent; what was debited for it meanwhile leaves suspense.

use sea_orm_migration::prelude::*;

/// `statement_entry_taken`, and what may become of such a batch.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run_sql(manager, FOUND).await?;
        crate::append_only(manager, "statement_entry_taken").await
    }
}

// A booking is never changed. One that waited in suspense is taken once, with how it was taken then.
const FOUND: &str = r"
create table statement_entry_taken (
    entry_id {uuid} primary key references statement_entry (id),
    treatment text not null check (treatment in ('settled', 'debited_again', 'returned', 'given_back')),
    taken_at_ms bigint not null
)
;;
create index statement_entry_unknown_debit on statement_entry (id) where treatment = 'unknown_debit' and order_id is not null
;;
-- returns that came before their debit, and went through with it
insert into statement_entry_taken (entry_id, treatment, taken_at_ms)
select entry_id, 'returned', posted_at_ms from ledger_transaction where idempotency_key like 'returned-before:%' and entry_id is not null
;;
-- sqlite:
create trigger statement_entry_taken_waited before insert on statement_entry_taken
when not exists (select 1 from statement_entry where id = new.entry_id and order_id is not null
  and treatment = case when credit then 'unknown_credit' else 'unknown_debit' end
  and credit = (new.treatment in ('returned', 'given_back')))
  or exists (select 1 from recovery_repayment where entry_id = new.entry_id and withdrawn_at_ms is null)
begin select raise(abort, 'only what an order has in suspense is taken'); end
;;
-- sqlite:
create trigger recovery_repayment_was_not_taken before insert on recovery_repayment
when exists (select 1 from statement_entry_taken where entry_id = new.entry_id)
begin select raise(abort, 'a repayment is no more than a credit in suspense'); end
;;
-- sqlite:
drop trigger payout_batch_is_at_the_bank
;;
-- sqlite:
create trigger payout_batch_is_at_the_bank before update on payout_batch
when old.at_bank and (not new.at_bank or (new.state <> old.state and new.state in ('void', 'dispatching')))
begin select raise(abort, 'the bank has a batch whose release was lost'); end
;;
-- sqlite:
drop trigger payout_batch_is_counted_and_signed
;;
-- sqlite:
create trigger payout_batch_is_counted_and_signed before update on payout_batch
when old.checker_id is null and new.checker_id is not null
  and (not (new.counted or new.at_bank)
    or (exists (select 1 from payout_run_line where batch_id = new.id)
      and not exists (select 1 from payout_run_line line join payout_run run on run.id = line.run_id
                      where line.batch_id = new.id and run.state = 'void')
      and not exists (select 1 from payout_run_line line join payout_run_signature signed on signed.run_id = line.run_id
                      where line.batch_id = new.id and line.sha256 = new.sha256 and signed.checker_id = new.checker_id)))
begin select raise(abort, 'a batch is released within the limit of its day, and in a run by its signature'); end
;;
-- postgres:
create function money_entry_waited() returns trigger language plpgsql as $$
begin
    perform 1 from statement_entry where id = new.entry_id for update;
    if not exists (select 1 from statement_entry where id = new.entry_id and order_id is not null
        and treatment = case when credit then 'unknown_credit' else 'unknown_debit' end
        and credit = (new.treatment in ('returned', 'given_back')))
        or exists (select 1 from recovery_repayment where entry_id = new.entry_id and withdrawn_at_ms is null) then
        raise exception 'only what an order has in suspense is taken';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger statement_entry_taken_waited before insert on statement_entry_taken for each row execute function money_entry_waited()
;;
-- postgres:
create function recovery_repayment_was_not_taken() returns trigger language plpgsql as $$
begin
    if exists (select 1 from statement_entry_taken where entry_id = new.entry_id) then
        raise exception 'a repayment is no more than a credit in suspense';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger recovery_repayment_was_not_taken before insert on recovery_repayment for each row execute function recovery_repayment_was_not_taken()
;;
-- postgres:
create or replace function money_batch_is_at_the_bank() returns trigger language plpgsql as $$
begin
    if old.at_bank and (not new.at_bank or (new.state <> old.state and new.state in ('void', 'dispatching'))) then
        raise exception 'the bank has a batch whose release was lost';
    end if;
    return new;
end $$
;;
-- postgres:
create or replace function money_batch_is_signed() returns trigger language plpgsql as $$
begin
    if old.checker_id is null and new.checker_id is not null
        and (not (new.counted or new.at_bank)
            or (exists (select 1 from payout_run_line where batch_id = new.id)
                and not exists (select 1 from payout_run_line line join payout_run run on run.id = line.run_id
                                where line.batch_id = new.id and run.state = 'void')
                and not exists (select 1 from payout_run_line line join payout_run_signature signed on signed.run_id = line.run_id
                                where line.batch_id = new.id and line.sha256 = new.sha256 and signed.checker_id = new.checker_id))) then
        raise exception 'a batch is released within the limit of its day, and in a run by its signature';
    end if;
    return new;
end $$
";
