//! Gapless number series, such as the order numbers of a year.

pub mod store;
