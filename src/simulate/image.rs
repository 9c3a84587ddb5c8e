//! Databases in memory: one that is migrated and peopled once, and a copy of it for each seed, shared by whoever knows its name.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sea_orm::sqlx::{self, AssertSqlSafe, Connection, Row, SqliteConnection, SqlitePool};
use uuid::Uuid;

use super::fuse::Fuse;
use super::guards::Guard;
use super::world::Signers;
use crate::app::{App, Seams};
use crate::config::{Config, StorageKind};
use crate::db::Db;
use crate::kernel::chance::SeededChance;
use crate::kernel::clock::{ManualClock, Moment};
use crate::kernel::people::luhn_check;
use crate::kernel::seal::{Field, Key};
use crate::keys;
use crate::members::rows::{member, service_card};
use crate::organisations::Level;
use crate::organisations::rows::{organisation, staff, staff_role, unit};
use crate::payouts::bank::BankLink;
use crate::plans::rows::plan;
use crate::storage::Store;

/// Members of the city; the last ones have odd names or no card.
pub(super) const MEMBERS: usize = 16;
/// Monday, 2026-03-16, 09:00 in Shanghai.
pub(super) const START: Moment = Moment::from_ms(1_773_622_800_000);

/// Who is there.
#[derive(Clone, Debug, Default)]
pub(super) struct People {
    pub(super) city_id: Uuid,
    pub(super) makers: [Uuid; 2],
    pub(super) checkers: [Uuid; 2],
    pub(super) members: Vec<Uuid>,
    pub(super) plans: [Uuid; 2],
}

/// What every seed starts from.
pub(super) struct Image {
    template: SqliteConnection,
    config: Config,
    root_key: Key,
    storage: Store,
    directory: Directory,
    pub(super) people: People,
    pub(super) signers: Signers,
}

/// A folder that goes with its owner.
struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        // What cannot be removed is left to the machine's own cleaning.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The database of one seed. It lives as long as this does, whoever else connects.
pub(super) struct Database {
    name: String,
    pub(super) outside: SqliteConnection,
}

static NUMBER: AtomicU64 = AtomicU64::new(1);

fn new_name() -> String {
    format!("/huzhu-simulate-{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

fn options(name: &str) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(name)
        .vfs("memdb")
        .create_if_missing(true)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10))
        .statement_cache_capacity(512)
        .pragma("journal_mode", "MEMORY")
        .pragma("synchronous", "OFF")
        .pragma("temp_store", "MEMORY")
}

impl Image {
    /// Migrates a database and adds its people; the guards that are left out are not in it.
    pub(super) async fn make(without: &[&Guard]) -> anyhow::Result<Self> {
        let directory = std::env::temp_dir().join(format!("huzhu-simulate-{}", std::process::id()));
        crate::data_dir::make_private_dir(&directory)?;
        let directory = Directory(directory);
        let mut config = Config { data_dir: directory.0.clone(), without_installation_file: true, ..Config::default() };
        config.storage.kind = StorageKind::S3;
        config.storage.endpoint = Some("http://127.0.0.1:9".to_owned());
        let chance = Arc::new(SeededChance::new(0));
        let seams = Seams { clock: Arc::new(ManualClock::at(START)), chance: chance.clone() };
        let root_key = keys::root_key(&config.data_dir, chance.as_ref())?;
        let storage = Store::open(&config.storage, &config.data_dir, chance.as_ref()).await?;
        let migrated = new_name();
        let migrated_kept = SqliteConnection::connect_with(&options(&migrated)).await?;
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options(&migrated)).await?;
        Db::of_sqlite(pool.clone()).migrate().await?;
        pool.close().await;
        let name = new_name();
        let mut template = SqliteConnection::connect_with(&options(&name)).await?;
        rebuild(&mut template, &migrated, without).await?;
        migrated_kept.close().await?;
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options(&name)).await?;
        let app = App::of_parts(config.clone(), seams, Db::of_sqlite(pool.clone()), &root_key, storage.clone(), None);
        let people = people(&*app.await?).await?;
        pool.close().await;
        Ok(Self { template, config, root_key, storage, directory, people, signers: Signers::draw()? })
    }

    /// A copy of its own for one seed.
    pub(super) async fn copy(&mut self) -> anyhow::Result<Database> {
        copy_of(&mut self.template).await
    }

    /// The service as it starts on `db`.
    pub(super) async fn start(&self, db: Db, seams: Seams, bank: BankLink) -> anyhow::Result<Arc<App>> {
        debug_assert!(self.directory.0.exists());
        App::of_parts(self.config.clone(), seams, db, &self.root_key, self.storage.clone(), Some(bank)).await
    }
}

/// A copy of what `source` is connected to.
pub(super) async fn copy_of(source: &mut SqliteConnection) -> anyhow::Result<Database> {
    let name = new_name();
    let outside = SqliteConnection::connect_with(&options(&name)).await?;
    sqlx::query(AssertSqlSafe(format!("vacuum into 'file:{name}?vfs=memdb'"))).execute(source).await?;
    Ok(Database { name, outside })
}

impl Database {
    /// The connections of a process that dies by `fuse`.
    pub(super) async fn pool(&self, fuse: Arc<Fuse>) -> anyhow::Result<SqlitePool> {
        let options = options(&self.name);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .acquire_timeout(Duration::from_secs(20))
            .after_connect(move |connection, _| {
                let fuse = fuse.clone();
                Box::pin(async move {
                    connection.lock_handle().await?.set_commit_hook(move || fuse.commit());
                    Ok(())
                })
            });
        Ok(pool.connect_with(options).await?)
    }
}

/// Makes in `to` what the database `from` holds, without the guards that are left out.
async fn rebuild(to: &mut SqliteConnection, from: &str, without: &[&Guard]) -> anyhow::Result<()> {
    sqlx::query(AssertSqlSafe(format!("attach 'file:{from}?vfs=memdb' as old"))).execute(&mut *to).await?;
    sqlx::query("pragma foreign_keys = off").execute(&mut *to).await?;
    let sql = "select type, name, sql from old.sqlite_schema where sql is not null and name not like 'sqlite_%' \
               order by case type when 'table' then 0 when 'index' then 1 else 2 end, rowid";
    let rows = sqlx::query(sql).fetch_all(&mut *to).await?;
    let mut left: Vec<&str> = without.iter().flat_map(|guard| guard.drops.iter().map(|(name, ..)| *name)).collect();
    let mut later = Vec::new();
    for row in rows {
        let (kind, name, mut sql): (String, String, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let mut dropped = false;
        for (_, text, instead) in without.iter().flat_map(|guard| guard.drops).filter(|(of, ..)| *of == name) {
            if text.is_empty() {
                dropped = true;
            } else {
                anyhow::ensure!(sql.contains(text), "{name} has no longer: {text}");
                sql = sql.replace(text, instead);
            }
            left.retain(|of| *of != name);
        }
        if dropped {
            continue;
        }
        if kind == "table" {
            sqlx::query(AssertSqlSafe(sql)).execute(&mut *to).await?;
            let copy = format!("insert into main.\"{name}\" select * from old.\"{name}\"");
            sqlx::query(AssertSqlSafe(copy)).execute(&mut *to).await?;
        } else {
            later.push(sql);
        }
    }
    anyhow::ensure!(left.is_empty(), "no longer there: {}", left.join(", "));
    for sql in later {
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *to).await?;
    }
    sqlx::query("pragma foreign_keys = on").execute(&mut *to).await?;
    sqlx::query("detach old").execute(&mut *to).await?;
    Ok(())
}

/// The number of a card: 19 digits with their check digit.
pub(super) fn card_number(member: usize, version: i64) -> String {
    let body = format!("622202{member:06}{version:06}");
    let check = luhn_check(&body).unwrap_or(0);
    format!("{body}{check}")
}

fn name_of(member: usize) -> String {
    match member {
        10 => "阿依古丽•买买提".to_owned(),
        11 => "王䶮".to_owned(),
        // 63 bytes: no bank takes it, so it is held.
        12 => "长".repeat(21),
        13 => "李|强".to_owned(),
        _ => format!("会员{member}"),
    }
}

async fn people(app: &App) -> anyhow::Result<People> {
    let (db, now) = (app.db.write(), app.clock.now());
    let mut people = People { city_id: app.ids.next(), ..People::default() };
    let row = organisation::ActiveModel {
        id: Set(people.city_id),
        parent_id: Set(None),
        level: Set(Level::City),
        name: Set("样本市总工会".to_owned()),
        path: Set(format!("/{}/", people.city_id)),
        created_at_ms: Set(now),
    };
    organisation::Entity::insert(row).exec_without_returning(db).await?;
    let unit_id = app.ids.next();
    let row = unit::ActiveModel {
        id: Set(unit_id),
        organisation_id: Set(people.city_id),
        name: Set("样本机械厂".to_owned()),
        credit_code: Set("91110000SAMPLE0001".to_owned()),
        created_at_ms: Set(now),
    };
    unit::Entity::insert(row).exec_without_returning(db).await?;
    for (index, code) in ["inpatient", "outpatient"].into_iter().enumerate() {
        let id = app.ids.next();
        let row = plan::ActiveModel {
            id: Set(id),
            code: Set(code.to_owned()),
            name_zh: Set("住院".to_owned()),
            name_en: Set("Inpatient".to_owned()),
            funding: Set("with_membership".to_owned()),
            created_at_ms: Set(now),
        };
        plan::Entity::insert(row).exec_without_returning(db).await?;
        if let Some(slot) = people.plans.get_mut(index) {
            *slot = id;
        }
    }
    for index in 0..2 {
        let (maker, checker) = (app.ids.next(), app.ids.next());
        for (id, login, roles) in [
            // A maker who may also release: never what they prepared themselves.
            (maker, format!("maker{index}"), &["payout_maker", "payout_checker"][..]),
            (checker, format!("checker{index}"), &["payout_checker"][..]),
        ] {
            let row = staff::ActiveModel {
                id: Set(id),
                organisation_id: Set(people.city_id),
                unit_id: Set(None),
                login: Set(login.clone()),
                display_name: Set(login),
                state: Set(staff::StaffState::Active),
                version: Set(1),
                created_at_ms: Set(now),
            };
            staff::Entity::insert(row).exec_without_returning(db).await?;
            for role in roles {
                let row = staff_role::ActiveModel {
                    staff_id: Set(id),
                    role: Set((*role).to_owned()),
                    granted_at_ms: Set(now),
                };
                staff_role::Entity::insert(row).exec_without_returning(db).await?;
            }
        }
        if let (Some(one), Some(other)) = (people.makers.get_mut(index), people.checkers.get_mut(index)) {
            (*one, *other) = (maker, checker);
        }
    }
    for member in 0..MEMBERS {
        people.members.push(add_member(app, unit_id, member).await?);
    }
    Ok(people)
}

async fn add_member(app: &App, unit_id: Uuid, member: usize) -> anyhow::Result<Uuid> {
    let (id, sealer, now) = (app.ids.next(), &app.sealer, app.clock.now());
    let (name, national_id, phone) = (name_of(member), format!("N{member}"), format!("P{member}"));
    let row = member::ActiveModel {
        id: Set(id),
        unit_id: Set(unit_id),
        name_sealed: Set(sealer.seal(Field::Name, &name)?),
        national_id_sealed: Set(sealer.seal(Field::NationalId, &national_id)?),
        national_id_lookup: Set(sealer.lookup(Field::NationalId, &national_id)),
        phone_sealed: Set(sealer.seal(Field::Phone, &phone)?),
        phone_lookup: Set(sealer.lookup(Field::Phone, &phone)),
        language: Set("zh-CN".to_owned()),
        version: Set(1),
        created_at_ms: Set(now),
    };
    member::Entity::insert(row).exec_without_returning(app.db.write()).await?;
    // The last member has no card at all.
    if member + 1 < MEMBERS {
        let number = card_number(member, 1);
        let row = service_card::ActiveModel {
            id: Set(app.ids.next()),
            member_id: Set(id),
            card_version: Set(1),
            number_sealed: Set(sealer.seal(Field::CardNumber, &number)?),
            number_lookup: Set(sealer.lookup(Field::CardNumber, &number)),
            number_tail: Set(number.get(number.len().saturating_sub(4)..).unwrap_or_default().to_owned()),
            holder_name_sealed: Set(sealer.seal(Field::Name, &name)?),
            state: Set(service_card::CardState::Active),
            usable_from_ms: Set(Moment::EPOCH),
            created_at_ms: Set(now),
        };
        service_card::Entity::insert(row).exec_without_returning(app.db.write()).await?;
    }
    Ok(id)
}
