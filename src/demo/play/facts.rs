//! The facts of the claim: from a file, or the sample's own, moved to dates that are valid today.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};
use time::{Date, Duration};

use crate::kernel::chance::Chance;
use crate::kernel::clock::iso_date;

const OWN: &str = include_str!("../../../samples/facts.json");
/// Older facts of our own, and older photographs, are moved to lie shortly before today.
const FRESH_DAYS: i64 = 300;

/// What is true of the claim.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Facts {
    pub event: EventFacts,
    pub amounts: Amounts,
    #[serde(default)]
    pub member: MemberFacts,
    /// Whether they are the program's own and no file's.
    #[serde(skip)]
    pub own: bool,
}

/// The event. Keys that the claim has no field for are left aside.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct EventFacts {
    pub kind: String,
    #[serde(with = "iso_date")]
    pub starts_on: Date,
    #[serde(with = "iso_date")]
    pub ends_on: Date,
    #[serde(default)]
    pub hospital_name: Option<String>,
    #[serde(default)]
    pub hospital_level: Option<u8>,
    #[serde(default)]
    pub diagnosis: Option<String>,
    #[serde(default)]
    pub transaction_serial: Option<String>,
}

/// The amounts; only self-pay one counts.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Amounts {
    pub self_pay_one_fen: i64,
}

/// Whose claim it is: a member of the city, by phone.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct MemberFacts {
    #[serde(default)]
    pub phone: Option<String>,
}

impl Facts {
    /// Reads `path`, or the facts that the program ships.
    pub(super) fn read(path: Option<&Path>) -> anyhow::Result<Self> {
        let text = match path {
            None => OWN.to_owned(),
            Some(path) => {
                std::fs::read_to_string(path).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?
            }
        };
        let mut facts: Self = serde_json::from_str(&text).map_err(|error| anyhow::anyhow!("the facts: {error}"))?;
        facts.own = path.is_none();
        Ok(facts)
    }

    /// The first and last day of the event for a member who has claimed events that began on `claimed`: as the facts say, or earlier by
    /// whole stays until it is another event. `None` for a file's facts that this member has claimed.
    pub(super) fn days(&self, today: Date, claimed: &BTreeSet<Date>) -> Option<(Date, Date)> {
        let said = (self.event.starts_on, self.event.ends_on);
        if self.own { free_days(said, today, claimed) } else { (!claimed.contains(&said.0)).then_some(said) }
    }

    /// The declaration of these facts on these days. The settlement's serial is drawn anew: the sample's is declared once only.
    pub(super) fn declaration(&self, (first, last): (Date, Date), chance: &dyn Chance) -> Value {
        let mut body = json!({
            "event": self.event.kind, "starts_on": iso_date::text(first), "ends_on": iso_date::text(last),
            "settlements": [{
                "starts_on": iso_date::text(first), "ends_on": iso_date::text(last),
                "self_pay_one_fen": self.amounts.self_pay_one_fen,
            }],
        });
        if let Some(fields) = body.as_object_mut() {
            let mut put = |key: &str, value: Option<Value>| value.map(|value| fields.insert(key.to_owned(), value));
            put("hospital_name", self.event.hospital_name.clone().map(Value::from));
            put("hospital_grade", self.event.hospital_level.map(Value::from));
            put("diagnosis", self.event.diagnosis.clone().map(Value::from));
            put("settlement_serial", self.event.transaction_serial.as_deref().map(|text| fresh_serial(text, chance)));
        }
        body
    }
}

/// The days of a stay, or earlier ones by whole stays until they are of no event that began on `claimed`; of the recent past in any case.
pub(super) fn free_days((first, last): (Date, Date), today: Date, claimed: &BTreeSet<Date>) -> Option<(Date, Date)> {
    let length = last - first;
    let too_old = (today - last).whole_days() > FRESH_DAYS;
    let mut first = first;
    if last > today || too_old {
        first = today.checked_sub(length)?.checked_sub(Duration::days(14))?;
    }
    while claimed.contains(&first) {
        first = first.checked_sub(length)?.checked_sub(Duration::DAY)?;
    }
    Some((first, first.checked_add(length)?))
}

/// The serial with its last ten characters drawn anew.
pub(super) fn fresh_serial(text: &str, chance: &dyn Chance) -> Value {
    let kept: String = text.chars().take(text.chars().count().saturating_sub(10)).collect();
    Value::from(format!("{kept}{:010}", chance.below(10_000_000_000)))
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn our_own_facts_are_always_of_the_recent_past() {
        let facts = Facts::read(None).unwrap();
        let none = BTreeSet::new();
        let (first, last) = facts.days(date!(2026 - 11 - 24), &none).unwrap();
        assert_eq!((first, last), (facts.event.starts_on, facts.event.ends_on));
        for today in [date!(2026 - 03 - 01), date!(2027 - 12 - 31), date!(2031 - 06 - 01)] {
            let (first, last) = facts.days(today, &none).unwrap();
            assert!(last < today && (today - last).whole_days() < 301, "{today}: {first} to {last}");
            assert_eq!(last - first, facts.event.ends_on - facts.event.starts_on);
        }
    }

    #[test]
    fn another_claim_of_the_same_member_is_another_stay() {
        let facts = Facts::read(None).unwrap();
        let today = date!(2026 - 11 - 24);
        let (first, _) = facts.days(today, &BTreeSet::new()).unwrap();
        let (second, last) = facts.days(today, &BTreeSet::from([first])).unwrap();
        assert!(last < first && second < last);
    }
}
