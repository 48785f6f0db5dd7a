//! From the order to the active service: requests, OTP challenges, identity documents, contracts.
//!
//! A confirmed order opens one request a unit ([`requests`]); the applicant proves an address with a one-time code
//! ([`otp_challenges`]) and gives the data of holder and applicant.

pub mod contracts;
pub mod identity_documents;
pub mod otp_challenges;
pub mod problems;
pub mod requests;
