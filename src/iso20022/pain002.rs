//! What the bank says of a file of ours (pain.002): of all of it, of a batch, of single payments. What it does not mention, it says nothing of.
//!
//! Everything that names a payment is optional in every version. A transaction comes before the payment information that it belongs to.

use super::amount::Amount;
use super::node::Node;
use super::xml::Fault;

/// One thing that a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// Of the whole message.
    Group(Group),
    /// Of a payment of the payment information that ends next.
    Transaction(Transaction),
    /// Of a payment information, with all that came since the last one.
    Payment(Payment),
}

/// What is said of the whole message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Our message.
    pub message_id: Option<String>,
    /// Which kind it was, such as `pain.001.001.09`.
    pub message: Option<String>,
    /// `RJCT`, `PART`, `ACTC`, …
    pub status: Option<String>,
    /// Payments that it had.
    pub count: Option<u64>,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// What is said of a payment information.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payment {
    /// Ours.
    pub payment_information_id: Option<String>,
    /// `RJCT`, `PART`, `ACSP`, …
    pub status: Option<String>,
    /// Payments that it had.
    pub count: Option<u64>,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// What is said of a payment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    /// Our instruction.
    pub instruction_id: Option<String>,
    /// From us to the payee.
    pub end_to_end_id: Option<String>,
    /// UUID of the payment on its whole way.
    pub uetr: Option<String>,
    /// The bank's own name.
    pub bank_reference: Option<String>,
    /// `ACSC`, `RJCT`, `PDNG`, …; none says nothing.
    pub status: Option<String>,
    /// Why.
    pub reasons: Vec<Reason>,
    /// The amount that it repeats.
    pub amount: Option<Amount>,
}

/// A reason, of the list of status reasons: the same letters mean other things for returns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    /// `AC04`, … or the bank's own word.
    pub code: Option<String>,
    /// What the bank adds.
    pub remark: String,
}

pub(super) fn parts(message: &str) -> Option<&'static [&'static [&'static str]]> {
    let version = message.strip_prefix("pain.002.001.")?;
    let is_version = version.len() == 2 && version.bytes().all(|byte| byte.is_ascii_digit());
    is_version.then_some(&[
        &["CstmrPmtStsRpt", "OrgnlGrpInfAndSts"],
        &["CstmrPmtStsRpt", "OrgnlPmtInfAndSts", "TxInfAndSts"],
        &["CstmrPmtStsRpt", "OrgnlPmtInfAndSts"],
    ])
}

pub(super) fn item(node: &Node) -> Result<Option<Item>, Fault> {
    let text = |path: &[&str]| node.text_at(path).map(str::to_owned);
    Ok(Some(match node.name.as_str() {
        "OrgnlGrpInfAndSts" => Item::Group(Group {
            message_id: text(&["OrgnlMsgId"]),
            message: text(&["OrgnlMsgNmId"]),
            status: text(&["GrpSts"]),
            count: node.count_at(&["OrgnlNbOfTxs"])?,
            reasons: reasons(node),
        }),
        "OrgnlPmtInfAndSts" => Item::Payment(Payment {
            payment_information_id: text(&["OrgnlPmtInfId"]),
            status: text(&["PmtInfSts"]),
            count: node.count_at(&["OrgnlNbOfTxs"])?,
            reasons: reasons(node),
        }),
        "TxInfAndSts" => Item::Transaction(Transaction {
            instruction_id: text(&["OrgnlInstrId"]),
            end_to_end_id: text(&["OrgnlEndToEndId"]),
            uetr: text(&["OrgnlUETR"]),
            bank_reference: text(&["AcctSvcrRef"]),
            status: text(&["TxSts"]),
            reasons: reasons(node),
            amount: node.amount_at(&["OrgnlTxRef", "Amt", "InstdAmt"])?,
        }),
        _ => return Ok(None),
    }))
}

fn reasons(node: &Node) -> Vec<Reason> {
    let reason = |node: &Node| Reason {
        code: node.word_at(&["Rsn"]).map(str::to_owned),
        remark: node.each("AddtlInf").map(|line| line.text.trim()).collect::<Vec<_>>().join(" "),
    };
    node.each("StsRsnInf").map(reason).collect()
}
