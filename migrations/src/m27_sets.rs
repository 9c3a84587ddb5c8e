//! What PostgreSQL refuses of many rows it looks at once for all of them, and calls a function only for a row that it may refuse. The rules
//! are the same; SQLite asks its own in `when` already.

crate::sql_migration! {
    /// The rules of postings, orders and payouts, asked for less.
    RULES
}

const RULES: &str = r"
-- postgres:
drop trigger ledger_transaction_balances on ledger_transaction
;;
-- postgres:
create or replace function ledger_transaction_balances() returns trigger language plpgsql as $$
begin
    if exists (select 1 from written where (select coalesce(sum(amount_fen), 1) from ledger_posting where transaction_id = written.id) <> 0) then
        raise exception 'a ledger transaction sums to zero';
    end if;
    return null;
end $$
;;
-- postgres:
create trigger ledger_transaction_balances after insert on ledger_transaction referencing new table as written
    for each statement execute function ledger_transaction_balances()
;;
-- postgres:
drop trigger ledger_posting_before_its_transaction on ledger_posting
;;
-- postgres:
create or replace function ledger_posting_before_its_transaction() returns trigger language plpgsql as $$
begin
    if exists (select 1 from written join ledger_transaction on ledger_transaction.id = written.transaction_id) then
        raise exception 'a ledger transaction is closed once written';
    end if;
    return null;
end $$
;;
-- postgres:
create trigger ledger_posting_before_its_transaction after insert on ledger_posting referencing new table as written
    for each statement execute function ledger_posting_before_its_transaction()
;;
-- postgres:
create or replace function money_payout_keeps() returns trigger language plpgsql as $$
begin raise exception 'the terms of a payout never change'; end $$
;;
-- postgres:
drop trigger payout_keeps_its_terms on payout
;;
-- postgres:
create trigger payout_keeps_its_terms before update on payout for each row
when ((old.decision_id, old.member_id, old.amount_fen, old.claim_id) is distinct from (new.decision_id, new.member_id, new.amount_fen, new.claim_id))
execute function money_payout_keeps()
;;
-- postgres:
create or replace function money_order_keeps() returns trigger language plpgsql as $$
begin raise exception 'an order keeps its reference, amount and card'; end $$
;;
-- postgres:
drop trigger payout_order_keeps_its_reference on payout_order
;;
-- postgres:
create trigger payout_order_keeps_its_reference before update on payout_order for each row
when ((old.bank_ref, old.amount_fen, old.payout_id) is distinct from (new.bank_ref, new.amount_fen, new.payout_id)
    or (old.card_version is not null
        and (old.card_version, old.card_sealed, old.name_sealed) is distinct from (new.card_version, new.card_sealed, new.name_sealed))
    or (old.batch_id is not null and new.batch_id is distinct from old.batch_id and new.state not in ('queued', 'cancelled')))
execute function money_order_keeps()
;;
-- postgres:
drop trigger payout_order_is_held_and_resolved on payout_order
;;
-- postgres:
create trigger payout_order_is_held_and_resolved before update on payout_order for each row
when ((old.state = 'held' and new.state <> 'held') or new.state in ('rejected_confirmed', 'cancelled'))
execute function money_order_is_held_and_resolved()
";
