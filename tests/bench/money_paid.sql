-- Brings every queued order to where the bank called it paid, in batches of 3,000, as the service leaves them; 'today' is the value date.
begin;
create temp table maker as select min(id::text)::uuid as maker_id, max(id::text)::uuid as checker_id from staff;
create temp table line as
select id as order_id, payout_id, (row_number() over (order by id) - 1) / 3000 as batch_no, ((row_number() over (order by id) - 1) % 3000 + 1)::int as line_no
from payout_order where state = 'queued';
create function pg_temp.id(kind int, number bigint) returns uuid language sql immutable as
$$ select ('019c' || lpad(to_hex(number), 8, '0') || '7000' || '8000' || lpad(to_hex(kind), 12, '0'))::uuid $$;
insert into payout_batch (id, batch_ref, debit_account, value_date, state, order_count, total_fen, sha256, maker_id, checker_id, released_sha256,
    released_at_ms, created_at_ms, counted, at_bank)
select pg_temp.id(1, batch_no), 'B' || lpad(batch_no::text, 25, '0'), :'account', :'today', 'finished', count(*), sum(o.amount_fen), repeat('0', 64),
    maker_id, checker_id, repeat('0', 64), max(o.created_at_ms), max(o.created_at_ms), true, true
from line join payout_order o on o.id = line.order_id, maker group by batch_no, maker_id, checker_id;
update payout_order o set state = 'paid', batch_id = pg_temp.id(1, batch_no), line_no = line.line_no, card_id = c.id, card_version = c.card_version,
    card_sealed = c.number_sealed, card_tail = c.number_tail, name_sealed = c.holder_name_sealed, reserve_round = 1, evidence_rank = 2,
    bank_serial = 'S' || o.bank_ref, posted_at_ms = o.created_at_ms, final_on = :'today', version = 5
from line, payout p, service_card c where o.id = line.order_id and p.id = o.payout_id and c.member_id = p.member_id;
update payout set state = 'paid', paid_at_ms = created_at_ms, version = 3 where state = 'approved';
update claim set state = 'paid', version = version + 2 where state = 'approved';
create temp table clearing as select pg_temp.id(2, 1) as account_id;
insert into ledger_account select account_id, 2020, null from clearing;
insert into ledger_posting
select pg_temp.id(3, row_number() over (order by line.order_id)), 3, clearing.account_id, -o.amount_fen
from line join payout_order o on o.id = line.order_id, clearing;
insert into ledger_posting
select pg_temp.id(3, line.number), (row_number() over (partition by line.order_id order by p.plan_id))::int, a.id, p.amount_fen
from (select *, row_number() over (order by order_id) as number from line) line
    join ledger_part p on p.payout_id = line.payout_id join ledger_account a on a.code = 2010 and a.plan_id = p.plan_id;
insert into ledger_transaction (id, idempotency_key, kind, payout_id, order_id, posted_at_ms)
select pg_temp.id(3, row_number() over (order by line.order_id)), 'reserved:' || line.order_id || ':1', 'reserved', line.payout_id, line.order_id, o.created_at_ms
from line join payout_order o on o.id = line.order_id;
insert into ledger_balance select account_id, 2020, 0, (select sum(amount_fen) from payout_order where state = 'paid') from clearing;
update ledger_balance b set debits_fen = b.credits_fen where b.code = 2010;
update ledger_part set payable_fen = 0, clearing_fen = amount_fen where payable_fen > 0;
commit;
vacuum analyze;
