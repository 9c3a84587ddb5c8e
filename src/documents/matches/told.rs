//! What `huzhu inspect` tells of several files: which of them the service would take for one page.

use std::collections::{BTreeSet, HashMap};

use super::alike::{all_keys, keys, near};
use crate::documents::pictures::Print;

/// Two files with a page that is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alike {
    /// The one, by its place among those that were given.
    pub one: usize,
    /// The other, which comes later.
    pub other: usize,
    /// In thousandths, the blocks on which another thing stands.
    pub distance: usize,
    /// Quarter turns to the left that make the one stand as the other does.
    pub turns: u8,
}

/// Those of the files whose pages the index finds and the comparison takes for one; `prints` has those of each file.
#[must_use]
pub fn alike(prints: &[Vec<Print>]) -> Vec<Alike> {
    let pages: Vec<(usize, &Print)> =
        prints.iter().enumerate().flat_map(|(file, prints)| prints.iter().map(move |print| (file, print))).collect();
    let mut index: HashMap<i64, Vec<usize>> = HashMap::new();
    for (page, (_, print)) in pages.iter().enumerate() {
        for key in keys(print) {
            index.entry(key).or_default().push(page);
        }
    }
    let mut found = Vec::new();
    for (file, print) in &pages {
        let candidates: BTreeSet<usize> =
            all_keys(print).iter().filter_map(|key| index.get(key)).flatten().copied().collect();
        for (other, candidate) in candidates.into_iter().filter_map(|page| pages.get(page)) {
            if let Some(near) = near(print, candidate).filter(|_| file != other) {
                let (one, other, turns) =
                    if file < other { (*file, *other, near.turns) } else { (*other, *file, (4 - near.turns) % 4) };
                found.push(Alike { one, other, distance: near.distance, turns });
            }
        }
    }
    found.sort_by_key(|alike| (alike.one, alike.other, alike.distance));
    found.dedup_by_key(|alike| (alike.one, alike.other));
    found
}
