//! The service's end of the check: what the checker's answer means, and what its death says of the file.

use std::ffi::OsStr;
use std::sync::Arc;
use std::time::Duration;

use super::{InspectError, Inspector, wire};
use crate::confined::{Died, Program};
use crate::documents::pictures::{Passed, Refusal};

/// On a machine that is busy with other things, twenty seconds of the processor take longer.
const PATIENCE: Duration = Duration::from_secs(90);
/// The master, thirty pages and what describes them, at most.
const MAX_ANSWER_BYTES: u64 = 128 * 1024 * 1024;

/// Starts `PROGRAM inspect` for each file.
#[derive(Clone, Debug)]
pub struct Child(Program);

impl Child {
    /// Of a binary of this service.
    #[must_use]
    pub const fn new(program: Program) -> Self {
        Self(program)
    }
}

#[async_trait::async_trait]
impl Inspector for Child {
    async fn inspect(&self, bytes: Arc<[u8]>) -> Result<Passed, InspectError> {
        match self.0.ask(&[OsStr::new("inspect")], &bytes, MAX_ANSWER_BYTES, PATIENCE).await? {
            Ok(answer) => wire::read(&answer)?.map_err(InspectError::Refused),
            Err(died) => Err(of_death(died)),
        }
    }
}

/// What the way it died says of the file.
fn of_death(died: Died) -> InspectError {
    let refusal = match died {
        Died::OutOfTime => Refusal::TooLarge,
        Died::OfTheBytes => Refusal::Damaged,
        Died::Otherwise => return InspectError::Unavailable(anyhow::anyhow!("the checker ended from outside")),
    };
    metrics::counter!("huzhu_checker_deaths_total").increment(1);
    InspectError::Refused(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_death_by_the_file_refuses_it_and_any_other_is_tried_again() {
        let refused = |died: Died| match of_death(died) {
            InspectError::Refused(refusal) => Some(refusal),
            InspectError::Unavailable(_) => None,
        };
        assert_eq!(refused(Died::OutOfTime), Some(Refusal::TooLarge));
        assert_eq!(refused(Died::OfTheBytes), Some(Refusal::Damaged));
        assert_eq!(refused(Died::Otherwise), None);
    }
}
