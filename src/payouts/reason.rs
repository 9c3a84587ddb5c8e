//! What must be mended before a payout whose order failed can be tried again. Pure.
//!
//! The codes are those of payment status reports. The same letters mean other things as reasons of a return, so a return always asks
//! for another card, whatever its code.

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

/// What a rejection with `code` asks for.
#[must_use]
pub fn after_rejection(code: &str) -> Mend {
    match code {
        "AC01" | "AC03" | "AC04" | "AC06" | "AC07" | "AC16" | "BE01" | "BE06" | "BE20" | "BE22" | "RC04" | "RC08"
        | "RC10" | "RR10" => Mend::NewCard,
        "FF01" | "FF02" | "AC02" | "AM11" | "AM10" | "AM16" | "AM17" | "AM18" | "AM19" | "AM20" | "AM12" | "CH20"
        | "DT01" | "AM02" | "AM04" | "AM13" | "AM14" | "AM21" | "AM23" | "TM01" | "DT05" | "ED05" | "ED06" | "FF10" => {
            Mend::Nothing
        }
        _ if is_numbered(code, "AB") || is_numbered(code, "DS") => Mend::Nothing,
        _ => Mend::Person,
    }
}

fn is_numbered(code: &str, letters: &str) -> bool {
    code.strip_prefix(letters).is_some_and(|rest| rest.len() == 2 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
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
            ("RR04", Mend::Person),
            ("MS03", Mend::Person),
            ("", Mend::Person),
            ("ABCD1", Mend::Person),
        ] {
            assert_eq!(after_rejection(code), mend, "{code}");
        }
    }
}
