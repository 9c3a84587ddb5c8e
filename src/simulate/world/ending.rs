//! How a seed ends: everything must come to its end, and say the same when it is told again.

use sea_orm::sqlx::{self, Row};
use uuid::Uuid;

use super::people::Releasing;
use super::{DAYS_TO_END, JOBS_AT_ONCE, Stop, World};
use crate::jobs;
use crate::kernel::clock::{Clock, Moment};
use crate::kernel::money::Fen;
use crate::payouts;
use crate::payouts::runs::rows::run::RunState;
use crate::payouts::state::BatchState;
use crate::recon;
use crate::simulate::image::{Image, MEMBERS, card_number};
use crate::simulate::judge::{self, Truth};

impl World {
    /// Bank and line are in good health from now on, and everything must come to its end, or wait for a person with the reason.
    pub(in crate::simulate) async fn end(&mut self, image: &Image) -> Result<(), Stop> {
        self.fuse.disarm();
        self.network.heal();
        self.folder.clear();
        self.bank().faults.clear();
        self.bank().fund(Fen::new(10_000_000_000))?;
        for index in 0..MEMBERS {
            for version in 1..=self.cards.get(index).copied().unwrap_or(1) {
                self.bank().mark_card(&card_number(index, version), None)?;
            }
        }
        self.skew(0)?;
        self.restore().await?;
        self.lift_all(image).await?;
        while !self.sleepers.is_empty() {
            self.wake(image, 0).await?;
        }
        let mut left = Vec::new();
        // People come in the morning: who looked only after the bank's hours would find each batch too late for its day.
        let now = self.ours.now();
        let morning = Moment::start_of(now.date().next_day().unwrap_or(now.date())).plus_secs(9 * 3_600);
        self.advance(morning.as_secs() - now.as_secs())?;
        for day in 0..DAYS_TO_END {
            for _ in 0..4 {
                self.advance(901)?;
                self.network.deliver_late();
                self.resolve(image).await?;
                self.tie_all(image).await?;
                self.leave_safe_mode(image).await?;
                let app = self.app()?;
                jobs::retry_dead(&app, None).await?;
                for run in self.runs(&[RunState::Prepared]).await? {
                    let (id, version) = (run.id, run.version);
                    // Started by the one checker who may not release it, of a day that has passed, or with nothing left in it.
                    if !self.release_run(image, run, Releasing::By(0)).await? {
                        self.void_run(image, id, version).await?;
                    }
                }
                self.take_files(image).await?;
                self.work(image, JOBS_AT_ONCE).await?;
                self.prepare(image, 0, 3_000).await?;
                for batch in self.batches(&[BatchState::Prepared]).await? {
                    let id = batch.id;
                    // Prepared by the one checker who may not release it, by another, or with a card of yesterday.
                    if !self.release_batch(image, batch, Releasing::By(0)).await? {
                        self.void_batch(image, id).await?;
                    }
                }
                for batch in self.batches(&[BatchState::Released]).await? {
                    if self.is_given_up(batch.id).await? {
                        self.void_batch(image, batch.id).await?;
                    }
                }
                self.look().await?;
                self.work(image, JOBS_AT_ONCE).await?;
            }
            self.next_day(image).await?;
            self.work(image, JOBS_AT_ONCE).await?;
            let truth = Truth::of(&self.bank());
            left = judge::at_the_end(&mut self.db.outside, &truth).await?;
            if left.is_empty() && day > 0 {
                break;
            }
        }
        left.extend(self.still_missing().await?);
        if !left.is_empty() {
            return Err(Stop::Violation(left));
        }
        self.verify().await?;
        self.repeat(image).await?;
        self.counts.commits = self.fuse.commits();
        self.counts.sendings = self.network.sendings_seen();
        self.counts.runs = u64::try_from(self.runs(&[RunState::Released]).await?.len())?;
        self.counts.looks = self.judge.looks;
        Ok(())
    }

    /// True when sending was given up for a reason that a person looked at.
    pub(super) async fn is_given_up(&mut self, batch_id: Uuid) -> Result<bool, Stop> {
        let sql = "select exists (select 1 from recon_break where batch_id = $1 and kind = 'B13')";
        Ok(sqlx::query(sql).bind(batch_id).fetch_one(&mut self.db.outside).await?.try_get(0)?)
    }

    /// The service's own proof.
    pub(super) async fn verify(&mut self) -> Result<(), Stop> {
        let app = self.app()?;
        let findings = payouts::verify::check(&app).await.map_err(anyhow::Error::new)?;
        let wrong: Vec<String> = findings
            .into_iter()
            .filter(|finding| !(self.tampered && finding.what.contains("hash")))
            .map(|finding| format!("verify: {}: {}", finding.subject, finding.what))
            .collect();
        if wrong.is_empty() { Ok(()) } else { Err(Stop::Violation(wrong)) }
    }

    /// Where everything stands.
    pub(in crate::simulate) async fn digest(&mut self) -> Result<String, Stop> {
        Ok(judge::digest(&mut self.db.outside, false).await?)
    }

    /// I11: every document once more, in another order, changes nothing.
    pub(super) async fn repeat(&mut self, image: &Image) -> Result<(), Stop> {
        let before = judge::digest(&mut self.db.outside, true).await?;
        let (statements, refs) = {
            let bank = self.bank();
            let closed = u32::try_from(bank.closed_days())?;
            let statements: Vec<_> = (1..=closed).rev().filter_map(|seq| bank.statement_as_it_is(seq)).collect();
            (statements, bank.payments().into_iter().map(|payment| payment.bank_ref).collect::<Vec<_>>())
        };
        for file in statements {
            match self.import(image, file).await? {
                Some(recon::Imported::Duplicate) => {}
                other => return Err(Stop::Violation(vec![format!("I11 a statement that was taken is {other:?}")])),
            }
        }
        for bank_ref in refs.into_iter().rev() {
            let line = self.bank().order(&bank_ref);
            if let Some(line) = line {
                self.tell(image, line).await?;
            }
        }
        if judge::digest(&mut self.db.outside, true).await? == before {
            return Ok(());
        }
        Err(Stop::Violation(vec!["I11 documents that came again changed something".to_owned()]))
    }
}
