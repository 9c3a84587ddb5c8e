//! The member objects; a person answers, or two of them withdraw the recovery.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::changes::{Who, change, load, of_member, record};
use super::member_view::{MyRecovery, view};
use super::rows::{objection, recovery};
use super::state::ObjectionKind;
use super::views::RecoveryView;
use crate::app::App;
use crate::db::is_unique_violation;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Idempotency, IfMatch, MemberCaller, Problem, Reply, StaffCaller};
use crate::kernel::clock::Moment;
use crate::kernel::seal::Field;
use crate::kernel::text::Text;
use crate::notices;

/// What the member says.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewObjection {
    /// What it asks for.
    kind: ObjectionKind,
    /// In the member's words.
    #[validate(length(min = 1, max = 1000))]
    #[schema(min_length = 1, max_length = 1000, example = "我没有收到第二笔款项，请核实。")]
    words: String,
}

/// What the staff answers.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectionAnswer {
    /// For the member, in plain words.
    #[validate(length(min = 1, max = 1000))]
    #[schema(min_length = 1, max_length = 1000, example = "银行流水显示3月17日和18日各到账一笔，附言参考号相同。")]
    answer: String,
}

/// An objection, and its answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecoveryObjection)]
pub struct ObjectionView {
    /// Identifier.
    id: Uuid,
    /// What it asks for.
    kind: ObjectionKind,
    /// In the member's words.
    #[schema(max_length = 1000, example = "我没有收到第二笔款项，请核实。")]
    words: String,
    /// When it was made.
    made_at: Moment,
    /// The answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000, example = "银行流水显示3月17日和18日各到账一笔。")]
    answer: Option<String>,
    /// When it was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_at: Option<Moment>,
}

impl ObjectionView {
    /// True once somebody answered.
    pub(super) const fn is_answered(&self) -> bool {
        self.answered_at.is_some()
    }

    /// An objection with its words opened.
    ///
    /// # Errors
    /// Those of the cipher.
    pub(super) fn of(app: &App, row: objection::Model) -> Result<Self, Problem> {
        let open = |sealed: &[u8]| app.sealer.open(Field::Remark, sealed).map(|text| text.reveal().clone());
        Ok(Self {
            id: row.id,
            kind: row.kind,
            words: open(&row.words_sealed)?,
            made_at: row.made_at_ms,
            answer: row.answer_sealed.as_deref().map(open).transpose()?,
            answered_at: row.answered_at_ms,
        })
    }
}

/// Object to a recovery
///
/// 对追回提出异议。As long as nothing was repaid, against the whole; at any time for other instalments. Somebody answers, or the recovery is withdrawn.
#[utoipa::path(
    tag = "member", operation_id = "object_to_recovery", security(("bearer" = ["own_recovery:answer"])),
    request_body = NewObjection,
    params(
        ("recovery_id" = Uuid, Path, description = "The recovery"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
        ("If-Match" = String, Header, description = "The recovery's entity tag", max_length = 40, example = "\"1\""),
    ),
    responses(
        (status = 201, description = "The recovery with the objection", body = MyRecovery),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`recovery_state_conflict`, or one waits already: `objection_open`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "It has changed since it was read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/me/recoveries/{recovery_id}/objections")]
pub(super) async fn object_to_recovery(
    app: web::Data<Arc<App>>,
    member: MemberCaller,
    idempotency: Idempotency,
    version: IfMatch,
    path: web::Path<Uuid>,
    body: Body<NewObjection>,
) -> Answer {
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let row = of_member(txn, member.member_id, *path).await?;
            version.check(row.version)?;
            let may = may_object(&row, body.value.kind);
            if !may {
                return Err(Problem::new(Code::RecoveryStateConflict));
            }
            object(txn, &app, &row, &body.value).await?;
            let row = of_member(txn, member.member_id, row.id).await?;
            let (version, location) = (row.version, format!("/v1/me/recoveries/{}", row.id));
            Ok(Reply::created(location, &view(txn, &app, row).await?)?.version(version))
        })
        .await
}

/// True when a member may object in this way: what came back is settled by a decision on an appeal, not by an objection.
pub(super) fn may_object(row: &recovery::Model, kind: ObjectionKind) -> bool {
    row.outcome.is_none() && (kind == ObjectionKind::OtherInstalments || !row.repaid_fen.is_positive())
}

async fn object(
    txn: &DatabaseTransaction,
    app: &App,
    row: &recovery::Model,
    asked: &NewObjection,
) -> Result<(), Problem> {
    let said = objection::ActiveModel {
        id: Set(app.ids.next()),
        recovery_id: Set(row.id),
        kind: Set(asked.kind),
        words_sealed: Set(app.sealer.seal(Field::Remark, &asked.words)?),
        made_at_ms: Set(app.clock.now()),
        ..Default::default()
    };
    objection::Entity::insert(said)
        .exec_without_returning(txn)
        .await
        .map_err(|error| if is_unique_violation(&error) { Problem::new(Code::ObjectionOpen) } else { error.into() })?;
    // The version rises: whoever confirms or ends it now has read it.
    change(txn, row, recovery::ActiveModel::default()).await?;
    record(txn, app, row.id, "objected", Who::Member(row.member_id)).await
}

/// Answer an objection
///
/// For the member, who is told. To give in, propose that the recovery is withdrawn, or offer other instalments.
#[utoipa::path(
    tag = "staff", operation_id = "answer_recovery_objection", security(("bearer" = ["recovery:open", "recovery:confirm"])),
    request_body = ObjectionAnswer,
    params(
        ("recovery_id" = Uuid, Path, description = "The recovery"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
        ("If-Match" = String, Header, description = "The recovery's entity tag", max_length = 40, example = "\"1\""),
    ),
    responses(
        (status = 200, description = "The recovery", body = RecoveryView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`objection_answered`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "It has changed since it was read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/recoveries/{recovery_id}/answer")]
pub(super) async fn answer_recovery_objection(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    version: IfMatch,
    path: web::Path<Uuid>,
    body: Body<ObjectionAnswer>,
) -> Answer {
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let row = load(txn, *path).await?;
            version.check(row.version)?;
            answer(txn, &app, &row, staff.staff_id, &body.value.answer).await?;
            let row = load(txn, row.id).await?;
            let version = row.version;
            Ok(Reply::ok(&RecoveryView::one(txn, &app, row).await?)?.version(version))
        })
        .await
}

/// Answers the open objection and tells the member.
pub(super) async fn answer(
    txn: &DatabaseTransaction,
    app: &App,
    row: &recovery::Model,
    staff_id: Uuid,
    words: &str,
) -> Result<(), Problem> {
    use objection::Column as C;
    let done = objection::Entity::update_many()
        .col_expr(C::AnswerSealed, Expr::value(app.sealer.seal(Field::Remark, words)?))
        .col_expr(C::AnsweredBy, Expr::value(staff_id))
        .col_expr(C::AnsweredAtMs, Expr::value(app.clock.now()))
        .filter(C::RecoveryId.eq(row.id))
        .filter(C::AnsweredAtMs.is_null())
        .exec(txn)
        .await?;
    if done.rows_affected != 1 {
        return Err(Problem::new(Code::ObjectionAnswered));
    }
    if row.outcome.is_none() {
        change(txn, row, recovery::ActiveModel::default()).await?;
    }
    record(txn, app, row.id, "answered", Who::Staff(staff_id)).await?;
    let text = Text::fixed(
        "您对追回提出的异议已有答复，请登录查看",
        "Your objection to what is to be repaid has an answer; read it in the app",
    );
    notices::queue(txn, app, row.member_id, Some(row.claim_id), "recovery_answered", &text).await
}
