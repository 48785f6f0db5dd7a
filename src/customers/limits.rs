//! How often a caller may try what can be guessed at, what sends mail, or what asks a service outside.

use std::time::Duration;

use crate::platform::config::Config;
use crate::platform::http::rate_limit::RateLimit;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// The limits of this room; each process counts for itself.
pub struct CustomerLimits {
    /// Logins with one e-mail address, known or not.
    pub logins_by_email: RateLimit,
    /// Logins from one sender.
    pub logins_by_sender: RateLimit,
    /// Refreshes from one sender.
    pub refreshes_by_sender: RateLimit,
    /// Registrations from one sender.
    pub registrations_by_sender: RateLimit,
    /// Verification mails to one account.
    pub verifications_by_account: RateLimit,
    /// Password resets asked for one e-mail address, known or not.
    pub resets_by_email: RateLimit,
    /// Password resets asked by one sender.
    pub resets_by_sender: RateLimit,
    /// Tokens from mails tried by one sender.
    pub link_tokens_by_sender: RateLimit,
    /// Old passwords tried within one account.
    pub password_changes_by_account: RateLimit,
    /// Codes of authenticators that one account tries to confirm.
    pub authenticator_codes_by_account: RateLimit,
    /// VAT numbers saved within one account, each of which VIES is asked for.
    pub vat_checks_by_account: RateLimit,
}

impl CustomerLimits {
    /// The limits that a configuration asks for: none where they are off.
    pub fn new(config: &Config) -> Self {
        let limit = |name, count, window| RateLimit::of(config, name, count, window);
        Self {
            logins_by_email: limit("logins-by-email", 10, MINUTE),
            logins_by_sender: limit("logins-by-sender", 30, MINUTE),
            refreshes_by_sender: limit("refreshes-by-sender", 120, MINUTE),
            registrations_by_sender: limit("registrations-by-sender", 10, HOUR),
            verifications_by_account: limit("verifications-by-account", 5, HOUR),
            resets_by_email: limit("password-resets-by-email", 3, HOUR),
            resets_by_sender: limit("password-resets-by-sender", 20, HOUR),
            link_tokens_by_sender: limit("link-tokens-by-sender", 30, MINUTE),
            password_changes_by_account: limit("password-changes-by-account", 10, MINUTE),
            authenticator_codes_by_account: limit("authenticator-codes-by-account", 10, MINUTE),
            vat_checks_by_account: limit("vat-checks-by-account", 60, HOUR),
        }
    }
}
