//! The simulator's HTTP surface: `/bank/v1/…` (flat files) and `/direct/v1/…` (JSON) are what a bank offers, `/sim/…` is what only a simulator
//! has.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::dev::{Extensions, Server};
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use rustls::ServerConfig;
use serde::Deserialize;
use serde_json::json;

use super::direct;
use super::faults::Fault;
use super::ledger::Bank;
use super::surface::{self, Course};
use crate::kernel::money::Fen;

/// Largest payment file that is taken: 3,000 lines fit many times over.
const FILE_LIMIT_BYTES: usize = 8 * 1024 * 1024;

type Shared = web::Data<Arc<Mutex<Bank>>>;

/// Serves `bank` on `listener` with one worker until the returned server is stopped: in clear, or over TLS.
///
/// # Errors
/// Whatever the socket says.
pub fn serve(bank: Arc<Mutex<Bank>>, listener: TcpListener, tls: Option<ServerConfig>) -> io::Result<Server> {
    let bank = web::Data::new(bank);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(bank.clone())
            .app_data(web::PayloadConfig::new(FILE_LIMIT_BYTES))
            .route("/healthz", web::get().to(HttpResponse::Ok))
            .route("/bank/v1/batches", web::post().to(take_batch))
            .route("/bank/v1/batches/{batch_ref}/results", web::get().to(show_results))
            .route("/bank/v1/orders/{bank_ref}", web::get().to(show_order))
            .route("/bank/v1/statements/{account}/{seq}", web::get().to(show_statement))
            .route("/direct/v1/batches", web::post().to(take_order))
            .route("/direct/v1/batches/{batch_ref}", web::get().to(show_batch_directly))
            .route("/direct/v1/orders/{bank_ref}", web::get().to(show_order_directly))
            .route("/direct/v1/statements/{account}/{seq}", web::get().to(show_statement_directly))
            .route("/sim/faults", web::post().to(set_fault))
            .route("/sim/faults", web::delete().to(clear_faults))
            .route("/sim/day/close", web::post().to(close_day))
            .route("/sim/funds", web::post().to(add_funds))
            .route("/sim/cards", web::post().to(mark_card))
            .route("/sim/returns", web::post().to(send_back))
            .route("/sim/payments", web::get().to(list_payments))
    })
    .workers(1)
    .shutdown_timeout(1)
    .disable_signals()
    .on_connect(keep_socket);
    let server = match tls {
        Some(tls) => server.listen_rustls_0_23(listener, tls)?,
        None => server.listen(listener)?,
    };
    Ok(server.run())
}

/// A second handle on the connection's socket, so that a fault can cut it.
struct Socket(TcpStream);

fn keep_socket(connection: &dyn std::any::Any, kept: &mut Extensions) {
    use std::os::fd::AsFd;
    let over_tls = connection.downcast_ref::<TlsStream<actix_web::rt::net::TcpStream>>();
    let stream = over_tls.map(|stream| stream.get_ref().0).or_else(|| connection.downcast_ref());
    if let Some(Ok(handle)) = stream.map(|stream| stream.as_fd().try_clone_to_owned()) {
        kept.insert(Socket(TcpStream::from(handle)));
    }
}

/// Cuts the connection so that not a byte of an answer arrives.
fn cut(request: &HttpRequest) -> HttpResponse {
    if let Some(Socket(stream)) = request.conn_data::<Socket>() {
        // It may be closed already; then there is nothing left to cut.
        let _ = stream.shutdown(Shutdown::Both);
    }
    HttpResponse::InternalServerError().finish()
}

/// Runs `work` on the bank outside the event loop: it writes to disk.
async fn with_bank<T: Send + 'static>(
    bank: &Shared,
    work: impl FnOnce(&mut Bank) -> io::Result<T> + Send + 'static,
) -> Result<T, actix_web::Error> {
    let bank = Arc::clone(bank.get_ref());
    let done = web::block(move || {
        let mut bank = bank.lock().unwrap_or_else(PoisonError::into_inner);
        bank.catch_up()?;
        work(&mut bank)
    })
    .await?;
    done.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidInput => actix_web::error::ErrorBadRequest(error),
        _ => actix_web::error::ErrorInternalServerError(error),
    })
}

async fn take_batch(bank: Shared, request: HttpRequest, body: web::Bytes) -> Result<HttpResponse, actix_web::Error> {
    let course = with_bank(&bank, move |bank| surface::take_batch(bank, &body)).await?;
    Ok(answer(&request, course))
}

async fn show_results(
    bank: Shared,
    request: HttpRequest,
    path: web::Path<String>,
) -> Result<HttpResponse, actix_web::Error> {
    let course = with_bank(&bank, move |bank| Ok(surface::show_results(bank, &path))).await?;
    Ok(answer(&request, course))
}

async fn show_order(
    bank: Shared,
    request: HttpRequest,
    path: web::Path<String>,
) -> Result<HttpResponse, actix_web::Error> {
    let course = with_bank(&bank, move |bank| Ok(surface::show_order(bank, &path))).await?;
    Ok(answer(&request, course))
}

async fn show_statement(
    bank: Shared,
    request: HttpRequest,
    path: web::Path<(String, u32)>,
) -> Result<HttpResponse, actix_web::Error> {
    let (account, seq) = path.into_inner();
    let course = with_bank(&bank, move |bank| Ok(surface::show_statement(bank, &account, seq))).await?;
    Ok(answer(&request, course))
}

async fn take_order(bank: Shared, request: HttpRequest, body: web::Bytes) -> Result<HttpResponse, actix_web::Error> {
    let header =
        |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let (batch_ref, sha256) = (header("x-batch-ref"), header("x-content-sha256"));
    let course = with_bank(&bank, move |bank| direct::take_batch(bank, &batch_ref, &sha256, &body)).await?;
    Ok(answer(&request, course))
}

async fn show_batch_directly(
    bank: Shared,
    request: HttpRequest,
    path: web::Path<String>,
) -> Result<HttpResponse, actix_web::Error> {
    let course = with_bank(&bank, move |bank| Ok(direct::show_batch(bank, &path))).await?;
    Ok(answer(&request, course))
}

async fn show_order_directly(
    bank: Shared,
    request: HttpRequest,
    path: web::Path<String>,
) -> Result<HttpResponse, actix_web::Error> {
    let course = with_bank(&bank, move |bank| Ok(direct::show_order(bank, &path))).await?;
    Ok(answer(&request, course))
}

async fn show_statement_directly(
    bank: Shared,
    request: HttpRequest,
    path: web::Path<(String, u32)>,
) -> Result<HttpResponse, actix_web::Error> {
    let (account, seq) = path.into_inner();
    let course = with_bank(&bank, move |bank| Ok(direct::show_statement(bank, &account, seq))).await?;
    Ok(answer(&request, course))
}

fn answer(request: &HttpRequest, course: Course) -> HttpResponse {
    let Course::Answer { status, body, json } = course else { return cut(request) };
    let kind = if json { "application/json" } else { "text/plain; charset=utf-8" };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status).content_type(kind).body(body)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultBody {
    fault: Fault,
    times: u32,
}

async fn set_fault(bank: Shared, body: web::Json<FaultBody>) -> Result<HttpResponse, actix_web::Error> {
    with_bank(&bank, move |bank| {
        bank.faults.set(body.fault, body.times);
        Ok(())
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn clear_faults(bank: Shared) -> Result<HttpResponse, actix_web::Error> {
    with_bank(&bank, |bank| {
        bank.faults.clear();
        Ok(())
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn close_day(bank: Shared) -> Result<HttpResponse, actix_web::Error> {
    let (date, seq) = with_bank(&bank, Bank::close_day).await?;
    Ok(HttpResponse::Ok().json(json!({"business_date": date.to_string(), "seq": seq})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FundsBody {
    amount_fen: Fen,
}

async fn add_funds(bank: Shared, body: web::Json<FundsBody>) -> Result<HttpResponse, actix_web::Error> {
    with_bank(&bank, move |bank| bank.fund(body.amount_fen)).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CardBody {
    card: String,
    reject_code: Option<String>,
}

async fn mark_card(bank: Shared, body: web::Json<CardBody>) -> Result<HttpResponse, actix_web::Error> {
    let CardBody { card, reject_code } = body.into_inner();
    with_bank(&bank, move |bank| bank.mark_card(&card, reject_code)).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReturnBody {
    bank_ref: String,
    amount_fen: Option<Fen>,
    code: String,
}

async fn send_back(bank: Shared, body: web::Json<ReturnBody>) -> Result<HttpResponse, actix_web::Error> {
    let ReturnBody { bank_ref, amount_fen, code } = body.into_inner();
    let sent = with_bank(&bank, move |bank| bank.send_back(&bank_ref, amount_fen, code)).await?;
    Ok(if sent { HttpResponse::NoContent().finish() } else { HttpResponse::NotFound().finish() })
}

async fn list_payments(bank: Shared) -> Result<HttpResponse, actix_web::Error> {
    let (payments, balance_fen) = with_bank(&bank, |bank| Ok((bank.payments(), bank.balance_fen()))).await?;
    Ok(HttpResponse::Ok().json(json!({"payments": payments, "balance_fen": balance_fen})))
}
