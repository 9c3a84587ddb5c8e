//! The simulator's HTTP surface: `/v1/bill-checks` is what a gateway offers, `/sim/…` is what only a simulator has.

use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{App, HttpResponse, HttpServer, web};
use serde::Deserialize;
use serde_json::json;

use super::platform::{Asked, Fault, Platform};
use crate::kernel::clock::Clock;

/// Largest question that is taken.
const QUESTION_LIMIT_BYTES: usize = 4 * 1024;
/// What nobody reads to its end.
const ENDLESS_BYTES: usize = 1024 * 1024;
/// How long a slow answer takes: longer than anybody waits.
const SLOW: Duration = Duration::from_secs(60);

/// A platform and the time that it goes by.
#[derive(Clone)]
pub struct Shared {
    /// The platform.
    pub platform: Arc<Mutex<Platform>>,
    /// Its clock.
    pub clock: Arc<dyn Clock>,
}

impl Shared {
    /// The platform itself.
    pub fn open(&self) -> MutexGuard<'_, Platform> {
        self.platform.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves `shared` on `listener` with one worker until the returned server is stopped.
///
/// # Errors
/// Whatever the socket says.
pub fn serve(shared: Shared, listener: TcpListener) -> io::Result<Server> {
    let shared = web::Data::new(shared);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .app_data(web::JsonConfig::default().limit(QUESTION_LIMIT_BYTES))
            .route("/healthz", web::get().to(HttpResponse::Ok))
            .route("/v1/bill-checks", web::post().to(check))
            .route("/sim/faults", web::post().to(set_fault))
            .route("/sim/asked", web::get().to(show_asked))
    })
    .workers(1)
    .shutdown_timeout(0)
    .disable_signals()
    .listen(listener)?;
    Ok(server.run())
}

async fn check(shared: web::Data<Shared>, question: web::Json<Asked>) -> HttpResponse {
    let mut asked = question.into_inner();
    let (times, fault) = {
        let mut platform = shared.open();
        (platform.count(&asked, shared.clock.now().date()), platform.strikes())
    };
    match fault {
        Some(Fault::Down) => return HttpResponse::ServiceUnavailable().finish(),
        Some(Fault::Nonsense) => return HttpResponse::Ok().content_type("text/html").body("<html>false</html>"),
        Some(Fault::Endless) => return HttpResponse::Ok().body(vec![b' '; ENDLESS_BYTES]),
        Some(Fault::Elsewhere) => {
            return HttpResponse::TemporaryRedirect().insert_header(("location", "/v1/bill-checks")).finish();
        }
        // Nobody ever tells it to go on: that time is over is the news.
        Some(Fault::Slow) => drop(tokio::time::timeout(SLOW, std::future::pending::<()>()).await),
        Some(Fault::OtherBill) | None => {}
    }
    let result = Platform::answer(&asked, times);
    if fault == Some(Fault::OtherBill) {
        asked.number = asked.number.chars().rev().collect();
    }
    let Asked { code, number, check_code, issued_on, amount_fen } = asked;
    HttpResponse::Ok().json(json!({
        "code": code, "number": number, "check_code": check_code, "issued_on": issued_on, "amount_fen": amount_fen,
        "result": result, "simulated": true,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultBody {
    fault: Fault,
    times: u32,
}

async fn set_fault(shared: web::Data<Shared>, body: web::Json<FaultBody>) -> HttpResponse {
    shared.open().fault(body.fault, body.times);
    HttpResponse::NoContent().finish()
}

async fn show_asked(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(shared.open().asked(shared.clock.now().date()))
}
