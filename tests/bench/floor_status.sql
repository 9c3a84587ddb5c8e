-- One status read: three selects by id.
\set n random(1, 10000)
select * from floor.claim where id = ('00000000-0000-7000-9000-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid;
select * from floor.event where claim_id = ('00000000-0000-7000-9000-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid;
select * from floor.document where claim_id = ('00000000-0000-7000-9000-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid;
