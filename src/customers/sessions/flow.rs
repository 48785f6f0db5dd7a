//! Login and refresh.

use super::refresh_token::RefreshToken;
use super::rules::SessionId;
use super::store;
use crate::customers::accounts;
use crate::customers::accounts::rules::Account;
use crate::customers::authenticators::flow::{self as second_factor, Moment, SecondFactor};
use crate::customers::email_address;
use crate::customers::problems::{
    ACCOUNT_SUSPENDED, INVALID_CREDENTIALS, INVALID_REFRESH_TOKEN, RECENT_LOGIN_REQUIRED, REFRESH_TOKEN_REUSED,
};
use crate::customers::sessions::gate::SessionGate;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::http::request::Sender;
use crate::platform::problem::{NOT_FOUND, Problem};

/// An open session of an account, with its newest refresh token.
pub struct Opened {
    /// Whose.
    pub account: Account,
    /// The refresh token to hand out.
    pub refresh_token: RefreshToken,
}

/// What came of a refresh. Reuse is no error inside the transaction, which must commit that it closed the session.
enum Refreshed {
    Open(Account),
    Ended,
    Reused,
}

/// What somebody logs in with.
pub struct Credentials {
    /// The account's address.
    pub email: String,
    /// Its password.
    pub password: String,
    /// A code of its authenticator, or a recovery code.
    pub totp: Option<String>,
}

/// Opens a session for whoever knows an account's password and, where it has an authenticator, a code of it.
///
/// An unknown address and a wrong password answer alike and after the same work: one read and one password hash. All else
/// that can be wrong only who knows the password is told.
///
/// # Errors
/// `invalid_credentials`, `account_suspended`, `totp_required`, `totp_invalid`, `too_many_totp_attempts`.
pub async fn log_in(platform: &Platform, credentials: Credentials, sender: Sender) -> Result<Opened, Problem> {
    let Credentials { email, password, totp } = credentials;
    let refusal = || INVALID_CREDENTIALS.problem();
    // What is no address is no account's; it takes the same way.
    let email = email_address::normalise(&email).unwrap_or_default();
    let known = platform.db.read(move |connection| accounts::store::find_credentials(connection, &email)).await?;
    let matches = platform
        .passwords
        .verify(password, known.as_ref().map(|(_, hash)| hash.clone()).filter(|hash| !hash.is_empty()))
        .await?;
    let (true, Some((id, hash))) = (matches, known.map(|(account, hash)| (account.id, hash))) else {
        return Err(refusal());
    };
    let refresh_token = RefreshToken::issue(&platform.keys, SessionId::new())?;
    let (token, keys, at) = (refresh_token.clone(), platform.keys.clone(), Moment::of(platform));
    let (account, second_factor) = platform
        .db
        .write(move |tx| {
            // The password may have been changed since it was verified; then this login comes too late.
            if accounts::store::lock_password_hash(tx, id)?.as_ref() != Some(&hash) {
                return Err(refusal());
            }
            // Its role too: a session must not outlive a change that closed all others.
            let account = accounts::store::find(tx, id)?.ok_or_else(refusal)?;
            if accounts::store::is_suspended(tx, id)? {
                return Err(ACCOUNT_SUSPENDED.problem());
            }
            let second_factor = second_factor::prove(tx, &keys, id, totp.as_deref(), at)?;
            if matches!(second_factor, SecondFactor::Passed) {
                store::insert(tx, token.session(), id, &token.hash(), &sender, at.now)?;
            }
            Ok((account, second_factor))
        })
        .await?;
    match second_factor {
        SecondFactor::Passed => Ok(Opened { account, refresh_token }),
        SecondFactor::Refused(problem) => Err(problem),
    }
}

/// Trades a refresh token for a fresh one, once.
///
/// Of several callers with the same token one succeeds; for all others it is a reused one. A reused token means that
/// two hold it, one of whom may have stolen it, so its whole family dies (RFC 9700 §4.14.2).
///
/// # Errors
/// `invalid_refresh_token`, `refresh_token_reused`.
pub async fn refresh(platform: &Platform, gate: &SessionGate, text: &str, sender: Sender) -> Result<Opened, Problem> {
    let old = RefreshToken::read(&platform.keys, text)?.ok_or_else(|| INVALID_REFRESH_TOKEN.problem())?;
    let session = old.session();
    let fresh = RefreshToken::issue(&platform.keys, session)?;
    let (old_hash, new_hash, now) = (old.hash(), fresh.hash(), platform.clock.now());
    let outcome = platform.db.write(move |tx| rotate(tx, session, (&old_hash, &new_hash), &sender, now)).await?;
    match outcome {
        Refreshed::Open(account) => Ok(Opened { account, refresh_token: fresh }),
        Refreshed::Ended => Err(INVALID_REFRESH_TOKEN.problem()),
        Refreshed::Reused => {
            tracing::warn!(%session, "a refresh token was reused, its session has been closed");
            gate.close([session]);
            Err(REFRESH_TOKEN_REUSED.problem())
        }
    }
}

fn rotate(
    tx: &mut DbConnection,
    session: SessionId,
    (old_hash, new_hash): (&[u8], &[u8]),
    sender: &Sender,
    now: Time,
) -> Result<Refreshed, Problem> {
    if let Some(account) = store::rotate(tx, session, old_hash, new_hash, sender, now)? {
        let account = accounts::store::find(tx, account)?;
        return Ok(account.map_or(Refreshed::Ended, Refreshed::Open));
    }
    let is_open = store::find(tx, session)?.is_some_and(|session| session.is_open(now));
    if is_open && store::revoke(tx, session, now)? { Ok(Refreshed::Reused) } else { Ok(Refreshed::Ended) }
}

/// Passes within 15 minutes of a session's login, for what cannot be undone or what would keep the owner out: a stolen
/// access token alone is not enough for that.
///
/// # Errors
/// `recent_login_required`.
pub fn require_recent(connection: &mut DbConnection, session: SessionId, now: Time) -> Result<(), Problem> {
    let session = store::find(connection, session)?.ok_or_else(|| NOT_FOUND.problem())?;
    if session.is_recent(now) {
        Ok(())
    } else {
        Err(RECENT_LOGIN_REQUIRED.detail("Log in again, then repeat the call within 15 minutes."))
    }
}
