//! `huzhu client`: register the public key of a partner's program. The private key never comes here.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::app::{App, Seams};
use crate::config::Config;
use crate::http::Role;
use crate::identity::client_assertion::ClientKey;
use crate::identity::clients;

/// Programs of partners.
#[derive(Debug, Subcommand)]
pub(super) enum Client {
    /// Register the card bank's program with its public key.
    Add(AddClient),
    /// Give a registered program another key, so that it can change over.
    AddKey {
        /// The name by which it asks for tokens.
        client_id: String,
        /// A file with one public JWK: Ed25519, or P-256 for ES256, with a `kid`.
        #[arg(long)]
        jwk: PathBuf,
    },
    /// Retire a key of a client, because it is replaced or got into wrong hands.
    RetireKey {
        /// The name by which it asks for tokens.
        client_id: String,
        /// The key's `kid`.
        kid: String,
    },
    /// Disable a client: its tokens end at once.
    Disable {
        /// The name by which it asks for tokens.
        client_id: String,
    },
}

/// A new client.
#[derive(Args, Debug)]
pub(super) struct AddClient {
    /// The name by which it will ask for tokens.
    client_id: String,
    /// Who runs it.
    #[arg(long)]
    name: String,
    /// A file with one public JWK: Ed25519, or P-256 for ES256, with a `kid`.
    #[arg(long)]
    jwk: PathBuf,
}

pub(super) async fn client(config: Config, verb: Client) -> anyhow::Result<ExitCode> {
    let app = App::build(config, Seams::default()).await?;
    let txn = app.db.begin().await?;
    match verb {
        Client::Add(new) => {
            let key = read_key(&new.jwk)?;
            let client = clients::register(&txn, &app, &new.client_id, &new.name, Role::CardBank, &key).await?;
            say!("Client {} registered with key {}", client.client_id, key.kid);
        }
        Client::AddKey { client_id, jwk } => {
            let key = read_key(&jwk)?;
            let found = clients::find(&txn, &client_id).await?;
            let (client, _) = found.ok_or_else(|| anyhow::anyhow!("there is no active client of this name"))?;
            clients::add_key(&txn, &app, &client, &key).await?;
            say!("Client {client_id} has the key {} too", key.kid);
        }
        Client::RetireKey { client_id, kid } => {
            let found = clients::find(&txn, &client_id).await?;
            let (client, _) = found.ok_or_else(|| anyhow::anyhow!("there is no active client of this name"))?;
            anyhow::ensure!(clients::retire_key(&txn, &app, &client, &kid).await?, "it has no live key of this kid");
            say!("The key {kid} of {client_id} is retired; a token fetched with it ends within ten minutes");
            txn.commit().await?;
            return Ok(ExitCode::SUCCESS);
        }
        Client::Disable { client_id } => {
            anyhow::ensure!(clients::disable(&txn, &client_id).await?, "there is no active client of this name");
            say!("Client {client_id} is disabled, and its tokens with it");
            txn.commit().await?;
            return Ok(ExitCode::SUCCESS);
        }
    }
    txn.commit().await?;
    say!("It signs assertions for the audience {}", app.identity.tokens.issuer());
    Ok(ExitCode::SUCCESS)
}

fn read_key(path: &Path) -> anyhow::Result<ClientKey> {
    let text = std::fs::read_to_string(path).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|_| anyhow::anyhow!("{} holds no public JWK with a kid", path.display()))
}
