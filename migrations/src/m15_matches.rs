//! The same receipt twice: what tells a document's pages from others, which bill it is, and what was found.

crate::sql_migration! {
    /// `document_print`, `document_print_key`, `document_bill_key` and `document_match`.
    SQL
}

// `prints` counts the pages of a document that have one; it is empty for those that were checked before there were any. A print is
// found by its keys alone, so that table is its own index. Of two documents that match, the one that was announced later comes first.
const SQL: &str = r"
alter table document add column prints integer check (prints between 0 and 30)
;;
alter table document add column compared_at_ms bigint
;;
create index document_original on document (original_sha256, id) where original_sha256 is not null
;;
create table document_print (
    document_id {uuid} not null references document (id),
    page integer not null check (page between 1 and 30),
    view text not null check (view in ('picture', 'sheet')),
    bits {bytes} not null check (length(bits) = 2048),
    coarse {bytes} not null check (length(coarse) = 1024),
    primary key (document_id, page, view)
)
;;
-- sqlite:
create table document_print_key (
    print_key bigint not null,
    document_id blob not null references document (id),
    page integer not null,
    primary key (print_key, document_id, page)
) without rowid
;;
-- postgres:
create table document_print_key (
    print_key bigint not null,
    document_id uuid not null references document (id),
    page integer not null,
    primary key (print_key, document_id, page)
)
;;
create table document_bill_key (
    bill_key {bytes} not null check (length(bill_key) = 32),
    document_id {uuid} not null references document (id),
    page integer not null check (page between 1 and 30),
    primary key (bill_key, document_id)
)
;;
create index document_bill_key_document on document_bill_key (document_id)
;;
create table document_match (
    id {uuid} primary key,
    document_id {uuid} not null references document (id),
    other_document_id {uuid} not null references document (id),
    how text not null check (how in ('exact', 'near', 'bill_key')),
    page integer not null check (page between 1 and 30),
    other_page integer not null check (other_page between 1 and 30),
    distance integer check (distance between 0 and 1000),
    turns integer not null check (turns between 0 and 3),
    within_claim boolean not null,
    found_at_ms bigint not null,
    judgement text check (judgement in ('same', 'different')),
    remark_sealed {bytes},
    judged_by {uuid} references staff (id),
    judged_at_ms bigint,
    unique (document_id, other_document_id, how),
    check (other_document_id < document_id),
    check ((how = 'near') = (distance is not null)),
    check ((judgement is null) = (judged_by is null)),
    check ((judgement is null) = (judged_at_ms is null)),
    check (remark_sealed is null or judgement is not null)
)
;;
create index document_match_other on document_match (other_document_id)
;;
";
