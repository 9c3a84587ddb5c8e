//! What one strip says: for each of many steps along it the likeliest character, the repeated ones and the blanks left out.

use image::RgbImage;
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

use super::Network;
use super::line::Strip;
use crate::reading::Line;

/// What a strip says.
#[derive(Debug)]
pub(super) struct Words {
    text: String,
    /// Where each character stands, in thousandths of the strip's length.
    at_permille: Vec<u16>,
    /// How sure its characters are on average, 0 to 1.
    pub(super) confidence: f32,
}

/// Reads a strip; nothing when nothing stands there.
#[expect(clippy::cast_precision_loss, reason = "characters of a line")]
pub(super) fn words(recogniser: &Network, characters: &[String], strip: &RgbImage) -> anyhow::Result<Option<Words>> {
    let steps: NdTensor<f32, 3> = recogniser.answer(strip)?;
    let (mut text, mut at_permille, mut sum, mut last) = (String::new(), Vec::new(), 0.0, 0);
    for step in 0..steps.size(1) {
        let likely = steps.slice((0, step));
        let (best, sure) = likely
            .iter()
            .copied()
            .enumerate()
            .fold((0, f32::MIN), |best, (index, sure)| if sure > best.1 { (index, sure) } else { best });
        if best != 0 && best != last {
            // 0 is the blank, and behind the characters stands the space.
            let words = characters.get(best - 1).map_or(" ", String::as_str);
            let at = u16::try_from(step * 1_000 / steps.size(1))?;
            at_permille.extend(words.chars().map(|_| at));
            text.push_str(words);
            sum += sure;
        }
        last = best;
    }
    if text.trim().is_empty() {
        return Ok(None);
    }
    Ok(Some(Words { confidence: sum / at_permille.len() as f32, text, at_permille }))
}

impl Words {
    /// The line that these words are on a strip.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share from 0 to 1")]
    pub(super) fn on(self, strip: &Strip) -> Line {
        let confidence_percent = (self.confidence.clamp(0.0, 1.0) * 100.0) as u8;
        Line { text: self.text, confidence_percent, corners: strip.corners(), at_permille: self.at_permille }
    }
}
