//! Files that the bank's job brings: announced, then sent, then completed. From then on they are [documents](super::documents) like any other.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

mod announce;
mod complete;
mod content;
pub mod rows;
mod show;

use crate::app::App;
use crate::http::{Code, Problem, Routes};
use crate::jobs::Registry;
use crate::payouts::bank::BankLink;
use rows::upload;

/// Largest file that is taken this way; a larger one comes by a transport.
const LARGEST_BYTES: i64 = 256 * 1024 * 1024;

pub(super) fn routes(config: &mut Routes) {
    config
        .service(announce::announce_bank_upload)
        .service(content::send_bank_upload)
        .service(complete::complete_bank_upload)
        .service(show::show_bank_upload);
}

pub(super) fn jobs(registry: &mut Registry) {
    registry.on(complete::KIND, complete::run);
}

fn link(app: &App) -> Result<&BankLink, Problem> {
    app.bank.as_ref().ok_or_else(|| Problem::new(Code::BankNotConfigured))
}

/// The upload of the account of `link`, or 404.
async fn find(connection: &impl ConnectionTrait, link: &BankLink, id: Uuid) -> Result<upload::Model, Problem> {
    upload::Entity::find_by_id(id)
        .filter(upload::Column::Account.eq(&link.account))
        .one(connection)
        .await?
        .ok_or_else(|| Problem::new(Code::NotFound))
}
