//! What the bank does, and whoever has the database's own rights.

use sea_orm::sqlx::{self, AssertSqlSafe, Row};
use serde_json::json;

use super::{Stop, World};
use crate::http::{Code, Problem};
use crate::jobs::{self, JobSpec};
use crate::kernel::money::Fen;
use crate::kernel::seal::Field;
use crate::payouts;
use crate::payouts::bank::Inbound;
use crate::payouts::state::BatchState;
use crate::recon;
use crate::simulate::image::{Image, MEMBERS, card_number};

/// Something that the bank says.
#[derive(Clone, Debug)]
pub(in crate::simulate) enum Document {
    /// The result line of one order.
    Result(String),
    /// A statement file.
    Statement(Vec<u8>),
}

impl std::fmt::Display for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Result(line) => f.write_str(line.trim_end()),
            Self::Statement(file) => f.write_str(String::from_utf8_lossy(file).lines().next().unwrap_or_default()),
        }
    }
}

impl World {
    pub(super) fn mark_card(&mut self, member: usize, code: Option<&'static str>) -> Result<(), Stop> {
        let index = member % MEMBERS;
        let number = card_number(index, self.cards.get(index).copied().unwrap_or(1));
        self.bank().mark_card(&number, code.map(str::to_owned))?;
        Ok(())
    }

    pub(super) fn send_back(&mut self, nth: usize, percent: i64) -> Result<(), Stop> {
        let mut bank = self.bank();
        bank.catch_up()?;
        let paid: Vec<_> = bank.payments().into_iter().filter(|payment| payment.debits > 0).collect();
        let Some(payment) = paid.get(nth % paid.len().max(1)) else { return Ok(()) };
        let amount_fen = Fen::new((payment.amount_fen.get() * percent / 100).max(1));
        bank.send_back(&payment.bank_ref, Some(amount_fen), "AC07".to_owned())?;
        Ok(())
    }

    /// A statement of a day that the bank has closed: the first one while none was taken, since the one that is taken first by another road than
    /// the adapter's says where the account begins.
    pub(super) async fn any_statement(&mut self, nth: usize) -> Result<Option<Vec<u8>>, Stop> {
        let known: i64 =
            sqlx::query("select count(*) from statement").fetch_one(&mut self.db.outside).await?.try_get(0)?;
        let mut bank = self.bank();
        bank.catch_up()?;
        let seq = if known == 0 { 1 } else { u32::try_from(nth % bank.closed_days().max(1) + 1)? };
        Ok(bank.statement_as_it_is(seq))
    }

    pub(super) async fn deliver(&mut self, image: &Image, nth: usize, cut: bool) -> Result<(), Stop> {
        let Some(mut file) = self.any_statement(nth).await? else { return Ok(()) };
        if cut {
            file.truncate(file.len() / 2);
        }
        self.import(image, file).await.map(drop)
    }

    pub(super) async fn import(&mut self, image: &Image, file: Vec<u8>) -> Result<Option<recon::Imported>, Stop> {
        let app = self.app()?;
        let imported = async move {
            match &app.bank {
                Some(link) => recon::import(&app, link, &file).await,
                None => Err(Problem::new(Code::BankNotConfigured)),
            }
        };
        self.act(image, Box::pin(imported)).await
    }

    pub(super) async fn tell(&mut self, image: &Image, line: String) -> Result<(), Stop> {
        let app = self.app()?;
        let told = async move {
            let Some(link) = &app.bank else { return Ok(()) };
            let heard = link.adapter.parse(Inbound::Result, line.as_bytes()).map_err(Problem::internal)?;
            let txn = app.db.begin().await?;
            for fact in heard.facts.iter().chain(&heard.facts) {
                payouts::apply::take_fact(&txn, &app, &link.account, fact, payouts::apply::Road::Result).await?;
            }
            txn.commit().await?;
            Ok(())
        };
        self.act(image, Box::pin(told)).await.map(drop)
    }

    pub(super) async fn fetch(&mut self, image: &Image) -> Result<(), Stop> {
        let app = self.app()?;
        let written = async move {
            for kind in ["recon.fetch_statements", recon::documents::KIND] {
                let spec = JobSpec::new(kind, json!({})).unique("periodic");
                jobs::enqueue(app.db.write(), &app, spec).await?;
            }
            Ok(())
        };
        self.act(image, Box::pin(written)).await.map(drop)
    }

    /// Somebody with the database's own rights alters the bytes of a batch that was released and not sent.
    pub(super) async fn tamper(&mut self, nth: usize) -> Result<(), Stop> {
        let app = self.app()?;
        let batches = self.batches(&[BatchState::Prepared, BatchState::Released, BatchState::InDoubt]).await?;
        let Some(batch) = batches.get(nth % batches.len().max(1)) else { return Ok(()) };
        let row = sqlx::query("select bytes_sealed from payout_file where batch_id = $1").bind(batch.id);
        let sealed: Vec<u8> = row.fetch_one(&mut self.db.outside).await?.try_get(0)?;
        let bytes = app.sealer.open_bytes(Field::PayoutFile, &sealed).map_err(anyhow::Error::from)?;
        // Another amount and the totals with it: a file that the bank would take.
        let text = String::from_utf8(bytes.reveal().clone())?.replace("互助保障金", "互助金");
        let altered = app.sealer.seal(Field::PayoutFile, text).map_err(anyhow::Error::from)?;
        let trigger = "select sql from sqlite_schema where name = 'payout_file_never_changes'";
        let trigger: Option<String> = match sqlx::query(trigger).fetch_optional(&mut self.db.outside).await? {
            Some(row) => row.try_get(0)?,
            None => None,
        };
        sqlx::query("drop trigger if exists payout_file_never_changes").execute(&mut self.db.outside).await?;
        let update = sqlx::query("update payout_file set bytes_sealed = $1 where batch_id = $2");
        update.bind(altered).bind(batch.id).execute(&mut self.db.outside).await?;
        if let Some(trigger) = trigger {
            sqlx::query(AssertSqlSafe(trigger)).execute(&mut self.db.outside).await?;
        }
        self.tampered = true;
        Ok(())
    }

    /// Two days end, and on the second one the money of the first order comes back.
    pub(in crate::simulate) fn close_days_with_a_return(&mut self) -> Result<(), Stop> {
        self.bank().close_day()?;
        self.send_back(0, 100)?;
        self.bank().close_day()?;
        self.advance(2 * 24 * 3_600)
    }

    /// What the bank has to say by now: a line for each order, and each statement.
    pub(in crate::simulate) fn documents(&self) -> Result<Vec<Document>, Stop> {
        let mut bank = self.bank();
        let refs: Vec<String> = bank.payments().into_iter().map(|payment| payment.bank_ref).collect();
        let mut documents: Vec<Document> =
            refs.iter().filter_map(|bank_ref| bank.order(bank_ref)).map(Document::Result).collect();
        let closed = u32::try_from(bank.closed_days())?;
        documents.extend((1..=closed).filter_map(|seq| bank.statement_as_it_is(seq)).map(Document::Statement));
        Ok(documents)
    }

    /// A document of the bank is taken.
    pub(in crate::simulate) async fn take(&mut self, image: &Image, document: Document) -> Result<(), Stop> {
        match document {
            Document::Statement(file) => self.import(image, file).await.map(drop)?,
            Document::Result(line) => self.tell(image, line).await?,
        }
        self.look().await
    }
}
