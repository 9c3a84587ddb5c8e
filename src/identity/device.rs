//! What binds a session to a device.
//!
//! Today that is a secret which the device makes and keeps. DPoP will put the thumbprint of a key in its place: nothing outside this
//! file knows the difference.

use crate::kernel::seal::{Field, Sealer};
use crate::kernel::secret::Secret;

/// What a device shows to prove that it is the one which signed in.
pub struct DeviceProof {
    /// The device's own identifier.
    pub id: String,
    /// The device's secret: 256 bits that it made itself.
    pub secret: Secret<String>,
}

impl DeviceProof {
    /// What is kept of the proof: equal for equal proofs, and of no use to a thief of the database.
    #[must_use]
    pub fn lookup(&self, sealer: &Sealer) -> Vec<u8> {
        sealer.lookup(Field::Session, format!("device-key:{}:{}", self.id, self.secret.reveal()))
    }

    /// What is kept of the device's identifier.
    #[must_use]
    pub fn id_lookup(&self, sealer: &Sealer) -> Vec<u8> {
        id_lookup(sealer, &self.id)
    }
}

/// What is kept of a device's identifier.
#[must_use]
pub fn id_lookup(sealer: &Sealer, device_id: &str) -> Vec<u8> {
    sealer.lookup(Field::Session, format!("device:{device_id}"))
}
