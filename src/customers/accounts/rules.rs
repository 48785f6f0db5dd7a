//! What an account is.

use crate::platform::clock::Time;
use crate::platform::locale::Locale;
use crate::platform::problem::Problem;

crate::typed_id!(
    /// An account's identifier.
    AccountId = "acct"
);

crate::typed_id!(
    /// A request to prove an e-mail address.
    EmailVerificationId = "emver"
);

crate::text_enum!(
    /// What an account may do beyond buying.
    Role {
        Customer = "customer",
        Reviewer = "reviewer",
        Administrator = "administrator",
    }
);

/// Characters that a password must have at least, and may have at most (NIST SP 800-63B §3.1.1.2).
pub const PASSWORD_LENGTH: std::ops::RangeInclusive<usize> = 15..=128;
/// Seconds that the link of a verification mail lives.
pub const VERIFICATION_LIFETIME: i64 = 7 * 24 * 3600;

/// An account.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Which.
    pub id: AccountId,
    /// Its address, in lower case.
    pub email: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Telephone number.
    pub phone: Option<String>,
    /// The language of its mails.
    pub locale: Locale,
    /// What it may do.
    pub role: Role,
    /// When its address was proved.
    pub email_verified_at: Option<Time>,
    /// When it registered.
    pub created_at: Time,
}

/// The form in which addresses are stored and compared.
pub fn normal_email(typed: &str) -> String {
    typed.trim().to_lowercase()
}

/// Passes for a password of 15 to 128 characters that is not the e-mail address.
///
/// # Errors
/// `invalid_fields`, pointing at the password.
pub fn check_password(password: &str, email: &str) -> Result<(), Problem> {
    if !PASSWORD_LENGTH.contains(&password.chars().count()) {
        return Err(Problem::invalid_field("/password", "length", "Da 15 a 128 caratteri", "15 to 128 characters"));
    }
    if normal_email(password) == email {
        return Err(Problem::invalid_field(
            "/password",
            "too_easy",
            "Troppo facile da indovinare",
            "Too easy to guess",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_measured_in_characters_and_is_not_the_address() {
        assert!(check_password(&"è".repeat(15), "a@example.com").is_ok());
        assert!(check_password(&"è".repeat(14), "a@example.com").is_err());
        assert!(check_password(&"x".repeat(129), "a@example.com").is_err());
        assert!(check_password("Someone@Example.com", "someone@example.com").is_err());
    }
}
