//! Where lines of print stand to each other: a value stands to the right of its label, on the same row of a page that may be tilted or bent.

use super::super::Line;

/// Lines that are longer than this many times their height say how a page is tilted around them.
const TELLING: i64 = 4;
/// How many of the nearest such lines are asked.
const ASKED: usize = 7;
/// How far beside its row a line may stand, in tenths of the label's height.
const BESIDE_TENTHS: i64 = 6;

/// A label one pixel nearer to the row stands before one that is so many pixels nearer along it.
const COLUMN: i64 = 8;

/// Middle of the line's beginning and of its end.
type Ends = ((i64, i64), (i64, i64));

/// The rows of a page.
#[derive(Debug)]
pub(super) struct Rows {
    ends: Vec<Ends>,
    heights: Vec<i64>,
}

impl Rows {
    pub(super) fn of(lines: &[Line]) -> Self {
        let middle = |[x, y]: [i32; 2], [u, v]: [i32; 2]| {
            (i64::midpoint(i64::from(x), i64::from(u)), i64::midpoint(i64::from(y), i64::from(v)))
        };
        let ends = lines.iter().map(|line| {
            let [begin, end, end_below, begin_below] = line.corners;
            (middle(begin, begin_below), middle(end, end_below))
        });
        let heights = lines.iter().map(|line| {
            let [begin, _, _, below] = line.corners;
            i64::from((begin[0] - below[0]).abs().max((begin[1] - below[1]).abs())).max(1)
        });
        Self { ends: ends.collect(), heights: heights.collect() }
    }

    /// The height of a line.
    pub(super) fn height(&self, line: usize) -> i64 {
        self.heights.get(line).copied().unwrap_or(1)
    }

    /// How far down a line begins.
    pub(super) fn top(&self, line: usize) -> i64 {
        self.ends.get(line).map_or(0, |((_, y), _)| *y)
    }

    /// The lines to the right of a line on its row, the nearest first.
    pub(super) fn right_of(&self, line: usize) -> Vec<usize> {
        let Some((_, end)) = self.ends.get(line) else { return Vec::new() };
        let slope = self.slope_permille(end.1);
        let reach = self.height(line) * BESIDE_TENTHS / 10;
        let mut found: Vec<(i64, usize)> = Vec::new();
        for (other, (begin, _)) in self.ends.iter().enumerate() {
            let across = begin.0 - end.0;
            let beside = (begin.1 - end.1 - across * slope / 1_000).abs();
            if other != line && across > -self.height(line) && beside <= reach {
                found.push((across, other));
            }
        }
        found.sort_unstable();
        found.into_iter().map(|(_, other)| other).collect()
    }

    /// The label whose row a line stands on: of those to its left that are near its row, the one whose row is nearest.
    pub(super) fn left_of(&self, line: usize, is_label: impl Fn(usize) -> bool) -> Option<usize> {
        let (begin, _) = *self.ends.get(line)?;
        let slope = self.slope_permille(begin.1);
        let near = self.ends.iter().enumerate().filter(|(other, _)| *other != line && is_label(*other));
        let near = near.filter_map(|(other, (_, end))| {
            let across = begin.0 - end.0;
            let beside = (begin.1 - end.1 - across * slope / 1_000).abs();
            (across > -self.height(other) && beside <= self.height(other)).then_some((across, beside, other))
        });
        // Of two in one column the nearer row, of two on one row the nearer column.
        let column = |across: i64, beside: i64| across + beside * COLUMN;
        near.min_by_key(|(across, beside, _)| column(*across, *beside)).map(|(_, _, other)| other)
    }

    /// The line that begins below a line, within three of its heights and not far to its side; the nearest.
    pub(super) fn below(&self, line: usize) -> Option<usize> {
        let (begin, end) = *self.ends.get(line)?;
        let height = self.height(line);
        let near = self.ends.iter().enumerate().filter(|(other, (at, _))| {
            *other != line
                && (height / 2..=height * 3).contains(&(at.1 - begin.1))
                && at.0 > begin.0 - height * 2
                && at.0 < end.0 + height * 2
        });
        near.min_by_key(|(_, (at, _))| at.1).map(|(other, _)| other)
    }

    /// How much a row falls over a thousand pixels to the right, at this height of the page.
    fn slope_permille(&self, y: i64) -> i64 {
        let telling =
            self.ends.iter().zip(&self.heights).filter(|((begin, end), height)| end.0 - begin.0 > *height * TELLING);
        let mut slopes: Vec<(i64, i64)> = telling
            .map(|((begin, end), _)| {
                ((i64::midpoint(begin.1, end.1) - y).abs(), (end.1 - begin.1) * 1_000 / (end.0 - begin.0).max(1))
            })
            .collect();
        slopes.sort_unstable();
        let mut nearest: Vec<i64> = slopes.into_iter().take(ASKED).map(|(_, slope)| slope).collect();
        nearest.sort_unstable();
        nearest.get(nearest.len() / 2).copied().unwrap_or(0)
    }
}
