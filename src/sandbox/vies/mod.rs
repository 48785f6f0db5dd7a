//! VIES, the register of VAT numbers, played by this server and reached over HTTP as the Commission's would be.

pub mod api;
