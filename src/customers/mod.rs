//! Who buys: accounts with an explicit privacy choice, their sessions and second factor, their consents as evidence, and the billing
//! profiles that orders are made out to. This room knows nothing of what is sold.

pub mod accounts;
pub mod address;
pub mod authenticators;
pub mod billing_profiles;
pub mod consents;
pub mod email_address;
pub mod limits;
pub mod privacy;
pub mod problems;
pub mod sessions;
