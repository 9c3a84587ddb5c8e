//! `huzhu demo`: plays the whole job through public HTTP against a running `huzhu run --demo`, or one of its own, and proves the result.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, value_parser};
use serde_json::json;

use super::demo_server::{OwnServer, answers};
use crate::app::{App, Seams};
use crate::config::Config;
use crate::demo::Credentials;
use crate::demo::play::{Manner, Options, Patience, Props, Teller, play};
use crate::kernel::clock::SystemClock;
use crate::kernel::text::Text;
use crate::verify;

/// Arguments of `huzhu demo`.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Photographs of the claim (JPEG, PNG, WebP), each as PATH or KIND=PATH; none takes the three that the program ships.
    #[arg(value_name = "PHOTO")]
    photos: Vec<String>,
    /// The facts of the claim, in the form of samples/facts.json.
    #[arg(long)]
    facts: Option<PathBuf>,
    /// One JSON object a step.
    #[arg(long)]
    json: bool,
    /// Where `huzhu run --demo` answers. Default: as configured; one of its own is started when nothing answers there.
    #[arg(long)]
    url: Option<String>,
    /// The data directory of that `huzhu run --demo`. Default: as configured.
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// Waits for a server that is killed to come back, and goes on.
    #[arg(long)]
    survive: bool,
    /// How many claims.
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u32).range(1..))]
    times: u32,
    /// How many at once.
    #[arg(long, default_value_t = 1)]
    at_once: usize,
}

pub(super) async fn demo(mut config: Config, arguments: Demo) -> anyhow::Result<ExitCode> {
    let manner = if arguments.json { Manner::Json } else { Manner::Words };
    let teller = Arc::new(Teller::new(manner, arguments.times > 1, Arc::new(SystemClock)));
    if let Some(data_dir) = &arguments.data_dir {
        config.data_dir.clone_from(data_dir);
    }
    let mut url = arguments.url.clone().unwrap_or_else(|| config.public_url()).trim_end_matches('/').to_owned();
    // Before a server is started for them: a file that can't be read needs none.
    let props = Props::read(&arguments.photos, arguments.facts.as_deref())?;
    let mut own = None;
    if !arguments.survive && !answers(&url).await {
        anyhow::ensure!(arguments.url.is_none(), "nothing answers at {url}: start `huzhu run --demo` there first");
        teller.aside(&Text::made(
            format!("{url} 无应答：启动一个临时的演示服务"),
            format!("Nothing answers at {url}: starting a demo of its own in a temporary folder"),
        ));
        let server = OwnServer::start().await?;
        url.clone_from(&server.url);
        config = Config { data_dir: server.data_dir(), ..Config::default() };
        own = Some(server);
    }
    anyhow::ensure!(
        Credentials::path(&config.data_dir).exists(),
        "{} is missing: name the data directory of the running demo by --data-dir (or HUZHU_DATA_DIR)",
        Credentials::path(&config.data_dir).display()
    );
    let options = Options {
        url,
        data_dir: config.data_dir.clone(),
        times: arguments.times,
        at_once: arguments.at_once,
        patience: if arguments.survive { Patience::Survive } else { Patience::Short },
    };
    let proved = async {
        let paid = play(&options, props, teller.clone()).await?;
        anyhow::Ok((paid, prove(config, &teller).await?))
    };
    let proved = proved.await;
    // Also after a failure: nothing stays behind in the temporary folder.
    if let Some(server) = own {
        server.stop().await?;
    }
    let (paid, clean) = proved?;
    let all = paid == options.times;
    teller.result(
        "result",
        &Text::made(
            format!("{paid}/{} 笔申报已到账并核销", options.times),
            format!("{paid} of {} claims are paid and settled", options.times),
        ),
        &json!({"paid": paid, "of": options.times, "verify_clean": clean}),
    );
    Ok(if all && clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs `huzhu verify` on the same data.
async fn prove(config: Config, teller: &Teller) -> anyhow::Result<bool> {
    let app = App::build(config, Seams::default()).await?;
    let report = verify::run(&app).await?;
    teller.result(
        "verify",
        &Text::made(
            format!("huzhu verify：核对 {} 笔申报，发现 {} 处不符", report.claims, report.findings.len()),
            format!("huzhu verify: {} claims replayed, {} findings", report.claims, report.findings.len()),
        ),
        &serde_json::to_value(&report)?,
    );
    for finding in &report.findings {
        eprintln!("{} {}: {}", finding.area, finding.subject, finding.what);
    }
    Ok(report.clean)
}
