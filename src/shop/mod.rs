//! What is sold and how it is bought: plans, carts, coupons, prices, orders, payments and invoices.

pub mod carts;
pub mod coupons;
pub mod invoices;
pub mod orders;
pub mod payments;
pub mod plans;
pub mod pricing;
pub mod privacy;
pub mod problems;
pub mod provider;
pub mod withdrawals;

use std::time::Duration;

use crate::platform::config::Config;
use crate::platform::http::rate_limit::RateLimit;

/// How often one caller may use the shop's limited paths.
pub struct ShopLimits {
    /// Opening carts, by address.
    pub carts: RateLimit,
    /// Trying coupon codes, by address.
    pub coupons: RateLimit,
    /// Trying coupon codes on one cart.
    pub coupons_by_cart: RateLimit,
}

impl ShopLimits {
    /// The limits that a configuration asks for.
    pub fn new(config: &Config) -> Self {
        Self {
            carts: RateLimit::of(config, "carts", 120, Duration::from_secs(60)),
            coupons: RateLimit::of(config, "coupons", 30, Duration::from_secs(60)),
            coupons_by_cart: RateLimit::of(config, "coupons-by-cart", 20, Duration::from_secs(600)),
        }
    }
}
