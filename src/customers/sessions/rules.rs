//! What a session is, and how long it lives.

use crate::platform::clock::Time;

crate::typed_id!(
    /// A session's identifier: the family of one login's refresh tokens.
    SessionId = "sess"
);

/// Seconds that a session lives after it was last refreshed: 30 days.
pub const LIFETIME: i64 = 30 * 24 * 3600;
/// Seconds after its end that a session is still listed in the database, for who asks what happened: 90 days.
pub const KEPT_AFTER_END: i64 = 90 * 24 * 3600;
/// Seconds after a login within which what cannot be undone is permitted.
pub const RECENT: i64 = 15 * 60;

/// One login and what came of it. Its `Debug` shows no address.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// The address that it was last used from.
    pub ip: Option<String>,
    /// The program that it was last used with.
    pub user_agent: Option<String>,
    /// When it was opened, by registration or login.
    pub created_at: Time,
    /// When it was last refreshed.
    pub last_used_at: Time,
    /// When it ends if it is not refreshed.
    pub expires_at: Time,
    /// When it was closed.
    pub revoked_at: Option<Time>,
}

impl Session {
    /// Whether it can be refreshed.
    pub fn is_open(&self, now: Time) -> bool {
        self.revoked_at.is_none() && self.expires_at > now
    }

    /// Whether the login is recent enough for what cannot be undone.
    pub fn is_recent(&self, now: Time) -> bool {
        now.seconds_since(self.created_at) < RECENT
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::clock::Clock;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_session_is_open_until_it_expires_or_is_revoked(age in 0..LIFETIME * 2, revoked in any::<bool>()) {
            let created_at = Clock::default().now();
            let now = created_at.plus_seconds(age);
            let session = Session {
                id: SessionId::new(), ip: None, user_agent: None, created_at, last_used_at: created_at,
                expires_at: created_at.plus_seconds(LIFETIME), revoked_at: revoked.then_some(created_at),
            };
            prop_assert_eq!(session.is_open(now), !revoked && age < LIFETIME);
            prop_assert_eq!(session.is_recent(now), age < RECENT);
        }
    }
}
