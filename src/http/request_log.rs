//! What the log holds of a request: a span while it runs and one line at its end, with nothing in them that the client wrote.

use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage, HttpRequest, web};
use tracing_actix_web::{RequestId, RootSpanBuilder};

use super::rim;
use crate::kernel::clock::{Clock, Moment};

/// The span of a request: its route and id, never its path, query, address or body.
pub struct RequestSpan;

/// The pattern of the route that a request found: looked for once, here, because each look goes through all of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Route(Option<Arc<str>>);

impl Route {
    /// That of `request`.
    pub(super) fn of(request: &ServiceRequest) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_default()
    }

    /// The pattern; none when no route matches.
    pub(super) fn pattern(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The pattern as logs and metrics name it.
    pub(super) fn label(&self) -> &str {
        self.pattern().unwrap_or("unmatched")
    }
}

/// When a request came.
#[derive(Clone, Copy)]
struct Came(Moment);

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> tracing::Span {
        if let Some(clock) = request.app_data::<web::Data<dyn Clock>>() {
            let came = Came(clock.now());
            request.extensions_mut().insert(came);
        }
        let route = Route(request.match_pattern().map(Into::into));
        request.extensions_mut().insert(route.clone());
        let id = request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default();
        tracing::info_span!(
            "request",
            http.method = %rim::method_label(request.method()),
            http.route = %route.label(),
            http.status_code = tracing::field::Empty,
            request_id = %id,
        )
    }

    fn on_request_end<B: MessageBody>(span: tracing::Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let (status, millis) = match outcome {
            Ok(response) => (response.status(), millis_since_it_came(response.request())),
            Err(error) => (error.as_response_error().status_code(), None),
        };
        span.record("http.status_code", status.as_u16());
        let _inside = span.enter();
        if status.is_server_error() {
            tracing::warn!(duration_ms = millis, "request.answered");
        } else {
            tracing::info!(duration_ms = millis, "request.answered");
        }
    }
}

fn millis_since_it_came(request: &HttpRequest) -> Option<i64> {
    let Came(came) = *request.extensions().get::<Came>()?;
    let clock = request.app_data::<web::Data<dyn Clock>>()?;
    Some(clock.now().as_ms().saturating_sub(came.as_ms()).max(0))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use actix_web::http::Method;
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, HttpResponse};
    use tracing_actix_web::TracingLogger;

    use super::*;
    use crate::kernel::clock::ManualClock;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// The lines that `method path` leaves behind, as JSON.
    async fn logged(method: &str, path: &str) -> Vec<serde_json::Value> {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
        let _quiet = tracing::subscriber::set_default(subscriber);
        let clock = Arc::new(ManualClock::at(Moment::from_ms(1_773_622_800_000)));
        let seen: Arc<dyn Clock> = clock.clone();
        let answer = move || {
            clock.advance_secs(2);
            async { HttpResponse::Ok().finish() }
        };
        let app = App::new()
            .app_data(web::Data::from(seen))
            .wrap(TracingLogger::<RequestSpan>::new())
            .route("/v1/claims/{claim_id}", web::get().to(answer))
            .route("/v1/broken", web::get().to(|| async { HttpResponse::InternalServerError().finish() }));
        let service = init_service(app).await;
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        call_service(&service, TestRequest::with_uri(path).method(method).to_request()).await;
        let bytes = log.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[actix_web::test]
    async fn a_request_leaves_one_line_that_says_what_was_asked_and_how_it_ended() {
        let lines = logged("GET", "/v1/claims/11010519491231002X?name=wang").await;
        assert_eq!(lines.len(), 1, "{lines:?}");
        let (line, span) = (&lines[0], &lines[0]["span"]);
        assert_eq!(
            (line["level"].as_str(), line["fields"]["message"].as_str()),
            (Some("INFO"), Some("request.answered"))
        );
        assert_eq!(line["fields"]["duration_ms"], 2_000);
        assert_eq!((span["http.method"].as_str(), span["http.status_code"].as_u64()), (Some("GET"), Some(200)));
        assert_eq!(span["http.route"], "/v1/claims/{claim_id}");
        assert_eq!(span["request_id"].as_str().unwrap().len(), 36);
        assert!(!line.to_string().contains("11010519491231002X") && !line.to_string().contains("wang"), "{line}");
    }

    #[actix_web::test]
    async fn a_failure_is_a_warning_and_no_word_of_the_client_is_repeated() {
        let lines = logged("GET", "/v1/broken").await;
        assert_eq!((lines.len(), lines[0]["level"].as_str()), (1, Some("WARN")), "{lines:?}");
        let lines = logged("11010519491231002X", "/11010519491231002X").await;
        assert_eq!((lines.len(), &lines[0]["span"]["http.method"]), (1, &serde_json::json!("other")), "{lines:?}");
        assert_eq!(lines[0]["span"]["http.route"], "unmatched");
        assert!(!lines[0].to_string().contains("11010519491231002X"), "{lines:?}");
    }
}
