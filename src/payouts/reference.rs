//! Bank references: minted once, unique for ever, with no meaning inside.

use crate::kernel::chance::Chance;

/// Crockford's base 32: no letter that reads as a digit.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A new reference: 26 characters of `[0-9A-Z]` from 130 random bits (banks take 30 at most).
pub(super) fn mint(chance: &dyn Chance) -> String {
    let random: [u8; 26] = chance.bytes();
    random.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32))).map(|letter| char::from(*letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::chance::SeededChance;

    #[test]
    fn a_reference_is_short_plain_and_new() {
        let chance = SeededChance::new(1);
        let minted: std::collections::HashSet<String> = (0..1_000).map(|_| mint(&chance)).collect();
        assert_eq!(minted.len(), 1_000);
        for reference in minted {
            assert_eq!(reference.len(), 26);
            assert!(reference.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()));
        }
    }
}
