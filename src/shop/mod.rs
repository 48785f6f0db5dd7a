//! What is sold and how it is bought: plans, carts, coupons, prices, orders and payments.

pub mod carts;
pub mod coupons;
pub mod orders;
pub mod payments;
pub mod plans;
pub mod pricing;
pub mod privacy;
pub mod problems;

use std::time::Duration;

use crate::platform::config::{Config, RateLimits};
use crate::platform::http::rate_limit::RateLimit;

/// How often one caller may use the shop's limited paths.
pub struct ShopLimits {
    /// Opening carts, by address.
    pub carts: RateLimit,
    /// Trying coupon codes, by address.
    pub coupons: RateLimit,
}

impl ShopLimits {
    /// The limits of a configuration; a sandbox, which is made for load and tests, allows twenty times as much.
    pub fn new(config: &Config) -> Self {
        let factor = if config.is_sandbox() { 20 } else { 1 };
        let count = |count: u32| (config.rate_limits == RateLimits::On).then_some(count * factor);
        Self {
            carts: RateLimit::new("carts", count(120), Duration::from_secs(60)),
            coupons: RateLimit::new("coupons", count(30), Duration::from_secs(60)),
        }
    }
}
