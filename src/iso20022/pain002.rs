//! What the bank says of a file of ours (pain.002): of all of it, of a batch, of single payments. What it does not mention, it says nothing of.
//!
//! Everything that names a payment is optional in every version. A transaction comes before the payment information that it belongs to.

use serde::Serialize;

use super::amount::Amount;
use super::node::Node;
use super::references::References;
use super::xml::Fault;
use crate::kernel::clock::Moment;

/// One thing that a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// When the bank wrote the report, as far as it says.
    Header(Option<Moment>),
    /// Of the whole message.
    Message(Whole),
    /// Of a payment of the payment information that ends next.
    Transaction(Transaction),
    /// Of a payment information, with all that came since the last one.
    PaymentInformation(Whole),
}

/// What is said of a message or payment information of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Whole {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `RJCT`, `PART`, `ACTC`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Payments that it had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Why: see [`Transaction::reasons`].
    pub reasons: Vec<String>,
}

/// What is said of a payment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Transaction {
    /// The names that it has.
    pub references: References,
    /// `ACSC`, `RJCT`, `PDNG`, …; none says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Why: codes of the list of status reasons, or the bank's own words; the same letters mean other things for returns. What the bank adds
    /// in sentences is not read: it may name a person.
    pub reasons: Vec<String>,
    /// The amount that it repeats.
    #[serde(flatten)]
    pub amount: Option<Amount>,
}

pub(super) fn parts(message: &str) -> Option<&'static [&'static [&'static str]]> {
    let version = message.strip_prefix("pain.002.001.")?;
    let is_version = version.len() == 2 && version.bytes().all(|byte| byte.is_ascii_digit());
    is_version.then_some(&[
        &["CstmrPmtStsRpt", "GrpHdr"],
        &["CstmrPmtStsRpt", "OrgnlGrpInfAndSts"],
        &["CstmrPmtStsRpt", "OrgnlPmtInfAndSts", "TxInfAndSts"],
        &["CstmrPmtStsRpt", "OrgnlPmtInfAndSts"],
    ])
}

pub(super) fn item(node: &Node) -> Result<Option<Item>, Fault> {
    Ok(Some(match node.name.as_str() {
        "GrpHdr" => Item::Header(node.moment_at(&["CreDtTm"])),
        "OrgnlGrpInfAndSts" => Item::Message(whole(node, "OrgnlMsgId", "GrpSts")?),
        "OrgnlPmtInfAndSts" => Item::PaymentInformation(whole(node, "OrgnlPmtInfId", "PmtInfSts")?),
        "TxInfAndSts" => Item::Transaction(transaction(node)?),
        _ => return Ok(None),
    }))
}

fn whole(node: &Node, id: &str, status: &str) -> Result<Whole, Fault> {
    Ok(Whole {
        id: node.owned_at(&[id]),
        status: node.owned_at(&[status]),
        count: node.count_at(&["OrgnlNbOfTxs"])?,
        reasons: reasons(node),
    })
}

fn transaction(node: &Node) -> Result<Transaction, Fault> {
    Ok(Transaction {
        references: References {
            instruction_id: node.owned_at(&["OrgnlInstrId"]),
            end_to_end_id: node.owned_at(&["OrgnlEndToEndId"]),
            bank_reference: node.owned_at(&["AcctSvcrRef"]),
            uetr: node.owned_at(&["OrgnlUETR"]),
            ..References::default()
        },
        status: node.owned_at(&["TxSts"]),
        reasons: reasons(node),
        amount: node.amount_at(&["OrgnlTxRef", "Amt", "InstdAmt"])?,
    })
}

fn reasons(node: &Node) -> Vec<String> {
    node.each("StsRsnInf").filter_map(|reason| reason.word_at(&["Rsn"])).map(str::to_owned).collect()
}
