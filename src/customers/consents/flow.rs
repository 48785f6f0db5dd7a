//! Recording choices, against the versions that are current.

use super::rules::{ConsentDocument, Decision, Purpose, RegistrationConsents};
use super::store;
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::http::request::Sender;
use crate::platform::problem::Problem;

/// Records what was said at registration.
///
/// # Errors
/// `invalid_fields` for a version that is not the current one.
pub fn record_at_registration(
    tx: &mut DbConnection,
    account: AccountId,
    said: &RegistrationConsents,
    sender: &Sender,
    now: Time,
) -> Result<(), Problem> {
    let current = store::current(tx)?;
    let terms = require_current(&current, Purpose::Terms, &said.terms_version, "/consents/terms_version")?;
    let privacy = require_current(
        &current,
        Purpose::PrivacyNotice,
        &said.privacy_notice_version,
        "/consents/privacy_notice_version",
    )?;
    let marketing = current.iter().find(|document| document.purpose == Purpose::Marketing);
    let marketing_version = marketing.map_or("", |document| document.version.as_str());
    store::record(tx, account, (Purpose::Terms, Decision::Granted, &terms), sender, now)?;
    store::record(tx, account, (Purpose::PrivacyNotice, Decision::Granted, &privacy), sender, now)?;
    store::record(tx, account, (Purpose::Marketing, said.marketing, marketing_version), sender, now)?;
    Ok(())
}

/// Records a change of mind. Terms and privacy notice can only be taken note of.
///
/// # Errors
/// `invalid_fields` for a version that is not the current one, or a decision that the purpose does not leave.
pub fn decide(
    tx: &mut DbConnection,
    account: AccountId,
    (purpose, decision, version): (Purpose, Decision, &str),
    sender: &Sender,
    now: Time,
) -> Result<(), Problem> {
    if purpose != Purpose::Marketing && decision == Decision::Denied {
        return Err(Problem::invalid_field(
            "/decision",
            "cannot_be_denied",
            "Non si può rifiutare",
            "It cannot be denied",
        ));
    }
    let current = store::current(tx)?;
    let version = require_current(&current, purpose, version, "/document_version")?;
    store::record(tx, account, (purpose, decision, &version), sender, now)?;
    Ok(())
}

fn require_current(
    current: &[ConsentDocument],
    purpose: Purpose,
    version: &str,
    pointer: &str,
) -> Result<String, Problem> {
    let is_current = |document: &&ConsentDocument| document.purpose == purpose && document.version == version;
    current.iter().find(is_current).map(|document| document.version.clone()).ok_or_else(|| {
        Problem::invalid_field(
            pointer,
            "outdated_document",
            "Non è la versione attuale",
            "That is not the current version",
        )
    })
}
