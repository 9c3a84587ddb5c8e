//! A document takes effect: read by its kind, checked, applied in one transaction with its own row. Applied once, whoever asks how often.

use std::io::{BufRead as _, Read};
use std::sync::Arc;

use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::content::{Absent, Local, bring};
use super::rows::document;
use super::{
    BankDocumentKind, BankDocumentSource, BankDocumentState, DocumentCommand, Fault, OTHER_CONTENT, count, load,
    move_on, of_number,
};
use crate::app::App;
use crate::gm::{SignatureFault, Signed};
use crate::http::Problem;
use crate::kernel::clock::Moment;
use crate::payouts::bank::cn_bulk::returned;
use crate::payouts::bank::{BankLink, Inbound, Unreadable};
use crate::payouts::{self, Report, Told};
use crate::recon::import::{self, Fit};
use crate::recon::raise::settle;
use crate::recon::statement_file::{Misread, StatementFile};
use crate::recon::{BreakKind, Seen, raise};

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

impl From<Unreadable> for Refusal {
    fn from(error: Unreadable) -> Self {
        let faults = vec![Fault { at: format!("line {}", error.line), code: error.what.to_owned() }];
        Self { command: DocumentCommand::Reject, raise: None, why: error.to_string(), faults }
    }
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
        let signed_by = match signed_by(app, link, &document, &local).await? {
            Ok(signed_by) => signed_by,
            Err(why) => {
                let raise = Some(BreakKind::B13);
                return refuse(app, document, Refusal { command: DocumentCommand::Reject, raise, why, faults: vec![] })
                    .await;
            }
        };
        let txn = app.db.begin().await?;
        let changes = document::ActiveModel { signed_by: Set(signed_by), ..Default::default() };
        document = move_on(&txn, &document, DocumentCommand::Verify, changes).await?;
        txn.commit().await?;
    }
    match document.kind {
        kind if kind.is_statement() => statement(app, link, document, local).await,
        BankDocumentKind::CnResult => results(app, link, document, &local).await,
        BankDocumentKind::Pain002 => report(app, link, document, &local).await,
        BankDocumentKind::Camt052 | BankDocumentKind::Camt054 => notices(app, document, local).await,
        BankDocumentKind::CnReturn => returns(app, link, document, &local).await,
        kind => Err(Problem::internal(anyhow::anyhow!("no reader for {}", kind.word()))),
    }
}

/// By whose certificate the document counts, or why it does not. Files of a bank with a certificate need its signature, by whatever road they
/// come; what the adapter itself fetched, at first or since, is the bank's by its connection.
async fn signed_by(
    app: &App,
    link: &BankLink,
    document: &document::Model,
    local: &Local,
) -> Result<Result<Option<String>, String>, Problem> {
    let Some(seals) = link.seals.clone() else { return Ok(Ok(document.signed_by.clone())) };
    let fetched = document.fetched || document.source == BankDocumentSource::Adapter;
    if document.signed_by.is_some() || fetched {
        return Ok(Ok(document.signed_by.clone()));
    }
    let Some(signature) = document.signature.clone() else {
        return Ok(Err("the bank's signature is missing".to_owned()));
    };
    let (mut reader, now) = (local.reader().map_err(Problem::internal)?, app.clock.now());
    let judge = move || -> std::io::Result<Result<Signed, SignatureFault>> {
        let mut verifying = match seals.verifying(&signature, now) {
            Ok(verifying) => verifying,
            Err(fault) => return Ok(Err(fault)),
        };
        loop {
            let part = reader.fill_buf()?;
            let length = part.len();
            if length == 0 {
                return Ok(verifying.finish());
            }
            verifying.update(part);
            reader.consume(length);
        }
    };
    let judged = tokio::task::spawn_blocking(judge).await.map_err(Problem::internal)?.map_err(Problem::internal)?;
    Ok(match judged {
        Ok(signed) => Ok(Some(signed.fingerprint)),
        Err(fault) => Err(format!("the bank's signature does not count: {fault}")),
    })
}

/// What a notice tells is kept, and of a report of a running day how much there is; neither moves anything.
async fn notices(app: &App, document: document::Model, local: Local) -> Result<Outcome, Problem> {
    let count = match crate::recon::notices::keep(app, &document, Arc::new(local)).await? {
        Ok(count) => count,
        Err(Misread { command, kind, why, faults }) => {
            return refuse(app, document, Refusal { command, raise: Some(kind), why, faults }).await;
        }
    };
    let txn = app.db.begin().await?;
    let changes = document::ActiveModel { item_count: Set(count), ..Default::default() };
    let document = match document.state {
        BankDocumentState::Verified => move_on(&txn, &document, DocumentCommand::Parse, changes).await?,
        _ => document,
    };
    let kept = if document.kind == BankDocumentKind::Camt054 { count } else { 0 };
    let document = take_effect(&txn, app, &document, kept, &[]).await?;
    txn.commit().await?;
    Ok(document.into())
}

async fn report(app: &App, link: &BankLink, document: document::Model, local: &Local) -> Result<Outcome, Problem> {
    let report = match local.reader().map_err(Problem::internal).map(Report::read)? {
        Ok(report) => report,
        Err(unreadable) => {
            let at = format!("byte {}", unreadable.at);
            let why = format!("{at}: {}", unreadable.fault);
            let faults = vec![Fault { at, code: unreadable.fault.code().to_owned() }];
            return refuse(app, document, Refusal { command: DocumentCommand::Reject, raise: None, why, faults }).await;
        }
    };
    let content_sha256 = report.content_sha256();
    let txn = app.db.begin().await?;
    let mut document = document;
    if document.state == BankDocumentState::Verified {
        let changes = document::ActiveModel {
            item_count: Set(i64::try_from(report.item_count()).map_err(Problem::internal)?),
            content_sha256: Set(Some(content_sha256.clone())),
            business_date: Set(document.business_date.or(report.made_at.map(Moment::date))),
            ..Default::default()
        };
        document = move_on(&txn, &document, DocumentCommand::Parse, changes).await?;
    }
    if said_before(&txn, &document, &content_sha256).await? {
        let done = move_on(&txn, &document, DocumentCommand::FindDuplicate, document::ActiveModel::default()).await?;
        txn.commit().await?;
        count(done.kind, done.state);
        return Ok(done.into());
    }
    let (told, notes) = payouts::hear_report(&txn, app, link, &report).await?;
    let document = match told {
        Told::Taken { effects } => {
            let effects = i64::try_from(effects).map_err(Problem::internal)?;
            let notes: Vec<Fault> =
                notes.into_iter().map(|note| Fault { at: note.at, code: note.what.to_owned() }).collect();
            take_effect(&txn, app, &document, effects, &notes).await?
        }
        Told::Odd { kind, why } => {
            let command = DocumentCommand::Quarantine;
            let refusal = Refusal { command, raise: Some(kind), why: why.to_owned(), faults: vec![] };
            refuse_in(&txn, app, &document, refusal).await?
        }
        Told::Later { why } => wait(&txn, &document, why).await?,
    };
    txn.commit().await?;
    Ok(document.into())
}

/// True when something that says the same took effect before.
async fn said_before(
    connection: &impl ConnectionTrait,
    document: &document::Model,
    content_sha256: &str,
) -> Result<bool, Problem> {
    let before = document::Entity::find()
        .filter(document::Column::Account.eq(&document.account))
        .filter(document::Column::Kind.eq(document.kind))
        .filter(document::Column::ContentSha256.eq(content_sha256))
        .filter(document::Column::State.eq(BankDocumentState::Applied))
        .one(connection)
        .await?;
    Ok(before.is_some())
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
    txn: &DatabaseTransaction,
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

fn whole(local: &Local) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    local.reader().and_then(|mut reader| reader.read_to_end(&mut bytes)).map_err(Problem::internal)?;
    Ok(bytes)
}

async fn statement(app: &App, link: &BankLink, document: document::Model, local: Local) -> Result<Outcome, Problem> {
    let file = StatementFile::new(document.kind, Arc::new(local));
    if let Some(under_way) = import::under_way(app.db.read(), &document).await? {
        return Ok(import::go_on(app, link, &document, &file, under_way).await?.into());
    }
    let looked = match import::look(app, &document.account, &file).await? {
        Ok(looked) => looked,
        Err(Misread { command, kind, why, faults }) => {
            return refuse(app, document, Refusal { command, raise: Some(kind), why, faults }).await;
        }
    };
    let txn = app.db.begin().await?;
    let mut document = document;
    let found = &looked.statement;
    let other = of_number(&txn, &document.account, document.kind, found.seq).await?;
    let fit = match other.filter(|other| other.id != document.id) {
        Some(_) => Fit::Not(BreakKind::B08, format!("number {} was taken with another content", found.seq)),
        None => import::fits(&txn, link, &document, &looked).await?,
    };
    if matches!(fit, Fit::Follows(_) | Fit::Waits(_)) && document.state == BankDocumentState::Verified {
        let changes = document::ActiveModel {
            seq: Set(Some(found.seq)),
            business_date: Set(Some(found.business_date)),
            item_count: Set(i64::try_from(found.entry_count()).map_err(Problem::internal)?),
            ..Default::default()
        };
        document = move_on(&txn, &document, DocumentCommand::Parse, changes).await?;
    }
    let (document, under_way) = match fit {
        Fit::Taken => {
            let done =
                move_on(&txn, &document, DocumentCommand::FindDuplicate, document::ActiveModel::default()).await?;
            count(done.kind, done.state);
            (done, None)
        }
        Fit::Not(kind, why) => {
            let command = DocumentCommand::Quarantine;
            let refusal = Refusal { command, raise: Some(kind), why, faults: vec![] };
            (refuse_in(&txn, app, &document, refusal).await?, None)
        }
        Fit::Waits(why) => {
            raise(&txn, app, Seen::new(BreakKind::B08, &document.account, &document.sha256, &why)).await?;
            (wait(&txn, &document, &why).await?, None)
        }
        Fit::Follows(last) => {
            let under_way = import::begin(&txn, app, link, &document, &looked, last.is_none()).await?;
            match under_way {
                Some(_) => (document, under_way),
                None => {
                    let items = document.item_count;
                    (take_effect(&txn, app, &document, items, &[]).await?, None)
                }
            }
        }
    };
    txn.commit().await?;
    let document = match under_way {
        Some(under_way) => import::go_on(app, link, &document, &file, under_way).await?,
        None => document,
    };
    Ok(document.into())
}

/// A document takes effect with `effects` of its items, in the transaction that writes them; a break that it came too early is closed.
pub(in crate::recon) async fn take_effect(
    txn: &DatabaseTransaction,
    app: &App,
    document: &document::Model,
    effects: i64,
    notes: &[Fault],
) -> Result<document::Model, Problem> {
    settle(txn, app, BreakKind::B08, &document.account, &document.sha256).await?;
    let items = document.item_count;
    let changes = document::ActiveModel {
        applied_count: Set(effects),
        ignored_count: Set((items - effects).max(0)),
        why: Set(None),
        errors: Set(Fault::kept(notes)),
        applied_at_ms: Set(Some(app.clock.now())),
        ..Default::default()
    };
    let done = move_on(txn, document, DocumentCommand::Apply, changes).await?;
    count(done.kind, done.state);
    tracing::info!(document.id = %done.id, document.kind = done.kind.word(), items, effects, "recon.document took effect");
    Ok(done)
}

/// What an enquiry heard took effect in `txn`, with the file in which the bank said it; one about something else says nothing.
pub(crate) async fn heard(
    txn: &DatabaseTransaction,
    app: &App,
    id: Uuid,
    results: usize,
    is_odd: bool,
) -> Result<(), Problem> {
    let document = load(txn, id).await?;
    if document.state != BankDocumentState::Received {
        return Ok(());
    }
    if is_odd {
        let why = "the results name another batch or other bytes than were asked for".to_owned();
        let refusal = Refusal { command: DocumentCommand::Quarantine, raise: None, why, faults: vec![] };
        return refuse_in(txn, app, &document, refusal).await.map(drop);
    }
    let items = i64::try_from(results).map_err(Problem::internal)?;
    let none = document::ActiveModel::default();
    let document = move_on(txn, &document, DocumentCommand::Verify, none).await?;
    let changes = document::ActiveModel { item_count: Set(items), ..Default::default() };
    let document = move_on(txn, &document, DocumentCommand::Parse, changes).await?;
    take_effect(txn, app, &document, items, &[]).await.map(drop)
}

/// Says what a document waits for.
async fn wait(txn: &DatabaseTransaction, document: &document::Model, why: &str) -> Result<document::Model, Problem> {
    let changes = document::ActiveModel { why: Set(Some(why.to_owned())), ..Default::default() };
    document::Entity::update_many().set(changes).filter(document::Column::Id.eq(document.id)).exec(txn).await?;
    load(txn, document.id).await
}

async fn results(app: &App, link: &BankLink, document: document::Model, local: &Local) -> Result<Outcome, Problem> {
    let heard = match link.adapter.parse(Inbound::Results, &whole(local)?) {
        Ok(heard) => heard,
        Err(error) => return refuse(app, document, error.into()).await,
    };
    let notes: Vec<Fault> = heard
        .odd_lines
        .iter()
        .map(|line| Fault { at: format!("line {line}"), code: "a status letter that nobody knows".to_owned() })
        .collect();
    let txn = app.db.begin().await?;
    let mut document = document;
    if document.state == BankDocumentState::Verified {
        let items = i64::try_from(heard.facts.len()).map_err(Problem::internal)?;
        let changes = document::ActiveModel { item_count: Set(items), ..Default::default() };
        document = move_on(&txn, &document, DocumentCommand::Parse, changes).await?;
    }
    let document = match payouts::hear(&txn, app, link, &heard).await? {
        Told::Taken { effects } => {
            let effects = i64::try_from(effects).map_err(Problem::internal)?;
            take_effect(&txn, app, &document, effects, &notes).await?
        }
        Told::Odd { kind, why } => {
            let command = DocumentCommand::Quarantine;
            refuse_in(&txn, app, &document, Refusal { command, raise: Some(kind), why: why.to_owned(), faults: vec![] })
                .await?
        }
        Told::Later { why } => wait(&txn, &document, why).await?,
    };
    txn.commit().await?;
    Ok(document.into())
}

/// What came back is kept as announced; each file is one of a row of its own.
async fn returns(app: &App, link: &BankLink, document: document::Model, local: &Local) -> Result<Outcome, Problem> {
    let returns = match returned::read(local.reader().map_err(Problem::internal)?) {
        Ok(returns) => returns,
        Err(error) => return refuse(app, document, error.into()).await,
    };
    let txn = app.db.begin().await?;
    let other = of_number(&txn, &document.account, document.kind, returns.seq).await?;
    let odd = if returns.account != link.account {
        Some((BreakKind::B18, "the account is not ours".to_owned()))
    } else {
        let other = other.filter(|other| other.id != document.id);
        other.map(|_| (BreakKind::B08, format!("number {} was taken with another content", returns.seq)))
    };
    if let Some((kind, why)) = odd {
        let command = DocumentCommand::Quarantine;
        let refusal = Refusal { command, raise: Some(kind), why, faults: vec![] };
        let refused = refuse_in(&txn, app, &document, refusal).await?;
        txn.commit().await?;
        return Ok(refused.into());
    }
    let mut document = document;
    if document.state == BankDocumentState::Verified {
        let changes = document::ActiveModel {
            seq: Set(Some(returns.seq)),
            business_date: Set(Some(returns.business_date)),
            item_count: Set(i64::try_from(returns.lines.len()).map_err(Problem::internal)?),
            ..Default::default()
        };
        document = move_on(&txn, &document, DocumentCommand::Parse, changes).await?;
    }
    let ours = crate::recon::returns::keep(&txn, app, &document, &returns).await?;
    let document = take_effect(&txn, app, &document, ours, &[]).await?;
    txn.commit().await?;
    Ok(document.into())
}
