//! The shortest trace that still fails: steps are left out, many at first, then one by one, until none can be spared.

use super::image::Image;
use super::step::Step;
use super::{Ended, play};

/// Runs that are spent on one trace at most.
const RUNS: usize = 600;

/// The shortest part of `steps` found that fails under the same rule as `what`.
pub(super) async fn shrink(image: &mut Image, seed: u64, steps: &[Step], what: &str) -> Vec<Step> {
    let rule = rule_of(what);
    let mut shortest = steps.to_vec();
    let mut size = shortest.len().div_ceil(2).max(1);
    let mut runs = 0;
    loop {
        let mut at = 0;
        let before = shortest.len();
        while at < shortest.len() && runs < RUNS {
            let mut shorter = shortest.clone();
            shorter.drain(at..shorter.len().min(at + size));
            runs += 1;
            let fails = match play(image, seed, &shorter).await {
                Ok((Ended::Failed { wrong, .. }, _)) => wrong.iter().any(|found| rule_of(found) == rule),
                _ => false,
            };
            if fails {
                shortest = shorter;
            } else {
                at += size;
            }
        }
        if runs >= RUNS || (size == 1 && shortest.len() == before) {
            return shortest;
        }
        if size > 1 {
            size = size.div_ceil(2);
        }
    }
}

/// What is wrong without which order it is about: the words up to the first colon, references taken out.
fn rule_of(what: &str) -> String {
    let head = what.split(':').next().unwrap_or(what);
    let plain = head
        .split_whitespace()
        .filter(|word| !(word.len() > 20 || word.bytes().any(|byte| byte.is_ascii_digit() && word.len() > 4)));
    plain.collect::<Vec<_>>().join(" ")
}
