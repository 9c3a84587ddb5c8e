//! A database that comes back from a backup, and the SAFE mode that follows.

use sea_orm::sqlx::{self, Row};

use super::{Running, Stop, World};
use crate::payouts::safe_mode;
use crate::simulate::image::{self, Database, Image};

/// The database as it was, and what was known of it then.
pub(super) struct Backup {
    db: Database,
    cards: Vec<i64>,
    tampered: bool,
    names: String,
}

impl World {
    pub(super) async fn back_up(&mut self) -> Result<(), Stop> {
        let names = self.names().await?;
        let db = image::copy_of(&mut self.db.outside).await?;
        self.backup = Some(Backup { db, cards: self.cards.clone(), tampered: self.tampered, names });
        Ok(())
    }

    /// The database comes back from the last backup: what was released, sent, heard and booked since is lost, and SAFE mode is on. Where an
    /// order or a batch was made since, people would have to make it again; then nothing happens.
    pub(super) async fn come_back(&mut self, image: &Image) -> Result<(), Stop> {
        let names = self.names().await?;
        let Some(backup) = self.backup.take_if(|backup| backup.names == names) else { return Ok(()) };
        self.sleepers.clear();
        if let Some(Running { app, pool, .. }) = self.running.take() {
            drop(app);
            pool.close().await;
        }
        (self.db, self.cards, self.tampered) = (backup.db, backup.cards, backup.tampered);
        self.judge.forget(&mut self.db.outside).await?;
        self.network.forget();
        self.last_asked = None;
        self.counts.crashes += 1;
        self.start(image).await?;
        // The file that tells a start of it is not played; whatever dies here comes back to it.
        while safe_mode::current(self.app()?.db.read()).await?.is_none() {
            let app = self.app()?;
            let entered = async move {
                let txn = app.db.begin().await?;
                safe_mode::enter(&txn, &app, safe_mode::SYSTEM, "restored").await?;
                txn.commit().await?;
                Ok(())
            };
            self.act(image, Box::pin(entered)).await?;
        }
        self.count("restored");
        Ok(())
    }

    /// An operator leaves SAFE mode, once nothing is missing.
    pub(super) async fn leave_safe_mode(&mut self, image: &Image) -> Result<(), Stop> {
        let app = self.app()?;
        let left = async move {
            let txn = app.db.begin().await?;
            if let Some(safe) = safe_mode::current(&txn).await?
                && safe_mode::missing(&txn, &app, &safe).await?.is_empty()
            {
                safe_mode::leave(&txn, &app, "operator", "nothing is missing").await?;
            }
            txn.commit().await?;
            Ok(())
        };
        self.act(image, Box::pin(left)).await.map(drop)
    }

    /// What keeps SAFE mode on.
    pub(super) async fn still_missing(&mut self) -> Result<Vec<String>, Stop> {
        let app = self.app()?;
        let Some(safe) = safe_mode::current(app.db.read()).await? else { return Ok(Vec::new()) };
        let missing = safe_mode::missing(app.db.read(), &app, &safe).await.map_err(anyhow::Error::new)?;
        Ok(missing.into_iter().map(|text| format!("SAFE mode ends on: {}", text.en)).collect())
    }

    /// The names of all orders and batches.
    async fn names(&mut self) -> Result<String, Stop> {
        let sql = "select coalesce((select group_concat(bank_ref) from (select bank_ref from payout_order order by bank_ref)), '') || '/' || \
                   coalesce((select group_concat(batch_ref) from (select batch_ref from payout_batch order by batch_ref)), '')";
        Ok(sqlx::query(sql).fetch_one(&mut self.db.outside).await?.try_get(0)?)
    }
}
