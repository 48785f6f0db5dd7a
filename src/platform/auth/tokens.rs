//! Access tokens, and tickets for services elsewhere: short-lived JWTs (RFC 7519) signed with EdDSA (RFC 8037).

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use quick_cache::sync::Cache;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::signatures;
use crate::platform::clock::Time;
use crate::platform::crypto;
use crate::platform::problem::{Problem, UNAUTHENTICATED};

/// Seconds that an access token lives.
pub const ACCESS_TOKEN_LIFETIME: i64 = 600;
const ISSUER: &str = "negozio";
/// Verifying a signature takes 35 µs, so the claims of tokens seen before are kept.
const VERIFIED_TOKENS: usize = 10_000;

/// What an access token says of its bearer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Issuer.
    pub iss: String,
    /// The account.
    pub sub: String,
    /// The session.
    pub sid: String,
    /// The account's role.
    pub role: String,
    /// Issued at, seconds since 1970.
    pub iat: i64,
    /// Expires at, seconds since 1970.
    pub exp: i64,
}

/// Signs and verifies access tokens with one Ed25519 key.
pub struct Tokens {
    pair: Ed25519KeyPair,
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    key_id: String,
    public_key: Vec<u8>,
    verified: Cache<[u8; 32], Claims>,
}

impl Tokens {
    /// From an Ed25519 key in PKCS #8 DER (RFC 8410).
    ///
    /// # Errors
    /// When the key is not one.
    pub fn new(pkcs8: &[u8]) -> Result<Self, String> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|error| error.to_string())?;
        let public_key = pair.public_key().as_ref().to_vec();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        // The house's clock decides, which a sandbox may have advanced.
        validation.validate_exp = false;
        Ok(Self {
            encoding: EncodingKey::from_ed_der(pkcs8),
            decoding: DecodingKey::from_ed_der(&public_key),
            validation,
            key_id: URL_SAFE_NO_PAD.encode(&crypto::sha256(&public_key)[..9]),
            public_key,
            pair,
            verified: Cache::new(VERIFIED_TOKENS),
        })
    }

    /// A fresh key, in PKCS #8 DER.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn generate_key() -> Result<Vec<u8>, String> {
        let pair = Ed25519KeyPair::generate().map_err(|error| error.to_string())?;
        Ok(pair.to_pkcs8().map_err(|error| error.to_string())?.as_ref().to_vec())
    }

    /// Signs a token for a session.
    ///
    /// # Errors
    /// `internal_error` when signing fails.
    pub fn issue(&self, account: &str, session: &str, role: &str, now: Time) -> Result<String, Problem> {
        let issued = now.0.timestamp();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: account.to_owned(),
            sid: session.to_owned(),
            role: role.to_owned(),
            iat: issued,
            exp: issued + ACCESS_TOKEN_LIFETIME,
        };
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, &claims, &self.encoding).map_err(Problem::internal)
    }

    /// The claims of a token that we signed and that has not expired.
    ///
    /// # Errors
    /// `unauthenticated` for anything else.
    pub fn verify(&self, token: &str, now: Time) -> Result<Claims, Problem> {
        let digest = crypto::sha256(token.as_bytes());
        let claims = match self.verified.get(&digest) {
            Some(claims) => claims,
            None => {
                let claims = decode::<Claims>(token, &self.decoding, &self.validation)
                    .map_err(|_| UNAUTHENTICATED.problem())?
                    .claims;
                self.verified.insert(digest, claims.clone());
                claims
            }
        };
        if claims.exp <= now.0.timestamp() {
            return Err(UNAUTHENTICATED.detail("The access token has expired: refresh the session."));
        }
        Ok(claims)
    }

    /// Signs claims for somebody else than this server, under a type of their own (RFC 8725 section 3.11) and an issuer
    /// that no access token has.
    ///
    /// # Errors
    /// `internal_error` when signing fails.
    pub fn sign_ticket<T: Serialize>(&self, kind: &str, claims: &T) -> Result<String, Problem> {
        let header =
            Header { kid: Some(self.key_id.clone()), typ: Some(kind.to_owned()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, claims, &self.encoding).map_err(Problem::internal)
    }

    /// What a ticket claims that was signed by [`Tokens::sign_ticket`] under this type and is for this audience; none for
    /// any other text. Whether it has expired is for the caller to see.
    pub fn read_ticket<T: DeserializeOwned>(
        &self,
        kind: &str,
        issuer: &str,
        audience: &str,
        ticket: &str,
    ) -> Option<T> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.validate_exp = false;
        let read = decode::<T>(ticket, &self.decoding, &validation).ok()?;
        (read.header.typ.as_deref() == Some(kind)).then_some(read.claims)
    }

    /// Signs a file for a use; see [`signatures`].
    ///
    /// # Errors
    /// `internal_error` when signing fails.
    pub fn sign_file(&self, kind: &str, content: &[u8]) -> Result<String, Problem> {
        signatures::sign(&self.pair, kind, content)
    }

    /// The public key as a JSON Web Key Set (RFC 7517), for those who verify our tokens.
    pub fn key_set(&self) -> Value {
        json!({ "keys": [{
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
            "kid": self.key_id, "x": URL_SAFE_NO_PAD.encode(&self.public_key),
        }] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::clock::Clock;

    #[test]
    fn a_token_verifies_until_it_expires_and_only_under_its_key() {
        let tokens = Tokens::new(&Tokens::generate_key().unwrap()).unwrap();
        let others = Tokens::new(&Tokens::generate_key().unwrap()).unwrap();
        let now = Clock::default().now();
        let token = tokens.issue("acct_1", "sess_1", "customer", now).unwrap();
        assert_eq!(tokens.verify(&token, now).unwrap().sub, "acct_1");
        assert!(tokens.verify(&token, now.plus_seconds(ACCESS_TOKEN_LIFETIME)).is_err());
        assert!(others.verify(&token, now).is_err());
        assert!(tokens.verify("garbage", now).is_err());
    }

    #[test]
    fn a_ticket_is_read_by_whom_it_is_for_and_is_no_access_token() {
        let tokens = Tokens::new(&Tokens::generate_key().unwrap()).unwrap();
        let others = Tokens::new(&Tokens::generate_key().unwrap()).unwrap();
        let claims = json!({ "iss": "https://shop.example", "aud": "https://service.example", "exp": 1 });
        let ticket = tokens.sign_ticket("sign-in+jwt", &claims).unwrap();
        let read = |tokens: &Tokens, kind: &str, issuer: &str, audience: &str| -> Option<Value> {
            tokens.read_ticket(kind, issuer, audience, &ticket)
        };
        let (issuer, audience) = ("https://shop.example", "https://service.example");
        assert_eq!(read(&tokens, "sign-in+jwt", issuer, audience), Some(claims));
        assert_eq!(read(&tokens, "other+jwt", issuer, audience), None);
        assert_eq!(read(&tokens, "sign-in+jwt", ISSUER, audience), None);
        assert_eq!(read(&tokens, "sign-in+jwt", issuer, "https://elsewhere.example"), None);
        assert_eq!(read(&others, "sign-in+jwt", issuer, audience), None);
        assert!(tokens.verify(&ticket, Clock::default().now()).is_err());
    }
}
