//! From the order to the active service: requests, OTP challenges, identity documents, contracts, review, provisioning.

pub mod contracts;
pub mod identity_documents;
