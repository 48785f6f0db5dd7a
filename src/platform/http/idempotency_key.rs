//! The `Idempotency-Key` header.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::platform::idempotency::Key;
use crate::platform::problem::{IDEMPOTENCY_KEY_REQUIRED, MALFORMED_REQUEST, Problem};

const HEADER: &str = "Idempotency-Key";

/// The header of a request that may carry it.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    key: Option<String>,
    method: String,
    path: String,
}

impl IdempotencyKey {
    /// The key bound to its caller and request, if there is one.
    pub fn of(self, caller: impl ToString, body_sha256: &[u8; 32]) -> Option<Key> {
        self.key.map(|key| Key::new(caller, key, &self.method, &self.path, body_sha256))
    }
}

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request).map(|key| Self {
            key,
            method: request.method().to_string(),
            path: request.path().to_owned(),
        }))
    }
}

/// The header of a request that must carry it: checkout and payments.
#[derive(Debug, Clone)]
pub struct RequiredIdempotencyKey(String, IdempotencyKey);

impl RequiredIdempotencyKey {
    /// The key as it was sent.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The key bound to its caller and request.
    pub fn of(self, caller: impl ToString, body_sha256: &[u8; 32]) -> Key {
        Key::new(caller, self.0, &self.1.method, &self.1.path, body_sha256)
    }
}

impl FromRequest for RequiredIdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let read = IdempotencyKey::from_request(request, payload).into_inner();
        ready(read.and_then(|key| {
            match key.key.clone() {
                Some(text) => Ok(Self(text, key)),
                None => Err(IDEMPOTENCY_KEY_REQUIRED
                    .detail("Send a fresh random Idempotency-Key, and the same one when you retry.")),
            }
        }))
    }
}

fn read(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let Some(value) = request.headers().get(HEADER) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(Some(text.to_owned()))
    } else {
        Err(MALFORMED_REQUEST.detail("Idempotency-Key takes 1 to 255 visible ASCII characters."))
    }
}
