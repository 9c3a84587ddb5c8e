//! Of the jobs that are due, those that somebody or some money waits for go before those that only tell of it.

crate::sql_migration! {
    /// A column of `job`, and the index by which the next one is found.
    LANES
}

const LANES: &str = r"
-- 0: work; 1: news of it
alter table job add column lane smallint not null default 0 check (lane in (0, 1))
;;
create index job_next on job (lane, run_at_ms) where state in ('ready', 'running')
;;
drop index job_due
";
