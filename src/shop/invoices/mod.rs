//! The shop's own electronic invoices (FatturaPA 1.2): one an order with money, and a credit note for each refund.
//!
//! What an invoice says is kept with it and never changes ([`rules::InvoiceContent`]), and so is the XML that is made of it
//! once ([`fattura::fattura`]): what was issued is handed out for ever, whatever a later program would write. A document is drawn up ([`document`]) and put to the
//! checks of the Sistema di Interscambio ([`sdi_checks`]) before it gets its number, so that no number goes to one that
//! would come back.

pub mod api;
pub mod credit;
pub mod document;
pub mod fattura;
pub mod flow;
pub mod jobs;
pub mod rules;
pub mod sdi_checks;
pub mod store;

#[cfg(test)]
mod tests;
