//! The tokens of links in mails: `<id>.<keyed hash of the id>`.
//!
//! A job carries the identifier only and makes the token when it writes the mail; what a caller sends back is checked
//! before any query, so that a guess costs no database work.

use std::fmt::Display;
use std::str::FromStr;

use crate::customers::problems::INVALID_TOKEN;
use crate::platform::crypto::{self, Keyring};
use crate::platform::problem::Problem;

/// The purpose of links that prove an e-mail address.
pub const EMAIL_VERIFICATION: &str = "email-verification";
/// The purpose of links that set a new password.
pub const PASSWORD_RESET: &str = "password-reset";

/// The token of a link.
///
/// # Errors
/// `internal_error` when the key cannot be derived.
pub fn write(keys: &Keyring, purpose: &str, id: impl Display) -> Result<String, Problem> {
    Ok(format!("{id}.{}", keys.link_token(purpose, &id.to_string())?))
}

/// The identifier in a token that we wrote for this purpose.
///
/// # Errors
/// `invalid_token` for any other text.
pub fn read<Id: FromStr + Display>(keys: &Keyring, purpose: &str, token: &str) -> Result<Id, Problem> {
    let id: Option<Id> = token.split_once('.').and_then(|(id, _)| id.parse().ok());
    let id = id.ok_or_else(|| INVALID_TOKEN.problem())?;
    let ours = write(keys, purpose, &id)?;
    if crypto::equal_in_constant_time(ours.as_bytes(), token.as_bytes()) {
        Ok(id)
    } else {
        Err(INVALID_TOKEN.problem())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::customers::accounts::rules::PasswordResetId;
    use proptest::prelude::*;

    #[test]
    fn a_token_reads_under_its_own_purpose_and_key_only() {
        let keys = Keyring::new([1; 32]);
        let id = PasswordResetId::new();
        let token = write(&keys, PASSWORD_RESET, id).unwrap();
        assert_eq!(read::<PasswordResetId>(&keys, PASSWORD_RESET, &token).unwrap(), id);
        assert!(read::<PasswordResetId>(&keys, EMAIL_VERIFICATION, &token).is_err());
        assert!(read::<PasswordResetId>(&Keyring::new([2; 32]), PASSWORD_RESET, &token).is_err());
        assert!(read::<PasswordResetId>(&keys, PASSWORD_RESET, &format!("{token}x")).is_err());
        assert!(read::<PasswordResetId>(&keys, PASSWORD_RESET, &token.to_uppercase()).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics_or_passes(text in "\\PC{0,80}|pwres_[0-7][0-9a-z]{25}\\.[A-Za-z0-9_-]{43}") {
            prop_assert!(read::<PasswordResetId>(&Keyring::new([1; 32]), PASSWORD_RESET, &text).is_err());
        }
    }
}
