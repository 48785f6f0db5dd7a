//! Who may use the sandbox's paths: callers on this machine, and administrators.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;

use crate::customers::sessions::extract::Administrator;
use crate::platform::http::request::Sender;
use crate::platform::problem::Problem;

/// Somebody who may play the outside.
#[derive(Debug, Clone, Copy)]
pub struct Tester;

impl FromRequest for Tester {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if Sender::of(request).is_loopback() {
            return Box::pin(std::future::ready(Ok(Self)));
        }
        let administrator = Administrator::from_request(request, payload);
        Box::pin(async move { administrator.await.map(|_| Self) })
    }
}
