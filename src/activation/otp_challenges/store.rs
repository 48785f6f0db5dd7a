//! The table of challenges.

use diesel::prelude::*;

use super::rules::{ChallengePurpose, ChallengeStatus, MAX_ATTEMPTS, OtpChallenge, OtpChallengeId};
use crate::activation::requests::rules::ActivationRequestId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::schema::otp_challenges;

#[derive(Queryable, Selectable)]
#[diesel(table_name = otp_challenges)]
struct ChallengeRow {
    id: OtpChallengeId,
    request_id: ActivationRequestId,
    purpose: ChallengePurpose,
    email: String,
    sealed_secret: Vec<u8>,
    status: ChallengeStatus,
    attempts: i32,
    issued_at: Time,
    expires_at: Time,
    verified_at: Option<Time>,
}

impl From<ChallengeRow> for OtpChallenge {
    fn from(row: ChallengeRow) -> Self {
        Self {
            id: row.id,
            request_id: row.request_id,
            purpose: row.purpose,
            email: row.email,
            sealed_secret: row.sealed_secret,
            status: row.status,
            attempts: row.attempts,
            issued_at: row.issued_at,
            expires_at: row.expires_at,
            verified_at: row.verified_at,
        }
    }
}

/// Adds a challenge; the one live before it is superseded, so that there is at most one (invariant 12 of the design).
pub fn issue(tx: &mut DbConnection, challenge: &OtpChallenge) -> QueryResult<usize> {
    diesel::update(otp_challenges::table.filter(otp_challenges::request_id.eq(challenge.request_id)))
        .filter(otp_challenges::purpose.eq(challenge.purpose))
        .filter(otp_challenges::status.eq(ChallengeStatus::Issued))
        .set(otp_challenges::status.eq(ChallengeStatus::Superseded))
        .execute(tx)?;
    diesel::insert_into(otp_challenges::table)
        .values((
            otp_challenges::id.eq(challenge.id),
            otp_challenges::request_id.eq(challenge.request_id),
            otp_challenges::purpose.eq(challenge.purpose),
            otp_challenges::email.eq(&challenge.email),
            otp_challenges::sealed_secret.eq(&challenge.sealed_secret),
            otp_challenges::status.eq(challenge.status),
            otp_challenges::attempts.eq(challenge.attempts),
            otp_challenges::issued_at.eq(challenge.issued_at),
            otp_challenges::expires_at.eq(challenge.expires_at),
        ))
        .execute(tx)
}

/// A challenge.
pub fn find(connection: &mut DbConnection, id: OtpChallengeId) -> QueryResult<Option<OtpChallenge>> {
    let row: Option<ChallengeRow> =
        otp_challenges::table.find(id).select(ChallengeRow::as_select()).first(connection).optional()?;
    Ok(row.map(OtpChallenge::from))
}

/// The last challenge of a request for a purpose.
pub fn last_of(
    connection: &mut DbConnection,
    request: ActivationRequestId,
    purpose: ChallengePurpose,
) -> QueryResult<Option<OtpChallenge>> {
    let row: Option<ChallengeRow> = otp_challenges::table
        .filter(otp_challenges::request_id.eq(request))
        .filter(otp_challenges::purpose.eq(purpose))
        .order(otp_challenges::id.desc())
        .select(ChallengeRow::as_select())
        .first(connection)
        .optional()?;
    Ok(row.map(OtpChallenge::from))
}

/// The challenge that proved a request's address.
pub fn verified_of(connection: &mut DbConnection, request: ActivationRequestId) -> QueryResult<Option<OtpChallenge>> {
    let row: Option<ChallengeRow> = otp_challenges::table
        .filter(otp_challenges::request_id.eq(request))
        .filter(otp_challenges::purpose.eq(ChallengePurpose::Applicant))
        .filter(otp_challenges::status.eq(ChallengeStatus::Verified))
        .order(otp_challenges::id.desc())
        .select(ChallengeRow::as_select())
        .first(connection)
        .optional()?;
    Ok(row.map(OtpChallenge::from))
}

/// Drops where a request's codes for some purposes went.
pub fn forget(
    tx: &mut DbConnection,
    request: ActivationRequestId,
    purposes: &[ChallengePurpose],
) -> QueryResult<usize> {
    diesel::update(otp_challenges::table.filter(otp_challenges::request_id.eq(request)))
        .filter(otp_challenges::purpose.eq_any(purposes.iter().copied()))
        .set(otp_challenges::email.eq(""))
        .execute(tx)
}

/// Counts a try of a live challenge before it is compared; false where none is left.
pub fn count_attempt(tx: &mut DbConnection, id: OtpChallengeId) -> QueryResult<bool> {
    let counted = diesel::update(otp_challenges::table.find(id))
        .filter(otp_challenges::status.eq(ChallengeStatus::Issued))
        .filter(otp_challenges::attempts.lt(MAX_ATTEMPTS))
        .set(otp_challenges::attempts.eq(otp_challenges::attempts + 1))
        .execute(tx)?;
    Ok(counted == 1)
}

/// Ends a live challenge; false where somebody did so before.
pub fn close(
    tx: &mut DbConnection,
    id: OtpChallengeId,
    status: ChallengeStatus,
    verified_at: Option<Time>,
) -> QueryResult<bool> {
    let closed = diesel::update(otp_challenges::table.find(id))
        .filter(otp_challenges::status.eq(ChallengeStatus::Issued))
        .set((otp_challenges::status.eq(status), otp_challenges::verified_at.eq(verified_at)))
        .execute(tx)?;
    Ok(closed == 1)
}

/// Cancels the live challenges of a request for some purposes, if it has any.
pub fn cancel(
    tx: &mut DbConnection,
    request: ActivationRequestId,
    purposes: &[ChallengePurpose],
) -> QueryResult<usize> {
    diesel::update(otp_challenges::table.filter(otp_challenges::request_id.eq(request)))
        .filter(otp_challenges::purpose.eq_any(purposes.iter().copied()))
        .filter(otp_challenges::status.eq(ChallengeStatus::Issued))
        .set(otp_challenges::status.eq(ChallengeStatus::Cancelled))
        .execute(tx)
}
