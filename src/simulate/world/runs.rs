//! What people do with runs: start one, release it with one signature, give it up.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::asking::Asking;
use super::people::Releasing;
use super::{Stop, World};
use crate::http::IfMatch;
use crate::payouts::runs::rows::run;
use crate::simulate::image::Image;

impl World {
    pub(super) async fn start_run(&mut self, image: &Image, maker: usize, batches: usize) -> Result<(), Stop> {
        let maker_id = self.people.makers.get(maker % 2).copied().unwrap_or_default();
        self.ask(image, Asking::StartRun { maker_id, batches: i64::try_from(batches)? }).await.map(drop)
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
        let staff = self.releaser(how, row.maker_id);
        let signed = match how {
            Releasing::OtherHash => "0".repeat(64),
            Releasing::By(_) | Releasing::Own => row.sha256.clone().unwrap_or_default(),
        };
        let was_waiting = row.state == run::RunState::Prepared;
        let asking = Asking::ReleaseRun { id: row.id, staff, version: IfMatch(row.version), signed };
        let done = self.ask(image, asking).await?;
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
        self.ask(image, Asking::VoidRun { id, version: IfMatch(version) }).await.map(drop)
    }
}
