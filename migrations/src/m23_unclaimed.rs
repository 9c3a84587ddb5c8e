//! Sums that lie with the fund: since when, and of which age the member was last reminded.

sql_migration!(
    /// `unclaimed_since_ms` and `reminded_days` of `payout`.
    SQL
);

// Set when a payout fails so that its member must act, or its money came back; cleared when it is paid. Payouts that failed before are found
// by their last order: returned, or refused for the payee's name or card.
const SQL: &str = r"
alter table payout add column unclaimed_since_ms bigint
;;
alter table payout add column reminded_days integer not null default 0
;;
create index payout_unclaimed on payout (unclaimed_since_ms, id) where state = 'failed' and unclaimed_since_ms is not null
;;
update payout set unclaimed_since_ms = (
    select changed_at_ms from payout_order where payout_order.payout_id = payout.id
    and (payout_order.state = 'returned' or (payout_order.state = 'rejected_confirmed'
        and reason_code in ('AC01', 'AC03', 'AC04', 'AC06', 'AC07', 'AC16', 'BE01', 'BE06', 'BE20', 'BE22', 'RC04', 'RC08', 'RC10', 'RR10')))
    and try_no = (select max(try_no) from payout_order newest where newest.payout_id = payout.id))
where state = 'failed'
;;
";
