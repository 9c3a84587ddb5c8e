//! The demo played through public HTTP: a member, a reviewer, a maker, a checker and the bank, one file a scene.
//!
//! Knows the service only by its routes; from its own side it takes the seeded credentials, the phones of the invented city and the address
//! of the bank simulator. Every write carries its own `Idempotency-Key` or version, so that a server that is killed in the middle is asked
//! again and nothing happens twice. Start reading at [`claim::one`].

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::StreamExt;
use tokio::sync::Mutex;

use super::Credentials;
use crate::app::Seams;
use crate::kernel::ids::Ids;

mod api;
mod bank;
mod cast;
mod claim;
mod declare;
mod facts;
mod fill;
mod follow;
mod pay;
mod person;
mod photos;
mod review;
mod say;
mod upload;

pub use api::Patience;
pub use say::{Manner, Teller};

/// What to play.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the service answers, without a slash at the end.
    pub url: String,
    /// Its data directory: the credentials file and the bank's address lie there.
    pub data_dir: PathBuf,
    /// How many claims.
    pub times: u32,
    /// How many at once.
    pub at_once: usize,
    /// How long a server that does not answer is asked again.
    pub patience: Patience,
}

/// What the claims are made of.
pub struct Props {
    facts: facts::Facts,
    photos: Vec<photos::Photo>,
    /// Whether the photographs are the program's own: their serial is declared once only.
    own_photos: bool,
}

impl Props {
    /// Reads the photographs, each named alone or as `kind=path`, and the file of facts; none takes what the program ships.
    ///
    /// # Errors
    /// When one can't be read; says which.
    pub fn read(photos: &[String], facts: Option<&Path>) -> anyhow::Result<Self> {
        Ok(Self { facts: facts::Facts::read(facts)?, photos: photos::read(photos)?, own_photos: photos.is_empty() })
    }
}

/// What all scenes of all claims share.
struct Stage {
    api: api::Api,
    seams: Seams,
    ids: Ids,
    credentials: Credentials,
    cast: cast::Cast,
    office: Mutex<person::Office>,
    payout_office: Mutex<()>,
    props: Props,
    data_dir: PathBuf,
    teller: Arc<Teller>,
}

/// Plays `options.times` claims made of `props` and the bank's end of day; answers how many were paid and settled. It tells each step through `teller`.
///
/// # Errors
/// When something can't be read before the first scene, or the bank's day does not settle what was paid.
pub async fn play(options: &Options, props: Props, teller: Arc<Teller>) -> anyhow::Result<u32> {
    let seams = Seams::default();
    let stage = Stage {
        api: api::Api::new(&options.url, options.patience)?,
        ids: Ids::new(seams.clock.clone(), seams.chance.clone()),
        credentials: Credentials::read(&options.data_dir)?,
        cast: cast::Cast::of_the_city(),
        office: Mutex::default(),
        payout_office: Mutex::default(),
        props,
        data_dir: options.data_dir.clone(),
        teller,
        seams,
    };
    let paid = AtomicU32::new(0);
    let (stage, counted) = (&stage, &paid);
    let played: Vec<Option<claim::Played>> = futures_util::stream::iter(1..=options.times)
        .map(|number| async move {
            match claim::one(stage, number).await {
                Ok(played) => {
                    counted.fetch_add(1, Ordering::Relaxed);
                    Some(played)
                }
                Err(error) => {
                    stage.teller.trouble(number, &error);
                    None
                }
            }
        })
        .buffer_unordered(options.at_once.max(1))
        .collect()
        .await;
    let played: Vec<claim::Played> = played.into_iter().flatten().collect();
    if played.is_empty() {
        return Ok(0);
    }
    bank::end_of_day(stage, &played).await?;
    for one in &played {
        follow::to_the_end(stage, one).await?;
    }
    Ok(paid.into_inner())
}
