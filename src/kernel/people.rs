//! Facts about a person's numbers: check digits and how they are masked.

use time::{Date, Month};

/// True when `number` is an 18-character resident identity number with a real birth date and the right check character (GB 11643-1999).
#[must_use]
pub fn is_national_id(number: &str) -> bool {
    let Some((body, check)) = number.split_at_checked(17) else { return false };
    if check.len() != 1 || !body.bytes().all(|byte| byte.is_ascii_digit()) || body.starts_with('0') {
        return false;
    }
    birth_date(body).is_some() && national_id_check(body) == check.chars().next()
}

/// The check character of the first 17 digits of an identity number (ISO 7064 MOD 11-2).
#[must_use]
pub fn national_id_check(body: &str) -> Option<char> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let digits: Vec<u32> = body.chars().map(|c| c.to_digit(10)).collect::<Option<_>>()?;
    if digits.len() != WEIGHTS.len() {
        return None;
    }
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    "10X98765432".chars().nth(usize::try_from(sum % 11).ok()?)
}

fn birth_date(body: &str) -> Option<Date> {
    let year = body.get(6..10)?.parse().ok()?;
    let month = Month::try_from(body.get(10..12)?.parse::<u8>().ok()?).ok()?;
    let day = body.get(12..14)?.parse().ok()?;
    (1850..=2200).contains(&year).then(|| Date::from_calendar_date(year, month, day).ok())?
}

/// True for a mainland mobile number: 11 digits that begin with 13 to 19.
#[must_use]
pub fn is_phone(number: &str) -> bool {
    number.len() == 11
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && number.starts_with('1')
        && matches!(number.as_bytes().get(1), Some(b'3'..=b'9'))
}

/// True for 16 to 19 digits that pass the Luhn check (ISO/IEC 7812-1).
#[must_use]
pub fn is_card_number(number: &str) -> bool {
    if !(16..=19).contains(&number.len()) {
        return false;
    }
    let Some((body, check)) = number.split_at_checked(number.len() - 1) else { return false };
    luhn_check(body).is_some_and(|digit| check == digit.to_string())
}

/// The Luhn check digit for the digits before it.
#[must_use]
pub fn luhn_check(body: &str) -> Option<u32> {
    let mut sum = 0;
    for (index, c) in body.chars().rev().enumerate() {
        let digit = c.to_digit(10)?;
        sum += match (index % 2 == 0, digit * 2) {
            (true, doubled) if doubled > 9 => doubled - 9,
            (true, doubled) => doubled,
            (false, _) => digit,
        };
    }
    Some((10 - sum % 10) % 10)
}

/// `110101********1234`: the place and the last four of an identity number.
#[must_use]
pub fn mask_national_id(number: &str) -> String {
    mask(number, 6, 4)
}

/// `138****1234`.
#[must_use]
pub fn mask_phone(number: &str) -> String {
    mask(number, 3, 4)
}

/// `**** 1234`: only the last four of a card number are ever shown.
#[must_use]
pub fn mask_card_tail(tail: &str) -> String {
    format!("**** {tail}")
}

/// The first character of a name and stars for the rest: `张**`.
#[must_use]
pub fn mask_name(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| std::iter::once(first).chain(chars.map(|_| '*')).collect())
}

fn mask(text: &str, first: usize, last: usize) -> String {
    let length = text.chars().count();
    text.chars()
        .enumerate()
        .map(|(index, c)| {
            if length > first + last && index >= first && index < length - last {
                '*'
            } else if length > first + last {
                c
            } else {
                '*'
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_number_needs_its_check_character_and_a_birth_date() {
        // GB 11643-1999 prints 11010519491231002X as its example.
        assert!(is_national_id("11010519491231002X"));
        for wrong in ["110105194912310021", "11010519491331002X", "1101051949123100", "abc", "", "11010519491231002x"] {
            assert!(!is_national_id(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_card_number_passes_luhn() {
        assert!(is_card_number("6222021234567890128") == (luhn_check("622202123456789012") == Some(8)));
        assert!(is_card_number("4111111111111111"));
        assert!(!is_card_number("4111111111111112"));
        assert!(!is_card_number("41111111"));
    }

    #[test]
    fn masks_hide_all_but_the_ends() {
        assert_eq!(mask_national_id("11010519491231002X"), "110105********002X");
        assert_eq!(mask_phone("13800138000"), "138****8000");
        assert_eq!(mask_phone("138"), "***");
        assert_eq!(mask_name("欧阳小明"), "欧***");
        assert_eq!(mask_name(""), "");
    }

    #[test]
    fn a_phone_is_eleven_digits() {
        assert!(is_phone("13800138000"));
        assert!(!is_phone("12800138000"));
        assert!(!is_phone("1380013800"));
    }
}
