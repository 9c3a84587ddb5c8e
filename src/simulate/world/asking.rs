//! What people ask over HTTP under a key of theirs: the answer is stored with its effect, and comes again to whoever asks again.

use sea_orm::DatabaseTransaction;
use sea_orm::sqlx::{self, Row};
use uuid::Uuid;

use super::{Stop, World};
use crate::app::App;
use crate::http::{Code, Idempotency, IfMatch, Problem, Reply, StaffCaller};
use crate::payouts::views::BatchView;
use crate::payouts::{prepare, release, runs, void};
use crate::simulate::image::Image;
use crate::simulate::judge;

/// What they ask for.
#[derive(Clone)]
pub(super) enum Asking {
    /// A batch of at most so many orders.
    Prepare { maker_id: Uuid, max: usize },
    /// That a batch is released.
    Release { id: Uuid, staff: StaffCaller, version: IfMatch, signed: String },
    /// That a batch is given up.
    Void { id: Uuid, staff_id: Uuid },
    /// A run of all that waits, in at most so many batches.
    StartRun { maker_id: Uuid, batches: i64 },
    /// That a run is released.
    ReleaseRun { id: Uuid, staff: StaffCaller, version: IfMatch, signed: String },
    /// That a run is given up.
    VoidRun { id: Uuid, version: IfMatch },
}

/// What was asked last.
#[derive(Clone)]
pub(super) struct Asked {
    asking: Asking,
    key: String,
    /// None while it was refused, or its answer was lost.
    answer: Option<Reply>,
}

/// The fingerprints of a body, and of another one.
const BODY: [u8; 32] = [1; 32];
const OTHER_BODY: [u8; 32] = [2; 32];

impl Asking {
    async fn effect(self, txn: &DatabaseTransaction, app: &App) -> Result<Reply, Problem> {
        let link = app.bank.as_ref().ok_or_else(|| Problem::new(Code::BankNotConfigured))?;
        match self {
            Self::Prepare { maker_id, max } => prepare::prepare_batch(txn, app, link, maker_id, Some(max)).await,
            Self::Release { id, staff, version, signed } => {
                Reply::ok(&BatchView::from(release::sign(txn, app, id, &staff, version, &signed).await?))
            }
            Self::Void { id, staff_id } => {
                void::give_up(txn, app, &release::load(txn, id).await?, staff_id).await?;
                Reply::ok(&BatchView::from(release::load(txn, id).await?))
            }
            Self::StartRun { maker_id, batches } => {
                Reply::accepted(&runs::RunView::from(runs::of_all(txn, app, link, maker_id, batches).await?))
            }
            Self::ReleaseRun { id, staff, version, signed } => {
                Reply::accepted(&runs::RunView::from(runs::release(txn, app, id, &staff, version, &signed).await?))
            }
            Self::VoidRun { id, version } => {
                Reply::accepted(&runs::RunView::from(runs::void(txn, app, id, version).await?))
            }
        }
    }
}

impl World {
    /// A person asks for something under a new key; true when it was done, and the answer arrived.
    pub(super) async fn ask(&mut self, image: &Image, asking: Asking) -> Result<bool, Stop> {
        self.asked += 1;
        let mut asked = Asked { asking, key: format!("key-{:08}", self.asked), answer: None };
        asked.answer = self.send(image, &asked, BODY).await?.and_then(Result::ok).map(|(reply, _)| reply);
        let is_done = asked.answer.is_some();
        self.last_asked = Some(asked);
        Ok(is_done)
    }

    /// Whoever asked last asks again, because no answer came or by mistake; for the same, or, under the same key, for something `other`. What
    /// was done once is not done again.
    pub(super) async fn ask_again(&mut self, image: &Image, other: bool) -> Result<(), Stop> {
        let Some(mut asked) = self.last_asked.take() else { return Ok(()) };
        let was_done = self.is_stored(&asked.key).await?;
        let before = judge::digest(&mut self.db.outside, true).await?;
        let answered = self.send(image, &asked, if other { OTHER_BODY } else { BODY }).await?;
        let changed = judge::digest(&mut self.db.outside, true).await? != before;
        let wrong = match (&answered, was_done, other) {
            (None, _, _) | (Some(_), false, _) => None,
            (Some(_), true, _) if changed => Some("what was asked again was done again"),
            (Some(Ok((reply, true))), true, false) if asked.answer.as_ref().is_none_or(|first| first == reply) => None,
            (Some(_), true, false) => Some("whoever asked again was not answered as before"),
            (Some(Err(problem)), true, true) if problem.code() == Code::IdempotencyKeyReused => None,
            (Some(_), true, true) => Some("a key was taken for something else"),
        };
        if let Some(wrong) = wrong {
            return Err(Stop::Violation(vec![format!("F15 {wrong}")]));
        }
        if let (Some(Ok((reply, _))), false) = (answered, other) {
            asked.answer = Some(reply);
        }
        // What was asked for something else may have been done now: then nobody asks as before.
        self.last_asked = (was_done || !other).then_some(asked);
        Ok(())
    }

    /// The answer, and whether it was given before; none when the process died at it.
    async fn send(
        &mut self,
        image: &Image,
        asked: &Asked,
        body: [u8; 32],
    ) -> Result<Option<Result<(Reply, bool), Problem>>, Stop> {
        let (app, asking) = (self.app()?, asked.asking.clone());
        let key = Idempotency::new("staff:people".to_owned(), "POST /".to_owned(), asked.key.clone());
        let sent = async move {
            let effect = async |txn: &DatabaseTransaction| asking.effect(txn, &app).await;
            let given = key.given(&app, body, effect).await?;
            Ok((given.reply, given.again))
        };
        let answered = self.drive(image, Box::pin(sent)).await?;
        answered.map(Self::answered).transpose()
    }

    async fn is_stored(&mut self, key: &str) -> Result<bool, Stop> {
        let sql = "select count(*) from idempotency where idempotency_key = $1";
        let row = sqlx::query(sql).bind(key).fetch_one(&mut self.db.outside).await?;
        Ok(row.try_get::<i64, _>(0)? > 0)
    }
}
