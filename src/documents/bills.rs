//! Which bills a document tells, as the fiscal platform is asked about them: those of its codes, or the one that its print says whole.

use time::Date;

use super::bill::{self, Bill, BillKind};
use super::pictures::Code;
use super::rows::document;
use super::state::DocumentState;
use crate::app::App;
use crate::bill_checks::BillQuery;
use crate::kernel::money::Fen;
use crate::kernel::seal::Field as Sealed;
use crate::reading::fields::{Field, FieldName, Paper, Value};

/// The codes on a clean document, as they were read.
///
/// # Errors
/// When they do not open.
pub(super) fn codes(app: &App, document: &document::Model) -> anyhow::Result<Vec<Code>> {
    let sealed = document.codes_sealed.as_deref().filter(|_| document.state == DocumentState::Clean);
    let Some(sealed) = sealed else { return Ok(Vec::new()) };
    Ok(serde_json::from_slice(app.sealer.open_bytes(Sealed::ClaimFacts, sealed)?.reveal())?)
}

/// The fiscal bills that codes tell, each once. A tax invoice is none of the platform's.
pub(super) fn of_codes(codes: &[Code]) -> Vec<BillQuery> {
    let mut bills: Vec<BillQuery> = Vec::new();
    for found in codes.iter().filter_map(|code| bill::read(&code.text)).filter_map(query) {
        if !bills.contains(&found) {
            bills.push(found);
        }
    }
    bills
}

/// The fiscal bill that a page's print tells, when it is a bill and all five parts were read in the widths that bills print them in.
pub(super) fn of_print(paper: Paper, fields: &[Field]) -> Option<BillQuery> {
    if paper != Paper::Bill {
        return None;
    }
    let value = |name| fields.iter().find(|field| field.name == name).map(|field| &field.value);
    let words = |name| match value(name)? {
        Value::Words { text } => Some(text.as_str()),
        Value::Amount { .. } | Value::Day { .. } => None,
    };
    let issued_on: Date = match value(FieldName::IssuedOn)? {
        Value::Day { date } => *date,
        Value::Amount { .. } | Value::Words { .. } => return None,
    };
    let amount_fen: Fen = match value(FieldName::TotalFen)? {
        Value::Amount { amount_fen } => *amount_fen,
        Value::Day { .. } | Value::Words { .. } => return None,
    };
    let (code, number) = (words(FieldName::BillCode)?, words(FieldName::BillNumber)?);
    query(bill::fiscal(code, number, words(FieldName::CheckCode)?, issued_on, amount_fen)?)
}

fn query(bill: Bill) -> Option<BillQuery> {
    let Bill { kind, code, number, check_code, issued_on, amount_fen } = bill;
    match kind {
        BillKind::FiscalBill => Some(BillQuery { code: code?, number, check_code: check_code?, issued_on, amount_fen }),
        BillKind::TaxInvoice => None,
    }
}
