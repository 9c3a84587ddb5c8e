//! `Idempotency-Key`: the stored answer is a row in the transaction that has the effect.
//!
//! Same caller, operation and key: with the same request the stored answer comes again; with another, a refusal. A request that
//! was refused leaves no row, so it can be mended and sent again under the same key. Rows are kept 72 hours, a machine's 400 days.
//! Every thing that is made has a natural unique key of its own besides: this one is convenience, that one is truth.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{ExprTrait, OnConflict};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DatabaseTransaction, QueryTrait};
use sha2::{Digest, Sha256};

use super::reply::{Headers, Reply};
use super::{Answer, Caller, Code, Problem};
use crate::app::App;
use crate::db::Writes;
use crate::kernel::clock::Moment;
use crate::kernel::seal::Field;
use crate::kernel::text::Text;

const KEPT_SECS: i64 = 72 * 60 * 60;
/// The bank's job may come back to a day of last year.
const KEPT_FOR_MACHINES_SECS: i64 = 400 * 24 * 60 * 60;

/// A row of `idempotency`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency")]
pub struct Model {
    /// Who asked: [`Caller::subject`].
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: String,
    /// Method and path.
    #[sea_orm(primary_key, auto_increment = false)]
    pub operation: String,
    /// The header's value.
    #[sea_orm(primary_key, auto_increment = false)]
    pub idempotency_key: String,
    /// SHA-256 over the request.
    pub fingerprint: Vec<u8>,
    /// The answer's status.
    pub status: i32,
    /// The answer's headers.
    pub headers: Json,
    /// The answer's body, sealed.
    pub body: Vec<u8>,
    /// When it was stored.
    pub created_at_ms: Moment,
}

impl ActiveModelBehavior for ActiveModel {}

/// The key of the request at hand.
#[derive(Clone, Debug)]
pub struct Idempotency {
    subject: String,
    operation: String,
    key: String,
}

/// An answer that was given.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    /// The answer.
    pub(crate) reply: Reply,
    /// True when it was given before: nothing happened now.
    pub(crate) again: bool,
}

impl Given {
    fn into_response(self) -> HttpResponse {
        let mut response = self.reply.into_response();
        if self.again {
            let name = actix_web::http::header::HeaderName::from_static("idempotent-replay");
            response.headers_mut().insert(name, actix_web::http::header::HeaderValue::from_static("true"));
        }
        response
    }
}

impl FromRequest for Idempotency {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(read(request, payload))
    }
}

fn read(request: &HttpRequest, payload: &mut Payload) -> Result<Idempotency, Problem> {
    let caller = Caller::from_request(request, payload).into_inner()?;
    let key = request
        .headers()
        .get("idempotency-key")
        .and_then(|value| value.to_str().ok())
        .map(|value| value.trim().trim_matches('"'))
        .filter(|key| (8..=64).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"'))
        .ok_or_else(|| {
            Problem::new(Code::IdempotencyKeyMissing).detail(Text::fixed(
                "请带上 Idempotency-Key：8 到 64 个可见 ASCII 字符，建议用 UUID；重试时保持不变",
                "Send Idempotency-Key with 8 to 64 visible ASCII characters, best a UUID, and keep it when you try again",
            ))
        })?;
    Ok(Idempotency::new(caller.subject(), format!("{} {}", request.method(), request.path()), key.to_owned()))
}

impl Idempotency {
    /// The `key` under which `subject` asks for `operation`: method and path.
    pub(crate) const fn new(subject: String, operation: String, key: String) -> Self {
        Self { subject, operation, key }
    }

    /// Runs `effect` in one transaction that also stores its answer; or gives the stored answer again.
    ///
    /// `fingerprint` is that of the body (zeros when there is none).
    ///
    /// # Errors
    /// Those of `effect`, after which nothing is stored; `idempotency_key_reused` when the key came with another request.
    pub async fn once<F>(&self, app: &App, fingerprint: [u8; 32], effect: F) -> Answer
    where
        F: AsyncFnOnce(&DatabaseTransaction) -> Result<Reply, Problem>,
    {
        self.given(app, fingerprint, effect).await.map(Given::into_response)
    }

    /// As [`Self::once`], with what was answered before it goes out.
    ///
    /// # Errors
    /// Those of [`Self::once`].
    pub(crate) async fn given<F>(&self, app: &App, fingerprint: [u8; 32], effect: F) -> Result<Given, Problem>
    where
        F: AsyncFnOnce(&DatabaseTransaction) -> Result<Reply, Problem>,
    {
        self.given_for(app, fingerprint, async |_: &DatabaseTransaction| Ok(()), effect).await
    }

    /// As [`Self::once`], for an `effect` that refuses to happen twice by itself: the stored answer is looked for only after a refusal,
    /// and what the effect leaves to write goes with the answer, which spares the first request its waits.
    ///
    /// # Errors
    /// Those of [`Self::once`]; `stale_version` when what was left could not be written any more.
    pub async fn once_by_itself<F>(&self, app: &App, fingerprint: [u8; 32], effect: F) -> Answer
    where
        F: AsyncFnOnce(&DatabaseTransaction) -> Result<(Reply, Writes), Problem>,
    {
        let fingerprint = self.fingerprint(fingerprint);
        let txn = app.db.begin().await?;
        let again = async |_: &DatabaseTransaction| Ok(());
        self.try_once(app, txn, &fingerprint, again, effect).await.map(Given::into_response)
    }

    /// As [`Self::once`], for an answer that shows somebody's file: before a stored one is given again, `again` asks anew whether
    /// the caller may see it, and records the look.
    ///
    /// # Errors
    /// Those of [`Self::once`] and of `again`.
    pub async fn once_for<A, F>(&self, app: &App, fingerprint: [u8; 32], again: A, effect: F) -> Answer
    where
        A: AsyncFn(&DatabaseTransaction) -> Result<(), Problem>,
        F: AsyncFnOnce(&DatabaseTransaction) -> Result<Reply, Problem>,
    {
        self.given_for(app, fingerprint, again, effect).await.map(Given::into_response)
    }

    async fn given_for<A, F>(&self, app: &App, fingerprint: [u8; 32], again: A, effect: F) -> Result<Given, Problem>
    where
        A: AsyncFn(&DatabaseTransaction) -> Result<(), Problem>,
        F: AsyncFnOnce(&DatabaseTransaction) -> Result<Reply, Problem>,
    {
        let fingerprint = self.fingerprint(fingerprint);
        let txn = app.db.begin().await?;
        if let Some(stored) = self.stored(app, &txn, &fingerprint).await? {
            again(&txn).await?;
            txn.commit().await?;
            return Ok(stored);
        }
        let effect = async |txn: &DatabaseTransaction| effect(txn).await.map(|reply| (reply, Writes::default()));
        self.try_once(app, txn, &fingerprint, again, effect).await
    }

    /// The fingerprint of the whole request: a path is never taken for another.
    fn fingerprint(&self, of_body: [u8; 32]) -> [u8; 32] {
        Sha256::new_with_prefix(of_body).chain_update(&self.operation).finalize().into()
    }

    async fn try_once<A, F>(
        &self,
        app: &App,
        txn: DatabaseTransaction,
        fingerprint: &[u8; 32],
        again: A,
        effect: F,
    ) -> Result<Given, Problem>
    where
        A: AsyncFn(&DatabaseTransaction) -> Result<(), Problem>,
        F: AsyncFnOnce(&DatabaseTransaction) -> Result<(Reply, Writes), Problem>,
    {
        let stored = match effect(&txn).await {
            Ok((reply, writes)) => self.store(app, &txn, writes, fingerprint, &reply).await.map(|()| reply),
            Err(problem) => Err(problem),
        };
        match stored {
            Ok(reply) => {
                txn.commit().await?;
                app.job_written.notify_waiters();
                Ok(Given { reply, again: false })
            }
            Err(problem) => {
                txn.rollback().await?;
                // Its twin may have been first and moved things on: then the twin's answer is this request's too.
                self.replay(app, fingerprint, &again).await?.ok_or(problem)
            }
        }
    }

    async fn replay<A>(&self, app: &App, fingerprint: &[u8; 32], again: &A) -> Result<Option<Given>, Problem>
    where
        A: AsyncFn(&DatabaseTransaction) -> Result<(), Problem>,
    {
        let txn = app.db.begin().await?;
        let Some(stored) = self.stored(app, &txn, fingerprint).await? else { return Ok(None) };
        again(&txn).await?;
        txn.commit().await?;
        Ok(Some(stored))
    }

    async fn stored(
        &self,
        app: &App,
        connection: &impl ConnectionTrait,
        fingerprint: &[u8; 32],
    ) -> Result<Option<Given>, Problem> {
        let key = (self.subject.clone(), self.operation.clone(), self.key.clone());
        let Some(row) = Entity::find_by_id(key).one(connection).await? else { return Ok(None) };
        if row.fingerprint != fingerprint {
            return Err(Problem::new(Code::IdempotencyKeyReused));
        }
        let body = app.sealer.open_bytes(Field::StoredAnswer, &row.body)?;
        let headers: Headers = serde_json::from_value(row.headers)?;
        let status = u16::try_from(row.status).map_err(Problem::internal)?;
        Ok(Some(Given { reply: Reply { status, headers, body: body.reveal().clone() }, again: true }))
    }

    /// Writes the answer, and with it what is left to write. A row of the same key, or one that somebody else changed, refuses all.
    async fn store(
        &self,
        app: &App,
        txn: &DatabaseTransaction,
        mut writes: Writes,
        fingerprint: &[u8; 32],
        reply: &Reply,
    ) -> Result<(), Problem> {
        let row = ActiveModel {
            subject: Set(self.subject.clone()),
            operation: Set(self.operation.clone()),
            idempotency_key: Set(self.key.clone()),
            fingerprint: Set(fingerprint.to_vec()),
            status: Set(i32::from(reply.status)),
            headers: Set(serde_json::to_value(&reply.headers)?),
            body: Set(app.sealer.seal(Field::StoredAnswer, &reply.body)?),
            created_at_ms: Set(app.clock.now()),
        };
        let insert = Entity::insert(row).on_conflict(OnConflict::new().do_nothing().to_owned());
        writes.add(&insert.build(txn.get_database_backend()), 1);
        if writes.run(txn).await? { Ok(()) } else { Err(Problem::new(Code::StaleVersion)) }
    }
}

/// Deletes stored answers older than 72 hours, those to machines when they are older than 400 days; answers how many.
///
/// # Errors
/// Those of the database.
pub async fn sweep(app: &App) -> Result<u64, DbErr> {
    let before = |secs: i64| Column::CreatedAtMs.lt(app.clock.now().plus_secs(-secs));
    let of_person = Column::Subject.not_like("machine:%").or(before(KEPT_FOR_MACHINES_SECS));
    let gone = Entity::delete_many().filter(before(KEPT_SECS)).filter(of_person).exec(app.db.write()).await?;
    Ok(gone.rows_affected)
}
