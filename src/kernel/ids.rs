//! Identifiers: UUID version 7, in the order in which they are made.

use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use super::chance::Chance;
use super::clock::Clock;

/// Makes identifiers from the service's own clock and random source, so that a test can foresee them.
pub struct Ids {
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    last: Mutex<(i64, u16)>,
}

impl Ids {
    /// Identifiers made from `clock` and `chance`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, chance: Arc<dyn Chance>) -> Self {
        Self { clock, chance, last: Mutex::new((0, 0)) }
    }

    /// The next identifier: later than every one this process made before, also when the clock steps back.
    #[must_use]
    pub fn next(&self) -> Uuid {
        let mut random: [u8; 10] = self.chance.bytes();
        let (ms, sequence) = self.tick();
        // 12 bits after the milliseconds count within the millisecond; the other 62 are random.
        let [high, low] = sequence.to_be_bytes();
        random[0] = high;
        random[1] = low;
        let ms = u64::try_from(ms).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid()
    }

    fn tick(&self) -> (i64, u16) {
        let now = self.clock.now().as_ms();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = match *last {
            (ms, sequence) if now <= ms && sequence < 0x0fff => (ms, sequence + 1),
            (ms, _) if now <= ms => (ms + 1, 0),
            _ => (now, 0),
        };
        *last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::chance::SeededChance;
    use crate::kernel::clock::{ManualClock, Moment};

    #[test]
    fn identifiers_rise_even_when_the_clock_stands_or_steps_back() {
        let clock = Arc::new(ManualClock::at(Moment::from_ms(1_772_400_000_000)));
        let ids = Ids::new(clock.clone(), Arc::new(SeededChance::new(7)));
        let mut last = ids.next();
        for round in 0..10_000 {
            if round == 5_000 {
                clock.advance_secs(-3_600);
            }
            let next = ids.next();
            assert!(next > last);
            assert_eq!(next.get_version_num(), 7);
            last = next;
        }
    }
}
