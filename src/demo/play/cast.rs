//! Who plays the member: the member of the sample claim first, then others of the invented city who take part in a plan.

use std::collections::VecDeque;
use std::sync::Mutex;

use super::super::city::City;
use crate::kernel::chance::Chance;

/// Phones of members who wait for their turn.
pub(super) struct Cast {
    phones: Mutex<VecDeque<String>>,
}

impl Cast {
    /// Everybody of the city who has cover by share and joined before this year.
    pub(super) fn of_the_city() -> Self {
        let people = City::invent().people;
        let able = people.iter().filter(|person| person.allowance && !person.newcomer);
        Self { phones: Mutex::new(able.map(|person| person.phone.clone()).collect()) }
    }

    /// The member whom the facts name if it is their turn, else the first in line, else anybody: who had the last codes comes later.
    pub(super) fn next(&self, wanted: Option<&str>, chance: &dyn Chance) -> Option<String> {
        let mut phones = self.phones.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(place) = phones.iter().position(|phone| Some(phone.as_str()) == wanted) {
            return phones.remove(place);
        }
        let place = usize::try_from(chance.below(u64::try_from(phones.len()).ok()?.max(1))).ok()?;
        phones.remove(place)
    }

    /// Puts a member back in line.
    pub(super) fn give_back(&self, phone: String) {
        self.phones.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push_back(phone);
    }
}
