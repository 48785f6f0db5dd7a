//! What a session is.

use crate::platform::crypto::{random_token, sha256};
use crate::platform::problem::Problem;

crate::typed_id!(
    /// A session's identifier: the family of one login's refresh tokens.
    SessionId = "sess"
);

/// Seconds that a session lives from its last refresh.
pub const SESSION_LIFETIME: i64 = 30 * 24 * 3600;

/// A session that is about to begin, or to go on, with a fresh refresh token.
#[derive(Clone)]
pub struct NewSession {
    /// Which.
    pub id: SessionId,
    /// `rt_<session>.<secret>`; only its hash is stored.
    pub refresh_token: String,
}

impl NewSession {
    /// A new session.
    ///
    /// # Errors
    /// `internal_error` when the system has no randomness.
    pub fn make() -> Result<Self, Problem> {
        Self::next(SessionId::new())
    }

    /// The next refresh token of a session.
    ///
    /// # Errors
    /// `internal_error` when the system has no randomness.
    pub fn next(id: SessionId) -> Result<Self, Problem> {
        Ok(Self { id, refresh_token: format!("rt_{id}.{}", random_token()?) })
    }

    /// What is stored of the refresh token.
    pub fn token_hash(&self) -> Vec<u8> {
        hash_of(&self.refresh_token)
    }
}

/// What is stored of a refresh token.
pub fn hash_of(refresh_token: &str) -> Vec<u8> {
    sha256(refresh_token.as_bytes()).to_vec()
}

/// The session that a refresh token names.
pub fn session_of(refresh_token: &str) -> Option<SessionId> {
    refresh_token.strip_prefix("rt_")?.split_once('.')?.0.parse().ok()
}
