//! The payout office: a maker prepares a batch, a checker signs its hash and releases it. Never the same person.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Stage;
use super::api::{Ask, Got};
use super::declare::yuan;
use super::person::Person;
use super::say::Told;
use crate::kernel::text::Text;

/// Brings the claim's payout on its way; answers the payout. One claim at a time: a batch takes whatever waits.
pub(super) async fn pay(stage: &Stage, number: u32, claim_id: Uuid) -> anyhow::Result<String> {
    let _turn = stage.payout_office.lock().await;
    let mut maker = Person::staff(stage, "payout-maker").await?;
    let since = stage.seams.clock.now();
    let list = maker.get(stage, &format!("/v1/payouts?claim_id={claim_id}")).await?;
    let payout_id = list.text("/items/0/id")?.to_owned();
    let batch = match prepared(stage, &mut maker, &payout_id).await? {
        Some(batch) => batch,
        None => anyhow::bail!("the payout's order went into no batch"),
    };
    let (total, count) = (batch.number("/batch/total_fen")?, batch.number("/batch/order_count")?);
    let (id, sha256) = (batch.text("/batch/id")?.to_owned(), batch.text("/batch/sha256")?.to_owned());
    let short = sha256.get(..16).unwrap_or_default().to_owned();
    stage.teller.step(number, since, Told {
        actor: "maker",
        scene: "prepare",
        text: Text::made(
            format!("制作付款批次：{count} 笔，共 {} 元", yuan(total)),
            format!("Prepares a batch: {count} payments, {} yuan", yuan(total)),
        ),
        more: vec![format!("sha256 {short}…")],
        data: json!({"claim_id": claim_id, "payout_id": payout_id, "batch_id": id, "sha256": sha256, "total_fen": total}),
    });
    release(stage, number, claim_id, &id).await?;
    Ok(payout_id)
}

/// The batch that holds the payout's order, prepared now if there is none yet.
async fn prepared(stage: &Stage, maker: &mut Person, payout_id: &str) -> anyhow::Result<Option<Got>> {
    for _ in 0..6 {
        let payout = maker.get(stage, &format!("/v1/payouts/{payout_id}")).await?;
        let order = payout.list("/orders").last();
        let batch_id = order.and_then(|order| order.get("batch_id")).and_then(Value::as_str);
        if let Some(batch_id) = batch_id {
            return Ok(Some(maker.get(stage, &format!("/v1/payout-batches/{batch_id}")).await?));
        }
        let ask = Ask::new(Method::POST, "/v1/payout-batches").header("idempotency-key", stage.ids.next().to_string());
        // 409: somebody else prepared the same orders, and the payout is read again.
        maker.send(stage, ask.json(&json!({}))).await?.expect_status("preparing a batch", &[200, 201, 409])?;
    }
    Ok(None)
}

async fn release(stage: &Stage, number: u32, claim_id: Uuid, batch_id: &str) -> anyhow::Result<()> {
    let mut checker = Person::staff(stage, "payout-checker").await?;
    let since = stage.seams.clock.now();
    let path = format!("/v1/payout-batches/{batch_id}");
    let key = stage.ids.next().to_string();
    let mut batch = checker.get(stage, &path).await?;
    while batch.maybe("/batch/state") == "prepared" {
        let ask = Ask::new(Method::POST, format!("{path}/release")).header("idempotency-key", key.clone());
        let ask = ask.header("if-match", batch.tag()?).json(&json!({"sha256": batch.text("/batch/sha256")?}));
        checker.send(stage, ask).await?.expect_status("releasing a batch", &[200, 409, 412])?;
        batch = checker.get(stage, &path).await?;
    }
    stage.teller.step(
        number,
        since,
        Told {
            actor: "checker",
            scene: "release",
            text: Text::fixed(
                "另一人核对摘要后放行，款项发往银行",
                "Somebody else signs the hash and releases it; it goes to the bank",
            ),
            more: Vec::new(),
            data: json!({"claim_id": claim_id, "batch_id": batch_id, "state": batch.maybe("/batch/state")}),
        },
    );
    Ok(())
}
