//! What examples tell where their schemas do not: one claim, a stay in hospital in March 2026 under the free plan.

use serde_json::{Value, json};

use super::{id_of, retell};

fn text(zh: &str, en: &str) -> Value {
    json!({ "zh": zh, "en": en })
}

/// What a property looks like whose schema does not show it; the name alone says it where one word is one thing.
pub(super) fn word(owner: &str, name: &str) -> Option<Value> {
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
pub(super) fn story(schema: &str) -> Option<Value> {
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
        "SuspenseBooking" => json!({ "id": id_of("", "entry_id"), "order_id": null }),
        "SuspenseCandidate" => json!({ "state": "settled", "same_card": true }),
        "SuspenseTie" => json!({ "confirmed_by": null, "confirmed_at": null }),
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
pub(super) fn scene(operation: &str, status: &str) -> Option<Value> {
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
        ("confirm_booking_order", "200") => json!({
            "waits": false, "order_id": id_of("", "order_id"), "candidates": [],
            "tie": { "confirmed_by": id_of("", "checker_id"), "confirmed_at": "2026-03-26T10:00:00.000+08:00" }
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
