//! `huzhu organisations`: the tree 市 → 区 → 基层 and its units. The first command of a new installation makes the city.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use sea_orm::{ActiveEnum, EntityTrait, QueryOrder};
use uuid::Uuid;

use super::table;
use crate::app::{App, Seams};
use crate::config::Config;
use crate::organisations::rows::{organisation, unit};
use crate::organisations::{Level, found};

/// The tree of organisations and its units.
#[derive(Debug, Subcommand)]
pub(super) enum Organisations {
    /// Make an organisation: the city first, of which there is one.
    Add(Add),
    /// List the tree.
    List,
    /// Make a unit: an employer whose union enrols people.
    AddUnit(AddUnit),
    /// List the units.
    Units,
}

/// A new organisation.
#[derive(Args, Debug)]
pub(super) struct Add {
    /// Its name.
    name: String,
    /// Its level.
    #[arg(long)]
    level: LevelWord,
    /// The id of the one above: for a grassroots organisation its district; a district lies below the city.
    #[arg(long)]
    parent: Option<Uuid>,
}

/// A new unit.
#[derive(Args, Debug)]
pub(super) struct AddUnit {
    /// Its name.
    name: String,
    /// The id of the organisation that it hangs on.
    #[arg(long)]
    organisation: Uuid,
    /// 统一社会信用代码, 18 digits and capital letters.
    #[arg(long)]
    credit_code: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LevelWord {
    /// 市
    City,
    /// 区, 产业, 局总公司
    District,
    /// 基层
    Grassroots,
}

impl From<LevelWord> for Level {
    fn from(word: LevelWord) -> Self {
        match word {
            LevelWord::City => Self::City,
            LevelWord::District => Self::District,
            LevelWord::Grassroots => Self::Grassroots,
        }
    }
}

pub(super) async fn organisations(config: Config, verb: Organisations) -> anyhow::Result<ExitCode> {
    let app = App::build(config, Seams::default()).await?;
    match verb {
        Organisations::Add(new) => {
            let txn = app.db.begin().await?;
            let id = found::add(&txn, &app, &new.name, new.level.into(), new.parent).await?;
            txn.commit().await?;
            say!("organisation id {id}");
        }
        Organisations::AddUnit(new) => {
            let txn = app.db.begin().await?;
            let id = found::add_unit(&txn, &app, &new.name, new.organisation, &new.credit_code).await?;
            txn.commit().await?;
            say!("unit id         {id}");
        }
        Organisations::List => list(&app).await?,
        Organisations::Units => units(&app).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(app: &App) -> anyhow::Result<()> {
    let found = organisation::Entity::find().order_by_asc(organisation::Column::Path).all(app.db.read()).await?;
    let rows: Vec<Vec<String>> = found
        .into_iter()
        .map(|row| {
            let above = row.parent_id.map_or_else(String::new, |id| id.to_string());
            vec![row.id.to_string(), row.level.to_value(), above, row.name]
        })
        .collect();
    table::print(&["organisation", "level", "above", "name"], &rows);
    Ok(())
}

async fn units(app: &App) -> anyhow::Result<()> {
    let found = unit::Entity::find().order_by_asc(unit::Column::CreditCode).all(app.db.read()).await?;
    let rows: Vec<Vec<String>> = found
        .into_iter()
        .map(|row| vec![row.id.to_string(), row.organisation_id.to_string(), row.credit_code, row.name])
        .collect();
    table::print(&["unit", "organisation", "credit code", "name"], &rows);
    Ok(())
}
