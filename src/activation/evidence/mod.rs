//! What proves how a contract was concluded: a bundle that anybody can check offline. `docs/evidence.md` describes it.

pub mod api;
pub mod archive;
pub mod flow;
pub mod rules;
#[cfg(test)]
mod tests;
pub mod verification;
