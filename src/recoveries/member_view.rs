//! What a member sees of a recovery: in plain words what was paid, why it is too much, what is left, how to repay it, and that they may object.

use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::changes::{balance, instalments_of, of_member};
use super::object::{ObjectionView, may_object};
use super::rows::recovery;
use super::show::{objections, repayments};
use super::state::{ObjectionKind, Outcome, Reason, RecoveryState};
use super::views::{InstalmentView, instalments, reference};
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, MemberCaller, Page, Paged, Problem, Query, Reply};
use crate::kernel::clock::{Moment, iso_date};
use crate::kernel::money::Fen;
use crate::kernel::seal::Field;
use crate::kernel::text::Text;
use crate::payouts::rows::payout;

/// A repayment that has come in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MyRepayment)]
struct CameIn {
    /// The day the bank booked it.
    #[serde(with = "iso_date")]
    #[schema(value_type = String, format = Date, example = "2026-04-20")]
    booked_on: time::Date,
    /// How much.
    amount_fen: Fen,
}

/// Money that the member is asked to give back.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyRecovery {
    /// Identifier.
    id: Uuid,
    /// What to write on a transfer.
    #[schema(max_length = 20, example = "ZH000000000018")]
    reference: String,
    /// The claim that was paid.
    claim_id: Uuid,
    /// What was paid for it.
    paid_fen: Fen,
    /// The day it was paid.
    #[serde(with = "iso_date::option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, example = "2026-03-23")]
    paid_on: Option<time::Date>,
    /// Why some of it is too much.
    reason: Reason,
    /// How much is to come back.
    amount_fen: Fen,
    /// What came back.
    repaid_fen: Fen,
    /// What is left.
    balance_fen: Fen,
    /// Where it stands.
    state: RecoveryState,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    /// All of it in plain words, in the order in which one reads them.
    #[schema(max_items = 10)]
    sentences: Vec<Text>,
    /// What happened, in the words of the staff.
    #[schema(max_length = 1000, example = "医院于3月25日撤销了该次住院结算。")]
    explanation: String,
    /// The instalments that hold, or, before the member agreed, those that are offered.
    #[schema(max_items = 60)]
    instalments: Vec<InstalmentView>,
    /// Other instalments that are offered in their place.
    #[schema(max_items = 60)]
    offered: Vec<InstalmentView>,
    /// What came in, newest first.
    #[schema(max_items = 1000)]
    repayments: Vec<CameIn>,
    /// Objections, newest first.
    #[schema(max_items = 1000)]
    objections: Vec<ObjectionView>,
    /// True while the member can agree to instalments that are offered.
    may_agree: bool,
    /// True while the member can object to owing it.
    may_object: bool,
    /// When the member was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    told_at: Option<Moment>,
    /// Rises with every change; its entity tag.
    #[schema(minimum = 1)]
    version: i64,
}

/// List what I am asked to repay
///
/// 需要归还的款项：最新的在前。The newest first; also what is over.
#[utoipa::path(
    tag = "member", operation_id = "list_my_recoveries", params(Page), security(("bearer" = ["own_recovery:read"])),
    responses((status = 200, description = "A page of recoveries", body = Paged<MyRecovery>)),
)]
#[get("/v1/me/recoveries")]
pub(super) async fn list_my_recoveries(app: web::Data<Arc<App>>, member: MemberCaller, page: Query<Page>) -> Answer {
    let (limit, list) = (page.0.limit()?, format!("my-recoveries:{}", member.member_id));
    let mut query = recovery::Entity::find()
        .filter(recovery::Column::MemberId.eq(member.member_id))
        .filter(recovery::Column::ConfirmedAtMs.is_not_null());
    if let Some(after) = page.0.start(&app, &list)? {
        query = query.filter(recovery::Column::Id.lt(after.id));
    }
    let rows = query.order_by_desc(recovery::Column::Id).limit(limit + 1).all(app.db.read()).await?;
    let mut views = Vec::with_capacity(rows.len());
    for row in rows {
        views.push((row.opened_at_ms, row.id, view(app.db.read(), &app, row).await?));
    }
    let page = Paged::from_rows(&app, &list, limit, views, |(at, id, _)| (*at, *id), |(_, _, view)| view);
    Ok(Reply::ok(&page)?.into_response())
}

/// Show what I am asked to repay
///
/// 需要归还的一笔款项：付了多少、为何多付、还剩多少、如何归还、如何异议。With everything that one needs to agree or to object.
#[utoipa::path(
    tag = "member", operation_id = "show_my_recovery", security(("bearer" = ["own_recovery:read"])),
    params(("recovery_id" = Uuid, Path, description = "The recovery")),
    responses(
        (status = 200, description = "The recovery", body = MyRecovery, headers(("ETag" = String, description = "Its version"))),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/me/recoveries/{recovery_id}")]
pub(super) async fn show_my_recovery(app: web::Data<Arc<App>>, member: MemberCaller, path: web::Path<Uuid>) -> Answer {
    let row = of_member(app.db.read(), member.member_id, *path).await?;
    let version = row.version;
    Ok(Reply::ok(&view(app.db.read(), &app, row).await?)?.version(version).into_response())
}

/// A recovery as its member sees it.
pub(super) async fn view(
    connection: &impl ConnectionTrait,
    app: &App,
    row: recovery::Model,
) -> Result<MyRecovery, Problem> {
    let payout = payout::Entity::find_by_id(row.payout_id).one(connection).await?;
    let payout = payout.ok_or_else(|| Problem::internal(anyhow::anyhow!("a recovery without its payout")))?;
    let (holds, offers) = match (row.agreed_revision, row.plan_revision) {
        (0, offered) => (offered, None),
        (agreed, offered) => (agreed, (agreed != offered).then_some(offered)),
    };
    let offered = match offers {
        Some(revision) => instalments(instalments_of(connection, row.id, revision).await?, &row)?,
        None => Vec::new(),
    };
    let objections = objections(connection, app, row.id).await?;
    let came_in = repayments(connection, row.id).await?.into_iter().filter(|one| one.confirmed_by.is_some());
    let balance_fen = if row.outcome.is_none() { balance(&row)? } else { Fen::ZERO };
    let account = app.bank.as_ref().map(|link| link.account.clone());
    Ok(MyRecovery {
        id: row.id,
        reference: reference(row.id),
        claim_id: row.claim_id,
        paid_fen: payout.amount_fen,
        paid_on: payout.paid_at_ms.map(Moment::date),
        reason: row.reason,
        amount_fen: row.amount_fen,
        repaid_fen: row.repaid_fen,
        balance_fen,
        state: row.state,
        outcome: row.outcome,
        sentences: sentences(&row, &payout, balance_fen, account.as_deref()),
        explanation: app.sealer.open(Field::Remark, &row.explanation_sealed)?.reveal().clone(),
        instalments: instalments(instalments_of(connection, row.id, holds).await?, &row)?,
        may_agree: row.outcome.is_none()
            && row.plan_revision > row.agreed_revision
            && objections.first().is_none_or(ObjectionView::is_answered),
        may_object: may_object(&row, ObjectionKind::NotOwed)
            && objections.first().is_none_or(ObjectionView::is_answered),
        offered,
        repayments: came_in.map(|one| CameIn { booked_on: one.booked_on, amount_fen: one.amount_fen }).collect(),
        objections,
        told_at: row.confirmed_at_ms,
        version: row.version,
    })
}

/// What was paid, why it is too much, how much, what came back, what is left, how to repay it, and that the member may object.
fn sentences(row: &recovery::Model, payout: &payout::Model, balance: Fen, account: Option<&str>) -> Vec<Text> {
    let paid = payout.amount_fen;
    let day = payout.paid_at_ms.map(|at| iso_date::text(at.date()));
    let mut said = vec![
        match day {
            Some(day) => Text::made(
                format!("{day} 向您的互助服务卡支付了 {paid} 元"),
                format!("On {day} {paid} yuan were paid to your service card"),
            ),
            None => Text::made(
                format!("已向您的互助服务卡支付 {paid} 元"),
                format!("{paid} yuan were paid to your service card"),
            ),
        },
        row.reason.text(),
        Text::made(
            format!("因此需要归还 {} 元", row.amount_fen),
            format!("Therefore {} yuan are to be repaid", row.amount_fen),
        ),
    ];
    if row.repaid_fen.is_positive() {
        said.push(Text::made(
            format!("已收到您归还的 {} 元", row.repaid_fen),
            format!("{} yuan that you repaid have come in", row.repaid_fen),
        ));
    }
    match row.outcome {
        Some(Outcome::Repaid) => said.push(Text::fixed("已全部还清", "Nothing is left to repay")),
        Some(Outcome::WrittenOff) => said.push(Text::fixed("剩余部分已免除", "What was left is waived")),
        Some(Outcome::Withdrawn) => {
            said.push(Text::fixed("此项已撤回，您无需归还", "This was withdrawn; you need not repay anything"))
        }
        None => {
            said.push(Text::made(format!("尚余 {balance} 元"), format!("{balance} yuan are left")));
            said.push(how_to_repay(row.id, account));
            said.push(Text::fixed(
                "今后的赔付仍会全额支付给您，不会从中扣除",
                "Whatever is paid to you later is paid in full; nothing is taken off it",
            ));
            if may_object(row, ObjectionKind::NotOwed) {
                said.push(Text::fixed(
                    "如您认为不应归还，或希望另行分期，可以提出异议，工作人员会答复您",
                    "If you do not owe it, or need other instalments, you may object; somebody will answer",
                ));
            } else {
                said.push(Text::fixed(
                    "如希望另行分期，可以提出，工作人员会答复您",
                    "If you need other instalments, say so; somebody will answer",
                ));
            }
        }
    }
    said
}

fn how_to_repay(id: Uuid, account: Option<&str>) -> Text {
    let code = reference(id);
    match account {
        Some(account) => Text::made(
            format!(
                "请转账至互助会账户 {account}，附言填写 {code}；请勿填写原付款的参考号，到账后由两名工作人员核对入账"
            ),
            format!(
                "Transfer it to the fund's account {account} and write {code} on it, not the reference of the old payment; two people will book it"
            ),
        ),
        None => Text::made(
            format!("请联系工会办理归还，并说明编号 {code}"),
            format!("Ask your union how to repay it, and name {code}"),
        ),
    }
}
