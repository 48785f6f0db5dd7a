//! Who calls. A handler without one of these extractors is public by sight.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, web};

use super::rules::SessionId;
use crate::customers::accounts::rules::{AccountId, Role};
use crate::platform::Platform;
use crate::platform::http::request::text_header;
use crate::platform::problem::{FORBIDDEN, Problem, UNAUTHENTICATED};

/// Anybody who is logged in.
#[derive(Debug, Clone, Copy)]
pub struct Customer {
    /// The account.
    pub account_id: AccountId,
    /// The session that the access token belongs to.
    pub session_id: SessionId,
    /// The account's role when the token was issued.
    pub role: Role,
}

/// A member of the back office who may review activation requests: a reviewer or an administrator.
#[derive(Debug, Clone, Copy)]
pub struct Reviewer(pub Customer);

/// An administrator of the back office.
#[derive(Debug, Clone, Copy)]
pub struct Administrator(pub Customer);

impl Customer {
    /// Who a request's bearer token names.
    ///
    /// # Errors
    /// `unauthenticated`.
    pub fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let platform = request
            .app_data::<web::Data<Platform>>()
            .ok_or_else(|| Problem::internal("the platform is not mounted"))?;
        let token = bearer_token(request).ok_or_else(|| UNAUTHENTICATED.problem())?;
        let claims = platform.tokens.verify(token, platform.clock.now())?;
        let unreadable = || UNAUTHENTICATED.problem();
        Ok(Self {
            account_id: claims.sub.parse().map_err(|_| unreadable())?,
            session_id: claims.sid.parse().map_err(|_| unreadable())?,
            role: claims.role.parse().map_err(|_| unreadable())?,
        })
    }

    fn with_role(self, allowed: &[Role]) -> Result<Self, Problem> {
        if allowed.contains(&self.role) { Ok(self) } else { Err(FORBIDDEN.problem()) }
    }
}

/// The token of an `Authorization: Bearer` header (RFC 6750 §2.1).
pub fn bearer_token(request: &HttpRequest) -> Option<&str> {
    let (scheme, token) = text_header(request.headers(), AUTHORIZATION.as_str())?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl FromRequest for Customer {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

impl FromRequest for Reviewer {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            Customer::of(request).and_then(|caller| caller.with_role(&[Role::Reviewer, Role::Administrator])).map(Self),
        )
    }
}

impl FromRequest for Administrator {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Customer::of(request).and_then(|caller| caller.with_role(&[Role::Administrator])).map(Self))
    }
}
