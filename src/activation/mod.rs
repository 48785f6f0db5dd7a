//! From the order to the active service.
//!
//! A confirmed order opens one request a unit ([`requests`]); the applicant proves an address with a one-time code
//! ([`otp_challenges`]), gives the data of holder and applicant (a delegate's
//! principal confirms: [`representatives`]) and an identity document ([`identity_documents`]), accepts
//! the [`contracts`] and hands the request in, of which [`evidence`] stays; the back office looks at it ([`review`]), and the service is set up
//! ([`provisioning`]).

pub mod contracts;
pub mod evidence;
pub mod identity_documents;
pub mod limits;
pub mod otp_challenges;
pub mod privacy;
pub mod problems;
pub mod provisioning;
pub mod representatives;
pub mod requests;
pub mod review;
