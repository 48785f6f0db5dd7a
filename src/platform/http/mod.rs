//! What every endpoint shares over HTTP: problems, bodies, pages, conditions, limits, request context and the contract.

pub mod answer;
pub mod arrival;
pub mod body;
pub mod conditions;
pub mod context;
pub mod idempotency_key;
pub mod multipart;
pub mod openapi;
pub mod page;
pub mod problem_response;
pub mod rate_limit;
pub mod request;
pub mod shape;
