//! One seed: a city, its service, its bank and the line between them, and what happens to them step by step.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use sea_orm::sqlx::{self, AssertSqlSafe, Row, SqlitePool};
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;
use uuid::Uuid;

use super::fuse::{Fuse, Ran};
use super::image::{Database, Image, MEMBERS, People, START, card_number};
use super::judge::{self, Judge, Truth};
use super::network::Network;
use super::step::Step;
use crate::app::{App, Seams};
use crate::bank_sim::ledger::Bank;
use crate::claims::advance::{self, By, Change};
use crate::claims::rows::{claim, decision};
use crate::claims::state::{ClaimState, Command};
use crate::config::{self, BankDays, DayTime};
use crate::db::Db;
use crate::http::{Code, IfMatch, Problem, StaffCaller};
use crate::jobs::{self, JobSpec, Registry};
use crate::kernel::chance::SeededChance;
use crate::kernel::clock::{Clock, ManualClock, Moment};
use crate::kernel::money::Fen;
use crate::kernel::seal::Field;
use crate::kernel::text::Text;
use crate::ledger::PlanAmount;
use crate::members;
use crate::organisations::Level;
use crate::payouts::bank::simulator::Simulator;
use crate::payouts::bank::{BankLink, BankRules, Inbound};
use crate::payouts::rows::batch;
use crate::payouts::state::BatchState;
use crate::payouts::{self, NewPayout, prepare, reissue, release, void};
use crate::recon::matching::Words;
use crate::recon::rows::recon_break;
use crate::recon::{self, BreakKind};

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
    sleepers: Vec<BoxFuture<'static, Job>>,
    last_grant: Option<NewPayout>,
    cards: Vec<i64>,
    tampered: bool,
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
            transport: None,
            rules: rules_of(self.seed),
            pulled: false,
            seals: None,
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
    async fn drive<T: Send + 'static>(
        &mut self,
        image: &Image,
        future: BoxFuture<'static, T>,
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

    /// Something that people do: a refusal is an answer, a failure of ours is not.
    async fn act<T: Send + 'static>(
        &mut self,
        image: &Image,
        future: BoxFuture<'static, Result<T, Problem>>,
    ) -> Result<Option<T>, Stop> {
        let done = self.drive(image, future).await?;
        match done {
            Some(Ok(answer)) => Ok(Some(answer)),
            Some(Err(problem)) if problem.code() == Code::Internal => {
                let cause = problem.cause().map(|cause| format!("{cause:#}")).unwrap_or_default();
                Err(Stop::Violation(vec![format!("an unforeseen failure: {cause}")]))
            }
            Some(Err(_)) | None => Ok(None),
        }
    }

    /// The judge looks.
    pub(super) async fn look(&mut self) -> Result<(), Stop> {
        let mut wrong = self.network.violations();
        for word in self.network.struck() {
            self.count(word);
        }
        let truth = Truth::of(&self.bank());
        wrong.extend(self.judge.look(&mut self.db.outside, &truth).await?);
        if wrong.is_empty() { Ok(()) } else { Err(Stop::Violation(wrong)) }
    }

    /// One step, and the judge's look after it.
    pub(super) async fn step(&mut self, image: &Image, step: &Step) -> Result<(), Stop> {
        self.counts.steps += 1;
        if let Some(fault) = step.fault()
            && !matches!(step, Step::Sending(_) | Step::Asking(_) | Step::Down { .. })
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
            Step::Work { jobs } => self.work(image, jobs).await?,
            Step::Advance { secs } => self.advance(secs),
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
            Step::Resolve => self.resolve(image).await?,
            Step::Revoke { checker } => self.revoke(checker).await?,
            Step::Restore => self.restore().await?,
            Step::Tamper { nth } => self.tamper(nth).await?,
            Step::Skew { secs } => self.skew(secs),
            Step::Wake { nth } => self.wake(image, nth).await?,
            Step::Fund { fen } => self.bank().fund(Fen::new(fen))?,
        }
        self.look().await
    }

    fn advance(&mut self, secs: i64) {
        self.theirs.advance_secs(secs);
        self.ours.set(self.theirs.now().plus_secs(self.skew_secs));
    }

    fn skew(&mut self, secs: i64) {
        self.network.forget_leases();
        self.skew_secs = secs;
        self.advance(0);
    }

    async fn next_day(&mut self, image: &Image) -> Result<(), Stop> {
        let morning = self.theirs.now().date().next_day().map(|day| Moment::start_of(day).plus_secs(9 * 3_600 + 300));
        if let Some(morning) = morning {
            self.theirs.set(morning);
            self.advance(0);
        }
        self.bank().catch_up()?;
        self.network.deliver_late();
        self.fetch(image).await
    }

    async fn grant(&mut self, image: &Image, member: usize, fen: [i64; 2]) -> Result<(), Stop> {
        let app = self.app()?;
        let member_id = self.people.members.get(member % MEMBERS).copied().unwrap_or_default();
        let (city_id, plans) = (self.people.city_id, self.people.plans);
        let parts: Vec<PlanAmount> = plans
            .iter()
            .zip(fen)
            .filter(|(_, fen)| *fen > 0)
            .map(|(plan_id, fen)| PlanAmount { plan_id: *plan_id, amount_fen: Fen::new(fen) })
            .collect();
        let granted = self.act(image, Box::pin(async move { decide(&app, city_id, member_id, parts).await })).await?;
        if granted.is_some() {
            self.counts.orders += 1;
            self.last_grant = granted;
        }
        Ok(())
    }

    async fn grant_again(&mut self, image: &Image) -> Result<(), Stop> {
        let (app, Some(new)) = (self.app()?, self.last_grant.clone()) else { return Ok(()) };
        let again = async move {
            let txn = app.db.begin().await?;
            payouts::create_for_decision(&txn, &app, new).await?;
            txn.commit().await?;
            Ok(())
        };
        self.act(image, Box::pin(again)).await.map(drop)
    }

    async fn prepare(&mut self, image: &Image, maker: usize, max: usize) -> Result<(), Stop> {
        let app = self.app()?;
        let maker = self.people.makers.get(maker % 2).copied().unwrap_or_default();
        let prepared = async move {
            let Some(link) = &app.bank else { return Ok(()) };
            let txn = app.db.begin().await?;
            let value_date = prepare::value_date(&txn, &app, link).await?;
            let bounds = prepare::Bounds { orders: max.max(1), fen: link.rules.max_batch_fen, value_date };
            reissue::queue_mended(&txn, &app).await?;
            prepare::prepare(&txn, &app, link, maker, &bounds).await?;
            txn.commit().await?;
            Ok(())
        };
        self.act(image, Box::pin(prepared)).await.map(drop)
    }

    /// The batches in these states, oldest first.
    async fn batches(&mut self, states: &[BatchState]) -> Result<Vec<batch::Model>, Stop> {
        let app = self.app()?;
        let rows = batch::Entity::find()
            .filter(batch::Column::State.is_in(states.to_vec()))
            .order_by_asc(batch::Column::Id)
            .all(app.db.read())
            .await?;
        Ok(rows)
    }

    async fn release(&mut self, image: &Image, nth: usize, how: Releasing) -> Result<(), Stop> {
        // Mostly one that waits; sometimes one that was released before.
        let states =
            if nth % 7 == 6 { vec![BatchState::Prepared, BatchState::Released] } else { vec![BatchState::Prepared] };
        let batches = self.batches(&states).await?;
        let Some(batch) = batches.get(nth % batches.len().max(1)).cloned() else { return Ok(()) };
        self.release_batch(image, batch, how).await.map(drop)
    }

    async fn release_batch(&mut self, image: &Image, batch: batch::Model, how: Releasing) -> Result<bool, Stop> {
        let app = self.app()?;
        let (checkers, makers) = (self.people.checkers, self.people.makers);
        let staff_id = match how {
            Releasing::Own => batch.maker_id,
            Releasing::By(number) => {
                let all = [checkers, makers].concat();
                all.get(number % all.len()).copied().unwrap_or_default()
            }
            Releasing::OtherHash => checkers.first().copied().unwrap_or_default(),
        };
        let staff = StaffCaller {
            staff_id,
            organisation_id: self.people.city_id,
            organisation_path: format!("/{}/", self.people.city_id),
            unit_id: None,
            roles: Vec::new(),
        };
        let signed = if matches!(how, Releasing::OtherHash) { "0".repeat(64) } else { batch.sha256.clone() };
        let released = async move {
            let txn = app.db.begin().await?;
            let batch = release::load(&txn, batch.id).await?;
            release::check(&txn, &app, &batch, &staff, IfMatch(batch.version), &signed).await?;
            let batch = release::count(&txn, &app, &batch).await?;
            release::release(&txn, &app, &batch, staff.staff_id).await?;
            txn.commit().await?;
            Ok(())
        };
        let done = self.act(image, Box::pin(released)).await?.is_some();
        if done && !matches!(how, Releasing::By(_)) {
            return Err(Stop::Violation(vec!["I7 a batch was released by its maker or under another hash".to_owned()]));
        }
        Ok(done)
    }

    async fn void(&mut self, image: &Image, nth: usize) -> Result<(), Stop> {
        use BatchState as B;
        let batches = self.batches(&[B::Prepared, B::Released, B::InDoubt, B::Dispatching]).await?;
        let Some(batch) = batches.get(nth % batches.len().max(1)) else { return Ok(()) };
        self.void_batch(image, batch.id).await
    }

    async fn void_batch(&mut self, image: &Image, id: Uuid) -> Result<(), Stop> {
        let app = self.app()?;
        let maker = self.people.makers.first().copied().unwrap_or_default();
        let voided = async move {
            let txn = app.db.begin().await?;
            let batch = release::load(&txn, id).await?;
            if !void::was_never_sent(&txn, &batch).await? {
                return Err(Problem::new(Code::BatchStateConflict));
            }
            void::void(&txn, &app, &batch, By::staff(maker)).await?;
            txn.commit().await?;
            Ok(())
        };
        self.act(image, Box::pin(voided)).await.map(drop)
    }

    /// Due jobs run, one after another, and the judge looks after each.
    async fn work(&mut self, image: &Image, jobs: usize) -> Result<(), Stop> {
        for _ in 0..jobs {
            let Some(Running { app, registry, .. }) = &self.running else { return Ok(()) };
            let (app, registry) = (app.clone(), registry.clone());
            let job: BoxFuture<'static, Job> = Box::pin(async move { jobs::run_next(&app, &registry).await });
            if !self.drive_job(image, job).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// False when there is nothing more to do now.
    async fn drive_job(&mut self, image: &Image, job: BoxFuture<'static, Job>) -> Result<bool, Stop> {
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

    async fn fetch(&mut self, image: &Image) -> Result<(), Stop> {
        let app = self.app()?;
        let written = async move {
            for kind in ["recon.fetch_statements", recon::documents::KIND] {
                let spec = JobSpec::new(kind, json!({})).unique("periodic");
                jobs::enqueue(app.db.write(), &app, spec).await?;
            }
            Ok(())
        };
        self.act(image, Box::pin(written)).await.map(drop)
    }

    async fn change_card(&mut self, image: &Image, member: usize) -> Result<(), Stop> {
        let (app, index) = (self.app()?, member % MEMBERS);
        let member_id = self.people.members.get(index).copied().unwrap_or_default();
        let version = self.cards.get(index).copied().unwrap_or(1) + 1;
        let number = card_number(index, version);
        let changed = async move {
            let txn = app.db.begin().await?;
            let old = members::card::active(&txn, member_id).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
            members::card::replace(&txn, &app, &old, &number).await?;
            crate::claims::card::changed(&txn, &app, member_id).await?;
            txn.commit().await?;
            Ok(())
        };
        if self.act(image, Box::pin(changed)).await?.is_some()
            && let Some(kept) = self.cards.get_mut(index)
        {
            *kept = version;
        }
        Ok(())
    }

    fn mark_card(&mut self, member: usize, code: Option<&'static str>) -> Result<(), Stop> {
        let index = member % MEMBERS;
        let number = card_number(index, self.cards.get(index).copied().unwrap_or(1));
        self.bank().mark_card(&number, code.map(str::to_owned))?;
        Ok(())
    }

    fn send_back(&mut self, nth: usize, percent: i64) -> Result<(), Stop> {
        let mut bank = self.bank();
        bank.catch_up()?;
        let paid: Vec<_> = bank.payments().into_iter().filter(|payment| payment.debits > 0).collect();
        let Some(payment) = paid.get(nth % paid.len().max(1)) else { return Ok(()) };
        let amount_fen = Fen::new((payment.amount_fen.get() * percent / 100).max(1));
        bank.send_back(&payment.bank_ref, Some(amount_fen), "AC07".to_owned())?;
        Ok(())
    }

    async fn deliver(&mut self, image: &Image, nth: usize, cut: bool) -> Result<(), Stop> {
        let known: i64 =
            sqlx::query("select count(*) from statement").fetch_one(&mut self.db.outside).await?.try_get(0)?;
        let file = {
            let mut bank = self.bank();
            bank.catch_up()?;
            let closed = bank.closed_days();
            // The first statement that is taken by hand says where the account begins: that is a person's word.
            let seq = if known == 0 { 1 } else { u32::try_from(nth % closed.max(1) + 1)? };
            bank.statement_as_it_is(seq)
        };
        let Some(mut file) = file else { return Ok(()) };
        if cut {
            file.truncate(file.len() / 2);
        }
        self.import(image, file).await.map(drop)
    }

    async fn import(&mut self, image: &Image, file: Vec<u8>) -> Result<Option<recon::Imported>, Stop> {
        let app = self.app()?;
        let imported = async move {
            match &app.bank {
                Some(link) => recon::import(&app, link, &file).await,
                None => Err(Problem::new(Code::BankNotConfigured)),
            }
        };
        self.act(image, Box::pin(imported)).await
    }

    async fn resolve(&mut self, image: &Image) -> Result<(), Stop> {
        use sea_orm::Iterable;
        let app = self.app()?;
        let kinds: Vec<BreakKind> = BreakKind::iter().filter(|kind| kind.stops_dispatch()).collect();
        let open = recon_break::Entity::find()
            .filter(recon_break::Column::State.eq("open"))
            .filter(recon_break::Column::Kind.is_in(kinds))
            .order_by_asc(recon_break::Column::Id)
            .all(app.db.read())
            .await?;
        for found in open {
            let app = self.app()?;
            let [proposer, closer] =
                [self.people.makers, self.people.checkers].map(|people| people.first().copied().unwrap_or_default());
            let resolved = async move {
                let txn = app.db.begin().await?;
                let proposed = recon::propose(&txn, &app, found.id, proposer, "looked at").await?;
                recon::resolve(&txn, &app, found.id, closer, proposed.proposed_at_ms, "looked at").await?;
                txn.commit().await?;
                Ok(())
            };
            self.act(image, Box::pin(resolved)).await?;
        }
        Ok(())
    }

    async fn revoke(&mut self, checker: usize) -> Result<(), Stop> {
        let id = self.people.checkers.get(checker % 2).copied().unwrap_or_default();
        let sql = if checker % 4 < 2 {
            "delete from staff_role where staff_id = $1 and role = 'payout_checker'"
        } else {
            "update staff set state = 'disabled' where id = $1"
        };
        sqlx::query(sql).bind(id).execute(&mut self.db.outside).await?;
        Ok(())
    }

    async fn restore(&mut self) -> Result<(), Stop> {
        sqlx::query("update staff set state = 'active'").execute(&mut self.db.outside).await?;
        for id in self.people.checkers {
            let sql = "insert into staff_role (staff_id, role, granted_at_ms) values ($1, 'payout_checker', 0) on conflict do nothing";
            sqlx::query(sql).bind(id).execute(&mut self.db.outside).await?;
        }
        Ok(())
    }

    /// Somebody with the database's own rights alters the bytes of a batch that was released and not sent.
    async fn tamper(&mut self, nth: usize) -> Result<(), Stop> {
        let app = self.app()?;
        let batches = self.batches(&[BatchState::Prepared, BatchState::Released, BatchState::InDoubt]).await?;
        let Some(batch) = batches.get(nth % batches.len().max(1)) else { return Ok(()) };
        let row = sqlx::query("select bytes_sealed from payout_file where batch_id = $1").bind(batch.id);
        let sealed: Vec<u8> = row.fetch_one(&mut self.db.outside).await?.try_get(0)?;
        let bytes = app.sealer.open_bytes(Field::PayoutFile, &sealed).map_err(anyhow::Error::from)?;
        // Another amount and the totals with it: a file that the bank would take.
        let text = String::from_utf8(bytes.reveal().clone())?.replace("互助保障金", "互助金");
        let altered = app.sealer.seal(Field::PayoutFile, text).map_err(anyhow::Error::from)?;
        let trigger = "select sql from sqlite_schema where name = 'payout_file_never_changes'";
        let trigger: Option<String> = match sqlx::query(trigger).fetch_optional(&mut self.db.outside).await? {
            Some(row) => row.try_get(0)?,
            None => None,
        };
        sqlx::query("drop trigger if exists payout_file_never_changes").execute(&mut self.db.outside).await?;
        let update = sqlx::query("update payout_file set bytes_sealed = $1 where batch_id = $2");
        update.bind(altered).bind(batch.id).execute(&mut self.db.outside).await?;
        if let Some(trigger) = trigger {
            sqlx::query(AssertSqlSafe(trigger)).execute(&mut self.db.outside).await?;
        }
        self.tampered = true;
        Ok(())
    }

    /// Bank and line are in good health from now on, and everything must come to its end, or wait for a person with the reason.
    pub(super) async fn end(&mut self, image: &Image) -> Result<(), Stop> {
        self.fuse.disarm();
        self.network.heal();
        self.bank().faults.clear();
        self.bank().fund(Fen::new(10_000_000_000))?;
        for index in 0..MEMBERS {
            for version in 1..=self.cards.get(index).copied().unwrap_or(1) {
                self.bank().mark_card(&card_number(index, version), None)?;
            }
        }
        self.skew(0);
        self.restore().await?;
        while !self.sleepers.is_empty() {
            self.wake(image, 0).await?;
        }
        let mut left = Vec::new();
        // People come in the morning: who looked only after the bank's hours would find each batch too late for its day.
        let now = self.ours.now();
        let morning = Moment::start_of(now.date().next_day().unwrap_or(now.date())).plus_secs(9 * 3_600);
        self.advance(morning.as_secs() - now.as_secs());
        for day in 0..DAYS_TO_END {
            for _ in 0..4 {
                self.advance(901);
                self.network.deliver_late();
                self.resolve(image).await?;
                let app = self.app()?;
                jobs::retry_dead(&app, None).await?;
                self.prepare(image, 0, 3_000).await?;
                for batch in self.batches(&[BatchState::Prepared]).await? {
                    let id = batch.id;
                    // Prepared by the one checker who may not release it, by another, or with a card of yesterday.
                    if !self.release_batch(image, batch, Releasing::By(0)).await? {
                        self.void_batch(image, id).await?;
                    }
                }
                for batch in self.batches(&[BatchState::Released]).await? {
                    if self.is_given_up(batch.id).await? {
                        self.void_batch(image, batch.id).await?;
                    }
                }
                self.look().await?;
                self.work(image, JOBS_AT_ONCE).await?;
            }
            self.next_day(image).await?;
            self.work(image, JOBS_AT_ONCE).await?;
            let truth = Truth::of(&self.bank());
            left = judge::at_the_end(&mut self.db.outside, &truth).await?;
            if left.is_empty() && day > 0 {
                break;
            }
        }
        if !left.is_empty() {
            return Err(Stop::Violation(left));
        }
        self.verify().await?;
        self.repeat(image).await?;
        self.counts.commits = self.fuse.commits();
        self.counts.sendings = self.network.sendings_seen();
        self.counts.looks = self.judge.looks;
        Ok(())
    }

    /// True when sending was given up for a reason that a person looked at.
    async fn is_given_up(&mut self, batch_id: Uuid) -> Result<bool, Stop> {
        let sql = "select exists (select 1 from recon_break where batch_id = $1 and kind = 'B13')";
        Ok(sqlx::query(sql).bind(batch_id).fetch_one(&mut self.db.outside).await?.try_get(0)?)
    }

    /// The service's own proof.
    async fn verify(&mut self) -> Result<(), Stop> {
        let app = self.app()?;
        let findings = payouts::verify::check(&app).await.map_err(anyhow::Error::new)?;
        let wrong: Vec<String> = findings
            .into_iter()
            .filter(|finding| !(self.tampered && finding.what.contains("hash")))
            .map(|finding| format!("verify: {}: {}", finding.subject, finding.what))
            .collect();
        if wrong.is_empty() { Ok(()) } else { Err(Stop::Violation(wrong)) }
    }

    /// Two days end, and on the second one the money of the first order comes back.
    pub(super) fn close_days_with_a_return(&mut self) -> Result<(), Stop> {
        self.bank().close_day()?;
        self.send_back(0, 100)?;
        self.bank().close_day()?;
        self.advance(2 * 24 * 3_600);
        Ok(())
    }

    /// What the bank has to say by now: a line for each order, and each statement.
    pub(super) fn documents(&self) -> Result<Vec<Document>, Stop> {
        let mut bank = self.bank();
        let refs: Vec<String> = bank.payments().into_iter().map(|payment| payment.bank_ref).collect();
        let mut documents: Vec<Document> =
            refs.iter().filter_map(|bank_ref| bank.order(bank_ref)).map(Document::Result).collect();
        let closed = u32::try_from(bank.closed_days())?;
        documents.extend((1..=closed).filter_map(|seq| bank.statement_as_it_is(seq)).map(Document::Statement));
        Ok(documents)
    }

    /// A document of the bank is taken.
    pub(super) async fn take(&mut self, image: &Image, document: Document) -> Result<(), Stop> {
        match document {
            Document::Statement(file) => self.import(image, file).await.map(drop)?,
            Document::Result(line) => self.tell(image, line).await?,
        }
        self.look().await
    }

    /// Where everything stands.
    pub(super) async fn digest(&mut self) -> Result<String, Stop> {
        Ok(judge::digest(&mut self.db.outside, false).await?)
    }

    async fn tell(&mut self, image: &Image, line: String) -> Result<(), Stop> {
        let app = self.app()?;
        let told = async move {
            let Some(link) = &app.bank else { return Ok(()) };
            let heard = link.adapter.parse(Inbound::Result, line.as_bytes()).map_err(Problem::internal)?;
            let txn = app.db.begin().await?;
            for fact in heard.facts.iter().chain(&heard.facts) {
                payouts::apply::take_fact(&txn, &app, &link.account, fact, payouts::apply::Road::Result).await?;
            }
            txn.commit().await?;
            Ok(())
        };
        self.act(image, Box::pin(told)).await.map(drop)
    }

    /// I11: every document once more, in another order, changes nothing.
    async fn repeat(&mut self, image: &Image) -> Result<(), Stop> {
        let before = judge::digest(&mut self.db.outside, true).await?;
        let (statements, refs) = {
            let bank = self.bank();
            let closed = u32::try_from(bank.closed_days())?;
            let statements: Vec<_> = (1..=closed).rev().filter_map(|seq| bank.statement_as_it_is(seq)).collect();
            (statements, bank.payments().into_iter().map(|payment| payment.bank_ref).collect::<Vec<_>>())
        };
        for file in statements {
            match self.import(image, file).await? {
                Some(recon::Imported::Duplicate) => {}
                other => return Err(Stop::Violation(vec![format!("I11 a statement that was taken is {other:?}")])),
            }
        }
        for bank_ref in refs.into_iter().rev() {
            let line = self.bank().order(&bank_ref);
            if let Some(line) = line {
                self.tell(image, line).await?;
            }
        }
        if judge::digest(&mut self.db.outside, true).await? == before {
            return Ok(());
        }
        Err(Stop::Violation(vec!["I11 documents that came again changed something".to_owned()]))
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

/// Something that the bank says.
#[derive(Clone, Debug)]
pub(super) enum Document {
    /// The result line of one order.
    Result(String),
    /// A statement file.
    Statement(Vec<u8>),
}

/// Who releases, and how.
#[derive(Clone, Copy, Debug)]
enum Releasing {
    By(usize),
    Own,
    OtherHash,
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

/// A claim of the member is decided, and its payout made.
async fn decide(app: &App, city_id: Uuid, member_id: Uuid, parts: Vec<PlanAmount>) -> Result<NewPayout, Problem> {
    let (now, claim_id, decision_id) = (app.clock.now(), app.ids.next(), app.ids.next());
    let txn = app.db.begin().await?;
    let row = claim::ActiveModel {
        id: Set(claim_id),
        member_id: Set(member_id),
        origin: Set(claim::Origin::MemberApp),
        state: Set(ClaimState::Checking),
        version: Set(1),
        declaration_sealed: Set(app.sealer.seal(Field::ClaimFacts, "{}")?),
        event_lookup: Set(Some(claim_id.as_bytes().to_vec())),
        serial_lookup: Set(None),
        organisation_path: Set(format!("/{city_id}/")),
        review_level: Set(Some(Level::Grassroots)),
        reviewer_id: Set(None),
        last_reviewer_id: Set(None),
        created_at_ms: Set(now),
        updated_at_ms: Set(now),
        submitted_at_ms: Set(Some(now)),
        accepted_at_ms: Set(None),
        due_on: Set(None),
        awaits_card: Set(false),
    };
    let claim = claim::Entity::insert(row).exec_with_returning(&txn).await?;
    let text = || Text::fixed("测试", "Test");
    advance::record_start(&txn, &claim, By::SYSTEM, text()).await?;
    let accept = Change::new(Command::PassChecks, By::SYSTEM, text()).set(claim::Column::AcceptedAtMs, now);
    let claim = advance::advance(&txn, app, &claim, accept).await?;
    advance::advance(&txn, app, &claim, Change::new(Command::ApproveStraight, By::SYSTEM, text())).await?;
    let row = decision::ActiveModel {
        id: Set(decision_id),
        claim_id: Set(claim_id),
        number: Set(1),
        outcome: Set(decision::Outcome::Approved),
        granted_fen: Set(Fen::sum(parts.iter().map(|part| part.amount_fen))?),
        reason_code: Set("as_assessed".to_owned()),
        remark_sealed: Set(None),
        decided_by: Set(None),
        decided_at_ms: Set(now),
    };
    decision::Entity::insert(row).exec_without_returning(&txn).await?;
    let new = NewPayout { decision_id, claim_id, member_id, parts };
    payouts::create_for_decision(&txn, app, new.clone()).await?;
    txn.commit().await?;
    Ok(new)
}
