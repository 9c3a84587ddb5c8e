//! A document has pages: a PDF has one reading copy for each. And two more kinds of masters, HEIC and PDF, and what was measured on a picture.

crate::sql_migration! {
    /// `document_file` with pages.
    SQL
}

// SQLite changes neither a key nor a check of a table that is there, so both databases make it anew.
const SQL: &str = r"
alter table document add column measures {json}
;;
create table document_file_before as select * from document_file
;;
drop table document_file
;;
create table document_file (
    document_id {uuid} not null references document (id),
    rendition text not null check (rendition in ('master', 'reading', 'thumbnail')),
    page integer not null check (page between 1 and 30),
    object_key text not null unique,
    content_type text not null
        check (content_type in ('image/jpeg', 'image/png', 'image/webp', 'image/heic', 'application/pdf')),
    sha256 {bytes} not null check (length(sha256) = 32),
    size_bytes bigint not null check (size_bytes > 0),
    width integer not null check (width > 0),
    height integer not null check (height > 0),
    primary key (document_id, rendition, page),
    check (page = 1 or rendition = 'reading'),
    check (rendition = 'master' or content_type = 'image/jpeg')
)
;;
insert into document_file (document_id, rendition, page, object_key, content_type, sha256, size_bytes, width, height)
select document_id, rendition, 1, object_key, content_type, sha256, size_bytes, width, height from document_file_before
;;
drop table document_file_before
;;
";
