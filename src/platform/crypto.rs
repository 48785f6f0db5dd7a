//! Hashes, keyed hashes, sealing and randomness, all from AWS-LC. This is the only source of randomness in the house.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{digest, hkdf, hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::problem::Problem;

/// SHA-256 (FIPS 180-4).
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

/// SHA-256 over several parts, each preceded by its length, so that no two lists of parts collide.
pub fn sha256_of_parts(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// Compares in a time that does not depend on where the two differ.
pub fn equal_in_constant_time(one: &[u8], other: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one, other).is_ok()
}

/// Whether a tag is the HMAC-SHA256 (RFC 2104) of a message, in constant time.
pub fn is_hmac_sha256(tag: &[u8], message: &[u8], key: &[u8]) -> bool {
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), message, tag).is_ok()
}

/// Fresh random bytes.
///
/// # Errors
/// `internal_error` when the system has none.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| Problem::internal("no randomness"))?;
    Ok(bytes)
}

/// A random token of 256 bits for a URL or header.
///
/// # Errors
/// `internal_error` when the system has no randomness.
pub fn random_token() -> Result<String, Problem> {
    Ok(URL_SAFE_NO_PAD.encode(random_bytes::<32>()?))
}

/// The server's keys, derived from one master secret by purpose (HKDF, RFC 5869), so that a key serves one purpose only.
#[derive(Clone)]
pub struct Keyring {
    master: [u8; 32],
}

impl Keyring {
    /// A keyring from the master secret.
    pub fn new(master: [u8; 32]) -> Self {
        Self { master }
    }

    fn derive(&self, purpose: &str) -> Result<[u8; 32], Problem> {
        let mut key = [0; 32];
        hkdf::Salt::new(hkdf::HKDF_SHA256, b"negozio")
            .extract(&self.master)
            .expand(&[purpose.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|material| material.fill(&mut key))
            .map_err(|_| Problem::internal("key derivation failed"))?;
        Ok(key)
    }

    /// A keyed hash (HMAC-SHA256, RFC 2104), for secrets that are looked up by it and must not be searched for in a stolen
    /// table.
    ///
    /// # Errors
    /// `internal_error` when the key cannot be derived.
    pub fn keyed_hash(&self, purpose: &str, bytes: &[u8]) -> Result<[u8; 32], Problem> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.derive(purpose)?);
        let mut hash = [0; 32];
        hash.copy_from_slice(hmac::sign(&key, bytes).as_ref());
        Ok(hash)
    }

    /// A keyed hash for a link that a mail job can make again from an identifier, so that no secret is stored in a payload.
    ///
    /// # Errors
    /// `internal_error` when the key cannot be derived.
    pub fn link_token(&self, purpose: &str, subject: &str) -> Result<String, Problem> {
        Ok(URL_SAFE_NO_PAD.encode(self.keyed_hash(purpose, subject.as_bytes())?))
    }

    /// Encrypts with AES-256-GCM under the key of a purpose, bound to `context`.
    ///
    /// # Errors
    /// `internal_error` when encryption fails.
    pub fn seal(&self, purpose: &str, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, Problem> {
        let mut bytes = plain.to_vec();
        let nonce = self
            .cipher(purpose)?
            .seal_in_place_append_tag(Aad::from(context), &mut bytes)
            .map_err(|_| Problem::internal("sealing failed"))?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut bytes);
        Ok(sealed)
    }

    /// Decrypts what [`Keyring::seal`] made under the same purpose and context.
    ///
    /// # Errors
    /// `internal_error` when a byte was changed or the context is another.
    pub fn open(&self, purpose: &str, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Problem> {
        let broken = || Problem::internal("a sealed value does not open");
        let (nonce, bytes) = sealed.split_at_checked(NONCE_LEN).ok_or_else(broken)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
        let mut bytes = bytes.to_vec();
        let length =
            self.cipher(purpose)?.open_in_place(nonce, Aad::from(context), &mut bytes).map_err(|_| broken())?.len();
        bytes.truncate(length);
        Ok(bytes)
    }

    fn cipher(&self, purpose: &str) -> Result<RandomizedNonceKey, Problem> {
        RandomizedNonceKey::new(&AES_256_GCM, &self.derive(purpose)?).map_err(|_| Problem::internal("no cipher"))
    }

    /// The secret that signs calls between this server and one provider, as Standard Webhooks writes it.
    ///
    /// # Errors
    /// `internal_error` when the key cannot be derived.
    pub fn webhook_secret(&self, provider: &str) -> Result<String, Problem> {
        let key = self.derive(&format!("webhook/{provider}"))?;
        Ok(format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(key)))
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_sealed_opens_and_a_flipped_byte_does_not(plain in proptest::collection::vec(any::<u8>(), 0..200), position in any::<proptest::sample::Index>()) {
            let keys = Keyring::new([7; 32]);
            let sealed = keys.seal("files", b"a", &plain).unwrap();
            prop_assert_eq!(keys.open("files", b"a", &sealed).unwrap(), plain);
            prop_assert!(keys.open("files", b"b", &sealed).is_err());
            prop_assert!(keys.open("answers", b"a", &sealed).is_err());
            let mut broken = sealed.clone();
            let at = position.index(broken.len());
            broken[at] ^= 1;
            prop_assert!(keys.open("files", b"a", &broken).is_err());
        }
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(sha256_of_parts(&[b"ab", b"c"]), sha256_of_parts(&[b"a", b"bc"]));
    }
}
