//! What every capability stands on: jobs, stored answers, sealing keys, the access record.

crate::sql_migration! {
    /// Tables of the kernel.
    SQL
}

const SQL: &str = r"
create table sealing_key (
    id bigint primary key,
    purpose text not null check (purpose in ('seal', 'lookup')),
    wrapped {bytes} not null,
    created_at_ms bigint not null
)
;;
create unique index sealing_key_one_lookup on sealing_key (purpose) where purpose = 'lookup'
;;
create table job (
    id {uuid} primary key,
    kind text not null,
    payload {json} not null,
    unique_key text,
    state text not null check (state in ('ready', 'running', 'done', 'dead')),
    run_at_ms bigint not null,
    attempts integer not null default 0 check (attempts >= 0),
    max_attempts integer not null check (max_attempts > 0),
    fencing bigint not null default 0,
    lease_until_ms bigint,
    last_error text,
    trace_parent text,
    created_at_ms bigint not null,
    finished_at_ms bigint,
    check ((state = 'running') = (lease_until_ms is not null)),
    check ((state in ('done', 'dead')) = (finished_at_ms is not null))
)
;;
create index job_due on job (run_at_ms) where state in ('ready', 'running')
;;
create unique index job_unique_live on job (kind, unique_key) where state in ('ready', 'running') and unique_key is not null
;;
create index job_finished on job (finished_at_ms) where finished_at_ms is not null
;;
create table idempotency (
    subject text not null,
    idempotency_key text not null,
    operation text not null,
    fingerprint {bytes} not null,
    status integer not null,
    headers {json} not null,
    body {bytes} not null,
    created_at_ms bigint not null,
    primary key (subject, operation, idempotency_key)
)
;;
create index idempotency_age on idempotency (created_at_ms)
;;
create table access_record (
    id {uuid} primary key,
    member_id {uuid} not null,
    staff_id {uuid} not null,
    what text not null,
    subject_id {uuid} not null,
    at_ms bigint not null
)
;;
create index access_record_member on access_record (member_id, at_ms)
;;
create table notice (
    id {uuid} primary key,
    member_id {uuid} not null,
    claim_id {uuid},
    kind text not null,
    channel text not null check (channel in ('sms', 'wechat', 'app')),
    body_zh {bytes} not null,
    body_en {bytes} not null,
    state text not null check (state in ('queued', 'sent', 'failed')),
    created_at_ms bigint not null,
    sent_at_ms bigint,
    check ((state = 'sent') = (sent_at_ms is not null))
)
;;
create index notice_member on notice (member_id, created_at_ms)
;;
";
