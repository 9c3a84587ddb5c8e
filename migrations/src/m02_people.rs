//! Organisations, units, members with their service cards, and staff.

crate::sql_migration! {
    /// Tables of people and where they belong.
    SQL
}

// `path` is the materialised way from the root, "/<id>/<id>/", so that a subtree is one range of an index.
// `text collate` differs between the databases; paths hold only hex digits, dashes and slashes.
const SQL: &str = r"
create table organisation (
    id {uuid} primary key,
    parent_id {uuid} references organisation (id),
    level text not null check (level in ('city', 'district', 'grassroots')),
    name text not null,
    path text not null unique,
    created_at_ms bigint not null,
    check ((level = 'city') = (parent_id is null))
)
;;
create index organisation_parent on organisation (parent_id)
;;
create table unit (
    id {uuid} primary key,
    organisation_id {uuid} not null references organisation (id),
    name text not null,
    credit_code text not null unique,
    created_at_ms bigint not null
)
;;
create index unit_organisation on unit (organisation_id)
;;
create table member (
    id {uuid} primary key,
    unit_id {uuid} not null references unit (id),
    name_sealed {bytes} not null,
    national_id_sealed {bytes} not null,
    national_id_lookup {bytes} not null unique,
    phone_sealed {bytes} not null,
    phone_lookup {bytes} not null unique,
    language text not null default 'zh-CN' check (language in ('zh-CN', 'en')),
    version bigint not null default 1,
    created_at_ms bigint not null
)
;;
create index member_unit on member (unit_id)
;;
create table service_card (
    id {uuid} primary key,
    member_id {uuid} not null references member (id),
    card_version bigint not null check (card_version > 0),
    number_sealed {bytes} not null,
    number_lookup {bytes} not null,
    number_tail text not null check (length(number_tail) = 4),
    holder_name_sealed {bytes} not null,
    state text not null check (state in ('active', 'replaced', 'blocked')),
    usable_from_ms bigint not null,
    created_at_ms bigint not null,
    unique (member_id, card_version)
)
;;
create unique index service_card_one_active on service_card (member_id) where state = 'active'
;;
create index service_card_number on service_card (number_lookup)
;;
create table staff (
    id {uuid} primary key,
    organisation_id {uuid} not null references organisation (id),
    unit_id {uuid} references unit (id),
    login text not null unique,
    display_name text not null,
    state text not null check (state in ('active', 'disabled')),
    version bigint not null default 1,
    created_at_ms bigint not null
)
;;
create table staff_role (
    staff_id {uuid} not null references staff (id),
    role text not null check (role in ('liaison', 'reviewer', 'payout_maker', 'payout_checker', 'plan_editor', 'auditor')),
    granted_at_ms bigint not null,
    primary key (staff_id, role)
)
;;
";
