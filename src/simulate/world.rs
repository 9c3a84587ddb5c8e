//! One seed: a city, its service, its bank and the line between them, and what happens to them step by step.

mod asking;
mod backup;
mod bank;
mod controls;
mod ending;
mod files;
mod people;
mod runs;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::LocalBoxFuture;
use sea_orm::DbErr;
use sea_orm::sqlx::SqlitePool;

use super::fuse::{Fuse, Ran};
use super::image::{Database, Image, MEMBERS, People, START};
use super::judge::{Judge, Truth};
use super::network::Network;
use super::step::Step;
use crate::app::{App, Seams};
use crate::bank_sim::ledger::Bank;
use crate::config::{self, BankDays, DayTime};
use crate::db::Db;
use crate::http::{Code, Problem};
use crate::jobs::{self, Registry};
use crate::kernel::chance::SeededChance;
use crate::kernel::clock::{Clock, ManualClock, Moment};
use crate::kernel::money::Fen;
use crate::payouts::NewPayout;
use crate::payouts::bank::simulator::Simulator;
use crate::payouts::bank::{BankLink, BankRules};
use crate::recon::matching::Words;
pub(super) use bank::Document;
pub(super) use files::{Bomb, Lying, Signers};
use people::Releasing;

/// The account that pays.
const ACCOUNT: &str = "6222020000001";
/// Days that a bank in good health has to bring everything to its end.
const DAYS_TO_END: usize = 9;
/// Jobs that run in a row at most: more is a job that writes itself for ever.
const JOBS_AT_ONCE: usize = 500;

/// Why a seed ended before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// Something is so that must not be.
    Violation(Vec<String>),
    /// The simulator itself failed.
    Broken(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Broken(error.into())
    }
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub(super) steps: u64,
    pub(super) looks: u64,
    pub(super) orders: u64,
    pub(super) commits: u64,
    pub(super) sendings: u64,
    pub(super) runs: u64,
    pub(super) crashes: u64,
    pub(super) faults: BTreeMap<String, u64>,
}

type Job = Result<Option<String>, DbErr>;

/// A seed at work.
pub(super) struct World {
    people: People,
    db: Database,
    fuse: Arc<Fuse>,
    pub(super) network: Network,
    bank: Arc<Mutex<Bank>>,
    ours: Arc<ManualClock>,
    theirs: Arc<ManualClock>,
    skew_secs: i64,
    seed: u64,
    lives: u64,
    running: Option<Running>,
    judge: Judge,
    sleepers: Vec<LocalBoxFuture<'static, Job>>,
    last_grant: Option<NewPayout>,
    cards: Vec<i64>,
    tampered: bool,
    backup: Option<backup::Backup>,
    folder: Arc<files::Folder>,
    last_signed: Option<u64>,
    asked: u64,
    last_asked: Option<asking::Asked>,
    pub(super) counts: Counts,
}

struct Running {
    app: Arc<App>,
    registry: Arc<Registry>,
    pool: SqlitePool,
}

impl World {
    /// A service that has just started on a database of its own.
    pub(super) async fn begin(image: &mut Image, seed: u64) -> Result<Self, Stop> {
        let db = image.copy().await?;
        let (ours, theirs) = (Arc::new(ManualClock::at(START)), Arc::new(ManualClock::at(START)));
        let opening_fen = Fen::new(if seed % 5 == 3 { 3_000_000 } else { 1_000_000_000 });
        let bank = Arc::new(Mutex::new(Bank::in_memory(theirs.clone(), ACCOUNT, opening_fen)?));
        let fuse = Arc::new(Fuse::default());
        let network = Network::new(bank.clone(), fuse.clone(), ours.clone());
        let mut world = Self {
            people: image.people.clone(),
            db,
            fuse,
            network,
            bank,
            ours,
            theirs,
            skew_secs: 0,
            seed,
            lives: 0,
            running: None,
            judge: Judge::default(),
            sleepers: Vec::new(),
            last_grant: None,
            cards: vec![1; MEMBERS],
            tampered: false,
            backup: None,
            folder: Arc::default(),
            last_signed: None,
            asked: 0,
            last_asked: None,
            counts: Counts::default(),
        };
        world.start(image).await?;
        Ok(world)
    }

    async fn start(&mut self, image: &Image) -> Result<(), Stop> {
        self.fuse.renew();
        let pool = self.db.pool(self.fuse.clone()).await?;
        self.lives += 1;
        let chance = Arc::new(SeededChance::new(self.seed.wrapping_mul(1_000_003).wrapping_add(self.lives)));
        let seams = Seams { clock: self.ours.clone(), chance };
        let adapter = Simulator::new(self.network.clone(), "http://bank", 3_000);
        let link = BankLink {
            adapter: Arc::new(adapter),
            account: ACCOUNT.to_owned(),
            corp_id: "HUZHU1".to_owned(),
            words: Words::default(),
            transport: Some(self.folder.clone()),
            rules: rules_of(self.seed),
            pulled: false,
            seals: Some(image.signers.seals.clone()),
        };
        let app = image.start(Db::of_sqlite(pool.clone()), seams, link).await?;
        self.network.connect(pool.clone());
        self.running = Some(Running { app, registry: Arc::new(crate::work::registry()), pool });
        Ok(())
    }

    /// The process is gone with all that it had in memory; another starts on the same database.
    async fn restart(&mut self, image: &Image) -> Result<(), Stop> {
        self.counts.crashes += 1;
        self.sleepers.clear();
        if let Some(Running { app, pool, .. }) = self.running.take() {
            drop(app);
            pool.close().await;
        }
        self.start(image).await
    }

    fn app(&self) -> Result<Arc<App>, Stop> {
        match &self.running {
            Some(running) => Ok(running.app.clone()),
            None => Err(Stop::Broken(anyhow::anyhow!("nothing runs"))),
        }
    }

    pub(super) fn bank(&self) -> MutexGuard<'_, Bank> {
        self.bank.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn fuse(&self) -> &Arc<Fuse> {
        &self.fuse
    }

    fn count(&mut self, fault: impl Into<String>) {
        *self.counts.faults.entry(fault.into()).or_default() += 1;
    }

    /// Runs `future`; none when the process died at it.
    async fn drive<T: 'static>(
        &mut self,
        image: &Image,
        future: LocalBoxFuture<'static, T>,
    ) -> Result<Option<T>, Stop> {
        let fuse = self.fuse.clone();
        match fuse.drive(future).await {
            Ran::Done(answer) => Ok(Some(answer)),
            Ran::Died | Ran::Asleep(_) => {
                self.restart(image).await?;
                Ok(None)
            }
        }
    }

    /// Something that people do; none when they were refused, or the process died at it.
    async fn act<T: 'static>(
        &mut self,
        image: &Image,
        future: LocalBoxFuture<'static, Result<T, Problem>>,
    ) -> Result<Option<T>, Stop> {
        let done = self.drive(image, future).await?;
        Ok(done.map(Self::answered).transpose()?.and_then(Result::ok))
    }

    /// What people were answered: a refusal is an answer, a failure of ours is not.
    fn answered<T>(answer: Result<T, Problem>) -> Result<Result<T, Problem>, Stop> {
        match answer {
            Err(problem) if problem.code() == Code::Internal => {
                let cause = problem.cause().map(|cause| format!("{cause:#}")).unwrap_or_default();
                Err(Stop::Violation(vec![format!("an unforeseen failure: {cause}")]))
            }
            answer => Ok(answer),
        }
    }

    /// The judge looks.
    pub(super) async fn look(&mut self) -> Result<(), Stop> {
        let mut wrong = self.network.violations();
        for word in self.network.struck() {
            self.count(word);
        }
        let truth = Truth::of(&self.bank());
        let unproved = self.network.unproved();
        wrong.extend(self.judge.look(&mut self.db.outside, &truth, &unproved).await?);
        if wrong.is_empty() { Ok(()) } else { Err(Stop::Violation(wrong)) }
    }

    /// One step, and the judge's look after it.
    pub(super) async fn step(&mut self, image: &Image, step: &Step) -> Result<(), Stop> {
        self.counts.steps += 1;
        if let Some(fault) = step.fault()
            && !matches!(step, Step::Sending(_) | Step::Asking(_) | Step::Down { .. } | Step::ComeBack)
        {
            self.count(fault);
        }
        match *step {
            Step::Grant { member, fen } => self.grant(image, member, fen).await?,
            Step::GrantAgain => self.grant_again(image).await?,
            Step::Prepare { maker, max } => self.prepare(image, maker, max).await?,
            Step::Release { nth, checker } => self.release(image, nth, Releasing::By(checker)).await?,
            Step::ReleaseOwn { nth } => self.release(image, nth, Releasing::Own).await?,
            Step::ReleaseOther { nth } => self.release(image, nth, Releasing::OtherHash).await?,
            Step::Void { nth } => self.void(image, nth).await?,
            Step::StartRun { maker, batches } => self.start_run(image, maker, batches).await?,
            Step::ReleaseRun { nth, checker } => self.release_nth_run(image, nth, Releasing::By(checker)).await?,
            Step::ReleaseOwnRun { nth } => self.release_nth_run(image, nth, Releasing::Own).await?,
            Step::ReleaseOtherRun { nth } => self.release_nth_run(image, nth, Releasing::OtherHash).await?,
            Step::VoidRun { nth } => self.void_nth_run(image, nth).await?,
            Step::AskAgain { other } => self.ask_again(image, other).await?,
            Step::Work { jobs } => self.work(image, jobs).await?,
            Step::Advance { secs } => self.advance(secs)?,
            Step::NextDay => self.next_day(image).await?,
            Step::Fetch => self.fetch(image).await?,
            Step::Bank { fault, times } => self.bank().faults.set(fault, times),
            Step::Sending(trouble) => self.network.next_sending(trouble),
            Step::Asking(trouble) => self.network.next_asking(trouble),
            Step::Down { secs } => self.network.down_until(self.ours.now().plus_secs(secs)),
            Step::Crash { commits, after } => self.fuse.arm(commits, after),
            Step::ChangeCard { member } => self.change_card(image, member).await?,
            Step::MarkCard { member, code } => self.mark_card(member, code)?,
            Step::Return { nth, percent } => self.send_back(nth, percent)?,
            Step::Deliver { nth, cut } => self.deliver(image, nth, cut).await?,
            Step::FindFile { what, nth } => self.find_file(image, what, nth).await?,
            Step::Resolve => self.resolve(image).await?,
            Step::Revoke { checker } => self.revoke(checker).await?,
            Step::Restore => self.restore().await?,
            Step::Tamper { nth } => self.tamper(nth).await?,
            Step::Skew { secs } => self.skew(secs)?,
            Step::Wake { nth } => self.wake(image, nth).await?,
            Step::Fund { fen } => self.bank().fund(Fen::new(fen))?,
            Step::BackUp => self.back_up().await?,
            Step::ComeBack => self.come_back(image).await?,
            Step::LeaveSafeMode => self.leave_safe_mode(image).await?,
            Step::Hold { nth } => self.hold(image, nth).await?,
            Step::Lift { nth } => self.lift(image, nth).await?,
            Step::Tie { nth } => self.tie(image, nth).await?,
            Step::Letter { nth, wrong } => self.take_letter(image, nth, wrong).await?,
        }
        self.look().await
    }

    fn advance(&mut self, secs: i64) -> Result<(), Stop> {
        self.pass_until(self.theirs.now().plus_secs(secs))
    }

    /// Time passes at the bank until `target`; what is late on the line arrives in its own time.
    fn pass_until(&mut self, target: Moment) -> Result<(), Stop> {
        while let Some(due) = self.network.next_late().map(|due| due.plus_secs(-self.skew_secs))
            && due <= target
        {
            self.theirs.set(due.max(self.theirs.now()));
            self.ours.set(self.theirs.now().plus_secs(self.skew_secs));
            self.bank().catch_up()?;
            self.network.deliver_late();
        }
        self.theirs.set(target);
        self.ours.set(target.plus_secs(self.skew_secs));
        Ok(())
    }

    fn skew(&mut self, secs: i64) -> Result<(), Stop> {
        self.network.forget_leases();
        self.skew_secs = secs;
        self.advance(0)
    }

    async fn next_day(&mut self, image: &Image) -> Result<(), Stop> {
        let morning = self.theirs.now().date().next_day().map(|day| Moment::start_of(day).plus_secs(9 * 3_600 + 300));
        if let Some(morning) = morning {
            self.pass_until(morning)?;
        }
        self.bank().catch_up()?;
        self.network.deliver_late();
        self.fetch(image).await
    }

    /// Due jobs run, one after another, and the judge looks after each.
    async fn work(&mut self, image: &Image, jobs: usize) -> Result<(), Stop> {
        for _ in 0..jobs {
            let Some(Running { app, registry, .. }) = &self.running else { return Ok(()) };
            let (app, registry) = (app.clone(), registry.clone());
            let job: LocalBoxFuture<'static, Job> = Box::pin(async move { jobs::run_next(&app, &registry).await });
            if !self.drive_job(image, job).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// False when there is nothing more to do now.
    async fn drive_job(&mut self, image: &Image, job: LocalBoxFuture<'static, Job>) -> Result<bool, Stop> {
        let fuse = self.fuse.clone();
        let more = match fuse.drive(job).await {
            Ran::Done(Ok(kind)) => kind.is_some(),
            Ran::Done(Err(error)) => return Err(Stop::Violation(vec![format!("a job cannot be taken: {error}")])),
            Ran::Died => {
                self.restart(image).await?;
                false
            }
            Ran::Asleep(sleeper) => {
                self.sleepers.push(sleeper);
                true
            }
        };
        if more {
            self.look().await?;
        }
        Ok(more)
    }

    async fn wake(&mut self, image: &Image, nth: usize) -> Result<(), Stop> {
        if self.sleepers.is_empty() {
            return Ok(());
        }
        let sleeper = self.sleepers.remove(nth % self.sleepers.len());
        self.drive_job(image, sleeper).await.map(drop)
    }

    /// Ends it.
    pub(super) async fn close(mut self) {
        self.sleepers.clear();
        if let Some(Running { app, pool, .. }) = self.running.take() {
            drop(app);
            pool.close().await;
        }
    }
}

/// The limits and hours of a seed's account: mostly wide, sometimes those of a bank that closes early and on some days.
fn rules_of(seed: u64) -> BankRules {
    let mut rules = BankRules::of(&config::Bank::simulator("http://bank"));
    if seed % 3 == 2 {
        rules.pays_on = BankDays::WorkingDays;
        if let (Some(from), Some(until)) = (DayTime::parse("08:30"), DayTime::parse("16:30")) {
            (rules.dispatch_from, rules.cut_off) = (from, until);
        }
        rules.closed_on = [START.date().next_day(), START.date().next_day().and_then(|day| day.next_day())]
            .into_iter()
            .flatten()
            .take(usize::try_from(seed % 7 / 3).unwrap_or(0))
            .collect();
        (rules.max_batch_fen, rules.max_day_fen) = (Fen::new(20_000_000), Fen::new(40_000_000));
    }
    rules
}
