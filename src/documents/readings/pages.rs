//! What was read on a document's pages, as it is kept: sealed, for it is somebody's name, illness and money.

use serde::{Deserialize, Serialize};

use super::rows::Model;
use crate::kernel::seal::{Field as Sealed, SealError, Sealer};
use crate::reading::Legibility;
use crate::reading::fields::{Field, Paper};

/// The pages that were read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pages(pub(super) Vec<Page>);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Page {
    /// Counted from one.
    pub(super) page: u8,
    /// What it says it is.
    pub(super) paper: Paper,
    /// What stands on it.
    pub(super) fields: Vec<Field>,
    /// How well its print can be read; none of what an earlier build read.
    pub(super) legibility: Option<Legibility>,
}

impl Pages {
    pub(super) fn seal(&self, sealer: &Sealer) -> Result<Vec<u8>, SealError> {
        sealer.seal_json(Sealed::ClaimFacts, self)
    }

    /// Those of a row; none when it was not read.
    ///
    /// # Errors
    /// When the row does not open.
    pub(super) fn open(sealer: &Sealer, row: &Model) -> Result<Self, SealError> {
        let Some(sealed) = row.pages_sealed.as_deref() else { return Ok(Self::default()) };
        sealer.open_json(Sealed::ClaimFacts, sealed)
    }
}
