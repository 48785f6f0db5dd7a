//! Who may use the sandbox's paths: callers on this machine, and administrators.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;

use super::{payments, provisioning};
use crate::customers::sessions::extract::{Administrator, bearer_token};
use crate::platform::Platform;
use crate::platform::crypto::{Keyring, equal_in_constant_time};
use crate::platform::http::request::Sender;
use crate::platform::problem::{Problem, UNAUTHENTICATED};

/// Somebody who may play the outside.
#[derive(Debug, Clone, Copy)]
pub struct Tester;

/// The server itself, calling the provisioning service that it plays.
#[derive(Debug, Clone, Copy)]
pub struct ProvisioningCaller;

/// The server itself, calling the payment provider that it plays.
#[derive(Debug, Clone, Copy)]
pub struct PaymentsCaller;

/// Refuses whoever has not the token of a stand-in.
fn require_token(request: &HttpRequest, token: fn(&Keyring) -> Result<String, Problem>) -> Result<(), Problem> {
    let unmounted = || Problem::internal("the platform is not mounted");
    let platform = request.app_data::<web::Data<Platform>>().ok_or_else(unmounted)?;
    let expected = token(&platform.keys)?;
    let sent = bearer_token(request).unwrap_or_default();
    let is_ours = equal_in_constant_time(sent.as_bytes(), expected.as_bytes());
    if is_ours { Ok(()) } else { Err(UNAUTHENTICATED.problem()) }
}

impl FromRequest for ProvisioningCaller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(require_token(request, provisioning::token).map(|()| Self))
    }
}

impl FromRequest for PaymentsCaller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(require_token(request, payments::token).map(|()| Self))
    }
}

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
