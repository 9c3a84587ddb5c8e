//! The form: filled from what the photographs say, corrected by hand, saved. What they do not say is typed, and all of it where no reader is
//! installed or a file of facts says what to type.

use reqwest::Method;
use serde_json::{Map, Value, json};
use time::Date;
use uuid::Uuid;

use super::Stage;
use super::api::{Ask, Got};
use super::declare::{Member, yuan};
use super::facts::{free_days, fresh_serial};
use super::person::Person;
use super::say::Told;
use crate::kernel::clock::iso_date;
use crate::kernel::text::Text;

/// The form before it is saved.
struct Form {
    fields: Map<String, Value>,
    /// Names of the fields that the photographs say.
    read: Vec<String>,
    /// Names of those that the member typed or corrected.
    typed: Vec<String>,
}

/// Waits for the reading of the photographs, fills the form and saves it.
pub(super) async fn fill(
    stage: &Stage,
    number: u32,
    member: &Member,
    person: &mut Person,
    claim_id: Uuid,
) -> anyhow::Result<()> {
    let since = stage.seams.clock.now();
    let path = format!("/v1/claims/{claim_id}");
    let done = |got: &Got| Ok((got.number("/waiting_documents")? == 0).then(|| got.body.clone()));
    let reading = person.wait_for(stage, &format!("{path}/reading"), "the reading of the photos", done).await?;
    let form = form(stage, member, reading.get("proposal"))?;
    let version = save(stage, person, &path, &Value::Object(form.fields.clone())).await?;
    let differs = person.get(stage, &format!("{path}/reading")).await?;
    let differs: Vec<&Value> = differs.list("/differences").iter().collect();
    let warnings = reading.get("warnings").and_then(Value::as_array).map_or(0, Vec::len);
    let self_pay_one =
        form.fields.get("settlements").and_then(|all| all.pointer("/0/self_pay_one_fen")).and_then(Value::as_i64);
    stage.teller.step(
        number,
        since,
        Told {
            actor: "member",
            scene: "fill",
            text: text(&form),
            more: [
                self_pay_one.map(|fen| format!("自付一 self-pay one {} 元", yuan(fen))),
                (!form.read.is_empty()).then(|| format!("识读 read: {}", form.read.join(", "))),
                (!form.typed.is_empty()).then(|| format!("手填 by hand: {}", form.typed.join(", "))),
                (!differs.is_empty()).then(|| format!("与材料不一致 differ from the photos: {}", names(&differs))),
            ]
            .into_iter()
            .flatten()
            .collect(),
            data: json!({
                "claim_id": claim_id, "version": version, "declaration": form.fields, "read": form.read, "typed": form.typed,
                "differences": differs, "warnings": warnings,
            }),
        },
    );
    Ok(())
}

fn text(form: &Form) -> Text {
    let (read, typed) = (form.read.len(), form.typed.len());
    if read == 0 {
        return Text::fixed("手工填写申报表", "Types the form");
    }
    Text::made(
        format!("根据照片填写申报表：识读 {read} 项，手工核改 {typed} 项"),
        format!("Fills the form from the photos: {read} fields read, {typed} by hand"),
    )
}

fn names(differences: &[&Value]) -> String {
    let names = differences.iter().filter_map(|one| one.get("name").and_then(Value::as_str));
    names.collect::<Vec<_>>().join(", ")
}

/// What the photographs propose, with days that are free; what they lack is taken from the facts.
fn form(stage: &Stage, member: &Member, proposal: Option<&Value>) -> anyhow::Result<Form> {
    let mut fields = member.declaration.as_object().cloned().unwrap_or_default();
    let proposal = proposal.and_then(Value::as_object);
    let says = |(name, value): &(&String, &Value)| {
        *name != "settlements" || value.as_array().is_some_and(|all| !all.is_empty())
    };
    let said: Vec<_> = proposal.into_iter().flatten().filter(says).filter(|_| stage.props.facts.own).collect();
    let read: Vec<String> = said.iter().map(|(name, _)| (*name).clone()).collect();
    let mut typed: Vec<String> = fields.keys().filter(|name| !read.contains(name)).cloned().collect();
    for (name, value) in said {
        fields.insert(name.clone(), value.clone());
    }
    if read.is_empty() {
        return Ok(Form { fields, read, typed });
    }
    if let Some((first, last)) = day(&fields, "starts_on").zip(day(&fields, "ends_on")) {
        let today = stage.seams.clock.now().date();
        let free = free_days((first, last), today, &member.claimed);
        let (free, _) = free.ok_or_else(|| anyhow::anyhow!("no days are free"))?;
        if free != first {
            typed.extend(["starts_on".to_owned(), "ends_on".to_owned()]);
            move_days(&mut fields, free - first);
        }
    }
    if let Some(serial) = fields.get_mut("settlement_serial").filter(|_| stage.props.own_photos)
        && let Some(text) = serial.as_str()
    {
        *serial = fresh_serial(text, stage.seams.chance.as_ref());
        typed.push("settlement_serial".to_owned());
    }
    Ok(Form { fields, read, typed })
}

fn day(fields: &Map<String, Value>, name: &str) -> Option<Date> {
    iso_date::parse(fields.get(name)?.as_str()?)
}

/// Moves the stay and its settlements.
fn move_days(fields: &mut Map<String, Value>, by: time::Duration) {
    for name in ["starts_on", "ends_on"] {
        if let Some(moved) = day(fields, name).and_then(|day| day.checked_add(by)) {
            fields.insert(name.to_owned(), iso_date::text(moved).into());
        }
    }
    for settlement in fields.get_mut("settlements").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(settlement) = settlement.as_object_mut().filter(|one| one.contains_key("self_pay_one_fen")) {
            move_days(settlement, by);
        }
    }
}

/// Saves the draft; answers its version.
async fn save(stage: &Stage, person: &mut Person, path: &str, declaration: &Value) -> anyhow::Result<i64> {
    loop {
        let draft = person.get(stage, path).await?;
        if draft.body.get("declaration") == Some(declaration) {
            return draft.number("/version");
        }
        let ask = Ask::new(Method::PUT, format!("{path}/declaration")).header("if-match", draft.tag()?);
        let got = person.send(stage, ask.json(declaration)).await?;
        match got.status {
            200 => return got.number("/version"),
            // An answer that was lost: the draft is read again and tells whether it was saved.
            412 => {}
            _ => anyhow::bail!("saving the draft: {}", got.trouble()),
        }
    }
}
