//! The member follows: the explanation line by line, the money, the timeline, the promise and the notices.

use serde_json::{Value, json};
use uuid::Uuid;

use super::Stage;
use super::claim::Played;
use super::declare::yuan;
use super::person::{Person, both};
use super::say::Told;
use crate::kernel::text::Text;

/// Shows how the amount came about.
pub(super) async fn explanation(stage: &Stage, number: u32, person: &mut Person, claim_id: Uuid) -> anyhow::Result<()> {
    let since = stage.seams.clock.now();
    let got = person.get(stage, &format!("/v1/claims/{claim_id}/explanation")).await?;
    let mut more = Vec::new();
    for plan in got.list("/plans") {
        more.push(both(plan.get("plan_name").unwrap_or(&Value::Null)));
        let lines = plan.pointer("/assessment/lines").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for line in lines {
            more.push(format!("  {}", line.get("arithmetic").and_then(Value::as_str).unwrap_or_default()));
            more.push(format!("  {}", both(line.get("sentence").unwrap_or(&Value::Null))));
        }
    }
    let granted = got.number("/decision/granted_fen")?;
    stage.teller.step(
        number,
        since,
        Told {
            actor: "member",
            scene: "explanation",
            text: Text::made(
                format!("查看赔付说明：共 {} 元", yuan(granted)),
                format!("Reads line by line why it is {} yuan", yuan(granted)),
            ),
            more,
            data: json!({"claim_id": claim_id, "granted_fen": granted}),
        },
    );
    Ok(())
}

/// Waits for the bank's success.
pub(super) async fn paid(stage: &Stage, number: u32, person: &mut Person, claim_id: Uuid) -> anyhow::Result<()> {
    let since = stage.seams.clock.now();
    let done = |got: &super::api::Got| match got.maybe("/state") {
        "paid" => Ok(Some(())),
        "payout_failed" => anyhow::bail!("the payment failed"),
        _ => Ok(None),
    };
    person.wait_for(stage, &format!("/v1/claims/{claim_id}"), "the bank's success", done).await?;
    let payouts = person.get(stage, &format!("/v1/claims/{claim_id}/payouts")).await?;
    let amount = payouts.number("/items/0/amount_fen")?;
    stage.teller.step(
        number,
        since,
        Told {
            actor: "bank",
            scene: "paid",
            text: Text::made(
                format!("已汇入互助服务卡 {}：{} 元", payouts.maybe("/items/0/card"), yuan(amount)),
                format!("{} yuan are on the service card {}", yuan(amount), payouts.maybe("/items/0/card")),
            ),
            more: Vec::new(),
            data: json!({"claim_id": claim_id, "amount_fen": amount}),
        },
    );
    Ok(())
}

/// Shows what the member sees in the end: every step, the promise, the payment, the notices.
pub(super) async fn to_the_end(stage: &Stage, played: &Played) -> anyhow::Result<()> {
    let mut person = played.member.clone();
    let since = stage.seams.clock.now();
    let path = format!("/v1/claims/{}", played.claim_id);
    let claim = person.get(stage, &path).await?;
    let timeline = person.get(stage, &format!("{path}/timeline")).await?;
    let payouts = person.get(stage, &format!("{path}/payouts")).await?;
    let notices = person.get(stage, "/v1/me/notices?limit=20").await?;
    anyhow::ensure!(claim.maybe("/state") == "paid", "the claim is {} in the end", claim.maybe("/state"));
    anyhow::ensure!(payouts.list("/items").len() == 1, "a claim of one decision has one payout");
    let (day, door) = (claim.number("/promise/day")?, claim.number("/promise/door_to_door/secs")?);
    let mut more: Vec<String> = timeline.list("/items").iter().map(|step| line(step, "text")).collect();
    more.extend(payouts.list("/items/0/steps").iter().map(|step| line(step, "text")));
    let ours = notices.list("/items").iter().filter(|notice| notice.get("claim_id") == Some(&json!(played.claim_id)));
    more.extend(ours.map(|notice| format!("通知 notice: {}", both(notice.get("text").unwrap_or(&Value::Null)))));
    stage.teller.step(played.number, since, Told {
        actor: "member",
        scene: "follow",
        text: Text::made(
            format!("{}：十个工作日中的第 {day} 天，从提交到到账 {door} 秒", claim.maybe("/state_title/zh")),
            format!("{}: day {day} of 10, {door} seconds from submission to the card", claim.maybe("/state_title/en")),
        ),
        more,
        data: json!({"claim_id": played.claim_id, "payout_id": played.payout_id, "state": claim.maybe("/state"), "promise_day": day,
            "door_to_door_secs": door, "steps": timeline.list("/items").len(), "settled": payouts.maybe("/items/0/state")}),
    });
    stage.cast.give_back(played.phone.clone());
    Ok(())
}

fn line(step: &Value, key: &str) -> String {
    let at = step.get("at").and_then(Value::as_str).unwrap_or_default();
    format!("{} {}", at.get(11..19).unwrap_or(at), both(step.get(key).unwrap_or(&Value::Null)))
}
