//! negozio sells and activates an online service over a JSON REST API. This page is the house in prose, in the order of
//! the customer's journey; each room is a module.
//!
//! A customer compares plans, fills a cart and applies a coupon in the [`shop`], which prices it with the rules of
//! [`italy`] (VAT, codice fiscale, partita IVA, SdI). They register with an explicit privacy choice as one of our
//! [`customers`], who also hold the billing profiles, and come back to the shop to buy: one order a cart, whatever is
//! retried, and an electronic invoice for each order that cost money. The order's confirmation opens requests in
//! [`activation`]: an e-mailed OTP, the data of holder and applicant, an identity document, contracts, review, and the
//! service goes live. In the [`sandbox`] a mailbox, a clock and stand-ins for payment, provisioning and VIES play the
//! outside.
//!
//! All stand on the [`platform`]: database, HTTP, credentials, jobs, mail, files. [`app`] puts the house together and
//! [`cli`] is its door. What becomes of a photo's pixels is a crate of its own, [`negozio_pictures`]. A room imports only from rooms before it in the order `platform`, `italy`, `customers`, `shop`,
//! `activation`, `partners`, `sandbox`, `app`, `cli`; what must flow the other way flows as a domain event.

pub mod activation;
pub mod app;
pub mod cli;
pub mod customers;
pub mod italy;
pub mod platform;
pub mod sandbox;
pub mod shop;
