//! Documents, their stored files, and uploads on their way.

crate::sql_migration! {
    /// Tables of documents.
    SQL
}

// `set_id` names the one try at storing a document whose objects count. `expires_at_ms` of an upload is empty when all bytes
// are here, so that the sweeper's index holds open uploads alone.
const SQL: &str = r"
create table document (
    id {uuid} primary key,
    claim_id {uuid} not null references claim (id),
    kind text not null check (kind in ('bill', 'settlement_sheet', 'charge_list', 'diagnosis', 'discharge_summary', 'id_card', 'relationship_proof', 'other')),
    state text not null check (state in ('receiving', 'received', 'checking', 'clean', 'rejected', 'expired', 'withdrawn')),
    reason_code text,
    size_bytes bigint not null check (size_bytes between 1 and 20971520),
    declared_sha256 {bytes} check (length(declared_sha256) = 32),
    original_sha256 {bytes} check (length(original_sha256) = 32),
    orientation integer check (orientation between 1 and 8),
    set_id {uuid},
    uploaded_by {uuid} not null,
    version bigint not null default 1 check (version > 0),
    created_at_ms bigint not null,
    updated_at_ms bigint not null,
    check (reason_code is null or state in ('rejected', 'withdrawn')),
    check (reason_code is not null or state <> 'rejected'),
    check (original_sha256 is not null or state not in ('received', 'checking', 'clean')),
    check (set_id is not null or state <> 'clean'),
    check (set_id is null or state in ('clean', 'withdrawn'))
)
;;
create index document_claim on document (claim_id, created_at_ms, id)
;;
create index document_sender on document (uploaded_by, created_at_ms)
;;
create table document_file (
    document_id {uuid} not null references document (id),
    rendition text not null check (rendition in ('master', 'reading', 'thumbnail')),
    object_key text not null unique,
    content_type text not null check (content_type in ('image/jpeg', 'image/png', 'image/webp')),
    sha256 {bytes} not null check (length(sha256) = 32),
    size_bytes bigint not null check (size_bytes > 0),
    width integer not null check (width > 0),
    height integer not null check (height > 0),
    primary key (document_id, rendition)
)
;;
create table upload (
    document_id {uuid} primary key references document (id),
    sender_id {uuid} not null,
    size_bytes bigint not null check (size_bytes > 0),
    durable_offset bigint not null default 0,
    lease_holder {uuid},
    lease_until_ms bigint,
    takeover boolean not null default false,
    fencing bigint not null default 0,
    expires_at_ms bigint,
    created_at_ms bigint not null,
    check (durable_offset between 0 and size_bytes),
    check ((lease_holder is null) = (lease_until_ms is null))
)
;;
create index upload_open on upload (expires_at_ms) where expires_at_ms is not null
;;
";
