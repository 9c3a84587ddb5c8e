//! `huzhu staff`: add, list, unlock, disable. A password is read from standard input or made here; it and the authenticator's secret
//! are shown once.

use std::io::BufRead;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use sea_orm::{DatabaseTransaction, EntityTrait};
use uuid::Uuid;

use crate::app::{App, Seams};
use crate::config::Config;
use crate::http::Role;
use crate::identity::staff_accounts::{self, NewStaff};
use crate::identity::{password, permissions, totp};
use crate::kernel::secret::Secret;
use crate::organisations::found;
use crate::organisations::rows::unit;

/// Accounts of the staff.
#[derive(Debug, Subcommand)]
pub(super) enum Staff {
    /// Make an account and show its password and authenticator address, once.
    Add(AddStaff),
    /// List all accounts.
    List,
    /// Release a login that was locked after five failures.
    Unlock {
        /// The login.
        login: String,
    },
    /// Disable a login and end its sessions.
    Disable {
        /// The login.
        login: String,
    },
}

/// A new account.
#[derive(Args, Debug)]
pub(super) struct AddStaff {
    /// The login: 3 to 64 letters, digits, dots, dashes and underscores.
    login: String,
    /// What colleagues and members see.
    #[arg(long)]
    name: String,
    /// The organisation's id. Default: the unit's organisation, or else the city.
    #[arg(long)]
    organisation: Option<Uuid>,
    /// The unit's id, for a liaison.
    #[arg(long)]
    unit: Option<Uuid>,
    /// A role: liaison, reviewer, payout_maker, payout_checker, plan_editor or auditor. May be given more than once.
    #[arg(long = "role", required = true, value_parser = role)]
    roles: Vec<Role>,
    /// Read the password from the first line of standard input instead of making one.
    #[arg(long)]
    password_stdin: bool,
}

fn role(word: &str) -> Result<Role, String> {
    permissions::role_of(word).filter(|role| permissions::is_staff(*role)).ok_or_else(|| {
        let words: Vec<&str> =
            permissions::ROLES.into_iter().filter(|role| permissions::is_staff(*role)).map(permissions::word).collect();
        format!("one of {}", words.join(", "))
    })
}

pub(super) async fn staff(config: Config, verb: Staff) -> anyhow::Result<ExitCode> {
    let app = App::build(config, Seams::default()).await?;
    match verb {
        Staff::Add(new) => add(&app, new).await?,
        Staff::List => list(&app).await?,
        Staff::Unlock { login } => {
            let released = staff_accounts::unlock(&app, &login).await?;
            say!("{}", if released { "Released." } else { "It was not locked." });
        }
        Staff::Disable { login } => {
            let ended = staff_accounts::disable(&app, &login).await?;
            say!("Disabled; {ended} session(s) ended.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn add(app: &App, new: AddStaff) -> anyhow::Result<()> {
    let (given, made) = if new.password_stdin {
        (Secret::new(first_line()?), None)
    } else {
        let made = password::generate(app.chance.as_ref());
        (made.clone(), Some(made))
    };
    let txn = app.db.begin().await?;
    let staff = NewStaff {
        login: &new.login,
        display_name: &new.name,
        organisation_id: place_of(&txn, &new).await?,
        unit_id: new.unit,
        roles: &new.roles,
    };
    let staff_id = staff_accounts::create(&txn, app, &staff).await?;
    let secret = staff_accounts::set_credentials(&txn, app, staff_id, &new.login, given).await?;
    txn.commit().await?;
    say!("staff id        {staff_id}");
    say!("login           {}", new.login.to_lowercase());
    if let Some(made) = made {
        say!("password        {}", made.reveal());
    }
    say!("authenticator   {}", totp::otpauth_uri("Huzhu", &new.login, secret.reveal()));
    say!("These are shown this once. Hand them over in person.");
    Ok(())
}

/// Where the new person works.
async fn place_of(txn: &DatabaseTransaction, new: &AddStaff) -> anyhow::Result<Uuid> {
    if let Some(id) = new.organisation {
        return Ok(id);
    }
    if let Some(unit_id) = new.unit {
        let unit = unit::Entity::find_by_id(unit_id).one(txn).await?;
        return unit.map(|unit| unit.organisation_id).ok_or_else(|| anyhow::anyhow!("there is no unit {unit_id}"));
    }
    let city = found::the_city(txn).await?;
    city.map(|city| city.id).ok_or_else(|| {
        anyhow::anyhow!(
            "say where with --organisation ID (huzhu organisations list); a new installation first makes its city: \
             huzhu organisations add NAME --level city"
        )
    })
}

async fn list(app: &App) -> anyhow::Result<()> {
    for account in staff_accounts::list(app).await? {
        let state = if account.locked { "locked" } else { &account.state };
        let (login, roles) = (&account.login, account.roles.join(","));
        say!("{login:<20} {state:<9} {roles:<30} {}  {}", account.display_name, account.organisation);
    }
    Ok(())
}

fn first_line() -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
