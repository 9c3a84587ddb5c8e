//! What a bank that can't be asked wrote about a batch, while SAFE mode is on: one person records it, another confirms it.

crate::sql_migration! {
    /// `payout_batch_answer`.
    ANSWERS
}
// What was confirmed never changes; what nobody confirmed is replaced by what somebody records next, as a row of its own.
const ANSWERS: &str = r"
create table payout_batch_answer (
    id {uuid} primary key,
    batch_id {uuid} not null references payout_batch (id),
    at_bank boolean not null,
    bank_reference text not null check (length(bank_reference) between 1 and 100),
    bank_answer text not null check (length(bank_answer) between 1 and 2000),
    recorded_by {uuid} not null references staff (id),
    recorded_at_ms bigint not null,
    confirmed_by {uuid} references staff (id),
    confirmed_at_ms bigint,
    check (confirmed_by is null or confirmed_by <> recorded_by),
    check ((confirmed_by is null) = (confirmed_at_ms is null))
)
;;
create index payout_batch_answer_batch on payout_batch_answer (batch_id, id)
;;
-- sqlite:
create trigger payout_batch_answer_keeps_what_was_said before update on payout_batch_answer
when old.batch_id <> new.batch_id or old.at_bank <> new.at_bank or old.bank_reference <> new.bank_reference or old.bank_answer <> new.bank_answer
  or old.recorded_by <> new.recorded_by or old.recorded_at_ms <> new.recorded_at_ms or old.confirmed_by is not null
begin select raise(abort, 'an answer of the bank never changes what was said'); end
;;
-- postgres:
create function payout_batch_answer_keeps_what_was_said() returns trigger language plpgsql as $$
begin
    if old.batch_id <> new.batch_id or old.at_bank <> new.at_bank or old.bank_reference <> new.bank_reference or old.bank_answer <> new.bank_answer
        or old.recorded_by <> new.recorded_by or old.recorded_at_ms <> new.recorded_at_ms or old.confirmed_by is not null then
        raise exception 'an answer of the bank never changes what was said';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger payout_batch_answer_keeps_what_was_said before update on payout_batch_answer
for each row execute function payout_batch_answer_keeps_what_was_said()
";
