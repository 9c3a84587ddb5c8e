//! What people do with runs: start one, release it with one signature, give it up.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::people::Releasing;
use super::{Stop, World};
use crate::http::IfMatch;
use crate::payouts::runs::{self, rows::run};
use crate::simulate::image::Image;

impl World {
    pub(super) async fn start_run(&mut self, image: &Image, maker: usize, batches: usize) -> Result<(), Stop> {
        let app = self.app()?;
        let maker = self.people.makers.get(maker % 2).copied().unwrap_or_default();
        let most = i64::try_from(batches)?;
        let started = async move {
            let Some(link) = &app.bank else { return Ok(()) };
            let txn = app.db.begin().await?;
            runs::of_all(&txn, &app, link, maker, most).await?;
            txn.commit().await?;
            Ok(())
        };
        self.act(image, Box::pin(started)).await.map(drop)
    }

    /// The runs in these states, oldest first.
    pub(super) async fn runs(&mut self, states: &[run::RunState]) -> Result<Vec<run::Model>, Stop> {
        let app = self.app()?;
        let wanted = run::Entity::find().filter(run::Column::State.is_in(states.to_vec()));
        Ok(wanted.order_by_asc(run::Column::Id).all(app.db.read()).await?)
    }

    pub(super) async fn release_nth_run(&mut self, image: &Image, nth: usize, how: Releasing) -> Result<(), Stop> {
        use run::RunState as R;
        // Mostly one that waits; sometimes one that was released before.
        let states = if nth % 7 == 6 { vec![R::Prepared, R::Releasing, R::Released] } else { vec![R::Prepared] };
        let waiting = self.runs(&states).await?;
        let Some(row) = waiting.get(nth % waiting.len().max(1)).cloned() else { return Ok(()) };
        self.release_run(image, row, how).await.map(drop)
    }

    pub(super) async fn release_run(&mut self, image: &Image, row: run::Model, how: Releasing) -> Result<bool, Stop> {
        let (app, staff) = (self.app()?, self.releaser(how, row.maker_id));
        let signed = match how {
            Releasing::OtherHash => "0".repeat(64),
            Releasing::By(_) | Releasing::Own => row.sha256.clone().unwrap_or_default(),
        };
        let was_waiting = row.state == run::RunState::Prepared;
        let released = async move {
            let txn = app.db.begin().await?;
            runs::release(&txn, &app, row.id, &staff, IfMatch(row.version), &signed).await?;
            txn.commit().await?;
            Ok(())
        };
        let done = self.act(image, Box::pin(released)).await?.is_some();
        if done && !(was_waiting && matches!(how, Releasing::By(_))) {
            let what = "I7 a run was released twice, by its maker or under another hash";
            return Err(Stop::Violation(vec![what.to_owned()]));
        }
        Ok(done)
    }

    pub(super) async fn void_nth_run(&mut self, image: &Image, nth: usize) -> Result<(), Stop> {
        let live = self.runs(&[run::RunState::Preparing, run::RunState::Prepared, run::RunState::Releasing]).await?;
        match live.get(nth % live.len().max(1)) {
            Some(row) => self.void_run(image, row.id, row.version).await,
            None => Ok(()),
        }
    }

    pub(super) async fn void_run(&mut self, image: &Image, id: Uuid, version: i64) -> Result<(), Stop> {
        let app = self.app()?;
        let voided = async move {
            let txn = app.db.begin().await?;
            runs::void(&txn, &app, id, IfMatch(version)).await?;
            txn.commit().await?;
            Ok(())
        };
        self.act(image, Box::pin(voided)).await.map(drop)
    }
}
