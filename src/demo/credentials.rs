//! The credentials file of the demo: `<data_dir>/demo/credentials.json`, readable by its owner alone.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// How to sign in to the demo's city. It holds secrets, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// What the file is.
    pub about: String,
    /// Staff of each role and level.
    pub staff: Vec<DemoStaff>,
    /// Programs of partners.
    pub clients: Vec<DemoClient>,
    /// Some members; the first one is the member of the sample claim. A code for sign-in is read from the SMS outbox.
    pub members: Vec<DemoMember>,
}

/// One person of the staff.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoStaff {
    /// Sign-in name.
    pub login: String,
    /// Password.
    pub password: String,
    /// Secret of the one-time passwords, base32.
    pub totp_secret: String,
    /// What they are.
    pub role: String,
    /// Where they work.
    pub organisation: String,
}

/// One program of a partner.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoClient {
    /// The name by which it asks for tokens.
    pub client_id: String,
    /// Name of its key.
    pub kid: String,
    /// Its Ed25519 private key as PKCS #8 PEM.
    pub private_key_pem: String,
}

/// One member.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoMember {
    /// Name.
    pub name: String,
    /// Phone that signs in.
    pub phone: String,
    /// Identity number.
    pub national_id: String,
    /// Number of the service card.
    pub card_number: String,
}

impl Credentials {
    /// Where the file lies.
    #[must_use]
    pub fn path(data_dir: &Path) -> PathBuf {
        data_dir.join("demo").join("credentials.json")
    }

    /// Reads the file.
    ///
    /// # Errors
    /// When it is missing, unreadable or of another form.
    pub fn read(data_dir: &Path) -> anyhow::Result<Self> {
        let path = Self::path(data_dir);
        let text = fs::read_to_string(&path).map_err(|error| {
            anyhow::anyhow!("{} can't be read ({error}); `huzhu run --demo` writes it", path.display())
        })?;
        serde_json::from_str(&text).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))
    }

    /// The person of the staff with this login.
    #[must_use]
    pub fn staff(&self, login: &str) -> Option<&DemoStaff> {
        self.staff.iter().find(|person| person.login == login)
    }

    /// Writes the file beside its place; [`Draft::publish`] puts it there.
    pub(super) fn draft(&self, data_dir: &Path) -> anyhow::Result<Draft> {
        let path = Self::path(data_dir);
        if let Some(directory) = path.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        }
        let written = path.with_extension("json.new");
        if written.exists() {
            fs::remove_file(&written)?;
        }
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&written)?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        Ok(Draft { written, path })
    }
}

/// A credentials file that is written and not yet in its place.
pub(super) struct Draft {
    written: PathBuf,
    path: PathBuf,
}

impl Draft {
    /// Puts the file into its place.
    pub(super) fn publish(self) -> anyhow::Result<()> {
        fs::rename(&self.written, &self.path)?;
        if let Some(directory) = self.path.parent() {
            fs::File::open(directory)?.sync_all()?;
        }
        Ok(())
    }
}
