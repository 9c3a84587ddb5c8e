//! The eighteen kinds of disagreement between the bank and the books.

use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::text::Text;

/// A kind of disagreement.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum BreakKind {
    /// Paid by the bank, no debit two working days later.
    #[sea_orm(string_value = "B01")]
    B01,
    /// A debit without an order.
    #[sea_orm(string_value = "B02")]
    B02,
    /// An order in doubt for too long.
    #[sea_orm(string_value = "B03")]
    B03,
    /// One reference debited twice.
    #[sea_orm(string_value = "B04")]
    B04,
    /// Rejected, but debited.
    #[sea_orm(string_value = "B05")]
    B05,
    /// The amount differs.
    #[sea_orm(string_value = "B06")]
    B06,
    /// A credit that cannot be tied to an order.
    #[sea_orm(string_value = "B07")]
    B07,
    /// A statement is missing, comes twice, or does not roll.
    #[sea_orm(string_value = "B08")]
    B08,
    /// A return of a part, or of too much.
    #[sea_orm(string_value = "B09")]
    B09,
    /// A return of an order that is not settled.
    #[sea_orm(string_value = "B10")]
    B10,
    /// A result for a reference that is not ours.
    #[sea_orm(string_value = "B11")]
    B11,
    /// A result that contradicts an earlier one.
    #[sea_orm(string_value = "B12")]
    B12,
    /// A signature or a hash that is wrong.
    #[sea_orm(string_value = "B13")]
    B13,
    /// A charge that the tariff does not know.
    #[sea_orm(string_value = "B14")]
    B14,
    /// The bank echoes another name or card.
    #[sea_orm(string_value = "B15")]
    B15,
    /// Accepted long ago, no result.
    #[sea_orm(string_value = "B16")]
    B16,
    /// The details of a booking by batch are missing.
    #[sea_orm(string_value = "B17")]
    B17,
    /// Another currency or account.
    #[sea_orm(string_value = "B18")]
    B18,
}

impl BreakKind {
    /// True for a kind that stops sending for the account until a person has looked at it.
    #[must_use]
    pub const fn stops_dispatch(self) -> bool {
        matches!(self, Self::B02 | Self::B04 | Self::B05 | Self::B08 | Self::B13)
    }

    /// True for a kind that lasts as long as what causes it: seen again after it was resolved, it is open again.
    #[must_use]
    pub const fn opens_again(self) -> bool {
        matches!(self, Self::B03 | Self::B08 | Self::B13 | Self::B16 | Self::B18)
    }

    /// The role that looks after it.
    #[must_use]
    pub const fn owner_role(self) -> &'static str {
        if self.stops_dispatch() { "payout_checker" } else { "payout_maker" }
    }

    /// True for a kind that one person proposes to close and another closes.
    #[must_use]
    pub const fn takes_two(self) -> bool {
        self.stops_dispatch()
    }

    /// What happened, what to do and who does it, for the person who looks at it.
    #[must_use]
    pub const fn playbook(self) -> Text {
        match self {
            Self::B01 => Text::fixed(
                "银行回执称已付，但两日后对账单仍无扣款。制单人向银行查询该参考号并索取书面答复：若未付，在指令下提出“未付”处理意见，由复核人确认；若已付，等待对账单。期间不得重付。",
                "The bank says that it paid, and two days later no statement shows the debit. The maker asks the bank in writing about the reference: if it was not paid, propose `never_paid` for the order and let a checker confirm; if it was, wait for the statement. Nothing is paid again meanwhile.",
            ),
            Self::B02 => Text::fixed(
                "对账单上有一笔扣款找不到对应的付款指令，付款已暂停。复核人当日致电银行查明去向：误扣的要求退回，属于本基金的补充说明来源；属于恢复备份后尚未放款批次的，由另一人再次放款该批次（只记账、不发送）。查明后由一人提出、另一人关闭。",
                "The statement shows a debit for which there is no order; sending has stopped. The checker calls the bank the same day: a mistake is claimed back, a payment of the fund's own is explained, and a batch that a restore made look unreleased is released once more by another person than its maker, which sends nothing. One person proposes the end, another closes.",
            ),
            Self::B03 => Text::fixed(
                "批次发出后超过三十分钟仍不知银行是否收到，系统在自动查询。制单人致电银行核对批次号；不得用新参考号重付。若当日无果，待付款日对账单关闭且无扣款后，凭银行书面答复由两人处理。",
                "For more than thirty minutes nobody knows whether the bank has the batch; it is being asked. The maker calls the bank about the batch's reference and never pays under a new one. If the day brings nothing, two people resolve it on the bank's written answer once the statement of its value date is closed without a debit.",
            ),
            Self::B04 => Text::fixed(
                "同一参考号被扣款两次，付款已暂停，多扣款项记入“应收回”。复核人当日要求银行退回多扣的一笔并查明原因；收到退款或书面承诺后由一人提出、另一人关闭。",
                "One reference was debited twice; sending has stopped, and the second debit stands in the books as recoverable. The checker asks the bank for it the same day, and for the cause. When it is back, or promised in writing, one person proposes the end and another closes.",
            ),
            Self::B05 => Text::fixed(
                "银行先称拒绝，对账单却显示已扣款；指令按已付入账，不会重付，付款已暂停。复核人请银行书面说明其拒绝回执为何有误；在得到说明前不要恢复付款。由一人提出、另一人关闭。",
                "The bank had refused the order, and the statement shows its debit: it counts as paid and is not paid again; sending has stopped. The checker has the bank explain in writing why its refusal was wrong, and does not let sending go on before. One person proposes the end, another closes.",
            ),
            Self::B06 => Text::fixed(
                "银行扣款或回执金额与指令不同，差额留在账上。制单人与银行核对原始文件与金额：多扣要求退回，少扣要求补付或全额退回；不要手工改账。",
                "The bank debited or names another amount than the order's; the difference stays in the books. The maker compares the file and the amount with the bank: too much is claimed back, too little is made up or sent back whole. Nobody changes the books by hand.",
            ),
            Self::B07 => Text::fixed(
                "收到一笔贷记，无法确定属于哪笔付款，记入“待查贷项”。制单人按金额、卡尾号和日期向银行查询原参考号；未得到银行确认前不得自行归属；确认后由一人登记所属指令、另一人复核，款项即按退回处理。",
                "Money came in that names no order of ours; it waits in suspense. The maker asks the bank for the original reference by amount, tail and date, and assigns nothing before the bank confirms; then one person ties it to its order, another confirms, and it counts as that order's return.",
            ),
            Self::B08 => Text::fixed(
                "对账单缺失、重复、余额不连续或内容不符，未入账，付款已暂停。复核人请银行补发或更正该期对账单并重新导入；导入成功后由一人提出、另一人关闭。",
                "A statement is missing, comes with another content, or does not roll; nothing of it was posted, and sending has stopped. The checker has the bank send the right one, which is then taken. After that one person proposes the end and another closes.",
            ),
            Self::B09 => Text::fixed(
                "退回金额与付款金额不同，或同一笔退回两次，款项在“待查贷项”。制单人向银行核实：部分退回的要求补足或说明，重复退回的按银行要求返还。",
                "What came back is not the amount that was paid, or came back twice; it waits in suspense. The maker asks the bank: of a part the rest, or why; what came twice is given back as the bank asks.",
            ),
            Self::B10 => Text::fixed(
                "退款先于扣款到账，暂记“待查贷项”。通常次日对账单出现扣款后系统自动处理；超过三个工作日仍未出现的，由制单人向银行查询。",
                "Money came back before its debit was booked; it waits in suspense. As a rule the next statement brings the debit and it goes through by itself; after three working days the maker asks the bank.",
            ),
            Self::B11 => Text::fixed(
                "银行回执提到的参考号不是我们的。制单人请银行核对是否发错客户；若参考号曾在我方备份恢复前使用，立即启用安全模式（huzhu safe-mode on）。",
                "The bank reports on a reference that is not ours. The maker asks whether it belongs to another customer; if it may come from before a restore of our database, enter SAFE mode at once (huzhu safe-mode on).",
            ),
            Self::B12 => Text::fixed(
                "银行前后两次结果互相矛盾，指令状态不变并冻结重付。制单人索取银行书面确认；以付款日对账单为准。",
                "The bank contradicts what it said before; the order stays as it is and is not paid again. The maker asks for the bank's word in writing; the statement of its value date decides.",
            ),
            Self::B13 => Text::fixed(
                "签名或文件摘要不符，或复核人已无权限，或银行已有本系统未发送的批次，付款已暂停。复核人查明文件是否被改动、复核人权限为何变化，作废该批次并重新制作；银行已有的批次不作废，由另一人再次放款（只记账、不发送）。由一人提出、另一人关闭。",
                "A signature or a hash is wrong, the checker may no longer release, or the bank has a batch that was not sent from here; sending has stopped. The checker finds out whether bytes were altered or a right was taken away, voids the batch and has it prepared anew; one that the bank has is released once more by another person than its maker, which sends nothing. One person proposes the end, another closes.",
            ),
            Self::B14 => Text::fixed(
                "银行收取了价目表以外的费用。制单人对照协议，不符的要求退回。",
                "The bank took a charge that the tariff does not know. The maker compares it with the contract and claims back what is not owed.",
            ),
            Self::B15 => Text::fixed(
                "银行回显的户名或卡号与指令不同。制单人停止向该卡付款（对指令置留），与会员及银行核实后再放行。",
                "The bank echoes another name or card than the order's. The maker holds further orders of the member and asks the member and the bank before releasing them.",
            ),
            Self::B16 => Text::fixed(
                "银行受理超过一天仍无结果。制单人致电银行查询是否转人工处理；待对账单为准，期间不重付。",
                "The bank accepted the batch more than a day ago and gives no result. The maker asks whether it is being processed by hand; the statement decides, and nothing is paid again meanwhile.",
            ),
            Self::B17 => Text::fixed(
                "批量记账缺少明细。制单人请银行提供该批次逐笔结果文件。",
                "A booking by batch comes without details. The maker has the bank send the result file of the batch.",
            ),
            Self::B18 => Text::fixed(
                "文件的账户或币种不属于本基金，未入账。制单人核对是否放错目录或发错客户，并请银行重发。",
                "A file is of an account or currency that is not the fund's; nothing of it was posted. The maker looks whether it was put in the wrong place or sent to the wrong customer, and asks the bank for the right one.",
            ),
        }
    }

    /// What it is, for people.
    #[must_use]
    pub const fn name(self) -> Text {
        match self {
            Self::B01 => Text::fixed("银行称已付，对账单无借记", "Paid by the bank, but the statement shows no debit"),
            Self::B02 => Text::fixed("无对应指令的借记", "Debit without an order"),
            Self::B03 => Text::fixed("指令长时间状态不明", "Order in doubt for too long"),
            Self::B04 => Text::fixed("同一参考号重复扣款", "One reference debited twice"),
            Self::B05 => Text::fixed("银行称拒绝，但已扣款", "Rejected, but debited"),
            Self::B06 => Text::fixed("金额不符", "The amount differs"),
            Self::B07 => Text::fixed("无法匹配的贷记", "Credit that cannot be tied to an order"),
            Self::B08 => Text::fixed("对账单缺失、重复或余额不连续", "Statement missing, repeated or not rolling"),
            Self::B09 => Text::fixed("部分或超额退回", "Return of a part, or of too much"),
            Self::B10 => Text::fixed("未入账指令的退回", "Return of an order that is not settled"),
            Self::B11 => Text::fixed("未知参考号的结果", "Result for an unknown reference"),
            Self::B12 => Text::fixed("结果前后矛盾", "Result contradicts an earlier one"),
            Self::B13 => Text::fixed("签名或摘要错误", "Wrong signature or hash"),
            Self::B14 => Text::fixed("收费不在价目内", "Charge that the tariff does not know"),
            Self::B15 => Text::fixed("银行回显户名或卡号不符", "The bank echoes another name or card"),
            Self::B16 => Text::fixed("受理后长时间无结果", "Accepted long ago, no result"),
            Self::B17 => Text::fixed("批量记账缺少明细", "Details of a batch booking are missing"),
            Self::B18 => Text::fixed("币种或账户不符", "Another currency or account"),
        }
    }
}
