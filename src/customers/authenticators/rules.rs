//! What an authenticator is, which codes it takes, and how often one may guess.

use lettre::message::Mailbox;
use totp_rs::{Builder, Totp};

use crate::platform::clock::Time;
use crate::platform::problem::Problem;

crate::typed_id!(
    /// An authenticator's identifier.
    AuthenticatorId = "authn"
);

/// Bytes of a secret (RFC 4226 §4, R6).
pub const SECRET_LENGTH: usize = 20;
/// Authenticators that an account may have confirmed.
pub const MOST: usize = 5;
/// Recovery codes of one set.
pub const RECOVERY_CODES: usize = 10;
/// Bytes of randomness behind a recovery code: 80 bits, which nobody searches through, even with a stolen table.
pub const RECOVERY_CODE_LENGTH: usize = 10;
/// Letters and digits of a recovery code: none is taken for another (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters of a recovery code, without the hyphens.
const RECOVERY_CODE_CHARACTERS: usize = RECOVERY_CODE_LENGTH * 8 / 5;
/// Wrong codes in a row before the next one must wait.
pub const FREE_TRIES: i32 = 5;
/// Seconds that the first of them waits; each further one twice as long.
const FIRST_WAIT: i64 = 60;
/// Seconds that one waits at most, so that the owner of a guessed-at account gets in within the hour. Whoever knows the
/// password has 24 tries a day then, each of which hits one of three codes in a million for each authenticator.
const LONGEST_WAIT: i64 = 3600;

/// An app that shows codes. Its `Debug` shows neither label nor secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Authenticator {
    /// Which.
    pub id: AuthenticatorId,
    /// What its owner calls it.
    pub label: Option<String>,
    /// The sealed secret.
    pub sealed_secret: Vec<u8>,
    /// When its secret was handed out.
    pub created_at: Time,
    /// When it proved that it works; before, it counts for nothing.
    pub confirmed_at: Option<Time>,
    /// When a code of it last opened a session.
    pub last_used_at: Option<Time>,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authenticator({})", self.id)
    }
}

/// The parameters that every app understands, which are also the defaults of `otpauth` addresses: SHA-1, six digits,
/// steps of 30 seconds; a code of the step before or after is taken (RFC 6238 §5.2).
fn totp(secret: &[u8]) -> Builder {
    Builder::new().with_digits(6).with_skew(1).with_step_duration(30).with_secret(secret.to_vec())
}

/// The step whose code this is, if it is one of the present, the one before or the one after. Spaces, which apps show in
/// the middle, are nothing.
pub fn step_of(secret: &[u8], code: &str, now: Time) -> Option<i64> {
    let digits: String = code.chars().filter(|character| !character.is_whitespace()).collect();
    let step = totp(secret).build_noncompliant().check(&digits, u64::try_from(now.0.timestamp()).ok()?)?;
    i64::try_from(step).ok()
}

/// What an app must be told: the secret in base 32, and all of it in one address, which a client draws as a QR code.
pub struct Provisioning {
    /// The secret.
    pub secret: String,
    /// `otpauth://totp/…`.
    pub otpauth_url: String,
}

/// What the app of an account must be told.
///
/// # Errors
/// `internal_error` when the address cannot be written.
pub fn provisioning(secret: &[u8], issuer: &str, email: &str) -> Result<Provisioning, Problem> {
    let totp: Totp = totp(secret).with_issuer(Some(issuer)).with_account_name(email).build_noncompliant();
    let otpauth_url = totp.to_url().map_err(|error| Problem::internal(error.to_string()))?;
    Ok(Provisioning { secret: totp.secret().to_base32(), otpauth_url })
}

/// Whom an app says that its codes are for: whom mails say that they come from (`Negozio <no-reply@example.com>`).
pub fn issuer(mail_from: &Mailbox) -> String {
    let name = mail_from.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    // A colon ends the issuer in an `otpauth` address.
    name.unwrap_or_else(|| mail_from.email.domain()).replace(':', "")
}

/// A recovery code as it is shown: four groups of four characters.
pub fn recovery_code(random: [u8; RECOVERY_CODE_LENGTH]) -> String {
    let bits = random.iter().fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    let character = |place: usize| char::from(ALPHABET[(bits >> (5 * place)) as usize & 31]);
    grouped((0..RECOVERY_CODE_CHARACTERS).rev().map(character))
}

/// The recovery code that somebody typed, in the form in which it was shown; none where the text cannot be one.
pub fn typed_recovery_code(typed: &str) -> Option<String> {
    let characters = typed.chars().filter(|character| !character.is_whitespace() && *character != '-');
    let characters: Vec<char> = characters.map(|character| meant(character.to_ascii_lowercase())).collect();
    let is_known = |character: &char| u8::try_from(*character).is_ok_and(|byte| ALPHABET.contains(&byte));
    let is_code = characters.len() == RECOVERY_CODE_CHARACTERS && characters.iter().all(is_known);
    is_code.then(|| grouped(characters.into_iter()))
}

fn meant(character: char) -> char {
    match character {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    }
}

fn grouped(characters: impl Iterator<Item = char>) -> String {
    let mut code = String::with_capacity(RECOVERY_CODE_CHARACTERS + 3);
    for (place, character) in characters.enumerate() {
        if place > 0 && place % 4 == 0 {
            code.push('-');
        }
        code.push(character);
    }
    code
}

/// The wrong codes that an account has been tried with since the last right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tries {
    /// How many.
    pub failures: i32,
    /// When the last one came.
    pub last_failed_at: Option<Time>,
}

impl Tries {
    /// Seconds until the next code is looked at; none where it is at once.
    pub fn wait(&self, now: Time) -> Option<u64> {
        let since = now.seconds_since(self.last_failed_at?);
        // A sandbox's clock can be set back; a failure of the future does not keep anybody waiting for longer.
        let left = (pause_after(self.failures) - since).min(LONGEST_WAIT);
        u64::try_from(left).ok().filter(|left| *left > 0)
    }
}

fn pause_after(failures: i32) -> i64 {
    match u32::try_from(failures - FREE_TRIES) {
        Ok(doublings) => (FIRST_WAIT << doublings.min(10)).min(LONGEST_WAIT),
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::clock::Clock;
    use proptest::prelude::*;

    fn at(seconds: u64) -> Time {
        Time(chrono::DateTime::from_timestamp(i64::try_from(seconds).unwrap(), 0).unwrap())
    }

    /// RFC 6238, appendix B, with the last six of the eight digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = b"12345678901234567890";
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(step_of(secret, code, at(seconds)), i64::try_from(seconds / 30).ok(), "{seconds}");
        }
        assert_eq!(step_of(secret, " 287 082 ", at(59)), Some(1));
        for junk in ["", "28708", "2870820", "+87082", "２８７０８２"] {
            assert_eq!(step_of(secret, junk, at(59)), None, "{junk}");
        }
    }

    #[test]
    fn an_app_is_told_everything_by_one_address() {
        let told = provisioning(b"12345678901234567890", "Negozio & C", "mario+shop@example.com").unwrap();
        assert_eq!(told.secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let read = Totp::from_url(&told.otpauth_url).unwrap();
        assert_eq!((read.issuer(), read.account_name()), (Some("Negozio & C"), "mario+shop@example.com"));
        assert_eq!((read.digits(), read.step(), read.secret().as_bytes()), (6, 30, b"12345678901234567890".as_slice()));
    }

    #[test]
    fn the_issuer_is_whom_mails_come_from() {
        assert_eq!(issuer(&"Negozio <no-reply@example.com>".parse().unwrap()), "Negozio");
        assert_eq!(issuer(&"\"Negozio: il negozio\" <no-reply@example.com>".parse().unwrap()), "Negozio il negozio");
        assert_eq!(issuer(&"no-reply@example.com".parse().unwrap()), "example.com");
        assert_eq!(issuer(&"<no-reply@example.com>".parse().unwrap()), "example.com");
    }

    #[test]
    fn a_recovery_code_is_read_as_people_write_it() {
        let code = recovery_code([0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0x20]);
        assert_eq!(code, "zw00-0000-0000-0010");
        for typed in ["zw00-0000-0000-0010", " ZW00 OOOO 0000 00I0 ", "zw00000000000o1o", "ZWO0-0000-0000-00L0"] {
            assert_eq!(typed_recovery_code(typed).as_deref(), Some(code.as_str()), "{typed}");
        }
        for refused in
            ["", "123456", "zw00-0000-0000-001", "zw00-0000-0000-00100", "zw00-0000-0000-00u0", "zẃ00-0000-0000-0010"]
        {
            assert_eq!(typed_recovery_code(refused), None, "{refused}");
        }
    }

    #[test]
    fn who_guesses_waits_ever_longer_but_never_more_than_an_hour() {
        let now = Clock::default().now();
        let wait = |failures| Tries { failures, last_failed_at: Some(now) }.wait(now);
        assert_eq!((wait(0), wait(4), wait(5), wait(6), wait(7)), (None, None, Some(60), Some(120), Some(240)));
        assert_eq!((wait(11), wait(12), wait(i32::MAX)), (Some(3600), Some(3600), Some(3600)));
        let tries = Tries { failures: 5, last_failed_at: Some(now) };
        assert_eq!((tries.wait(now.plus_seconds(59)), tries.wait(now.plus_seconds(60))), (Some(1), None));
        assert_eq!(tries.wait(now.plus_seconds(-1_000_000)), Some(3600));
        assert_eq!(Tries { failures: 9, last_failed_at: None }.wait(now), None);
    }

    proptest! {
        #[test]
        fn a_code_is_taken_one_step_early_or_late_and_no_more(secret in proptest::array::uniform20(any::<u8>()), other in proptest::array::uniform20(any::<u8>()), seconds in 120_u64..4_000_000_000) {
            let shown = totp(&secret).build_noncompliant().generate(seconds).to_string();
            let step = i64::try_from(seconds / 30).unwrap();
            for near in [seconds - 30, seconds, seconds + 30] {
                // Another step of the window may show the same digits, once in a million.
                let found = step_of(&secret, &shown, at(near));
                prop_assert!(found.is_some_and(|found| (found - step).abs() <= 2));
            }
            for far in [seconds - 90, seconds + 90] {
                prop_assert_ne!(step_of(&secret, &shown, at(far)), Some(step));
            }
            prop_assert!(secret == other || step_of(&other, &shown, at(seconds)).is_none_or(|found| found != step)
                || totp(&other).build_noncompliant().generate(seconds).to_string() == shown);
        }

        #[test]
        fn a_recovery_code_survives_its_printed_form(random in any::<[u8; RECOVERY_CODE_LENGTH]>(), junk in "\\PC{0,40}") {
            let code = recovery_code(random);
            prop_assert_eq!(typed_recovery_code(&code.to_uppercase().replace('-', " ")), Some(code));
            let _ = typed_recovery_code(&junk);
            let _ = step_of(&random, &junk, at(1));
        }
    }
}
