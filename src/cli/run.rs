//! `huzhu run`, `serve` and `work`: the long-running verbs. A stop signal lets running jobs and then requests end, for a bounded time.

use std::io::Write;
use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::{App, Seams};
use crate::child::Child;
use crate::config::{Bank, BillChecks, Config, Environment, StorageKind};
use crate::data_dir::{Duty, Presence, make_private_dir};
use crate::http::server;
use crate::identity::authenticate::BearerTokens;
use crate::kernel::clock::Moment;
use crate::kernel::money::Fen;
use crate::{bank_sim, bill_sim, demo, documents, jobs, payouts, telemetry, work};

/// A file that a killed process never sent is sent again after some seconds, not after ten minutes: somebody is looking on.
const DEMO_NOT_FOUND_GAP_SECS: i64 = 4;
/// What the demo's fund holds on the first day: ten million yuan.
const DEMO_FUNDS: Fen = Fen::new(1_000_000_000);

/// Arguments of `huzhu run`.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// Seeds an invented city, plays the card bank with `huzhu bank-sim` and the fiscal platform with `huzhu bill-sim`. Refused in production.
    #[arg(long)]
    demo: bool,
}

pub(super) async fn run(config: Config, arguments: Run) -> anyhow::Result<ExitCode> {
    keep_running(config, true, true, arguments.demo).await
}

pub(super) async fn serve(config: Config) -> anyhow::Result<ExitCode> {
    keep_running(config, true, false, false).await
}

pub(super) async fn work(config: Config) -> anyhow::Result<ExitCode> {
    keep_running(config, false, true, false).await
}

async fn keep_running(mut config: Config, api: bool, worker: bool, demo: bool) -> anyhow::Result<ExitCode> {
    config.demo = demo;
    if demo {
        // One machine plays every person: more codes than real people ask for.
        config.sign_in.otp_per_number_per_minute = 3;
        config.sign_in.otp_per_source_per_hour = config.sign_in.otp_per_source_per_hour.max(10_000);
    }
    let telemetry = telemetry::start(&config.log)?;
    // Before anything else makes it: the bank's folder lies in it.
    make_private_dir(&config.data_dir)?;
    let serving = enter(&config, Duty::Serve, api).await?;
    let working = enter(&config, Duty::Work, worker).await?;
    // They live as long as this process: their standard input is ours to hold.
    let simulators = if demo {
        (start_demo_bank(&mut config).await?, start_demo_platform(&mut config).await?)
    } else {
        (None, None)
    };
    let app = App::build(config, Seams::default()).await?;
    payouts::safe_mode::on_start(&app).await?;
    if let Err(error) = app.storage.ready().await {
        tracing::error!(error = %error, "the object store is not ready: documents wait until it is (huzhu doctor)");
    }
    if demo {
        seed_demo(&app).await?;
    }
    // Whoever held a job or an upload before is dead.
    if working.as_ref().is_some_and(Presence::is_alone) {
        jobs::release_all(&app).await?;
    }
    if serving.as_ref().is_some_and(Presence::is_alone) {
        documents::release_uploads(&app).await?;
    }
    for presence in [&working, &serving].into_iter().flatten() {
        presence.let_others_in()?;
    }
    // Before anybody is told that it is ready: a stop that comes right then is heard too.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let metrics = telemetry::serve_metrics(telemetry::metrics_recorder()?, bind(app.config.http.metrics_listen)?)?;
    let metrics_handle = metrics.handle();
    tokio::spawn(metrics);
    let stop = CancellationToken::new();
    let workers = worker.then(|| tokio::spawn(jobs::run(app.clone(), work::registry(), stop.clone())));
    let api = if api { Some(start_api(&app)?) } else { None };
    if api.is_some() {
        say_where_to_look(&app);
    } else {
        tracing::info!("ready");
    }
    tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
    tracing::info!("stopping: no new jobs; requests are answered until those that run have ended");
    let until = app.clock.now().plus_ms(i64::try_from(app.config.http.shutdown_secs.saturating_mul(1_000))?);
    stop.cancel();
    app.uploads.stop();
    // First the jobs: a connection that they use may belong to a thread of the API.
    if let Some(workers) = workers {
        let until = if api.is_some() { until.plus_ms(-for_requests_ms(&app.config)) } else { until };
        end_jobs(&app, workers, until).await?;
    }
    if let Some(api) = api {
        end_requests(&app, api, until).await?;
    }
    app.storage.close().await;
    metrics_handle.stop(false).await;
    drop(simulators);
    drop(telemetry);
    Ok(ExitCode::SUCCESS)
}

/// Enters the data directory with a duty that this process has, where all who have it share that directory: with the embedded object store.
async fn enter(config: &Config, duty: Duty, has_it: bool) -> anyhow::Result<Option<Presence>> {
    if !has_it || config.storage.kind != StorageKind::Embedded {
        return Ok(None);
    }
    let directory = config.data_dir.clone();
    Ok(Some(tokio::task::spawn_blocking(move || Presence::enter(&directory, duty)).await??))
}

/// The part of the time for a stop that jobs leave to requests: a quarter.
fn for_requests_ms(config: &Config) -> i64 {
    i64::try_from(config.http.shutdown_secs.saturating_mul(250)).unwrap_or(i64::MAX)
}

/// How long it is until `moment`.
fn time_until(app: &App, moment: Moment) -> Duration {
    let ms = moment.as_ms().saturating_sub(app.clock.now().as_ms());
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

/// Waits for the jobs that run, and leaves those that do not end: whoever works next takes them again when their lease ends.
async fn end_jobs(app: &App, mut workers: JoinHandle<()>, until: Moment) -> anyhow::Result<()> {
    if let Ok(ended) = tokio::time::timeout(time_until(app, until), &mut workers).await {
        return Ok(ended?);
    }
    workers.abort();
    tracing::warn!(
        jobs.lease_secs = app.config.jobs.lease_secs,
        "jobs that do not end are left: each is taken again when its lease ends"
    );
    Ok(())
}

/// Takes no new request, waits for those that run, and cuts off those that do not end: who asked asks again with the same key.
async fn end_requests(app: &App, (handle, mut running): RunningApi, until: Moment) -> anyhow::Result<()> {
    let ended = tokio::time::timeout(time_until(app, until), async {
        handle.stop(true).await;
        (&mut running).await
    });
    if let Ok(ended) = ended.await {
        return Ok(ended??);
    }
    running.abort();
    tracing::warn!("connections that do not end are cut off");
    Ok(())
}

/// What a person who started it wants to know next.
fn say_where_to_look(app: &App) {
    let (config, url) = (&app.config, app.config.public_url());
    let mut text = format!(
        "Huzhu answers at {url}\n  API, to browse   {url}/docs/index.html\n  metrics          http://{}/metrics\n",
        config.http.metrics_listen
    );
    if config.demo {
        let file = demo::Credentials::path(&config.data_dir);
        text.push_str(&format!("  credentials      {}\n", file.display()));
        text.push_str(&format!("  sign-in codes    {url}/v1/demo/sms-outbox?phone=…\n"));
        text.push_str("  a whole claim    huzhu demo     (from the source: cargo run -- demo)\n");
    } else {
        text.push_str("  first account    huzhu organisations add NAME --level city\n");
        text.push_str("                   huzhu staff add LOGIN --name NAME --role ROLE\n");
    }
    if config.bank.is_none() {
        text.push_str("  no bank is configured: dispatch is off, approved payouts wait (huzhu doctor)\n");
    }
    // Nobody has to read it: the service goes on.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// Starts a bank that only plays one, unless a bank is configured.
async fn start_demo_bank(config: &mut Config) -> anyhow::Result<Option<Child>> {
    if config.bank.is_some() {
        return Ok(None);
    }
    anyhow::ensure!(config.environment != Environment::Production, "the bank simulator is refused in production");
    let program = std::env::current_exe()?;
    let mut bank = Bank::simulator("");
    // This bank says "not found" only of what it will never have.
    bank.not_found_gap_secs = DEMO_NOT_FOUND_GAP_SECS;
    let child = bank_sim::child::start(&program, &config.data_dir.join("bank-sim"), &bank.account, DEMO_FUNDS).await?;
    tracing::info!(bank.url = child.base_url(), "demo: the bank is open");
    child.base_url().clone_into(&mut bank.url);
    config.bank = Some(bank);
    Ok(Some(child))
}

/// Starts a fiscal platform that only plays one, unless one is configured.
async fn start_demo_platform(config: &mut Config) -> anyhow::Result<Option<Child>> {
    if config.bill_checks.is_some() {
        return Ok(None);
    }
    anyhow::ensure!(config.environment != Environment::Production, "the bill simulator is refused in production");
    let child = bill_sim::child::start(&std::env::current_exe()?).await?;
    tracing::info!(bill_checks.url = child.base_url(), "demo: the fiscal platform answers");
    config.bill_checks = Some(BillChecks::simulator(child.base_url()));
    Ok(Some(child))
}

async fn seed_demo(app: &App) -> anyhow::Result<()> {
    let file = demo::Credentials::path(&app.config.data_dir);
    match demo::seed(app).await? {
        demo::Seeded::Founded { members } => {
            tracing::info!(members, file = %file.display(), "demo: the city is founded")
        }
        demo::Seeded::NewCredentials => tracing::info!(file = %file.display(), "demo: new credentials are issued"),
        demo::Seeded::Present => tracing::info!(file = %file.display(), "demo: the city is there"),
    }
    Ok(())
}

type RunningApi = (actix_web::dev::ServerHandle, JoinHandle<std::io::Result<()>>);

fn start_api(app: &Arc<App>) -> anyhow::Result<RunningApi> {
    let listener = bind(app.config.http.listen)?;
    let address = listener.local_addr()?;
    let server = server::serve(app.clone(), Arc::new(BearerTokens::new(app.clone())), listener)?;
    let handle = server.handle();
    let running = tokio::spawn(server);
    tracing::info!(http.listen = %address, "ready");
    Ok((handle, running))
}

fn bind(address: std::net::SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).map_err(|error| anyhow::anyhow!("can't listen on {address}: {error}"))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
