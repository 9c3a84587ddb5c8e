//! `App`: everything that a request, a job or a verb of the command line needs, built one way for all of them.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::bill_checks::BillLink;
use crate::calendar::Calendars;
use crate::config::Config;
use crate::data_dir::make_private_dir;
use crate::db::{Db, sealing_keys};
use crate::documents::Uploads;
use crate::identity::Identity;
use crate::kernel::chance::{Chance, SystemChance};
use crate::kernel::clock::{Clock, SystemClock};
use crate::kernel::ids::Ids;
use crate::kernel::seal::{Key, Sealer, keyed_hash};
use crate::keys;
use crate::payouts::bank::BankLink;
use crate::plans::DocumentCache;
use crate::storage::Store;

/// The parts that a test replaces.
#[derive(Clone)]
pub struct Seams {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub chance: Arc<dyn Chance>,
}

impl Default for Seams {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), chance: Arc::new(SystemChance) }
    }
}

/// Everything that a request or a job needs. Cheap to share, never changed after it was built.
pub struct App {
    /// What the operator set.
    pub config: Config,
    /// The database.
    pub db: Db,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub chance: Arc<dyn Chance>,
    /// New identifiers.
    pub ids: Ids,
    /// Seals personal fields.
    pub sealer: Sealer,
    /// Where documents are kept.
    pub storage: Store,
    /// Tokens, sessions that ended lately, short messages.
    pub identity: Identity,
    /// Uploads on their way in.
    pub uploads: Uploads,
    /// Authenticates page cursors.
    pub cursor_key: Key,
    /// The bank that payouts go through; none: nothing is dispatched.
    pub bank: Option<BankLink>,
    /// Who checks bills at their source; none: no bill can be checked.
    pub bill_checks: Option<BillLink>,
    /// The working days.
    pub calendars: Calendars,
    /// The documents of plan versions, once they were read.
    pub plan_documents: DocumentCache,
    /// Told after each commit that wrote a job, so that a worker of this process need not wait for its next look.
    pub job_written: Notify,
}

impl App {
    /// Builds the app: makes the data directory when it is missing, connects, brings the tables up to date, and makes
    /// the root key when there is none and nothing in the database is sealed under one.
    ///
    /// # Errors
    /// Says which part failed and why.
    pub async fn build(config: Config, seams: Seams) -> anyhow::Result<Arc<Self>> {
        make_private_dir(&config.data_dir)?;
        let url = config.database_url();
        let db = Db::connect(url.reveal(), config.database.max_connections)
            .await
            .map_err(|error| anyhow::anyhow!("the database can't be reached: {error}"))?;
        db.migrate().await?;
        let root_key = if sealing_keys::are_there(db.write()).await? {
            keys::present_root_key(&config.data_dir)?
        } else {
            keys::root_key(&config.data_dir, seams.chance.as_ref())?
        };
        let storage = Store::open(&config.storage, &config.data_dir, seams.chance.as_ref()).await?;
        let bank = config.bank.as_ref().map(|bank| BankLink::from_config(bank, &seams)).transpose()?;
        Self::of_parts(config, seams, db, &root_key, storage, bank).await
    }

    /// The app over a database, a store and a bank that are there.
    ///
    /// # Errors
    /// Says which part failed and why.
    pub(crate) async fn of_parts(
        config: Config,
        seams: Seams,
        db: Db,
        root_key: &Key,
        storage: Store,
        bank: Option<BankLink>,
    ) -> anyhow::Result<Arc<Self>> {
        let sealer = sealing_keys::open(db.write(), root_key, seams.chance.clone(), seams.clock.now()).await?;
        let ids = Ids::new(seams.clock.clone(), seams.chance.clone());
        let uploads = Uploads::open(&config.spool_dir(), ids.next(), &config.documents)?;
        Ok(Arc::new(Self {
            ids,
            cursor_key: Key::new(keyed_hash(root_key, &[b"huzhu page cursors"])),
            identity: Identity::build(&config, seams.chance.as_ref(), seams.clock.now())?,
            bank,
            bill_checks: config.bill_checks.as_ref().map(BillLink::from_config).transpose()?,
            job_written: Notify::new(),
            calendars: Calendars::default(),
            plan_documents: DocumentCache::default(),
            clock: seams.clock,
            chance: seams.chance,
            sealer,
            uploads,
            storage,
            db,
            config,
        }))
    }
}
