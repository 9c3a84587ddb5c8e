//! Reconciliation: what the bank's statement says, held against orders and books. A disagreement is written down as a break with a kind
//! and an owner; nothing is forced to match.

mod break_kind;
pub mod matching;
pub mod statement;

pub use break_kind::BreakKind;
