//! An amount in the capital numerals of a bill (大写): 叁万伍仟玖佰玖拾壹元叁角伍分.

use crate::kernel::money::Fen;

/// Reads it; nothing when a character does not belong there.
pub(super) fn amount(text: &str) -> Option<Fen> {
    let text = text.trim_end_matches(['整', '正']);
    text.contains(['元', '圆', '角', '分']).then_some(())?;
    let (whole, parts) = match text.find(['元', '圆']) {
        Some(at) => (text.get(..at)?, text.get(at..)?.trim_start_matches(['元', '圆'])),
        None => ("零", text),
    };
    let whole = whole_yuan(whole)?;
    let parts = parts.trim_start_matches('零');
    let (jiao, rest) = tenth(parts, '角')?;
    let (odd, rest) = tenth(rest.trim_start_matches('零'), '分')?;
    rest.is_empty().then_some(())?;
    Some(Fen::new(whole.checked_mul(100)?.checked_add(jiao * 10 + odd)?))
}

/// A digit before its unit; none is nought.
fn tenth(text: &str, unit: char) -> Option<(i64, &str)> {
    let Some((before, rest)) = text.split_once(unit) else { return Some((0, text)) };
    let mut chars = before.chars();
    let digit = digit(chars.next()?)?;
    chars.next().is_none().then_some((digit, rest))
}

fn whole_yuan(text: &str) -> Option<i64> {
    (!text.is_empty()).then_some(())?;
    let (mut sum, mut group, mut last) = (0_i64, 0_i64, 0_i64);
    for char in text.chars() {
        if let Some(digit) = digit(char) {
            last = digit;
            continue;
        }
        let unit = match char {
            '拾' | '十' => 10,
            '佰' | '百' => 100,
            '仟' | '千' => 1_000,
            '万' | '萬' => {
                sum += (group + last).checked_mul(10_000)?;
                (group, last) = (0, 0);
                continue;
            }
            '亿' => {
                sum = (sum + group + last).checked_mul(100_000_000)?;
                (group, last) = (0, 0);
                continue;
            }
            _ => return None,
        };
        // 拾 at the head of a number is ten.
        group += unit * if last == 0 && unit == 10 { 1 } else { last };
        last = 0;
    }
    sum.checked_add(group + last)
}

fn digit(char: char) -> Option<i64> {
    const DIGITS: &str = "零壹贰叁肆伍陆柒捌玖";
    DIGITS.chars().position(|digit| digit == char).and_then(|digit| i64::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_capital_numerals_read_as_they_are_written() {
        for (text, fen) in [
            ("叁万伍仟玖佰玖拾壹元叁角伍分", 3_599_135),
            ("壹佰元整", 10_000),
            ("壹佰零贰元零伍分", 10_205),
            ("伍角整", 50),
            ("拾元整", 1_000),
            ("零元整", 0),
            ("壹亿零叁万元整", 10_003_000_000),
            ("捌仟圆柒角", 800_070),
        ] {
            assert_eq!(amount(text), Some(Fen::new(fen)), "{text}");
        }
        for text in ["", "零", "整", "壹佰", "壹贰角", "元", "叁元五角", "壹元叁角伍分x"] {
            assert_eq!(amount(text), None, "{text}");
        }
    }
}
