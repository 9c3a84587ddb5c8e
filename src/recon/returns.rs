//! What a bank says came back (`cn-return`) is kept. It announces: the money is booked, and the order returned, when the statement shows it.

use std::collections::HashSet;

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};
use sha2::{Digest, Sha256};

use super::documents::rows::document;
use super::rows::notice;
use super::{BreakKind, Seen, raise};
use crate::app::App;
use crate::http::Problem;
use crate::payouts::bank::cn_bulk::returned::{Returned, Returns};
use crate::payouts::rows::order;

/// Lines written by one statement: twelve values each.
const LINES: usize = 500;

/// Keeps what a file announces; answers how many of its lines name orders of ours. Each other one is a break.
///
/// # Errors
/// Those of the database.
pub(super) async fn keep(
    txn: &DatabaseTransaction,
    app: &App,
    document: &document::Model,
    returns: &Returns,
) -> Result<i64, Problem> {
    let (mut ours, mut number) = (0, 0);
    for chunk in returns.lines.chunks(LINES) {
        let known: HashSet<String> = order::Entity::find()
            .select_only()
            .column(order::Column::BankRef)
            .filter(order::Column::BankRef.is_in(chunk.iter().map(|line| &line.bank_ref)))
            .into_tuple::<String>()
            .all(txn)
            .await?
            .into_iter()
            .collect();
        let mut rows = Vec::with_capacity(chunk.len());
        for line in chunk {
            number += 1;
            rows.push(row_of(app, document, line, number));
            if known.contains(&line.bank_ref) {
                ours += 1;
                continue;
            }
            let what = "the bank announces the return of a reference that is not ours";
            let seen = Seen::new(BreakKind::B11, &document.account, fingerprint(document, line), what);
            raise(txn, app, Seen { amount_fen: line.amount_fen, ..seen }).await?;
        }
        notice::Entity::insert_many(rows)
            .on_conflict(OnConflict::column(notice::Column::Fingerprint).do_nothing().to_owned())
            .exec_without_returning(txn)
            .await?;
    }
    Ok(ours)
}

fn row_of(app: &App, document: &document::Model, line: &Returned, number: i64) -> notice::ActiveModel {
    notice::ActiveModel {
        id: Set(app.ids.next()),
        document_id: Set(document.id),
        account: Set(document.account.clone()),
        entry_serial: Set(line.return_serial.clone()),
        entry_no: Set(number),
        bank_serial: Set(line.return_serial.clone()),
        bank_ref: Set(Some(line.bank_ref.clone())),
        amount_fen: Set(line.amount_fen),
        credit: Set(true),
        booked_on: Set(line.returned_on),
        return_reason: Set(Some(line.code.clone())),
        fingerprint: Set(fingerprint(document, line)),
    }
}

/// The same return has the same one, whichever file tells of it.
fn fingerprint(document: &document::Model, line: &Returned) -> String {
    let Returned { bank_ref, return_serial, amount_fen, returned_on, .. } = line;
    let text = format!("{}|return|{return_serial}|{bank_ref}|{}|{returned_on}", document.account, amount_fen.get());
    hex::encode(Sha256::digest(text.as_bytes()))
}
