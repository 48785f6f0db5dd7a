//! Limits on how often one caller may use a path, told in `RateLimit` headers (draft-ietf-httpapi-ratelimit-headers).

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::{HttpMessage, HttpRequest};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use crate::platform::config::{Config, RateLimits};
use crate::platform::problem::{Problem, TOO_MANY_REQUESTS};

const SANDBOX_FACTOR: u32 = 100;
/// Keys remembered before those long idle are dropped.
const REMEMBERED: usize = 20_000;

type Limiter = RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// One limit: a burst of `count`, refilled over `window`, for each key.
pub struct RateLimit {
    name: &'static str,
    count: u32,
    window: Duration,
    limiter: Option<Limiter>,
}

/// What a limited path tells its caller; the context middleware writes it into the headers.
#[derive(Debug, Clone)]
pub struct RateLimitState {
    /// `RateLimit-Policy`.
    pub policy: String,
    /// `RateLimit`.
    pub limit: String,
}

impl RateLimit {
    /// A limit of `count` a `window`; without a count, none.
    pub fn new(name: &'static str, count: Option<u32>, window: Duration) -> Self {
        let quota = count
            .and_then(NonZeroU32::new)
            .and_then(|count| Some(Quota::with_period(window / count.get())?.allow_burst(count)));
        let limiter = quota.map(|quota| RateLimiter::dashmap(quota).with_middleware::<StateInformationMiddleware>());
        Self { name, count: count.unwrap_or(0), window, limiter }
    }

    /// The limit that a configuration asks for: none where limits are off, and many times as much in a sandbox, which is
    /// made for trials and load from one machine.
    pub fn of(config: &Config, name: &'static str, count: u32, window: Duration) -> Self {
        let factor = if config.is_sandbox() { SANDBOX_FACTOR } else { 1 };
        Self::new(name, (config.rate_limits == RateLimits::On).then_some(count * factor), window)
    }

    /// Counts one use by `key`.
    ///
    /// # Errors
    /// `too_many_requests`, with the seconds to wait.
    pub fn count(&self, request: &HttpRequest, key: impl ToString) -> Result<(), Problem> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        if limiter.len() > REMEMBERED {
            limiter.retain_recent();
        }
        let (remaining, wait) = match limiter.check_key(&key.to_string()) {
            Ok(state) => (state.remaining_burst_capacity(), 0),
            Err(refusal) => (0, refusal.wait_time_from(DefaultClock::default().now()).as_secs() + 1),
        };
        let reset = if wait > 0 { wait } else { self.window.as_secs() };
        request.extensions_mut().insert(RateLimitState {
            policy: format!("\"{}\";q={};w={}", self.name, self.count, self.window.as_secs()),
            limit: format!("\"{}\";r={remaining};t={reset}", self.name),
        });
        if wait > 0 { Err(TOO_MANY_REQUESTS.problem().retry_after(wait)) } else { Ok(()) }
    }

    /// Counts one use by the sender's address.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub fn count_sender(&self, request: &HttpRequest) -> Result<(), Problem> {
        let address = request.peer_addr().map(|address| network(address.ip())).unwrap_or_default();
        self.count(request, address)
    }
}

/// One caller has a whole /64 of IPv6 addresses to choose from.
fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("{:x?}", &address.segments()[..4]),
    }
}
