//! The money code played through, seed by seed: one thread, a database in memory with the real tables, the real code of payouts, books,
//! reconciliation and jobs, a bank that keeps the truth, and a judge that looks after every step.
//!
//! A seed decides everything: what is claimed, prepared and released, what time it is, what the bank and the line do wrong, and where the
//! process dies. Start reading at [`world`] for what a step does, at [`judge`] for what must hold, at [`catalogue`] for which faults are
//! played and which cannot be yet.

use std::collections::BTreeMap;

use serde::Serialize;

pub mod catalogue;
mod enumerate;
mod fuse;
pub mod guards;
mod image;
mod judge;
mod network;
mod shrink;
mod step;
mod world;

use guards::Guard;
use image::Image;
use step::Step;
use world::{Counts, Stop, World};

/// What to play.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many seeds.
    pub seeds: u64,
    /// The first of them.
    pub first_seed: u64,
    /// Payouts that are decided in each.
    pub orders: usize,
    /// The only faults that happen, by name; all of them when empty.
    pub faults: Vec<String>,
    /// Guards of the tables that are left out.
    pub without: Vec<&'static Guard>,
    /// Also play a batch of three with a death at every commit and an end of the line at every byte.
    pub enumerate: bool,
    /// Look for the shortest steps when a seed fails.
    pub shrink: bool,
}

/// What was played.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Seeds that ended well.
    pub seeds: u64,
    /// Payouts that were decided.
    pub orders: u64,
    /// Steps.
    pub steps: u64,
    /// Looks of the judge.
    pub looks: u64,
    /// Commits of the service.
    pub commits: u64,
    /// Sendings that were begun.
    pub sendings: u64,
    /// Runs that were released.
    pub runs: u64,
    /// Deaths of the process.
    pub crashes: u64,
    /// Deaths and cuts that were played one by one for a batch of three.
    pub enumerated: u64,
    /// How often each fault was played.
    pub faults: BTreeMap<String, u64>,
    /// The first seed that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// A seed that failed.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What must not be.
    pub wrong: Vec<String>,
    /// The steps up to it.
    pub trace: Vec<String>,
    /// The shortest steps that still fail in the same way.
    pub shortest: Vec<String>,
}

/// How a seed ended.
enum Ended {
    Well,
    Failed { at: usize, wrong: Vec<String> },
}

/// Every fault that can be asked for, by name.
#[must_use]
pub fn fault_names() -> Vec<String> {
    step::faults()
}

/// Plays seeds until `go_on` says no or one fails.
///
/// # Errors
/// When the simulator itself fails; a violation is part of the report.
pub async fn run(options: &Options, mut go_on: impl FnMut(&Report) -> bool) -> anyhow::Result<Report> {
    let mut image = Image::make(&options.without).await?;
    let mut report = Report::default();
    if options.enumerate {
        match enumerate::all(&mut image).await {
            Ok(points) => report.enumerated = points,
            Err(Stop::Violation(wrong)) => {
                report.failure = Some(Failure { seed: 0, wrong, trace: Vec::new(), shortest: Vec::new() });
                return Ok(report);
            }
            Err(Stop::Broken(error)) => return Err(error),
        }
    }
    for seed in options.first_seed..options.first_seed.saturating_add(options.seeds) {
        if !go_on(&report) {
            break;
        }
        let steps = step::plan(seed, options.orders, &options.faults);
        let (ended, counts) = play(&mut image, seed, &steps).await?;
        report.add(&counts);
        match ended {
            Ended::Well => report.seeds += 1,
            Ended::Failed { at, wrong } => {
                let trace = steps.get(..at.saturating_add(1)).unwrap_or(&steps);
                let first = wrong.first().cloned().unwrap_or_default();
                let shortest =
                    if options.shrink { shrink::shrink(&mut image, seed, trace, &first).await } else { Vec::new() };
                let words = |steps: &[Step]| steps.iter().map(|step| format!("{step:?}")).collect();
                report.failure = Some(Failure { seed, wrong, trace: words(trace), shortest: words(&shortest) });
                break;
            }
        }
    }
    Ok(report)
}

/// Plays the steps of one seed to their end and through the days after it.
async fn play(image: &mut Image, seed: u64, steps: &[Step]) -> anyhow::Result<(Ended, Counts)> {
    let mut world = match World::begin(image, seed).await {
        Ok(world) => world,
        Err(Stop::Violation(wrong)) => return Ok((Ended::Failed { at: 0, wrong }, Counts::default())),
        Err(Stop::Broken(error)) => return Err(error),
    };
    let mut ended = Ended::Well;
    for (at, step) in steps.iter().enumerate() {
        match world.step(image, step).await {
            Ok(()) => {}
            Err(Stop::Violation(wrong)) => {
                ended = Ended::Failed { at, wrong };
                break;
            }
            Err(Stop::Broken(error)) => return Err(error.context(format!("seed {seed}, step {at}: {step:?}"))),
        }
    }
    if matches!(ended, Ended::Well) {
        match world.end(image).await {
            Ok(()) => {}
            Err(Stop::Violation(wrong)) => ended = Ended::Failed { at: steps.len(), wrong },
            Err(Stop::Broken(error)) => return Err(error.context(format!("seed {seed}, at its end"))),
        }
    }
    let counts = world.counts.clone();
    world.close().await;
    Ok((ended, counts))
}

impl Report {
    fn add(&mut self, counts: &Counts) {
        self.orders += counts.orders;
        self.steps += counts.steps;
        self.looks += counts.looks;
        self.commits += counts.commits;
        self.sendings += counts.sendings;
        self.runs += counts.runs;
        self.crashes += counts.crashes;
        for (name, times) in &counts.faults {
            *self.faults.entry(name.clone()).or_default() += times;
        }
    }
}
