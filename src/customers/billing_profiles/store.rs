//! The table of billing profiles.

use diesel::prelude::*;

use super::rules::{BillingDetails, BillingProfile, BillingProfileId};
use super::vat_check::{VatCheckStatus, VatNumberCheck};
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::Locked;
use crate::platform::db::schema::billing_profiles;
use crate::platform::db::types::Json;
use crate::platform::problem::Problem;

#[derive(Queryable, Selectable)]
#[diesel(table_name = billing_profiles)]
struct Row {
    id: BillingProfileId,
    details: Json,
    vat_check_status: Option<VatCheckStatus>,
    vat_checked_at: Option<Time>,
    vat_consultation_number: Option<String>,
    version: i64,
    created_at: Time,
    updated_at: Time,
}

fn into_profile(row: Row) -> Result<BillingProfile, Problem> {
    Ok(BillingProfile {
        id: row.id,
        details: row.details.read()?,
        vat_number_check: row.vat_check_status.map(|status| VatNumberCheck {
            status,
            checked_at: row.vat_checked_at,
            consultation_number: row.vat_consultation_number,
        }),
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// A profile of an account's that was not deleted.
///
/// # Errors
/// When the database fails or the row does not read.
pub fn find(
    connection: &mut DbConnection,
    account: AccountId,
    id: BillingProfileId,
) -> Result<Option<BillingProfile>, Problem> {
    let row: Option<Row> = billing_profiles::table
        .find(id)
        .filter(billing_profiles::account_id.eq(account))
        .filter(billing_profiles::deleted_at.is_null())
        .select(Row::as_select())
        .first(connection)
        .optional()?;
    row.map(into_profile).transpose()
}

/// A profile that was not deleted, whosever it is.
///
/// # Errors
/// When the database fails or the row does not read.
pub fn find_any(connection: &mut DbConnection, id: BillingProfileId) -> Result<Option<BillingProfile>, Problem> {
    let query = billing_profiles::table.find(id).filter(billing_profiles::deleted_at.is_null());
    let row: Option<Row> = query.select(Row::as_select()).first(connection).optional()?;
    row.map(into_profile).transpose()
}

/// As [`find_any`], so that whoever else wants to change it waits.
///
/// # Errors
/// When the database fails or the row does not read.
pub fn find_any_locked(tx: &mut DbConnection, id: BillingProfileId) -> Result<Option<BillingProfile>, Problem> {
    let query = billing_profiles::table.find(id).filter(billing_profiles::deleted_at.is_null());
    let row: Option<Row> = Locked(query.select(Row::as_select())).get_result(tx).optional()?;
    row.map(into_profile).transpose()
}

/// An account's profiles, newest first.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn list(
    connection: &mut DbConnection,
    account: AccountId,
    before: Option<BillingProfileId>,
    limit: i64,
) -> Result<Vec<BillingProfile>, Problem> {
    let mut query = billing_profiles::table
        .filter(billing_profiles::account_id.eq(account))
        .filter(billing_profiles::deleted_at.is_null())
        .select(Row::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(billing_profiles::id.lt(before));
    }
    let rows: Vec<Row> = query.order(billing_profiles::id.desc()).limit(limit).load(connection)?;
    rows.into_iter().map(into_profile).collect()
}

/// How many profiles an account has.
pub fn count(connection: &mut DbConnection, account: AccountId) -> QueryResult<i64> {
    billing_profiles::table
        .filter(billing_profiles::account_id.eq(account))
        .filter(billing_profiles::deleted_at.is_null())
        .count()
        .get_result(connection)
}

/// Adds a profile.
///
/// # Errors
/// When the database fails.
pub fn insert(tx: &mut DbConnection, account: AccountId, profile: &BillingProfile) -> Result<(), Problem> {
    diesel::insert_into(billing_profiles::table)
        .values((
            billing_profiles::id.eq(profile.id),
            billing_profiles::account_id.eq(account),
            billing_profiles::kind.eq(profile.details.kind),
            billing_profiles::details.eq(Json::of(&profile.details)?),
            billing_profiles::vat_check_status.eq(profile.vat_number_check.as_ref().map(|check| check.status)),
            billing_profiles::version.eq(profile.version),
            billing_profiles::created_at.eq(profile.created_at),
            billing_profiles::updated_at.eq(profile.updated_at),
        ))
        .execute(tx)?;
    Ok(())
}

/// Replaces a profile's details, if its version is still the one that was read.
///
/// # Errors
/// When the database fails.
pub fn replace(
    tx: &mut DbConnection,
    id: BillingProfileId,
    version: i64,
    details: &BillingDetails,
    now: Time,
) -> Result<bool, Problem> {
    let unchanged = billing_profiles::table
        .find(id)
        .filter(billing_profiles::version.eq(version))
        .filter(billing_profiles::deleted_at.is_null());
    let changed = diesel::update(unchanged)
        .set((
            billing_profiles::kind.eq(details.kind),
            billing_profiles::details.eq(Json::of(details)?),
            billing_profiles::version.eq(billing_profiles::version + 1),
            billing_profiles::updated_at.eq(now),
        ))
        .execute(tx)?;
    Ok(changed == 1)
}

/// Writes what is known of a profile's VAT number; its version stays.
pub fn write_check(tx: &mut DbConnection, id: BillingProfileId, check: Option<&VatNumberCheck>) -> QueryResult<usize> {
    diesel::update(billing_profiles::table.find(id))
        .set((
            billing_profiles::vat_check_status.eq(check.map(|check| check.status)),
            billing_profiles::vat_checked_at.eq(check.and_then(|check| check.checked_at)),
            billing_profiles::vat_consultation_number.eq(check.and_then(|check| check.consultation_number.as_deref())),
        ))
        .execute(tx)
}

/// Profiles whose VAT number nobody has answered for since `unanswered`, or whose answer is from before `old`, in the order
/// of their identifiers: a portion of those after one.
pub fn due_for_check(
    connection: &mut DbConnection,
    unanswered: Time,
    old: Time,
    after: Option<BillingProfileId>,
) -> QueryResult<Vec<BillingProfileId>> {
    let is_unanswered = billing_profiles::vat_check_status
        .eq_any([Some(VatCheckStatus::Unchecked), Some(VatCheckStatus::Unavailable)])
        .and(billing_profiles::updated_at.le(unanswered));
    let is_old = billing_profiles::vat_check_status
        .eq_any([Some(VatCheckStatus::Valid), Some(VatCheckStatus::Invalid)])
        .and(billing_profiles::vat_checked_at.le(Some(old)));
    let mut query = billing_profiles::table
        .filter(billing_profiles::deleted_at.is_null())
        .filter(is_unanswered.or(is_old))
        .select(billing_profiles::id)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(billing_profiles::id.gt(after));
    }
    query.order(billing_profiles::id).limit(100).load(connection)
}

/// Hides a profile, if its version is still the one that was read; carts let it go, orders keep their snapshot of it.
pub fn delete(tx: &mut DbConnection, id: BillingProfileId, version: i64, now: Time) -> QueryResult<bool> {
    let unchanged = billing_profiles::table
        .find(id)
        .filter(billing_profiles::version.eq(version))
        .filter(billing_profiles::deleted_at.is_null());
    Ok(diesel::update(unchanged).set(billing_profiles::deleted_at.eq(Some(now))).execute(tx)? == 1)
}

/// Empties an account's profiles. The rows stay for the carts that name them.
pub fn erase(tx: &mut DbConnection, account: AccountId, now: Time) -> QueryResult<usize> {
    let own = || billing_profiles::table.filter(billing_profiles::account_id.eq(account));
    diesel::update(own().filter(billing_profiles::deleted_at.is_null()))
        .set(billing_profiles::deleted_at.eq(Some(now)))
        .execute(tx)?;
    diesel::update(own())
        .set((
            billing_profiles::details.eq(Json(serde_json::json!({}))),
            billing_profiles::vat_consultation_number.eq(None::<String>),
        ))
        .execute(tx)
}
