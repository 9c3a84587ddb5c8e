//! Statements (camt.053), reports of a running day (camt.052) and notices of single bookings (camt.054), of every version that has been seen.
//!
//! Versions differ in where things stand, not in what they are: a status is a text up to version 6 and a choice from 7 on, a bank's own
//! words stand beside the codes of the standard. A detail comes before the entry that it belongs to, an entry and a balance before their
//! [`Account`].

use time::Date;

use super::amount::{Amount, Direction};
use super::node::Node;
use super::xml::Fault;

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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The statement's own name.
    pub id: Option<String>,
    /// Its number, as the bank counts those that it sends.
    pub sequence: Option<u64>,
    /// IBAN, or whatever else names the account.
    pub account: Option<String>,
    /// Its currency.
    pub currency: Option<String>,
    /// The first day that it covers.
    pub from: Option<Date>,
    /// The last one.
    pub to: Option<Date>,
    /// How many entries it says that it has.
    pub entries: Option<u64>,
}

/// A balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// `OPBD`, `CLBD`, … or the bank's own word.
    pub code: Option<String>,
    /// How much.
    pub amount: Amount,
    /// Credit for money of ours; none when the bank does not say, which nobody may guess.
    pub direction: Option<Direction>,
    /// Of which day.
    pub on: Option<Date>,
}

/// A booking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its own name on the statement.
    pub reference: Option<String>,
    /// The bank's name for it.
    pub bank_reference: Option<String>,
    /// How much.
    pub amount: Amount,
    /// Which way.
    pub direction: Direction,
    /// `BOOK`, `PDNG`, `INFO`, `FUTR`, or the bank's own word.
    pub status: Option<String>,
    /// Whether the bank calls it a reversal; it says so unreliably.
    pub reversal: Option<bool>,
    /// The day it was booked.
    pub booked_on: Option<Date>,
    /// The day from which it counts.
    pub valued_on: Option<Date>,
    /// What it is: `PMNT/ICDT/RRTN`, or the bank's own word.
    pub kind: Option<String>,
    /// What it says of a batch that it books in one sum.
    pub batches: Vec<Batch>,
}

/// A batch that was booked in one sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Our message.
    pub message_id: Option<String>,
    /// Our payment information.
    pub payment_information_id: Option<String>,
    /// Payments in it.
    pub count: Option<u64>,
    /// Their sum.
    pub total: Option<Amount>,
}

/// A payment within a booking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// The names that it has, by whose they are.
    pub references: References,
    /// How much.
    pub amount: Option<Amount>,
    /// Which way, when it says so itself.
    pub direction: Option<Direction>,
    /// It is a return, and why, in the code of returns.
    pub returned: Option<Returned>,
}

/// A return.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Returned {
    /// The reason, of the list of return reasons: the same letters mean other things elsewhere.
    pub reason: Option<String>,
    /// What the bank adds.
    pub remark: Option<String>,
}

/// The names of a payment. `NOTPROVIDED` is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// Our message.
    pub message_id: Option<String>,
    /// Our payment information.
    pub payment_information_id: Option<String>,
    /// Our instruction.
    pub instruction_id: Option<String>,
    /// From us to the payee.
    pub end_to_end_id: Option<String>,
    /// The bank's transaction.
    pub transaction_id: Option<String>,
    /// The bank's own name.
    pub bank_reference: Option<String>,
    /// The clearing's.
    pub clearing_reference: Option<String>,
    /// UUID of the payment on its whole way.
    pub uetr: Option<String>,
    /// Where `NOTPROVIDED` stood.
    pub not_provided: u32,
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

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

fn account(node: &Node) -> Result<Account, Fault> {
    let id = |path: &[&str]| node.text_at(path);
    Ok(Account {
        id: owned(id(&["Id"])),
        sequence: node.count_at(&["ElctrncSeqNb"])?,
        account: owned(id(&["Acct", "Id", "IBAN"]).or_else(|| id(&["Acct", "Id", "Othr", "Id"]))),
        currency: owned(id(&["Acct", "Ccy"])),
        from: node.day_at(&["FrToDt", "FrDtTm"])?,
        to: node.day_at(&["FrToDt", "ToDtTm"])?,
        entries: node.count_at(&["TxsSummry", "TtlNtries", "NbOfNtries"])?,
    })
}

fn balance(node: &Node) -> Result<Balance, Fault> {
    Ok(Balance {
        code: owned(node.word_at(&["Tp", "CdOrPrtry"])),
        amount: node.amount_at(&["Amt"])?.ok_or(Fault::Amount)?,
        direction: node.direction_at(&["CdtDbtInd"])?,
        on: node.day_at(&["Dt"])?,
    })
}

fn entry(node: &Node) -> Result<Entry, Fault> {
    let batch = |node: &Node| {
        Ok(Batch {
            message_id: owned(node.text_at(&["MsgId"])),
            payment_information_id: owned(node.text_at(&["PmtInfId"])),
            count: node.count_at(&["NbOfTxs"])?,
            total: node.amount_at(&["TtlAmt"])?,
        })
    };
    let batches = node.each("NtryDtls").flat_map(|details| details.each("Btch")).map(batch);
    Ok(Entry {
        reference: owned(node.text_at(&["NtryRef"])),
        bank_reference: owned(node.text_at(&["AcctSvcrRef"])),
        amount: node.amount_at(&["Amt"])?.ok_or(Fault::EntryIncomplete)?,
        direction: node.direction_at(&["CdtDbtInd"])?.ok_or(Fault::EntryIncomplete)?,
        status: owned(node.word_at(&["Sts"])),
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
    standard.map(|codes| codes.join("/")).or_else(|| owned(node.text_at(&["BkTxCd", "Prtry", "Cd"])))
}

fn detail(node: &Node) -> Result<Detail, Fault> {
    let mut amount = None;
    for path in [&["Amt"][..], &["AmtDtls", "TxAmt", "Amt"], &["AmtDtls", "InstdAmt", "Amt"]] {
        if amount.is_none() {
            amount = node.amount_at(path)?;
        }
    }
    let mut references = References::default();
    let mut not_provided = 0;
    for (name, place) in [
        ("MsgId", &mut references.message_id),
        ("PmtInfId", &mut references.payment_information_id),
        ("InstrId", &mut references.instruction_id),
        ("EndToEndId", &mut references.end_to_end_id),
        ("TxId", &mut references.transaction_id),
        ("AcctSvcrRef", &mut references.bank_reference),
        ("ClrSysRef", &mut references.clearing_reference),
        ("UETR", &mut references.uetr),
    ] {
        let text = node.text_at(&["Refs", name]);
        not_provided += u32::from(text == Some("NOTPROVIDED"));
        *place = owned(text.filter(|text| *text != "NOTPROVIDED"));
    }
    references.not_provided = not_provided;
    let returned = node
        .at(&["RtrInf"])
        .map(|node| Returned { reason: owned(node.word_at(&["Rsn"])), remark: owned(node.text_at(&["AddtlInf"])) });
    Ok(Detail { references, amount, direction: node.direction_at(&["CdtDbtInd"])?, returned })
}
