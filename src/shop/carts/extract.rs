//! Who may use a cart: whoever has its token while nobody has claimed it, and then the account that did.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;

use super::rules::Cart;
use crate::customers::sessions::extract::Customer;
use crate::platform::crypto::{equal_in_constant_time, sha256};
use crate::platform::http::request::text_header;
use crate::platform::problem::{NOT_FOUND, Problem, UNAUTHENTICATED};

const HEADER: &str = "X-Cart-Token";

/// A caller that may hold a cart: it sent a cart token, or is logged in, or both.
#[derive(Debug, Clone)]
pub struct CartHolder {
    token_hash: Option<[u8; 32]>,
    /// Who is logged in.
    pub customer: Option<Customer>,
}

impl CartHolder {
    /// Passes for a cart that is this caller's.
    ///
    /// # Errors
    /// `not_found`, as for a cart that does not exist.
    pub fn check(&self, cart: &Cart) -> Result<(), Problem> {
        let holds = match cart.account_id {
            Some(owner) => self.customer.is_some_and(|customer| customer.account_id == owner),
            None => self.has_token_of(cart),
        };
        if holds { Ok(()) } else { Err(NOT_FOUND.problem()) }
    }

    /// Whether the caller sent this cart's token.
    pub fn has_token_of(&self, cart: &Cart) -> bool {
        self.token_hash.is_some_and(|hash| equal_in_constant_time(&hash, &cart.token_hash))
    }

    /// Who calls, for idempotency: the account, or the token's hash.
    pub fn caller(&self) -> String {
        match (&self.customer, &self.token_hash) {
            (Some(customer), _) => customer.account_id.to_string(),
            (None, Some(hash)) => hex::encode(hash),
            (None, None) => String::new(),
        }
    }
}

impl FromRequest for CartHolder {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let token_hash = text_header(request.headers(), HEADER).map(|token| sha256(token.as_bytes()));
        let request = request.clone();
        Box::pin(async move {
            let customer = Customer::if_present(&request).await?;
            if token_hash.is_none() && customer.is_none() {
                return Err(UNAUTHENTICATED.detail("Send the cart's token as X-Cart-Token, or log in."));
            }
            Ok(Self { token_hash, customer })
        })
    }
}
