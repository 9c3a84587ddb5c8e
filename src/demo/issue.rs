//! Fresh credentials for the demo's staff and for the card bank's program.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::city::{City, Organisation};
use super::credentials::{Credentials, DemoClient, DemoMember, DemoStaff};
use crate::app::App;
use crate::http::Role;
use crate::identity::client_assertion::ClientKey;
use crate::identity::rows::{machine_client, machine_client_key};
use crate::identity::staff_accounts::{self, NewStaff};
use crate::identity::{clients, password, permissions};
use crate::kernel::secret::Secret;
use crate::organisations::rows::staff;

/// The client of the card bank.
const CLIENT: &str = "card-bank-demo";
/// Members whose numbers stand in the credentials file.
const SHOWN_MEMBERS: usize = 12;

/// Accounts of each role and level with fresh credentials, and the bank's program with a fresh key.
pub(super) async fn issue(txn: &DatabaseTransaction, app: &App, city: &City) -> anyhow::Result<Credentials> {
    let mut staff = Vec::new();
    for post in posts(city).unwrap_or_default() {
        staff.push(issue_staff(txn, app, &post).await?);
    }
    let members = city.people.iter().filter(|person| !person.newcomer).take(SHOWN_MEMBERS).map(|person| DemoMember {
        name: person.name.clone(),
        phone: person.phone.clone(),
        national_id: person.national_id.clone(),
        card_number: person.card_number.clone(),
    });
    Ok(Credentials {
        about: "Credentials of the demo's invented city, made when it was seeded. Delete the file to get new ones at the next start.".to_owned(),
        staff,
        clients: vec![issue_client(txn, app).await?],
        members: members.collect(),
    })
}

struct Post<'a> {
    login: &'static str,
    name: &'static str,
    role: Role,
    organisation: &'a Organisation,
    unit_id: Option<Uuid>,
}

/// The staff: everybody who is needed on the way of the sample member's claim, and a second reviewer in the city office for appeals.
fn posts(city: &City) -> Option<Vec<Post<'_>>> {
    let unit = city.units.first()?;
    let grassroots = city.organisation(unit.organisation_id)?;
    let district = city.organisation(grassroots.parent_id?)?;
    let root = city.root()?;
    let post = |login, name, role, organisation| Post {
        login,
        name,
        role,
        organisation,
        unit_id: (role == Role::Liaison).then_some(unit.id),
    };
    Some(vec![
        post("liaison", "周联络", Role::Liaison, grassroots),
        post("reviewer-grassroots", "陈初审", Role::Reviewer, grassroots),
        post("reviewer-district", "赵复审", Role::Reviewer, district),
        post("reviewer-city", "孙终审", Role::Reviewer, root),
        post("reviewer-city-2", "钱复核", Role::Reviewer, root),
        post("payout-maker", "吴制单", Role::PayoutMaker, root),
        post("payout-checker", "郑复核", Role::PayoutChecker, root),
        post("plan-editor", "冯规则", Role::PlanEditor, root),
        post("auditor", "卫审计", Role::Auditor, root),
    ])
}

async fn issue_staff(txn: &DatabaseTransaction, app: &App, post: &Post<'_>) -> anyhow::Result<DemoStaff> {
    let known = staff::Entity::find().filter(staff::Column::Login.eq(post.login)).one(txn).await?;
    let staff_id = match known {
        Some(row) => row.id,
        None => {
            let new = NewStaff {
                login: post.login,
                display_name: post.name,
                organisation_id: post.organisation.id,
                unit_id: post.unit_id,
                roles: &[post.role],
            };
            staff_accounts::create(txn, app, &new).await?
        }
    };
    let password = password::generate(app.chance.as_ref());
    let plain = password.reveal().clone();
    let secret = staff_accounts::set_credentials(txn, app, staff_id, post.login, Secret::new(plain.clone())).await?;
    Ok(DemoStaff {
        login: post.login.to_owned(),
        password: plain,
        totp_secret: secret.reveal().clone(),
        role: permissions::word(post.role).to_owned(),
        organisation: post.organisation.name.to_owned(),
    })
}

async fn issue_client(txn: &DatabaseTransaction, app: &App) -> anyhow::Result<DemoClient> {
    let private = SigningKey::from_bytes(&app.chance.bytes());
    let kid = format!("demo-{}", app.ids.next().simple());
    let public = ClientKey {
        kty: "OKP".to_owned(),
        crv: "Ed25519".to_owned(),
        kid: kid.clone(),
        x: URL_SAFE_NO_PAD.encode(private.verifying_key().as_bytes()),
        y: None,
        alg: Some("EdDSA".to_owned()),
        usage: Some("sig".to_owned()),
    };
    match machine_client::Entity::find().filter(machine_client::Column::ClientId.eq(CLIENT)).one(txn).await? {
        Some(client) => {
            // The old keys went with the old file.
            machine_client_key::Entity::update_many()
                .col_expr(machine_client_key::Column::RetiredAtMs, Expr::value(app.clock.now()))
                .filter(machine_client_key::Column::MachineClientId.eq(client.id))
                .filter(machine_client_key::Column::RetiredAtMs.is_null())
                .exec(txn)
                .await?;
            clients::add_key(txn, app, &client, &public).await?;
        }
        None => {
            clients::register(txn, app, CLIENT, "云州银行（演示）", Role::CardBank, &public).await?;
        }
    }
    let pem = private.to_pkcs8_pem(LineEnding::LF)?;
    Ok(DemoClient { client_id: CLIENT.to_owned(), kid, private_key_pem: pem.to_string() })
}
