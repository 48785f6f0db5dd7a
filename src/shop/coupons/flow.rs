//! What is done with coupons: held at checkout, and changed by the back office.

use serde_json::json;

use super::rules::{Campaign, CampaignId, CodeRecord, Coupon, CouponCodeId};
use super::store;
use crate::customers::accounts::rules::AccountId;
use crate::platform::audit;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::take_turns;
use crate::platform::http::conditions::IfMatch;
use crate::platform::problem::{NOT_FOUND, Problem};
use crate::shop::orders;
use crate::shop::orders::rules::OrderId;
use crate::shop::problems::{COUPON_CAMPAIGN_ARCHIVED, COUPON_CODE_TAKEN, COUPON_FIRST_ORDER_ONLY};

/// Holds one use for an order that was just placed.
///
/// # Errors
/// `coupon_first_order_only`, `coupon_exhausted` or `coupon_limit_reached`; the caller's transaction then undoes what was
/// counted.
pub fn hold(
    tx: &mut DbConnection,
    coupon: &Coupon,
    order: OrderId,
    fiscal_subject: &str,
    now: Time,
) -> Result<(), Problem> {
    if coupon.campaign.first_order_only {
        // Two first orders at once: the second waits here until it can see the first.
        take_turns(tx, &format!("first order of {fiscal_subject}"))?;
        if orders::store::has_live_order(tx, fiscal_subject, Some(order))? {
            return Err(COUPON_FIRST_ORDER_ONLY.problem());
        }
    }
    store::ledger::hold(tx, coupon, order, fiscal_subject, now)
}

/// Replaces what the back office says of a campaign. Orders that were placed, and uses that are held, keep what they have.
///
/// # Errors
/// `not_found`, `stale_version`, `coupon_campaign_archived`.
pub fn replace_campaign(
    tx: &mut DbConnection,
    by: AccountId,
    campaign: &Campaign,
    condition: &IfMatch,
    now: Time,
) -> Result<Campaign, Problem> {
    let present = running_campaign(tx, campaign.id)?;
    condition.check(present.version)?;
    store::replace_campaign(tx, campaign, now)?;
    let details = json!({ "version": present.version + 1, "active": campaign.active });
    audit::store::record(tx, by, "coupon_campaign_replaced", campaign.id, details, now)?;
    store::find_campaign(tx, campaign.id)?.ok_or_else(|| NOT_FOUND.problem())
}

/// Archives a campaign: its codes count no more and it leaves the list, while its ledger stays for the orders that used
/// it. Archiving it again changes nothing.
///
/// # Errors
/// `not_found`, `stale_version`.
pub fn archive_campaign(
    tx: &mut DbConnection,
    by: AccountId,
    id: CampaignId,
    condition: &IfMatch,
    now: Time,
) -> Result<(), Problem> {
    let present = store::find_campaign_locked(tx, id)?.ok_or_else(|| NOT_FOUND.problem())?;
    condition.check(present.version)?;
    if present.archived_at.is_some() {
        return Ok(());
    }
    let archived = Campaign { active: false, archived_at: Some(now), ..present };
    store::replace_campaign(tx, &archived, now)?;
    audit::store::record(tx, by, "coupon_campaign_archived", id, json!({}), now)?;
    Ok(())
}

/// A campaign that may still be changed, locked.
///
/// # Errors
/// `not_found`, `coupon_campaign_archived`.
pub fn running_campaign(tx: &mut DbConnection, id: CampaignId) -> Result<Campaign, Problem> {
    let campaign = store::find_campaign_locked(tx, id)?.ok_or_else(|| NOT_FOUND.problem())?;
    if campaign.archived_at.is_some() { Err(COUPON_CAMPAIGN_ARCHIVED.problem()) } else { Ok(campaign) }
}

/// Adds a code that a person chose.
///
/// # Errors
/// `not_found`, `coupon_campaign_archived`, `coupon_code_taken`.
pub fn add_code(
    tx: &mut DbConnection,
    by: AccountId,
    campaign: CampaignId,
    code: &str,
    max_uses: Option<i64>,
    now: Time,
) -> Result<CodeRecord, Problem> {
    running_campaign(tx, campaign)?;
    let id = CouponCodeId::new();
    if !store::codes::insert_chosen(tx, id, campaign, code, max_uses, now)? {
        return Err(COUPON_CODE_TAKEN.problem());
    }
    audit::store::record(tx, by, "coupon_code_created", id, json!({ "campaign_id": campaign }), now)?;
    store::codes::find_record(tx, campaign, id)?.ok_or_else(|| NOT_FOUND.problem())
}

/// Switches one code on or off.
///
/// # Errors
/// `not_found`, `coupon_campaign_archived`.
pub fn switch_code(
    tx: &mut DbConnection,
    by: AccountId,
    campaign: CampaignId,
    id: CouponCodeId,
    active: bool,
    now: Time,
) -> Result<CodeRecord, Problem> {
    running_campaign(tx, campaign)?;
    store::codes::find_record(tx, campaign, id)?.ok_or_else(|| NOT_FOUND.problem())?;
    store::codes::set_active(tx, id, active)?;
    let action = if active { "coupon_code_activated" } else { "coupon_code_deactivated" };
    audit::store::record(tx, by, action, id, json!({ "campaign_id": campaign }), now)?;
    store::codes::find_record(tx, campaign, id)?.ok_or_else(|| NOT_FOUND.problem())
}
