//! Every file that the bank ever gave, with what became of it; a statement is taken in steps, and its bytes are the document's.

sql_migration!(
    /// The bank's documents, and statements that are taken in steps.
    DOCUMENTS
);

const DOCUMENTS: &str = r"
create table bank_document (
    id {uuid} primary key,
    account text not null,
    kind text not null check (kind in ('pain.002', 'camt.052', 'camt.053', 'camt.054', 'cn-result', 'cn-return', 'cn-statement')),
    source text not null check (source in ('upload', 'transport', 'cli', 'adapter')),
    name text check (name is null or length(name) <= 255),
    business_date date,
    seq bigint check (seq is null or seq > 0),
    sha256 text not null check (length(sha256) = 64),
    content_sha256 text check (content_sha256 is null or length(content_sha256) = 64),
    size_bytes bigint not null check (size_bytes >= 0),
    part_count integer not null check (part_count >= 0),
    state text not null check (state in ('received', 'verified', 'parsed', 'applied', 'quarantined', 'rejected', 'duplicate')),
    item_count bigint not null default 0 check (item_count >= 0),
    applied_count bigint not null default 0 check (applied_count >= 0),
    ignored_count bigint not null default 0 check (ignored_count >= 0),
    why text,
    errors {json} not null,
    received_at_ms bigint not null,
    applied_at_ms bigint,
    unique (account, sha256),
    check ((state = 'applied') = (applied_at_ms is not null)),
    check (state not in ('quarantined', 'rejected') or why is not null)
)
;;
create unique index bank_document_number on bank_document (account, kind, seq)
    where seq is not null and state in ('received', 'verified', 'parsed', 'applied')
;;
create index bank_document_content on bank_document (account, kind, content_sha256) where content_sha256 is not null
;;
create index bank_document_name on bank_document (account, name) where name is not null
;;
create index bank_document_open on bank_document (state, id) where state in ('received', 'verified', 'parsed')
;;
create table bank_document_bytes (
    document_id {uuid} primary key references bank_document (id),
    bytes_sealed {bytes} not null
)
;;
-- sqlite:
create trigger bank_document_keeps_what_came before update on bank_document
when old.account <> new.account or old.kind <> new.kind or old.sha256 <> new.sha256 or old.size_bytes <> new.size_bytes
  or old.part_count <> new.part_count or old.source <> new.source or old.received_at_ms <> new.received_at_ms
  or old.state in ('applied', 'duplicate')
begin select raise(abort, 'a document of the bank never changes'); end
;;
-- sqlite:
create trigger bank_document_never_goes before delete on bank_document
begin select raise(abort, 'a document of the bank never goes'); end
;;
-- sqlite:
create trigger bank_document_bytes_never_change before update on bank_document_bytes
begin select raise(abort, 'a document of the bank never changes'); end
;;
-- sqlite:
create trigger bank_document_bytes_never_go before delete on bank_document_bytes
begin select raise(abort, 'a document of the bank never goes'); end
;;
-- postgres:
create function bank_document_keeps() returns trigger language plpgsql as $$
begin
    if (old.account, old.kind, old.sha256, old.size_bytes, old.part_count, old.source, old.received_at_ms)
            is distinct from (new.account, new.kind, new.sha256, new.size_bytes, new.part_count, new.source, new.received_at_ms)
        or old.state in ('applied', 'duplicate') then
        raise exception 'a document of the bank never changes';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger bank_document_keeps_what_came before update on bank_document for each row execute function bank_document_keeps()
;;
-- postgres:
create function bank_document_never_goes() returns trigger language plpgsql as $$ begin raise exception 'a document of the bank never goes'; end $$
;;
-- postgres:
create trigger bank_document_never_goes before delete on bank_document for each row execute function bank_document_never_goes()
;;
-- postgres:
create trigger bank_document_bytes_never_change before update or delete on bank_document_bytes for each row execute function bank_document_never_goes()
;;
-- postgres:
create trigger bank_document_never_emptied before truncate on bank_document for each statement execute function bank_document_never_goes()
;;
-- postgres:
create trigger bank_document_bytes_never_emptied before truncate on bank_document_bytes for each statement execute function bank_document_never_goes()
;;
create table bank_notice (
    id {uuid} primary key,
    document_id {uuid} not null references bank_document (id),
    account text not null,
    entry_serial text not null,
    entry_no bigint not null,
    bank_serial text not null,
    bank_ref text,
    amount_fen bigint not null check (amount_fen > 0),
    credit boolean not null,
    booked_on date not null,
    return_reason text,
    fingerprint text not null unique
)
;;
create index bank_notice_entry on bank_notice (account, entry_serial)
;;
-- sqlite:
create trigger bank_notice_never_changes before update on bank_notice begin select raise(abort, 'a notice of the bank never changes'); end
;;
-- postgres:
create trigger bank_notice_never_changes before update or delete on bank_notice for each row execute function bank_document_never_goes()
;;
-- sqlite:
drop trigger statement_never_changes
;;
-- postgres:
drop trigger statement_never_changes on statement
;;
-- sqlite:
alter table statement add column kept blob
;;
-- sqlite:
update statement set kept = bytes
;;
-- sqlite:
alter table statement drop column bytes
;;
-- sqlite:
alter table statement rename column kept to bytes
;;
-- postgres:
alter table statement alter column bytes drop not null
;;
alter table statement add column document_id {uuid} references bank_document (id)
;;
alter table statement add column taking_count bigint
;;
alter table statement add column taking_fen bigint
;;
create index payout_order_serial on payout_order (bank_serial) where bank_serial is not null
;;
create unique index statement_taking on statement (account) where taking_count is not null
;;
-- sqlite:
create trigger statement_never_changes before update on statement
when old.taking_count is null or new.taking_count <= old.taking_count
  or old.id <> new.id or old.account <> new.account or old.seq <> new.seq or old.business_date <> new.business_date
  or old.opening_fen <> new.opening_fen or old.closing_fen <> new.closing_fen or old.entry_count <> new.entry_count
  or old.debits_fen <> new.debits_fen or old.credits_fen <> new.credits_fen or old.sha256 <> new.sha256
  or old.bytes is not new.bytes or old.document_id is not new.document_id or old.imported_at_ms <> new.imported_at_ms
begin select raise(abort, 'statement is append-only'); end
;;
-- postgres:
create function statement_only_goes_on() returns trigger language plpgsql as $$
begin
    if old.taking_count is null or new.taking_count <= old.taking_count
        or (old.id, old.account, old.seq, old.business_date, old.opening_fen, old.closing_fen, old.entry_count, old.debits_fen,
            old.credits_fen, old.sha256, old.bytes, old.document_id, old.imported_at_ms)
            is distinct from (new.id, new.account, new.seq, new.business_date, new.opening_fen, new.closing_fen, new.entry_count,
            new.debits_fen, new.credits_fen, new.sha256, new.bytes, new.document_id, new.imported_at_ms) then
        raise exception 'statement is append-only';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger statement_never_changes before update on statement for each row execute function statement_only_goes_on()
;;
-- postgres:
create trigger statement_never_deleted before delete on statement for each row execute function statement_refuses()
;;
";
