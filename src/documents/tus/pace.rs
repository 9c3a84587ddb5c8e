//! How long a sender is waited for. Pure: time comes from the caller.

use crate::documents::limits::{IDLE_SECS, MIN_BYTES_PER_MINUTE, REQUEST_SECS};
use crate::kernel::clock::Moment;

/// The pace of one request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    began: Moment,
    last_byte: Moment,
    minute: Moment,
    minute_bytes: u64,
}

impl Pace {
    pub(super) const fn new(now: Moment) -> Self {
        Self { began: now, last_byte: now, minute: now, minute_bytes: 0 }
    }

    /// Notes bytes that came.
    pub(super) fn got(&mut self, bytes: usize, now: Moment) {
        self.last_byte = now;
        self.minute_bytes = self.minute_bytes.saturating_add(bytes as u64);
    }

    /// Whether the sender is too slow to be waited for any longer.
    pub(super) fn is_too_slow(&mut self, now: Moment) -> bool {
        if now >= self.last_byte.plus_secs(IDLE_SECS) || now >= self.began.plus_secs(REQUEST_SECS) {
            return true;
        }
        if now < self.minute.plus_secs(60) {
            return false;
        }
        let too_few = self.minute_bytes < MIN_BYTES_PER_MINUTE;
        (self.minute, self.minute_bytes) = (now, 0);
        too_few
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Moment = Moment::from_ms(1_772_400_000_000);

    #[test]
    fn silence_ends_a_request() {
        let mut pace = Pace::new(START);
        assert!(!pace.is_too_slow(START.plus_secs(29)));
        assert!(pace.is_too_slow(START.plus_secs(30)));
    }

    #[test]
    fn a_trickle_ends_after_a_minute_and_a_slow_line_goes_on_for_ten() {
        let (mut trickle, mut slow) = (Pace::new(START), Pace::new(START));
        let mut trickle_ended = None;
        for secs in (5..700).step_by(5) {
            let now = START.plus_secs(secs);
            trickle.got(100, now);
            slow.got(6 * 1024, now);
            if trickle_ended.is_none() && trickle.is_too_slow(now) {
                trickle_ended = Some(secs);
            }
            assert_eq!(slow.is_too_slow(now), secs >= 600, "{secs}");
        }
        assert_eq!(trickle_ended, Some(60));
    }
}
