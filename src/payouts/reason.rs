//! What must be mended before a payout whose order failed can be tried again. Pure.
//!
//! The codes are those of payment status reports. The same letters mean other things as reasons of a return, so a return always asks
//! for another card, whatever its code.

use crate::iso20022::StatusReason;
use crate::kernel::text::Text;

/// What must happen before the next try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mend {
    /// The member gives another card.
    NewCard,
    /// Nothing of the member's: the fault was ours, of limits, funds or technique.
    Nothing,
    /// A person looks at it.
    Person,
}

/// Stands for the written answer of a bank that says "not paid" and names no code.
pub(super) const NOT_PAID: &str = "NOT_PAID";

/// What a rejection with `code` asks for.
#[must_use]
pub fn after_rejection(code: &str) -> Mend {
    if code == NOT_PAID {
        return Mend::Nothing;
    }
    match StatusReason::of(code) {
        StatusReason::PayeeData => Mend::NewCard,
        StatusReason::FileOrLimits | StatusReason::Technique => Mend::Nothing,
        StatusReason::Duplicate | StatusReason::Legal | StatusReason::Unsaid => Mend::Person,
    }
}

/// What the member is told.
#[must_use]
pub const fn told(mend: Mend) -> Text {
    match mend {
        Mend::NewCard => Text::fixed(
            "银行未能将款项存入您的互助服务卡，请核对或更换卡号，我们将重新支付",
            "The bank could not pay your service card. Check or replace the card and we will pay again",
        ),
        Mend::Nothing => Text::fixed(
            "付款未成功，原因不在您，我们将重新支付",
            "The payment did not go through. It is not your fault; we will pay again",
        ),
        Mend::Person => Text::fixed(
            "付款未成功，工作人员正在核实，无需您操作",
            "The payment did not go through. Somebody is looking into it; you need not do anything",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_nobody_knows_goes_to_a_person() {
        for (code, mend) in [
            ("AC04", Mend::NewCard),
            ("AC16", Mend::NewCard),
            ("AM04", Mend::Nothing),
            ("AC02", Mend::Nothing),
            ("AM11", Mend::Nothing),
            ("DS0B", Mend::Nothing),
            ("AB08", Mend::Nothing),
            (NOT_PAID, Mend::Nothing),
            ("RR04", Mend::Person),
            ("MS03", Mend::Person),
            ("", Mend::Person),
            ("ABCD1", Mend::Person),
        ] {
            assert_eq!(after_rejection(code), mend, "{code}");
        }
    }
}
