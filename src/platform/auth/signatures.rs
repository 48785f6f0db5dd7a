//! Signatures over whole files: compact JWS whose content is detached (RFC 7515, appendix F), signed with Ed25519
//! (RFC 8037). The header carries the public key, so that a file verifies without asking anybody; whether the key is
//! ours, a key set says (RFC 7517).

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::platform::crypto::sha256;
use crate::platform::problem::Problem;

/// A public key as a JSON Web Key (RFC 8037 §2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicKey {
    kty: String,
    crv: String,
    x: String,
}

/// Why a signature does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// It is no detached JWS of ours.
    #[error("it is not a detached JWS with an Ed25519 key")]
    Malformed,
    /// It was made for another use.
    #[error("it signs something of another kind")]
    OtherKind,
    /// The content or the header is not what was signed.
    #[error("it does not fit the content")]
    Mismatch,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProtectedHeader {
    alg: String,
    typ: String,
    jwk: PublicKey,
}

impl PublicKey {
    fn of(key: &[u8]) -> Self {
        Self { kty: "OKP".to_owned(), crv: "Ed25519".to_owned(), x: URL_SAFE_NO_PAD.encode(key) }
    }

    /// The Ed25519 keys of a key set; others in it are passed over.
    pub fn of_set(set: &Value) -> Vec<Self> {
        let keys = set["keys"].as_array().into_iter().flatten();
        let is_ours = |key: &&Value| key["kty"] == "OKP" && key["crv"] == "Ed25519";
        keys.filter(is_ours)
            .filter_map(|key| key["x"].as_str())
            .map(|x| Self { x: x.to_owned(), ..Self::of(&[]) })
            .collect()
    }

    /// The key's thumbprint (RFC 7638): the same wherever and by whomever it is computed.
    pub fn thumbprint(&self) -> String {
        let canonical = json!({ "crv": self.crv, "kty": self.kty, "x": self.x }).to_string();
        URL_SAFE_NO_PAD.encode(sha256(canonical.as_bytes()))
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        let is_ours = self.kty == "OKP" && self.crv == "Ed25519";
        URL_SAFE_NO_PAD.decode(&self.x).ok().filter(|key| is_ours && key.len() == 32)
    }
}

/// Signs a content for a use (`typ`), so that a signature made for one use serves no other. Ed25519 is deterministic:
/// the same content gives the same signature.
///
/// # Errors
/// `internal_error` when the header has no JSON form.
pub fn sign(key: &Ed25519KeyPair, kind: &str, content: &[u8]) -> Result<String, Problem> {
    let jwk = PublicKey::of(key.public_key().as_ref());
    let header = ProtectedHeader { alg: "EdDSA".to_owned(), typ: kind.to_owned(), jwk };
    let header = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header).map_err(Problem::internal)?);
    let signature = key.sign(signing_input(&header, content).as_bytes());
    Ok(format!("{header}..{}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
}

/// The key under which a signature of this kind holds for a content.
///
/// # Errors
/// When it does not.
pub fn verify(signature: &str, kind: &str, content: &[u8]) -> Result<PublicKey, SignatureFault> {
    let (header, signature) = signature.split_once("..").ok_or(SignatureFault::Malformed)?;
    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| SignatureFault::Malformed);
    let protected: ProtectedHeader =
        serde_json::from_slice(&decoded(header)?).map_err(|_| SignatureFault::Malformed)?;
    let key = protected.jwk.bytes().filter(|_| protected.alg == "EdDSA").ok_or(SignatureFault::Malformed)?;
    if protected.typ != kind {
        return Err(SignatureFault::OtherKind);
    }
    UnparsedPublicKey::new(&ED25519, &key)
        .verify(signing_input(header, content).as_bytes(), &decoded(signature)?)
        .map_err(|_| SignatureFault::Mismatch)?;
    Ok(protected.jwk)
}

/// RFC 7515 §5.1, step 8.
fn signing_input(header: &str, content: &[u8]) -> String {
    format!("{header}.{}", URL_SAFE_NO_PAD.encode(content))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::platform::auth::tokens::Tokens;

    proptest! {
        #[test]
        fn a_signature_holds_for_its_content_and_kind_and_a_flipped_byte_breaks_it(content in proptest::collection::vec(any::<u8>(), 0..200), at in any::<proptest::sample::Index>(), bit in 0..8_u8) {
            let tokens = Tokens::new(&Tokens::generate_key().unwrap()).unwrap();
            let signature = tokens.sign_file("a+jws", &content).unwrap();
            let key = verify(&signature, "a+jws", &content).unwrap();
            prop_assert_eq!(PublicKey::of_set(&tokens.key_set()), vec![key]);
            prop_assert_eq!(verify(&signature, "b+jws", &content), Err(SignatureFault::OtherKind));
            let mut longer = content.clone();
            longer.push(0);
            prop_assert_eq!(verify(&signature, "a+jws", &longer), Err(SignatureFault::Mismatch));
            let mut flipped = signature.into_bytes();
            let at = at.index(flipped.len());
            flipped[at] ^= 1 << bit;
            if let Ok(flipped) = String::from_utf8(flipped) {
                prop_assert!(verify(&flipped, "a+jws", &content).is_err());
            }
        }
    }

    #[test]
    fn a_thumbprint_is_the_one_of_the_standards_example() {
        // RFC 8037, appendix A.3.
        let key = PublicKey { x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".to_owned(), ..PublicKey::of(&[]) };
        assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
