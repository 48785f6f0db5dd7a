//! What this room itself holds.

use serde_json::{Value, json};

use super::PersonalData;
use crate::customers::accounts::rules::AccountId;
use crate::customers::{accounts, authenticators, billing_profiles, consents, sessions};
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::problem::Problem;

/// The account itself: its e-mail address, names and telephone number.
pub struct AccountData;

/// Its sessions: the addresses and programs that it was used from. Erasing ends them.
pub struct SessionData;

/// Its authenticators, without what they prove.
pub struct AuthenticatorData;

/// Its consents. That a choice was made, on what and when, stays after erasure as proof of it (GDPR arts. 7(1) and
/// 17(3)(e)); from where it was made does not.
pub struct ConsentData;

/// Its billing profiles. Orders keep their own snapshot, which tax law holds for ten years (art. 2220 c.c.).
pub struct BillingProfileData;

impl PersonalData for AccountData {
    fn section(&self) -> &'static str {
        "account"
    }

    fn export(&self, connection: &mut DbConnection, account: AccountId) -> Result<Value, Problem> {
        let Some(account) = accounts::store::find(connection, account)? else { return Ok(Value::Null) };
        Ok(json!({
            "id": account.id,
            "email": account.email,
            "email_verified_at": account.email_verified_at,
            "first_name": account.first_name,
            "last_name": account.last_name,
            "phone": account.phone,
            "locale": account.locale,
            "role": account.role,
            "created_at": account.created_at,
        }))
    }

    fn erase(&self, tx: &mut DbConnection, account: AccountId, now: Time) -> Result<(), Problem> {
        accounts::store::erase(tx, account, now)?;
        accounts::store::links::erase(tx, account)?;
        Ok(())
    }
}

impl PersonalData for SessionData {
    fn section(&self) -> &'static str {
        "sessions"
    }

    fn export(&self, connection: &mut DbConnection, account: AccountId) -> Result<Value, Problem> {
        let sessions = sessions::store::all(connection, account)?;
        let entries = sessions.iter().map(|session| {
            json!({
                "id": session.id,
                "ip": session.ip,
                "user_agent": session.user_agent,
                "created_at": session.created_at,
                "last_used_at": session.last_used_at,
                "expires_at": session.expires_at,
                "revoked_at": session.revoked_at,
            })
        });
        Ok(entries.collect())
    }

    fn erase(&self, tx: &mut DbConnection, account: AccountId, now: Time) -> Result<(), Problem> {
        sessions::store::revoke_all(tx, account, None, now)?;
        sessions::store::erase(tx, account)?;
        Ok(())
    }
}

impl PersonalData for AuthenticatorData {
    fn section(&self) -> &'static str {
        "authenticators"
    }

    fn export(&self, connection: &mut DbConnection, account: AccountId) -> Result<Value, Problem> {
        let found = authenticators::store::list(connection, account, None, i64::MAX)?;
        let entries = found.iter().map(|authenticator| {
            json!({
                "id": authenticator.id,
                "label": authenticator.label,
                "created_at": authenticator.created_at,
                "confirmed_at": authenticator.confirmed_at,
                "last_used_at": authenticator.last_used_at,
            })
        });
        Ok(entries.collect())
    }

    fn erase(&self, tx: &mut DbConnection, account: AccountId, _: Time) -> Result<(), Problem> {
        authenticators::store::delete_all(tx, account)?;
        Ok(())
    }
}

impl PersonalData for ConsentData {
    fn section(&self) -> &'static str {
        "consents"
    }

    fn export(&self, connection: &mut DbConnection, account: AccountId) -> Result<Value, Problem> {
        let history = consents::store::history(connection, account, None, i64::MAX)?;
        let entries = history.iter().map(|consent| {
            json!({
                "id": consent.id,
                "purpose": consent.purpose,
                "decision": consent.decision,
                "document_version": consent.document_version,
                "ip": consent.ip,
                "user_agent": consent.user_agent,
                "decided_at": consent.decided_at,
            })
        });
        Ok(entries.collect())
    }

    fn erase(&self, tx: &mut DbConnection, account: AccountId, _: Time) -> Result<(), Problem> {
        consents::store::erase(tx, account)?;
        Ok(())
    }
}

impl PersonalData for BillingProfileData {
    fn section(&self) -> &'static str {
        "billing_profiles"
    }

    fn export(&self, connection: &mut DbConnection, account: AccountId) -> Result<Value, Problem> {
        let profiles = billing_profiles::store::list(connection, account, None, i64::MAX)?;
        let entries = profiles.iter().map(|profile| {
            json!({
                "id": profile.id,
                "details": profile.details,
                "vat_number_check": profile.vat_number_check,
                "created_at": profile.created_at,
                "updated_at": profile.updated_at,
            })
        });
        Ok(entries.collect())
    }

    fn erase(&self, tx: &mut DbConnection, account: AccountId, now: Time) -> Result<(), Problem> {
        billing_profiles::store::erase(tx, account, now)?;
        Ok(())
    }
}
