//! What is sold and how it is bought: plans, carts, coupons, prices, orders and payments.

pub mod orders;
pub mod plans;
