//! What the codes of the standard mean for a payment of ours. The same letters mean one thing as the reason of a status and another as the
//! reason of a return, so there are two lists and no way from one to the other. Pure.

/// A class of what a status report says of a message, a payment information or a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatusClass {
    /// The bank has it and is not done.
    Accepted,
    /// The same, and somebody must sign at the bank.
    NeedsSignature,
    /// The bank says that the payer's or the payee's account was booked.
    Paid,
    /// Refused.
    Rejected,
    /// Some of it: each payment says for itself.
    Partly,
    /// Cancelled, as we may have asked.
    Cancelled,
    /// Neither posted nor returned.
    Blocked,
    /// What a verification of the payee found: no acceptance.
    Informational,
    /// A code that nobody knows here: it moves nothing.
    Unknown,
}

impl StatusClass {
    /// The class of a code of the list of payment transaction statuses.
    #[must_use]
    pub fn of(code: &str) -> Self {
        match code {
            "RCVD" | "ACTC" | "ACCP" | "ACFC" | "ACSP" | "ACPD" | "ACWC" | "ACWP" | "PDNG" => Self::Accepted,
            "ACFW" | "PATC" => Self::NeedsSignature,
            "ACSC" | "ACCC" => Self::Paid,
            "RJCT" => Self::Rejected,
            "PART" => Self::Partly,
            "CANC" => Self::Cancelled,
            "BLCK" => Self::Blocked,
            "RCVC" | "RVMC" | "RVNM" | "RVNA" | "RVCM" | "RVNC" => Self::Informational,
            _ => Self::Unknown,
        }
    }
}

/// A group of reasons of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatusReason {
    /// The payee's name or card.
    PayeeData,
    /// Our file, a limit, the funds.
    FileOrLimits,
    /// Time or technique.
    Technique,
    /// The bank had it before: proof of an earlier copy, never a refusal.
    Duplicate,
    /// Law or regulation: a person's.
    Legal,
    /// None, or none that says anything.
    Unsaid,
}

impl StatusReason {
    /// The group of a code of the list of status reasons.
    #[must_use]
    pub fn of(code: &str) -> Self {
        match code {
            "AC01" | "AC03" | "AC04" | "AC06" | "AC07" | "AC16" | "BE01" | "BE06" | "BE20" | "BE22" | "RC04"
            | "RC08" | "RC10" | "RR10" => Self::PayeeData,
            "FF01" | "FF02" | "AC02" | "AM11" | "AM10" | "AM16" | "AM17" | "AM18" | "AM19" | "AM20" | "AM12"
            | "CH20" | "DT01" | "AM02" | "AM04" | "AM13" | "AM14" | "AM21" | "AM23" => Self::FileOrLimits,
            "TM01" | "DT05" | "ED05" | "ED06" | "FF10" => Self::Technique,
            "AM05" | "DUPL" => Self::Duplicate,
            "RR04" | "AG01" | "AG03" | "AM07" | "FR01" | "NOCM" => Self::Legal,
            _ if is_numbered(code, "DU") => Self::Duplicate,
            _ if is_numbered(code, "AB") => Self::Technique,
            _ if is_numbered(code, "DS") => Self::FileOrLimits,
            _ => Self::Unsaid,
        }
    }
}

/// A group of reasons of a return. Whatever it is, the member is asked for another card; a person looks at the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReturnReason {
    /// The payee's account is closed, blocked, unknown, or its name does not fit.
    PayeeAccount,
    /// The payee does not want it.
    RefusedByPayee,
    /// It was paid twice.
    Duplicate,
    /// Law or regulation.
    Legal,
    /// A fault of a bank or of technique.
    Bank,
    /// None, or none that says anything.
    Unsaid,
}

impl ReturnReason {
    /// The group of a code of the list of return reasons.
    #[must_use]
    pub fn of(code: &str) -> Self {
        match code {
            "AC01" | "AC03" | "AC04" | "AC06" | "AC07" | "AC13" | "AC14" | "AC15" | "AC16" | "AC17" | "BE01"
            | "BE04" | "BE05" | "BE06" | "MD07" | "RC07" | "RR02" | "RR03" => Self::PayeeAccount,
            "CUST" | "CUTA" | "CNOR" | "DNOR" | "MD01" | "MD06" | "SL02" => Self::RefusedByPayee,
            "AM05" | "DUPL" => Self::Duplicate,
            "RR04" | "AG01" | "AM07" | "FOCR" | "FR01" | "LEGL" | "NOCM" => Self::Legal,
            "BE08" | "AG02" | "ED01" | "ED03" | "FF05" | "TM01" | "TECH" => Self::Bank,
            _ => Self::Unsaid,
        }
    }

    /// The word in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::PayeeAccount => "payee_account",
            Self::RefusedByPayee => "refused_by_payee",
            Self::Duplicate => "duplicate",
            Self::Legal => "legal",
            Self::Bank => "bank",
            Self::Unsaid => "unsaid",
        }
    }
}

fn is_numbered(code: &str, letters: &str) -> bool {
    code.strip_prefix(letters).is_some_and(|rest| rest.len() == 2 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duplicate_is_no_refusal_and_the_two_lists_are_two() {
        for code in ["DU01", "DU02", "DU03", "DU04", "DU05", "AM05", "DUPL"] {
            assert_eq!(StatusReason::of(code), StatusReason::Duplicate, "{code}");
        }
        assert_eq!(StatusReason::of("AC16"), StatusReason::PayeeData);
        assert_eq!(StatusReason::of("BE08"), StatusReason::Unsaid);
        assert_eq!(ReturnReason::of("BE08"), ReturnReason::Bank);
        assert_eq!(ReturnReason::of("DU04"), ReturnReason::Unsaid);
        for code in ["", "MS02", "MS03", "NARR", "DUXY", "DU1", "AB1"] {
            assert_eq!(StatusReason::of(code), StatusReason::Unsaid, "{code}");
        }
    }

    #[test]
    fn every_status_of_the_list_has_a_class() {
        use StatusClass as C;
        for (codes, class) in [
            (&["RCVD", "ACTC", "ACCP", "ACFC", "ACSP", "ACPD", "ACWC", "ACWP", "PDNG"][..], C::Accepted),
            (&["ACFW", "PATC"], C::NeedsSignature),
            (&["ACSC", "ACCC"], C::Paid),
            (&["RJCT"], C::Rejected),
            (&["PART"], C::Partly),
            (&["CANC"], C::Cancelled),
            (&["BLCK"], C::Blocked),
            (&["RCVC", "RVMC", "RVNM", "RVNA", "RVCM", "RVNC"], C::Informational),
            (&["", "XXXX", "rjct"], C::Unknown),
        ] {
            assert!(codes.iter().all(|code| C::of(code) == class), "{codes:?}");
        }
    }
}
