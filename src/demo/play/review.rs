//! The reviewer: the queue, a look at the claim and its pictures, taking it, the decision.

use std::collections::HashSet;

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Stage;
use super::api::{Ask, Got};
use super::declare::{plan_line, yuan};
use super::person::Person;
use super::say::Told;
use crate::kernel::text::Text;

/// Who decides: an office that has every claim of the city in its subtree.
const REVIEWER: &str = "reviewer-city";

/// Finds the claim in the queue, looks at it, takes it and approves what was assessed.
pub(super) async fn review(stage: &Stage, number: u32, claim_id: Uuid) -> anyhow::Result<()> {
    let mut reviewer = Person::staff(stage, REVIEWER).await?;
    let since = stage.seams.clock.now();
    let waiting = find_in_queue(stage, &mut reviewer, claim_id).await?;
    let path = format!("/v1/reviews/{claim_id}");
    let seen = reviewer.get(stage, &path).await?;
    let pictures = look_at_pictures(stage, &mut reviewer, claim_id).await?;
    stage.teller.step(number, since, Told {
        actor: "reviewer",
        scene: "look",
        text: Text::made(
            format!("登录（密码+动态口令），在 {waiting} 笔待办中打开此申报，查看 {} 张图片", pictures.len()),
            format!("Signs in (password and one-time password), opens the claim among {waiting} in the queue, looks at {} pictures", pictures.len()),
        ),
        more: pictures,
        data: json!({"claim_id": claim_id, "state": seen.maybe("/claim/state")}),
    });
    decide(stage, number, &mut reviewer, claim_id, seen).await
}

/// The number of claims that were gone through up to and with this one.
async fn find_in_queue(stage: &Stage, reviewer: &mut Person, claim_id: Uuid) -> anyhow::Result<usize> {
    let mut cursor: Option<String> = None;
    let mut gone_through = 0;
    loop {
        let url = match &cursor {
            None => "/v1/reviews?limit=100".to_owned(),
            Some(cursor) => format!("/v1/reviews?limit=100&cursor={cursor}"),
        };
        let page = reviewer.get(stage, &url).await?;
        let ids = page.list("/items").iter().filter_map(|item| item.get("claim_id").and_then(Value::as_str));
        for id in ids {
            gone_through += 1;
            if id == claim_id.to_string() {
                return Ok(gone_through);
            }
        }
        match page.maybe("/next_cursor") {
            "" => anyhow::bail!("the claim is not in the reviewer's queue"),
            next => cursor = Some(next.to_owned()),
        }
    }
}

async fn look_at_pictures(stage: &Stage, reviewer: &mut Person, claim_id: Uuid) -> anyhow::Result<Vec<String>> {
    let list = reviewer.get(stage, &format!("/v1/claims/{claim_id}/documents")).await?;
    let mut lines = Vec::new();
    for document in list.list("/items") {
        let word = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default();
        if word("state") != "clean" {
            continue;
        }
        let picture = reviewer.get(stage, &format!("/v1/documents/{}/content?rendition=reading", word("id"))).await?;
        anyhow::ensure!(!picture.bytes.is_empty(), "a picture is empty");
        let kind = picture.header("content-type").unwrap_or_default();
        lines.push(format!("{}: {kind}, {} KB", word("kind"), picture.bytes.len() / 1024));
    }
    Ok(lines)
}

async fn decide(
    stage: &Stage,
    number: u32,
    reviewer: &mut Person,
    claim_id: Uuid,
    mut seen: Got,
) -> anyhow::Result<()> {
    let since = stage.seams.clock.now();
    let path = format!("/v1/reviews/{claim_id}");
    let decision = json!({"outcome": "approved", "reason_code": "as_assessed"});
    let mut judged = 0_usize;
    let (take_key, decide_key) = (stage.ids.next().to_string(), stage.ids.next().to_string());
    loop {
        let (verb, key, body) = match seen.maybe("/claim/state") {
            "accepted" => ("take", &take_key, None),
            "in_review" => {
                judged += judge(stage, reviewer, claim_id, &seen).await?;
                ("decide", &decide_key, Some(&decision))
            }
            _ => break,
        };
        let mut ask = Ask::new(Method::POST, format!("{path}/{verb}")).header("idempotency-key", key.clone());
        ask = ask.header("if-match", seen.tag()?);
        if let Some(body) = body {
            ask = ask.json(body);
        }
        let got = reviewer.send(stage, ask).await?;
        // After an answer that was lost the claim has moved on: what is true is read.
        if !matches!(got.status, 200 | 409 | 412) || got.code() == "not_your_review" {
            anyhow::bail!("{verb}: {}", got.trouble());
        }
        seen = reviewer.get(stage, &path).await?;
    }
    let granted = seen.number("/explanation/decision/granted_fen")?;
    let mut more: Vec<String> = seen.list("/explanation/plans").iter().map(plan_line).collect();
    if judged > 0 {
        more.push(format!("{judged} × the same receipt twice: looked at side by side and judged"));
    }
    stage.teller.step(number, since, Told {
        actor: "reviewer",
        scene: "decide",
        text: Text::made(
            format!("领取并批准：赔付 {} 元", yuan(granted)),
            format!("Takes the claim and approves it: {} yuan", yuan(granted)),
        ),
        more,
        data: json!({"claim_id": claim_id, "granted_fen": granted, "decision_id": seen.maybe("/explanation/decision/id")}),
    });
    Ok(())
}

/// Looks at every pair that must be judged and says that it is one receipt: the demo's papers are always the same. Answers how many.
async fn judge(stage: &Stage, reviewer: &mut Person, claim_id: Uuid, seen: &Got) -> anyhow::Result<usize> {
    let mut judged = HashSet::new();
    for found in seen.list("/matches") {
        let pair = [found.get("document_id"), found.pointer("/other/document_id")].map(Option::<&Value>::cloned);
        // What is said of two documents is said of all between them.
        if found.get("must_be_judged") != Some(&Value::Bool(true)) || !judged.insert(pair) {
            continue;
        }
        let id = found.get("id").and_then(Value::as_str).unwrap_or_default();
        let path = format!("/v1/reviews/{claim_id}/matches/{id}");
        let picture = reviewer.get(stage, &format!("{path}/picture")).await?;
        anyhow::ensure!(!picture.bytes.is_empty(), "a picture is empty");
        let ask = Ask::new(Method::POST, format!("{path}/judge"))
            .header("idempotency-key", stage.ids.next().to_string())
            .header("if-match", seen.tag()?)
            .json(&json!({"judgement": "same", "remark": "demo"}));
        let got = reviewer.send(stage, ask).await?;
        // The reviewer of the other claim may have been there first.
        anyhow::ensure!(matches!(got.status, 200 | 409 | 412), "judge: {}", got.trouble());
    }
    Ok(judged.len())
}
