//! What was read on documents.

crate::sql_migration! {
    /// `document_reading`.
    SQL
}

// A row waits from the moment a document is clean until its pages are read; it goes when the document is taken back.
const SQL: &str = r"
create table document_reading (
    document_id {uuid} primary key references document (id),
    state text not null check (state in ('waiting', 'read', 'unreadable')),
    engine text not null,
    pages_sealed {bytes},
    asked_at_ms bigint not null,
    read_at_ms bigint,
    check ((state = 'read') = (pages_sealed is not null)),
    check ((state = 'waiting') = (read_at_ms is null))
)
;;
";
