//! Plans with their dated versions, who is enrolled in them, and the lists of working days that were loaded.

use sea_orm_migration::prelude::*;

/// Tables of plans, cover and the calendar.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run_sql(manager, SQL).await?;
        crate::append_only(manager, "plan_version").await
    }
}

// `document` is text and not json: its bytes are what `sha256` is of. A version that starts later takes the place of the one before it.
// An enrolment without a version of its own is judged by the version in force on the day of the event.
const SQL: &str = r"
create table plan (
    id {uuid} primary key,
    code text not null unique,
    name_zh text not null,
    name_en text not null,
    funding text not null check (funding in ('with_membership', 'by_share')),
    created_at_ms bigint not null
)
;;
create table plan_version (
    id {uuid} primary key,
    plan_id {uuid} not null references plan (id),
    version text not null,
    document text not null,
    sha256 {bytes} not null,
    starts_on date not null,
    ends_on date,
    verified boolean not null,
    created_at_ms bigint not null,
    unique (plan_id, version),
    unique (plan_id, starts_on),
    check (ends_on is null or ends_on >= starts_on)
)
;;
create table enrolment (
    id {uuid} primary key,
    member_id {uuid} not null references member (id),
    plan_id {uuid} not null references plan (id),
    plan_version_id {uuid} references plan_version (id),
    unit_id {uuid} references unit (id),
    shares bigint not null check (shares between 1 and 100),
    starts_on date not null,
    ends_on date,
    renewal boolean not null,
    created_at_ms bigint not null,
    unique (member_id, plan_id, starts_on),
    check (ends_on is null or ends_on >= starts_on)
)
;;
create table calendar_year (
    year bigint primary key,
    document text not null,
    sha256 {bytes} not null,
    loaded_at_ms bigint not null
)
;;
";
