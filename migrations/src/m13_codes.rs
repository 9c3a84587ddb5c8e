//! What the codes on a document say.

crate::sql_migration! {
    /// `document` with what was read on it.
    SQL
}

const SQL: &str = r"
alter table document add column codes_sealed {bytes}
;;
";
