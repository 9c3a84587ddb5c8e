//! The names of a payment, by whose they are.

use serde::Serialize;

/// The names that a message gives of a payment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct References {
    /// Our message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Our payment information.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_information_id: Option<String>,
    /// Our instruction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instruction_id: Option<String>,
    /// From us to the payee.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_to_end_id: Option<String>,
    /// The bank's transaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
    /// The bank's own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_reference: Option<String>,
    /// The clearing's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clearing_reference: Option<String>,
    /// UUID of the payment on its whole way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uetr: Option<String>,
}
