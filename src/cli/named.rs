//! Who does something at the command line: a person of the staff, by login, so that it stands in the record.

use uuid::Uuid;

use crate::app::App;
use crate::identity::staff_accounts;

/// The roles that may hold orders and look after breaks.
const ROLES: [&str; 2] = ["payout_maker", "payout_checker"];

/// The person with this login, who must be active and a payout maker or checker.
pub(super) async fn payout_staff(app: &App, login: &str) -> anyhow::Result<Uuid> {
    let accounts = staff_accounts::list(app).await?;
    let account = accounts.into_iter().find(|account| account.login == login.to_lowercase());
    let account = account.ok_or_else(|| anyhow::anyhow!("nobody of the staff has the login {login}"))?;
    let may = account.state == "active" && account.roles.iter().any(|role| ROLES.contains(&role.as_str()));
    anyhow::ensure!(may, "{login} is not active, or neither payout_maker nor payout_checker");
    Ok(account.staff_id)
}
