//! Contracts: the documents that the customer reads and accepts, and the onerous clauses approved one by one.

pub mod clauses;
