-- Makes :n more payouts of the one whose id is :'one': each of a member of its own with a card and a granted claim, as the service wrote the
-- first. Ids rise as the service's do. The books hold what their lines say.
begin;
create function pg_temp.id(kind int, number bigint) returns uuid language sql immutable as
$$ select ('019b' || lpad(to_hex(number), 8, '0') || '7000' || '8000' || lpad(to_hex(kind), 12, '0'))::uuid $$;
create temp table one as select p.id as payout_id, p.claim_id, p.decision_id, p.member_id, o.id as order_id, t.id as transaction_id
from payout p join payout_order o on o.payout_id = p.id join ledger_transaction t on t.payout_id = p.id where p.id = :'one';

insert into member select pg_temp.id(1, g), m.unit_id, m.name_sealed, m.national_id_sealed, sha256(('n' || g)::bytea), m.phone_sealed,
    sha256(('p' || g)::bytea), m.language, m.version, m.created_at_ms
from generate_series(1, :n) g, member m, one where m.id = one.member_id;
insert into service_card (id, member_id, card_version, number_sealed, number_lookup, number_tail, holder_name_sealed, state, usable_from_ms, created_at_ms)
select pg_temp.id(2, g), pg_temp.id(1, g), 1, c.number_sealed, sha256(('c' || g)::bytea), c.number_tail, c.holder_name_sealed, c.state,
    c.usable_from_ms, c.created_at_ms
from generate_series(1, :n) g, service_card c, one where c.member_id = one.member_id;
insert into claim (id, member_id, origin, state, version, declaration_sealed, event_lookup, organisation_path, created_at_ms, updated_at_ms,
    submitted_at_ms, accepted_at_ms)
select pg_temp.id(3, g), pg_temp.id(1, g), c.origin, c.state, c.version, c.declaration_sealed, sha256(('e' || g)::bytea), c.organisation_path,
    c.created_at_ms, c.updated_at_ms, c.submitted_at_ms, c.accepted_at_ms
from generate_series(1, :n) g, claim c, one where c.id = one.claim_id;
insert into claim_timeline (claim_id, seq, command, to_state, actor_kind, actor_id, text_zh, text_en, at_ms)
select pg_temp.id(3, g), t.seq, t.command, t.to_state, t.actor_kind, pg_temp.id(1, g), t.text_zh, t.text_en, t.at_ms
from generate_series(1, :n) g, claim_timeline t, one where t.claim_id = one.claim_id;
insert into decision (id, claim_id, number, outcome, granted_fen, reason_code, decided_at_ms)
select pg_temp.id(4, g), pg_temp.id(3, g), 1, d.outcome, d.granted_fen, d.reason_code, d.decided_at_ms
from generate_series(1, :n) g, decision d, one where d.id = one.decision_id;
insert into payout (id, decision_id, claim_id, member_id, amount_fen, state, version, created_at_ms)
select pg_temp.id(5, g), pg_temp.id(4, g), pg_temp.id(3, g), pg_temp.id(1, g), p.amount_fen, p.state, p.version, p.created_at_ms
from generate_series(1, :n) g, payout p, one where p.id = one.payout_id;
insert into payout_plan select pg_temp.id(5, g), p.plan_id, p.amount_fen
from generate_series(1, :n) g, payout_plan p, one where p.payout_id = one.payout_id;
insert into payout_order (id, payout_id, try_no, bank_ref, amount_fen, source_code, reserve_round, state, evidence_rank, version, created_at_ms, changed_at_ms)
select pg_temp.id(6, g), pg_temp.id(5, g), 1, 'M' || lpad(g::text, 25, '0'), o.amount_fen, o.source_code, 0, o.state, 0, 1, o.created_at_ms, o.changed_at_ms
from generate_series(1, :n) g, payout_order o, one where o.id = one.order_id;
insert into ledger_part select pg_temp.id(5, g), l.plan_id, l.amount_fen, l.payable_fen, l.clearing_fen, l.returned_fen, l.settled_fen
from generate_series(1, :n) g, ledger_part l, one where l.payout_id = one.payout_id;
insert into ledger_posting select pg_temp.id(7, g), l.line_no, l.account_id, l.amount_fen
from generate_series(1, :n) g, ledger_posting l, one where l.transaction_id = one.transaction_id;
insert into ledger_transaction (id, idempotency_key, kind, payout_id, posted_at_ms)
select pg_temp.id(7, g), 'approved:' || pg_temp.id(5, g), t.kind, pg_temp.id(5, g), t.posted_at_ms
from generate_series(1, :n) g, ledger_transaction t, one where t.id = one.transaction_id;
update ledger_balance set debits_fen = debits_fen * (:n + 1), credits_fen = credits_fen * (:n + 1)
where account_id in (select account_id from ledger_posting, one where ledger_posting.transaction_id = one.transaction_id);
commit;
vacuum analyze;
