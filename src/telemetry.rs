//! What an operator sees: logs, traces when an endpoint is set, and metrics on a port of their own.

use std::collections::HashMap;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{App, HttpResponse, HttpServer, web};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Log, LogFormat};

/// Keeps the trace exporter alive; flushes it when dropped.
#[derive(Debug, Default)]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.traces.take().map(|provider| provider.shutdown()) {
            tracing::warn!(error = %error, "traces could not be flushed");
        }
    }
}

/// Starts logs (to standard error) and, when an endpoint is set, traces. Call once a process, inside a runtime.
///
/// # Errors
/// When the filter or the endpoint is not understood.
pub fn start(log: &Log) -> anyhow::Result<Telemetry> {
    let filter = filter(&log.filter)?;
    let traces = log.otlp_endpoint.as_deref().map(exporter).transpose()?;
    let trace_layer =
        traces.as_ref().map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("huzhu")));
    let registry = tracing_subscriber::registry().with(filter).with(trace_layer);
    match log.format {
        LogFormat::Human => registry.with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr)).try_init(),
        LogFormat::Json => {
            registry.with(tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr)).try_init()
        }
    }?;
    Ok(Telemetry { traces })
}

/// The operator's filter, and what it can't switch on: lines of the framework that repeat what a client sent.
///
/// # Errors
/// When the filter is not understood.
pub fn filter(text: &str) -> anyhow::Result<EnvFilter> {
    let mut filter = EnvFilter::try_new(text).map_err(|error| anyhow::anyhow!("log.filter: {error}"))?;
    for target in ["actix_web::types", "actix_http", "actix_server", "h2", "hyper", "hyper_util"] {
        filter = filter.add_directive(format!("{target}=info").parse()?);
    }
    Ok(filter)
}

/// The exporter sends from a thread of its own that has no runtime: its client is the blocking one (see Cargo.toml).
fn exporter(endpoint: &str) -> anyhow::Result<SdkTracerProvider> {
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_endpoint(endpoint)
        .with_timeout(Duration::from_secs(5))
        .build()?;
    let resource = opentelemetry_sdk::Resource::builder().with_service_name("huzhu").build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

/// The header, and the column of a job, that carries a trace on (W3C Trace Context).
const TRACE_PARENT: &str = "traceparent";

/// The trace that the caller runs in, as W3C `traceparent`; none when no traces are kept.
#[must_use]
pub fn trace_parent() -> Option<String> {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&tracing::Span::current().context(), &mut carrier);
    carrier.remove(TRACE_PARENT)
}

/// Hangs `span`, which nobody has entered yet, below the span that `trace_parent` names.
pub fn follow(span: &tracing::Span, trace_parent: &str) {
    let carrier = HashMap::from([(TRACE_PARENT.to_owned(), trace_parent.to_owned())]);
    // It fails when this process keeps no traces: then there is nothing to hang.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&carrier));
}

/// Installs the metrics recorder of the process.
///
/// # Errors
/// When there is one already.
pub fn metrics_recorder() -> anyhow::Result<PrometheusHandle> {
    Ok(PrometheusBuilder::new().install_recorder()?)
}

/// Serves `GET /metrics` on `listener`.
///
/// # Errors
/// When the listener can't be used.
pub fn serve_metrics(handle: PrometheusHandle, listener: TcpListener) -> std::io::Result<Server> {
    let server = HttpServer::new(move || {
        let handle = handle.clone();
        App::new().route(
            "/metrics",
            web::get().to(move || {
                let text = handle.render();
                async move { HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text) }
            }),
        )
    });
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}
