-- The tables of the floor: as wide as ours, with the same keys, nothing else.
drop schema if exists floor cascade;
create schema floor;
set search_path = floor;
create table member (id uuid primary key, name bytea, phone bytea, version int, created_at_ms bigint);
create table enrolment (id uuid primary key, member_id uuid not null, plan_version_id uuid, shares int, starts_on text, ends_on text);
create index enrolment_member on enrolment (member_id);
create table claim (
    id uuid primary key, member_id uuid not null, unit_id uuid, organisation_id uuid, origin text, state text, version bigint,
    event_kind text, starts_on text, ends_on text, hospital text, serial text, facts jsonb, total_fen bigint, self_pay_one_fen bigint,
    promise text, holder text, submitted_at_ms bigint, created_at_ms bigint, updated_at_ms bigint);
create index claim_member on claim (member_id, created_at_ms);
create table document (id uuid primary key, claim_id uuid not null, kind text, state text, sha256 bytea, size_bytes bigint, created_at_ms bigint);
create index document_claim on document (claim_id);
create table event (id uuid primary key, claim_id uuid not null, seq int, kind text, reason text, created_at_ms bigint, unique (claim_id, seq));
create table job (id uuid primary key, kind text, payload jsonb, state text, run_at_ms bigint);
create table idempotency (subject text, operation text, key text, fingerprint bytea, status int, body bytea, created_at_ms bigint,
    primary key (subject, operation, key));
insert into member select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, decode(repeat('ab', 40), 'hex'), decode(repeat('cd', 40), 'hex'), 1, 0
    from generate_series(1, 10000) n;
insert into enrolment select gen_random_uuid(), id, gen_random_uuid(), 1, '2026-01-01', '2026-12-31' from member, generate_series(1, 3);
insert into claim select ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
    gen_random_uuid(), gen_random_uuid(), 'member_app', 'checking', 1, 'hospital_stay', '2026-10-12', '2026-10-20', 'h', 's', '{}', 1, 1, 'p', 'h', 0, 0, 0
    from generate_series(1, 10000) n;
insert into event select gen_random_uuid(), id, n, 'submitted', null, 0 from claim, generate_series(1, 3) n;
insert into document select gen_random_uuid(), id, 'bill', 'accepted', decode(repeat('ef', 32), 'hex'), 800000, 0 from claim, generate_series(1, 3);
analyze;
