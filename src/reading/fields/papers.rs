//! Which papers are known, by which words each is recognised, and what its labels are.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::FieldName as F;
use super::forms::Form;
use super::labels;
use super::squeezed::Squeezed;

/// A paper whose fields are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Paper {
    /// A medical e-bill (医疗收费电子票据) or the slip that tells of it.
    Bill,
    /// 《北京市医疗保险住院费用清单》.
    SettlementSheet,
    /// 诊断证明书.
    Diagnosis,
    /// 出院小结.
    DischargeSummary,
    /// 居民身份证.
    IdCard,
}

/// A label of a paper and what stands beside it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Label {
    /// The words, squeezed.
    pub(super) words: &'static str,
    /// What the value must look like.
    pub(super) form: Form,
    /// The fields that the values are, one for each; none for a label that only ends what stands before it.
    pub(super) fields: &'static [F],
    /// What is left of a label whose other half a seal hides: its value counts when the sums of the paper ask for it.
    pub(super) is_half: bool,
}

const fn label(words: &'static str, form: Form, fields: &'static [F]) -> Label {
    Label { words, form, fields, is_half: false }
}

const fn half(words: &'static str, form: Form, fields: &'static [F]) -> Label {
    Label { words, form, fields, is_half: true }
}

/// A label whose value nobody asks for.
const fn other(words: &'static str) -> Label {
    label(words, Form::Words, &[])
}

impl Paper {
    /// The paper that the words on a page say it is.
    #[must_use]
    pub(super) fn of(lines: &[Squeezed]) -> Option<Self> {
        const TITLES: [(&str, Paper); 9] = [
            ("住院费用清单", Paper::SettlementSheet),
            ("住院收费票据", Paper::Bill),
            ("门诊收费票据", Paper::Bill),
            ("收费电子票据", Paper::Bill),
            ("诊断证明书", Paper::Diagnosis),
            ("出院小结", Paper::DischargeSummary),
            ("出院记录", Paper::DischargeSummary),
            ("公民身份号码", Paper::IdCard),
            ("居民身份证", Paper::IdCard),
        ];
        lines.iter().find_map(|line| {
            TITLES.iter().find(|(title, _)| labels::stands_in(title, &line.chars)).map(|(_, paper)| *paper)
        })
    }

    /// Its labels.
    pub(super) const fn labels(self) -> &'static [Label] {
        match self {
            Self::Bill => BILL,
            Self::SettlementSheet => SETTLEMENT_SHEET,
            Self::Diagnosis => DIAGNOSIS,
            Self::DischargeSummary => DISCHARGE_SUMMARY,
            Self::IdCard => ID_CARD,
        }
    }

    /// Whether the hospital's name stands alone above everything else.
    pub(super) const fn is_headed_by_the_hospital(self) -> bool {
        !matches!(self, Self::IdCard)
    }
}

/// Labels as the national rules for filling in medical e-bills name them, with Beijing's own (自付一, 自付二).
const BILL: &[Label] = &[
    label("票据代码", Form::Digits(8), &[F::BillCode]),
    label("票据号码", Form::Digits(10), &[F::BillNumber]),
    label("校验码", Form::CheckCode, &[F::CheckCode]),
    label("开票日期", Form::Day, &[F::IssuedOn]),
    label("交款人", Form::Name, &[F::PatientName]),
    label("收款单位(章)", Form::Hospital, &[F::HospitalName]),
    label("收款单位", Form::Hospital, &[F::HospitalName]),
    label("金额合计(大写)", Form::AmountInWords, &[F::TotalInWords]),
    label("合计(大写)", Form::AmountInWords, &[F::TotalInWords]),
    label("(小写)", Form::Amount, &[F::TotalFen]),
    label("金额合计", Form::Amount, &[F::TotalFen]),
    label("业务流水号", Form::Serial, &[F::Serial]),
    label("交易流水号", Form::Serial, &[F::Serial]),
    label("流水号", Form::Serial, &[F::Serial]),
    label("医保统筹基金支付", Form::Amount, &[F::PooledFundFen]),
    label("统筹基金支付", Form::Amount, &[F::PooledFundFen]),
    label("其他支付", Form::Amount, &[F::OtherPayFen]),
    label("个人账户支付", Form::Amount, &[F::PersonalAccountFen]),
    label("个人现金支付", Form::Amount, &[F::PersonalCashFen]),
    label("个人自付", Form::Amount, &[F::PersonalPayFen]),
    label("个人自费", Form::Amount, &[F::OwnExpenseFen]),
    label("自付一", Form::Amount, &[F::SelfPayOneFen]),
    label("自付二", Form::Amount, &[F::SelfPayTwoFen]),
    label("住院时间", Form::Days, &[F::StartsOn, F::EndsOn]),
    label("就诊日期", Form::Day, &[F::StartsOn]),
    label("住院科别", Form::Words, &[F::Department]),
    label("科别", Form::Words, &[F::Department]),
    label("性别", Form::Gender, &[F::Gender]),
    other("交款人统一社会信用代码"),
    other("医疗机构类型"),
    other("医保类型"),
    other("医保编号"),
    other("住院号"),
    other("门诊号"),
    other("病历号"),
    other("复核人"),
    other("收款人"),
    other("项目名称"),
    other("数量/单位"),
    other("金额(元)"),
    other("预缴金额"),
    other("补缴金额"),
    other("退费金额"),
];

const SETTLEMENT_SHEET: &[Label] = &[
    label("交易流水号", Form::Serial, &[F::Serial]),
    label("流水号", Form::Serial, &[F::Serial]),
    label("姓名", Form::Name, &[F::PatientName]),
    label("名:", Form::Name, &[F::PatientName]),
    label("性别", Form::Gender, &[F::Gender]),
    label("年龄", Form::Age, &[F::Age]),
    label("定点医疗机构", Form::Hospital, &[F::HospitalName]),
    label("医疗机构", Form::Hospital, &[F::HospitalName]),
    label("医院等级", Form::Level, &[F::HospitalLevel]),
    label("科别", Form::Words, &[F::Department]),
    label("入院日期", Form::Day, &[F::StartsOn]),
    label("起始日期", Form::Day, &[F::StartsOn]),
    label("出院日期", Form::Day, &[F::EndsOn]),
    label("截止日期", Form::Day, &[F::EndsOn]),
    label("结算日期", Form::Day, &[F::IssuedOn]),
    label("费用总额", Form::Amount, &[F::TotalFen]),
    label("统筹基金支付", Form::Amount, &[F::PooledFundFen]),
    label("大额互助资金支付", Form::Amount, &[F::LargeSumFen]),
    label("自付一", Form::Amount, &[F::SelfPayOneFen]),
    label("自付二", Form::Amount, &[F::SelfPayTwoFen]),
    half("自付", Form::Amount, &[F::SelfPayOneFen]),
    label("自费", Form::Amount, &[F::OwnExpenseFen]),
    label("个人账户支付", Form::Amount, &[F::PersonalAccountFen]),
    label("个人现金支付", Form::Amount, &[F::PersonalCashFen]),
    other("医疗机构(盖章)"),
    other("社会保障号码"),
    other("人员类别"),
    other("险种"),
    other("住院号"),
    other("住院天数"),
    other("结算次数"),
    other("结算情况"),
    other("费用项目"),
    other("数量"),
    other("费用金额"),
    other("医保内金额"),
    other("收费员"),
    other("打印时间"),
    other("合计"),
];

const DIAGNOSIS: &[Label] = &[
    label("姓名", Form::Name, &[F::PatientName]),
    label("名:", Form::Name, &[F::PatientName]),
    label("性别", Form::Gender, &[F::Gender]),
    label("年龄", Form::Age, &[F::Age]),
    label("科别", Form::Words, &[F::Department]),
    label("就诊科室", Form::Words, &[F::Department]),
    label("科室", Form::Words, &[F::Department]),
    label("日期", Form::Day, &[F::IssuedOn]),
    label("开具日期", Form::Day, &[F::IssuedOn]),
    label("临床诊断", Form::Words, &[F::Diagnosis]),
    label("诊断", Form::Words, &[F::Diagnosis]),
    other("诊断证明书"),
    other("病案号"),
    other("诊疗经过"),
    other("医师意见"),
    other("医师签名"),
];

const DISCHARGE_SUMMARY: &[Label] = &[
    label("姓名", Form::Name, &[F::PatientName]),
    label("名:", Form::Name, &[F::PatientName]),
    label("性别", Form::Gender, &[F::Gender]),
    label("年龄", Form::Age, &[F::Age]),
    label("科室", Form::Words, &[F::Department]),
    label("科别", Form::Words, &[F::Department]),
    label("入院日期", Form::Day, &[F::StartsOn]),
    label("出院日期", Form::Day, &[F::EndsOn]),
    label("出院诊断", Form::Words, &[F::Diagnosis]),
    other("住院天数"),
    other("入院诊断"),
    other("入院情况"),
    other("诊疗经过"),
    other("出院情况"),
    other("出院医嘱"),
    other("医师签名"),
];

const ID_CARD: &[Label] = &[
    label("公民身份号码", Form::NationalId, &[F::NationalId]),
    label("姓名", Form::Name, &[F::PatientName]),
    label("名:", Form::Name, &[F::PatientName]),
    label("性别", Form::Gender, &[F::Gender]),
    label("民族", Form::Words, &[F::Nation]),
    label("出生", Form::Day, &[F::BornOn]),
    label("签发机关", Form::Words, &[F::IdIssuer]),
    label("有效期限", Form::Days, &[F::ValidFrom, F::ValidUntil]),
    other("住址"),
    other("居民身份证"),
];
