//! Indexes for what is looked for every second, every hour or with every claim, so that its cost does not grow with what is kept.

crate::sql_migration! {
    /// Indexes.
    SQL
}

const SQL: &str = r"
create index job_dead on job (id) where state = 'dead'
;;
create index supplement_claim on supplement (claim_id, asked_at_ms)
;;
create index refresh_token_session on refresh_token (session_id)
;;
create index sign_in_failure_age on sign_in_failure (last_try_at_ms)
;;
";
