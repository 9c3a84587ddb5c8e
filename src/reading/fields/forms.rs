//! What a value may look like. A text has the form whole or it is no value: a part of an amount is another amount.

use time::{Date, Month};

use super::Value;
use super::words;
use crate::kernel::money::Fen;

/// The form of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Yuan with two places: `10,228.55`.
    Amount,
    /// The same in the capital numerals of a bill.
    AmountInWords,
    /// A day.
    Day,
    /// Two days, of a stay; each is a field.
    Days,
    /// So many digits.
    Digits(usize),
    /// Six letters and digits.
    CheckCode,
    /// Ten to thirty letters and digits, most of them digits.
    Serial,
    /// A person's name, or part of one that is masked.
    Name,
    /// 男 or 女.
    Gender,
    /// Years.
    Age,
    /// 一级, 二级 or 三级, perhaps with 甲等.
    Level,
    /// Eighteen characters that end with the right check character (GB 11643).
    NationalId,
    /// The name of a hospital, to its end.
    Hospital,
    /// Any words.
    Words,
}

/// The values that a text has in a form; nothing when it has another.
pub(super) fn parse(form: Form, chars: &[char]) -> Option<Vec<Value>> {
    let text: String = chars.iter().collect();
    let text = text.trim_matches([':', ';', '_', '|']);
    let one = match form {
        Form::Amount => Value::Amount { amount_fen: amount(text)? },
        Form::AmountInWords => Value::Amount { amount_fen: words::amount(text)? },
        Form::Day => Value::Day { date: whole_day(text)? },
        Form::Days => return days(text),
        Form::Digits(length) => Value::Words { text: digits(text).filter(|digits| digits.len() == length)? },
        Form::CheckCode => words_if(text, text.len() == 6 && is_alphanumeric(text))?,
        Form::Serial => {
            let many = text.bytes().filter(u8::is_ascii_digit).count() * 3 >= text.len() * 2;
            words_if(text, (10..=30).contains(&text.len()) && is_alphanumeric(text) && many)?
        }
        Form::Name => words_if(text, is_name(text))?,
        Form::Gender => words_if(text, matches!(text, "男" | "女"))?,
        Form::Age => {
            let years = text.trim_end_matches('岁');
            words_if(years, (1..=3).contains(&years.len()) && years.bytes().all(|byte| byte.is_ascii_digit()))?
        }
        Form::Level => {
            let level = text.get(..6).filter(|level| ["一级", "二级", "三级"].contains(level))?;
            words_if(level, text.chars().count() <= 4)?
        }
        Form::NationalId => Value::Words { text: national_id(text)? },
        Form::Hospital => {
            let is_open = text.contains('(') && !text.contains(')');
            words_if(&format!("{text}{}", if is_open { ")" } else { "" }), is_hospital(text))?
        }
        Form::Words => words_if(text, !text.is_empty() && text.chars().count() <= 200)?,
    };
    Some(vec![one])
}

fn words_if(text: &str, has_form: bool) -> Option<Value> {
    has_form.then(|| Value::Words { text: as_printed(&text.chars().collect::<Vec<_>>()) })
}

/// Words as they are printed among Chinese characters: brackets as wide as these.
pub(super) fn as_printed(chars: &[char]) -> String {
    let is_chinese = chars.iter().any(|char| ('\u{4E00}'..='\u{9FFF}').contains(char));
    let wide = |char: &char| match char {
        '(' if is_chinese => '（',
        ')' if is_chinese => '）',
        ':' if is_chinese => '：',
        ',' if is_chinese => '，',
        _ => *char,
    };
    chars.iter().map(wide).collect()
}

fn is_alphanumeric(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_name(text: &str) -> bool {
    let is_of_name = |char: char| ('\u{4E00}'..='\u{9FFF}').contains(&char) || matches!(char, '*' | '.' | '〇');
    (2..=15).contains(&text.chars().count()) && text.chars().all(is_of_name)
}

/// Whether a text is the name of a place where people are treated; behind it may stand something in brackets.
pub(super) fn is_hospital(text: &str) -> bool {
    const ENDINGS: [&str; 7] = ["医院", "卫生院", "卫生服务中心", "卫生服务站", "门诊部", "诊所", "医学中心"];
    // The line may end before the bracket does.
    let plain = text.rsplit_once('(').map_or(text, |(before, _)| before);
    ENDINGS.iter().any(|ending| plain.ends_with(ending))
        && !text.contains(':')
        && (4..=40).contains(&text.chars().count())
}

/// Yuan with two places, whole: groups of three digits are parted by a comma, or by a point where one was read as the other.
fn amount(text: &str) -> Option<Fen> {
    let text = text.strip_prefix(['¥', 'Y']).unwrap_or(text);
    let text = text.strip_suffix('元').unwrap_or(text);
    let (whole, part) = text.rsplit_once('.')?;
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (part.len() == 2 && all_digits(part) && whole.len() <= 15).then_some(())?;
    let mut groups = whole.split([',', '.']);
    let first = groups.next().filter(|first| all_digits(first))?;
    let mut plain = first.to_owned();
    for group in groups {
        (first.len() <= 3 && group.len() == 3 && all_digits(group)).then_some(())?;
        plain.push_str(group);
    }
    (plain.len() <= 9).then_some(())?;
    format!("{plain}{part}").parse().ok().map(Fen::new)
}

/// Digits, some of which were read as the letters that look like them.
fn digits(text: &str) -> Option<String> {
    text.chars()
        .map(|char| match char {
            '0'..='9' => Some(char),
            'O' | 'o' | 'D' => Some('0'),
            'l' | 'I' | '|' => Some('1'),
            'S' => Some('5'),
            'B' => Some('8'),
            _ => None,
        })
        .collect()
}

fn whole_day(text: &str) -> Option<Date> {
    let (date, rest) = day(text)?;
    rest.is_empty().then_some(date)
}

/// Two days with something between them.
fn days(text: &str) -> Option<Vec<Value>> {
    let (first, rest) = day(text)?;
    let rest = rest.trim_start_matches(|char: char| !char.is_ascii_digit());
    let last = whole_day(rest)?;
    (first <= last).then(|| vec![Value::Day { date: first }, Value::Day { date: last }])
}

/// A day at the head of a text (`2026-10-20`, `2026年1月5日`, `2026.10.20`, `20261020`), and what follows it.
fn day(text: &str) -> Option<(Date, &str)> {
    let (year, rest) = number(text, 4, 4)?;
    (1900..=2200).contains(&year).then_some(())?;
    let is_in_words = rest.starts_with('年');
    let rest = parting(rest, &['年']);
    let (month, rest) = number(rest, 1, 2)?;
    let parted = parting(rest, &['月']);
    let (day, rest) = number(parted, 1, 2)?;
    // Without its 日 a day may have lost a digit.
    let rest = if is_in_words { rest.strip_prefix('日')? } else { rest };
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?).ok().map(|date| (date, rest))
}

/// Without the one sign that parts a date's numbers.
fn parting<'text>(text: &'text str, own: &[char]) -> &'text str {
    text.strip_prefix(|char| own.contains(&char) || matches!(char, '-' | '.' | '/' | '一')).unwrap_or(text)
}

/// A number of `least` to `most` digits at the head of a text, and what follows it.
fn number(text: &str, least: usize, most: usize) -> Option<(u32, &str)> {
    let length = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    (length >= least).then_some(())?;
    let (digits, rest) = text.split_at_checked(length)?;
    Some((digits.parse().ok()?, rest))
}

/// An identity number whose last character is the one that the others ask for.
fn national_id(text: &str) -> Option<String> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: &[u8; 11] = b"10X98765432";
    let text = text.to_ascii_uppercase();
    let (body, check) = text.split_at_checked(17)?;
    let sum = body.chars().zip(WEIGHTS).map(|(char, weight)| Some(char.to_digit(10)? * weight)).sum::<Option<u32>>()?;
    let wanted = CHECKS.get(usize::try_from(sum % 11).ok()?)?;
    (check.as_bytes() == [*wanted]).then_some(text)
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    fn read(form: Form, text: &str) -> Option<Vec<Value>> {
        parse(form, &text.chars().collect::<Vec<_>>())
    }

    #[test]
    fn an_amount_is_whole_or_none() {
        for (text, fen) in
            [("10,228.55", 1_022_855), ("¥0.00", 0), ("1.234.567.89", 123_456_789), ("35991.35元", 3_599_135)]
        {
            assert_eq!(read(Form::Amount, text), Some(vec![Value::Amount { amount_fen: Fen::new(fen) }]), "{text}");
        }
        for text in
            ["228.5", "松柳228.55", "1,22.55", ",228.55", "12", "", ".55", "1234,567.00", "-1.00", "12345678901.00"]
        {
            assert_eq!(read(Form::Amount, text), None, "{text}");
        }
    }

    #[test]
    fn a_day_is_read_in_the_ways_that_papers_print_it() {
        for text in ["2026-10-05", "2026年10月5日", "2026.10.05", "20261005", "2026/10/5"] {
            assert_eq!(read(Form::Day, text), Some(vec![Value::Day { date: date!(2026 - 10 - 05) }]), "{text}");
        }
        for text in ["2026-13-05", "2026-02-30", "10-05", "2026-10-051", "2026", "2026年10月2"] {
            assert_eq!(read(Form::Day, text), None, "{text}");
        }
        let two = vec![Value::Day { date: date!(2026 - 10 - 05) }, Value::Day { date: date!(2026 - 10 - 09) }];
        assert_eq!(read(Form::Days, "2026-10-05至2026-10-09"), Some(two));
        assert_eq!(read(Form::Days, "2026-10-09至2026-10-05"), None);
    }

    #[test]
    fn a_number_with_a_wrong_check_character_is_none() {
        assert!(read(Form::NationalId, "110100199105170041").is_some());
        assert!(read(Form::NationalId, "110100199105170042").is_none());
        assert_eq!(read(Form::Digits(8), "1101O126"), Some(vec![Value::Words { text: "11010126".to_owned() }]));
        assert_eq!(read(Form::Digits(8), "110101260"), None);
    }
}
