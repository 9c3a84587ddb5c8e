//! Tables that people can read.

use serde::Serialize;

/// Prints rows under a head, each column as wide as its widest cell. Columns whose head ends in `>` stand to the right.
pub(super) fn print(head: &[&str], rows: &[Vec<String>]) {
    let names: Vec<&str> = head.iter().map(|name| name.trim_end_matches('>')).collect();
    let width = |index: usize| {
        let cells = rows.iter().filter_map(|row| row.get(index)).map(|cell| columns(cell));
        cells.chain(names.get(index).map(|name| columns(name))).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let show = |cells: Vec<&str>| {
        let mut line = String::new();
        for ((cell, width), name) in cells.iter().zip(&widths).zip(head) {
            let pad = " ".repeat(width.saturating_sub(columns(cell)));
            let (before, after) = if name.ends_with('>') { (pad.as_str(), "") } else { ("", pad.as_str()) };
            line.push_str(before);
            line.push_str(cell);
            line.push_str(after);
            line.push_str("  ");
        }
        say!("{}", line.trim_end());
    };
    show(names.clone());
    for row in rows {
        show(row.iter().map(String::as_str).collect());
    }
}

/// Prints one JSON object a line.
pub(super) fn json_lines<T: Serialize>(items: &[T]) -> anyhow::Result<()> {
    for item in items {
        say!("{}", serde_json::to_string(item)?);
    }
    Ok(())
}

/// How many columns a terminal gives to `text`: two for a Chinese character.
fn columns(text: &str) -> usize {
    text.chars().map(|c| if u32::from(c) >= 0x1100 { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::columns;

    #[test]
    fn a_chinese_character_takes_two_columns() {
        assert_eq!((columns("1010"), columns("应付"), columns("")), (4, 4, 0));
    }
}
