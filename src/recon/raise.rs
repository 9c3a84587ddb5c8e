//! Writing a disagreement down, once.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, Iterable, PaginatorTrait, QueryFilter, UpdateMany};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::BreakKind;
use super::rows::recon_break;
use crate::app::App;
use crate::db::literal;
use crate::kernel::money::Fen;

/// A disagreement that was seen.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Which kind.
    pub kind: BreakKind,
    /// The account.
    pub account: String,
    /// What makes it the same disagreement when it is seen again.
    pub mark: String,
    /// The order.
    pub order_id: Option<Uuid>,
    /// The batch.
    pub batch_id: Option<Uuid>,
    /// The booking.
    pub entry_id: Option<Uuid>,
    /// How much is at stake.
    pub amount_fen: Fen,
    /// What was seen, without anything personal.
    pub detail: String,
}

impl Seen {
    /// A disagreement about an account; `mark` makes it the same one when it is seen again.
    #[must_use]
    pub fn new(kind: BreakKind, account: &str, mark: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            kind,
            account: account.to_owned(),
            mark: mark.into(),
            order_id: None,
            batch_id: None,
            entry_id: None,
            amount_fen: Fen::ZERO,
            detail: detail.into(),
        }
    }
}

/// Writes `seen` down unless it was before. What a person resolved stays so, except a kind that [lasts](BreakKind::opens_again).
///
/// # Errors
/// Those of the database.
pub async fn raise(connection: &impl ConnectionTrait, app: &App, seen: Seen) -> Result<(), DbErr> {
    let (kind, now) = (seen.kind, app.clock.now());
    let fingerprint = fingerprint(seen.kind, &seen.account, &seen.mark);
    let row = recon_break::ActiveModel {
        id: Set(app.ids.next()),
        kind: Set(seen.kind),
        account: Set(seen.account),
        fingerprint: Set(fingerprint.clone()),
        order_id: Set(seen.order_id),
        batch_id: Set(seen.batch_id),
        entry_id: Set(seen.entry_id),
        amount_fen: Set(seen.amount_fen),
        detail: Set(seen.detail),
        owner_role: Set(seen.kind.owner_role().to_owned()),
        state: Set("open".to_owned()),
        opened_at_ms: Set(now),
        resolved_at_ms: Set(None),
        resolution: Set(None),
        ..Default::default()
    };
    let inserted = recon_break::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(connection)
        .await?;
    let mut opened = inserted > 0;
    if !opened && kind.opens_again() {
        use recon_break::Column as C;
        let again = recon_break::ActiveModel {
            state: Set("open".to_owned()),
            opened_at_ms: Set(now),
            resolved_at_ms: Set(None),
            resolution: Set(None),
            proposal: Set(None),
            proposed_by: Set(None),
            proposed_at_ms: Set(None),
            resolved_by: Set(None),
            ..Default::default()
        };
        let done = recon_break::Entity::update_many()
            .set(again)
            .filter(C::Fingerprint.eq(fingerprint))
            .filter(C::State.eq("resolved"))
            .exec(connection)
            .await?;
        opened = done.rows_affected > 0;
    }
    if opened {
        tracing::warn!(break.kind = ?kind, "recon.break was opened");
    }
    Ok(())
}

/// True while a disagreement that stops sending is open for `account`.
///
/// # Errors
/// Those of the database.
pub async fn stops_dispatch(connection: &impl ConnectionTrait, account: &str) -> Result<bool, DbErr> {
    use recon_break::Column as C;
    use sea_orm::sea_query::ExprTrait;
    let kinds: Vec<BreakKind> = BreakKind::iter().filter(|kind| kind.stops_dispatch()).collect();
    let open = recon_break::Entity::find()
        .filter(C::Account.eq(account))
        .filter(C::State.into_expr().eq(literal("open")))
        .filter(C::Kind.is_in(kinds))
        .count(connection)
        .await?;
    Ok(open > 0)
}

/// How many breaks are open.
///
/// # Errors
/// Those of the database.
pub async fn count_open(connection: &impl ConnectionTrait) -> Result<u64, DbErr> {
    recon_break::Entity::find().filter(recon_break::Column::State.eq("open")).count(connection).await
}

/// Closes what was opened about a booking that is explained now.
///
/// # Errors
/// Those of the database.
pub(crate) async fn explain(
    connection: &impl ConnectionTrait,
    app: &App,
    entry_id: Uuid,
    how: &str,
) -> Result<(), DbErr> {
    use recon_break::Column as C;
    close(app, how).filter(C::EntryId.eq(entry_id)).exec(connection).await.map(drop)
}

/// Closes what was opened about something that has come right by itself.
///
/// # Errors
/// Those of the database.
pub(super) async fn settle(
    connection: &impl ConnectionTrait,
    app: &App,
    kind: BreakKind,
    account: &str,
    mark: &str,
) -> Result<(), DbErr> {
    use recon_break::Column as C;
    let mark = fingerprint(kind, account, mark);
    close(app, "it came right by itself").filter(C::Fingerprint.eq(mark)).exec(connection).await.map(drop)
}

fn fingerprint(kind: BreakKind, account: &str, mark: &str) -> String {
    hex::encode(Sha256::digest(format!("{kind:?}|{account}|{mark}").as_bytes()))
}

/// What closes a disagreement that is open.
pub(super) fn close(app: &App, resolution: &str) -> UpdateMany<recon_break::Entity> {
    use recon_break::Column as C;
    recon_break::Entity::update_many()
        .col_expr(C::State, Expr::value("resolved"))
        .col_expr(C::ResolvedAtMs, Expr::value(app.clock.now()))
        .col_expr(C::Resolution, Expr::value(resolution))
        .filter(C::State.eq("open"))
}
