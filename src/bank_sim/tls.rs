//! The simulator's TLS: its certificate, and whose customers' it asks for.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::keys;

/// Files in PEM.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// Its certificate.
    pub certificate: PathBuf,
    /// Its key, closed to others.
    pub key: PathBuf,
    /// What vouches for customers, who then must show a certificate; none for a bank that asks for none.
    pub client_ca: Option<PathBuf>,
}

impl TlsFiles {
    /// What the server speaks with.
    ///
    /// # Errors
    /// `InvalidData` with the file that can't be read or does not belong to the other.
    pub fn read(&self) -> io::Result<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(other)?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(path)? {
                    roots.add(certificate).map_err(|error| bad(path, error))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().map_err(|error| bad(path, error))?)
            }
        };
        let text = keys::read_private(&self.key).map_err(|error| bad(&self.key, error))?;
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|error| bad(&self.key, error))?;
        builder.with_single_cert(certificates(&self.certificate)?, key).map_err(|error| bad(&self.certificate, error))
    }
}

fn certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let found = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    found.map_err(|error| bad(path, error))
}

fn bad(path: &Path, error: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::other(error)
}
