//! Who calls. A handler without one of these extractors is public by sight.

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;

use super::gate::SessionGate;
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
    /// Who a request's bearer token names: a token of ours that has not expired, of a session that is still open.
    ///
    /// # Errors
    /// `unauthenticated`.
    pub async fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let platform = mounted::<Platform>(request)?;
        let token = bearer_token(request).ok_or_else(|| UNAUTHENTICATED.problem())?;
        let claims = platform.tokens.verify(token, platform.clock.now())?;
        let unreadable = || UNAUTHENTICATED.problem();
        let caller = Self {
            account_id: claims.sub.parse().map_err(|_| unreadable())?,
            session_id: claims.sid.parse().map_err(|_| unreadable())?,
            role: claims.role.parse().map_err(|_| unreadable())?,
        };
        mounted::<SessionGate>(request)?.pass(platform, caller.session_id).await?;
        Ok(caller)
    }

    /// As [`Customer::of`], for paths that also take other credentials: none where there is no `Authorization` header.
    ///
    /// # Errors
    /// `unauthenticated` for a header that names nobody.
    pub async fn if_present(request: &HttpRequest) -> Result<Option<Self>, Problem> {
        if request.headers().contains_key(AUTHORIZATION) { Self::of(request).await.map(Some) } else { Ok(None) }
    }

    fn with_role(self, allowed: &[Role]) -> Result<Self, Problem> {
        if allowed.contains(&self.role) { Ok(self) } else { Err(FORBIDDEN.problem()) }
    }
}

fn mounted<T: 'static>(request: &HttpRequest) -> Result<&web::Data<T>, Problem> {
    request
        .app_data::<web::Data<T>>()
        .ok_or_else(|| Problem::internal(format!("{} is not mounted", std::any::type_name::<T>())))
}

/// The token of an `Authorization: Bearer` header (RFC 6750 §2.1).
pub fn bearer_token(request: &HttpRequest) -> Option<&str> {
    let (scheme, token) = text_header(request.headers(), AUTHORIZATION.as_str())?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl FromRequest for Customer {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::of(&request).await })
    }
}

impl FromRequest for Reviewer {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(
            async move { Customer::of(&request).await?.with_role(&[Role::Reviewer, Role::Administrator]).map(Self) },
        )
    }
}

impl FromRequest for Administrator {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Customer::of(&request).await?.with_role(&[Role::Administrator]).map(Self) })
    }
}
