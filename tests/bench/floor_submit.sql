-- One submission as nine round trips: what the database alone can do with our rows. Ids are ordered by time, as ours.
\set m random(1, 10000)
\set a random(1, 4503599627370495)
begin;
select id, version, lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') || '7000' || lpad(to_hex(:a::bigint), 16, '0') as base from floor.member where id = ('00000000-0000-7000-8000-' || lpad(to_hex(:m::bigint), 12, '0'))::uuid \gset
select * from floor.enrolment where member_id = :id::uuid;
insert into floor.claim values (:base::uuid, :id::uuid, :id::uuid, :id::uuid, 'member_app', 'checking', 1, 'hospital_stay', '2026-10-12', '2026-10-20', 'hospital', 'serial', '{"days": 8}', 3599135, 800000, 'running', 'fund', 1, 1, 1);
insert into floor.document select md5(:base::text || n)::uuid, :base::uuid, 'bill', 'accepted', decode(repeat('ef', 32), 'hex'), 800000, 1 from generate_series(1, 3) n;
insert into floor.event select md5(:base::text || 'e' || n)::uuid, :base::uuid, n, 'submitted', null, 1 from generate_series(1, 2) n;
insert into floor.job values (md5(:base::text || 'j')::uuid, 'claims.check', '{"claim": 1}', 'ready', 1);
insert into floor.idempotency values ('member:1', 'POST /v1/claims/submit', :base, decode(repeat('ab', 32), 'hex'), 200, decode(repeat('cd', 1000), 'hex'), 1);
commit;
