//! What a claim is told of its payout: released, paid, failed. The claim moves itself; nothing here knows its states.

use sea_orm::DatabaseTransaction;

use super::reason::Mend;
use super::rows::payout;
use crate::app::App;
use crate::http::Problem;
use crate::kernel::clock::Moment;

/// A checker released the order that pays it.
pub(super) async fn released(_txn: &DatabaseTransaction, _app: &App, _payout: &payout::Model) -> Result<(), Problem> {
    Ok(())
}

/// The bank paid it, at `paid_at` by the bank's clock.
pub(super) async fn paid(
    _txn: &DatabaseTransaction,
    _app: &App,
    _payout: &payout::Model,
    _paid_at: Moment,
) -> Result<(), Problem> {
    Ok(())
}

/// Its last order failed for good, or its money came back.
pub(super) async fn failed(
    _txn: &DatabaseTransaction,
    _app: &App,
    _payout: &payout::Model,
    _mend: Mend,
) -> Result<(), Problem> {
    Ok(())
}
