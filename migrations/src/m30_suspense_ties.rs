//! A booking in suspense that names no order is tied to one by two people, once. Then it has that order, as if it had named it.

crate::sql_migration! {
    /// `suspense_tie`, and what a booking may become by one.
    TIES
}

const TIES: &str = r"
create table suspense_tie (
    id {uuid} primary key,
    entry_id {uuid} not null references statement_entry (id),
    order_id {uuid} not null references payout_order (id),
    reason text not null check (length(reason) between 1 and 500),
    proposed_by {uuid} not null references staff (id),
    proposed_at_ms bigint not null,
    confirmed_by {uuid} references staff (id),
    confirmed_at_ms bigint,
    check (confirmed_by is null or confirmed_by <> proposed_by),
    check ((confirmed_by is null) = (confirmed_at_ms is null))
)
;;
create unique index suspense_tie_once on suspense_tie (entry_id) where confirmed_by is not null
;;
create index suspense_tie_entry on suspense_tie (entry_id, id)
;;
-- sqlite:
create trigger suspense_tie_keeps_what_was_said before update on suspense_tie
when old.id <> new.id or old.entry_id <> new.entry_id or old.order_id <> new.order_id or old.reason <> new.reason
  or old.proposed_by <> new.proposed_by or old.proposed_at_ms <> new.proposed_at_ms or old.confirmed_by is not null
begin select raise(abort, 'a tie never changes what was said'); end
;;
-- sqlite:
create trigger suspense_tie_never_goes before delete on suspense_tie begin select raise(abort, 'a tie never goes'); end
;;
-- sqlite:
drop trigger statement_entry_never_changes
;;
-- sqlite:
create trigger statement_entry_never_changes before update on statement_entry
when old.order_id is not null
  or not exists (select 1 from suspense_tie where entry_id = old.id and order_id = new.order_id and confirmed_by is not null)
  or old.id <> new.id or old.statement_id <> new.statement_id or old.entry_no <> new.entry_no or old.booked_on <> new.booked_on
  or old.credit <> new.credit or old.amount_fen <> new.amount_fen or old.bank_serial <> new.bank_serial or old.bank_ref is not new.bank_ref
  or old.counterparty_tail is not new.counterparty_tail or old.kind <> new.kind or old.fingerprint <> new.fingerprint
  or old.treatment <> new.treatment
begin select raise(abort, 'statement_entry is append-only'); end
;;
-- postgres:
create function suspense_tie_keeps() returns trigger language plpgsql as $$
begin
    if (old.id, old.entry_id, old.order_id, old.reason, old.proposed_by, old.proposed_at_ms)
            is distinct from (new.id, new.entry_id, new.order_id, new.reason, new.proposed_by, new.proposed_at_ms)
        or old.confirmed_by is not null then
        raise exception 'a tie never changes what was said';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger suspense_tie_keeps_what_was_said before update on suspense_tie for each row execute function suspense_tie_keeps()
;;
-- postgres:
create function suspense_tie_stays() returns trigger language plpgsql as $$ begin raise exception 'a tie never goes'; end $$
;;
-- postgres:
create trigger suspense_tie_never_goes before delete on suspense_tie for each row execute function suspense_tie_stays()
;;
-- postgres:
drop trigger statement_entry_never_changes on statement_entry
;;
-- postgres:
create trigger statement_entry_is_never_deleted before delete on statement_entry for each row execute function statement_entry_refuses()
;;
-- postgres:
create function statement_entry_keeps() returns trigger language plpgsql as $$
begin
    if old.order_id is not null
        or not exists (select 1 from suspense_tie where entry_id = old.id and order_id = new.order_id and confirmed_by is not null)
        or (old.id, old.statement_id, old.entry_no, old.booked_on, old.credit, old.amount_fen, old.bank_serial, old.bank_ref,
            old.counterparty_tail, old.kind, old.fingerprint, old.treatment)
            is distinct from (new.id, new.statement_id, new.entry_no, new.booked_on, new.credit, new.amount_fen, new.bank_serial, new.bank_ref,
            new.counterparty_tail, new.kind, new.fingerprint, new.treatment) then
        raise exception 'statement_entry is append-only';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger statement_entry_never_changes before update on statement_entry for each row execute function statement_entry_keeps()
";
