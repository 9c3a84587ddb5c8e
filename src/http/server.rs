//! The server: every capability's routes, the layers around them, and a listener.

use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App as ActixApp, HttpResponse, HttpServer, web};
use tracing_actix_web::TracingLogger;
use utoipa::openapi::OpenApi;

use super::caller::Authenticator;
use super::limits::Limits;
use super::permit::{Gate, Permits, guard};
use super::request_log::RequestSpan;
use super::routes::Routes;
use super::{Code, Problem, browse, health, openapi, rim};
use crate::app::App;
use crate::config::Environment;
use crate::kernel::clock::Clock;

/// Every route of the service.
pub fn routes(config: &mut Routes) {
    health::routes(config);
    config.configure(crate::identity::routes);
    config.configure(crate::members::routes);
    config.configure(crate::notices::routes);
    config.configure(crate::audit::routes);
    config.configure(crate::plans::routes);
    config.configure(crate::calendar::routes);
    config.configure(crate::claims::routes);
    config.configure(crate::reviews::routes);
    config.configure(crate::payouts::routes);
    config.configure(crate::recon::routes);
    config.configure(crate::recoveries::routes);
    config.configure(crate::suspense::routes);
    browse::routes(config);
    config.configure(crate::documents::routes);
}

/// The document of every route, as it is served and committed.
#[must_use]
pub fn document() -> OpenApi {
    let mut document = openapi::base();
    routes(&mut Routes::of_document(&mut document));
    document
}

/// What is served: in the demo also the outbox, which the published document leaves out.
fn all_routes(config: &mut Routes, demo: bool) {
    routes(config);
    if demo {
        crate::identity::demo_outbox::routes(config);
    }
}

/// Serves the API on `listener` until it is stopped through the server's handle.
///
/// # Errors
/// When a route declares no permission, or the listener can't be used.
pub fn serve(app: Arc<App>, authenticator: Arc<dyn Authenticator>, listener: TcpListener) -> anyhow::Result<Server> {
    let demo = app.config.demo
        && app.config.environment != Environment::Production
        && listener.local_addr()?.ip().is_loopback();
    let mut operations = openapi::base();
    all_routes(&mut Routes::of_operations(&mut operations), demo);
    let permits = Permits::from_document(&operations)?;
    let limits = Arc::new(Limits::new(app.config.limits.requests_per_minute));
    let (workers, shutdown_secs) = (app.config.http.workers, app.config.http.shutdown_secs);
    let server = HttpServer::new(move || {
        let gate = Gate {
            permits: permits.clone(),
            authenticator: authenticator.clone(),
            limits: limits.clone(),
            trusted_proxies: app.config.http.trusted_proxies.clone(),
        };
        ActixApp::new()
            .app_data(web::Data::new(app.clone()))
            .app_data(web::Data::<dyn Clock>::from(app.clock.clone()))
            .app_data(web::Data::new(Rc::new(gate)))
            .app_data(web::PayloadConfig::new(app.config.limits.body_bytes))
            .app_data(web::PathConfig::default().error_handler(|_, _| Problem::new(Code::NotFound).into()))
            .wrap(from_fn(guard))
            .wrap(from_fn(rim::wrap))
            .wrap(Compress::default())
            .wrap(TracingLogger::<RequestSpan>::new())
            .configure(|config| all_routes(&mut Routes::of_server(config), demo))
            .default_service(web::to(|| async { HttpResponse::from_error(Problem::new(Code::RouteNotFound)) }))
    });
    let server = if workers == 0 { server } else { server.workers(workers) };
    Ok(server
        .shutdown_timeout(shutdown_secs)
        .client_request_timeout(Duration::from_secs(15))
        .keep_alive(Duration::from_secs(75))
        .disable_signals()
        .listen(listener)?
        .run())
}
