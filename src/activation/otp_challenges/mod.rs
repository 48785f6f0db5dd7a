//! One-time codes by e-mail (guide: "selezionare l'indirizzo e-mail … sul quale si riceverà l'OTP").

pub mod api;
pub mod flow;
pub mod jobs;
pub mod rules;
pub mod store;
