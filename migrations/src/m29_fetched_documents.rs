//! A document that came by another road first may be fetched from the bank since: then it is the bank's, whatever signature lies beside it.

crate::sql_migration! {
    /// A column of `bank_document`, which is set once.
    FETCHED
}

const FETCHED: &str = r"
-- the adapter fetched the same bytes after they had come by another road
alter table bank_document add column fetched boolean not null default false
;;
-- sqlite:
create trigger bank_document_stays_fetched before update on bank_document
when old.fetched and not new.fetched
begin select raise(abort, 'a document that was fetched stays so'); end
;;
-- postgres:
create function bank_document_stays_fetched() returns trigger language plpgsql as $$
begin raise exception 'a document that was fetched stays so'; end $$
;;
-- postgres:
create trigger bank_document_stays_fetched before update on bank_document for each row
    when (old.fetched and not new.fetched) execute function bank_document_stays_fetched()
";
