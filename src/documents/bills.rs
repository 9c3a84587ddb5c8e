//! Which bills a document tells, as the fiscal platform is asked about them: those of its codes, or the one that its print says whole.

use super::bill::{self, Bill, BillKind};
use super::pictures::Code;
use super::rows::document;
use super::state::DocumentState;
use crate::app::App;
use crate::bill_checks::BillQuery;
use crate::kernel::seal::{Field as Sealed, SealError};
use crate::reading::fields::{Field, FieldName, Paper, amount_of, day_of, words_of};

/// The codes on a clean document, as they were read.
///
/// # Errors
/// When they do not open.
pub(super) fn codes(app: &App, document: &document::Model) -> Result<Vec<Code>, SealError> {
    let sealed = document.codes_sealed.as_deref().filter(|_| document.state == DocumentState::Clean);
    let Some(sealed) = sealed else { return Ok(Vec::new()) };
    app.sealer.open_json(Sealed::ClaimFacts, sealed)
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
    let words = |name| words_of(fields, name);
    let (issued_on, amount_fen) = (day_of(fields, FieldName::IssuedOn)?, amount_of(fields, FieldName::TotalFen)?);
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
