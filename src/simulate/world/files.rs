//! Files that come by the road of directories: what the bank signed, and what must not count.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};

use super::{Stop, World};
use crate::gm::{self, Own};
use crate::kernel::chance::SeededChance;
use crate::kernel::clock::{Clock, Moment};
use crate::payouts::bank::Seals;
use crate::payouts::bank::transport::{Incoming, Offered, Put, Transport, TransportError};
use crate::recon;
use crate::simulate::image::{Image, START};
use crate::simulate::judge;

/// What lies there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulate) enum Lying {
    /// A statement as the bank signed it, perhaps once more.
    Signed,
    /// One without a signature.
    Unsigned,
    /// One that somebody else signed.
    OtherSigner,
    /// One that the bank signed with a certificate that has ended.
    Expired,
    /// One that was altered after it was signed.
    Altered,
    /// Half of one, whose mark names the whole.
    Half,
    /// One that was changed after its mark was made.
    Changed,
    /// Another one under the name of one that the bank signed.
    SameName,
    /// A file that the bank signed and that asks more of a reader than any message does.
    Bomb(Bomb),
}

/// How it does so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulate) enum Bomb {
    /// Names that stand for many of each other.
    Entities,
    /// A name that stands for a file of ours.
    Outside,
    /// Elements in elements.
    Depth,
    /// Attributes of one element.
    Attributes,
}

impl Lying {
    /// Its name among the faults; none for what is everyday.
    pub(in crate::simulate) const fn word(self) -> Option<&'static str> {
        Some(match self {
            Self::Signed => return None,
            Self::Unsigned | Self::OtherSigner | Self::Expired | Self::Altered => "signature_wrong",
            Self::Half | Self::Changed | Self::SameName => "file_incomplete",
            Self::Bomb(_) => "bomb",
        })
    }
}

/// Who signs: the fund and the bank, and those who do not count.
#[derive(Debug)]
pub(in crate::simulate) struct Signers {
    pub(in crate::simulate) seals: Arc<Seals>,
    bank: Own,
    ended: Own,
    stranger: Own,
}

impl Signers {
    /// Certificates that count through every seed, and one that ended before.
    pub(in crate::simulate) fn draw() -> anyhow::Result<Self> {
        let chance = SeededChance::new(1);
        let own = |subject, at: Moment, days| Own::self_signed(subject, at, days, &chance);
        let before = START.plus_secs(-30 * 24 * 3_600);
        let (fund, bank) = (own("CN=fund,C=CN", before, 3_650)?, own("CN=bank,C=CN", before, 3_650)?);
        let (ended, stranger) = (own("CN=bank,C=CN", before, 10)?, own("CN=bank,C=CN", before, 3_650)?);
        let seals = Arc::new(Seals::new(fund, bank.certificate.clone(), Some(ended.certificate.clone())));
        Ok(Self { seals, bank, ended, stranger })
    }

    /// The signature that lies beside `bytes`.
    fn sign(&self, what: Lying, bytes: &[u8], now: Moment) -> anyhow::Result<Option<Vec<u8>>> {
        let (own, at) = match what {
            Lying::Unsigned => return Ok(None),
            Lying::OtherSigner => (&self.stranger, now),
            Lying::Expired => (&self.ended, START.plus_secs(-29 * 24 * 3_600)),
            _ => (&self.bank, now),
        };
        Ok(Some(gm::sign(bytes, own, at)?))
    }
}

/// A directory of the bank in memory.
#[derive(Default)]
pub(in crate::simulate) struct Folder(Mutex<BTreeMap<String, Kept>>);

/// A file in it, with what stands beside it.
#[derive(Clone)]
struct Kept {
    what: Lying,
    bytes: Vec<u8>,
    signature: Option<Vec<u8>>,
    sha256: Option<String>,
}

impl Folder {
    fn files(&self) -> MutexGuard<'_, BTreeMap<String, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, name: &str) -> Result<Kept, TransportError> {
        let gone = || TransportError { doing: "read", reason: "it is gone".to_owned() };
        self.files().get(name).cloned().ok_or_else(gone)
    }

    /// The bank takes away what does not count.
    pub(super) fn clear(&self) {
        self.files().retain(|_, kept| kept.what == Lying::Signed);
    }

    /// True when something lies there that may count.
    fn may_count(&self) -> bool {
        self.files().values().any(|kept| kept.what == Lying::Signed)
    }
}

#[async_trait]
impl Transport for Folder {
    fn place(&self) -> String {
        "memory".to_owned()
    }

    async fn ready(&self) -> Result<(), TransportError> {
        Ok(())
    }

    async fn put(&self, _: &str, _: Vec<u8>, _: &str, _: Option<Vec<u8>>) -> Put {
        Put::NothingThere { why: "not_played" }
    }

    async fn list(&self) -> Result<Vec<Offered>, TransportError> {
        let offered = |(name, kept): (&String, &Kept)| Offered {
            name: name.clone(),
            sha256: kept.sha256.clone(),
            changed: kept.what == Lying::Changed,
        };
        Ok(self.files().iter().map(offered).collect())
    }

    async fn get(&self, name: &str) -> Result<Incoming, TransportError> {
        Ok(Box::pin(Cursor::new(self.file(name)?.bytes)))
    }

    async fn signature(&self, name: &str) -> Result<Option<Vec<u8>>, TransportError> {
        Ok(self.file(name)?.signature)
    }

    async fn archive(&self, name: &str) -> Result<(), TransportError> {
        self.files().remove(name);
        Ok(())
    }
}

impl World {
    /// Another file lies there, and everything that lies there is taken. Only a statement as the bank signed it may change anything.
    pub(super) async fn find_file(&mut self, image: &Image, what: Lying, nth: usize) -> Result<(), Stop> {
        let Some(whole) = self.any_statement(nth).await? else { return Ok(()) };
        let bytes = match what {
            Lying::Bomb(bomb) => bomb.bytes(),
            Lying::SameName => altered(&whole, 1),
            _ => whole,
        };
        let signature = image.signers.sign(what, &bytes, self.ours.now())?;
        let sha256 = (what == Lying::Half).then(|| hex::encode(Sha256::digest(&bytes)));
        let bytes = match what {
            Lying::Altered => altered(&bytes, 3),
            Lying::Changed => altered(&bytes, 2),
            Lying::Half => bytes.get(..bytes.len() / 2).unwrap_or_default().to_vec(),
            _ => bytes,
        };
        let name = match (what, self.last_signed) {
            (Lying::SameName, Some(step)) => step,
            _ => self.counts.steps,
        };
        if what == Lying::Signed {
            self.last_signed = Some(name);
        }
        self.folder.files().insert(format!("{name}.txt"), Kept { what, bytes, signature, sha256 });
        let may_count = self.folder.may_count();
        let before = judge::digest(&mut self.db.outside, true).await?;
        self.take_files(image).await?;
        if may_count || judge::digest(&mut self.db.outside, true).await? == before {
            return Ok(());
        }
        Err(Stop::Violation(vec![format!(
            "{} {what:?}: what does not count had an effect",
            what.word().unwrap_or_default()
        )]))
    }

    /// What the job does that looks for files of the bank.
    pub(super) async fn take_files(&mut self, image: &Image) -> Result<(), Stop> {
        let app = self.app()?;
        let taken = async move {
            let Some(link) = &app.bank else { return Ok(()) };
            let Some(transport) = &link.transport else { return Ok(()) };
            recon::take_all(&app, link, transport.as_ref()).await.map(drop)
        };
        self.act(image, Box::pin(taken)).await.map(drop)
    }
}

/// `bytes` with so many figures changed.
fn altered(bytes: &[u8], figures: usize) -> Vec<u8> {
    String::from_utf8_lossy(bytes).replacen('0', "1", figures).into_bytes()
}

impl Bomb {
    fn bytes(self) -> Vec<u8> {
        let open = "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt>";
        let close = "</BkToCstmrStmt></Document>";
        let each = |count: usize, of: fn(usize) -> String| (1..=count).map(of).collect::<String>();
        let body = match self {
            Self::Entities => {
                let entities = each(30, |n| format!("<!ENTITY e{n} \"&e{0};&e{0};\">", n - 1));
                format!("<!DOCTYPE Document [<!ENTITY e0 \"9\">{entities}]>{open}&e30;{close}")
            }
            Self::Outside => {
                format!("<!DOCTYPE Document [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>{open}&e;{close}")
            }
            Self::Depth => format!("{open}{}{}{close}", "<Stmt>".repeat(20_000), "</Stmt>".repeat(20_000)),
            Self::Attributes => {
                let attributes = each(20_000, |n| format!(" a{n}=\"\""));
                format!("{open}<Stmt{attributes}/>{close}")
            }
        };
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{body}").into_bytes()
    }
}
