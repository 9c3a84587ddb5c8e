//! The witness: what the database says of a batch at the first byte of its sending.

use sea_orm::Iterable;
use sea_orm::sqlx::{self, AssertSqlSafe, Row, SqlitePool};

use crate::recon::BreakKind;

/// What the database says of a batch at the first byte of its sending.
pub(super) struct Seen {
    sha256: String,
    released_sha256: Option<String>,
    same_person: bool,
    checker_may: bool,
    stops: i64,
    state: String,
    counts: bool,
    pub(super) changed_cards: i64,
    open_sendings: i64,
    in_safe_mode: bool,
    pub(super) resend: bool,
    pub(super) value_date: String,
}

impl Seen {
    /// What of it forbids the sending.
    pub(super) fn wrong(&self, sent_sha256: &str) -> Vec<&'static str> {
        let mut wrong = Vec::new();
        let mut check = |good: bool, what| {
            if !good {
                wrong.push(what);
            }
        };
        check(self.sha256 == sent_sha256, "with other bytes than were prepared");
        check(self.released_sha256.as_deref() == Some(sent_sha256), "with other bytes than were released");
        check(!self.same_person, "that its maker released");
        check(self.checker_may, "whose checker may not release");
        check(self.stops == 0, "while a break stops sending");
        check(!self.in_safe_mode, "in SAFE mode");
        check(self.state == "dispatching", "without its sending being written first");
        check(self.counts, "with another count or sum than its orders");
        check(self.open_sendings == 1, "without exactly one sending under way");
        wrong
    }
}

/// What it says now; none for a batch that is not ours.
pub(super) async fn look(outside: &SqlitePool, batch_ref: &str) -> Result<Option<Seen>, sqlx::Error> {
    let kinds: Vec<String> =
        BreakKind::iter().filter(|kind| kind.stops_dispatch()).map(|kind| format!("'{kind:?}'")).collect();
    let sql = format!(
        "select b.sha256, b.released_sha256, b.checker_id is null or b.checker_id = b.maker_id, \
         exists (select 1 from staff s join staff_role r on r.staff_id = s.id \
             where s.id = b.checker_id and s.state = 'active' and r.role = 'payout_checker'), \
         (select count(*) from recon_break k where k.account = b.debit_account and k.state = 'open' and k.kind in ({})), \
         b.state, \
         (select count(*) = b.order_count and coalesce(sum(o.amount_fen), 0) = b.total_fen from payout_order o where o.batch_id = b.id), \
         (select count(*) from payout_order o join payout p on p.id = o.payout_id where o.batch_id = b.id \
             and not exists (select 1 from service_card c where c.member_id = p.member_id and c.state = 'active' and c.card_version = o.card_version)), \
         (select count(*) from dispatch d where d.batch_id = b.id and d.outcome is null), \
         coalesce((select d.resend from dispatch d where d.batch_id = b.id order by d.attempt_no desc limit 1), 0), \
         b.value_date, coalesce((select s.safe from safe_mode_event s order by s.id desc limit 1), 0) from payout_batch b where b.batch_ref = $1",
        kinds.join(", ")
    );
    let row = sqlx::query(AssertSqlSafe(sql)).bind(batch_ref).fetch_optional(outside).await?;
    row.map(|row| {
        Ok(Seen {
            sha256: row.try_get(0)?,
            released_sha256: row.try_get(1)?,
            same_person: row.try_get(2)?,
            checker_may: row.try_get(3)?,
            stops: row.try_get(4)?,
            state: row.try_get(5)?,
            counts: row.try_get(6)?,
            changed_cards: row.try_get(7)?,
            open_sendings: row.try_get(8)?,
            resend: row.try_get(9)?,
            value_date: row.try_get(10)?,
            in_safe_mode: row.try_get(11)?,
        })
    })
    .transpose()
}
