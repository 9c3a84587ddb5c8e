//! Notices of single bookings (camt.054) are kept: they list the payments of a booking that a statement shows as one sum, and tell of returns
//! early. They move nothing. A report of a running day (camt.052) is read to its end and only counted.

use std::sync::Arc;

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use sha2::{Digest, Sha256};

use super::BreakKind;
use super::camt::{self, Notice};
use super::documents::rows::document;
use super::documents::{BankDocumentKind, DocumentCommand, Local};
use super::rows::notice;
use super::statement::Entry;
use super::statement_file::{Misread, Stream, stream};
use crate::app::App;
use crate::http::Problem;
use crate::iso20022::camt::Kind;

/// Payments of one booking that are listed from notices: a batch of ours has fewer.
const LISTED: usize = 100_000;

type Notices = Stream<Notice, (Option<String>, u64)>;

/// Reads the notices of a document to the end, then keeps them; answers how many payments there are.
pub(super) async fn keep(
    app: &App,
    document: &document::Model,
    local: Arc<Local>,
) -> Result<Result<i64, Misread>, Problem> {
    let mut count = 0_i64;
    let mut notices = open(document.kind, local.clone());
    while let Some(chunk) = notices.next().await {
        count += i64::try_from(chunk.len()).map_err(Problem::internal)?;
    }
    match notices.end().await? {
        Ok((Some(account), _)) if account == document.account => {}
        Ok(_) => {
            let why = "the account is not ours".to_owned();
            let command = DocumentCommand::Quarantine;
            return Ok(Err(Misread { command, kind: BreakKind::B18, why, faults: Vec::new() }));
        }
        Err(misread) => return Ok(Err(misread)),
    }
    if document.kind == BankDocumentKind::Camt052 {
        return Ok(Ok(count));
    }
    let mut notices = open(document.kind, local);
    while let Some(chunk) = notices.next().await {
        write(app, document, &chunk).await?;
    }
    notices.end().await?.map_err(|misread| Problem::internal(anyhow::anyhow!(misread.why)))?;
    Ok(Ok(count))
}

fn open(kind: BankDocumentKind, local: Arc<Local>) -> Notices {
    stream(move |on| {
        let source = local.reader().map_err(|_| Misread::unreadable())?;
        let kind = if kind == BankDocumentKind::Camt052 { Kind::Report } else { Kind::Notification };
        camt::notices(source, kind, on)
    })
}

async fn write(app: &App, document: &document::Model, notices: &[Notice]) -> Result<(), Problem> {
    let row = |found: &Notice| {
        let entry = &found.entry;
        let text = format!("{}|{}|{}", document.account, found.entry_serial, entry.fingerprint(&document.account));
        notice::ActiveModel {
            id: Set(app.ids.next()),
            document_id: Set(document.id),
            account: Set(document.account.clone()),
            entry_serial: Set(found.entry_serial.clone()),
            entry_no: Set(found.entry_no),
            bank_serial: Set(entry.bank_serial.clone()),
            bank_ref: Set(entry.bank_ref.clone()),
            amount_fen: Set(entry.amount_fen),
            credit: Set(entry.credit),
            booked_on: Set(entry.booked_on),
            return_reason: Set(found.return_reason.clone()),
            fingerprint: Set(hex::encode(Sha256::digest(text.as_bytes()))),
        }
    };
    if notices.is_empty() {
        return Ok(());
    }
    notice::Entity::insert_many(notices.iter().map(row))
        .on_conflict(OnConflict::column(notice::Column::Fingerprint).do_nothing().to_owned())
        .exec_without_returning(app.db.write())
        .await?;
    Ok(())
}

/// The payments of a booking of one sum, from notices of it: all of them, or none.
pub(super) async fn listed(
    connection: &impl ConnectionTrait,
    account: &str,
    sum: &Entry,
) -> Result<Option<Vec<Entry>>, Problem> {
    if sum.bank_serial.is_empty() {
        return Ok(None);
    }
    let rows = notice::Entity::find()
        .filter(notice::Column::Account.eq(account))
        .filter(notice::Column::EntrySerial.eq(&sum.bank_serial))
        .filter(notice::Column::Credit.eq(sum.credit))
        .order_by_asc(notice::Column::Id)
        .all(connection)
        .await?;
    let total = rows.iter().map(|row| i128::from(row.amount_fen.get())).sum::<i128>();
    let counted = sum.lump.as_ref().and_then(|lump| lump.count).and_then(|count| usize::try_from(count).ok());
    let is_whole = rows.len() > 1
        && rows.len() <= LISTED
        && total == i128::from(sum.amount_fen.get())
        && counted.is_none_or(|count| count == rows.len());
    Ok(is_whole.then(|| {
        let entry = |(row, place): (notice::Model, i64)| Entry {
            entry_no: sum.entry_no + place,
            amount_fen: row.amount_fen,
            bank_ref: row.bank_ref,
            bank_serial: row.bank_serial,
            lump: None,
            ..sum.clone()
        };
        rows.into_iter().zip(0..).map(entry).collect()
    }))
}
