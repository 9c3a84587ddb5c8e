//! Passwords of the staff: argon2id, off the threads that answer requests, and never two dozen at once.

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;

use crate::kernel::chance::Chance;
use crate::kernel::secret::Secret;

/// The shortest password, in characters.
pub const MIN_CHARS: usize = 12;
/// The longest password, in characters.
pub const MAX_CHARS: usize = 128;
const SALT_BYTES: usize = 16;
/// Each hash takes 19 MiB; more than this many at once wait.
const AT_ONCE: usize = 2;

static TURNSTILE: Semaphore = Semaphore::const_new(AT_ONCE);

/// What a password must not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Shorter than [`MIN_CHARS`] or longer than [`MAX_CHARS`].
    #[error("a password has {MIN_CHARS} to {MAX_CHARS} characters")]
    Length,
    /// Made of the login, of this product's name or of few characters.
    #[error("a password is not made of the login, the product's name or a few characters repeated")]
    Guessable,
}

/// Hashing failed: the hash is not of a form that we wrote, or the machine has no memory left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a password cannot be hashed")]
pub struct HashError;

/// Checks a new password for the owner of `login`. No rule asks for kinds of characters, and none forbids any.
///
/// # Errors
/// See [`PolicyError`].
pub fn check_policy(password: &str, login: &str) -> Result<(), PolicyError> {
    if !(MIN_CHARS..=MAX_CHARS).contains(&password.chars().count()) {
        return Err(PolicyError::Length);
    }
    let lower = password.to_lowercase();
    let distinct: std::collections::BTreeSet<char> = lower.chars().collect();
    let names = [login.to_lowercase(), "huzhu".to_owned(), "password".to_owned(), "123456".to_owned()];
    let left = names.iter().filter(|name| !name.is_empty()).fold(lower, |text, name| text.replace(name, ""));
    if distinct.len() < 5 || left.chars().count() < MIN_CHARS / 2 {
        return Err(PolicyError::Guessable);
    }
    Ok(())
}

/// A password that a machine made: 24 characters, about 120 bits, none that the eye mistakes for another.
#[must_use]
pub fn generate(chance: &dyn Chance) -> Secret<String> {
    const ALPHABET: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";
    let drawn: [u8; 24] = chance.bytes();
    let symbols = drawn.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31)));
    Secret::new(symbols.map(|symbol| char::from(*symbol)).collect())
}

/// Hashes `password` with a fresh salt; the answer is a PHC string.
///
/// # Errors
/// [`HashError`] when the machine cannot.
pub async fn hash(password: Secret<String>, chance: &dyn Chance) -> Result<String, HashError> {
    let salt: [u8; SALT_BYTES] = chance.bytes();
    off_thread(move || {
        hasher()
            .hash_password_with_salt(password.reveal().as_bytes(), &salt)
            .map(|hash| hash.to_string())
            .map_err(|_| HashError)
    })
    .await
}

/// True when `password` is the one that was hashed. Without a hash (an unknown login) the same work is done for nothing.
///
/// # Errors
/// [`HashError`] when the work could not be done.
pub async fn verify(password: Secret<String>, hash: Option<String>) -> Result<bool, HashError> {
    off_thread(move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODYS_HASH.to_owned());
        let right = hasher().verify_password(password.reveal().as_bytes(), hash.as_str()).is_ok();
        Ok(known && right)
    })
    .await
}

/// A hash with the parameters of [`hasher`] that belongs to nobody.
const NOBODYS_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn hasher() -> Argon2<'static> {
    // 19 MiB, two passes, one lane: the OWASP setting.
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
) -> Result<T, HashError> {
    let _turn = TURNSTILE.acquire().await.map_err(|_| HashError)?;
    tokio::task::spawn_blocking(work).await.map_err(|_| HashError)?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::chance::SeededChance;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[test]
    fn a_password_is_long_and_not_made_of_names() {
        for (password, expected) in [
            ("correct horse battery", Ok(())),
            ("一二三四五六七八九十甲乙", Ok(())),
            ("short", Err(PolicyError::Length)),
            ("aaaaaaaaaaaaaaaa", Err(PolicyError::Guessable)),
            ("lili-huzhu-123456", Err(PolicyError::Guessable)),
            ("passwordpassword", Err(PolicyError::Guessable)),
        ] {
            assert_eq!(check_policy(password, "lili"), expected, "{password}");
        }
        assert_eq!(check_policy(&"x1y2z".repeat(40), "lili"), Err(PolicyError::Length));
        assert_eq!(check_policy(generate(&SeededChance::new(1)).reveal(), "lili"), Ok(()));
    }

    #[tokio::test]
    async fn only_the_password_itself_verifies() {
        let hash = hash(secret("correct horse battery"), &SeededChance::new(2)).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(verify(secret("correct horse battery"), Some(hash.clone())).await, Ok(true));
        assert_eq!(verify(secret("correct horse batterx"), Some(hash.clone())).await, Ok(false));
        assert_eq!(verify(secret(""), Some(hash)).await, Ok(false));
    }

    #[tokio::test]
    async fn nobodys_hash_costs_the_same_and_never_opens() {
        let parsed = argon2::PasswordHash::new(NOBODYS_HASH).unwrap();
        assert_eq!(Params::try_from(&parsed).unwrap().m_cost(), Params::DEFAULT.m_cost());
        assert_eq!(verify(secret("anything at all"), None).await, Ok(false));
    }
}
