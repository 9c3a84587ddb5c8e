//! The one way in which a claim changes its state: a conditional UPDATE and a timeline row, in the caller's transaction.

use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{
    ActiveEnum, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    Statement, Value,
};
use uuid::Uuid;

use super::promise;
use super::rows::timeline::ActorKind;
use super::rows::{claim, timeline};
use super::state::{Command, Standing, transition};
use crate::app::App;
use crate::http::{Code, Problem};
use crate::kernel::clock::Moment;
use crate::kernel::text::Text;
use crate::promise::ClockEvent;

/// Who changes a claim.
#[derive(Clone, Copy, Debug)]
pub struct By {
    /// What they are.
    pub kind: ActorKind,
    /// Which of them.
    pub id: Option<Uuid>,
}

impl By {
    /// The system itself.
    pub const SYSTEM: Self = Self { kind: ActorKind::System, id: None };
    /// The bank.
    pub const BANK: Self = Self { kind: ActorKind::Bank, id: None };

    /// The member.
    #[must_use]
    pub const fn member(id: Uuid) -> Self {
        Self { kind: ActorKind::Member, id: Some(id) }
    }

    /// A staff member.
    #[must_use]
    pub const fn staff(id: Uuid) -> Self {
        Self { kind: ActorKind::Staff, id: Some(id) }
    }
}

/// One change of a claim.
#[derive(Debug)]
pub struct Change {
    /// What is done.
    pub command: Command,
    /// By whom.
    pub by: By,
    /// A stable word for why.
    pub reason_code: Option<String>,
    /// A sentence for the member.
    pub text: Text,
    /// When it takes effect for the promise, if not now: the bank's moment.
    pub effective_at: Option<Moment>,
    /// Further columns that change with it.
    pub columns: Vec<(claim::Column, SimpleExpr)>,
}

impl Change {
    /// A change without further columns.
    #[must_use]
    pub const fn new(command: Command, by: By, text: Text) -> Self {
        Self { command, by, reason_code: None, text, effective_at: None, columns: Vec::new() }
    }

    /// Adds the stable word for why.
    #[must_use]
    pub fn reason(mut self, code: impl Into<String>) -> Self {
        self.reason_code = Some(code.into());
        self
    }

    /// Adds a column that changes with the state.
    #[must_use]
    pub fn set(mut self, column: claim::Column, value: impl Into<SimpleExpr>) -> Self {
        self.columns.push((column, value.into()));
        self
    }

    /// Says when it takes effect for the promise.
    #[must_use]
    pub const fn effective(mut self, at: Moment) -> Self {
        self.effective_at = Some(at);
        self
    }
}

/// Changes `claim` and answers its new row.
///
/// # Errors
/// `claim_state_conflict` when the table of [`super::state`] does not allow it; `stale_version` when somebody else was first.
pub async fn advance(
    txn: &DatabaseTransaction,
    app: &App,
    claim: &claim::Model,
    change: Change,
) -> Result<claim::Model, Problem> {
    let standing = Standing::of(claim);
    let transition = transition(standing, change.command).ok_or_else(|| conflict(claim))?;
    let now = app.clock.now();
    let mut update = claim::Entity::update_many()
        .col_expr(claim::Column::State, Expr::value(transition.to))
        .col_expr(claim::Column::Version, Expr::value(claim.version + 1))
        .col_expr(claim::Column::UpdatedAtMs, Expr::value(now))
        .filter(claim::Column::Id.eq(claim.id))
        .filter(claim::Column::State.eq(claim.state))
        .filter(claim::Column::Version.eq(claim.version));
    for (column, value) in change.columns {
        update = update.col_expr(column, value);
    }
    let moved = update.exec_with_returning(txn).await?.pop().ok_or_else(|| Problem::new(Code::StaleVersion))?;
    let values: [Value; 12] = [
        claim.id.into(),
        change.command.to_value().into(),
        claim.state.to_value().into(),
        transition.to.to_value().into(),
        transition.promise.map(|event| event.as_str().to_owned()).into(),
        transition.promise.map(|_| change.effective_at.unwrap_or(now)).into(),
        change.by.kind.to_value().into(),
        change.by.id.into(),
        change.reason_code.into(),
        change.text.zh.into_owned().into(),
        change.text.en.into_owned().into(),
        now.into(),
    ];
    txn.execute_raw(Statement::from_sql_and_values(txn.get_database_backend(), RECORD, values)).await?;
    metrics::counter!("huzhu_claim_transitions_total", "to" => format!("{:?}", transition.to)).increment(1);
    tracing::info!(claim.id = %claim.id, claim.from = ?claim.state, claim.to = ?transition.to, "claim.changed");
    if matches!(transition.promise, Some(ClockEvent::Resume | ClockEvent::Restart)) {
        let calendar = app.calendars.current(txn, now).await?;
        promise::refresh_due(txn, app, &calendar, claim.id).await?;
        return load(txn, claim.id).await;
    }
    Ok(moved)
}

/// The next row of a timeline. Its number is free: whoever changes a claim holds its row since the UPDATE.
const RECORD: &str = "insert into claim_timeline (claim_id, seq, command, from_state, to_state, promise, promise_at_ms, actor_kind, \
     actor_id, reason_code, text_zh, text_en, at_ms) select $1, coalesce(max(seq), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 \
     from claim_timeline where claim_id = $1";

/// The first timeline row of a new claim.
///
/// # Errors
/// Those of the database.
pub async fn record_start(txn: &DatabaseTransaction, claim: &claim::Model, by: By, text: Text) -> Result<(), Problem> {
    let row = timeline::ActiveModel {
        claim_id: Set(claim.id),
        seq: Set(1),
        command: Set(Command::Start),
        from_state: Set(None),
        to_state: Set(claim.state),
        promise: Set(None),
        promise_at_ms: Set(None),
        actor_kind: Set(by.kind),
        actor_id: Set(by.id),
        reason_code: Set(None),
        text_zh: Set(text.zh.into_owned()),
        text_en: Set(text.en.into_owned()),
        at_ms: Set(claim.created_at_ms),
    };
    timeline::Entity::insert(row).exec_without_returning(txn).await?;
    Ok(())
}

/// The claim as it is now.
///
/// # Errors
/// `not_found`.
pub async fn load(connection: &impl ConnectionTrait, claim_id: Uuid) -> Result<claim::Model, Problem> {
    claim::Entity::find_by_id(claim_id).one(connection).await?.ok_or_else(|| Problem::new(Code::NotFound))
}

/// The refusal of a command that the claim's state does not allow.
#[must_use]
pub fn conflict(claim: &claim::Model) -> Problem {
    let title = claim.state.title();
    Problem::new(Code::ClaimStateConflict)
        .detail(Text::made(format!("当前状态：{}", title.zh), format!("The claim is at: {}", title.en)))
}
