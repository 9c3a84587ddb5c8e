//! Print on a page, read: which words stand where ([`engine`], in a process of its own: [`Reader`]), and what the words of a form say
//! ([`fields`]).
//!
//! Nothing here decides anything. A field is a proposal with the place where it stands, how sure the engine is of it, and what else on the
//! page speaks against it.

use serde::{Deserialize, Serialize};

mod engine;
pub mod fields;
mod legibility;
mod reader;
mod serve;

pub use engine::NAME as ENGINE;
pub use legibility::Legibility;
pub use reader::{ReadError, Reader, Shut};
pub use serve::serve;

/// What was read on a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Quarter turns clockwise after which its print stands upright, 0 to 3.
    pub turns: u8,
    /// Its lines, from its upper edge to its lower one as the picture has them.
    pub lines: Vec<Line>,
}

/// A line of print on a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What it says.
    pub text: String,
    /// How sure the engine is of its characters on average, 0 to 100.
    pub confidence_percent: u8,
    /// Its corners in pixels of the page, from where its print begins, clockwise.
    pub corners: [[i32; 2]; 4],
    /// Where each character of `text` stands, in thousandths of the line's length.
    pub at_permille: Vec<u16>,
}

impl Line {
    /// Whether it is what a line can be. Who wrote it is not trusted.
    fn is_sound(&self) -> bool {
        /// Twice what a page's side has at most.
        const FAR: i32 = 4_000;
        let chars = self.text.chars().count();
        chars == self.at_permille.len()
            && (1..=400).contains(&chars)
            && !self.text.chars().any(char::is_control)
            && self.confidence_percent <= 100
            && self.at_permille.iter().all(|at| *at <= 1_000)
            && self.corners.iter().flatten().all(|side| (-FAR..=FAR).contains(side))
    }
}
