//! The one way in which a claim changes its state: a conditional UPDATE and a timeline row, in the caller's transaction.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveEnum, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait,
    ModelTrait, QueryFilter, QueryTrait, Statement, Value,
};
use uuid::Uuid;

use super::promise;
use super::rows::timeline::ActorKind;
use super::rows::{claim, timeline};
use super::state::{ClaimState, Command, Standing, Transition, transition};
use crate::app::App;
use crate::db::Writes;
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
    pub columns: Vec<(claim::Column, Value)>,
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
    pub fn set(mut self, column: claim::Column, value: impl Into<Value>) -> Self {
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
    advance_through(txn, app, claim, vec![change]).await
}

/// Makes changes that follow each other at once: still one UPDATE, with a timeline row for each. No two of them set the same column.
///
/// # Errors
/// As [`advance`]: all of them are made, or none.
pub async fn advance_through(
    txn: &DatabaseTransaction,
    app: &App,
    claim: &claim::Model,
    changes: Vec<Change>,
) -> Result<claim::Model, Problem> {
    let mut writes = Writes::default();
    let moved = prepare(&mut writes, txn.get_database_backend(), app, claim, changes)?;
    if !writes.run(txn).await? {
        return Err(Problem::new(Code::StaleVersion));
    }
    if !moved.clock_goes_on {
        return Ok(moved.claim);
    }
    let calendar = app.calendars.current(txn, app.clock.now()).await?;
    promise::refresh_due(txn, app, &calendar, claim.id).await?;
    load(txn, claim.id).await
}

/// Claims whose changes are sent as one.
const TOGETHER: usize = 20;

/// Makes one change of each of many claims; `also` adds what is written with it, told the claim as it is then and the change's text.
///
/// # Errors
/// As [`advance`]: all of them are made, or none.
pub(crate) async fn advance_each(
    txn: &DatabaseTransaction,
    app: &App,
    changes: Vec<(claim::Model, Change)>,
    mut also: impl FnMut(&mut Writes, &claim::Model, &Text) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let (mut changes, mut going_on) = (changes.into_iter().peekable(), Vec::new());
    while changes.peek().is_some() {
        let mut writes = Writes::default();
        for (claim, change) in changes.by_ref().take(TOGETHER) {
            let text = change.text.clone();
            let moved = prepare(&mut writes, txn.get_database_backend(), app, &claim, vec![change])?;
            also(&mut writes, &moved.claim, &text)?;
            going_on.extend(moved.clock_goes_on.then_some(claim.id));
        }
        if !writes.run(txn).await? {
            return Err(Problem::new(Code::StaleVersion));
        }
    }
    if going_on.is_empty() {
        return Ok(());
    }
    let calendar = app.calendars.current(txn, app.clock.now()).await?;
    for claim_id in going_on {
        promise::refresh_due(txn, app, &calendar, claim_id).await?;
    }
    Ok(())
}

/// A claim as it is when the writes of [`prepare`] have run.
pub(super) struct Moved {
    /// Its row.
    pub(super) claim: claim::Model,
    /// True when its promise runs again after a pause: its last day must be computed anew.
    pub(super) clock_goes_on: bool,
}

/// Adds to `writes` what [`advance_through`] writes. When they write too little, somebody else was first.
///
/// # Errors
/// `claim_state_conflict` when the table of [`super::state`] does not allow it.
pub(super) fn prepare(
    writes: &mut Writes,
    backend: DbBackend,
    app: &App,
    claim: &claim::Model,
    changes: Vec<Change>,
) -> Result<Moved, Problem> {
    let now = app.clock.now();
    let (mut standing, mut from) = (Standing::of(claim), claim.state);
    let (mut version, mut clock_goes_on) = (claim.version, false);
    let (mut columns, mut steps) = (Vec::new(), Vec::with_capacity(changes.len()));
    for change in changes {
        let transition = transition(standing, change.command).ok_or_else(|| conflict(claim))?;
        standing = standing.after(change.command, transition.to);
        version += 1;
        clock_goes_on |= matches!(transition.promise, Some(ClockEvent::Resume | ClockEvent::Restart));
        columns.extend(change.columns);
        steps.push(Step {
            from,
            transition,
            command: change.command,
            by: change.by,
            reason_code: change.reason_code,
            text: change.text,
            promise_at: transition.promise.map(|_| change.effective_at.unwrap_or(now)),
        });
        from = transition.to;
    }
    columns.extend([
        (claim::Column::State, from.into()),
        (claim::Column::Version, version.into()),
        (claim::Column::UpdatedAtMs, now.into()),
    ]);
    let mut update = claim::Entity::update_many()
        .filter(claim::Column::Id.eq(claim.id))
        .filter(claim::Column::State.eq(claim.state))
        .filter(claim::Column::Version.eq(claim.version));
    let mut moved = claim.clone();
    for (column, value) in columns {
        moved.try_set(column, value.clone())?;
        update = update.col_expr(column, Expr::value(value));
    }
    writes.add(&update.build(backend), 1);
    for step in &steps {
        let (claim_id, from, to) = (claim.id, step.from, step.transition.to);
        writes.then(move || {
            metrics::counter!("huzhu_claim_transitions_total", "to" => format!("{to:?}")).increment(1);
            tracing::info!(claim.id = %claim_id, claim.from = ?from, claim.to = ?to, "claim.changed");
        });
    }
    record(writes, backend, claim.id, steps, now);
    Ok(Moved { claim: moved, clock_goes_on })
}

/// A change as the timeline keeps it.
struct Step {
    command: Command,
    from: ClaimState,
    transition: Transition,
    promise_at: Option<Moment>,
    by: By,
    reason_code: Option<String>,
    text: Text,
}

/// Adds the next rows of a timeline. A number that is taken says that somebody else was first, as the UPDATE beside them does.
fn record(writes: &mut Writes, backend: DbBackend, claim_id: Uuid, steps: Vec<Step>, now: Moment) {
    const WIDTH: usize = 10;
    let mut values: Vec<Value> = vec![claim_id.into(), now.into()];
    let mut rows = Vec::with_capacity(steps.len());
    for (index, step) in steps.into_iter().enumerate() {
        let places = (0..WIDTH).map(|place| format!("${}", 3 + index * WIDTH + place)).collect::<Vec<_>>().join(", ");
        rows.push(format!("select $1, last.seq + {}, {places}, $2 from last where true", index + 1));
        let step: [Value; WIDTH] = [
            step.command.to_value().into(),
            step.from.to_value().into(),
            step.transition.to.to_value().into(),
            step.transition.promise.map(|event| event.as_str().to_owned()).into(),
            step.promise_at.into(),
            step.by.kind.to_value().into(),
            step.by.id.into(),
            step.reason_code.into(),
            step.text.zh.into_owned().into(),
            step.text.en.into_owned().into(),
        ];
        values.extend(step);
    }
    let sql = format!(
        "with last as (select coalesce(max(seq), 0) as seq from claim_timeline where claim_id = $1) \
         insert into claim_timeline (claim_id, seq, command, from_state, to_state, promise, promise_at_ms, actor_kind, actor_id, \
         reason_code, text_zh, text_en, at_ms) {} on conflict do nothing",
        rows.join(" union all ")
    );
    let written = u64::try_from(rows.len()).unwrap_or_default();
    writes.add(&Statement::from_sql_and_values(backend, sql, values), written);
}

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
