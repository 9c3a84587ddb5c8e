//! `/healthz` and `/readyz`: is the process alive, and can it serve.

use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::ConnectionTrait;
use serde::Serialize;
use utoipa::ToSchema;

use super::routes::Routes;
use super::{Answer, Code, Problem, Reply};
use crate::app::App;

/// The routes of this file.
pub fn routes(config: &mut Routes) {
    config.service(healthz).service(readyz);
}

/// That the service is well.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// Always `ok`; anything else is a refusal.
    #[schema(max_length = 10, example = "ok")]
    status: &'static str,
}

/// Is the process alive
///
/// Answers without touching the database.
#[utoipa::path(tag = "public", operation_id = "healthz", security(()), responses((status = 200, body = Health)))]
#[get("/healthz")]
async fn healthz() -> Answer {
    Ok(Reply::ok(&Health { status: "ok" })?.into_response())
}

/// Can the process serve
///
/// Answers 200 when the database answers and the object store shows its bucket.
#[utoipa::path(tag = "public", operation_id = "readyz", security(()), responses((status = 200, body = Health)))]
#[get("/readyz")]
async fn readyz(app: web::Data<Arc<App>>) -> Answer {
    app.db.read().execute_unprepared("select 1").await.map_err(|_| Problem::new(Code::Unavailable))?;
    app.storage.ready().await.map_err(|_| Problem::new(Code::Unavailable))?;
    Ok(Reply::ok(&Health { status: "ok" })?.into_response())
}
