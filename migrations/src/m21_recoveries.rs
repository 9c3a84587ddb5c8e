//! Money that was paid wrongly: what a member is asked to give back, in which instalments, and the bookings that gave it back.

use sea_orm_migration::prelude::*;

/// `recovery` with its parts by plan, instalments, objections, repayments, proposals to end it, and who did what.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run_sql(manager, TABLES).await?;
        crate::run_sql(manager, RULES).await?;
        for table in ["recovery_part", "recovery_instalment", "recovery_event"] {
            crate::append_only(manager, table).await?;
        }
        Ok(())
    }
}

// `basis` is where the money stood in the books before: in what claims cost, in suspense as a debit of more than was ordered, or in 1030
// already, as a second debit. `due_on` is the day of the oldest agreed instalment that is not paid whole.
const TABLES: &str = r"
create table recovery (
    id {uuid} primary key,
    payout_id {uuid} not null references payout (id),
    claim_id {uuid} not null references claim (id),
    member_id {uuid} not null references member (id),
    reason text not null check (reason in ('debited_twice', 'debited_more', 'overpaid', 'granted_wrongly', 'duplicate_claim', 'settlement_cancelled')),
    basis text not null check (basis in ('claim', 'debited_more', 'debited_twice')),
    amount_fen bigint not null check (amount_fen > 0),
    repaid_fen bigint not null default 0 check (repaid_fen between 0 and amount_fen),
    written_off_fen bigint not null default 0 check (written_off_fen between 0 and amount_fen - repaid_fen),
    explanation_sealed {bytes} not null,
    state text not null check (state in ('open', 'agreed', 'repaying', 'closed')),
    outcome text check (outcome in ('repaid', 'written_off', 'withdrawn')),
    plan_revision integer not null default 0 check (plan_revision >= 0),
    agreed_revision integer not null default 0 check (agreed_revision between 0 and plan_revision),
    due_on date,
    opened_by {uuid} not null references staff (id),
    opened_at_ms bigint not null,
    confirmed_by {uuid} references staff (id),
    confirmed_at_ms bigint,
    closed_at_ms bigint,
    version bigint not null default 1,
    check (basis = case reason when 'debited_twice' then 'debited_twice' when 'debited_more' then 'debited_more' else 'claim' end),
    check (confirmed_by is null or confirmed_by <> opened_by),
    check ((confirmed_by is null) = (confirmed_at_ms is null)),
    check ((state = 'closed') = (outcome is not null)),
    check ((state = 'closed') = (closed_at_ms is not null)),
    check (confirmed_by is not null or state = 'open' or outcome = 'withdrawn'),
    check (confirmed_by is not null or (repaid_fen = 0 and agreed_revision = 0)),
    check (state <> 'agreed' or agreed_revision > 0),
    check (state <> 'open' or repaid_fen = 0),
    check ((outcome = 'repaid') = (repaid_fen = amount_fen) or outcome is null),
    check (outcome <> 'withdrawn' or repaid_fen = 0),
    check (written_off_fen = 0 or outcome = 'written_off'),
    check (due_on is null or (agreed_revision > 0 and state <> 'closed'))
)
;;
create unique index recovery_one_open on recovery (payout_id, basis) where state <> 'closed'
;;
create index recovery_payout on recovery (payout_id)
;;
create index recovery_member on recovery (member_id, id)
;;
create index recovery_going on recovery (state, id)
;;
create index recovery_due on recovery (due_on, id) where due_on is not null
;;
create table recovery_part (
    recovery_id {uuid} not null references recovery (id),
    plan_id {uuid} not null references plan (id),
    amount_fen bigint not null check (amount_fen > 0),
    primary key (recovery_id, plan_id)
)
;;
create table recovery_instalment (
    recovery_id {uuid} not null references recovery (id),
    revision integer not null check (revision > 0),
    instalment_no integer not null check (instalment_no > 0),
    amount_fen bigint not null check (amount_fen > 0),
    due_on date not null,
    primary key (recovery_id, revision, instalment_no)
)
;;
create table recovery_objection (
    id {uuid} primary key,
    recovery_id {uuid} not null references recovery (id),
    kind text not null check (kind in ('not_owed', 'other_instalments')),
    words_sealed {bytes} not null,
    made_at_ms bigint not null,
    answer_sealed {bytes},
    answered_by {uuid} references staff (id),
    answered_at_ms bigint,
    check ((answered_by is null) = (answered_at_ms is null)),
    check ((answer_sealed is null) = (answered_at_ms is null))
)
;;
create unique index recovery_objection_open on recovery_objection (recovery_id) where answered_at_ms is null
;;
create index recovery_objection_recovery on recovery_objection (recovery_id, id)
;;
create table recovery_repayment (
    id {uuid} primary key,
    recovery_id {uuid} not null references recovery (id),
    entry_id {uuid} not null references statement_entry (id),
    amount_fen bigint not null check (amount_fen > 0),
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
create unique index recovery_repayment_once on recovery_repayment (recovery_id, entry_id) where withdrawn_at_ms is null
;;
create unique index recovery_repayment_open on recovery_repayment (recovery_id) where confirmed_at_ms is null and withdrawn_at_ms is null
;;
create index recovery_repayment_recovery on recovery_repayment (recovery_id, id)
;;
create index recovery_repayment_entry on recovery_repayment (entry_id)
;;
create table recovery_ending (
    id {uuid} primary key,
    recovery_id {uuid} not null references recovery (id),
    outcome text not null check (outcome in ('written_off', 'withdrawn')),
    reason_sealed {bytes} not null,
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
create unique index recovery_ending_open on recovery_ending (recovery_id) where confirmed_at_ms is null and withdrawn_at_ms is null
;;
create index recovery_ending_recovery on recovery_ending (recovery_id, id)
;;
create table recovery_event (
    id {uuid} primary key,
    recovery_id {uuid} not null references recovery (id),
    kind text not null,
    staff_id {uuid} references staff (id),
    member_id {uuid} references member (id),
    at_ms bigint not null,
    check (staff_id is null or member_id is null)
)
;;
create index recovery_event_recovery on recovery_event (recovery_id, id)
;;
create index statement_entry_suspense on statement_entry (id) where treatment = 'unknown_credit'
;;
";

// A repayment takes its money from suspense: no more than the booking brought, held against all others of the same booking under its lock.
const RULES: &str = r"
-- sqlite:
create trigger recovery_begins_open before insert on recovery
when new.state <> 'open' or new.confirmed_by is not null or new.repaid_fen <> 0 or new.plan_revision <> 0
  or not exists (select 1 from payout where id = new.payout_id and state = 'settled' and member_id = new.member_id and claim_id = new.claim_id)
begin select raise(abort, 'a recovery begins open, of a settled payout'); end
;;
-- sqlite:
create trigger recovery_keeps_its_terms before update on recovery
when old.payout_id <> new.payout_id or old.claim_id <> new.claim_id or old.member_id <> new.member_id or old.reason <> new.reason
  or old.amount_fen <> new.amount_fen or old.explanation_sealed <> new.explanation_sealed or old.opened_by <> new.opened_by
  or (old.confirmed_by is not null and new.confirmed_by is not old.confirmed_by) or new.repaid_fen < old.repaid_fen
  or new.plan_revision < old.plan_revision or old.state = 'closed'
begin select raise(abort, 'the terms of a recovery never change'); end
;;
-- sqlite:
create trigger recovery_parts_come_to_it before update on recovery
when old.confirmed_by is null and new.confirmed_by is not null
  and (select coalesce(sum(amount_fen), 0) from recovery_part where recovery_id = new.id) <> new.amount_fen
begin select raise(abort, 'the parts of a recovery come to its amount'); end
;;
-- sqlite:
create trigger recovery_instalments_come_to_its_balance before update on recovery
when (new.plan_revision <> old.plan_revision
    and (select coalesce(sum(amount_fen), 0) from recovery_instalment where recovery_id = new.id and revision = new.plan_revision)
      <> new.amount_fen - new.repaid_fen)
  or (new.agreed_revision <> old.agreed_revision
    and (new.agreed_revision <> new.plan_revision
      or (select coalesce(sum(amount_fen), 0) from recovery_instalment where recovery_id = new.id and revision = new.agreed_revision)
        <> new.amount_fen - new.repaid_fen))
begin select raise(abort, 'the instalments of a recovery come to its balance'); end
;;
-- sqlite:
create trigger recovery_is_repaid_by_bookings before update on recovery
when new.repaid_fen <> old.repaid_fen
  and new.repaid_fen <> (select coalesce(sum(amount_fen), 0) from recovery_repayment where recovery_id = new.id and confirmed_by is not null)
begin select raise(abort, 'a recovery is repaid by bookings alone'); end
;;
-- sqlite:
create trigger recovery_is_given_up_by_two before update on recovery
when new.outcome in ('written_off', 'withdrawn') and old.confirmed_by is not null
  and not exists (select 1 from recovery_ending where recovery_id = new.id and outcome = new.outcome and confirmed_by is not null)
begin select raise(abort, 'two people give up a recovery'); end
;;
-- sqlite:
create trigger recovery_part_is_of_an_unconfirmed before insert on recovery_part
when exists (select 1 from recovery where id = new.recovery_id and confirmed_by is not null)
begin select raise(abort, 'the parts of a recovery are given before it is confirmed'); end
;;
-- sqlite:
create trigger recovery_instalment_is_of_a_new_plan before insert on recovery_instalment
when exists (select 1 from recovery where id = new.recovery_id and plan_revision >= new.revision)
begin select raise(abort, 'a plan that was offered never changes'); end
;;
-- sqlite:
create trigger recovery_objection_keeps_what_was_said before update on recovery_objection
when old.recovery_id <> new.recovery_id or old.kind <> new.kind or old.words_sealed <> new.words_sealed or old.answered_at_ms is not null
begin select raise(abort, 'an objection never changes what was said'); end
;;
-- sqlite:
create trigger recovery_repayment_comes_from_suspense before insert on recovery_repayment
when not exists (select 1 from statement_entry where id = new.entry_id and credit and treatment = 'unknown_credit'
    and (order_id is null or exists (select 1 from payout_order where payout_order.id = order_id and state = 'settled'))
    and statement_entry.amount_fen >= new.amount_fen
      + (select coalesce(sum(recovery_repayment.amount_fen), 0) from recovery_repayment where recovery_repayment.entry_id = new.entry_id and withdrawn_at_ms is null))
begin select raise(abort, 'a repayment is no more than a credit in suspense'); end
;;
-- sqlite:
create trigger recovery_repayment_keeps_what_was_said before update on recovery_repayment
when old.recovery_id <> new.recovery_id or old.entry_id <> new.entry_id or old.amount_fen <> new.amount_fen or old.proposed_by <> new.proposed_by
  or old.confirmed_by is not null or old.withdrawn_by is not null
begin select raise(abort, 'a repayment never changes what was said'); end
;;
-- sqlite:
create trigger recovery_ending_keeps_what_was_said before update on recovery_ending
when old.recovery_id <> new.recovery_id or old.outcome <> new.outcome or old.reason_sealed <> new.reason_sealed or old.proposed_by <> new.proposed_by
  or old.confirmed_by is not null or old.withdrawn_by is not null
begin select raise(abort, 'a proposal never changes what was said'); end
;;
-- postgres:
create function recovery_begins_open() returns trigger language plpgsql as $$
begin
    if new.state <> 'open' or new.confirmed_by is not null or new.repaid_fen <> 0 or new.plan_revision <> 0
        or not exists (select 1 from payout where id = new.payout_id and state = 'settled' and member_id = new.member_id and claim_id = new.claim_id) then
        raise exception 'a recovery begins open, of a settled payout';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger recovery_begins_open before insert on recovery for each row execute function recovery_begins_open()
;;
-- postgres:
create function recovery_keeps() returns trigger language plpgsql as $$
begin
    if (old.payout_id, old.claim_id, old.member_id, old.reason, old.amount_fen, old.explanation_sealed, old.opened_by)
            is distinct from (new.payout_id, new.claim_id, new.member_id, new.reason, new.amount_fen, new.explanation_sealed, new.opened_by)
        or (old.confirmed_by is not null and old.confirmed_by is distinct from new.confirmed_by) or new.repaid_fen < old.repaid_fen
        or new.plan_revision < old.plan_revision or old.state = 'closed' then
        raise exception 'the terms of a recovery never change';
    end if;
    if old.confirmed_by is null and new.confirmed_by is not null
        and (select coalesce(sum(amount_fen), 0) from recovery_part where recovery_id = new.id) <> new.amount_fen then
        raise exception 'the parts of a recovery come to its amount';
    end if;
    if (new.plan_revision <> old.plan_revision
            and (select coalesce(sum(amount_fen), 0) from recovery_instalment where recovery_id = new.id and revision = new.plan_revision)
                <> new.amount_fen - new.repaid_fen)
        or (new.agreed_revision <> old.agreed_revision
            and (new.agreed_revision <> new.plan_revision
                or (select coalesce(sum(amount_fen), 0) from recovery_instalment where recovery_id = new.id and revision = new.agreed_revision)
                    <> new.amount_fen - new.repaid_fen)) then
        raise exception 'the instalments of a recovery come to its balance';
    end if;
    if new.repaid_fen <> old.repaid_fen
        and new.repaid_fen <> (select coalesce(sum(amount_fen), 0) from recovery_repayment where recovery_id = new.id and confirmed_by is not null) then
        raise exception 'a recovery is repaid by bookings alone';
    end if;
    if new.outcome in ('written_off', 'withdrawn') and old.confirmed_by is not null
        and not exists (select 1 from recovery_ending where recovery_id = new.id and outcome = new.outcome and confirmed_by is not null) then
        raise exception 'two people give up a recovery';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger recovery_keeps_its_terms before update on recovery for each row execute function recovery_keeps()
;;
-- postgres:
create function recovery_part_joins() returns trigger language plpgsql as $$
begin
    if exists (select 1 from recovery where id = new.recovery_id and confirmed_by is not null) then
        raise exception 'the parts of a recovery are given before it is confirmed';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger recovery_part_is_of_an_unconfirmed before insert on recovery_part for each row execute function recovery_part_joins()
;;
-- postgres:
create function recovery_instalment_joins() returns trigger language plpgsql as $$
begin
    if exists (select 1 from recovery where id = new.recovery_id and plan_revision >= new.revision) then
        raise exception 'a plan that was offered never changes';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger recovery_instalment_is_of_a_new_plan before insert on recovery_instalment for each row execute function recovery_instalment_joins()
;;
-- postgres:
create function recovery_objection_keeps() returns trigger language plpgsql as $$
begin
    if (old.recovery_id, old.kind, old.words_sealed) is distinct from (new.recovery_id, new.kind, new.words_sealed)
        or old.answered_at_ms is not null then
        raise exception 'an objection never changes what was said';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger recovery_objection_keeps_what_was_said before update on recovery_objection for each row execute function recovery_objection_keeps()
;;
-- postgres:
create function recovery_repayment_comes() returns trigger language plpgsql as $$
begin
    perform 1 from statement_entry where id = new.entry_id for update;
    if not exists (select 1 from statement_entry where id = new.entry_id and credit and treatment = 'unknown_credit'
        and (order_id is null or exists (select 1 from payout_order where payout_order.id = order_id and state = 'settled'))
        and statement_entry.amount_fen >= new.amount_fen
            + (select coalesce(sum(recovery_repayment.amount_fen), 0) from recovery_repayment where recovery_repayment.entry_id = new.entry_id and withdrawn_at_ms is null)) then
        raise exception 'a repayment is no more than a credit in suspense';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger recovery_repayment_comes_from_suspense before insert on recovery_repayment for each row execute function recovery_repayment_comes()
;;
-- postgres:
create function recovery_repayment_keeps() returns trigger language plpgsql as $$
begin
    if (old.recovery_id, old.entry_id, old.amount_fen, old.proposed_by) is distinct from (new.recovery_id, new.entry_id, new.amount_fen, new.proposed_by)
        or old.confirmed_by is not null or old.withdrawn_by is not null then
        raise exception 'a repayment never changes what was said';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger recovery_repayment_keeps_what_was_said before update on recovery_repayment for each row execute function recovery_repayment_keeps()
;;
-- postgres:
create function recovery_ending_keeps() returns trigger language plpgsql as $$
begin
    if (old.recovery_id, old.outcome, old.reason_sealed, old.proposed_by) is distinct from (new.recovery_id, new.outcome, new.reason_sealed, new.proposed_by)
        or old.confirmed_by is not null or old.withdrawn_by is not null then
        raise exception 'a proposal never changes what was said';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger recovery_ending_keeps_what_was_said before update on recovery_ending for each row execute function recovery_ending_keeps()
;;
";
