//! Writing the invented city into the database: once, in one transaction.

use std::collections::BTreeMap;

use sea_orm::{ActiveValue::Set, DatabaseTransaction, DbErr, EntityTrait};
use time::Date;
use time::macros::date;
use uuid::Uuid;

use super::city::{City, Person};
use super::credentials::Credentials;
use super::issue::issue;
use crate::app::App;
use crate::config::Environment;
use crate::kernel::clock::Moment;
use crate::kernel::seal::Field;
use crate::members::rows::{member, service_card};
use crate::organisations::rows::{organisation, unit};
use crate::plans::rows::{enrolment, plan};
use crate::plans::{PlanDocument, SAMPLES, load};

/// Rows of one insert: PostgreSQL takes 65,535 values a statement, SQLite 32,766.
const ROWS_A_STATEMENT: usize = 500;

/// What seeding did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seeded {
    /// The city was written.
    Founded {
        /// Members of the city.
        members: usize,
    },
    /// The city and its credentials file were there.
    Present,
    /// The city was there and its credentials file was not: staff and bank were given new credentials.
    NewCredentials,
}

/// Seeds the demo's city; a second call changes nothing.
///
/// # Errors
/// In production; when the database or the credentials file can't be written.
pub async fn seed(app: &App) -> anyhow::Result<Seeded> {
    anyhow::ensure!(app.config.environment != Environment::Production, "the demo's city is refused in production");
    let city = City::invent();
    let Some(root) = city.root() else { anyhow::bail!("the demo's city has no office") };
    let founded = organisation::Entity::find_by_id(root.id).one(app.db.read()).await?.is_some();
    if founded && Credentials::path(&app.config.data_dir).exists() {
        return Ok(Seeded::Present);
    }
    let txn = app.db.begin().await?;
    if !founded {
        found(&txn, app, &city).await?;
    }
    let credentials = issue(&txn, app, &city).await?;
    let draft = credentials.draft(&app.config.data_dir)?;
    txn.commit().await?;
    // A process that dies here leaves no file, and the next start issues new credentials.
    draft.publish()?;
    Ok(if founded { Seeded::NewCredentials } else { Seeded::Founded { members: city.people.len() } })
}

async fn found(txn: &DatabaseTransaction, app: &App, city: &City) -> anyhow::Result<()> {
    let now = app.clock.now();
    insert(
        txn,
        city.organisations.iter().map(|node| organisation::ActiveModel {
            id: Set(node.id),
            parent_id: Set(node.parent_id),
            level: Set(node.level),
            name: Set(node.name.to_owned()),
            path: Set(node.path.clone()),
            created_at_ms: Set(now),
        }),
    )
    .await?;
    insert(
        txn,
        city.units.iter().map(|row| unit::ActiveModel {
            id: Set(row.id),
            organisation_id: Set(row.organisation_id),
            name: Set(row.name.to_owned()),
            credit_code: Set(row.credit_code.clone()),
            created_at_ms: Set(now),
        }),
    )
    .await?;
    let members: Vec<_> = city.people.iter().map(|person| member_row(app, person, now)).collect::<Result<_, _>>()?;
    insert(txn, members).await?;
    let cards: Vec<_> = city.people.iter().map(|person| card_row(app, person, now)).collect::<Result<_, _>>()?;
    insert(txn, cards).await?;
    for (file, text) in SAMPLES {
        let document = PlanDocument::from_toml(file, text)?;
        load(txn, app, &document).await?;
    }
    let plans: BTreeMap<String, Uuid> =
        plan::Entity::find().all(txn).await?.into_iter().map(|plan| (plan.code, plan.id)).collect();
    let cover: Vec<_> = city.people.iter().flat_map(|person| covers(city, person, &plans, now)).collect();
    insert(txn, cover).await?;
    Ok(())
}

fn member_row(app: &App, person: &Person, now: Moment) -> anyhow::Result<member::ActiveModel> {
    let sealer = &app.sealer;
    Ok(member::ActiveModel {
        id: Set(person.id),
        unit_id: Set(person.unit_id),
        name_sealed: Set(sealer.seal(Field::Name, &person.name)?),
        national_id_sealed: Set(sealer.seal(Field::NationalId, &person.national_id)?),
        national_id_lookup: Set(sealer.lookup(Field::NationalId, &person.national_id)),
        phone_sealed: Set(sealer.seal(Field::Phone, &person.phone)?),
        phone_lookup: Set(sealer.lookup(Field::Phone, &person.phone)),
        language: Set("zh-CN".to_owned()),
        version: Set(1),
        created_at_ms: Set(now),
    })
}

fn card_row(app: &App, person: &Person, now: Moment) -> anyhow::Result<service_card::ActiveModel> {
    let (sealer, number) = (&app.sealer, &person.card_number);
    Ok(service_card::ActiveModel {
        id: Set(person.card_id),
        member_id: Set(person.id),
        card_version: Set(1),
        number_sealed: Set(sealer.seal(Field::CardNumber, number)?),
        number_lookup: Set(sealer.lookup(Field::CardNumber, number)),
        number_tail: Set(number.get(number.len() - 4..).unwrap_or_default().to_owned()),
        holder_name_sealed: Set(sealer.seal(Field::Name, &person.name)?),
        state: Set(service_card::CardState::Active),
        usable_from_ms: Set(Moment::EPOCH),
        created_at_ms: Set(now),
    })
}

/// Free cover since the year of joining, and three yearly terms of the plans that the unit pays for.
fn covers(city: &City, person: &Person, plans: &BTreeMap<String, Uuid>, now: Moment) -> Vec<enrolment::ActiveModel> {
    let row = |plan: &str, unit_id, starts_on, ends_on, renewal| {
        plans.get(plan).map(|plan_id| enrolment::ActiveModel {
            id: Set(city.ids.next()),
            member_id: Set(person.id),
            plan_id: Set(*plan_id),
            plan_version_id: Set(None),
            unit_id: Set(unit_id),
            shares: Set(1),
            starts_on: Set(starts_on),
            ends_on: Set(ends_on),
            renewal: Set(renewal),
            created_at_ms: Set(now),
        })
    };
    let joined = if person.newcomer { date!(2026 - 01 - 01) } else { date!(2024 - 01 - 01) };
    let mut rows: Vec<_> = row("second_reimbursement", None, joined, None, false).into_iter().collect();
    for (plan, takes_part) in [("hospital_allowance", person.allowance), ("hospital_medical", person.medical)] {
        for (first, last) in TERMS {
            if takes_part && first >= joined {
                rows.extend(row(plan, Some(person.unit_id), first, Some(last), first > joined));
            }
        }
    }
    rows
}

const TERMS: [(Date, Date); 4] = [
    (date!(2024 - 01 - 01), date!(2024 - 12 - 31)),
    (date!(2025 - 01 - 01), date!(2025 - 12 - 31)),
    (date!(2026 - 01 - 01), date!(2026 - 12 - 31)),
    (date!(2027 - 01 - 01), date!(2027 - 12 - 31)),
];

async fn insert<A>(txn: &DatabaseTransaction, rows: impl IntoIterator<Item = A>) -> Result<(), DbErr>
where
    A: sea_orm::ActiveModelTrait,
{
    let rows: Vec<A> = rows.into_iter().collect();
    for part in rows.chunks(ROWS_A_STATEMENT) {
        <A::Entity as EntityTrait>::insert_many(part.iter().cloned()).exec_without_returning(txn).await?;
    }
    Ok(())
}
