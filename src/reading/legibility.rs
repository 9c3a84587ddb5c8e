//! How well the print of a page can be read: what the engine saw of it, in whole numbers. Pure.

use serde::{Deserialize, Serialize};

use super::{Line, Reading};

/// What was seen of a page's print. Lengths are in pixels of its reading copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Legibility {
    /// Quarter turns clockwise after which the print stands upright, 0 to 3.
    pub turns: u8,
    /// Characters that were read.
    pub chars: u32,
    /// How sure the engine is of them on average, 0 to 100.
    pub sure_percent: u32,
    /// How high the print is: half of the characters stand in lower lines.
    pub line_height_px: u32,
    /// Lines that run into the picture's edge.
    pub cut_lines: u32,
}

impl Legibility {
    /// Of a page of this size.
    #[must_use]
    pub fn of(reading: &Reading, width: u32, height: u32) -> Self {
        let mut heights: Vec<(u32, u32)> = reading.lines.iter().map(|line| (line_height(line), chars(line))).collect();
        let chars = heights.iter().map(|(_, chars)| *chars).sum::<u32>();
        let sure = reading.lines.iter().map(|line| u32::from(line.confidence_percent) * self::chars(line)).sum::<u32>();
        heights.sort_unstable();
        let mut below = 0;
        let middle = heights.iter().find(|(_, chars_of_it)| {
            below += chars_of_it;
            below * 2 >= chars
        });
        let runs_out = |line: &&Line| is_cut(line, width, height);
        Self {
            turns: reading.turns,
            chars,
            sure_percent: sure.checked_div(chars).unwrap_or(0),
            line_height_px: middle.map_or(0, |(height, _)| *height),
            cut_lines: u32::try_from(reading.lines.iter().filter(runs_out).count()).unwrap_or(u32::MAX),
        }
    }
}

fn chars(line: &Line) -> u32 {
    u32::try_from(line.at_permille.len()).unwrap_or(u32::MAX)
}

/// The distance of its first corner to its last one.
fn line_height(line: &Line) -> u32 {
    let [[x, y], _, _, [below_x, below_y]] = line.corners;
    let square = |from: i32, to: i32| u64::from(from.abs_diff(to)).pow(2);
    u32::try_from((square(x, below_x) + square(y, below_y)).isqrt()).unwrap_or(u32::MAX)
}

/// Whether the print begins or ends where the picture does.
fn is_cut(line: &Line, width: u32, height: u32) -> bool {
    /// Half a letter of small print.
    const NEAR_PX: i32 = 6;
    let (right, bottom) = (i32::try_from(width).unwrap_or(i32::MAX), i32::try_from(height).unwrap_or(i32::MAX));
    let is_out = |[x, y]: [i32; 2]| x < NEAR_PX || y < NEAR_PX || x > right - NEAR_PX || y > bottom - NEAR_PX;
    let [begin, end, end_below, begin_below] = line.corners;
    (is_out(begin) && is_out(begin_below)) || (is_out(end) && is_out(end_below))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, left: i32, top: i32, height: i32) -> Line {
        let count = i32::try_from(text.chars().count()).unwrap();
        let (right, below) = (left + height * count, top + height);
        Line {
            text: text.to_owned(),
            confidence_percent: 90,
            corners: [[left, top], [right, top], [right, below], [left, below]],
            at_permille: (0..count).map(|char| u16::try_from(char * 1_000 / count).unwrap()).collect(),
        }
    }

    #[test]
    fn the_print_is_as_high_as_most_of_its_characters() {
        let reading =
            Reading { turns: 2, lines: vec![line("费用", 50, 50, 60), line("自付一 1,200.00", 50, 200, 20)] };
        let expected = Legibility { turns: 2, chars: 14, sure_percent: 90, line_height_px: 20, cut_lines: 0 };
        assert_eq!(Legibility::of(&reading, 1_000, 1_000), expected);
        assert_eq!(Legibility::of(&Reading::default(), 1_000, 1_000), Legibility::default());
    }

    #[test]
    fn print_that_the_pictures_edge_ends_is_cut_and_print_along_it_is_not() {
        let cut = |left: i32, top: i32| {
            Legibility::of(&Reading { turns: 0, lines: vec![line("自付一", left, top, 20)] }, 400, 300).cut_lines
        };
        assert_eq!((cut(100, 100), cut(3, 100), cut(338, 100), cut(-4, 100)), (0, 1, 1, 1));
        assert_eq!((cut(100, 0), cut(100, 280)), (0, 0));
    }
}
