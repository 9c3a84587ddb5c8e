//! Where a paper's labels stand in a line: longest first, none inside another, one wrongly read character forgiven in the longer ones.

use super::papers::Label;

/// From so many characters on one may be another than the label's.
const FORGIVING: usize = 4;

/// A label in a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing<'label> {
    pub(super) label: &'label Label,
    /// Index of its first character.
    pub(super) from: usize,
    /// Index behind its last one, and behind the colon when one follows.
    pub(super) to: usize,
}

/// The labels of a line in their order. One stands at the head, or a colon or a number follows it.
pub(super) fn standing<'label>(labels: &'label [Label], line: &[char]) -> Vec<Standing<'label>> {
    let mut sorted: Vec<&Label> = labels.iter().collect();
    sorted.sort_by_key(|label| std::cmp::Reverse(label.words.chars().count()));
    let mut found: Vec<Standing> = Vec::new();
    for is_forgiving in [false, true] {
        for label in &sorted {
            let words: Vec<char> = label.words.chars().collect();
            if is_forgiving && words.len() < FORGIVING {
                continue;
            }
            for from in 0..line.len() {
                let Some(window) = line.get(from..from + words.len()) else { break };
                let to = from + words.len();
                let wrong = window.iter().zip(&words).filter(|(one, other)| one != other).count();
                let is_apart = |other: &Standing| to <= other.from || from >= other.to;
                if wrong <= usize::from(is_forgiving) && is_set_off(line, from, to) && found.iter().all(is_apart) {
                    let to = if line.get(to) == Some(&':') { to + 1 } else { to };
                    found.push(Standing { label, from, to });
                }
            }
        }
    }
    found.sort_by_key(|standing| standing.from);
    found
}

/// Whether words stand in a line, one wrongly read character forgiven.
pub(super) fn stands_in(words: &str, line: &[char]) -> bool {
    let words: Vec<char> = words.chars().collect();
    line.windows(words.len()).any(|window| window.iter().zip(&words).filter(|(one, other)| one != other).count() <= 1)
}

fn is_set_off(line: &[char], from: usize, to: usize) -> bool {
    let followed = line.get(to).is_some_and(|next| matches!(next, ':' | '¥') || next.is_ascii_digit());
    from == 0 || followed || to == line.len()
}
