//! `Stripe-Signature`: `t=<seconds>,v1=<hex>`, where `v1` is HMAC-SHA256 over `<seconds>.<body>` under the endpoint's
//! secret. There are several `v1` while a secret is being changed; other schemes (`v0`) are passed over.

use crate::platform::crypto::is_hmac_sha256;

/// Seconds that a signature's time may lie before or after ours.
pub const TOLERANCE: i64 = 300;

/// Why a notification is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No header, or not one of this form.
    #[error("the header is missing or malformed")]
    Malformed,
    /// None of the signatures is that of the body.
    #[error("no signature matches")]
    NoMatch,
    /// Signed too long ago, or in the future.
    #[error("the signature's time is not within the tolerance")]
    OutOfTime,
}

/// Checks a header against the bytes that came.
///
/// # Errors
/// Why it does not hold.
pub fn verify(header: &str, body: &[u8], secret: &str, now: i64) -> Result<(), SignatureError> {
    let mut time = None;
    let mut signatures = Vec::new();
    for (name, value) in header.split(',').filter_map(|part| part.trim().split_once('=')) {
        match name {
            "t" if time.is_none() => time = Some(value),
            "v1" => signatures.extend(hex::decode(value)),
            _ => {}
        }
    }
    let time = time.ok_or(SignatureError::Malformed)?;
    let seconds: i64 = time.parse().map_err(|_| SignatureError::Malformed)?;
    let signed = [time.as_bytes(), b".", body].concat();
    if !signatures.iter().any(|signature| is_hmac_sha256(signature, &signed, secret.as_bytes())) {
        return Err(SignatureError::NoMatch);
    }
    if now.abs_diff(seconds) > TOLERANCE.unsigned_abs() {
        return Err(SignatureError::OutOfTime);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    use proptest::prelude::*;
    use sha2::Sha256;

    use super::*;

    /// Made with another library than the one that checks.
    fn sign(time: &str, body: &[u8], secret: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(time.as_bytes());
        mac.update(b".");
        mac.update(body);
        hex::encode(mac.finalize().into_bytes())
    }

    proptest! {
        #[test]
        fn what_was_signed_is_taken_within_the_tolerance_only(body in proptest::collection::vec(any::<u8>(), 0..200), time in 0..4_000_000_000_i64, age in -400..400_i64) {
            let text = time.to_string();
            let header = format!("t={text},v1={},v0=00", sign(&text, &body, "whsec_a"));
            let expected = if age.abs() <= TOLERANCE { Ok(()) } else { Err(SignatureError::OutOfTime) };
            prop_assert_eq!(verify(&header, &body, "whsec_a", time + age), expected);
            prop_assert_eq!(verify(&header, &body, "whsec_b", time), Err(SignatureError::NoMatch));
            let mut other = body.clone();
            other.push(0);
            prop_assert_eq!(verify(&header, &other, "whsec_a", time), Err(SignatureError::NoMatch));
        }

        #[test]
        fn no_header_panics(header in ".{0,200}") {
            prop_assert!(verify(&header, b"body", "whsec_a", 0).is_err());
        }
    }

    #[test]
    fn any_of_several_signatures_will_do() {
        let (old, new) = (sign("5", b"{}", "whsec_old"), sign("5", b"{}", "whsec_new"));
        assert_eq!(verify(&format!("t=5,v1={old},v1={new}"), b"{}", "whsec_new", 5), Ok(()));
        assert_eq!(verify(&format!("t=5,v1={old},v1=zz"), b"{}", "whsec_new", 5), Err(SignatureError::NoMatch));
        assert_eq!(verify(&format!("t=6,v1={new}"), b"{}", "whsec_new", 5), Err(SignatureError::NoMatch));
        assert_eq!(verify(&format!("v1={new}"), b"{}", "whsec_new", 5), Err(SignatureError::Malformed));
        assert_eq!(verify(&format!("t=5,v0={new}"), b"{}", "whsec_new", 5), Err(SignatureError::NoMatch));
    }
}
