//! The bank as this process is configured to reach it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use super::Adapter;
use super::bulk_files::BulkFiles;
use super::cn_bulk::pay_file::FileLimits;
use super::direct::Direct;
use super::iso::IsoFiles;
use super::pulled::Pulled;
use super::rules::BankRules;
use super::seals::Seals;
use super::simulator::Simulator;
use super::transport::{self, Transport};
use crate::app::Seams;
use crate::config::{Bank, BankFiles, BankKind};
use crate::http_client::{HttpClient, OwnFiles, Timeouts, Tls};
use crate::recon::matching::Words;

/// A bank, the account at it that pays, and how its statements speak.
#[derive(Clone)]
pub struct BankLink {
    /// How to talk to it.
    pub adapter: Arc<dyn Adapter>,
    /// The account that pays.
    pub account: String,
    /// The fund's customer number.
    pub corp_id: String,
    /// The words of its statements.
    pub words: Words,
    /// Where it leaves files for us, when it does.
    pub transport: Option<Arc<dyn Transport>>,
    /// How much it may pay, and when.
    pub rules: BankRules,
    /// True when the bank's own job comes for batches and brings what became of them: nothing is sent from here.
    pub pulled: bool,
    /// What signs for the fund, whom it seals for, and whose signature it believes.
    pub seals: Option<Arc<Seals>>,
}

impl BankLink {
    /// The link that `bank` describes.
    ///
    /// # Errors
    /// When the HTTP client can't be built, or a key or certificate can't be read.
    pub fn from_config(bank: &Bank, seams: &Seams) -> anyhow::Result<Self> {
        let timeouts = Timeouts {
            connect: Duration::from_millis(bank.connect_timeout_ms),
            answer: Duration::from_millis(bank.answer_timeout_ms),
        };
        let seals = bank.seals.as_ref().map(Seals::read).transpose()?.map(Arc::new);
        let mut words = Words { funding_tail: bank.funding_tail.clone(), ..Words::default() };
        let mut place_of_files = None;
        let adapter: Arc<dyn Adapter> = match bank.kind {
            BankKind::Simulator => Arc::new(
                Simulator::new(HttpClient::new(timeouts)?, &bank.url, bank.max_orders)
                    .with_not_found_gap(bank.not_found_gap_secs),
            ),
            BankKind::Iso20022Files => {
                let files = bank.files.as_ref().ok_or_else(|| anyhow::anyhow!("bank.files is missing"))?;
                let place = transport::open(files);
                place_of_files = Some(place.clone());
                let (name, cnaps) = (files.debtor_name.clone(), files.cnaps.clone());
                Arc::new(IsoFiles::new(place, name, cnaps, bank.max_orders))
            }
            BankKind::CnBulkFiles => {
                let files = bank.files.as_ref().ok_or_else(|| anyhow::anyhow!("bank.files is missing"))?;
                let seals = seals.clone().ok_or_else(|| anyhow::anyhow!("bank.seals is missing"))?;
                let place = transport::open(files);
                place_of_files = Some(place.clone());
                words = Words { funding: files.funding_text().into(), charge: files.charge_text().into(), ..words };
                Arc::new(BulkFiles::new(
                    place,
                    seals,
                    seams.clock.clone(),
                    seams.chance.clone(),
                    file_limits(bank, files),
                ))
            }
            BankKind::Direct => {
                let client = match Self::tls_of(bank)? {
                    Some(tls) => HttpClient::over_tls(timeouts, tls),
                    None => HttpClient::new(timeouts)?,
                };
                let direct =
                    Direct::new(client, &bank.url, bank.max_orders).with_not_found_gap(bank.not_found_gap_secs);
                Arc::new(direct.with_resend_window(bank.resend_window_secs))
            }
            BankKind::Pull => Arc::new(Pulled::new(bank.max_orders)),
        };
        Ok(Self {
            adapter,
            account: bank.account.clone(),
            corp_id: bank.corp_id.clone(),
            words,
            transport: place_of_files,
            rules: BankRules::of(bank),
            pulled: bank.kind == BankKind::Pull,
            seals,
        })
    }

    /// How a bank that is called directly is known and what we show to it; none for one in clear on this machine.
    ///
    /// # Errors
    /// When a certificate or key can't be read.
    pub fn tls_of(bank: &Bank) -> anyhow::Result<Option<Tls>> {
        if !bank.url.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:")) {
            return Ok(None);
        }
        let files = bank.tls.clone().unwrap_or_default();
        let own = files.certificate_file.as_deref().zip(files.key_file.as_deref());
        let own = own.map(|(certificate, key)| OwnFiles { certificate, key });
        Tls::read(files.ca_file.as_deref(), own).context("bank.tls").map(Some)
    }
}

/// What a file may hold: one order never more than a batch.
fn file_limits(bank: &Bank, files: &BankFiles) -> FileLimits {
    FileLimits {
        charset: files.charset(),
        max_lines: bank.max_orders,
        max_name_bytes: files.max_name_bytes(),
        max_amount_fen: bank.max_batch_fen,
        max_total_fen: bank.max_batch_fen,
        remark: files.remark().to_owned(),
    }
}

impl std::fmt::Debug for BankLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BankLink").field("adapter", &self.adapter.name()).finish_non_exhaustive()
    }
}
