//! Examples: every JSON body of the document, asked, answered or refused, has one that fits its schema.
//!
//! They are made of the schemas themselves: their own examples, enums, formats and bounds. [`word`] has what a name looks like whose
//! schema shows nothing, [`story`] and [`scene`] what would not fit together otherwise. All of them tell of one claim: a stay in
//! hospital in March 2026 under the free plan. tests/openapi/examples.py holds each against its schema.

use serde_json::{Map, Value, json};

use super::{Code, Problem};
use crate::kernel::text::{Language, Text};

/// How deep an example goes; no schema of ours is deeper, and one that holds itself must end.
const DEEPEST: u8 = 40;

/// The request that every refusal names.
const INSTANCE: &str = "urn:uuid:0195a3c0-0000-7000-8000-000000000000";

/// Stands where neither the schema nor [`word`] knows better; a test finds it.
const MAKESHIFT: &str = "示例";

/// Things with an identifier. A thing has the same one wherever it comes up.
const THINGS: [&str; 33] = [
    "claim",
    "document",
    "member",
    "session",
    "challenge",
    "notice",
    "access",
    "subject",
    "plan",
    "version",
    "enrolment",
    "decision",
    "supplement",
    "payout",
    "order",
    "batch",
    "break",
    "maker",
    "checker",
    "reviewer",
    "match",
    "run",
    "resolution",
    "answer",
    "recovery",
    "entry",
    "repayment",
    "ending",
    "objection",
    "staff",
    "event",
    "death",
    "heir",
];

/// Gives every body of `document` an example that has none.
pub(super) fn add(document: &mut Value) {
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object).cloned().unwrap_or_default();
    let maker = Maker { schemas };
    for item in document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
        for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
            maker.operation(operation);
        }
    }
}

/// The body of a refusal with `code`, in Chinese; `field` is what it is about when it is about a field.
pub(super) fn refusal(code: Code, field: Option<&str>) -> Value {
    let problem = Problem::new(code);
    let problem = match (code, field) {
        (Code::ClaimIncomplete, _) => problem.field(
            "/settlements",
            "missing",
            Text::fixed("请填写结算单上的自付一金额", "Give self-pay one from the settlement sheet"),
        ),
        (Code::ValidationFailed, Some(field)) => {
            problem.field(field, "wrong_type", Text::fixed("格式不符", "not of the expected form"))
        }
        (Code::ValidationFailed, None) => {
            problem.field("query:limit", "range", Text::fixed("每页 1 到 100 条", "limit is 1 to 100"))
        }
        _ => problem,
    };
    serde_json::to_value(problem.body(Language::Chinese, INSTANCE.to_owned())).unwrap_or_default()
}

/// The codes that a description names between backquotes and that go with `status`; the plainest one when it names none.
fn codes_of(description: &str, status: &str) -> Vec<Code> {
    let fits = |code: &Code| code.status().as_str() == status && *code != Code::RouteNotFound;
    let named: Vec<Code> = description
        .split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|name| Code::ALL.iter().copied().find(|code| fits(code) && code.name() == name))
        .collect();
    if named.is_empty() { Code::ALL.iter().copied().find(fits).into_iter().collect() } else { named }
}

struct Maker {
    schemas: Map<String, Value>,
}

impl Maker {
    fn operation(&self, operation: &mut Value) {
        let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            self.parameter(parameter);
        }
        for (kind, content) in contents(operation.get_mut("requestBody")) {
            if is_json(kind) || kind == "application/x-www-form-urlencoded" {
                self.show(content, &id, "request");
            }
        }
        let field = self.first_field(operation.get("requestBody"));
        for (status, response) in operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten() {
            let description = response.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
            for (kind, content) in contents(Some(response)) {
                match kind.as_str() {
                    "application/problem+json" => refuse(content, &codes_of(&description, status), field.as_deref()),
                    kind if is_json(kind) => self.show(content, &id, status),
                    _ => {}
                }
            }
        }
    }

    /// A pointer to a field of a request.
    fn first_field(&self, body: Option<&Value>) -> Option<String> {
        let target = body?.pointer("/content/application~1json/schema/$ref")?.as_str()?.rsplit('/').next()?;
        let name = self.schemas.get(target)?.get("properties")?.as_object()?.keys().next()?;
        Some(format!("/{name}"))
    }

    /// What a request can't do without is shown; a filter or a cursor would only be in the way of whoever tries the page.
    fn parameter(&self, parameter: &mut Value) {
        let (Some(name), Some(schema)) = (parameter.get("name").and_then(Value::as_str), parameter.get("schema"))
        else {
            return;
        };
        let shown = ["example", "examples"].iter().any(|key| parameter.get(key).is_some());
        if shown || parameter.get("required") != Some(&Value::Bool(true)) {
            return;
        }
        if let (Some(example), Some(fields)) = (self.value(schema, "", name, 0), parameter.as_object_mut()) {
            fields.insert("example".into(), example);
        }
    }

    fn show(&self, content: &mut Value, operation: &str, status: &str) {
        let Some(fields) = content.as_object_mut() else { return };
        if fields.contains_key("example") || fields.contains_key("examples") {
            return;
        }
        let made = fields.get("schema").and_then(|schema| self.value(schema, operation, "", 0));
        let mut example = made.unwrap_or_else(|| json!({}));
        if let Some(scene) = scene(operation, status) {
            retell(&mut example, &scene);
        }
        fields.insert("example".into(), example);
    }

    /// A value of `schema`, which stands in `owner` as `name`.
    fn value(&self, schema: &Value, owner: &str, name: &str, depth: u8) -> Option<Value> {
        if depth > DEEPEST {
            return None;
        }
        if let Some(own) =
            schema.get("example").or_else(|| schema.pointer("/examples/0")).or_else(|| schema.get("const"))
        {
            return Some(own.clone());
        }
        if let Some(word) = word(owner, name) {
            return Some(word);
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let target = target.trim_start_matches("#/components/schemas/");
            let mut made = self.value(self.schemas.get(target)?, target, "", depth + 1)?;
            if let Some(story) = story(target) {
                retell(&mut made, &story);
            }
            return Some(made);
        }
        if let Some(first) = schema.pointer("/enum/0") {
            return Some(first.clone());
        }
        for several in ["oneOf", "anyOf"] {
            let variants = schema.get(several).and_then(Value::as_array).into_iter().flatten();
            if let Some(made) =
                variants.filter(|one| !is_type(one, "null")).find_map(|one| self.value(one, owner, name, depth + 1))
            {
                return Some(made);
            }
        }
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            let made =
                |(name, schema): (&String, &Value)| Some((name.clone(), self.value(schema, owner, name, depth + 1)?));
            return Some(Value::Object(properties.iter().filter_map(made).collect()));
        }
        if is_type(schema, "array") {
            let room = schema.get("maxItems").and_then(Value::as_u64) != Some(0);
            let item = schema.get("items").filter(|_| room).and_then(|item| self.value(item, owner, name, depth + 1));
            return Some(Value::Array(item.into_iter().collect()));
        }
        plain(schema, owner, name)
    }
}

/// The media types of a request body or a response.
fn contents(body: Option<&mut Value>) -> impl Iterator<Item = (&String, &mut Value)> {
    body.and_then(|body| body.get_mut("content")).and_then(Value::as_object_mut).into_iter().flatten()
}

fn is_json(kind: &str) -> bool {
    kind == "application/json" || kind.ends_with("+json")
}

fn is_type(schema: &Value, name: &str) -> bool {
    let types = schema.get("type");
    types.is_some_and(|one| one == name || one.as_array().is_some_and(|all| all.iter().any(|one| one == name)))
}

/// One code is an example; several are a choice of examples by name.
fn refuse(content: &mut Value, codes: &[Code], field: Option<&str>) {
    let Some(fields) = content.as_object_mut() else { return };
    if fields.contains_key("example") || fields.contains_key("examples") {
        return;
    }
    if let [code] = codes {
        fields.insert("example".into(), refusal(*code, field));
        return;
    }
    let example = |code: &Code| {
        let title = code.title();
        (code.name(), json!({ "summary": format!("{} · {}", title.zh, title.en), "value": refusal(*code, field) }))
    };
    fields.insert("examples".into(), Value::Object(codes.iter().map(example).collect()));
}

/// A value that only its type and format are known of.
fn plain(schema: &Value, owner: &str, name: &str) -> Option<Value> {
    if is_type(schema, "boolean") {
        return Some(json!(false));
    }
    if is_type(schema, "integer") {
        let least = schema.get("minimum").and_then(Value::as_i64).unwrap_or_default();
        return Some(json!(least.max(0)));
    }
    if !is_type(schema, "string") {
        return None;
    }
    Some(match schema.get("format").and_then(Value::as_str) {
        Some("uuid") => json!(id_of(owner, name)),
        Some("date") => json!("2026-03-23"),
        Some("date-time") => json!("2026-03-16T09:30:00.000+08:00"),
        _ => json!(MAKESHIFT),
    })
}

/// The identifier of the thing that `name` names: `claim_id`, or `id` in a `ClaimView`.
fn id_of(owner: &str, name: &str) -> String {
    let word = match name.strip_suffix("_id") {
        Some(word) => word.rsplit('_').next().unwrap_or_default().to_owned(),
        None => last_word(owner.trim_end_matches("View").trim_end_matches("Item")),
    };
    let word = match word.as_str() {
        "me" => "member",
        "upload" => "document",
        word => word,
    };
    let place = THINGS.iter().position(|thing| *thing == word).unwrap_or(THINGS.len());
    format!("0195a3c0-0000-7000-8000-{place:012x}")
}

/// `PayoutOrder` as `order`.
fn last_word(name: &str) -> String {
    let start = name.rfind(|c: char| c.is_ascii_uppercase()).unwrap_or_default();
    name.get(start..).unwrap_or_default().to_ascii_lowercase()
}

/// Changes `told` where `change` says something else, and in every item of a list; null leaves a field out.
fn retell(told: &mut Value, change: &Value) {
    match (told, change) {
        (Value::Object(fields), Value::Object(changes)) => {
            for (name, change) in changes {
                match fields.get_mut(name) {
                    _ if change.is_null() => drop(fields.remove(name)),
                    Some(field) => retell(field, change),
                    None => drop(fields.insert(name.clone(), change.clone())),
                }
            }
        }
        (Value::Array(items), Value::Object(_)) => items.iter_mut().for_each(|item| retell(item, change)),
        (told, change) => *told = change.clone(),
    }
}

fn text(zh: &str, en: &str) -> Value {
    json!({ "zh": zh, "en": en })
}

/// What a property looks like whose schema does not show it; the name alone says it where one word is one thing.
fn word(owner: &str, name: &str) -> Option<Value> {
    let value = match (owner, name) {
        ("Line", "reason") => Value::Null,
        ("CoverView" | "PlanSummary" | "PlanView", "name") | (_, "plan_name") => {
            text("在职职工医疗互助保障计划（二次报销）", "Second reimbursement of hospital costs")
        }
        ("CoverView" | "PlanSummary" | "VersionView", "summary") => text(
            "随会籍免费参加。本年首次住院（自付一－1300元）×20%，年度最高200,653元。",
            "Free with membership. First stay of the year (self-pay one − 1,300 yuan) × 20 %, at most 200,653 yuan a year.",
        ),
        ("Requires", "excluded_diagnoses") => json!(["work_injury", "occupational_disease", "childbirth"]),
        ("Rule", "title") => text("住院", "Stay in hospital"),
        ("Rule", "id") => json!("inpatient"),
        ("Source", "says") => text("合计最高200,653元。", "At most 200,653 yuan in all."),
        ("Source", "at") => json!("http://ldwb.workerbj.cn/content/2020-11/23/content_116435.htm"),
        ("Holiday", "name") => text("劳动节", "Labour Day"),
        ("CalendarView", "notice") => json!("国务院办公厅关于2026年部分节假日安排的通知"),
        ("CalendarView", "source") => json!("https://www.gov.cn/zhengce/content/2025-11/04/content_7047090.htm"),
        ("Input", "label") => text("自付一", "self-pay one"),
        ("Line", "sentence") => text(
            "本年第1次住院：自付一8,000.00元，减起付线1,300.00元，按20 %给付1,340.00元。",
            "Stay 1 of the year: self-pay one of 8,000.00 yuan less the deductible of 1,300.00 yuan, paid at 20 %: 1,340.00 yuan.",
        ),
        ("Item", "detail") => {
            text("请补交盖有医院印章的出院小结", "Please send the discharge summary with the hospital's stamp")
        }
        ("Step", "text") => text("审核员已开始审核", "A reviewer has begun to look at it"),
        ("NoticeView", "text") => text(
            "您的申报已受理，承诺 2026-03-30 前到账",
            "Your claim is accepted; the money will be there by 2026-03-30",
        ),
        ("MyRecovery", "sentences") => json!([
            text(
                "2026-03-23 向您的互助服务卡支付了 1,340.00 元",
                "On 2026-03-23 1,340.00 yuan were paid to your service card"
            ),
            text("医院已撤销您申报所依据的结算", "The hospital cancelled the settlement that you claimed for"),
        ]),
        ("ClaimPayout" | "PayoutStep", "text") => text("银行已付款", "Paid by the bank"),
        ("DocumentReason", "text") => text("图片已损坏，请重新拍摄", "The picture is damaged; please take it again"),
        ("ReconBreak", "name") => {
            text("银行称已付，对账单无借记", "Paid by the bank, but the statement shows no debit")
        }
        ("ReconBreak", "age_bucket") => json!("2-3"),
        ("ReconBreak", "playbook") => text(
            "制单人向银行书面查询该参考号；期间不得重付",
            "The maker asks the bank in writing about the reference; nothing is paid again meanwhile",
        ),
        ("ReconBreak" | "ProposeBreakResolution", "proposal") | ("ReconBreak" | "ResolveBreak", "resolution") => {
            json!("银行书面确认该笔未扣款")
        }
        ("ReconBreak", "detail") => json!("2QK7W9H3M5RTB8XE6CV1DANJ4P"),
        ("ServerMetadata", "grant_types_supported") => json!(["refresh_token", "client_credentials"]),
        ("ServerMetadata", "token_endpoint_auth_methods_supported") => json!(["private_key_jwt", "none"]),
        ("ServerMetadata", "token_endpoint_auth_signing_alg_values_supported") => json!(["EdDSA", "ES256"]),
        ("ServerMetadata", "scopes_supported") => json!(["member", "liaison", "reviewer", "auditor", "card_bank"]),
        (_, "state_title") => text("审核中", "In review"),
        (_, "state_text") => text("已通过检查，可以查看", "Checked and readable"),
        ("ItemAnswer", "remark") => json!("已补交盖章的出院小结"),
        (_, "remark") => json!("材料齐全，按核算赔付"),
        ("PayoutOrder" | "ProposeResolution", "reason_code") => json!("AC04"),
        (_, "reason_code") => json!("as_assessed"),
        (_, "hold_reason") => json!("no_card"),
        (_, "next_cursor") => json!("Yk3vVzz7TxHCTwXBygrS4gAAAZyrvYjAAZWjwAAAcACAAAAAAAAAAA"),
        (_, "sha256" | "signed_by") => json!("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
        (_, "refresh_token") => json!("b3BhcXVlLTI1Ni1iaXQtdG9rZW4tb25seS1hLXNhbXBsZQ"),
        (_, "device_id") => json!("0195a3c0-1111-7000-8000-000000000001"),
        (_, "device_secret") => json!("c2FtcGxlLWRldmljZS1zZWNyZXQtb2YtMzItYnl0ZXM0"),
        (_, "version") => json!(3),
        (_, "engine" | "from_stay" | "seq" | "statement_seq") => json!(1),
        (_, "given" | "mine" | "in_cover") => json!(true),
        (_, "first_paid_day") => json!(2),
        (_, "max_days_per_stay" | "max_days_per_term") => json!(180),
        (_, "filed_within_working_days") => json!(30),
        (_, "max_stay_days" | "settlement_period_days") => json!(90),
        (_, "days_after_event") => json!(730),
        (_, "ratio_basis_points") => json!(2_000),
        (_, "per_day_fen") => json!(4_000),
        (_, "self_pay_one_fen" | "self_pay_one_max_fen") => json!(800_000),
        (_, "deductible_fen") => json!(130_000),
        (_, "year_fen") => json!(20_065_300),
        (_, "ledger_fen" | "statement_fen") => json!(498_660_000),
        (_, "clearing_fen" | "difference_fen" | "unknown_credits_fen" | "unknown_debits_fen") => json!(0),
        ("DoorToDoor", "working_days") => json!(3),
        (_, "secs" | "promise_secs") => json!(259_200),
        (_, "due") => json!("2026-03-30T23:59:59.999+08:00"),
        (_, "expires_at") => json!("2026-03-16T09:35:00.000+08:00"),
        (_, "ends_at") => json!("2026-03-16T17:30:00.000+08:00"),
        (_, "upload_expires_at") => json!("2026-03-17T09:30:00.000+08:00"),
        (_, "released_at") => json!("2026-03-20T10:00:00.000+08:00"),
        (_, "decided_at") => json!("2026-03-19T15:20:00.000+08:00"),
        (_, "paid_at" | "posted_at") => json!("2026-03-23T10:05:00.000+08:00"),
        (_, "at" | "usable_from") => json!("2026-03-16T09:30:00.000+08:00"),
        (_, name) if name.ends_with("_at") => json!("2026-03-16T09:30:00.000+08:00"),
        (_, "Idempotency-Key") => json!("0195a3c0-3333-7000-8000-000000000003"),
        (_, "If-Match") => json!("\"3\""),
        (_, "Upload-Length") => json!(1_843_200),
        (_, "Upload-Metadata") => {
            json!("claim_id MDE5NWEzYzAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAw,kind c2V0dGxlbWVudF9zaGVldA==")
        }
        _ => return None,
    };
    Some(value)
}

/// Where a thing stands in the story, with what goes and what does not go with that; `schema` is its schema's name.
fn story(schema: &str) -> Option<Value> {
    Some(match schema {
        "Caps" => json!({ "event_fen": null, "term_fen": null }),
        "ClaimItem" => json!({ "state": "in_review", "holder": "reviewer" }),
        "ClaimView" => json!({ "state": "in_review", "holder": "reviewer", "supplement": null }),
        "CoverView" => json!({
            "plan_code": "second_reimbursement", "version": "2017", "funding": "with_membership", "ends_on": null
        }),
        "DecideClaim" => json!({ "lines": null }),
        "BillCheck" => json!({
            "verdict": "true", "source": "qr", "reason": null, "asks_again_at": null,
            "text": text("财政电子票据平台查验：票据属实，五要素一致", "The fiscal platform has this very bill: all five parts agree")
        }),
        "Document" => json!({
            "kind": "settlement_sheet", "state": "clean", "reason": null, "upload_url": null, "upload_expires_at": null,
            "bill_checked": null
        }),
        "Item" => json!({ "kind": "discharge_summary" }),
        "Input" => json!({ "value": { "unit": "fen", "value": 800_000 } }),
        "PayoutBatch" => json!({
            "value_date": "2026-03-20", "order_count": 3, "total_fen": 402_000, "checker_id": null, "released_at": null
        }),
        "PayoutOrder" => json!({ "state": "paid", "hold_reason": null, "reason_code": null }),
        "Payout" => json!({ "state": "paid", "settled_on": null }),
        "ClaimPayout" => json!({ "state": "paid" }),
        "PayoutStep" => json!({ "kind": "paid", "at": "2026-03-23T10:05:00.000+08:00" }),
        "NewDocument" => json!({ "kind": "settlement_sheet" }),
        "PromiseView" => json!({ "breached_at": null }),
        "Recovery" => json!({
            "state": "agreed", "outcome": null, "reason": "settlement_cancelled", "basis": "claim", "amount_fen": 60_000, "repaid_fen": 20_000,
            "written_off_fen": 0, "balance_fen": 40_000, "overdue_fen": 0, "overdue_bucket": null, "closed_at": null
        }),
        "MyRecovery" => json!({
            "state": "agreed", "outcome": null, "reason": "settlement_cancelled", "amount_fen": 60_000, "repaid_fen": 20_000,
            "balance_fen": 40_000, "may_agree": false, "may_object": false
        }),
        "RecoveryRepayment" => json!({ "withdrawn_by": null }),
        "RecoveryEnding" => json!({ "outcome": "written_off", "withdrawn_by": null }),
        "ProposeEnding" => json!({ "outcome": "written_off" }),
        "OpenRecovery" => json!({
            "reason": "settlement_cancelled", "instalments": { "amount_fen": 60_000 }
        }),
        "OfferInstalments" => json!({ "instalments": { "amount_fen": 40_000 } }),
        "MemberDeath" => json!({ "withdrawn_by": null, "withdrawn_at": null }),
        "PayoutHeir" => json!({ "withdrawn_by": null }),
        "UnclaimedPage" => json!({ "totals": [
            { "bucket": "0-30", "payouts": 3, "total_fen": 402_000 }, { "bucket": "31-90", "payouts": 1, "total_fen": 134_000 },
            { "bucket": "91-365", "payouts": 0, "total_fen": 0 }, { "bucket": ">365", "payouts": 0, "total_fen": 0 }
        ] }),
        "UnclaimedPayout" => json!({ "waits_for": "member", "age_bucket": "0-30", "came_back": true }),
        "Position" => json!({ "business_date": "2026-03-23" }),
        "ReviewItem" => json!({ "state": "in_review" }),
        "Requires" => json!({ "min_hospital_grade": null }),
        "ReviewMatch" => json!({
            "how": "near", "must_be_judged": true, "judgement": null,
            "other": { "state": "accepted", "same_days": true, "same_plan": true }
        }),
        "ReviewView" => json!({
            "level": "grassroots",
            "explanation": { "decision": null, "plans": { "granted_fen": null, "reason_code": null } }
        }),
        "Step" => json!({ "state": "in_review", "actor": "staff", "reason_code": null }),
        "TokenForm" => json!({
            "grant_type": "refresh_token", "client_id": null, "client_assertion": null, "client_assertion_type": null,
            "scope": null
        }),
        "VersionView" => json!({ "ends_on": null }),
        _ => return None,
    })
}

/// What one operation shows otherwise than the story: in its `request`, or in its answer with a status.
fn scene(operation: &str, status: &str) -> Option<Value> {
    let draft = |version: u32| {
        json!({
            "version": version, "state": "draft", "state_title": text("草稿", "Draft"), "holder": "member",
            "promise": null, "submitted_at": null, "accepted_at": null
        })
    };
    let accepted = json!({ "state": "accepted", "state_title": text("已受理", "Accepted"), "holder": "office" });
    let untaken = json!({ "claim": accepted, "reviewer_id": null, "mine": false });
    Some(match (operation, status) {
        ("get_openapi", "200") => {
            json!({ "openapi": "3.1.0", "info": { "title": "Huzhu 互助", "version": "0.1.0" }, "paths": {} })
        }
        ("browse_openapi", "200") => json!({ "version": 3, "sources": ["swagger-ui.css"], "mappings": "AAAA" }),
        ("start_claim", "200" | "201") => draft(1),
        ("save_declaration", "200") => draft(2),
        ("submit_claim" | "answer_supplement", "200") => accepted,
        ("withdraw_claim", "200") => json!({
            "state": "withdrawn", "state_title": text("已撤回", "Withdrawn"), "holder": "nobody",
            "promise": { "state": "stopped", "due": null, "expected_pay_date": null }
        }),
        ("announce_document", "201") => json!({
            "state": "receiving", "state_text": text("正在接收", "Receiving"), "received_bytes": 0, "renditions": [],
            "upload_url": "/v1/uploads/0195a3c0-0000-7000-8000-000000000001",
            "upload_expires_at": "2026-03-17T09:30:00.000+08:00", "version": 1
        }),
        ("list_reviews", "200") => json!({ "items": { "mine_before": false } }),
        ("release_review", "200") => untaken,
        ("pass_up_review", "200") => {
            let mut passed = untaken;
            retell(&mut passed, &json!({ "level": "district" }));
            passed
        }
        ("check_bill", "200") => json!({ "bill_checks": {
            "verdict": "cannot_be_checked", "reason": "platform_unavailable", "asks_again_at": "2026-03-19T15:20:00.000+08:00",
            "text": text("暂时无法查验：平台没有应答。这不表示票据有问题",
                "It can't be checked for now: the platform does not answer. That says nothing against the bill")
        } }),
        ("ask_supplement", "200") => json!({ "claim": {
            "state": "waiting_for_member", "state_title": text("待您补充材料", "Waiting for you"), "holder": "member",
            "promise": { "state": "paused" },
            "supplement": {
                "id": id_of("", "supplement_id"),
                "items": [{ "kind": "discharge_summary", "detail": word("Item", "detail") }],
                "asked_at": "2026-03-19T15:20:00.000+08:00", "term_ends_on": "2026-04-28"
            }
        } }),
        ("decide_claim", "200") => json!({
            "claim": { "state": "approved", "state_title": text("已批准", "Approved"), "holder": "payout_office" },
            "explanation": {
                "plans": { "granted_fen": 134_000, "reason_code": "as_assessed" },
                "decision": {
                    "id": id_of("", "decision_id"), "outcome": "approved", "granted_fen": 134_000,
                    "reason_code": "as_assessed", "remark": word("", "remark"), "decided_at": word("", "decided_at")
                }
            }
        }),
        ("judge_match", "200") => json!({ "matches": { "must_be_judged": false, "judgement": "same" } }),
        ("lapse_claim", "200") => json!({ "claim": {
            "state": "lapsed", "state_title": text("已失效", "Lapsed"), "holder": "nobody",
            "promise": { "state": "stopped", "due": null, "expected_pay_date": null }
        } }),
        ("prepare_payout_batch", "200") => json!({ "batch": null }),
        ("release_payout_batch", "200") => json!({
            "state": "released", "checker_id": id_of("", "checker_id"), "released_at": word("", "released_at")
        }),
        ("void_payout_batch", "200") => json!({ "state": "void" }),
        ("show_payout_batch", "200") => json!({ "orders": { "state": "batched", "posted_at": null } }),
        ("fetch_tokens", "401") => {
            json!({ "error": "invalid_client", "error_description": "the client or its assertion is not accepted" })
        }
        ("sign_in_staff", "200") => json!({ "scope": "reviewer" }),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed() -> Value {
        crate::http::document::complete(&crate::http::server::document()).unwrap()
    }

    /// Every JSON body with where it stands and its response's description.
    fn bodies(document: &Value) -> Vec<(String, String, Value)> {
        let mut found = Vec::new();
        let mut add = |at: &str, body: &Value| {
            let description = body["description"].as_str().unwrap_or_default().to_owned();
            for (kind, content) in body["content"].as_object().into_iter().flatten() {
                if kind.contains("json") || kind.contains("form") {
                    found.push((at.to_owned(), description.clone(), content.clone()));
                }
            }
        };
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let at = format!("{method} {path}");
                add(&at, &operation["requestBody"]);
                for (status, response) in operation["responses"].as_object().unwrap() {
                    add(&format!("{at} {status}"), response);
                }
            }
        }
        for response in document["components"]["responses"].as_object().unwrap().values() {
            add("components", response);
        }
        found
    }

    fn shown(content: &Value) -> Vec<&Value> {
        let several = content["examples"].as_object().into_iter().flatten().map(|(_, example)| &example["value"]);
        content.get("example").into_iter().chain(several).collect()
    }

    #[test]
    fn every_json_body_has_an_example_and_none_is_makeshift() {
        let document = completed();
        let bodies = bodies(&document);
        for (at, _, content) in &bodies {
            let shown = shown(content);
            assert!(!shown.is_empty(), "{at} shows nothing");
            for example in shown {
                assert!(!example.to_string().contains(MAKESHIFT), "{at}: give the schema an example: {example}");
                assert!(example.as_object().is_some_and(|fields| !fields.is_empty()), "{at}: {example}");
                let stranger = format!("{:012x}", THINGS.len());
                assert!(!example.to_string().contains(&stranger), "{at}: a thing is not in THINGS: {example}");
            }
        }
        assert!(bodies.len() > 150, "{}", bodies.len());
    }

    #[test]
    fn a_refusal_shows_the_codes_that_its_description_names() {
        let document = completed();
        let mut seen = 0;
        for (at, description, content) in bodies(&document) {
            let refusals = shown(&content).into_iter().filter(|example| example.get("instance").is_some());
            let codes: Vec<String> = refusals.map(|example| example["code"].as_str().unwrap().to_owned()).collect();
            let status = at.rsplit(' ').next().unwrap();
            for code in &codes {
                let known = Code::ALL.iter().find(|known| known.name() == *code).unwrap();
                assert!(status == "components" || known.status().as_str() == status, "{at}: {code}");
            }
            for name in description.split('`').skip(1).step_by(2).filter(|_| !codes.is_empty()) {
                assert!(codes.iter().any(|code| code == name), "{at} names {name} and shows {codes:?}");
                seen += 1;
            }
        }
        assert!(seen > 40, "{seen}");
    }

    #[test]
    fn a_retelling_changes_what_it_names_and_leaves_out_what_is_null() {
        let mut told = json!({ "a": { "b": 1, "c": 2 }, "items": [{ "x": 1, "y": 2 }, { "x": 3 }], "gone": 1 });
        retell(&mut told, &json!({ "a": { "b": 9 }, "items": { "x": 7, "y": null }, "gone": null, "new": [1] }));
        assert_eq!(told, json!({ "a": { "b": 9, "c": 2 }, "items": [{ "x": 7 }, { "x": 7 }], "new": [1] }));
    }

    #[test]
    fn a_thing_has_one_identifier() {
        assert_eq!(id_of("", "claim_id"), id_of("ClaimView", "id"));
        assert_eq!(id_of("PayoutOrder", "id"), id_of("HeldOrder", "order_id"));
        assert_ne!(id_of("ClaimPayout", "id"), id_of("ClaimItem", "id"));
    }
}
