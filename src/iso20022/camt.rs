//! Statements (camt.053), reports of a running day (camt.052) and notices of single bookings (camt.054), of every version that has been seen.
//!
//! Versions differ in where things stand, not in what they are: a status is a text up to version 6 and a choice from 7 on, a bank's own
//! words stand beside the codes of the standard. A detail comes before the entry that it belongs to, an entry and a balance before their
//! [`Account`].

use serde::Serialize;
use time::Date;

use super::amount::{Amount, Direction};
use super::node::Node;
use super::references::References;
use super::xml::Fault;
use crate::kernel::clock::iso_date;

/// Which of the three messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// camt.052: what happened so far today; not final.
    Report,
    /// camt.053: a closed day.
    Statement,
    /// camt.054: single bookings.
    Notification,
}

impl Kind {
    /// The kind of a message such as `camt.053.001.08`.
    #[must_use]
    pub fn of(message: &str) -> Option<Self> {
        let (kind, version) = message.split_at_checked(9)?;
        let sound = version.len() == 6
            && version.starts_with("001.")
            && version.bytes().skip(4).all(|byte| byte.is_ascii_digit());
        match kind {
            "camt.052." if sound => Some(Self::Report),
            "camt.053." if sound => Some(Self::Statement),
            "camt.054." if sound => Some(Self::Notification),
            _ => None,
        }
    }
}

/// One thing that a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A balance of the account that ends next.
    Balance(Balance),
    /// A payment within the entry that ends next.
    Detail(Detail),
    /// A booking of the account that ends next.
    Entry(Entry),
    /// An account, with all that came before.
    Account(Account),
}

/// What a file says of an account besides its balances and bookings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The statement's own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its number, as the bank counts those that it sends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// Its number among the statements that count before the law, where the bank counts those apart.
    #[serde(skip)]
    pub legal_sequence: Option<u64>,
    /// IBAN, or whatever else names the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Its currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// The first day that it covers.
    #[serde(with = "iso_date::option", skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// The last one.
    #[serde(with = "iso_date::option", skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// How many entries it says that it has.
    #[serde(skip)]
    pub announced_entries: Option<u64>,
}

/// A balance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Balance {
    /// `OPBD`, `CLBD`, … or the bank's own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// How much.
    #[serde(flatten)]
    pub amount: Amount,
    /// Credit for money of ours; none when the bank does not say, which nobody may guess.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// Of which day.
    #[serde(with = "iso_date::option", skip_serializing_if = "Option::is_none")]
    pub on: Option<Date>,
}

/// A booking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its own name on the statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The bank's name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_reference: Option<String>,
    /// How much.
    #[serde(flatten)]
    pub amount: Amount,
    /// Which way.
    pub direction: Direction,
    /// `BOOK`, `PDNG`, `INFO`, `FUTR`, or the bank's own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Whether the bank calls it a reversal; it says so unreliably.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reversal: Option<bool>,
    /// The day it was booked.
    #[serde(with = "iso_date::option", skip_serializing_if = "Option::is_none")]
    pub booked_on: Option<Date>,
    /// The day from which it counts.
    #[serde(with = "iso_date::option", skip_serializing_if = "Option::is_none")]
    pub valued_on: Option<Date>,
    /// What it is: `PMNT/ICDT/RRTN`, or the bank's own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What it announces of batches that it books in one sum.
    #[serde(skip)]
    pub batches: Vec<Batch>,
}

/// A batch that was booked in one sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Our name for it: of the payment information, or of the message.
    pub reference: Option<String>,
    /// Payments in it.
    pub count: Option<u64>,
    /// Their sum.
    pub total: Option<Amount>,
}

/// A payment within a booking.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Detail {
    /// The names that it has; `NOTPROVIDED` is none.
    pub references: References,
    /// How many of them say `NOTPROVIDED`.
    #[serde(skip)]
    pub not_provided: u32,
    /// How much.
    #[serde(flatten)]
    pub amount: Option<Amount>,
    /// Which way, when it says so itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// It is a return, and why: a code of the list of return reasons, where the same letters mean other things than elsewhere; empty when the
    /// bank does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_reason: Option<String>,
    /// The last four characters of the account that it came from.
    #[serde(skip)]
    pub debtor_tail: Option<String>,
    /// The last four characters of the account that it went to.
    #[serde(skip)]
    pub creditor_tail: Option<String>,
}

pub(super) fn parts(message: &str) -> Option<&'static [&'static [&'static str]]> {
    macro_rules! of {
        ($root:literal, $account:literal) => {
            &[
                &[$root, $account, "Bal"],
                &[$root, $account, "Ntry", "NtryDtls", "TxDtls"],
                &[$root, $account, "Ntry"],
                &[$root, $account],
            ]
        };
    }
    Some(match Kind::of(message)? {
        Kind::Report => of!("BkToCstmrAcctRpt", "Rpt"),
        Kind::Statement => of!("BkToCstmrStmt", "Stmt"),
        Kind::Notification => of!("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
    })
}

pub(super) fn item(node: &Node) -> Result<Option<Item>, Fault> {
    Ok(Some(match node.name.as_str() {
        "Bal" => Item::Balance(balance(node)?),
        "TxDtls" => Item::Detail(detail(node)?),
        "Ntry" => Item::Entry(entry(node)?),
        "Rpt" | "Stmt" | "Ntfctn" => Item::Account(account(node)?),
        _ => return Ok(None),
    }))
}

fn account(node: &Node) -> Result<Account, Fault> {
    let account = node.owned_at(&["Acct", "Id", "IBAN"]).or_else(|| node.owned_at(&["Acct", "Id", "Othr", "Id"]));
    Ok(Account {
        id: node.owned_at(&["Id"]),
        sequence: node.count_at(&["ElctrncSeqNb"])?,
        legal_sequence: node.count_at(&["LglSeqNb"])?,
        account,
        currency: node.owned_at(&["Acct", "Ccy"]),
        from: node.day_at(&["FrToDt", "FrDtTm"])?,
        to: node.day_at(&["FrToDt", "ToDtTm"])?,
        announced_entries: node.count_at(&["TxsSummry", "TtlNtries", "NbOfNtries"])?,
    })
}

fn balance(node: &Node) -> Result<Balance, Fault> {
    Ok(Balance {
        code: node.word_at(&["Tp", "CdOrPrtry"]).map(str::to_owned),
        amount: node.amount_at(&["Amt"])?.ok_or(Fault::Amount)?,
        direction: node.direction_at(&["CdtDbtInd"])?,
        on: node.day_at(&["Dt"])?,
    })
}

fn entry(node: &Node) -> Result<Entry, Fault> {
    let batch = |node: &Node| {
        let reference = node.owned_at(&["PmtInfId"]).or_else(|| node.owned_at(&["MsgId"]));
        Ok(Batch { reference, count: node.count_at(&["NbOfTxs"])?, total: node.amount_at(&["TtlAmt"])? })
    };
    let batches = node.each("NtryDtls").flat_map(|details| details.each("Btch")).map(batch);
    Ok(Entry {
        reference: node.owned_at(&["NtryRef"]),
        bank_reference: node.owned_at(&["AcctSvcrRef"]),
        amount: node.amount_at(&["Amt"])?.ok_or(Fault::EntryIncomplete)?,
        direction: node.direction_at(&["CdtDbtInd"])?.ok_or(Fault::EntryIncomplete)?,
        status: node.word_at(&["Sts"]).map(str::to_owned),
        reversal: node.flag_at(&["RvslInd"])?,
        booked_on: node.day_at(&["BookgDt"])?,
        valued_on: node.day_at(&["ValDt"])?,
        kind: kind(node),
        batches: batches.collect::<Result<_, Fault>>()?,
    })
}

/// Domain, family and subfamily; the bank's own word where it has none.
fn kind(node: &Node) -> Option<String> {
    let domain = ["BkTxCd", "Domn", "Cd"];
    let family = ["BkTxCd", "Domn", "Fmly", "Cd"];
    let subfamily = ["BkTxCd", "Domn", "Fmly", "SubFmlyCd"];
    let standard: Option<Vec<&str>> =
        [&domain[..], &family, &subfamily].into_iter().map(|path| node.text_at(path)).collect();
    standard.map(|codes| codes.join("/")).or_else(|| node.owned_at(&["BkTxCd", "Prtry", "Cd"]))
}

fn detail(node: &Node) -> Result<Detail, Fault> {
    let mut amount = None;
    for path in [&["Amt"][..], &["AmtDtls", "TxAmt", "Amt"], &["AmtDtls", "InstdAmt", "Amt"]] {
        if amount.is_none() {
            amount = node.amount_at(path)?;
        }
    }
    let mut not_provided = 0;
    let mut reference = |name| {
        let text = node.owned_at(&["Refs", name]);
        not_provided += u32::from(text.as_deref() == Some("NOTPROVIDED"));
        text.filter(|text| text != "NOTPROVIDED")
    };
    let references = References {
        message_id: reference("MsgId"),
        payment_information_id: reference("PmtInfId"),
        instruction_id: reference("InstrId"),
        end_to_end_id: reference("EndToEndId"),
        transaction_id: reference("TxId"),
        bank_reference: reference("AcctSvcrRef"),
        clearing_reference: reference("ClrSysRef"),
        uetr: reference("UETR"),
    };
    let return_reason = node.at(&["RtrInf"]).map(|node| node.word_at(&["Rsn"]).unwrap_or_default().to_owned());
    let direction = node.direction_at(&["CdtDbtInd"])?;
    let (debtor_tail, creditor_tail) = (tail(node, "DbtrAcct"), tail(node, "CdtrAcct"));
    Ok(Detail { references, not_provided, amount, direction, return_reason, debtor_tail, creditor_tail })
}

fn tail(node: &Node, account: &str) -> Option<String> {
    let id = node.at(&["RltdPties", account, "Id"])?;
    let number = id.text_at(&["IBAN"]).or_else(|| id.text_at(&["Othr", "Id"]))?;
    let from = number.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
    number.get(from..).map(str::to_owned)
}
