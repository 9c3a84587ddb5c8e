//! What can go wrong at the bank, switched on for a number of times.

use std::collections::BTreeMap;

use sea_orm::EnumIter;
use serde::{Deserialize, Serialize};

/// One way in which the simulator misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumIter, Serialize, Deserialize)]
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
    /// The batch waits in a queue and is executed 20 minutes later; the connection is cut. A bank that is killed meanwhile forgets it.
    LateQueue,
    /// The batch is executed, and yet the answer is that the file is a duplicate (DU01).
    SaysDuplicate,
    /// Of what was paid, the first line of the results is called rejected (AB05).
    SaysRejected,
    /// Of what was refused, the first line of the results is called paid.
    SaysPaid,
    /// The results name only what was refused.
    PartialResults,
    /// The results name nothing.
    EmptyResults,
    /// The results name everything twice.
    RepeatedResults,
    /// The results also name a reference that nobody sent.
    StrangeResult,
    /// The first line of the results names an amount that is one fen too high.
    OtherAmount,
    /// The first line of the results has its amount as `1e3`.
    OddAmount,
    /// The next return is booked without its reference.
    AnonymousReturn,
    /// The next batch is executed today and debited tomorrow.
    LateBooking,
    /// The next batch is debited as one sum without references.
    BatchDebit,
    /// A statement that is ready is not given out.
    MissingStatement,
    /// The statement before the one that was asked for is given out.
    OldStatement,
    /// The statement after the one that was asked for is given out.
    NextStatement,
    /// The statement opens and closes with one fen too much.
    WrongBalance,
    /// The statement before the one that was asked for is given out with another booking in it.
    CorrectedStatement,
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

impl std::str::FromStr for Fault {
    type Err = serde::de::value::Error;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        use serde::de::IntoDeserializer;
        Self::deserialize(word.into_deserializer())
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.serialize(f)
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

    #[test]
    fn a_fault_is_called_as_it_is_on_the_wire() {
        assert_eq!("answer_lost".parse::<Fault>().unwrap(), Fault::AnswerLost);
        assert_eq!(Fault::DoubleDebit.to_string(), "double_debit");
        assert!("lost".parse::<Fault>().is_err());
    }
}
