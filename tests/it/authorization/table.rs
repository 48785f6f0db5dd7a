//! Who may call what, written once: a route of the OpenAPI document without a row here fails a test, and so does a row
//! without a route.

use Who::*;

use crate::support::owner::{FORM, PDF_FORM};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Anybody.
    Public,
    /// Whoever has the cart's token while nobody has claimed it, and then the account that did.
    CartHolder,
    /// Whoever is logged in and has the cart's token.
    Claimant,
    /// Whoever is logged in, on what is their own: what is somebody else's is not there.
    Customer,
    /// A reviewer or an administrator.
    Reviewer,
    /// An administrator.
    Administrator,
    /// Callers on this machine, and administrators; in the sandbox only.
    Tester,
    /// An outside service that signs what it sends.
    Provider,
    /// This server itself, calling the provisioning service that it plays.
    Provisioner,
    /// This server itself, calling the payment provider that it plays.
    Payer,
}

/// Who may call it, the route, and a body that it takes: JSON, `FORM`, `PDF_FORM` or none. `<plan>` and its like stand for the
/// things of the [`Owner`](crate::support::owner::Owner).
pub type Row = (Who, &'static str, &'static str);

const PROFILE: &str = r#"{"kind":"person","first_name":"Mario","last_name":"Rossi","codice_fiscale":"RSSMRA85T10A562S","address":{"street":"Via Roma 1","postal_code":"20121","municipality":"Milano","province":"MI"}}"#;
const HOLDER: &str = r#"{"holder_type":"person","first_name":"Mario","last_name":"Rossi","codice_fiscale":"RSSMRA85T10A562S","address":{"street":"Via Roma 1","postal_code":"20121","municipality":"Milano","province":"MI"}}"#;
const APPLICANT: &str = r#"{"role":"holder","first_name":"Mario","last_name":"Rossi","sex":"M","birth_date":"1985-12-10","birth_place":"San Giuliano Terme","codice_fiscale":"RSSMRA85T10A562S"}"#;
const REGISTRATION: &str = r#"{"email":"<fresh>@example.com","password":"una frase che ricordo","first_name":"Mario","last_name":"Rossi","consents":{"terms_version":"2026-01","privacy_notice_version":"2026-01","marketing":"denied"}}"#;
const TRANSFER: &str =
    r#"{"amount":{"amount":100,"currency":"EUR"},"reference":"TRN <fresh>","received_on":"2026-11-24"}"#;
const NEW_PLAN: &str = r#"{"slug":"<fresh>","audience":"single_company","name":{"it":"A","en":"A"},"summary":{"it":"A","en":"A"},"description":{"it":"A","en":"A"},"features":{"invoices_per_year":1,"companies":1,"storage_gigabytes":1,"preservation_years":10,"users":1,"api_access":false,"support":"email"},"price":{"net":{"amount":100,"currency":"EUR"}}}"#;
const REFUND: &str = r#"{"amount":{"amount":100,"currency":"EUR"},"reason":"other"}"#;

const ACCEPTANCE: &str = r#"{"document_sha256":"abababababababababababababababababababababababababababababababab"}"#;
const APPROVAL: &str = r#"{"document_sha256":"abababababababababababababababababababababababababababababababab","clause_ids":["tacit_renewal"]}"#;

/// Every route.
#[rustfmt::skip]
pub const ROUTES: &[Row] = &[
    // What describes the service.
    (Public, "GET /.well-known/jwks.json", ""),
    (Public, "GET /health/live", ""),
    (Public, "GET /health/ready", ""),
    (Public, "GET /metrics", ""),
    // The catalogue.
    (Public, "GET /v1/plans", ""),
    (Public, "GET /v1/plans/{id_or_slug}", ""),
    (Public, "GET /v1/plan-comparison", ""),
    (Public, "POST /v1/coupon-checks", r#"{"code":"SCONTO20","plan_id":"<plan>"}"#),
    (Public, "GET /v1/consent-documents", ""),
    (Public, "GET /v1/consent-documents/{id}", ""),
    (Public, "GET /v1/holder-types", ""),
    (Public, "GET /v1/identity-document-guidelines", ""),
    // Coming in.
    (Public, "POST /v1/accounts", REGISTRATION),
    (Public, "POST /v1/sessions", r#"{"email":"customer@example.com","password":"negozio-sandbox-2026"}"#),
    (Public, "POST /v1/sessions/refresh", r#"{"refresh_token":"rt_none"}"#),
    (Public, "POST /v1/email-verifications/confirmation", r#"{"token":"none"}"#),
    (Public, "POST /v1/password-resets", r#"{"email":"nobody@example.com"}"#),
    (Public, "POST /v1/password-resets/confirmation", r#"{"token":"none","password":"una frase che ricordo"}"#),
    // Carts.
    (Public, "POST /v1/carts", r#"{"items":[{"plan_id":"<plan>","quantity":1}]}"#),
    (CartHolder, "GET /v1/carts/{id}", ""),
    (CartHolder, "POST /v1/carts/{id}/items", r#"{"plan_id":"<plan>","quantity":1}"#),
    (CartHolder, "PATCH /v1/carts/{id}/items/{item_id}", r#"{"quantity":2}"#),
    (CartHolder, "DELETE /v1/carts/{id}/items/{item_id}", ""),
    (CartHolder, "PUT /v1/carts/{id}/coupon", r#"{"code":"SCONTO20"}"#),
    (CartHolder, "DELETE /v1/carts/{id}/coupon", ""),
    (CartHolder, "PUT /v1/carts/{id}/billing-profile", r#"{"billing_profile_id":"<bprof>"}"#),
    (CartHolder, "GET /v1/carts/{id}/payment-methods", ""),
    (CartHolder, "PUT /v1/carts/{id}/payment-method", r#"{"method":"card"}"#),
    (Claimant, "POST /v1/carts/{id}/claim", ""),
    (Customer, "POST /v1/carts/{id}/checkout", "{}"),
    // The account.
    (Customer, "GET /v1/account", ""),
    (Customer, "PATCH /v1/account", r#"{"locale":"en"}"#),
    (Customer, "DELETE /v1/account", ""),
    (Customer, "GET /v1/account/export", ""),
    (Customer, "PUT /v1/account/password", r#"{"current_password":"not the one","new_password":"una frase nuova che ricordo"}"#),
    (Customer, "GET /v1/account/authenticators", ""),
    (Customer, "POST /v1/account/authenticators", r#"{"password":"not the one"}"#),
    (Customer, "POST /v1/account/authenticators/{id}/confirmation", r#"{"code":"123456"}"#),
    (Customer, "DELETE /v1/account/authenticators/{id}", ""),
    (Customer, "GET /v1/account/recovery-codes", ""),
    (Customer, "POST /v1/account/recovery-codes", ""),
    (Customer, "GET /v1/account/consents", ""),
    (Customer, "GET /v1/account/consents/history", ""),
    (Customer, "PUT /v1/account/consents/{purpose}", r#"{"decision":"granted","document_version":"2026-01"}"#),
    (Customer, "POST /v1/email-verifications", ""),
    (Customer, "GET /v1/sessions", ""),
    (Customer, "DELETE /v1/sessions/{id}", ""),
    (Customer, "GET /v1/billing-profiles", ""),
    (Customer, "POST /v1/billing-profiles", PROFILE),
    (Customer, "GET /v1/billing-profiles/{id}", ""),
    (Customer, "PUT /v1/billing-profiles/{id}", PROFILE),
    (Customer, "DELETE /v1/billing-profiles/{id}", ""),
    // Orders.
    (Customer, "GET /v1/orders", ""),
    (Customer, "GET /v1/orders/{id}", ""),
    (Customer, "POST /v1/orders/{id}/payments", r#"{"method":"card"}"#),
    (Customer, "POST /v1/orders/{id}/cancellation", ""),
    (Customer, "POST /v1/orders/{id}/withdrawal", "{}"),
    (Customer, "GET /v1/orders/{id}/timeline", ""),
    (Customer, "GET /v1/orders/{id}/receipt", ""),
    (Customer, "GET /v1/orders/{id}/invoice", ""),
    (Customer, "GET /v1/orders/{id}/credit-notes", ""),
    (Customer, "GET /v1/invoices/{id}/xml", ""),
    (Provider, "POST /v1/payment-notifications/{provider}", r#"{"reference":"<pay>","outcome":"succeeded"}"#),
    // Activation.
    (Customer, "GET /v1/activation-requests", ""),
    (Customer, "GET /v1/activation-requests/{id}", ""),
    (Customer, "GET /v1/activation-requests/{id}/email-options", ""),
    (Customer, "POST /v1/activation-requests/{id}/otp-challenges", r#"{"email":"<email>"}"#),
    (Customer, "PUT /v1/activation-requests/{id}/holder", HOLDER),
    (Customer, "PUT /v1/activation-requests/{id}/applicant", APPLICANT),
    (Customer, "POST /v1/activation-requests/{id}/identity-documents", FORM),
    (Customer, "POST /v1/activation-requests/{id}/cancellation", ""),
    (Customer, "POST /v1/activation-requests/{id}/representative-invitation", r#"{"first_name":"Anna","last_name":"Bianchi","email":"<fresh>@example.com"}"#),
    (Public, "POST /v1/representative-invitations/lookup", r#"{"token":"guess"}"#),
    (Public, "POST /v1/representative-invitations/otp-challenges", r#"{"token":"guess"}"#),
    (Public, "POST /v1/representative-invitations/confirmation", r#"{"token":"guess","code":"123456"}"#),
    (Customer, "GET /v1/activation-requests/{id}/timeline", ""),
    (Customer, "GET /v1/activation-requests/{id}/evidence", ""),
    (Customer, "GET /v1/activation-requests/{id}/events", ""),
    (Customer, "GET /v1/otp-challenges/{id}", ""),
    (Customer, "POST /v1/otp-challenges/{id}/verification", r#"{"code":"<code>"}"#),
    (Customer, "POST /v1/otp-challenges/{id}/resend", ""),
    (Customer, "GET /v1/identity-documents/{id}", ""),
    (Customer, "GET /v1/identity-documents/{id}/files/{side}", ""),
    (Customer, "DELETE /v1/identity-documents/{id}", ""),
    (Customer, "GET /v1/activation-requests/{id}/contracts", ""),
    (Customer, "GET /v1/contracts/{id}", ""),
    (Customer, "GET /v1/contracts/{id}/pdf", ""),
    (Customer, "POST /v1/contracts/{id}/acceptance", ACCEPTANCE),
    (Customer, "POST /v1/contracts/{id}/specific-approval", APPROVAL),
    (Customer, "POST /v1/contracts/{id}/signed-copy", PDF_FORM),
    (Customer, "POST /v1/activation-requests/{id}/submission", ""),
    (Customer, "GET /v1/activation-requests/{id}/service-access", ""),
    // The back office.
    (Administrator, "GET /v1/back-office/orders", ""),
    (Administrator, "GET /v1/back-office/orders/{id}", ""),
    (Administrator, "POST /v1/back-office/orders/{id}/bank-transfers", TRANSFER),
    (Administrator, "GET /v1/back-office/invoices", ""),
    (Administrator, "GET /v1/back-office/invoices/{id}", ""),
    (Administrator, "GET /v1/back-office/invoices/{id}/xml", ""),
    (Administrator, "POST /v1/back-office/orders/{id}/review-resolution", ""),
    (Administrator, "POST /v1/back-office/orders/{id}/refunds", REFUND),
    (Administrator, "POST /v1/back-office/orders/{id}/refunds/{refund_id}/settlement", r#"{"outcome":"failed"}"#),
    (Administrator, "GET /v1/back-office/coupon-campaigns", ""),
    (Administrator, "POST /v1/back-office/coupon-campaigns", r#"{"name":"Fiera","kind":"free"}"#),
    (Administrator, "GET /v1/back-office/coupon-campaigns/{id}", ""),
    (Administrator, "PUT /v1/back-office/coupon-campaigns/{id}", r#"{"name":"Fiera","kind":"free"}"#),
    (Administrator, "DELETE /v1/back-office/coupon-campaigns/{id}", ""),
    (Administrator, "POST /v1/back-office/coupon-campaigns/{id}/codes", r#"{"code":"<fresh>"}"#),
    (Administrator, "GET /v1/back-office/coupon-campaigns/{id}/codes", ""),
    (Administrator, "PATCH /v1/back-office/coupon-campaigns/{id}/codes/{code_id}", r#"{"active":false}"#),
    (Administrator, "GET /v1/back-office/coupon-campaigns/{id}/batches", ""),
    (Administrator, "GET /v1/back-office/coupon-campaigns/{id}/batches/{batch_id}", ""),
    (Administrator, "GET /v1/back-office/accounts", ""),
    (Administrator, "POST /v1/back-office/accounts", r#"{"email":"<fresh>@example.com","first_name":"Anna","last_name":"Bianchi","role":"reviewer"}"#),
    (Administrator, "GET /v1/back-office/accounts/{id}", ""),
    (Administrator, "PATCH /v1/back-office/accounts/{id}", r#"{"status":"active"}"#),
    (Administrator, "DELETE /v1/back-office/accounts/{id}/authenticators", ""),
    (Administrator, "GET /v1/back-office/audit-log", ""),
    (Administrator, "GET /v1/back-office/plans", ""),
    (Administrator, "POST /v1/back-office/plans", NEW_PLAN),
    (Administrator, "GET /v1/back-office/plans/{id}", ""),
    (Administrator, "PATCH /v1/back-office/plans/{id}", r#"{"position":2}"#),
    (Administrator, "POST /v1/back-office/plans/{id}/prices", r#"{"net":{"amount":100,"currency":"EUR"}}"#),
    (Reviewer, "GET /v1/back-office/activation-requests", ""),
    (Reviewer, "GET /v1/back-office/activation-requests/{id}", ""),
    (Reviewer, "GET /v1/back-office/review-figures", ""),
    (Reviewer, "GET /v1/back-office/activation-requests/{id}/evidence", ""),
    (Reviewer, "GET /v1/back-office/contracts/{id}/signed-copy", ""),
    (Reviewer, "POST /v1/back-office/activation-requests/{id}/claim", ""),
    (Reviewer, "POST /v1/back-office/activation-requests/{id}/release", ""),
    (Reviewer, "POST /v1/back-office/activation-requests/{id}/decision", r#"{"outcome":"approve"}"#),
    (Reviewer, "GET /v1/back-office/identity-documents/{id}/files/{side}", ""),
    // The sandbox.
    (Public, "GET /v1/sandbox/services/{id}", ""),
    (Provisioner, "POST /v1/sandbox/provisioning/services", ""),
    (Public, "POST /v1/sandbox/vies/check-vat-number", r#"{"countryCode":"DE","vatNumber":"123456789"}"#),
    (Provisioner, "GET /v1/sandbox/provisioning/services/{id}", ""),
    (Provisioner, "DELETE /v1/sandbox/provisioning/services/{id}", ""),
    (Payer, "POST /v1/sandbox/provider/refunds", ""),
    (Payer, "GET /v1/sandbox/provider/payments/{id}", ""),
    (Tester, "GET /v1/sandbox/specimens/person", ""),
    (Tester, "GET /v1/sandbox/specimens/identity-card", ""),
    (Tester, "POST /v1/sandbox/reset", ""),
    (Tester, "GET /v1/sandbox/mailbox", ""),
    (Tester, "POST /v1/sandbox/clock", r#"{"advance_seconds":0}"#),
    (Tester, "GET /v1/sandbox/payments/{id}", ""),
    (Tester, "POST /v1/sandbox/payments/{id}/outcome", r#"{"outcome":"failed"}"#),
];
