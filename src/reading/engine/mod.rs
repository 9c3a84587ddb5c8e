//! The engine that reads print: PP-OCRv6's small models (DBNet finds the lines, a CTC recogniser reads each), run by `rten` in this process.
//!
//! Chosen by measurement (docs/documents.md). It is written against the models' published way of being fed: channels in the order blue,
//! green, red, from -1 to 1; lines 48 pixels high.

#![expect(clippy::float_arithmetic, reason = "shares of pixels and of certainty; no money is near")]

mod detect;
mod line;
mod recognise;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use image::RgbImage;
use rayon::prelude::*;
use rten::{Model, ModelOptions, RunOptions, ThreadPool};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

use super::{Line, Reading};
use line::Strip;

/// The file of the model that finds lines.
pub const DETECTOR: &str = "PP-OCRv6_det_small.onnx";
/// The file of the model that reads one, with its characters.
pub const RECOGNISER: &str = "PP-OCRv6_rec_small.onnx";
/// What the readings of these models are marked with.
pub const NAME: &str = "pp-ocrv6-small";

/// Lines of a page that say which way it is held.
const ASKED_FOR_DIRECTION: usize = 6;
/// Lines of a page that are read at most: a settlement sheet has some 120.
pub(super) const MAX_LINES: usize = 400;
/// The share of a line's pixels, in thousandths, from which a seal lies over it.
const RED_PERMILLE: usize = 20;
/// A line whose characters are less sure than this on average is stains, not print.
const LEAST_CONFIDENCE: f32 = 0.5;

/// Threads that read one page at most: whoever photographed it waits.
const MAX_THREADS: usize = 4;

/// Both models in memory, some 60 MB.
pub struct Engine {
    detector: Network,
    recogniser: Network,
    characters: Vec<String>,
    threads: Arc<ThreadPool>,
}

/// A model and the threads it runs on.
struct Network {
    model: Model,
    threads: Arc<ThreadPool>,
}

impl Network {
    /// What it answers to a picture.
    fn answer<const DIMENSIONS: usize>(&self, picture: &RgbImage) -> anyhow::Result<NdTensor<f32, DIMENSIONS>> {
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.threads)));
        let answer = self.model.run_one(tensor(picture).view().into(), Some(options))?;
        Ok(answer.try_into()?)
    }
}

/// Begins the threads that read; a process that has shut itself in begins none.
pub fn threads() -> Arc<ThreadPool> {
    let wanted = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(MAX_THREADS);
    let threads = ThreadPool::with_num_threads(wanted);
    // Each has begun when each has answered.
    threads.run(|| rayon::broadcast(|_| ()));
    Arc::new(threads)
}

/// The models as files hold them.
pub struct Models {
    detector: Vec<u8>,
    recogniser: Vec<u8>,
}

impl Models {
    /// Reads both files of `folder`.
    ///
    /// # Errors
    /// When one is missing.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let read = |name| {
            let path = folder.join(name);
            std::fs::read(&path).with_context(|| path.display().to_string())
        };
        Ok(Self { detector: read(DETECTOR)?, recogniser: read(RECOGNISER)? })
    }
}

impl Engine {
    /// Makes both models ready.
    ///
    /// # Errors
    /// When a file is not such a model.
    pub fn new(models: Models, threads: Arc<ThreadPool>) -> anyhow::Result<Self> {
        let load = |bytes| ModelOptions::with_all_ops().prepack_weights(true).load(bytes);
        let detector = load(models.detector).context(DETECTOR)?;
        let recogniser = load(models.recogniser).context(RECOGNISER)?;
        let characters = recogniser.metadata().get("character").context("the recogniser has no characters")?;
        let characters = characters.lines().map(str::to_owned).collect();
        let network = |model| Network { model, threads: Arc::clone(&threads) };
        Ok(Self { detector: network(detector), recogniser: network(recogniser), characters, threads })
    }

    /// Reads the print on a page, whichever way it stands.
    ///
    /// # Errors
    /// When a model does not take what it is given.
    pub fn read(&self, page: &RgbImage) -> anyhow::Result<Reading> {
        let detect::Found { mut strips, is_on_its_side } = detect::strips(&self.detector, page)?;
        strips.truncate(MAX_LINES);
        let is_turned = self.is_turned(page, &strips)?;
        if is_turned {
            strips = strips.into_iter().map(Strip::turned).collect();
        }
        let line = |strip: &Strip| {
            let words = self.words(page, strip)?.filter(|words| words.confidence >= LEAST_CONFIDENCE);
            anyhow::Ok(words.map(|words| words.on(strip)))
        };
        let lines: Vec<Option<Line>> =
            self.threads.run(|| strips.par_iter().map(line).collect::<anyhow::Result<_>>())?;
        let lines = lines.into_iter().flatten().collect();
        let turns = match (is_on_its_side, is_turned) {
            (false, false) => 0,
            // Print that runs up begins below.
            (true, true) => 1,
            (false, true) => 2,
            (true, false) => 3,
        };
        Ok(Reading { turns, lines })
    }

    /// A few long lines, read from both ends: whether the other one is the surer.
    fn is_turned(&self, page: &RgbImage, strips: &[Strip]) -> anyhow::Result<bool> {
        let mut longest: Vec<&Strip> = strips.iter().collect();
        longest.sort_by(|one, other| other.length().total_cmp(&one.length()));
        longest.truncate(ASKED_FOR_DIRECTION);
        let sure = |strip: &Strip| {
            let words = recognise::words(&self.recogniser, &self.characters, &strip.cut(page))?;
            anyhow::Ok(words.map_or(0.0, |words| words.confidence))
        };
        let both = |strip: &&Strip| anyhow::Ok((sure(strip)?, sure(&(*strip).clone().turned())?));
        let sure: Vec<(f32, f32)> = self.threads.run(|| longest.par_iter().map(both).collect::<anyhow::Result<_>>())?;
        Ok(sure.iter().map(|(_, turned)| turned).sum::<f32>() > sure.iter().map(|(upright, _)| upright).sum())
    }

    /// What a strip says; under a red seal, what it says without it when that is surer.
    fn words(&self, page: &RgbImage, strip: &Strip) -> anyhow::Result<Option<recognise::Words>> {
        let cut = strip.cut(page);
        let plain = recognise::words(&self.recogniser, &self.characters, &cut)?;
        if !line::has_red(&cut, RED_PERMILLE) {
            return Ok(plain);
        }
        let cleared = recognise::words(&self.recogniser, &self.characters, &line::without_red(&cut))?;
        Ok(match (plain, cleared) {
            (Some(plain), Some(cleared)) if cleared.confidence <= plain.confidence => Some(plain),
            (plain, cleared) => cleared.or(plain),
        })
    }
}

/// A picture as the models want it.
fn tensor(picture: &RgbImage) -> NdTensor<f32, 4> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let mut values = Vec::with_capacity(3 * width * height);
    let channels: [fn([u8; 3]) -> u8; 3] = [|[_, _, blue]| blue, |[_, green, _]| green, |[red, _, _]| red];
    for channel in channels {
        values.extend(picture.pixels().map(|pixel| f32::from(channel(pixel.0)) / 127.5 - 1.0));
    }
    NdTensor::from_data([1, 3, height, width], values)
}
