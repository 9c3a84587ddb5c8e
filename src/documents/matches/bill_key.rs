//! Which bill a document is: a keyed hash of its code, number and check code, so that the table tells nobody a number.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};
use uuid::Uuid;

use super::rows::bill::{ActiveModel, Column, Entity};
use crate::app::App;
use crate::documents::bill::{self, Bill, BillKind};
use crate::documents::pictures::Code;
use crate::kernel::seal::{Field, Sealer};
use crate::reading::fields::{self, FieldName, words_of};

/// Digits of a fully digital invoice's number, which is nobody else's; any other bill is one by all three words.
const DIGITAL_NUMBER_DIGITS: usize = 20;

/// The keys of these bills; none for a bill that does not say all that makes it one.
fn keys(sealer: &Sealer, bills: &[Bill]) -> Vec<Vec<u8>> {
    let key = |bill: &Bill| {
        let is_digital = bill.kind == BillKind::TaxInvoice && bill.number.len() == DIGITAL_NUMBER_DIGITS;
        let (code, check_code) = match (&bill.code, &bill.check_code) {
            (Some(code), Some(check_code)) => (code.as_str(), check_code.as_str()),
            _ if is_digital => ("", ""),
            _ => return None,
        };
        Some(hashed(sealer, code, &bill.number, check_code))
    };
    bills.iter().filter_map(key).collect()
}

/// A check code is printed in letters of either size.
fn hashed(sealer: &Sealer, code: &str, number: &str, check_code: &str) -> Vec<u8> {
    sealer.lookup(Field::BillKey, format!("{code}|{number}|{}", check_code.to_ascii_lowercase()))
}

/// Keeps which bills the codes on a document name.
///
/// # Errors
/// Those of the database.
pub(super) async fn keep_coded(
    txn: &impl ConnectionTrait,
    app: &App,
    document_id: Uuid,
    codes: &[Code],
) -> Result<(), DbErr> {
    for code in codes {
        let bills: Vec<Bill> = bill::read(&code.text).into_iter().collect();
        for key in keys(&app.sealer, &bills) {
            insert(txn, document_id, code.page, key).await?;
        }
    }
    Ok(())
}

/// Keeps which bill the print on a page of a document names, when all three words were read; answers whether they were.
///
/// # Errors
/// Those of the database.
pub(super) async fn keep_read(
    txn: &impl ConnectionTrait,
    app: &App,
    document_id: Uuid,
    page: u8,
    fields: &[fields::Field],
) -> Result<bool, DbErr> {
    let [Some(code), Some(number), Some(check_code)] =
        [FieldName::BillCode, FieldName::BillNumber, FieldName::CheckCode].map(|name| words_of(fields, name))
    else {
        return Ok(false);
    };
    insert(txn, document_id, page, hashed(&app.sealer, code, number, check_code)).await?;
    Ok(true)
}

async fn insert(txn: &impl ConnectionTrait, document_id: Uuid, page: u8, key: Vec<u8>) -> Result<(), DbErr> {
    let row = ActiveModel { bill_key: Set(key), document_id: Set(document_id), page: Set(page.into()) };
    let known = OnConflict::columns([Column::BillKey, Column::DocumentId]).do_nothing().to_owned();
    Entity::insert(row).on_conflict(known).exec_without_returning(txn).await.map(drop)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::kernel::chance::SystemChance;
    use crate::kernel::seal::Key;

    fn sealer() -> Sealer {
        Sealer::new(Arc::new(SystemChance), BTreeMap::from([(1, Key::new([1; 32]))]), Key::new([2; 32])).unwrap()
    }

    fn keys_of(texts: &[&str]) -> Vec<Vec<u8>> {
        keys(&sealer(), &texts.iter().filter_map(|text| bill::read(text)).collect::<Vec<_>>())
    }

    #[test]
    fn a_bill_is_the_same_by_its_words_and_not_by_its_amount_or_form() {
        let one = keys_of(&["ebill,11010126,0000420117,hz7q2m,2026-10-20,35991.35"]);
        let again = "https://fapiao.example.cn/?c=11010126&n=0000420117&k=HZ7Q2M&d=20261020&m=1.00";
        assert_eq!((one.len(), &one), (1, &keys_of(&[again])));
        for other in ["11010127,0000420117,hz7q2m", "11010126,0000420118,hz7q2m", "11010126,0000420117,hz7q2n"] {
            assert_ne!(one, keys_of(&[&format!("ebill,{other},2026-10-20,35991.35")]), "{other}");
        }
        assert_eq!(one.first().map(Vec::len), Some(32));
    }

    #[test]
    fn an_invoice_without_its_words_is_no_bill_and_a_digital_one_is_by_its_number() {
        assert_eq!(keys_of(&["01,10,11010126,00004201,35991.35,20261020,,A1F0,"]), Vec::<Vec<u8>>::new());
        let digital = keys_of(&["01,32,,24112000000012345678,35991.35,20261020,,A1F0"]);
        assert_eq!((digital.len(), &digital), (1, &keys_of(&["01,31,,24112000000012345678,1.00,20261021,,B2F0"])));
    }
}
