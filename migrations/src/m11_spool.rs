//! Each upload knows in which spool its bytes lie, so that a process with another one never mistakes a file of its own for them.

crate::sql_migration! {
    /// The spool of an upload.
    SQL
}

const SQL: &str = r"
alter table upload add column spool_id {uuid}
;;
";
