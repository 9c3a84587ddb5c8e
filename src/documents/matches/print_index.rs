//! The prints of documents in the database, and finding those that may be alike.
//!
//! A document is looked for under its keys, whichever way it stands. Each key is a point in one index; one under which very many lie (the
//! empty part of a form) tells nothing and is left out, so what is read stays bounded however many documents there are.

use std::collections::HashMap;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::alike;
use super::rows::{ViewOf, print, print_key};
use crate::documents::pictures::{Print, View};

/// A key under which more pages than this lie is no key.
const MOST_UNDER_KEY: usize = 128;
/// Pages that are held against each page.
const MOST_CANDIDATES: usize = 64;
/// Rows that one statement writes: SQLite and PostgreSQL take so many values and more.
const ROWS: usize = 200;

/// Keeps the prints of a document.
///
/// # Errors
/// Those of the database.
pub(super) async fn keep(txn: &impl ConnectionTrait, document_id: Uuid, prints: &[Print]) -> Result<(), DbErr> {
    let (mut views, mut keys) = (Vec::new(), Vec::new());
    for one in prints {
        let sheet = one.sheet.as_ref().map(|view| (ViewOf::Sheet, view));
        for (name, view) in [(ViewOf::Picture, &one.picture)].into_iter().chain(sheet) {
            views.push(print::ActiveModel {
                document_id: Set(document_id),
                page: Set(one.page.into()),
                view: Set(name),
                bits: Set(view.bytes()),
                coarse: Set(view.coarse.clone()),
            });
        }
        let mut own = alike::keys(one);
        own.sort_unstable();
        own.dedup();
        keys.extend(own.into_iter().map(|key| print_key::ActiveModel {
            print_key: Set(key),
            document_id: Set(document_id),
            page: Set(one.page.into()),
        }));
    }
    for some in views.chunks(ROWS) {
        print::Entity::insert_many(some.to_vec()).exec_without_returning(txn).await?;
    }
    for some in keys.chunks(ROWS) {
        print_key::Entity::insert_many(some.to_vec()).exec_without_returning(txn).await?;
    }
    Ok(())
}

/// Forgets the prints of a document.
///
/// # Errors
/// Those of the database.
pub(super) async fn forget(txn: &impl ConnectionTrait, document_id: Uuid) -> Result<(), DbErr> {
    for one in of(txn, document_id).await? {
        print_key::Entity::delete_many()
            .filter(print_key::Column::PrintKey.is_in(alike::keys(&one)))
            .filter(print_key::Column::DocumentId.eq(document_id))
            .exec(txn)
            .await?;
    }
    print::Entity::delete_many().filter(print::Column::DocumentId.eq(document_id)).exec(txn).await.map(drop)
}

/// The prints of a document, by page.
///
/// # Errors
/// Those of the database, and a row that is no print.
pub(super) async fn of(connection: &impl ConnectionTrait, document_id: Uuid) -> Result<Vec<Print>, DbErr> {
    let mut all = of_all(connection, vec![document_id]).await?;
    let mut own: Vec<Print> = all.drain().map(|(_, one)| one).collect();
    own.sort_by_key(|one| one.page);
    Ok(own)
}

/// The pages that may be like `one`, those that have most keys in common with it first.
///
/// # Errors
/// Those of the database.
pub(super) async fn candidates(
    connection: &impl ConnectionTrait,
    document_id: Uuid,
    one: &Print,
) -> Result<Vec<(Uuid, Print)>, DbErr> {
    let mut common: HashMap<(Uuid, i32), usize> = HashMap::new();
    for key in alike::all_keys(one) {
        let pages = under(connection, key).await?;
        if pages.len() <= MOST_UNDER_KEY {
            for page in pages.into_iter().filter(|(other, _)| *other != document_id) {
                *common.entry(page).or_default() += 1;
            }
        }
    }
    let mut ranked: Vec<((Uuid, i32), usize)> = common.into_iter().collect();
    ranked.sort_by_key(|(page, shared)| (std::cmp::Reverse(*shared), std::cmp::Reverse(*page)));
    ranked.truncate(MOST_CANDIDATES);
    let mut documents: Vec<Uuid> = ranked.iter().map(|((id, _), _)| *id).collect();
    documents.sort_unstable();
    documents.dedup();
    let mut prints = of_all(connection, documents).await?;
    Ok(ranked.into_iter().filter_map(|(page, _)| prints.remove(&page).map(|print| (page.0, print))).collect())
}

/// The pages under a key, one more than may lie there.
async fn under(connection: &impl ConnectionTrait, key: i64) -> Result<Vec<(Uuid, i32)>, DbErr> {
    print_key::Entity::find()
        .select_only()
        .column(print_key::Column::DocumentId)
        .column(print_key::Column::Page)
        .filter(print_key::Column::PrintKey.eq(key))
        .limit(MOST_UNDER_KEY as u64 + 1)
        .into_tuple()
        .all(connection)
        .await
}

async fn of_all(connection: &impl ConnectionTrait, documents: Vec<Uuid>) -> Result<HashMap<(Uuid, i32), Print>, DbErr> {
    if documents.is_empty() {
        return Ok(HashMap::new());
    }
    // `picture` before `sheet`.
    let rows = print::Entity::find()
        .filter(print::Column::DocumentId.is_in(documents))
        .order_by_asc(print::Column::DocumentId)
        .order_by_asc(print::Column::Page)
        .order_by_asc(print::Column::View)
        .all(connection)
        .await?;
    let mut prints: HashMap<(Uuid, i32), Print> = HashMap::new();
    let broken = |what: &str| DbErr::Custom(format!("document_print: {what}"));
    for row in rows {
        let view = View::of_bytes(&row.bits, row.coarse).ok_or_else(|| broken("a view of another size"))?;
        let key = (row.document_id, row.page);
        match row.view {
            ViewOf::Picture => {
                let page = u8::try_from(row.page).map_err(|_| broken("a page that no document has"))?;
                prints.insert(key, Print { page, picture: view, sheet: None });
            }
            ViewOf::Sheet => {
                prints.get_mut(&key).ok_or_else(|| broken("a sheet in no picture"))?.sheet = Some(view);
            }
        }
    }
    Ok(prints)
}
