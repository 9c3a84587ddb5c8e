//! Claims: their timeline, what was assessed, what was decided, what was asked for.

use sea_orm_migration::prelude::*;

/// Tables of claims.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run_sql(manager, SQL).await?;
        for table in ["claim_timeline", "decision", "decision_line"] {
            crate::append_only(manager, table).await?;
        }
        Ok(())
    }
}

// A claim's row says what its state needs and nothing else: the CHECKs repeat `claims::state`.
const SQL: &str = r"
create table claim (
    id {uuid} primary key,
    member_id {uuid} not null references member (id),
    origin text not null check (origin in ('member_app', 'unit', 'data_feed', 'staff')),
    state text not null check (state in ('draft', 'checking', 'accepted', 'in_review', 'waiting_for_member', 'approved',
        'partly_approved', 'rejected', 'paying', 'paid', 'payout_failed', 'withdrawn', 'lapsed')),
    version bigint not null default 1 check (version > 0),
    declaration_sealed {bytes} not null,
    event_lookup {bytes},
    serial_lookup {bytes},
    organisation_path text not null,
    review_level text check (review_level in ('grassroots', 'district', 'city')),
    reviewer_id {uuid} references staff (id),
    last_reviewer_id {uuid} references staff (id),
    created_at_ms bigint not null,
    updated_at_ms bigint not null,
    submitted_at_ms bigint,
    accepted_at_ms bigint,
    due_on date,
    awaits_card boolean not null default false,
    check (not awaits_card or state = 'payout_failed'),
    check ((state = 'in_review') = (reviewer_id is not null)),
    check (state not in ('accepted', 'in_review', 'approved', 'partly_approved', 'paying', 'paid', 'payout_failed') or accepted_at_ms is not null),
    check (state not in ('accepted', 'in_review') or review_level is not null),
    check (state in ('draft', 'withdrawn') or submitted_at_ms is not null),
    check (state in ('draft', 'withdrawn') or event_lookup is not null)
)
;;
create index claim_member on claim (member_id, created_at_ms)
;;
create index claim_queue on claim (organisation_path, accepted_at_ms) where state in ('accepted', 'in_review')
;;
create index claim_reviewer on claim (reviewer_id) where reviewer_id is not null
;;
create index claim_running on claim (due_on) where due_on is not null and state in ('checking', 'accepted', 'in_review', 'waiting_for_member', 'approved', 'partly_approved', 'paying', 'payout_failed')
;;
create index claim_event on claim (event_lookup) where event_lookup is not null
;;
create index claim_serial on claim (serial_lookup) where serial_lookup is not null
;;
create table claim_timeline (
    claim_id {uuid} not null references claim (id),
    seq bigint not null check (seq > 0),
    command text not null,
    from_state text,
    to_state text not null,
    promise text check (promise in ('start', 'pause', 'resume', 'restart', 'stop')),
    promise_at_ms bigint,
    actor_kind text not null check (actor_kind in ('member', 'staff', 'system', 'bank')),
    actor_id {uuid},
    reason_code text,
    text_zh text not null,
    text_en text not null,
    at_ms bigint not null,
    primary key (claim_id, seq),
    check ((from_state is null) = (seq = 1)),
    check ((promise is null) = (promise_at_ms is null))
)
;;
create table claim_plan (
    claim_id {uuid} not null references claim (id),
    plan_id {uuid} not null references plan (id),
    member_id {uuid} not null references member (id),
    enrolment_id {uuid} not null references enrolment (id),
    plan_version_id {uuid} not null references plan_version (id),
    event_lookup {bytes} not null,
    serial_lookup {bytes},
    event_on date not null,
    stays bigint not null check (stays >= 0),
    stays_before bigint not null check (stays_before >= 0),
    days bigint not null check (days >= 0),
    assessed_fen bigint not null check (assessed_fen >= 0),
    granted_fen bigint check (granted_fen >= 0),
    assessment_sealed {bytes} not null,
    live boolean not null,
    assessed_at_ms bigint not null,
    primary key (claim_id, plan_id),
    check (granted_fen <= assessed_fen)
)
;;
create unique index claim_plan_once on claim_plan (plan_id, event_lookup) where live
;;
create unique index claim_plan_serial_once on claim_plan (plan_id, serial_lookup) where live and serial_lookup is not null
;;
create index claim_plan_before on claim_plan (member_id, plan_id, event_on) where live
;;
create table decision (
    id {uuid} primary key,
    claim_id {uuid} not null references claim (id),
    number bigint not null check (number > 0),
    outcome text not null check (outcome in ('approved', 'partly_approved', 'rejected')),
    granted_fen bigint not null check (granted_fen >= 0),
    reason_code text not null,
    remark_sealed {bytes},
    decided_by {uuid} references staff (id),
    decided_at_ms bigint not null,
    unique (claim_id, number),
    check ((outcome = 'rejected') = (granted_fen = 0))
)
;;
create table decision_line (
    decision_id {uuid} not null references decision (id),
    plan_id {uuid} not null references plan (id),
    assessed_fen bigint not null check (assessed_fen >= 0),
    granted_fen bigint not null check (granted_fen >= 0),
    reason_code text not null,
    primary key (decision_id, plan_id),
    check (granted_fen <= assessed_fen)
)
;;
create table supplement (
    id {uuid} primary key,
    claim_id {uuid} not null references claim (id),
    state text not null check (state in ('open', 'answered', 'closed')),
    items_sealed {bytes} not null,
    answers_sealed {bytes},
    asked_by {uuid} references staff (id),
    asked_at_ms bigint not null,
    term_ends_on date not null,
    answered_at_ms bigint,
    check ((state = 'answered') = (answered_at_ms is not null))
)
;;
create unique index supplement_one_open on supplement (claim_id) where state = 'open'
;;
";
