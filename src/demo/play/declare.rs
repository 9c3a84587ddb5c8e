//! The member signs in, declares, goes on with the draft on another device, asks for an estimate and submits.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use time::Date;
use uuid::Uuid;

use super::Stage;
use super::api::Ask;
use super::person::{Person, both};
use super::say::Told;
use crate::kernel::clock::iso_date;
use crate::kernel::money::Fen;
use crate::kernel::text::Text;

/// How many members are tried before the run gives up.
const MOST_MEMBERS: usize = 60;

/// The member of this claim on their first device.
pub(super) struct Member {
    pub phone: String,
    person: Person,
    days: (Date, Date),
    /// The first days of the events that this member has declared before.
    pub claimed: BTreeSet<Date>,
    /// What the facts say, on days that are free.
    pub declaration: Value,
}

/// Signs a member in who can declare the event of the facts.
pub(super) async fn sign_in(stage: &Stage, number: u32) -> anyhow::Result<Member> {
    let since = stage.seams.clock.now();
    for _ in 0..MOST_MEMBERS {
        let wanted = stage.props.facts.member.phone.as_deref();
        let Some(phone) = stage.cast.next(wanted, stage.seams.chance.as_ref()) else { break };
        let device = format!("demo-phone-{}", stage.ids.next().simple());
        let Some(mut person) = Person::member(stage, &phone, &device).await? else { continue };
        let claimed = claimed_days(stage, &mut person).await?;
        let Some(days) = stage.props.facts.days(since.date(), &claimed) else { continue };
        let me = person.get(stage, "/v1/me").await?;
        stage.teller.step(
            number,
            since,
            Told {
                actor: "member",
                scene: "sign_in",
                text: Text::made(
                    format!("{} 用短信验证码登录（{}）", me.maybe("/name"), me.maybe("/unit")),
                    format!(
                        "{} signs in with a code by SMS ({})",
                        me.maybe("/phone"),
                        "the code is read from the demo's outbox"
                    ),
                ),
                more: Vec::new(),
                data: json!({"member_id": me.maybe("/id"), "phone": phone}),
            },
        );
        let declaration = stage.props.facts.declaration(days, stage.seams.chance.as_ref());
        return Ok(Member { phone, person, days, claimed, declaration });
    }
    anyhow::bail!("no member of the city can sign in and declare this event now")
}

/// The first days of the events that this member has declared before.
async fn claimed_days(stage: &Stage, person: &mut Person) -> anyhow::Result<BTreeSet<Date>> {
    let list = person.get(stage, "/v1/claims?limit=100").await?;
    let mut days = BTreeSet::new();
    for item in list.list("/items") {
        let Some(id) = item.get("id").and_then(Value::as_str) else { continue };
        let claim = person.get(stage, &format!("/v1/claims/{id}")).await?;
        days.extend(iso_date::parse(claim.maybe("/declaration/starts_on")));
    }
    Ok(days)
}

/// Declares under an id that the phone makes, sends it twice as a phone on a bad line does, and saves the draft.
pub(super) async fn declare(stage: &Stage, number: u32, member: &mut Member) -> anyhow::Result<Uuid> {
    let since = stage.seams.clock.now();
    let claim_id = stage.ids.next();
    let (first, last) = member.days;
    // The member has typed only the event so far.
    let begun = json!({"id": claim_id, "declaration": {"event": stage.props.facts.event.kind, "starts_on": iso_date::text(first)}});
    let ask = Ask::new(Method::POST, "/v1/claims").header("idempotency-key", stage.ids.next().to_string()).json(&begun);
    let made = member.person.send(stage, ask.clone()).await?.expect_status("beginning a claim", &[200, 201])?;
    let again = member.person.send(stage, ask).await?.expect_status("beginning it again", &[200, 201])?;
    anyhow::ensure!(made.maybe("/id") == again.maybe("/id"), "sending a claim again made another claim");
    stage.teller.step(
        number,
        since,
        Told {
            actor: "member",
            scene: "declare",
            text: Text::made(
                format!(
                    "新建申报：{}，{first} 至 {last}；重复发送仍是同一笔",
                    stage.props.facts.event.hospital_name.as_deref().unwrap_or("住院")
                ),
                format!("Begins a claim for {first} to {last}; sent twice, it is one claim"),
            ),
            more: vec![format!("编号 id {claim_id} · {}", made.text("/state_title/zh")?)],
            data: json!({"claim_id": claim_id, "state": made.maybe("/state"), "version": made.number("/version")?}),
        },
    );
    Ok(claim_id)
}

/// Takes up another device and finds the draft there.
pub(super) async fn resume_elsewhere(
    stage: &Stage,
    number: u32,
    member: &Member,
    claim_id: Uuid,
) -> anyhow::Result<Person> {
    let since = stage.seams.clock.now();
    let device = format!("demo-tablet-{}", stage.ids.next().simple());
    let mut second = Person::member_in_time(stage, &member.phone, &device).await?;
    let draft = second.get(stage, &format!("/v1/claims/{claim_id}")).await?;
    stage.teller.step(
        number,
        since,
        Told {
            actor: "member",
            scene: "resume",
            text: Text::fixed("换一台设备登录，草稿还在", "Signs in on another device and finds the draft there"),
            more: Vec::new(),
            data: json!({"claim_id": claim_id, "version": draft.number("/version")?}),
        },
    );
    Ok(second)
}

/// Asks what every plan would pay.
pub(super) async fn estimate(stage: &Stage, number: u32, person: &mut Person, claim_id: Uuid) -> anyhow::Result<()> {
    let since = stage.seams.clock.now();
    let got = person.get(stage, &format!("/v1/claims/{claim_id}/estimate")).await?;
    let total = yuan(got.number("/total_fen")?);
    let more = got.list("/plans").iter().map(plan_line).collect();
    stage.teller.step(
        number,
        since,
        Told {
            actor: "member",
            scene: "estimate",
            text: Text::made(format!("提交前预估：{total} 元"), format!("Estimate before submission: {total} yuan")),
            more,
            data: json!({"claim_id": claim_id, "total_fen": got.number("/total_fen")?}),
        },
    );
    Ok(())
}

/// A plan with its amount.
pub(super) fn plan_line(plan: &Value) -> String {
    let amount = plan.pointer("/assessment/amount_fen").and_then(Value::as_i64).unwrap_or(0);
    format!("{}：{} 元", both(plan.get("plan_name").unwrap_or(&Value::Null)), yuan(amount))
}

/// Whole fen as yuan.
pub(super) fn yuan(fen: i64) -> String {
    Fen::new(fen).to_string()
}

/// Submits; the checks accept it and the promise starts.
pub(super) async fn submit(stage: &Stage, number: u32, person: &mut Person, claim_id: Uuid) -> anyhow::Result<()> {
    let since = stage.seams.clock.now();
    let path = format!("/v1/claims/{claim_id}");
    let key = stage.ids.next().to_string();
    let mut claim = person.get(stage, &path).await?;
    while claim.maybe("/state") == "draft" {
        let ask = Ask::new(Method::POST, format!("{path}/submit")).header("idempotency-key", key.clone());
        let got = person.send(stage, ask.header("if-match", claim.tag()?)).await?;
        if got.status != 200 && got.status != 412 && got.status != 409 {
            anyhow::bail!("submitting: {}", got.trouble());
        }
        claim = person.get(stage, &path).await?;
    }
    let accepted = person
        .wait_for(stage, &path, "acceptance", |claim| match claim.maybe("/state") {
            "checking" => Ok(None),
            "rejected" | "withdrawn" | "waiting_for_member" => {
                anyhow::bail!("the claim was not accepted: {} {}", claim.maybe("/state"), claim.body)
            }
            _ => Ok(Some(claim.body.clone())),
        })
        .await?;
    let word = |pointer: &str| accepted.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    stage.teller.step(number, since, Told {
        actor: "member",
        scene: "submit",
        text: Text::made(
            format!("提交并{}：承诺十个工作日，预计 {} 前到账", word("/state_title/zh"), word("/promise/expected_pay_date")),
            format!("Submits; accepted: ten working days are promised, the money by {}", word("/promise/expected_pay_date")),
        ),
        more: vec![format!("现在由谁处理 who has the ball: {}", word("/holder"))],
        data: json!({"claim_id": claim_id, "state": word("/state"), "expected_pay_date": word("/promise/expected_pay_date")}),
    });
    Ok(())
}
