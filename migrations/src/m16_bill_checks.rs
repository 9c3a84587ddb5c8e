//! What the fiscal platform said of the bills on documents, and how often it was asked.

crate::sql_migration! {
    /// `bill_check`, `bill_check_bill_day` and `bill_check_day`.
    SQL
}

// `query_sealed` is a bill by its five parts; `query_lookup` finds the same five parts again, `bill_lookup` the same bill (code and number).
// A row is due when `next_ask_at_ms` has passed. Both counters stay when a document is taken back, and together they agree: a day's sum over
// the bills is the day's total. `claim_id` has no foreign key: a check is written while its document is held, and whoever holds both takes
// the claim first.
const SQL: &str = r"
create table bill_check (
    id {uuid} primary key,
    document_id {uuid} not null references document (id),
    claim_id {uuid} not null,
    source text not null check (source in ('qr', 'ocr')),
    bill_lookup {bytes} not null check (length(bill_lookup) = 32),
    query_lookup {bytes} not null check (length(query_lookup) = 32),
    query_sealed {bytes} not null,
    verdict text check (verdict in ('true', 'false', 'cannot_be_checked')),
    reason text check (reason in ('no_platform_configured', 'budget_used_up', 'platform_unavailable', 'bill_too_new', 'bill_too_old', 'answer_not_understood')),
    tries integer not null default 0 check (tries >= 0),
    asked_at_ms bigint,
    answered_at_ms bigint,
    next_ask_at_ms bigint,
    created_at_ms bigint not null,
    unique (document_id, query_lookup),
    check ((reason is not null) = (verdict is not null and verdict = 'cannot_be_checked')),
    check ((verdict is null) = (answered_at_ms is null)),
    check (verdict is not null or next_ask_at_ms is not null),
    check (verdict is null or verdict <> 'true' or next_ask_at_ms is null),
    check (tries = 0 or asked_at_ms is not null)
)
;;
create index bill_check_claim on bill_check (claim_id, created_at_ms, id)
;;
create index bill_check_query on bill_check (query_lookup, answered_at_ms)
;;
create index bill_check_answered on bill_check (answered_at_ms, verdict)
;;
create table bill_check_bill_day (
    day date not null,
    bill_lookup {bytes} not null check (length(bill_lookup) = 32),
    asked integer not null check (asked between 1 and 5),
    primary key (day, bill_lookup)
)
;;
create table bill_check_day (
    day date primary key,
    asked integer not null,
    allowed integer not null,
    check (asked between 1 and allowed)
)
;;
";
