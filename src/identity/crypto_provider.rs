//! The cryptography behind `jsonwebtoken`: Ed25519 and ECDSA on P-256, and nothing else.
//!
//! Every other algorithm is refused here as well as by the callers' lists, so that no header can bring in a shared secret or RSA.

use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result, new_error};
use jsonwebtoken::signature::{Error, Signer, Verifier};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, EncodingKey};
use p256::ecdsa::signature::{Signer as _, Verifier as _};

static PROVIDER: CryptoProvider =
    CryptoProvider { signer_factory: signer, verifier_factory: verifier, key_utils: KeyUtils::new_unimplemented() };

/// Makes this the provider of the process. May be called any number of times.
pub fn install() {
    // The only other provider that could stand here is this one, set by an earlier call.
    let _ = PROVIDER.install_default();
}

/// True when `key` can verify signatures of `algorithm`: of the right kind, on its curve, not weak.
#[must_use]
pub fn accepts(algorithm: Algorithm, key: &DecodingKey) -> bool {
    verifier(&algorithm, key).is_ok()
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    match (algorithm, key.family()) {
        (Algorithm::EdDSA, AlgorithmFamily::Ed) => ed25519_dalek::SigningKey::from_pkcs8_der(key.as_bytes())
            .map(|key| Box::new(EdSigner(key)) as Box<dyn JwtSigner>)
            .map_err(|_| new_error(ErrorKind::InvalidEddsaKey)),
        (Algorithm::ES256, AlgorithmFamily::Ec) => p256::ecdsa::SigningKey::from_pkcs8_der(key.as_bytes())
            .map(|key| Box::new(EcSigner(key)) as Box<dyn JwtSigner>)
            .map_err(|_| new_error(ErrorKind::InvalidEcdsaKey)),
        _ => Err(new_error(ErrorKind::UnsupportedAlgorithm)),
    }
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    let bytes = key.try_get_as_bytes()?;
    match (algorithm, key.family()) {
        (Algorithm::EdDSA, AlgorithmFamily::Ed) => <&[u8; 32]>::try_from(bytes)
            .ok()
            .and_then(|bytes| ed25519_dalek::VerifyingKey::from_bytes(bytes).ok())
            .filter(|key| !key.is_weak())
            .map(|key| Box::new(EdVerifier(key)) as Box<dyn JwtVerifier>)
            .ok_or_else(|| new_error(ErrorKind::InvalidEddsaKey)),
        (Algorithm::ES256, AlgorithmFamily::Ec) => p256::ecdsa::VerifyingKey::from_sec1_bytes(bytes)
            .map(|key| Box::new(EcVerifier(key)) as Box<dyn JwtVerifier>)
            .map_err(|_| new_error(ErrorKind::InvalidEcdsaKey)),
        _ => Err(new_error(ErrorKind::UnsupportedAlgorithm)),
    }
}

struct EdSigner(ed25519_dalek::SigningKey);

impl Signer<Vec<u8>> for EdSigner {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, Error> {
        self.0.try_sign(message).map(|signature| signature.to_bytes().to_vec()).map_err(|_| Error::new())
    }
}

impl JwtSigner for EdSigner {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct EcSigner(p256::ecdsa::SigningKey);

impl Signer<Vec<u8>> for EcSigner {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, Error> {
        let signature: p256::ecdsa::Signature = self.0.try_sign(message).map_err(|_| Error::new())?;
        Ok(signature.to_bytes().to_vec())
    }
}

impl JwtSigner for EcSigner {
    fn algorithm(&self) -> Algorithm {
        Algorithm::ES256
    }
}

struct EdVerifier(ed25519_dalek::VerifyingKey);

impl Verifier<Vec<u8>> for EdVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| Error::new())?;
        self.0.verify_strict(message, &signature).map_err(|_| Error::new())
    }
}

impl JwtVerifier for EdVerifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct EcVerifier(p256::ecdsa::VerifyingKey);

impl Verifier<Vec<u8>> for EcVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        // A zero r or s does not parse.
        let signature = p256::ecdsa::Signature::from_slice(signature).map_err(|_| Error::new())?;
        self.0.verify(message, &signature).map_err(|_| Error::new())
    }
}

impl JwtVerifier for EcVerifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::ES256
    }
}
