//! `huzhu payouts`: what is owed, where it stands, and every try at paying it.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::table;
use crate::app::{App, Seams};
use crate::config::Config;
use crate::payouts::rows::payout;
use crate::payouts::state::PayoutState;
use crate::payouts::views::PayoutView;
use crate::payouts::{detail, views::OrderView};

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
}

pub(super) async fn payouts(config: Config, arguments: Payouts) -> anyhow::Result<ExitCode> {
    let app = App::build(config, Seams::default()).await?;
    match arguments.verb {
        PayoutsVerb::List { state, limit, json } => list(&app, state.as_deref(), limit, json).await?,
        PayoutsVerb::Show { id, json } => show(&app, id, json).await?,
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
