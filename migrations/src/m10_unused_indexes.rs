//! Indexes that nothing looks into: duplicates are found by `claim_plan_once` and `claim_plan_serial_once`, and each submission paid for these.

crate::sql_migration! {
    /// Fewer indexes.
    SQL
}

const SQL: &str = r"
drop index claim_event
;;
drop index claim_serial
;;
";
