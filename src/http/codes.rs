//! The table of problem codes: each code once, with its status and its title in both languages.

use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::kernel::text::Text;

macro_rules! codes {
    ($($variant:ident $status:literal $zh:literal $en:literal;)*) => {
        /// A stable reason for a refusal. Clients act on it; its words may change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Code {
            $(#[doc = $en] $variant,)*
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The HTTP status that goes with it.
            #[must_use]
            pub fn status(self) -> StatusCode {
                let number: u16 = match self { $(Self::$variant => $status,)* };
                StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }

            /// Its title.
            #[must_use]
            pub const fn title(self) -> Text {
                match self { $(Self::$variant => Text::fixed($zh, $en),)* }
            }
        }
    };
}

codes! {
    // the request itself
    MalformedRequest 400 "请求无法识别" "The request can't be understood";
    ValidationFailed 422 "填写的内容有误" "Some fields are not right";
    IdempotencyKeyMissing 400 "缺少 Idempotency-Key" "The header Idempotency-Key is missing or malformed";
    IdempotencyKeyReused 422 "同一 Idempotency-Key 用于了不同的请求" "This Idempotency-Key came before with another request";
    IfMatchMissing 428 "缺少 If-Match" "The header If-Match is missing";
    StaleVersion 412 "内容已被更新，请刷新后重试" "It has changed since you read it; read it again";
    UnsupportedMediaType 415 "请使用 application/json" "Send application/json";
    BodyTooLarge 413 "请求内容过大" "The body is too large";
    BodyTooSlow 408 "请求内容未及时送达，请重试" "The body did not come in time; send it again";
    RouteNotFound 404 "没有这个地址" "There is no such address";
    MethodNotAllowed 405 "不支持此方法" "This address does not take this method";
    NotFound 404 "没有找到" "Not found";
    Conflict 409 "与当前状态不符" "It does not fit the present state";
    TooManyRequests 429 "请求过于频繁，请稍后再试" "Too many requests; try again later";
    Internal 500 "系统出错，请稍后再试" "Something went wrong; try again later";
    Unavailable 503 "服务暂时不可用，请稍后再试" "The service is not available at the moment";
    // who asks
    Unauthenticated 401 "请先登录" "Sign in first";
    TokenExpired 401 "登录已过期，请重新登录" "The access token has expired";
    Forbidden 403 "没有权限" "You may not do this";
    SignInCodeRefused 401 "验证码有误或已失效，请重新获取" "The code is wrong or no longer good; ask for another";
    SignInRefused 401 "账号、密码或动态口令有误" "Login, password or one-time password is not right";
    SignInLocked 403 "账号已锁定，请联系管理员解锁" "The login is locked; an administrator must release it";
    // claims
    ClaimIdTaken 409 "此申报编号已被使用" "This claim id is taken";
    ClaimStateConflict 409 "申报当前状态不允许此操作" "The claim's state does not allow this";
    ClaimIncomplete 422 "申报材料不完整" "The claim is not complete";
    NotYourReview 409 "该申报由其他审核员处理" "Another reviewer has this claim";
    AssessmentChanged 409 "核算已变化，请重新查看后再决定" "The assessment has changed; look again before you decide";
    MatchNotJudged 409 "疑似重复票据尚未判断，请先判断再批准" "A document may be the same as another claim's; judge that before you approve";
    MatchJudged 409 "该疑似重复票据已有判断" "This match was judged before";
    DocumentsNotCompared 409 "材料仍在比对，请稍后再批准" "The documents are still being compared; approve in a moment";
    DecisionRefused 422 "决定内容不成立" "The decision does not hold";
    TooManyDrafts 409 "草稿过多，请先提交或撤回一些" "There are too many drafts; hand some in or withdraw them first";
    PayoutReleased 409 "款项已发放，不能撤回" "The payout has been released; it can't be withdrawn";
    BillCheckRefused 409 "票据不能查验" "The bill can't be checked again";
    BillChecksSpent 429 "今日查验次数已用完" "The day's checks are used up";
    // payouts
    BankNotConfigured 503 "尚未配置付款银行" "No bank is configured";
    SamePerson 403 "制单人不能复核自己的批次" "Whoever prepared a batch may not release it";
    BatchStateConflict 409 "批次当前状态不允许此操作" "The batch's state does not allow this";
    BatchHashDiffers 409 "摘要与批次内容不一致" "The hash is not that of the batch's bytes";
    BatchInRun 409 "该批次属于一次付款，请整体复核放款" "The batch is part of a run: release the run";
    ValueDatePassed 409 "付款日已过，请作废后重新制作" "The value date has passed: void it and prepare it anew";
    PayoutLimitExceeded 409 "超过单批或当日付款限额" "It is more than one batch, or one day, may pay";
    RunStateConflict 409 "付款当前状态不允许此操作" "The run's state does not allow this";
    RunHashDiffers 409 "摘要与付款清单不一致" "The hash is not that of the run's list";
    OrderStateConflict 409 "该付款指令当前状态不允许此操作" "The order's state does not allow this";
    StatementNotClosed 409 "付款日对账单尚未入账" "The statement of its value date is not closed yet";
    OrderDebited 409 "对账单显示已扣款" "A statement shows a debit of the order";
    ResolutionOpen 409 "已有待确认的处理意见" "A proposal waits to be confirmed";
    ResolutionClosed 409 "该处理意见已确认或撤回" "The proposal was confirmed or withdrawn";
    BreakClosed 409 "该差异已处理" "The break is closed";
    BreakNeedsProposal 409 "须先由另一人提出处理意见" "Another person proposes the end of this break first";
    BreakTakesOne 409 "该差异由一人处理即可，请直接关闭" "One person closes a break of this kind: resolve it";
    PayoutNotSettled 409 "该笔赔付尚未由对账单确认到账" "No statement has confirmed this payout yet";
    RecoveryOpen 409 "该笔赔付已有同类追回尚未结束" "A recovery of this payout for such a cause is not over yet";
    RecoveryExceedsPaid 409 "追回金额超过实际已付且尚未追回的金额" "It is more than was paid and not recovered yet";
    RecoveryStateConflict 409 "该笔追回当前状态不允许此操作" "The recovery's state does not allow this";
    RecoveryPlanStale 409 "分期与现有余额不符，须重新提出" "The instalments are not those of the present balance: offer new ones";
    ObjectionOpen 409 "异议尚未答复" "An objection waits for its answer";
    ObjectionAnswered 409 "没有待答复的异议" "No objection waits for an answer";
    CreditNotInSuspense 409 "该笔贷记不在待查贷方，或已无余额" "The credit does not wait in suspense, or nothing of it is left";
    BookingNotInSuspense 409 "该笔记账不在待查账户，或已用于追回还款" "The booking does not wait in suspense, or a recovery has some of it";
    BookingDoesNotFit 409 "该笔记账与所选指令不符：金额不同，或指令状态不允许" "The booking is not the order's: the amounts differ, or where the order stands does not allow it";
    PayoutNotOwed 409 "该笔赔付已送银行或已支付" "The payout is on its way or paid";
    DeathRecorded 409 "已登记该会员去世" "The member's death is recorded already";
    DeathNotRecorded 409 "尚未登记该会员去世" "The member's death is not recorded";
    HeirDiffers 409 "与登记的身份证号或卡号不一致，请核对材料" "Number or card are not those that were recorded: look at the documents";
    HeirConfirmed 409 "已确认继承人" "An heir is confirmed";
    SafeMode 409 "安全模式：暂停放款，待全部核查后由管理员恢复" "SAFE mode: nothing is released until the bank was asked about everything";
    BatchCardChanged 409 "批次中有会员已更换卡" "A member in the batch has another card now";
    BankUploadNumberTaken 409 "该序号已用于另一文件" "Another file has this number";
    BankUploadDiffers 422 "收到的文件与申明不一致" "The file that came is not what was announced";
    BankSignatureRefused 422 "银行签名无效" "The signature is not one of the bank's that counts";
    ReceiptDiffers 422 "银行收到的内容与放款批次不符" "What the bank received is not what was released";
    // documents
    ClaimTakesNoDocuments 409 "这笔申报目前不接收材料" "This claim takes no documents at the moment";
    TooManyDocuments 422 "材料数量或总大小超过上限" "The documents of this claim are too many or too large";
    TooManyOpenUploads 409 "同时上传的文件过多，请先完成或撤回" "Too many files are on their way; finish or take back one first";
    UploadsSpent 429 "今天上传的文件过多，请稍后再试" "Too much was sent within a day; try again later";
    DocumentStateConflict 409 "材料当前状态不允许此操作" "The document's state does not allow this";
    DocumentNotReady 409 "材料尚不能查看" "The document can't be read";
    RangeNotSatisfiable 416 "请求的范围超出文件" "The range lies behind the end of the file";
    UploadVersion 412 "请使用 tus 1.0.0" "Speak tus 1.0.0";
    UploadMediaType 415 "请使用 application/offset+octet-stream" "Send application/offset+octet-stream";
    UploadTooLarge 413 "文件过大" "The file is too large";
    UploadOffsetMismatch 409 "续传位置不符，请从 Upload-Offset 处继续" "Another offset is due; go on from Upload-Offset";
    UploadLocked 423 "此文件正由另一连接上传，请稍后再试" "Another connection is sending this file; try again soon";
    UploadGone 410 "此上传已过期或已撤销，请重新上传" "This upload ran out of time or was given up; begin again";
    UploadChecksumMismatch 460 "收到的内容与 Upload-Checksum 不符，请重发这一段" "The bytes that came are not those of Upload-Checksum; send this piece again";
    UploadElsewhere 503 "此文件已收到的部分不在这台服务器上，请稍后再试" "What came of this file is not on this server; try again soon";
    UploadTooSlow 503 "上传过慢，已保存收到的部分，请续传" "Too slow; what came is kept, go on from there";
}

impl Code {
    /// The code as it stands in JSON and in the problem's type: `claim_id_taken`.
    #[must_use]
    pub fn name(self) -> String {
        let debug = format!("{self:?}");
        let mut name = String::with_capacity(debug.len() + 4);
        for (index, c) in debug.chars().enumerate() {
            if c.is_ascii_uppercase() && index > 0 {
                name.push('_');
            }
            name.push(c.to_ascii_lowercase());
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_named_once_and_the_same_way_everywhere() {
        let mut names: Vec<String> = Code::ALL.iter().map(|code| code.name()).collect();
        for code in Code::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
            assert!(code.status().is_client_error() || code.status().is_server_error());
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
