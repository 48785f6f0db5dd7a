//! The outside, played by the server itself in sandbox mode: a mailbox, a clock, stand-ins for payment,
//! provisioning and VIES. In live mode none of these paths exist.

pub mod clock;
pub mod extract;
pub mod mailbox;
pub mod payments;
pub mod provisioning;
pub mod reset;
pub mod specimens;
pub mod vies;
