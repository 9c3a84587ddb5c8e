//! A bill as the fiscal platform is asked about it: five parts, of which each must be right.

use serde::{Deserialize, Serialize};
use time::Date;

use crate::kernel::clock::iso_date;
use crate::kernel::money::Fen;
use crate::kernel::seal::{Field, SealError, Sealer};

/// The verification key of a medical e-bill (医疗收费电子票据), as it stands on the document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BillQuery {
    /// Its code (票据代码), 8 digits.
    pub code: String,
    /// Its number (票据号码), 10 digits.
    pub number: String,
    /// Its check code (校验码), 6 letters or digits.
    pub check_code: String,
    /// The day it was issued (开票日期).
    #[serde(with = "iso_date")]
    pub issued_on: Date,
    /// Its whole amount (金额合计).
    pub amount_fen: Fen,
}

impl BillQuery {
    /// Finds the same bill again, whatever else is said of it: what the platform counts by.
    pub(super) fn bill_lookup(&self, sealer: &Sealer) -> Vec<u8> {
        sealer.lookup(Field::Bill, format!("bill|{}|{}", self.code, self.number))
    }

    /// Finds the same five parts again: what an answer holds for. A bill with another amount is another question.
    pub(super) fn query_lookup(&self, sealer: &Sealer) -> Vec<u8> {
        let Self { code, number, check_code, issued_on, amount_fen } = self;
        let day = iso_date::text(*issued_on);
        sealer.lookup(Field::Bill, format!("query|{code}|{number}|{check_code}|{day}|{}", amount_fen.get()))
    }

    pub(super) fn seal(&self, sealer: &Sealer) -> Result<Vec<u8>, SealError> {
        sealer.seal_json(Field::Bill, self)
    }

    pub(super) fn open(sealer: &Sealer, sealed: &[u8]) -> Result<Self, SealError> {
        sealer.open_json(Field::Bill, sealed)
    }
}
