//! ISO 20022 messages from the bank, whatever version: read as a stream within fixed limits, into whole hundredths. Pure.
//!
//! [`xml`] is the only place that sees markup; [`camt`] makes statements, reports and notices of it, [`pain002`] the fate of what we sent. Nothing
//! is guessed: what is not there is none, and an amount, a direction or a date that can't be read ends the file with a [`Fault`] and its place.
//! [`pain001`] writes what we send.

mod amount;
pub mod camt;
mod node;
pub mod pain001;
pub mod pain002;
mod reasons;
mod references;
pub mod xml;

use std::io::BufRead;

pub use amount::{Amount, Currency, Direction};
pub use node::Node;
pub use reasons::{ReturnReason, StatusClass, StatusReason};
pub use references::References;
pub use xml::{Fault, Limits, Unreadable};

/// One thing that a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// Of an account.
    Account(camt::Item),
    /// Of a file of ours.
    Status(pain002::Item),
}

/// Reads a file and hands out what it says, as it comes. Answers which message it was, such as `camt.053.001.08`.
///
/// # Errors
/// [`Unreadable`]: then nothing that was handed out counts.
pub fn read(
    source: impl BufRead,
    limits: &Limits,
    mut on: impl FnMut(Item) -> Result<(), Fault>,
) -> Result<String, Unreadable> {
    let parts = |message: &str| camt::parts(message).or_else(|| pain002::parts(message));
    xml::read(source, limits, parts, |node| {
        if let Some(item) = camt::item(&node)? {
            return on(Item::Account(item));
        }
        pain002::item(&node)?.map_or(Ok(()), |item| on(Item::Status(item)))
    })
}
