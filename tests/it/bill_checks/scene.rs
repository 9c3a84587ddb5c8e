//! A service with a fiscal platform beside it, and a clock that moves for both.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use huzhu::bill_sim::http::{self, Shared};
use huzhu::bill_sim::platform::{Fault, Platform};
use huzhu::config::{BillChecks, Config};
use huzhu::kernel::clock::{Clock, ManualClock, Moment};
use huzhu::kernel::money::Fen;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::claims::{start, stay, submit, verified};
use crate::support::photo::qr;
use crate::support::{Got, Person, TestApp, logs};

/// 2026-03-16 09:00 in Shanghai, a Monday: when every test begins.
const BEGIN: Moment = Moment::from_ms(1_773_622_800_000);

/// The platform, in this process.
pub struct TestPlatform {
    shared: Shared,
    clock: Arc<ManualClock>,
    server: actix_web::dev::ServerHandle,
    url: String,
}

impl TestPlatform {
    pub fn start() -> Self {
        let clock = Arc::new(ManualClock::at(BEGIN));
        let shared = Shared { platform: Arc::new(Mutex::new(Platform::default())), clock: clock.clone() };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let running = http::serve(shared.clone(), listener).unwrap();
        let server = running.handle();
        actix_web::rt::spawn(running);
        Self { shared, clock, server, url }
    }

    /// How the service is told of it.
    pub fn config(&self) -> BillChecks {
        BillChecks::simulator(&self.url)
    }

    /// Lets a fault happen the next `times` times.
    pub fn fault(&self, fault: Fault, times: u32) {
        self.shared.open().fault(fault, times);
    }

    /// How often it was asked today, bill by bill.
    pub fn asked(&self) -> Vec<u32> {
        self.shared.open().asked(self.clock.now().date())
    }

    pub async fn hang_up(&self) {
        self.server.stop(false).await;
    }
}

/// Everything together.
pub struct Scene {
    pub app: TestApp,
    pub platform: TestPlatform,
}

/// A claim with a bill, in the hands of its reviewer.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    pub claim: Uuid,
    pub bill: Uuid,
    pub version: i64,
}

impl Scene {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// The same with a changed configuration; `bill_checks` names the platform.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let platform = TestPlatform::start();
        let app = TestApp::with(|config| {
            config.bill_checks = Some(platform.config());
            change(config);
        })
        .await;
        Self { app, platform }
    }

    /// Moves both clocks on.
    pub fn advance(&self, secs: i64) {
        self.app.clock.advance_secs(secs);
        self.platform.clock.advance_secs(secs);
    }

    /// Moves both clocks on and runs what is due.
    pub async fn later(&self, secs: i64) {
        self.advance(secs);
        self.app.run_jobs().await;
    }

    /// A draft of the member.
    pub async fn draft(&self) -> Uuid {
        let (id, got) = start(&self.app, &self.app.city.member, &stay(&self.app)).await;
        got.ok(201);
        id
    }

    /// Sends a photograph of a bill; nothing is checked yet.
    pub async fn send(&self, claim: Uuid, text: &str) -> Uuid {
        self.app.upload(&self.app.city.member, claim, "bill", qr(text)).await
    }

    /// A draft with a photograph of a bill on it, checked.
    pub async fn told(&self, text: &str) -> (Uuid, Uuid) {
        let claim = self.draft().await;
        let bill = self.send(claim, text).await;
        self.app.run_jobs().await;
        (claim, bill)
    }

    /// A claim with a photograph of a bill, handed in and taken by the reviewer.
    pub async fn taken(&self, text: &str) -> Taken {
        let (claim, bill) = self.told(text).await;
        let version = submit(&self.app, &self.app.city.member, claim).await.ok(200).version();
        let got = self.app.post_at(&self.app.city.reviewer, &review(claim, "take"), version, &Value::Null).await;
        Taken { claim, bill, version: got.ok(200).version() }
    }

    /// What the reviewer sees of the bill's check.
    pub async fn seen(&self, taken: Taken) -> Value {
        let got = self.app.get(&self.app.city.reviewer, &format!("/v1/reviews/{}", taken.claim)).await.ok(200);
        let checks = got.body["bill_checks"].as_array().unwrap();
        assert_eq!(checks.len(), 1, "{}", got.body);
        assert_eq!(checks[0]["document_id"], json!(taken.bill));
        checks[0].clone()
    }

    /// Somebody has the bill checked again.
    pub async fn again(&self, person: &Person, taken: Taken) -> Got {
        let body = json!({"document_id": taken.bill});
        self.app.post(person, &review(taken.claim, "bill-checks"), &body).await
    }

    /// The reviewer approves, with or without a word.
    pub async fn approve(&self, taken: Taken, remark: Option<&str>) -> Got {
        let mut body = json!({"outcome": "approved", "reason_code": "as_assessed"});
        if let Some(remark) = remark {
            body["remark"] = json!(remark);
        }
        self.app.post_at(&self.app.city.reviewer, &review(taken.claim, "decide"), taken.version, &body).await
    }

    /// Verdicts and reasons of every check that is kept, oldest first: `true`, `cannot_be_checked:bill_too_new`, `-`.
    pub async fn verdicts(&self) -> Vec<String> {
        use sea_orm::{ConnectionTrait, Statement};
        let sql = "/* test */ select verdict, reason from bill_check order by created_at_ms, id";
        let connection = self.app.app.db.write();
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let rows = connection.query_all_raw(statement).await.unwrap();
        let word = |row: &sea_orm::QueryResult, at| row.try_get_by_index::<Option<String>>(at).unwrap();
        let show = |row| match (word(row, 0), word(row, 1)) {
            (None, _) => "-".to_owned(),
            (Some(verdict), None) => verdict,
            (Some(verdict), Some(reason)) => format!("{verdict}:{reason}"),
        };
        rows.iter().map(show).collect()
    }

    /// The end: everything agrees, no job is dead.
    pub async fn stop(self) {
        self.platform.hang_up().await;
        verified(&self.app).await;
        self.app.stop().await;
    }
}

/// The address of a verb of a review.
pub fn review(claim: Uuid, verb: &str) -> String {
    format!("/v1/reviews/{claim}/{verb}")
}

/// What the code of a bill with this number says, issued two weeks ago.
pub fn bill(number: &str) -> String {
    priced(number, Fen::new(3_599_135))
}

/// The same with another amount.
pub fn priced(number: &str, amount_fen: Fen) -> String {
    // A bill leads to whoever it was made out to.
    logs::mark(&[number]);
    let fen = amount_fen.get();
    format!("ebill,11010126,{number},hz7q2m,2026-03-02,{}.{:02}", fen / 100, fen % 100)
}
