//! Whether a session is still open, asked at every call with an access token.
//!
//! A token lives for ten minutes whatever happens to its session; the gate closes earlier. What this process closes it
//! refuses at once; what another process closes, within [`TRUSTED`] seconds. In between no query is made.

use quick_cache::sync::Cache;

use super::rules::SessionId;
use super::store;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::problem::{Problem, UNAUTHENTICATED};

/// Seconds that a look at the database is good for.
const TRUSTED: i64 = 5;
/// Sessions remembered.
const REMEMBERED: usize = 10_000;

/// What this process knows of sessions.
pub struct SessionGate {
    seen_open: Cache<SessionId, Time>,
    /// Apart from the other, so that a look that began before a session was closed cannot open it again.
    closed: Cache<SessionId, ()>,
}

impl Default for SessionGate {
    fn default() -> Self {
        Self { seen_open: Cache::new(REMEMBERED), closed: Cache::new(REMEMBERED) }
    }
}

impl SessionGate {
    /// Lets an open session pass.
    ///
    /// # Errors
    /// `unauthenticated` for one that is closed or unknown.
    pub async fn pass(&self, platform: &Platform, session: SessionId) -> Result<(), Problem> {
        let now = platform.clock.now();
        if self.is_closed(session) {
            return Err(closed());
        }
        if self.seen_open.get(&session).is_some_and(|seen| is_fresh(seen, now)) {
            return Ok(());
        }
        if !platform.db.read(move |connection| Ok(store::is_open(connection, session)?)).await? {
            self.close([session]);
            return Err(closed());
        }
        self.seen_open.insert(session, now);
        Ok(())
    }

    /// Whether this process has closed a session, or has seen it closed; asks nobody.
    pub fn is_closed(&self, session: SessionId) -> bool {
        self.closed.get(&session).is_some()
    }

    /// Forgets what it has seen, so that every session is looked up again.
    pub fn forget(&self) {
        self.seen_open.clear();
    }

    /// Shuts out sessions that were just closed. Call it after the commit.
    pub fn close(&self, sessions: impl IntoIterator<Item = SessionId>) {
        for session in sessions {
            self.closed.insert(session, ());
            self.seen_open.remove(&session);
        }
    }
}

/// A look from the future is not trusted: a sandbox's clock can be set back.
fn is_fresh(seen: Time, now: Time) -> bool {
    (0..TRUSTED).contains(&now.seconds_since(seen))
}

fn closed() -> Problem {
    UNAUTHENTICATED.detail("The session has been closed: log in again.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::clock::Clock;

    #[test]
    fn a_look_is_trusted_for_five_seconds_and_never_from_the_future() {
        let seen = Clock::default().now();
        assert!(is_fresh(seen, seen) && is_fresh(seen, seen.plus_seconds(TRUSTED - 1)));
        assert!(!is_fresh(seen, seen.plus_seconds(TRUSTED)) && !is_fresh(seen, seen.plus_seconds(-1)));
    }

    #[test]
    fn what_was_closed_stays_closed_whoever_saw_it_open() {
        let gate = SessionGate::default();
        let session = SessionId::new();
        gate.close([session]);
        gate.seen_open.insert(session, Clock::default().now());
        assert!(gate.closed.get(&session).is_some());
    }
}
