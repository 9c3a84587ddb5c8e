//! The verbs of the binary, one a file. `main.rs` only calls [`main`].

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::config::Config;

// First, so that the others know its macro.
#[macro_use]
mod say;

mod bank_sim;
mod bill_checks;
mod bill_sim;
mod calendar;
mod client;
mod demo;
mod demo_server;
mod doctor;
mod inspect;
mod jobs;
mod keys;
mod ledger;
mod migrate;
mod named;
mod openapi;
mod organisations;
mod payouts;
mod plans;
mod read;
mod recon;
mod recon_inspect;
mod recoveries;
mod run;
mod safe_mode;
mod simulate;
mod staff;
mod table;
mod untouched;
mod verify;

/// Huzhu 互助: the claims service of a trade union's mutual-aid fund.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    /// The configuration file (TOML); `HUZHU_…` variables go over it.
    #[arg(long, global = true, env = "HUZHU_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Everything in one process: the API, the workers and, by default, the database and the object store.
    Run(run::Run),
    /// The API alone.
    Serve,
    /// The workers alone.
    Work,
    /// Brings the tables to this version.
    Migrate,
    /// Plays a whole claim over public HTTP, from the phone to the card.
    Demo(demo::Demo),
    /// Looks at configuration, database, bucket, clock and keys, and says how to mend each.
    Doctor,
    /// Checks one file from the standard input, shut in: what the service starts for each document. With a FILE, says what it finds.
    Inspect(inspect::Inspect),
    /// Reads one page from the standard input, shut in: what the service starts for each page. With FILEs, says what stands on them.
    Read(read::Read),
    /// Proves that what is kept agrees with itself.
    Verify(verify::Verify),
    /// Prints the OpenAPI document.
    Openapi,
    /// Looks at jobs and tries dead ones again.
    Jobs(jobs::Jobs),
    /// Versions of plans.
    Plans(plans::Plans),
    /// The lists of working days.
    Calendar(calendar::Calendar),
    /// A bank that only plays one, for trials and tests.
    BankSim(bank_sim::BankSim),
    /// A fiscal platform that only plays one, for trials and tests.
    BillSim(bill_sim::BillSim),
    /// What today's bill checks came to.
    BillChecks(bill_checks::BillChecks),
    /// What is owed to members and every try at paying it.
    Payouts(payouts::Payouts),
    /// Disagreements with the bank, and statements by hand.
    Recon(recon::Recon),
    /// What members are asked to give back.
    Recoveries(recoveries::Recoveries),
    /// The books.
    Ledger(ledger::Ledger),
    /// The money code played through with everything going wrong, judged after every step.
    Simulate(simulate::Simulate),
    /// Stops all releases and sendings after a restore, and lets them go on once the bank was asked about everything.
    SafeMode(safe_mode::SafeMode),
    /// The tree of organisations and its units.
    #[command(subcommand)]
    Organisations(organisations::Organisations),
    /// Accounts of the staff.
    #[command(subcommand)]
    Staff(staff::Staff),
    /// Programs of partners, such as the card bank's.
    #[command(subcommand)]
    Client(client::Client),
    /// The keys that sign access tokens, and those that sign files for a bank.
    #[command(subcommand)]
    Keys(keys::Keys),
}

/// Reads the arguments, runs the verb, and says what went wrong if anything did.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Before there is a thread besides this one: it gives up what others would need.
    if let Verb::Inspect(inspect::Inspect { files }) = &arguments.verb
        && files.is_empty()
    {
        return inspect::serve();
    }
    if let Verb::Read(read::Read { models, files, .. }) = &arguments.verb
        && files.is_empty()
    {
        return read::serve(models);
    }
    if let Verb::Simulate(verb) = &arguments.verb {
        return simulate::main(verb);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("huzhu: no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = match runtime.block_on(dispatch(arguments)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("huzhu: {error:#}");
            ExitCode::FAILURE
        }
    };
    // A picture of a job that was left may still be decoded on a thread: nobody waits for it.
    runtime.shutdown_timeout(Duration::from_secs(1));
    code
}

async fn dispatch(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let file = arguments.config;
    let config = || Config::load(file.as_deref());
    match arguments.verb {
        Verb::Run(verb) => run::run(config()?, verb).await,
        Verb::Serve => run::serve(config()?).await,
        Verb::Work => run::work(config()?).await,
        Verb::Migrate => migrate::migrate(config()?).await,
        Verb::Demo(verb) => demo::demo(config()?, verb).await,
        Verb::Doctor => doctor::doctor(config()?).await,
        Verb::Inspect(verb) => inspect::inspect(verb).await,
        Verb::Read(verb) => read::read(verb).await,
        Verb::Verify(verb) => verify::verify(config()?, verb).await,
        Verb::Openapi => openapi::print(),
        Verb::Jobs(verb) => jobs::jobs(config()?, verb).await,
        Verb::Plans(verb) => plans::plans(config()?, verb).await,
        Verb::Calendar(verb) => calendar::calendar(config()?, verb).await,
        Verb::BankSim(verb) => bank_sim::run(verb).await,
        Verb::BillSim(verb) => bill_sim::run(verb).await,
        Verb::BillChecks(verb) => bill_checks::bill_checks(config()?, verb).await,
        Verb::Payouts(verb) => payouts::payouts(config()?, verb).await,
        Verb::Recon(verb) => recon::recon(config()?, verb).await,
        Verb::Recoveries(verb) => recoveries::recoveries(config()?, verb).await,
        Verb::SafeMode(verb) => safe_mode::safe_mode(config()?, verb).await,
        Verb::Ledger(verb) => ledger::ledger(config()?, verb).await,
        Verb::Simulate(verb) => simulate::simulate(&verb).await,
        Verb::Organisations(verb) => organisations::organisations(config()?, verb).await,
        Verb::Staff(verb) => staff::staff(config()?, verb).await,
        Verb::Client(verb) => client::client(config()?, verb).await,
        Verb::Keys(verb) => keys::keys(&config()?, verb),
    }
}
