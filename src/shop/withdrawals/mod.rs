//! Withdrawals: a consumer's right to take a purchase back within fourteen days, through an online function that
//! confirms its receipt (arts. 52 to 57 and 54-bis Codice del consumo).

pub mod api;
pub mod flow;
pub mod jobs;
pub mod rules;
pub mod store;
