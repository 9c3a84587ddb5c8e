//! A document takes effect: read by its kind, checked, applied in one transaction with its own row. Applied once, whoever asks how often.

use std::io::Read;

use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::content::{Absent, Local, bring};
use super::rows::document;
use super::{
    BankDocumentKind, BankDocumentState, DocumentCommand, Fault, OTHER_CONTENT, count, load, move_on, of_number,
};
use crate::app::App;
use crate::http::Problem;
use crate::payouts::bank::{BankLink, Inbound};
use crate::payouts::{self, Told};
use crate::recon::import::{self, Fit};
use crate::recon::{BreakKind, Seen, raise, statement};

/// What became of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Where it stands now.
    pub state: BankDocumentState,
    /// Why it was kept out, or what it waits for; nothing personal.
    pub why: Option<String>,
    /// Its number.
    pub seq: Option<i64>,
    /// Bookings or results that it holds.
    pub items: i64,
}

impl From<document::Model> for Outcome {
    fn from(row: document::Model) -> Self {
        Self { state: row.state, why: row.why, seq: row.seq, items: row.item_count }
    }
}

/// Why nothing of a document counts.
struct Refusal {
    command: DocumentCommand,
    /// The break that says so.
    raise: Option<BreakKind>,
    why: String,
    faults: Vec<Fault>,
}

/// Gives a document its effect, if it has not had it: what was kept out before is looked at again. A statement that comes too early stays
/// parsed and follows the one before it by itself.
///
/// # Errors
/// `not_found`; those of the database and the object store. Nothing was applied then, or, of a long statement, a part whose rest follows.
pub async fn apply(app: &App, link: &BankLink, id: Uuid) -> Result<Outcome, Problem> {
    let outcome = apply_one(app, link, id).await?;
    if outcome.state == BankDocumentState::Applied {
        follow(app, link).await?;
    }
    Ok(outcome)
}

async fn apply_one(app: &App, link: &BankLink, id: Uuid) -> Result<Outcome, Problem> {
    let mut document = load(app.db.read(), id).await?;
    match document.state {
        BankDocumentState::Applied | BankDocumentState::Duplicate => return Ok(document.into()),
        BankDocumentState::Quarantined | BankDocumentState::Rejected => {
            let Some(reopened) = reopen(app, &document).await? else { return still_kept_out(app, document).await };
            document = reopened;
        }
        _ => {}
    }
    let local = match bring(app, &document).await {
        Ok(local) => local,
        Err(Absent::Failed(problem)) => return Err(problem),
        Err(Absent::Altered) => {
            let why = "the stored bytes are not those that came".to_owned();
            let raise = Some(BreakKind::B13);
            return refuse(app, document, Refusal { command: DocumentCommand::Quarantine, raise, why, faults: vec![] })
                .await;
        }
    };
    if document.state == BankDocumentState::Received {
        let txn = app.db.begin().await?;
        document = move_on(&txn, &document, DocumentCommand::Verify, document::ActiveModel::default()).await?;
        txn.commit().await?;
    }
    match document.kind {
        BankDocumentKind::CnStatement => flat_statement(app, link, document, &local).await,
        BankDocumentKind::CnResult => results(app, link, document, &local).await,
        kind => {
            let why = format!("files of the kind {} are not read yet", kind.word());
            refuse(app, document, Refusal { command: DocumentCommand::Reject, raise: None, why, faults: vec![] }).await
        }
    }
}

/// Statements that waited for the one that was just taken.
async fn follow(app: &App, link: &BankLink) -> Result<(), Problem> {
    while let Some(next) = next_waiting(app, link).await? {
        if apply_one(app, link, next).await?.state != BankDocumentState::Applied {
            return Ok(());
        }
    }
    Ok(())
}

/// The statement that waits and comes after the last one in the books.
async fn next_waiting(app: &App, link: &BankLink) -> Result<Option<Uuid>, Problem> {
    let Some(last) = import::last(app.db.read(), &link.account).await? else { return Ok(None) };
    for kind in [BankDocumentKind::CnStatement, BankDocumentKind::Camt053] {
        let next = of_number(app.db.read(), &link.account, kind, last.seq + 1).await?;
        if let Some(next) = next.filter(|next| next.state == BankDocumentState::Parsed) {
            return Ok(Some(next.id));
        }
    }
    Ok(None)
}

/// Looked at again; none when another took its number meanwhile.
async fn reopen(app: &App, document: &document::Model) -> Result<Option<document::Model>, Problem> {
    let txn = app.db.begin().await?;
    if let Some(seq) = document.seq
        && of_number(&txn, &document.account, document.kind, seq).await?.is_some()
    {
        return Ok(None);
    }
    let changes = document::ActiveModel { why: Set(None), ..Default::default() };
    let reopened = move_on(&txn, document, DocumentCommand::Reopen, changes).await?;
    txn.commit().await?;
    Ok(Some(reopened))
}

async fn still_kept_out(app: &App, document: document::Model) -> Result<Outcome, Problem> {
    let seen = Seen::new(BreakKind::B08, &document.account, &document.sha256, OTHER_CONTENT);
    raise(app.db.write(), app, seen).await?;
    Ok(document.into())
}

async fn refuse(app: &App, document: document::Model, refusal: Refusal) -> Result<Outcome, Problem> {
    let txn = app.db.begin().await?;
    let refused = refuse_in(&txn, app, &document, refusal).await?;
    txn.commit().await?;
    Ok(refused.into())
}

async fn refuse_in(
    txn: &sea_orm::DatabaseTransaction,
    app: &App,
    document: &document::Model,
    refusal: Refusal,
) -> Result<document::Model, Problem> {
    let Refusal { command, raise: kind, why, faults } = refusal;
    if let Some(kind) = kind {
        raise(txn, app, Seen::new(kind, &document.account, &document.sha256, &why)).await?;
    }
    let changes =
        document::ActiveModel { why: Set(Some(why.clone())), errors: Set(Fault::kept(&faults)), ..Default::default() };
    let refused = move_on(txn, document, command, changes).await?;
    count(refused.kind, refused.state);
    tracing::warn!(document.id = %refused.id, document.kind = refused.kind.word(), document.state = refused.state.word(), why, "recon.document was kept out");
    Ok(refused)
}

/// What becomes of a document that took effect.
fn applied(app: &App, items: i64, effects: i64) -> document::ActiveModel {
    document::ActiveModel {
        item_count: Set(items),
        applied_count: Set(effects),
        ignored_count: Set(items - effects),
        why: Set(None),
        errors: Set(Fault::kept(&[])),
        applied_at_ms: Set(Some(app.clock.now())),
        ..Default::default()
    }
}

fn whole(local: &Local) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    local.reader().and_then(|mut reader| reader.read_to_end(&mut bytes)).map_err(Problem::internal)?;
    Ok(bytes)
}

async fn flat_statement(
    app: &App,
    link: &BankLink,
    document: document::Model,
    local: &Local,
) -> Result<Outcome, Problem> {
    let file = match statement::read(&whole(local)?) {
        Ok(file) => file,
        Err(error) => {
            let faults = vec![Fault { at: format!("line {}", error.line), code: error.what.to_owned() }];
            let (raise, why) = (Some(BreakKind::B08), error.to_string());
            return refuse(app, document, Refusal { command: DocumentCommand::Reject, raise, why, faults }).await;
        }
    };
    let txn = app.db.begin().await?;
    let mut document = document;
    let other =
        of_number(&txn, &document.account, document.kind, file.seq).await?.filter(|other| other.id != document.id);
    let fit = match other {
        Some(_) => Fit::Not(BreakKind::B08, format!("number {} was taken with another content", file.seq)),
        None => import::fits(&txn, link, &file).await?,
    };
    if matches!(fit, Fit::Follows(_) | Fit::Waits(_)) && document.state == BankDocumentState::Verified {
        let changes = document::ActiveModel {
            seq: Set(Some(file.seq)),
            business_date: Set(Some(file.business_date)),
            item_count: Set(i64::try_from(file.entries.len()).map_err(Problem::internal)?),
            ..Default::default()
        };
        document = move_on(&txn, &document, DocumentCommand::Parse, changes).await?;
    }
    let document = match fit {
        Fit::Taken => {
            move_on(&txn, &document, DocumentCommand::FindDuplicate, document::ActiveModel::default()).await?
        }
        Fit::Not(kind, why) => {
            let command = DocumentCommand::Quarantine;
            refuse_in(&txn, app, &document, Refusal { command, raise: Some(kind), why, faults: vec![] }).await?
        }
        Fit::Waits(why) => {
            raise(&txn, app, Seen::new(BreakKind::B08, &document.account, &document.sha256, &why)).await?;
            let changes = document::ActiveModel { why: Set(Some(why)), ..Default::default() };
            let query = document::Entity::update_many().set(changes).filter(document::Column::Id.eq(document.id));
            query.exec(&txn).await?;
            load(&txn, document.id).await?
        }
        Fit::Follows(last) => {
            import::take_in(&txn, app, link, &file, last.as_ref(), document.id).await?;
            crate::recon::raise::settle(&txn, app, BreakKind::B08, &document.account, &document.sha256).await?;
            let items = document.item_count;
            let done = move_on(&txn, &document, DocumentCommand::Apply, applied(app, items, items)).await?;
            count(done.kind, done.state);
            done
        }
    };
    txn.commit().await?;
    Ok(document.into())
}

async fn results(app: &App, link: &BankLink, document: document::Model, local: &Local) -> Result<Outcome, Problem> {
    let heard = match link.adapter.parse(Inbound::Results, &whole(local)?) {
        Ok(heard) => heard,
        Err(error) => {
            let faults = vec![Fault { at: format!("line {}", error.line), code: error.what.to_owned() }];
            let why = error.to_string();
            return refuse(app, document, Refusal { command: DocumentCommand::Reject, raise: None, why, faults }).await;
        }
    };
    let txn = app.db.begin().await?;
    let mut document = document;
    if document.state == BankDocumentState::Verified {
        let items = i64::try_from(heard.facts.len()).map_err(Problem::internal)?;
        let changes = document::ActiveModel { item_count: Set(items), ..Default::default() };
        document = move_on(&txn, &document, DocumentCommand::Parse, changes).await?;
    }
    let document = match payouts::hear(&txn, app, link, &heard).await? {
        Told::Taken { effects } => {
            let changes = applied(app, document.item_count, i64::try_from(effects).map_err(Problem::internal)?);
            let done = move_on(&txn, &document, DocumentCommand::Apply, changes).await?;
            count(done.kind, done.state);
            done
        }
        Told::Odd { kind, why } => {
            let command = DocumentCommand::Quarantine;
            refuse_in(&txn, app, &document, Refusal { command, raise: Some(kind), why: why.to_owned(), faults: vec![] })
                .await?
        }
        Told::Later { why } => {
            let changes = document::ActiveModel { why: Set(Some(why.to_owned())), ..Default::default() };
            let query = document::Entity::update_many().set(changes).filter(document::Column::Id.eq(document.id));
            query.exec(&txn).await?;
            load(&txn, document.id).await?
        }
    };
    txn.commit().await?;
    Ok(document.into())
}
