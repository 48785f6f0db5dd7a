//! What an administrator does with accounts: invitations, roles, suspension, and help for who is locked out.

use serde_json::json;

use super::jobs::InvitationMail;
use super::rules::{Account, AccountId, AccountStatus, INVITATION_LIFETIME, PasswordResetId, Role, Standing};
use super::store::back_office::{self as store, AccountRecord};
use super::store::{find_by_email, insert, links};
use crate::customers::authenticators;
use crate::customers::problems::{EMAIL_TAKEN, LAST_ADMINISTRATOR, OWN_ACCOUNT};
use crate::customers::sessions;
use crate::customers::sessions::rules::SessionId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::problem::{FORBIDDEN, NOT_FOUND, Problem};
use crate::platform::{audit, jobs};

/// What becomes of an account; what is left out stays.
#[derive(Debug, Clone, Copy)]
pub struct AccountDecision {
    /// What it may do.
    pub role: Option<Role>,
    /// Whether it can log in.
    pub standing: Option<Standing>,
}

/// Makes an account of the back office without a password, and owes its owner the link that sets one. An invitation that
/// expired is made good by an ordinary password reset, which goes to the same address.
///
/// # Errors
/// `email_taken`; `forbidden` for who is no administrator any more.
pub fn invite(tx: &mut DbConnection, by: AccountId, account: &Account, now: Time) -> Result<AccountRecord, Problem> {
    act_as_administrator(tx, by)?;
    if !insert(tx, account, "")? {
        return Err(EMAIL_TAKEN.detail("To let an account that exists into the back office, change its role."));
    }
    let reset_id = PasswordResetId::new();
    links::insert_reset(tx, reset_id, account.id, INVITATION_LIFETIME, now)?;
    jobs::enqueue(tx, &InvitationMail { reset_id }, now)?;
    audit::store::record(tx, by, "account_invited", account.id, json!({ "role": account.role }), now)?;
    store::find(tx, account.id)?.ok_or_else(|| NOT_FOUND.problem())
}

/// Changes an account's role, suspends it or lets it in again. An access token tells a role and lives for minutes, so
/// that a change of role closes all sessions, as a suspension does.
///
/// Who decides is an active administrator at the moment of the decision and cannot decide on the own account; since
/// decisions take turns, one administrator is always left.
///
/// Answers the account and the sessions that were closed.
///
/// # Errors
/// `not_found`, `own_account`; `forbidden` for who is no administrator any more.
pub fn decide(
    tx: &mut DbConnection,
    by: AccountId,
    id: AccountId,
    decision: AccountDecision,
    now: Time,
) -> Result<(AccountRecord, Vec<SessionId>), Problem> {
    act_as_administrator(tx, by)?;
    let record = store::find_locked(tx, id)?.ok_or_else(|| NOT_FOUND.problem())?;
    let role = decision.role.filter(|role| *role != record.account.role);
    let is_suspended = record.status == AccountStatus::Suspended;
    let suspends = decision.standing.map(|standing| standing == Standing::Suspended);
    let suspends = suspends.filter(|suspends| *suspends != is_suspended);
    if role.is_none() && suspends.is_none() {
        return Ok((record, Vec::new()));
    }
    if id == by {
        return Err(OWN_ACCOUNT.problem());
    }
    if let Some(role) = role {
        store::set_role(tx, id, role, now)?;
        let details = json!({ "from": record.account.role, "to": role });
        audit::store::record(tx, by, "account_role_changed", id, details, now)?;
    }
    if let Some(suspends) = suspends {
        store::set_suspended_at(tx, id, suspends.then_some(now), now)?;
        let action = if suspends { "account_suspended" } else { "account_reactivated" };
        audit::store::record(tx, by, action, id, json!({}), now)?;
    }
    let closed = sessions::store::revoke_all(tx, id, None, now)?;
    let record = store::find(tx, id)?.ok_or_else(|| NOT_FOUND.problem())?;
    Ok((record, closed))
}

/// Removes the authenticators and recovery codes of somebody who is locked out; a mail tells the owner. One's own are
/// removed in one's own account only, which takes a recent login.
///
/// # Errors
/// `not_found`, `own_account`; `forbidden` for who is no administrator any more.
pub fn remove_authenticators(tx: &mut DbConnection, by: AccountId, id: AccountId, now: Time) -> Result<(), Problem> {
    act_as_administrator(tx, by)?;
    store::find_locked(tx, id)?.ok_or_else(|| NOT_FOUND.problem())?;
    if id == by {
        return Err(OWN_ACCOUNT.problem());
    }
    let removed = authenticators::flow::remove_all(tx, id, now)?;
    audit::store::record(tx, by, "authenticators_removed", id, json!({ "removed": removed }), now)?;
    Ok(())
}

/// As [`remove_authenticators`], for whoever runs the server, by an account's address; answers how many counted.
///
/// # Errors
/// `not_found`.
pub fn rescue(tx: &mut DbConnection, email: &str, now: Time) -> Result<i64, Problem> {
    let account = find_by_email(tx, email)?.ok_or_else(|| NOT_FOUND.problem())?;
    let removed = authenticators::flow::remove_all(tx, account.id, now)?;
    audit::store::record(tx, "operator", "authenticators_removed", account.id, json!({ "removed": removed }), now)?;
    Ok(removed)
}

/// Passes for who still is an administrator, and keeps all others from deciding meanwhile.
fn act_as_administrator(tx: &mut DbConnection, by: AccountId) -> Result<(), Problem> {
    store::take_turns_on_administrators(tx)?;
    if store::active_administrators(tx)?.contains(&by) { Ok(()) } else { Err(FORBIDDEN.problem()) }
}

/// Passes unless an account is that of the last administrator who can log in.
///
/// # Errors
/// `last_administrator`.
pub fn spare_last_administrator(tx: &mut DbConnection, account: AccountId) -> Result<(), Problem> {
    if store::find(tx, account)?.is_none_or(|found| found.account.role != Role::Administrator) {
        return Ok(());
    }
    store::take_turns_on_administrators(tx)?;
    if store::active_administrators(tx)? == [account] {
        return Err(LAST_ADMINISTRATOR.detail("Invite another administrator first."));
    }
    Ok(())
}
