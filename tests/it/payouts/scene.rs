//! A service with a bank beside it, members who are owed money, and a clock that moves for both.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use huzhu::bank_sim::faults::Fault;
use huzhu::bank_sim::ledger::{Bank, Payment};
use huzhu::claims::advance::{self, By, Change};
use huzhu::claims::rows::{claim, decision};
use huzhu::claims::state::{ClaimState, Command};
use huzhu::config;
use huzhu::gm::Own;
use huzhu::kernel::chance::SystemChance;
use huzhu::kernel::clock::{ManualClock, Moment};
use huzhu::kernel::money::Fen;
use huzhu::kernel::seal::Field;
use huzhu::kernel::text::Text;
use huzhu::ledger::PlanAmount;
use huzhu::organisations::Level;
use huzhu::payouts::{self, NewPayout};
use huzhu::plans::rows::plan;
use huzhu::{bank_sim, recon};
use rustls::ServerConfig;
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::support::{Got, Person, TestApp};

pub const ACCOUNT: &str = "6222020000001";
pub const OPENING_FEN: i64 = 100_000_000;

/// The bank, in this process, on a port of its own.
pub struct TestBank {
    bank: Arc<Mutex<Bank>>,
    pub clock: Arc<ManualClock>,
    server: actix_web::dev::ServerHandle,
    pub port: u16,
    tls: Option<ServerConfig>,
    directory: tempfile::TempDir,
}

impl TestBank {
    pub fn start(tls: Option<ServerConfig>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(Moment::from_ms(1_773_622_800_000)));
        let bank = Bank::open(directory.path(), clock.clone(), ACCOUNT, Fen::new(OPENING_FEN)).unwrap();
        let bank = Arc::new(Mutex::new(bank));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self::serve(&bank, listener, tls.clone());
        Self { bank, clock, server, port, tls, directory }
    }

    fn serve(
        bank: &Arc<Mutex<Bank>>,
        listener: TcpListener,
        tls: Option<ServerConfig>,
    ) -> actix_web::dev::ServerHandle {
        let running = bank_sim::http::serve(bank.clone(), listener, tls).unwrap();
        let handle = running.handle();
        actix_web::rt::spawn(running);
        handle
    }

    /// The bank itself.
    pub fn open(&self) -> MutexGuard<'_, Bank> {
        self.bank.lock().unwrap()
    }

    /// Lets a fault happen the next `times` times.
    pub fn fault(&self, fault: Fault, times: u32) {
        self.open().faults.set(fault, times);
    }

    /// Nobody listens any more.
    pub async fn hang_up(&self) {
        self.server.stop(false).await;
    }

    /// Starts again from the journal on the same port, as after a crash.
    pub fn restart(&mut self) {
        let bank = Bank::open(self.directory.path(), self.clock.clone(), ACCOUNT, Fen::new(OPENING_FEN)).unwrap();
        self.bank = Arc::new(Mutex::new(bank));
        let listener = TcpListener::bind(("127.0.0.1", self.port)).unwrap();
        self.server = Self::serve(&self.bank, listener, self.tls.clone());
    }

    /// How often the payee of `bank_ref` got money, and how much came back.
    pub fn truth(&self, bank_ref: &str) -> Option<Payment> {
        self.open().payments().into_iter().find(|payment| payment.bank_ref == bank_ref)
    }
}

/// Everything together.
pub struct Scene {
    pub app: TestApp,
    pub bank: TestBank,
    plans: [Uuid; 2],
}

/// A claim that was decided, with its payout.
#[derive(Clone, Copy, Debug)]
pub struct Granted {
    pub claim_id: Uuid,
    pub payout_id: Uuid,
}

impl Scene {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// The same with other rules of the bank.
    pub async fn with(change: impl FnOnce(&mut config::Bank)) -> Self {
        Self::built(|port, _| {
            let mut link = config::Bank::simulator(format!("http://127.0.0.1:{port}"));
            link.answer_timeout_ms = 5_000;
            change(&mut link);
            link
        })
        .await
    }

    /// A bank whose own job comes, with its certificates; what it does with a file, the test does.
    pub async fn pulled() -> (Self, Own) {
        Self::sealed(|_| config::Bank::pull()).await
    }

    /// A bank that signs and opens files, with its certificates: `fund.crt` lies in the data directory. What it does with a file, the test does.
    pub async fn sealed(link: impl FnOnce(&Path) -> config::Bank) -> (Self, Own) {
        let at = Moment::from_ms(1_773_622_800_000);
        let new = |subject| Own::self_signed(subject, at, 30, &SystemChance).unwrap();
        let (fund, bank) = (new("CN=fund,C=CN"), new("CN=bank,C=CN"));
        let scene = Self::built(|_, folder| {
            let file = |name: &str, text: &str| {
                let path = folder.join(name);
                std::fs::OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(&path)
                    .unwrap()
                    .write_all(text.as_bytes())
                    .unwrap();
                path
            };
            let mut link = link(folder);
            link.seals = Some(config::Seals {
                key_file: file("fund.key", &fund.key.to_pem().unwrap()),
                certificate_file: file("fund.crt", &fund.certificate.to_pem().unwrap()),
                bank_certificate_file: file("bank.crt", &bank.certificate.to_pem().unwrap()),
                next_bank_certificate_file: None,
            });
            link
        })
        .await;
        (scene, bank)
    }

    async fn built(link: impl FnOnce(u16, &Path) -> config::Bank) -> Self {
        Self::beside(TestBank::start(None), link).await
    }

    /// A bank that is called directly: in clear, on this machine.
    pub async fn direct(change: impl FnOnce(&mut config::Bank)) -> Self {
        Self::built(|port, _| {
            let mut link = config::Bank::direct(format!("http://127.0.0.1:{port}/direct"));
            link.answer_timeout_ms = 5_000;
            change(&mut link);
            link
        })
        .await
    }

    /// The same over TLS, as the bank and the service are told to speak it.
    pub async fn direct_over_tls(bank: ServerConfig, tls: config::BankTls) -> Self {
        Self::beside(TestBank::start(Some(bank)), |port, _| {
            let mut link = config::Bank::direct(format!("https://localhost:{port}/direct"));
            link.answer_timeout_ms = 5_000;
            link.tls = Some(tls);
            link
        })
        .await
    }

    async fn beside(bank: TestBank, link: impl FnOnce(u16, &Path) -> config::Bank) -> Self {
        let port = bank.port;
        let app = TestApp::with(|config| config.bank = Some(link(port, &config.data_dir))).await;
        let plans = [app.app.ids.next(), app.app.ids.next()];
        for (id, code) in plans.iter().zip(["inpatient", "outpatient"]) {
            let row = plan::ActiveModel {
                id: Set(*id),
                code: Set(code.to_owned()),
                name_zh: Set("住院".to_owned()),
                name_en: Set("Inpatient".to_owned()),
                funding: Set("with_membership".to_owned()),
                created_at_ms: Set(app.app.clock.now()),
            };
            plan::Entity::insert(row).exec_without_returning(app.app.db.write()).await.unwrap();
        }
        Self { app, bank, plans }
    }

    /// Moves both clocks on.
    pub fn advance(&self, secs: i64) {
        self.app.clock.advance_secs(secs);
        self.bank.clock.advance_secs(secs);
    }

    /// A decided claim of `member` that grants these amounts, one a plan.
    pub async fn grant(&self, member: &Person, parts: &[i64]) -> Granted {
        let app = &self.app.app;
        let (now, claim_id, decision_id) = (app.clock.now(), app.ids.next(), app.ids.next());
        let txn = app.db.begin().await.unwrap();
        let row = claim::ActiveModel {
            id: Set(claim_id),
            member_id: Set(member.id),
            origin: Set(claim::Origin::MemberApp),
            state: Set(ClaimState::Checking),
            version: Set(1),
            declaration_sealed: Set(app.sealer.seal(Field::ClaimFacts, "{}").unwrap()),
            event_lookup: Set(Some(claim_id.as_bytes().to_vec())),
            serial_lookup: Set(None),
            organisation_path: Set(format!("/{}/", self.app.city.city_id)),
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
        let claim = claim::Entity::insert(row).exec_with_returning(&txn).await.unwrap();
        let text = || Text::fixed("测试", "Test");
        advance::record_start(&txn, &claim, By::SYSTEM, text()).await.unwrap();
        // Accepted first, so that its promise clock has started and a payment can stop it.
        let accept = Change::new(Command::PassChecks, By::SYSTEM, text());
        let accept = accept.set(claim::Column::AcceptedAtMs, now);
        let claim = advance::advance(&txn, app, &claim, accept).await.unwrap();
        let approve = Change::new(Command::ApproveStraight, By::SYSTEM, text());
        advance::advance(&txn, app, &claim, approve).await.unwrap();
        let total: i64 = parts.iter().sum();
        let row = decision::ActiveModel {
            id: Set(decision_id),
            claim_id: Set(claim_id),
            number: Set(1),
            outcome: Set(decision::Outcome::Approved),
            granted_fen: Set(Fen::new(total)),
            reason_code: Set("as_assessed".to_owned()),
            remark_sealed: Set(None),
            decided_by: Set(None),
            decided_at_ms: Set(now),
        };
        decision::Entity::insert(row).exec_without_returning(&txn).await.unwrap();
        let parts = self.plans.iter().zip(parts);
        let parts = parts.map(|(id, fen)| PlanAmount { plan_id: *id, amount_fen: Fen::new(*fen) }).collect();
        let new = NewPayout { decision_id, claim_id, member_id: member.id, parts };
        let payout_id = payouts::create_for_decision(&txn, app, new).await.unwrap();
        txn.commit().await.unwrap();
        Granted { claim_id, payout_id }
    }

    /// The maker prepares a batch; none when nothing could go into one.
    pub async fn prepare(&self) -> Option<Prepared> {
        let got = self.app.post(&self.app.city.maker, "/v1/payout-batches", &json!({})).await;
        let batch = got.body.get("batch")?.clone();
        Some(Prepared {
            path: format!("/v1/payout-batches/{}", batch["id"].as_str().unwrap()),
            sha256: batch["sha256"].as_str().unwrap().to_owned(),
        })
    }

    /// The maker prepares a batch of at most so many orders.
    pub async fn prepare_some(&self, max_orders: usize) -> Prepared {
        let asked = json!({"max_orders": max_orders});
        let got = self.app.post(&self.app.city.maker, "/v1/payout-batches", &asked).await.ok(201);
        Prepared { path: format!("/v1/payout-batches/{}", got.text("/batch/id")), sha256: got.text("/batch/sha256") }
    }

    /// The maker starts a run of all that waits; its path and how it stands once its list is closed.
    pub async fn start_run(&self) -> (String, Got) {
        let got = self.app.post(&self.app.city.maker, "/v1/payout-runs", &json!({})).await.ok(202);
        let path = format!("/v1/payout-runs/{}", got.text("/id"));
        self.app.run_jobs().await;
        let shown = self.app.get(&self.app.city.checker, &path).await.ok(200);
        (path, shown)
    }

    /// The checker releases it.
    pub async fn release(&self, batch: &Prepared) {
        let path = format!("{}/release", batch.path);
        self.app.post_at(&self.app.city.checker, &path, 1, &json!({"sha256": batch.sha256})).await.ok(200);
    }

    /// The exact bytes of a batch, as somebody with the keys reads them.
    pub async fn file_of(&self, batch: &Prepared) -> Vec<u8> {
        let id: Uuid = batch.path.rsplit('/').next().unwrap().parse().unwrap();
        let row = payouts::rows::file::Entity::find_by_id(id).one(self.app.app.db.read()).await.unwrap().unwrap();
        self.app.app.sealer.open_bytes(Field::PayoutFile, &row.bytes_sealed).unwrap().reveal().clone()
    }

    /// Prepares and releases everything that waits.
    pub async fn pay(&self) -> Prepared {
        let batch = self.prepare().await.expect("a batch");
        self.release(&batch).await;
        batch
    }

    /// Runs due jobs, moves the clocks a little, and again: enough for results of a bank that answers.
    pub async fn settle_down(&self) {
        for _ in 0..3 {
            self.app.run_jobs().await;
            self.advance(2);
        }
    }

    /// The bank closes its day and the service takes the statement.
    pub async fn close_day(&self) {
        self.bank.open().close_day().unwrap();
        self.advance(24 * 60 * 60);
        self.take_statements().await;
    }

    /// The service takes every statement that is ready.
    pub async fn take_statements(&self) {
        let link = self.app.app.bank.as_ref().unwrap();
        recon::fetch_all(&self.app.app, link).await.unwrap();
    }

    /// Every break that is open is resolved by the people that it takes.
    pub async fn resolve_breaks(&self) {
        self.resolve_breaks_with(&self.app.city.checker).await;
    }

    /// The same, the second of two being `closer`.
    pub async fn resolve_breaks_with(&self, closer: &Person) {
        let got = self.app.get(&self.app.city.auditor, "/v1/recon/breaks?state=open&limit=100").await.ok(200);
        for item in got.body["items"].as_array().unwrap() {
            self.resolve_break(item["id"].as_str().unwrap(), closer).await;
        }
    }

    /// One break is resolved by the people that it takes.
    pub async fn resolve_break(&self, id: &str, closer: &Person) {
        let (city, path) = (&self.app.city, format!("/v1/recon/breaks/{id}"));
        let shown = self.app.get(&city.auditor, &path).await.ok(200);
        let mut words = json!({"resolution": "looked at"});
        if shown.body["takes_two"] == true {
            let proposal = json!({"proposal": "looked at"});
            let proposed = self.app.post(&city.maker, &format!("{path}/proposal"), &proposal).await.ok(200);
            words["proposed_at"] = proposed.body["proposed_at"].clone();
        }
        self.app.post(closer, &format!("{path}/resolve"), &words).await.ok(200);
    }

    /// State of the newest order of a payout, and of the payout, and of its claim.
    pub async fn states(&self, granted: Granted) -> (String, String, String) {
        let got = self.app.get(&self.app.city.maker, &format!("/v1/payouts/{}", granted.payout_id)).await.ok(200);
        let order = got.body["orders"].as_array().unwrap().last().unwrap()["state"].as_str().unwrap().to_owned();
        let claim = claim::Entity::find_by_id(granted.claim_id).one(self.app.app.db.read()).await.unwrap().unwrap();
        (order, got.text("/payout/state"), format!("{:?}", claim.state))
    }

    /// The bank reference of the newest order of a payout.
    pub async fn bank_ref(&self, granted: Granted) -> String {
        let got = self.app.get(&self.app.city.maker, &format!("/v1/payouts/{}", granted.payout_id)).await.ok(200);
        got.body["orders"].as_array().unwrap().last().unwrap()["bank_ref"].as_str().unwrap().to_owned()
    }

    /// The kinds of the open breaks.
    pub async fn breaks(&self) -> Vec<String> {
        let got = self.app.get(&self.app.city.auditor, "/v1/recon/breaks?state=open&limit=100").await.ok(200);
        let mut kinds: Vec<String> = got.body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["kind"].as_str().unwrap().to_owned())
            .collect();
        kinds.sort();
        kinds
    }

    /// Books, payouts and orders agree.
    pub async fn verify(&self) {
        let findings = payouts::verify::check(&self.app.app).await.unwrap();
        assert_eq!(findings, [], "verify");
    }

    /// The end: everything agrees, no job is dead.
    pub async fn stop(self) {
        self.verify().await;
        self.bank.hang_up().await;
        self.app.stop().await;
    }
}

/// A batch that waits for its checker.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub path: String,
    pub sha256: String,
}

/// A line of a statement that no simulator would write.
#[derive(Clone, Copy, Debug)]
pub struct Booked<'a> {
    pub credit: bool,
    pub fen: i64,
    pub serial: &'a str,
    pub bank_ref: &'a str,
    /// Day of March 2026.
    pub day: u8,
}

impl<'a> Booked<'a> {
    pub const fn debit(fen: i64, serial: &'a str) -> Self {
        Self { credit: false, fen, serial, bank_ref: "", day: 16 }
    }

    pub const fn credit(fen: i64, serial: &'a str) -> Self {
        Self { credit: true, ..Self::debit(fen, serial) }
    }
}

/// The statement number `seq`, of the day after its predecessor's, with these lines.
pub fn statement(seq: u8, opening_fen: i64, lines: &[Booked<'_>]) -> Vec<u8> {
    let mut details = String::new();
    for (line, number) in lines.iter().zip(1..) {
        let Booked { credit, fen, serial, bank_ref, day } = line;
        let side = if *credit { "C" } else { "D" };
        writeln!(details, "L|{number}|202603{day}|{side}|{fen}|{serial}|{bank_ref}|0128|PAYOUT").unwrap();
    }
    let side = |credit| lines.iter().filter(|line| line.credit == credit).map(|line| line.fen).sum::<i64>();
    let (debits, credits) = (side(false), side(true));
    let closing = opening_fen - debits + credits;
    let (day, count, digest) = (15 + seq, lines.len(), hex::encode(Sha256::digest(details.as_bytes())));
    let header = format!("H|CNSTM1|{ACCOUNT}|202603{day}|{seq}|CNY|{opening_fen}|{closing}|UTF-8");
    format!("{header}\n{details}T|{count}|{debits}|{credits}|sha256:{digest}\n").into_bytes()
}

/// Three words as strings.
pub fn states(order: &str, payout: &str, claim: &str) -> (String, String, String) {
    (order.to_owned(), payout.to_owned(), claim.to_owned())
}
