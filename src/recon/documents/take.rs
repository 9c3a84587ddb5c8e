//! A file of the bank comes in: its bytes are kept before anybody looks into it. The same bytes again are the same document.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::json;
use time::Date;
use tokio::io::AsyncRead;
use uuid::Uuid;

use super::content::{drop_parts, keep, write_inline};
use super::rows::document;
use super::{BankDocumentKind, BankDocumentSource, BankDocumentState, count};
use crate::app::App;
use crate::db::is_unique_violation;
use crate::http::{Code, Problem};
use crate::payouts::bank::BankLink;
use crate::recon::{BreakKind, Seen, raise};

/// Longest name that is kept of a file, in characters.
const NAME_CHARS: usize = 255;

/// What is known of a file before anybody looked into it.
#[derive(Clone, Debug)]
pub struct Incoming<'a> {
    /// What it is said to be.
    pub kind: BankDocumentKind,
    /// By which road it comes.
    pub source: BankDocumentSource,
    /// Its name there.
    pub name: Option<&'a str>,
    /// The day that it is said to be about.
    pub business_date: Option<Date>,
    /// The number that it is said to have, 1 or more.
    pub seq: Option<i64>,
    /// The detached signature that stands beside it.
    pub signature: Option<&'a [u8]>,
    /// How the bank completed it; none for a road without such a mark.
    pub completed: Option<Completed<'a>>,
}

/// How the bank says that a file is complete.
#[derive(Clone, Copy, Debug)]
pub struct Completed<'a> {
    /// The digest that it names, hex.
    pub sha256: Option<&'a str>,
    /// True when the file was changed afterwards.
    pub changed: bool,
}

impl Incoming<'_> {
    /// A file of which nothing else is known.
    #[must_use]
    pub const fn new(kind: BankDocumentKind, source: BankDocumentSource) -> Self {
        Self { kind, source, name: None, business_date: None, seq: None, signature: None, completed: None }
    }
}

/// A document that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The document.
    pub id: Uuid,
    /// Where it stands.
    pub state: BankDocumentState,
    /// False when the same bytes came before: then nothing was changed but, at most, the signature that nobody has believed yet.
    pub is_new: bool,
    /// Why they are not the bytes that the bank completed: nothing of them counts, and a break says so.
    pub altered: Option<&'static str>,
}

/// Keeps a file of the account of `link`, whatever it holds. Not more than a few MiB of it are in memory at a time. One of a number that
/// another has of other bytes, and one that is not what the bank completed, is quarantined, and a break says so.
///
/// # Errors
/// `body_too_large` for more bytes than such a file may have; those of the database and the object store. Nothing was kept then.
pub async fn take(
    app: &App,
    link: &BankLink,
    incoming: Incoming<'_>,
    source: impl AsyncRead + Unpin,
) -> Result<Taken, Problem> {
    let id = app.ids.next();
    let Some(kept) = keep(app, id, source, incoming.kind.max_bytes()).await? else {
        return Err(Problem::new(Code::BodyTooLarge));
    };
    let part_count = kept.part_count;
    let taken = async {
        let txn = app.db.begin().await?;
        let altered = is_altered(&txn, link, &incoming, &kept.sha256).await?;
        if let Some(why) = altered {
            let mark = format!("{}|{why}", incoming.name.unwrap_or_default());
            raise(&txn, app, Seen::new(BreakKind::B13, &link.account, mark, why)).await?;
        }
        let taken = match same_bytes(&txn, &link.account, &kept.sha256).await? {
            Some(before) => {
                vouch_again(&txn, &before, &incoming).await?;
                Taken { id: before.id, state: before.state, is_new: false, altered }
            }
            None => write(&txn, app, link, id, &incoming, kept, altered).await?,
        };
        txn.commit().await?;
        Ok(taken)
    };
    let taken: Result<Taken, Problem> = taken.await;
    let taken = taken?;
    if !taken.is_new {
        drop_parts(app, id, part_count).await?;
    }
    if taken.is_new {
        count(incoming.kind, taken.state);
        tracing::info!(document.id = %id, document.kind = incoming.kind.word(), document.state = taken.state.word(), "recon.document came in");
    } else {
        metrics::counter!("huzhu_bank_documents_again_total", "kind" => incoming.kind.word()).increment(1);
        tracing::info!(document.id = %taken.id, document.state = taken.state.word(), "recon.document came again");
    }
    Ok(taken)
}

async fn same_bytes(
    connection: &impl ConnectionTrait,
    account: &str,
    sha256: &str,
) -> Result<Option<document::Model>, Problem> {
    let query = document::Entity::find()
        .filter(document::Column::Account.eq(account))
        .filter(document::Column::Sha256.eq(sha256));
    Ok(query.one(connection).await?)
}

/// The same bytes with another signature, while none was believed: the last one is judged. What the adapter fetched needs none.
async fn vouch_again(
    txn: &sea_orm::DatabaseTransaction,
    before: &document::Model,
    incoming: &Incoming<'_>,
) -> Result<(), Problem> {
    let is_open = matches!(
        before.state,
        BankDocumentState::Received | BankDocumentState::Quarantined | BankDocumentState::Rejected
    );
    let fetched = before.fetched || incoming.source == BankDocumentSource::Adapter;
    let signature = incoming.signature.or(before.signature.as_deref());
    let is_known = (fetched, signature) == (before.fetched, before.signature.as_deref());
    if before.signed_by.is_some() || !is_open || is_known {
        return Ok(());
    }
    let changes = document::ActiveModel {
        signature: Set(signature.map(<[u8]>::to_vec)),
        fetched: Set(fetched),
        ..Default::default()
    };
    document::Entity::update_many()
        .set(changes)
        .filter(document::Column::Id.eq(before.id))
        .filter(document::Column::State.eq(before.state))
        .filter(document::Column::SignedBy.is_null())
        .exec(txn)
        .await?;
    Ok(())
}

/// Why the bytes are not those that the bank completed.
async fn is_altered(
    connection: &impl ConnectionTrait,
    link: &BankLink,
    incoming: &Incoming<'_>,
    sha256: &str,
) -> Result<Option<&'static str>, Problem> {
    let Some(completed) = incoming.completed else { return Ok(None) };
    match completed.sha256 {
        Some(named) if named != sha256 => {
            return Ok(Some("a file of the bank has another digest than its .ok says"));
        }
        None if completed.changed => return Ok(Some("a file of the bank was changed after its .ok")),
        _ => {}
    }
    let Some(name) = incoming.name else { return Ok(None) };
    let same_name = document::Entity::find()
        .filter(document::Column::Account.eq(&link.account))
        .filter(document::Column::Name.eq(kept_name(name)))
        .filter(document::Column::Sha256.ne(sha256))
        .filter(document::Column::Source.eq(incoming.source))
        .filter(document::Column::State.is_in(["received", "verified", "parsed", "applied"]))
        .one(connection)
        .await?;
    Ok(same_name.map(|_| "a file of the bank came again with another content"))
}

/// A name as it is kept.
fn kept_name(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(NAME_CHARS).collect()
}

async fn write(
    txn: &sea_orm::DatabaseTransaction,
    app: &App,
    link: &BankLink,
    id: Uuid,
    incoming: &Incoming<'_>,
    kept: super::content::Kept,
    altered: Option<&'static str>,
) -> Result<Taken, Problem> {
    let other = match incoming.seq {
        Some(seq) => super::of_number(txn, &link.account, incoming.kind, seq).await?,
        None => None,
    };
    let why = altered.or_else(|| other.as_ref().map(|_| super::OTHER_CONTENT));
    let state = if why.is_none() { BankDocumentState::Received } else { BankDocumentState::Quarantined };
    if other.is_some() {
        raise(txn, app, Seen::new(BreakKind::B08, &link.account, &kept.sha256, super::OTHER_CONTENT)).await?;
    }
    let row = document::ActiveModel {
        id: Set(id),
        account: Set(link.account.clone()),
        kind: Set(incoming.kind),
        source: Set(incoming.source),
        name: Set(incoming.name.map(kept_name)),
        business_date: Set(incoming.business_date),
        seq: Set(incoming.seq),
        sha256: Set(kept.sha256),
        content_sha256: Set(None),
        size_bytes: Set(i64::try_from(kept.size_bytes).map_err(Problem::internal)?),
        part_count: Set(i32::try_from(kept.part_count).map_err(Problem::internal)?),
        state: Set(state),
        item_count: Set(0),
        applied_count: Set(0),
        ignored_count: Set(0),
        why: Set(why.map(str::to_owned)),
        errors: Set(json!([])),
        signature: Set(incoming.signature.map(<[u8]>::to_vec)),
        signed_by: Set(None),
        fetched: Set(incoming.source == BankDocumentSource::Adapter),
        received_at_ms: Set(app.clock.now()),
        applied_at_ms: Set(None),
    };
    match document::Entity::insert(row)
        .on_conflict(OnConflict::columns([document::Column::Account, document::Column::Sha256]).do_nothing().to_owned())
        .exec_without_returning(txn)
        .await
    {
        Ok(0) => return Err(Problem::new(Code::Conflict)),
        Ok(_) => {}
        // The same number came with other bytes at the same moment: whoever sends it again finds the other.
        Err(error) if is_unique_violation(&error) => return Err(Problem::new(Code::Conflict)),
        Err(error) => return Err(error.into()),
    }
    if let Some(sealed) = kept.inline {
        write_inline(txn, id, sealed).await?;
    }
    Ok(Taken { id, state, is_new: true, altered })
}
