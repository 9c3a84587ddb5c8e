//! A document keeps the signature that came with it, and by whose certificate it counted.

sql_migration!(
    /// Signatures of the bank's documents.
    SIGNED
);

const SIGNED: &str = r"
alter table bank_document add column signature {bytes}
;;
alter table bank_document add column signed_by text check (signed_by is null or (length(signed_by) = 64 and signature is not null))
;;
-- sqlite:
create trigger bank_document_stays_signed before update on bank_document
when old.signed_by is not null and (new.signed_by is not old.signed_by or new.signature is not old.signature)
begin select raise(abort, 'a signature that counted never changes'); end
;;
-- postgres:
create function bank_document_stays_signed() returns trigger language plpgsql as $$
begin
    if old.signed_by is not null and (old.signed_by, old.signature) is distinct from (new.signed_by, new.signature) then
        raise exception 'a signature that counted never changes';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger bank_document_stays_signed before update on bank_document for each row execute function bank_document_stays_signed()
;;
";
