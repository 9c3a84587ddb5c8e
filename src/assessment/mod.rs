//! The rules engine: what one enrolment owes for one claim, and why, line by line.
//!
//! Owns the shapes of benefits and the arithmetic; a pure function from [`Basis`] and [`PlanTerms`] to [`Assessment`]. It reads no clock, no table
//! and no network, so the estimate before submission, the explanation after the decision and a replay years later are the same call.
//! Never decides a claim and never looks at a document. Start reading at [`assess`]; a new shape is one variant of [`Benefit`] with its file and tests.
//!
//! Amounts are whole fen; a ratio is a whole number of basis points; a rule rounds half-up to the fen once, at its end.

mod assess;
mod daily_allowance;
mod facts;
mod ratio;
mod rules;
#[cfg(test)]
mod tests;
mod trace;

pub use assess::{AssessError, ENGINE, assess, replay};
pub use daily_allowance::{DailyAllowance, DayCount};
pub use facts::{Basis, Before, ClaimFacts, Cover, DiagnosisClass, EventKind, Settlement};
pub use ratio::{Base, RatioOverDeductible, Tier};
pub use rules::{Benefit, Caps, PlanTerms, Requires, Rule, Rules};
pub use trace::{Assessment, Input, Line, LineKind, Quantity, Reason};
