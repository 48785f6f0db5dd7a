//! Enrolment, confirmation and removal of authenticators, and the second factor of a login.

use super::jobs::{Notice, SecondFactorMail};
use super::rules::{
    self, Authenticator, AuthenticatorId, FREE_TRIES, MOST, Provisioning, RECOVERY_CODES, SECRET_LENGTH,
};
use super::store::{self, recovery_codes};
use crate::customers::accounts;
use crate::customers::accounts::rules::AccountId;
use crate::customers::problems::{
    AUTHENTICATOR_CONFIRMED, NO_AUTHENTICATOR, TOO_MANY_AUTHENTICATORS, TOO_MANY_TOTP_ATTEMPTS, TOTP_INVALID,
    TOTP_REQUIRED,
};
use crate::customers::sessions;
use crate::customers::sessions::rules::SessionId;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::crypto::{Keyring, random_bytes};
use crate::platform::db::DbConnection;
use crate::platform::jobs;
use crate::platform::problem::{NOT_FOUND, Problem};

/// The purpose of the key that seals secrets.
const SECRETS: &str = "authenticator-secrets";
/// The purpose of the key that recovery codes are hashed with.
const CODES: &str = "recovery-codes";

/// When it is. Sessions and limits go by the house's clock; apps show the codes of the time outside, from which a sandbox's
/// clock can be moved away.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// By the house's clock.
    pub now: Time,
    /// By everybody else's.
    pub outside: Time,
}

impl Moment {
    /// The present one.
    pub fn of(platform: &Platform) -> Self {
        Self { now: platform.clock.now(), outside: platform.clock.outside() }
    }
}

/// Begins to enrol an authenticator for whoever knows the account's password, and, where it has one already, has just
/// logged in with it: otherwise a thief of session and password would bring along a second factor of their own.
///
/// # Errors
/// `invalid_fields` (`wrong_password`), `recent_login_required`, `too_many_authenticators`.
pub async fn enrol(
    platform: &Platform,
    (account, session): (AccountId, SessionId),
    password: String,
    label: Option<String>,
) -> Result<(Authenticator, Provisioning), Problem> {
    let (owner, hash) = accounts::flow::prove_password(platform, account, "/password", password).await?;
    let (id, now) = (AuthenticatorId::new(), platform.clock.now());
    let secret = random_bytes::<SECRET_LENGTH>()?;
    let provisioning = rules::provisioning(&secret, &rules::issuer(&platform.config.mail_from), &owner.email)?;
    let sealed_secret = platform.keys.seal(SECRETS, id.0.as_bytes(), &secret)?;
    let authenticator =
        Authenticator { id, label, sealed_secret, created_at: now, confirmed_at: None, last_used_at: None };
    let fresh = authenticator.clone();
    platform
        .db
        .write(move |tx| {
            if accounts::store::lock_password_hash(tx, account)?.as_ref() != Some(&hash) {
                return Err(accounts::flow::wrong_password("/password"));
            }
            let confirmed = store::confirmed(tx, account)?.len();
            if confirmed > 0 {
                sessions::flow::require_recent(tx, session, now)?;
            }
            if confirmed >= MOST {
                return Err(TOO_MANY_AUTHENTICATORS.problem());
            }
            store::insert(tx, account, &fresh)?;
            Ok(())
        })
        .await?;
    Ok((authenticator, provisioning))
}

/// Fresh recovery codes.
#[derive(Clone)]
pub struct RecoveryCodes {
    codes: Vec<String>,
    hashes: Vec<[u8; 32]>,
}

impl RecoveryCodes {
    /// A set for an account.
    ///
    /// # Errors
    /// `internal_error` when the system has no randomness.
    pub fn fresh(keys: &Keyring, account: AccountId) -> Result<Self, Problem> {
        let codes = (0..RECOVERY_CODES).map(|_| random_bytes().map(rules::recovery_code));
        let codes = codes.collect::<Result<Vec<_>, Problem>>()?;
        let hashes = codes.iter().map(|code| hash_of(keys, account, code)).collect::<Result<_, Problem>>()?;
        Ok(Self { codes, hashes })
    }

    /// What the owner writes down.
    pub fn into_texts(self) -> Vec<String> {
        self.codes
    }
}

fn hash_of(keys: &Keyring, account: AccountId, code: &str) -> Result<[u8; 32], Problem> {
    keys.keyed_hash(CODES, &[account.0.as_bytes(), code.as_bytes()].concat())
}

/// What came of a confirmation.
pub struct Confirmed {
    /// It counts from now on.
    pub authenticator: Authenticator,
    /// Whether it is the account's first, so that the recovery codes are in force.
    pub is_first: bool,
    /// The sessions that were closed.
    pub closed: Vec<SessionId>,
}

/// Makes an authenticator count whose app shows the right code.
///
/// The first one of an account puts the recovery codes in force and closes all other sessions: they were opened with the
/// password alone, and whoever turns a second factor on may do so because somebody else knows it.
///
/// # Errors
/// `not_found`, `authenticator_confirmed`, `invalid_fields` (`wrong_code`).
pub fn confirm(
    tx: &mut DbConnection,
    keys: &Keyring,
    (account, session): (AccountId, SessionId),
    (id, code): (AuthenticatorId, &str),
    recovery: &RecoveryCodes,
    at: Moment,
) -> Result<Confirmed, Problem> {
    let Moment { now, outside } = at;
    accounts::store::take_turns(tx, account)?;
    let mut authenticator = store::find_own(tx, account, id)?.ok_or_else(|| NOT_FOUND.problem())?;
    if authenticator.confirmed_at.is_some() {
        return Err(AUTHENTICATOR_CONFIRMED.problem());
    }
    let secret = open_secret(keys, &authenticator)?;
    let step = rules::step_of(&secret, code, outside).ok_or_else(wrong_code)?;
    let is_first = store::count_confirmed(tx, account)? == 0;
    store::confirm(tx, id, step, now)?;
    authenticator.confirmed_at = Some(now);
    let mut closed = Vec::new();
    if is_first {
        recovery_codes::replace(tx, account, &recovery.hashes, now)?;
        closed = sessions::store::revoke_all(tx, account, Some(session), now)?;
    }
    notify(tx, account, Notice::Added, now)?;
    Ok(Confirmed { authenticator, is_first, closed })
}

fn wrong_code() -> Problem {
    Problem::invalid_field(
        "/code",
        "wrong_code",
        "Il codice non è quello che l'app mostra adesso",
        "It is not the code that the app shows now",
    )
}

/// Removes an authenticator, for whoever has just logged in (which takes the password and a code, or a recovery code): a
/// stolen access token alone does not take the second factor away. One that was never confirmed goes without ado. With
/// the last one go the recovery codes. Open sessions stay: none of them was opened with less.
///
/// # Errors
/// `not_found`, `recent_login_required`.
pub fn remove(
    tx: &mut DbConnection,
    (account, session): (AccountId, SessionId),
    id: AuthenticatorId,
    now: Time,
) -> Result<(), Problem> {
    accounts::store::take_turns(tx, account)?;
    let authenticator = store::find_own(tx, account, id)?.ok_or_else(|| NOT_FOUND.problem())?;
    if authenticator.confirmed_at.is_none() {
        store::delete(tx, id)?;
        return Ok(());
    }
    sessions::flow::require_recent(tx, session, now)?;
    store::delete(tx, id)?;
    if store::count_confirmed(tx, account)? == 0 {
        store::delete_all(tx, account)?;
    }
    notify(tx, account, Notice::Removed, now)
}

/// Removes all authenticators and recovery codes of an account that its owner is locked out of; answers how many
/// authenticators counted.
///
/// # Errors
/// When the database fails.
pub fn remove_all(tx: &mut DbConnection, account: AccountId, now: Time) -> Result<i64, Problem> {
    accounts::store::take_turns(tx, account)?;
    let counted = store::delete_all(tx, account)?;
    if counted > 0 {
        notify(tx, account, Notice::RemovedForOwner, now)?;
    }
    Ok(counted)
}

/// Puts new recovery codes in force, for whoever has just logged in; those of before are void.
///
/// # Errors
/// `no_authenticator`, `recent_login_required`.
pub fn replace_recovery_codes(
    tx: &mut DbConnection,
    (account, session): (AccountId, SessionId),
    recovery: &RecoveryCodes,
    now: Time,
) -> Result<(), Problem> {
    accounts::store::take_turns(tx, account)?;
    if store::count_confirmed(tx, account)? == 0 {
        return Err(NO_AUTHENTICATOR.problem());
    }
    sessions::flow::require_recent(tx, session, now)?;
    recovery_codes::replace(tx, account, &recovery.hashes, now)?;
    notify(tx, account, Notice::CodesReplaced, now)
}

/// How the second factor of a login turned out. A wrong code is an outcome and not an error of the transaction, which must
/// keep that it was counted.
pub enum SecondFactor {
    /// It was right, or none is needed.
    Passed,
    /// It was not, for this reason.
    Refused(Problem),
}

/// Tries the second factor of whoever has given an account's right password: a code of one of its authenticators, or a
/// recovery code. The caller holds the account's lock.
///
/// A code opens one session: one that was used before answers like a wrong one. It is not counted among the guesses, since
/// it is none. That a code is missing or wrong is told apart from a wrong password, because a client must know what to ask
/// for again, and because only who knows the password hears it.
///
/// # Errors
/// When the database fails.
pub fn prove(
    tx: &mut DbConnection,
    keys: &Keyring,
    account: AccountId,
    code: Option<&str>,
    at: Moment,
) -> Result<SecondFactor, Problem> {
    let confirmed = store::confirmed(tx, account)?;
    if confirmed.is_empty() {
        return Ok(SecondFactor::Passed);
    }
    let Some(code) = code.filter(|code| !code.trim().is_empty()) else {
        return Ok(SecondFactor::Refused(TOTP_REQUIRED.detail("Log in again, with a code of the authenticator.")));
    };
    if let Some(seconds) = store::tries(tx, account)?.wait(at.now) {
        return Ok(SecondFactor::Refused(TOO_MANY_TOTP_ATTEMPTS.problem().retry_after(seconds)));
    }
    let attempt = match rules::typed_recovery_code(code) {
        Some(code) => try_recovery_code(tx, keys, account, &code, at.now)?,
        None => try_code(tx, keys, &confirmed, code, at)?,
    };
    match attempt {
        Attempt::Right => {
            store::forget_failures(tx, account)?;
            return Ok(SecondFactor::Passed);
        }
        Attempt::Used => {}
        Attempt::Wrong => {
            if store::count_failure(tx, account, at.now)? == FREE_TRIES {
                notify(tx, account, Notice::Guessed, at.now)?;
            }
        }
    }
    Ok(SecondFactor::Refused(TOTP_INVALID.problem()))
}

enum Attempt {
    Right,
    /// It was right, once.
    Used,
    Wrong,
}

fn try_code(
    tx: &mut DbConnection,
    keys: &Keyring,
    authenticators: &[Authenticator],
    code: &str,
    at: Moment,
) -> Result<Attempt, Problem> {
    let mut attempt = Attempt::Wrong;
    for authenticator in authenticators {
        let secret = open_secret(keys, authenticator)?;
        if let Some(step) = rules::step_of(&secret, code, at.outside) {
            if store::use_step(tx, authenticator.id, step, at.now)? {
                return Ok(Attempt::Right);
            }
            attempt = Attempt::Used;
        }
    }
    Ok(attempt)
}

fn try_recovery_code(
    tx: &mut DbConnection,
    keys: &Keyring,
    account: AccountId,
    code: &str,
    now: Time,
) -> Result<Attempt, Problem> {
    let hash = hash_of(keys, account, code)?;
    if !recovery_codes::use_code(tx, account, &hash, now)? {
        return Ok(if recovery_codes::is_known(tx, account, &hash)? { Attempt::Used } else { Attempt::Wrong });
    }
    notify(tx, account, Notice::CodeUsed, now)?;
    Ok(Attempt::Right)
}

fn open_secret(keys: &Keyring, authenticator: &Authenticator) -> Result<Vec<u8>, Problem> {
    keys.open(SECRETS, authenticator.id.0.as_bytes(), &authenticator.sealed_secret)
}

fn notify(tx: &mut DbConnection, account_id: AccountId, notice: Notice, now: Time) -> Result<(), Problem> {
    jobs::enqueue(tx, &SecondFactorMail { account_id, notice, happened_at: now }, now)?;
    Ok(())
}
