//! What a session is.

crate::typed_id!(
    /// A session's identifier: the family of one login's refresh tokens.
    SessionId = "sess"
);
