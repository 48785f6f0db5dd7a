//! Issuing and verifying codes.

use serde_json::json;

use super::jobs::OtpMail;
use super::rules::{
    COOL_DOWN, ChallengePurpose, ChallengeStatus, LIFETIME, MAX_ATTEMPTS, OtpChallenge, OtpChallengeId, SECRET_LENGTH,
    is_right,
};
use super::store;
use crate::activation::problems::{
    EMAIL_NOT_ON_OFFER, OTP_COOL_DOWN, OTP_EXHAUSTED, OTP_EXPIRED, OTP_INCORRECT, OTP_NOT_LIVE,
};
use crate::activation::requests;
use crate::activation::requests::rules::{ActivationRequestId, RequestCommand, RequestStatus};
use crate::activation::requests::timeline::proof_sha256;
use crate::customers::accounts::rules::{AccountId, normal_email};
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::crypto::random_bytes;
use crate::platform::db::DbConnection;
use crate::platform::jobs;
use crate::platform::problem::{NOT_FOUND, Problem};

const PURPOSE: &str = "otp-secrets";

/// A challenge that is about to be issued, with a fresh secret.
///
/// # Errors
/// `internal_error` when the system has no randomness.
pub fn prepare(
    platform: &Platform,
    request_id: ActivationRequestId,
    purpose: ChallengePurpose,
    email: &str,
    now: Time,
) -> Result<OtpChallenge, Problem> {
    let id = OtpChallengeId::new();
    let secret = random_bytes::<SECRET_LENGTH>()?;
    Ok(OtpChallenge {
        id,
        request_id,
        purpose,
        email: normal_email(email),
        sealed_secret: platform.keys.seal(PURPOSE, id.0.as_bytes(), &secret)?,
        status: ChallengeStatus::Issued,
        attempts: 0,
        issued_at: now,
        expires_at: now.plus_seconds(LIFETIME),
        verified_at: None,
    })
}

/// The secret of a challenge.
///
/// # Errors
/// `internal_error` when it does not open.
pub fn open_secret(platform: &Platform, challenge: &OtpChallenge) -> Result<Vec<u8>, Problem> {
    platform.keys.open(PURPOSE, challenge.id.0.as_bytes(), &challenge.sealed_secret)
}

/// Issues a challenge for a request that awaits its e-mail.
///
/// # Errors
/// `not_found`, `request_state_forbids`, `email_not_on_offer`, `otp_cool_down`.
pub fn issue(tx: &mut DbConnection, account: AccountId, challenge: &OtpChallenge) -> Result<(), Problem> {
    let now = challenge.issued_at;
    let request = requests::flow::own_locked(tx, account, challenge.request_id)?;
    if request.status != RequestStatus::AwaitingEmail {
        return Err(request.state_forbids());
    }
    let options = requests::flow::email_options(tx, &request)?;
    if !options.iter().any(|(email, _)| *email == challenge.email) {
        return Err(EMAIL_NOT_ON_OFFER.problem());
    }
    enforce_cool_down(tx, challenge)?;
    store::issue(tx, challenge)?;
    let details = json!({ "challenge_id": challenge.id });
    requests::flow::record(tx, &request, "otp_issued", &account.to_string(), details, now)?;
    jobs::enqueue(tx, &OtpMail { challenge_id: challenge.id }, now)?;
    Ok(())
}

/// Passes when the last challenge of the same request and purpose is old enough for another.
///
/// # Errors
/// `otp_cool_down`, with the seconds to wait.
pub fn enforce_cool_down(tx: &mut DbConnection, challenge: &OtpChallenge) -> Result<(), Problem> {
    let last = store::last_of(tx, challenge.request_id, challenge.purpose)?;
    let wait = last.map_or(0, |last| COOL_DOWN - challenge.issued_at.seconds_since(last.issued_at));
    match u64::try_from(wait) {
        Ok(wait @ 1..) => Err(OTP_COOL_DOWN.problem().retry_after(wait)),
        _ => Ok(()),
    }
}

/// A challenge of an account's request, for its applicant.
///
/// # Errors
/// `not_found`.
pub fn find_own(
    connection: &mut DbConnection,
    account: AccountId,
    id: OtpChallengeId,
) -> Result<OtpChallenge, Problem> {
    let challenge = store::find(connection, id)?.filter(|challenge| challenge.purpose == ChallengePurpose::Applicant);
    let challenge = challenge.ok_or_else(|| NOT_FOUND.problem())?;
    requests::flow::own(connection, account, challenge.request_id)?;
    Ok(challenge)
}

/// How a try ended. A wrong one is an outcome and not an error of the transaction, which must keep that it was counted.
pub enum Verification {
    /// The code was right.
    Verified,
    /// It was not, for this reason.
    Refused(Problem),
}

/// Tries the code that proves a request's address.
///
/// # Errors
/// `not_found`.
pub fn verify(
    tx: &mut DbConnection,
    platform: &Platform,
    account: AccountId,
    id: OtpChallengeId,
    code: &str,
    now: Time,
) -> Result<Verification, Problem> {
    let challenge = find_own(tx, account, id)?;
    let mut request = requests::flow::own_locked(tx, account, challenge.request_id)?;
    if let Verification::Refused(problem) = try_code(tx, platform, &challenge, code, now)? {
        return Ok(Verification::Refused(problem));
    }
    let details = json!({ "challenge_id": id, "proof_sha256": proof_sha256(&challenge.proof(now))? });
    request.email = Some(challenge.email);
    request.email_verified_at = Some(now);
    request.advance(RequestCommand::VerifyEmail)?;
    requests::flow::conclude(tx, &mut request, "email_verified", details, now)?;
    Ok(Verification::Verified)
}

/// Tries a code: counted first, then compared. The caller holds the request's lock.
///
/// # Errors
/// When the database fails.
pub fn try_code(
    tx: &mut DbConnection,
    platform: &Platform,
    challenge: &OtpChallenge,
    code: &str,
    now: Time,
) -> Result<Verification, Problem> {
    let id = challenge.id;
    let refused = |problem: Problem| Ok(Verification::Refused(problem));
    if challenge.status == ChallengeStatus::Issued && now >= challenge.expires_at {
        store::close(tx, id, ChallengeStatus::Expired, None)?;
        return refused(OTP_EXPIRED.problem());
    }
    if !store::count_attempt(tx, id)? {
        let challenge = store::find(tx, id)?.ok_or_else(|| NOT_FOUND.problem())?;
        let code = if challenge.status == ChallengeStatus::Exhausted { &OTP_EXHAUSTED } else { &OTP_NOT_LIVE };
        return refused(code.problem().member("challenge_status", challenge.status.as_str().into()));
    }
    let tried = store::find(tx, id)?.ok_or_else(|| NOT_FOUND.problem())?;
    if !is_right(&open_secret(platform, challenge)?, code, now.seconds_since(challenge.issued_at)) {
        let left = MAX_ATTEMPTS - tried.attempts;
        if left == 0 {
            store::close(tx, id, ChallengeStatus::Exhausted, None)?;
        }
        return refused(OTP_INCORRECT.problem().member("attempts_left", left.into()));
    }
    if !store::close(tx, id, ChallengeStatus::Verified, Some(now))? {
        return refused(OTP_NOT_LIVE.problem());
    }
    Ok(Verification::Verified)
}
