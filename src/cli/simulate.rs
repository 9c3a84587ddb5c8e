//! `huzhu simulate`: the money code played through with everything going wrong, and judged after every step.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::table;
use crate::kernel::clock::{Clock, SystemClock};
use crate::simulate::catalogue::FAULTS;
use crate::simulate::{self, Failure, Options, Report, guards};

/// Arguments of `huzhu simulate`.
#[derive(Debug, Args)]
pub(super) struct Simulate {
    /// How many seeds.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// Payouts in each.
    #[arg(long, default_value_t = 20)]
    orders: usize,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    first_seed: u64,
    /// Ends after so many minutes, however many seeds are left.
    #[arg(long)]
    minutes: Option<i64>,
    /// The same in seconds.
    #[arg(long, conflicts_with = "minutes")]
    seconds: Option<i64>,
    /// Only this fault; may be given again. Without it, all of them.
    #[arg(long)]
    fault: Vec<String>,
    /// Leaves out a guard of the tables, to see that its absence is found; may be given again.
    #[arg(long)]
    without: Vec<String>,
    /// Also a batch of three with a death at every commit and an end at every byte of the request.
    #[arg(long)]
    enumerate: bool,
    /// Lists the 46 faults of the contract with how each is played, the guards and the faults by name, and plays nothing.
    #[arg(long)]
    faults: bool,
    /// Lists the guards by name, and plays nothing.
    #[arg(long)]
    guards: bool,
    /// Does not look for the shortest steps that fail.
    #[arg(long)]
    no_shrink: bool,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs on one thread, so that the seed alone decides.
pub(super) fn main(arguments: &Simulate) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(simulate(arguments)),
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("huzhu: {error:#}");
            ExitCode::FAILURE
        }
    }
}

pub(super) async fn simulate(arguments: &Simulate) -> anyhow::Result<ExitCode> {
    if arguments.faults {
        list();
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.guards {
        for guard in guards::GUARDS {
            say!("{}", guard.name);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let names = simulate::fault_names();
    for fault in &arguments.fault {
        anyhow::ensure!(names.contains(fault), "there is no fault {fault}: huzhu simulate --faults lists them");
    }
    let mut without = Vec::new();
    for name in &arguments.without {
        let guard = guards::named(name);
        without.push(guard.ok_or_else(|| {
            anyhow::anyhow!("there is no guard {name} of the tables: huzhu simulate --faults lists them; those of the code are taken out by tests/simulate/mutation.sh")
        })?);
    }
    let options = Options {
        seeds: arguments.seeds,
        first_seed: arguments.first_seed,
        orders: arguments.orders,
        faults: arguments.fault.clone(),
        without,
        enumerate: arguments.enumerate,
        shrink: !arguments.no_shrink,
    };
    let began = SystemClock.now();
    let secs = arguments.seconds.or(arguments.minutes.map(|minutes| minutes * 60));
    let until = secs.map(|secs| began.plus_secs(secs));
    let report = simulate::run(&options, |_| until.is_none_or(|until| SystemClock.now() < until)).await?;
    let took = Duration::from_millis(u64::try_from(SystemClock.now().as_ms() - began.as_ms()).unwrap_or(1).max(1));
    if arguments.json {
        say!("{}", serde_json::to_string(&report)?);
    } else {
        show(&report, took);
    }
    Ok(if report.failure.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn show(report: &Report, took: Duration) {
    if let Some(failure) = &report.failure {
        show_failure(failure);
    }
    let rows: Vec<Vec<String>> =
        report.faults.iter().map(|(name, times)| vec![name.clone(), times.to_string()]).collect();
    table::print(&["fault", "times>"], &rows);
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    let a_second = report.orders.saturating_mul(1_000) / ms;
    say!(
        "{} seeds, {} orders, {} steps, {} looks of the judge, {} commits, {} sendings, {} runs released, {} deaths, {} ends of a batch of three one by one",
        report.seeds,
        report.orders,
        report.steps,
        report.looks,
        report.commits,
        report.sendings,
        report.runs,
        report.crashes,
        report.enumerated
    );
    say!("{} violations; {a_second} orders a second in {} s", u8::from(report.failure.is_some()), ms / 1_000);
}

fn show_failure(failure: &Failure) {
    say!("seed {} fails after {} steps:", failure.seed, failure.trace.len());
    for what in &failure.wrong {
        say!("  {what}");
    }
    say!("its steps:");
    for step in &failure.trace {
        say!("  {step}");
    }
    say!("the shortest steps that fail so:");
    for step in &failure.shortest {
        say!("  {step}");
    }
}

fn list() {
    let rows: Vec<Vec<String>> = FAULTS
        .iter()
        .map(|played| {
            vec![played.number.to_owned(), played.fault.to_owned(), played.by.join(" "), played.how.to_owned()]
        })
        .collect();
    table::print(&["", "fault", "played by", "how"], &rows);
    say!("");
    let rows: Vec<Vec<String>> =
        guards::GUARDS.iter().map(|guard| vec![guard.name.to_owned(), guard.what.to_owned()]).collect();
    table::print(&["guard of the tables", "what it says"], &rows);
    say!("");
    say!("faults by name: {}", simulate::fault_names().join(" "));
}
