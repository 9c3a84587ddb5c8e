//! Sign-in: one-time passwords, credentials of the staff, sessions with their refresh tokens, machine clients.

crate::sql_migration! {
    /// Tables of identity.
    SQL
}

// Codes, tokens, phones, addresses and logins stand here only as keyed hashes; what must be read again is sealed.
const SQL: &str = r"
create table sign_in_budget (
    bucket {bytes} primary key,
    window_ends_at_ms bigint not null,
    spent integer not null check (spent > 0)
)
;;
create index sign_in_budget_over on sign_in_budget (window_ends_at_ms)
;;
create table sign_in_failure (
    login_lookup {bytes} primary key,
    staff_id {uuid} references staff (id),
    failures integer not null check (failures >= 0),
    last_try_at_ms bigint not null
)
;;
create table otp_challenge (
    id {uuid} primary key,
    member_id {uuid} references member (id),
    device_lookup {bytes} not null,
    code_lookup {bytes} not null,
    tries integer not null default 0 check (tries between 0 and 5),
    created_at_ms bigint not null,
    expires_at_ms bigint not null check (expires_at_ms > created_at_ms),
    used_at_ms bigint
)
;;
create index otp_challenge_over on otp_challenge (expires_at_ms)
;;
create table sms_outbox (
    id {uuid} primary key,
    phone_lookup {bytes} not null,
    phone_sealed {bytes} not null,
    body_sealed {bytes} not null,
    deliverable boolean not null,
    created_at_ms bigint not null,
    expires_at_ms bigint not null,
    sent_at_ms bigint
)
;;
create index sms_outbox_phone on sms_outbox (phone_lookup, created_at_ms)
;;
create index sms_outbox_over on sms_outbox (expires_at_ms)
;;
create table staff_credential (
    staff_id {uuid} primary key references staff (id),
    password_hash text not null,
    totp_secret_sealed {bytes} not null,
    totp_last_step bigint not null default 0,
    changed_at_ms bigint not null
)
;;
create table session (
    id {uuid} primary key,
    actor text not null check (actor in ('member', 'staff')),
    subject_id {uuid} not null,
    client_id text not null,
    acr text not null,
    device_lookup {bytes} not null,
    device_key_lookup {bytes} not null,
    device_name_sealed {bytes},
    started_at_ms bigint not null,
    last_used_at_ms bigint not null,
    idle_secs bigint not null check (idle_secs > 0),
    ends_at_ms bigint not null check (ends_at_ms > started_at_ms),
    ended_at_ms bigint,
    end_reason text check (end_reason in ('signed_out', 'ended_by_owner', 'token_reused', 'disabled', 'operator')),
    check ((ended_at_ms is null) = (end_reason is null))
)
;;
create index session_subject on session (subject_id, started_at_ms)
;;
create index session_over on session (ends_at_ms)
;;
create index session_ended on session (ended_at_ms) where ended_at_ms is not null
;;
create table refresh_token (
    id {uuid} primary key,
    session_id {uuid} not null references session (id),
    token_lookup {bytes} not null unique,
    created_at_ms bigint not null,
    rotated_at_ms bigint,
    successor_id {uuid} unique,
    successor_sealed {bytes},
    check ((rotated_at_ms is null) = (successor_id is null)),
    check (successor_sealed is null or successor_id is not null)
)
;;
create unique index refresh_token_one_live on refresh_token (session_id) where rotated_at_ms is null
;;
create table machine_client (
    id {uuid} primary key,
    client_id text not null unique,
    name text not null,
    role text not null check (role in ('card_bank')),
    state text not null check (state in ('active', 'disabled')),
    created_at_ms bigint not null
)
;;
create table machine_client_key (
    machine_client_id {uuid} not null references machine_client (id),
    kid text not null,
    jwk {json} not null,
    created_at_ms bigint not null,
    retired_at_ms bigint,
    primary key (machine_client_id, kid)
)
;;
create table client_assertion_jti (
    machine_client_id {uuid} not null references machine_client (id),
    jti_lookup {bytes} not null,
    expires_at_ms bigint not null,
    primary key (machine_client_id, jti_lookup)
)
;;
create index client_assertion_jti_over on client_assertion_jti (expires_at_ms)
;;
";
