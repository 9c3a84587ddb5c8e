//! The bank's evening: the day is closed, its statement is fetched, books and statement are held against each other.

use reqwest::Method;
use serde_json::{Value, json};

use super::Stage;
use super::api::Ask;
use super::claim::Played;
use super::declare::yuan;
use super::person::Person;
use super::say::Told;
use crate::kernel::text::Text;

/// Closes the simulator's day and waits until the statement has settled every payout of `played`.
pub(super) async fn end_of_day(stage: &Stage, played: &[Played]) -> anyhow::Result<()> {
    let since = stage.seams.clock.now();
    let closed = close_day(stage).await?;
    let mut bank = Person::bank(stage).await?;
    let positions = bank.get(stage, "/v1/recon/positions").await?;
    let account = positions.text("/items/0/account")?.to_owned();
    let ask = Ask::new(Method::POST, "/v1/recon/runs").header("idempotency-key", stage.ids.next().to_string());
    let ask = ask.json(&json!({"account": account}));
    bank.send(stage, ask).await?.expect_status("starting a reconciliation run", &[202])?;
    let mut maker = Person::staff(stage, "payout-maker").await?;
    for one in played {
        let url = format!("/v1/payouts/{}", one.payout_id);
        maker
            .wait_for(stage, &url, "the statement to settle the payout", |got| {
                Ok((got.maybe("/payout/state") == "settled").then_some(()))
            })
            .await?;
    }
    let positions = bank.get(stage, "/v1/recon/positions").await?;
    let breaks = bank.get(stage, "/v1/recon/breaks?state=open&limit=100").await?;
    let (ledger, statement) = (positions.number("/items/0/ledger_fen")?, positions.number("/items/0/statement_fen")?);
    let (seq, day) = (closed.get("seq").and_then(Value::as_i64), closed.get("business_date").and_then(Value::as_str));
    let open = breaks.list("/items").len();
    stage.teller.step(
        0,
        since,
        Told {
            actor: "bank",
            scene: "settle",
            text: Text::made(
                format!(
                    "{} 日终：第 {} 号对账单入账，{} 笔赔付已核销，未决差异 {open} 项",
                    day.unwrap_or_default(),
                    seq.unwrap_or(0),
                    played.len()
                ),
                format!(
                    "End of day {}: statement {} is taken, {} payouts settled, {open} open breaks",
                    day.unwrap_or_default(),
                    seq.unwrap_or(0),
                    played.len()
                ),
            ),
            more: vec![format!("账面 books {} 元 · 对账单 statement {} 元", yuan(ledger), yuan(statement))],
            data: json!({"statement_seq": seq, "ledger_fen": ledger, "statement_fen": statement, "open_breaks": open}),
        },
    );
    anyhow::ensure!(open == 0, "the bank and the books disagree: {}", breaks.body);
    Ok(())
}

/// Closes the day at the simulator, whose address changes when it is started again.
async fn close_day(stage: &Stage) -> anyhow::Result<Value> {
    let file = stage.data_dir.join("bank-sim").join("url");
    for _ in 0..300 {
        let url = std::fs::read_to_string(&file).map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))?;
        let ask = Ask::new(Method::POST, format!("{}/sim/day/close", url.trim()));
        if let Ok(got) = stage.api.send_once(&ask).await
            && got.status == 200
        {
            return Ok(got.body);
        }
        super::api::pause(std::time::Duration::from_millis(300)).await;
    }
    anyhow::bail!("the bank simulator does not close its day")
}
