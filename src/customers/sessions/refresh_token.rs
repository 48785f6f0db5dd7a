//! Refresh tokens: opaque to callers, `rt_<session>.<secret>.<seal>`.
//!
//! The database holds only the hash of the newest one. The seal is a keyed hash over the rest, so that a token of ours
//! that is no longer the newest (reused: its whole family dies, RFC 9700 §4.14.2) is told from one made up by somebody
//! who merely knows a session's identifier, and who could otherwise close it.

use super::rules::SessionId;
use crate::platform::crypto::{self, Keyring};
use crate::platform::problem::Problem;

const PREFIX: &str = "rt_";
const PURPOSE: &str = "refresh-token";

/// A refresh token that we made. Its `Debug` shows only the session.
#[derive(Clone)]
pub struct RefreshToken {
    session: SessionId,
    text: String,
}

impl RefreshToken {
    /// A fresh token of a session.
    ///
    /// # Errors
    /// `internal_error` when the system has no randomness.
    pub fn issue(keys: &Keyring, session: SessionId) -> Result<Self, Problem> {
        let body = format!("{session}.{}", crypto::random_token()?);
        let seal = keys.link_token(PURPOSE, &body)?;
        Ok(Self { session, text: format!("{PREFIX}{body}.{seal}") })
    }

    /// The token that a caller sent, if it is one of ours.
    ///
    /// # Errors
    /// `internal_error` when the key cannot be derived.
    pub fn read(keys: &Keyring, text: &str) -> Result<Option<Self>, Problem> {
        let Some((body, seal)) = text.strip_prefix(PREFIX).and_then(|text| text.rsplit_once('.')) else {
            return Ok(None);
        };
        let session = body.split_once('.').and_then(|(session, _)| session.parse().ok());
        let expected = keys.link_token(PURPOSE, body)?;
        let is_ours = crypto::equal_in_constant_time(seal.as_bytes(), expected.as_bytes());
        Ok(session.filter(|_| is_ours).map(|session| Self { session, text: text.to_owned() }))
    }

    /// The session that it refreshes.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// What the database holds.
    pub fn hash(&self) -> [u8; 32] {
        crypto::sha256(self.text.as_bytes())
    }

    /// What the caller holds.
    pub fn into_text(self) -> String {
        self.text
    }
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RefreshToken({})", self.session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_token_of_ours_reads_under_our_key_only() {
        let (keys, others) = (Keyring::new([1; 32]), Keyring::new([2; 32]));
        let session = SessionId::new();
        let token = RefreshToken::issue(&keys, session).unwrap();
        let hash = token.hash();
        let text = token.into_text();
        let read = RefreshToken::read(&keys, &text).unwrap().unwrap();
        assert_eq!((read.session(), read.hash()), (session, hash));
        assert!(RefreshToken::read(&others, &text).unwrap().is_none());
        assert_ne!(RefreshToken::issue(&keys, session).unwrap().into_text(), text);
    }

    proptest! {
        #[test]
        fn a_changed_character_is_refused_and_nothing_panics(position in any::<proptest::sample::Index>(), junk in "\\PC{0,60}") {
            let keys = Keyring::new([1; 32]);
            let text = RefreshToken::issue(&keys, SessionId::new()).unwrap().into_text();
            let mut changed = text.clone().into_bytes();
            let at = position.index(changed.len());
            changed[at] = if changed[at] == b'a' { b'b' } else { b'a' };
            prop_assert!(RefreshToken::read(&keys, &String::from_utf8(changed).unwrap()).unwrap().is_none());
            prop_assert!(RefreshToken::read(&keys, &junk).unwrap().is_none());
            let junk = format!("rt_{junk}");
            prop_assert!(RefreshToken::read(&keys, &junk).unwrap().is_none());
        }
    }
}
