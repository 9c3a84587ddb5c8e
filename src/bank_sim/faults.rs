//! What can go wrong at the bank, switched on for a number of times.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One way in which the simulator misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The batch is executed, then the connection is cut before a byte of the answer.
    AnswerLost,
    /// The connection is cut before the batch is executed.
    CutBefore,
    /// 500 before the batch is executed.
    ServerError,
    /// The batch is executed, then 500.
    ServerErrorAfter,
    /// 429 with `"accepted": false`: the bank says that it took nothing.
    NotAccepted,
    /// The whole file is refused for its format (FF01), nothing executed.
    RejectFile,
    /// The answer echoes another hash.
    WrongHash,
    /// Results stay "in progress", whatever happened.
    DelayedResult,
    /// An enquiry finds nothing, whatever happened.
    NotFound,
    /// A batch enquiry is answered with the results of another batch.
    OtherResults,
    /// An enquiry is answered by 503.
    EnquiryError,
    /// The first line of the batch is debited twice.
    DoubleDebit,
    /// The statement file ends in the middle.
    CutStatement,
}

/// The faults that are switched on, each with how often it still happens.
#[derive(Debug, Default)]
pub struct Faults(BTreeMap<Fault, u32>);

impl Faults {
    /// Lets `fault` happen the next `times` times; zero switches it off.
    pub fn set(&mut self, fault: Fault, times: u32) {
        if times == 0 {
            self.0.remove(&fault);
        } else {
            self.0.insert(fault, times);
        }
    }

    /// Switches everything off.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// True when `fault` happens now; counts it down.
    pub fn strikes(&mut self, fault: Fault) -> bool {
        let Some(left) = self.0.get_mut(&fault) else { return false };
        *left -= 1;
        if *left == 0 {
            self.0.remove(&fault);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_as_often_as_told() {
        let mut faults = Faults::default();
        faults.set(Fault::AnswerLost, 2);
        assert!(!faults.strikes(Fault::CutBefore));
        assert_eq!([(); 3].map(|()| faults.strikes(Fault::AnswerLost)), [true, true, false]);
        faults.set(Fault::CutBefore, 1);
        faults.clear();
        assert!(!faults.strikes(Fault::CutBefore));
    }
}
