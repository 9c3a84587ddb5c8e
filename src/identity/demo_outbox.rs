//! `GET /v1/demo/sms-outbox`: the messages that a phone of the demo's city would have received.
//!
//! The route exists only in `huzhu run --demo`, on a listener that only this machine reaches, and never in production; it is not in
//! the published document.

use std::sync::Arc;

use actix_web::{get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::sms;
use crate::app::App;
use crate::http::{Answer, Query, Reply, Routes};

const SHOWN: u64 = 10;

/// Whose messages.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Phone {
    /// The number: 11 digits.
    #[param(max_length = 11, example = "13800138000")]
    phone: String,
}

/// What the phone received, newest first.
#[derive(Serialize, ToSchema)]
struct Received {
    /// The messages.
    #[schema(max_items = 10)]
    items: Vec<String>,
}

/// The route, for the demo alone.
pub fn routes(config: &mut Routes) {
    config.service(read_demo_outbox);
}

/// Read a phone's messages in the demo
#[utoipa::path(
    tag = "sign-in",
    operation_id = "read_demo_outbox",
    security(()),
    params(Phone),
    responses((status = 200, description = "The messages", body = Received))
)]
#[get("/v1/demo/sms-outbox")]
async fn read_demo_outbox(app: web::Data<Arc<App>>, Query(phone): Query<Phone>) -> Answer {
    let messages = sms::delivered_to(&app, &phone.phone, SHOWN).await?;
    let items = messages.iter().map(|message| message.reveal().clone()).collect();
    Ok(Reply::ok(&Received { items })?.into_response())
}
