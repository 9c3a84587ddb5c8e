//! `huzhu payouts`: what is owed, where it stands, and every try at paying it.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{named, table};
use crate::app::{App, Seams};
use crate::config::Config;
use crate::http::Problem;
use crate::payouts::rows::{batch, order, payout};
use crate::payouts::runs::RunView;
use crate::payouts::runs::rows::run;
use crate::payouts::state::{BatchState, PayoutState};
use crate::payouts::views::{BatchView, OrderView, PayoutView};
use crate::payouts::{self, detail, hold};

/// Arguments of `huzhu payouts`.
#[derive(Debug, Args)]
pub(super) struct Payouts {
    #[command(subcommand)]
    verb: PayoutsVerb,
}

#[derive(Debug, Subcommand)]
enum PayoutsVerb {
    /// Payouts, newest first.
    List {
        /// Only those in this state: approved, paying, paid, settled or failed.
        #[arg(long)]
        state: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u64,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// One payout with its parts and orders.
    Show {
        /// The payout.
        id: Uuid,
        /// As a JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Batches, newest first.
    Batches {
        /// Only those in this state: prepared, void, released, dispatching, accepted, in_doubt, rejected or finished.
        #[arg(long)]
        state: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u64,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Runs of batches, newest first.
    Runs {
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u64,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Sums that lie with the fund, the oldest first, under the sums of each age.
    Unclaimed {
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u64,
        /// One JSON object a line, without the sums of each age.
        #[arg(long)]
        json: bool,
    },
    /// Holds an order back: no batch takes it until it is released.
    Hold(Hold),
    /// Releases the hold of a person.
    Release(Hold),
}

/// Which order, who and why.
#[derive(Debug, Args)]
struct Hold {
    /// The order: its reference at the bank, as `payouts show` prints it.
    order: String,
    /// Your login; it stands in the record.
    #[arg(long)]
    by: String,
    /// Why, without anything personal.
    #[arg(long)]
    reason: String,
}

pub(super) async fn payouts(config: Config, arguments: Payouts) -> anyhow::Result<ExitCode> {
    let app = App::build(config, Seams::default()).await?;
    match arguments.verb {
        PayoutsVerb::List { state, limit, json } => list(&app, state.as_deref(), limit, json).await?,
        PayoutsVerb::Show { id, json } => show(&app, id, json).await?,
        PayoutsVerb::Batches { state, limit, json } => batches(&app, state.as_deref(), limit, json).await?,
        PayoutsVerb::Runs { limit, json } => runs(&app, limit, json).await?,
        PayoutsVerb::Unclaimed { limit, json } => unclaimed(&app, limit, json).await?,
        PayoutsVerb::Hold(order) => change_hold(&app, order, true).await?,
        PayoutsVerb::Release(order) => change_hold(&app, order, false).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(app: &App, state: Option<&str>, limit: u64, json: bool) -> anyhow::Result<()> {
    let mut query = payout::Entity::find();
    if let Some(word) = state {
        let state = PayoutState::try_from_value(&word.to_owned())
            .map_err(|_| anyhow::anyhow!("{word} is no state: approved, paying, paid, settled or failed"))?;
        query = query.filter(payout::Column::State.eq(state));
    }
    let rows = query.order_by_desc(payout::Column::Id).limit(limit).all(app.db.read()).await?;
    let views: Vec<PayoutView> = rows.into_iter().map(PayoutView::from).collect();
    if json {
        return table::json_lines(&views);
    }
    let rows: Vec<Vec<String>> = views
        .iter()
        .map(|view| {
            let paid = view.paid_at.map_or_else(String::new, |at| at.to_string());
            let cells =
                [view.id.to_string(), view.state.to_value(), view.amount_fen.to_string(), view.claim_id.to_string()];
            cells.into_iter().chain([view.created_at.to_string(), paid]).collect()
        })
        .collect();
    table::print(&["payout", "state", "yuan>", "claim", "made at", "paid at"], &rows);
    Ok(())
}

async fn batches(app: &App, state: Option<&str>, limit: u64, json: bool) -> anyhow::Result<()> {
    let mut query = batch::Entity::find();
    if let Some(word) = state {
        let state = BatchState::try_from_value(&word.to_owned())
            .map_err(|_| anyhow::anyhow!("{word} is no state of a batch"))?;
        query = query.filter(batch::Column::State.eq(state));
    }
    let rows = query.order_by_desc(batch::Column::Id).limit(limit).all(app.db.read()).await?;
    let views: Vec<BatchView> = rows.into_iter().map(BatchView::from).collect();
    if json {
        return table::json_lines(&views);
    }
    let rows: Vec<Vec<String>> = views
        .iter()
        .map(|view| {
            let released = view.released_at.map_or_else(String::new, |at| at.to_string());
            let cells = [view.batch_ref.clone(), view.state.to_value(), view.value_date.to_string()];
            let sums =
                [view.order_count.to_string(), view.total_fen.to_string(), view.created_at.to_string(), released];
            cells.into_iter().chain(sums).collect()
        })
        .collect();
    table::print(&["batch", "state", "value date", "orders>", "yuan>", "prepared at", "released at"], &rows);
    Ok(())
}

async fn runs(app: &App, limit: u64, json: bool) -> anyhow::Result<()> {
    let rows = run::Entity::find().order_by_desc(run::Column::Id).limit(limit).all(app.db.read()).await?;
    let views: Vec<RunView> = rows.into_iter().map(RunView::from).collect();
    if json {
        return table::json_lines(&views);
    }
    let rows: Vec<Vec<String>> = views
        .iter()
        .map(|view| {
            let cells = [view.id.to_string(), view.state.to_value(), view.value_date.to_string()];
            let sums = [view.batch_count.to_string(), view.order_count.to_string(), view.total_fen.to_string()];
            cells.into_iter().chain(sums).chain([view.created_at.to_string()]).collect()
        })
        .collect();
    table::print(&["run", "state", "value date", "batches>", "orders>", "yuan>", "made at"], &rows);
    Ok(())
}

async fn unclaimed(app: &App, limit: u64, json: bool) -> anyhow::Result<()> {
    let read = app.db.read();
    let plain = |problem: Problem| anyhow::anyhow!("{problem}");
    let views = payouts::unclaimed(read, app, None, None, limit).await.map_err(plain)?;
    if json {
        return table::json_lines(&views);
    }
    let totals = payouts::totals(read, app.clock.now().date()).await.map_err(plain)?;
    let sums: Vec<Vec<String>> = totals
        .iter()
        .map(|total| vec![total.bucket.word().to_owned(), total.payouts.to_string(), total.total_fen.to_string()])
        .collect();
    table::print(&["days", "payouts>", "yuan>"], &sums);
    say!("");
    let rows: Vec<Vec<String>> = views
        .iter()
        .map(|view| {
            let told = view.last_notice.as_ref().map_or_else(String::new, |told| told.at.to_string());
            let cells = [view.payout_id.to_string(), view.amount_fen.to_string(), view.age_days.to_string()];
            let came_back = if view.came_back { "came back" } else { "refused" };
            cells.into_iter().chain([came_back.to_owned(), view.waits_for.word().to_owned(), told]).collect()
        })
        .collect();
    table::print(&["payout", "yuan>", "days>", "why", "waits for", "last told"], &rows);
    Ok(())
}

async fn change_hold(app: &App, asked: Hold, place: bool) -> anyhow::Result<()> {
    let reason = asked.reason.trim();
    anyhow::ensure!((1..=500).contains(&reason.chars().count()), "say why, in 1 to 500 characters");
    let staff_id = named::payout_staff(app, &asked.by).await?;
    let found = order::Entity::find().filter(order::Column::BankRef.eq(&asked.order)).one(app.db.read()).await?;
    let found = found.ok_or_else(|| anyhow::anyhow!("there is no order {}", asked.order))?;
    let txn = app.db.begin().await?;
    let changed = if place {
        hold::place(&txn, app, staff_id, found.id, reason).await
    } else {
        hold::lift(&txn, app, staff_id, found.id, reason).await
    };
    let changed =
        changed.map_err(|problem| anyhow::anyhow!("order {} is {}: {problem}", asked.order, found.state.word()))?;
    txn.commit().await?;
    say!("Order {} is {}.", asked.order, changed.state.word());
    Ok(())
}

async fn show(app: &App, id: Uuid, json: bool) -> anyhow::Result<()> {
    let found = detail(app.db.read(), id).await.map_err(|problem| anyhow::anyhow!("payout {id}: {problem}"))?;
    if json {
        return table::json_lines(&[found]);
    }
    let view = &found.payout;
    say!("payout {}  {}  {} yuan  claim {}", view.id, view.state.to_value(), view.amount_fen, view.claim_id);
    for part in &found.parts {
        say!("  plan {}  {} yuan", part.plan_id, part.amount_fen);
    }
    let rows: Vec<Vec<String>> = found.orders.iter().map(order_row).collect();
    table::print(&["try>", "order", "state", "card", "reason", "changed at"], &rows);
    Ok(())
}

fn order_row(order: &OrderView) -> Vec<String> {
    let reason = order.reason_code.clone().or_else(|| order.hold_reason.clone()).unwrap_or_default();
    vec![
        order.try_no.to_string(),
        order.bank_ref.clone(),
        order.state.word().to_owned(),
        order.card.clone().unwrap_or_default(),
        reason,
        order.changed_at.to_string(),
    ]
}
