//! What the back office does with plans, each step one transaction, and audit-logged in it.

use serde_json::{Value, json};

use super::rules::{Plan, PlanChange, PlanId, PlanRecord};
use super::store;
use crate::customers::accounts::rules::AccountId;
use crate::platform::audit;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::http::conditions::IfMatch;
use crate::platform::problem::{NOT_FOUND, Problem};
use crate::shop::problems::PLAN_SLUG_TAKEN;

/// A price to set.
#[derive(Debug, Clone, Copy)]
pub struct NewPrice {
    /// Net price of a year, cents.
    pub net_cents: i64,
    /// Basis points.
    pub vat_rate_basis_points: i32,
    /// From when; none for at once.
    pub valid_from: Option<Time>,
}

/// Adds a plan, after the last one where no position is named.
///
/// # Errors
/// `plan_slug_taken`.
pub fn create(
    tx: &mut DbConnection,
    by: AccountId,
    plan: &Plan,
    position: Option<i32>,
    active: bool,
    now: Time,
) -> Result<PlanRecord, Problem> {
    let position = match position {
        Some(position) => position,
        None => store::next_position(tx)?,
    };
    if !store::insert(tx, plan, position, active, Some(by), now)? {
        return Err(PLAN_SLUG_TAKEN.problem());
    }
    let details = json!({ "slug": plan.slug, "net_cents": plan.net_cents, "active": active });
    audit::store::record(tx, by, "plan_created", plan.id, details, now)?;
    reread(tx, plan.id, now)
}

/// Changes a plan. Orders keep what they have pinned.
///
/// # Errors
/// `not_found`, `stale_version`.
pub fn change(
    tx: &mut DbConnection,
    by: AccountId,
    id: PlanId,
    condition: &IfMatch,
    change: PlanChange,
    now: Time,
) -> Result<PlanRecord, Problem> {
    let record = store::find_record_locked(tx, id, now)?.ok_or_else(|| NOT_FOUND.problem())?;
    condition.check(record.version)?;
    let was_active = record.active;
    let changed = record.changed(change);
    store::update(tx, &changed, now)?;
    let action = match (was_active, changed.active) {
        (false, true) => "plan_activated",
        (true, false) => "plan_deactivated",
        _ => "plan_changed",
    };
    audit::store::record(tx, by, action, id, json!({ "version": changed.version + 1 }), now)?;
    reread(tx, id, now)
}

/// Sets a plan's next price, from now or from a later moment on.
///
/// # Errors
/// `not_found`, `stale_version`, `invalid_fields` for a moment that has passed.
pub fn set_price(
    tx: &mut DbConnection,
    by: AccountId,
    id: PlanId,
    condition: &IfMatch,
    price: NewPrice,
    now: Time,
) -> Result<PlanRecord, Problem> {
    let record = store::find_record_locked(tx, id, now)?.ok_or_else(|| NOT_FOUND.problem())?;
    condition.check(record.version)?;
    let valid_from = price.valid_from.unwrap_or(now);
    if valid_from < now {
        return Err(Problem::invalid_field(
            "/valid_from",
            "in_the_past",
            "Un prezzo vale da adesso o da un momento futuro",
            "A price holds from now or from a later moment on",
        ));
    }
    let version =
        store::add_price(tx, &record, price.net_cents, price.vat_rate_basis_points, valid_from, Some(by), now)?;
    store::update(tx, &record, now)?;
    audit::store::record(tx, by, "plan_price_set", id, audit_details(version, &price, valid_from), now)?;
    reread(tx, id, now)
}

fn audit_details(version: i32, price: &NewPrice, valid_from: Time) -> Value {
    json!({
        "price_version": version,
        "net_cents": price.net_cents,
        "vat_rate": price.vat_rate_basis_points,
        "valid_from": valid_from,
    })
}

fn reread(tx: &mut DbConnection, id: PlanId, now: Time) -> Result<PlanRecord, Problem> {
    store::find_record(tx, id, now)?.ok_or_else(|| NOT_FOUND.problem())
}
