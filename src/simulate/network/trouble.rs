//! What goes wrong on the line, and what it is called.

/// What goes wrong with a request that carries a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulate) enum OnSending {
    /// No connection comes about.
    Refused,
    /// The line is cut after so many thousandths of the request; the bank throws the part away.
    Cut(u16),
    /// The line is cut after so many thousandths of the request, and a proxy gives the bank the part as if it were all.
    Part(u16),
    /// The bank has it all, the answer does not arrive.
    AnswerLost,
    /// The bank gets it twice.
    Twice,
    /// The bank gets it, and then so many thousandths of it as if they were all; what it says of that part is what the service hears.
    AgainInPart(u16),
    /// The line is cut, and when the batch is sent again no connection comes about.
    CutThenRefused,
    /// The bank gets it so many seconds later; the service hears nothing.
    Late(u16),
    /// The sender falls asleep before the first byte.
    SleepsBefore,
    /// The sender falls asleep after the last byte, before the answer.
    SleepsAfter,
    /// The process dies after so many thousandths of the request; of a whole one the bank does as it is told.
    Dies(u16),
}

/// What goes wrong with an enquiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulate) enum OnAsking {
    /// No connection comes about.
    Refused,
    /// The answer does not arrive.
    AnswerLost,
    /// Half of the answer arrives, as if it were all.
    Half,
    /// The answer to the last such question comes again.
    Stale,
    /// The process dies before the answer.
    Dies,
}

impl OnSending {
    /// Its name among the faults.
    pub(in crate::simulate) const fn word(self) -> &'static str {
        match self {
            Self::Refused => "connect_refused",
            Self::Cut(_) => "cut_in_body",
            Self::Part(_) => "part_taken_for_all",
            Self::AnswerLost => "answer_lost_on_the_line",
            Self::Twice => "request_twice",
            Self::AgainInPart(_) => "request_again_in_part",
            Self::CutThenRefused => "cut_then_refused",
            Self::Late(_) => "request_late",
            Self::SleepsBefore => "sender_sleeps_before",
            Self::SleepsAfter => "sender_sleeps_after",
            Self::Dies(_) => "crash_at_byte",
        }
    }
}

impl OnAsking {
    /// Its name among the faults.
    pub(in crate::simulate) const fn word(self) -> &'static str {
        match self {
            Self::Refused => "enquiry_refused",
            Self::AnswerLost => "enquiry_lost",
            Self::Half => "answer_cut",
            Self::Stale => "answer_repeated",
            Self::Dies => "crash_at_enquiry",
        }
    }
}
