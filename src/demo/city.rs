//! The invented city, described before it is written: the same seed describes the same city.

use std::sync::Arc;

use time::{Date, Duration};
use uuid::Uuid;

use super::names::{DISTRICTS, FAMILY, GRASSROOTS, MEN, WOMEN};
use crate::kernel::chance::{Chance, SeededChance};
use crate::kernel::clock::{ManualClock, Moment};
use crate::kernel::ids::Ids;
use crate::kernel::people::{luhn_check, national_id_check};
use crate::organisations::Level;

/// The one seed of the demo.
const SEED: u64 = 20_260_105;
/// The moment in the demo's identifiers: 2026-01-05 00:00 at +08:00.
const FOUNDED_MS: i64 = 1_767_542_400_000;
/// Members beside the one of the sample claim.
const MEMBERS: u32 = 399;
/// Under the city's own area code no identity number is issued to a person.
const AREA: &str = "110100";

/// One node of the tree.
pub(super) struct Organisation {
    pub id: Uuid,
    pub parent_id: Option<Uuid>,
    pub level: Level,
    pub name: &'static str,
    pub path: String,
}

/// One employer.
pub(super) struct Unit {
    pub id: Uuid,
    pub organisation_id: Uuid,
    pub name: &'static str,
    pub credit_code: String,
}

/// One person.
pub(super) struct Person {
    pub id: Uuid,
    pub card_id: Uuid,
    pub unit_id: Uuid,
    pub name: String,
    pub national_id: String,
    pub phone: String,
    pub card_number: String,
    /// Takes part in the hospital allowance.
    pub allowance: bool,
    /// Takes part in the plan for hospital costs.
    pub medical: bool,
    /// Taken on this year: no cover by share before it.
    pub newcomer: bool,
}

/// The city as it will be written.
pub(super) struct City {
    pub ids: Ids,
    pub organisations: Vec<Organisation>,
    pub units: Vec<Unit>,
    pub people: Vec<Person>,
}

impl City {
    /// Invents the city.
    pub(super) fn invent() -> Self {
        let chance: Arc<dyn Chance> = Arc::new(SeededChance::new(SEED));
        let clock = Arc::new(ManualClock::at(Moment::from_ms(FOUNDED_MS)));
        let ids = Ids::new(clock, chance.clone());
        let (organisations, units) = tree(&ids);
        let mut people = vec![sample_member(&ids, &units)];
        for number in 1..=MEMBERS {
            people.push(person(&ids, chance.as_ref(), &units, number));
        }
        Self { ids, organisations, units, people }
    }

    /// The city office.
    pub(super) fn root(&self) -> Option<&Organisation> {
        self.organisations.iter().find(|organisation| organisation.parent_id.is_none())
    }

    /// The organisation with this identifier.
    pub(super) fn organisation(&self, id: Uuid) -> Option<&Organisation> {
        self.organisations.iter().find(|organisation| organisation.id == id)
    }
}

fn tree(ids: &Ids) -> (Vec<Organisation>, Vec<Unit>) {
    let root = node(ids, None, Level::City, "云州市总工会");
    let mut organisations = Vec::new();
    let mut units: Vec<Unit> = Vec::new();
    for (district_name, grassroots) in DISTRICTS.into_iter().zip(GRASSROOTS) {
        let district = node(ids, Some(&root), Level::District, district_name);
        for (name, employers) in grassroots {
            let union = node(ids, Some(&district), Level::Grassroots, name);
            for employer in employers {
                let credit_code = credit_code(units.len());
                units.push(Unit { id: ids.next(), organisation_id: union.id, name: employer, credit_code });
            }
            organisations.push(union);
        }
        organisations.push(district);
    }
    organisations.push(root);
    // A parent is written before its children.
    organisations.sort_by(|a, b| b.level.cmp(&a.level).then(a.id.cmp(&b.id)));
    (organisations, units)
}

fn node(ids: &Ids, parent: Option<&Organisation>, level: Level, name: &'static str) -> Organisation {
    let id = ids.next();
    let above = parent.map_or("/", |parent| parent.path.as_str());
    Organisation { id, parent_id: parent.map(|parent| parent.id), level, name, path: format!("{above}{id}/") }
}

/// The member whose photographs and facts ship with the program (`samples/facts.json`).
fn sample_member(ids: &Ids, units: &[Unit]) -> Person {
    Person {
        id: ids.next(),
        card_id: ids.next(),
        unit_id: units.first().map_or(Uuid::nil(), |unit| unit.id),
        name: "林知夏".to_owned(),
        national_id: "110100199105170041".to_owned(),
        phone: "13800000117".to_owned(),
        card_number: "6210000000000000116".to_owned(),
        allowance: true,
        medical: true,
        newcomer: false,
    }
}

fn person(ids: &Ids, chance: &dyn Chance, units: &[Unit], number: u32) -> Person {
    let woman = chance.below(2) == 0;
    let given = if woman { pick(chance, &WOMEN) } else { pick(chance, &MEN) };
    let unit = units.get(index(chance.below(units.len() as u64))).or(units.first());
    Person {
        id: ids.next(),
        card_id: ids.next(),
        unit_id: unit.map_or(Uuid::nil(), |unit| unit.id),
        name: format!("{}{given}", pick(chance, &FAMILY)),
        national_id: national_id(chance, number, woman),
        phone: format!("1370000{number:04}"),
        card_number: card_number(number),
        allowance: chance.below(10) < 7,
        medical: chance.below(10) < 4,
        newcomer: chance.below(20) == 0,
    }
}

fn pick(chance: &dyn Chance, from: &[&'static str]) -> &'static str {
    from.get(index(chance.below(from.len() as u64))).copied().unwrap_or("")
}

fn index(drawn: u64) -> usize {
    usize::try_from(drawn).unwrap_or(0)
}

/// Born between 1963 and 2005; the 17th digit is even for a woman. The sequence number and the date together are unique by `number`.
fn national_id(chance: &dyn Chance, number: u32, woman: bool) -> String {
    let born = FIRST_BIRTH
        .checked_add(Duration::days(i64::try_from(chance.below(15_300)).unwrap_or(0)))
        .unwrap_or(FIRST_BIRTH);
    let sequence = (number * 2 + u32::from(!woman)) % 1_000;
    let body = format!("{AREA}{:04}{:02}{:02}{sequence:03}", born.year(), u8::from(born.month()), born.day());
    let check = national_id_check(&body).unwrap_or('0');
    format!("{body}{check}")
}

const FIRST_BIRTH: Date = time::macros::date!(1963 - 03 - 01);

/// 19 digits that begin with 62 as UnionPay's do, with a Luhn check digit.
fn card_number(number: u32) -> String {
    let body = format!("62100000000{:07}", 1_000 + number);
    let check = luhn_check(&body).unwrap_or(0);
    format!("{body}{check}")
}

fn credit_code(number: usize) -> String {
    let body = format!("81110000MD{number:07}");
    let check = credit_check(&body);
    format!("{body}{check}")
}

/// The check character of a social credit code (GB 32100-2015): modulus 31 over its first 17 characters.
fn credit_check(body: &str) -> char {
    const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
    let value = |byte| ALPHABET.iter().position(|symbol| *symbol == byte).unwrap_or(0);
    let sum: usize = body.bytes().zip(WEIGHTS).map(|(byte, weight)| value(byte) * weight).sum();
    ALPHABET.get((31 - sum % 31) % 31).copied().map_or('0', char::from)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::kernel::people::{is_card_number, is_national_id, is_phone};

    #[test]
    fn every_number_passes_its_check_and_is_unique() {
        let city = City::invent();
        assert_eq!(city.people.len(), 400);
        for person in &city.people {
            assert!(is_national_id(&person.national_id), "{}", person.national_id);
            assert!(is_phone(&person.phone), "{}", person.phone);
            assert!(is_card_number(&person.card_number), "{}", person.card_number);
            assert!(!person.name.is_empty());
        }
        let distinct = |number: fn(&Person) -> &str| city.people.iter().map(number).collect::<BTreeSet<_>>().len();
        assert_eq!(distinct(|person| &person.national_id), 400);
        assert_eq!(distinct(|person| &person.phone), 400);
        assert_eq!(distinct(|person| &person.card_number), 400);
        assert_eq!(city.units.iter().map(|unit| &unit.credit_code).collect::<BTreeSet<_>>().len(), city.units.len());
    }

    #[test]
    fn the_same_seed_describes_the_same_city() {
        let (one, two) = (City::invent(), City::invent());
        assert_eq!(one.root().map(|root| root.id), two.root().map(|root| root.id));
        let facts =
            |city: &City| city.people.iter().map(|p| (p.id, p.name.clone(), p.national_id.clone())).collect::<Vec<_>>();
        assert_eq!(facts(&one), facts(&two));
    }

    #[test]
    fn the_tree_has_three_levels_and_paths_that_nest() {
        let city = City::invent();
        let levels = |level| city.organisations.iter().filter(|organisation| organisation.level == level).count();
        assert_eq!((levels(Level::City), levels(Level::District), levels(Level::Grassroots)), (1, 6, 18));
        for organisation in &city.organisations {
            let Some(parent_id) = organisation.parent_id else { continue };
            let parent = city.organisation(parent_id).unwrap();
            assert_eq!(organisation.path, format!("{}{}/", parent.path, organisation.id));
            assert!(parent.level > organisation.level);
        }
        for unit in &city.units {
            assert_eq!(city.organisation(unit.organisation_id).unwrap().level, Level::Grassroots);
        }
    }

    #[test]
    fn a_credit_code_ends_with_its_check_character() {
        // A code that its company publishes.
        assert_eq!(credit_check("9144030071526726X"), 'G');
        assert_eq!(credit_code(0).len(), 18);
    }

    #[test]
    fn the_first_member_is_the_one_of_the_sample_claim() {
        let facts: serde_json::Value = serde_json::from_str(include_str!("../../samples/facts.json")).unwrap();
        let city = City::invent();
        let first = city.people.first().unwrap();
        for (key, ours) in [
            ("name", &first.name),
            ("national_id", &first.national_id),
            ("phone", &first.phone),
            ("card_number", &first.card_number),
        ] {
            assert_eq!(facts["member"][key], **ours, "{key}");
        }
    }
}
