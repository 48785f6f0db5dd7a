//! The code: time-based (RFC 6238) with T0 = the moment of issue and X = the lifetime (§4.2), so that it lives for
//! exactly one step, from a secret of its own.

use serde::{Deserialize, Serialize};
use totp_rs::{Builder, Totp};

use crate::activation::requests::rules::ActivationRequestId;
use crate::platform::clock::Time;

crate::typed_id!(
    /// A challenge's identifier.
    OtpChallengeId = "otp"
);

crate::text_enum!(
    /// Where a challenge stands.
    ChallengeStatus {
        Issued = "issued",
        Verified = "verified",
        Expired = "expired",
        Exhausted = "exhausted",
        Superseded = "superseded",
        Cancelled = "cancelled",
    }
);

crate::text_enum!(
    /// What a challenge is for.
    ChallengePurpose {
        Applicant = "applicant",
        Representative = "representative",
    }
);

/// Seconds that a code lives.
pub const LIFETIME: i64 = 600;
/// Tries that a code allows.
pub const MAX_ATTEMPTS: i32 = 5;
/// Seconds before another code may be asked for.
pub const COOL_DOWN: i64 = 60;
/// Bytes of a secret (RFC 4226 §4, R6).
pub const SECRET_LENGTH: usize = 20;

/// A challenge.
#[derive(Clone)]
pub struct OtpChallenge {
    /// Which.
    pub id: OtpChallengeId,
    /// Of which request.
    pub request_id: ActivationRequestId,
    /// What it is for: a code verifies nothing else (invariant 13 of the design).
    pub purpose: ChallengePurpose,
    /// Where the code went.
    pub email: String,
    /// The sealed secret.
    pub sealed_secret: Vec<u8>,
    /// Where it stands.
    pub status: ChallengeStatus,
    /// Tries so far.
    pub attempts: i32,
    /// When it was issued.
    pub issued_at: Time,
    /// Until when the code lives.
    pub expires_at: Time,
    /// When the right code came back.
    pub verified_at: Option<Time>,
}

/// Proof of an address: which challenge went where, and when its code came back. Its `Debug` would show the address, so it
/// has none.
#[derive(Clone, Serialize, Deserialize)]
pub struct AddressProof {
    /// Which challenge.
    pub id: OtpChallengeId,
    /// Where the code went.
    pub email: String,
    /// When it went.
    pub issued_at: Time,
    /// When the right code came back.
    pub verified_at: Time,
}

impl OtpChallenge {
    /// What the right code proves at a moment.
    pub fn proof(&self, verified_at: Time) -> AddressProof {
        AddressProof { id: self.id, email: self.email.clone(), issued_at: self.issued_at, verified_at }
    }
}

/// The six digits of a secret.
pub fn code_of(secret: &[u8]) -> String {
    one_step(secret).generate(0).to_string()
}

/// Whether a code is the one of a secret, some seconds after its issue.
pub fn is_right(secret: &[u8], code: &str, seconds_since_issue: i64) -> bool {
    match u64::try_from(seconds_since_issue) {
        Ok(seconds) if seconds_since_issue < LIFETIME => one_step(secret).check(code, seconds).is_some(),
        _ => false,
    }
}

fn one_step(secret: &[u8]) -> Totp {
    let builder = Builder::new().with_digits(6).with_skew(0).with_step_duration(LIFETIME.unsigned_abs());
    builder.with_secret(secret.to_vec()).build_noncompliant()
}

/// An address as a stranger may see it: `m***o@e***.com`.
pub fn masked(email: &str) -> String {
    let (name, domain) = email.split_once('@').unwrap_or((email, ""));
    let (host, ending) = domain.rsplit_once('.').unwrap_or((domain, ""));
    let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
    let last = name.chars().last().filter(|_| name.chars().count() > 2).map(String::from).unwrap_or_default();
    format!("{}***{last}@{}***.{ending}", first(name), first(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_code_lives_for_exactly_one_step(secret in proptest::array::uniform20(any::<u8>()), other in proptest::array::uniform20(any::<u8>()), seconds in 0..LIFETIME) {
            let code = code_of(&secret);
            prop_assert_eq!(code.len(), 6);
            prop_assert!(is_right(&secret, &code, seconds));
            prop_assert!(!is_right(&secret, &code, LIFETIME));
            prop_assert!(!is_right(&secret, &code, -1));
            prop_assert_eq!(is_right(&other, &code, seconds), code_of(&other) == code);
        }
    }

    #[test]
    fn an_address_is_masked() {
        assert_eq!(masked("mario@example.com"), "m***o@e***.com");
        assert_eq!(masked("a@b.it"), "a***@b***.it");
        assert_eq!(masked(""), "***@***.");
    }
}
