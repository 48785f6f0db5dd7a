//! The ledger of uses and the counters that it replays to.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::{Both, Locked};
use crate::platform::db::schema::{coupon_campaigns, coupon_codes, coupon_redemptions, coupon_subject_uses};
use crate::platform::problem::Problem;
use crate::shop::coupons::eligibility::SubjectHistory;
use crate::shop::coupons::rules::{
    Campaign, CampaignId, Coupon, CouponCodeId, RedemptionId, RedemptionState, ReleasePolicy,
};
use crate::shop::orders;
use crate::shop::orders::rules::OrderId;
use crate::shop::problems::{COUPON_EXHAUSTED, COUPON_LIMIT_REACHED};

#[derive(Queryable, Selectable)]
#[diesel(table_name = coupon_redemptions)]
struct RedemptionRow {
    id: RedemptionId,
    campaign_id: CampaignId,
    code_id: CouponCodeId,
    fiscal_subject: String,
    state: RedemptionState,
    release_policy: ReleasePolicy,
}

/// Counts one use for an order and enters it in the ledger: each limit is one conditional update, so that no two orders
/// take the same last use.
///
/// # Errors
/// `coupon_exhausted` or `coupon_limit_reached`; the caller's transaction then undoes what was counted.
pub fn hold(
    tx: &mut DbConnection,
    coupon: &Coupon,
    order: OrderId,
    fiscal_subject: &str,
    now: Time,
) -> Result<(), Problem> {
    let of_campaign = diesel::update(coupon_campaigns::table.find(coupon.campaign.id))
        .filter(coupon_campaigns::active.eq(true))
        .filter(
            coupon_campaigns::max_uses.is_null().or(coupon_campaigns::used.nullable().lt(coupon_campaigns::max_uses)),
        )
        .set(coupon_campaigns::used.eq(coupon_campaigns::used + 1))
        .execute(tx)?;
    let of_code = diesel::update(coupon_codes::table.find(coupon.code_id))
        .filter(coupon_codes::active.eq(true))
        .filter(coupon_codes::max_uses.is_null().or(coupon_codes::used.nullable().lt(coupon_codes::max_uses)))
        .set(coupon_codes::used.eq(coupon_codes::used + 1))
        .execute(tx)?;
    if of_campaign == 0 || of_code == 0 {
        return Err(COUPON_EXHAUSTED.problem());
    }
    if !count_subject(tx, coupon, fiscal_subject)? {
        return Err(COUPON_LIMIT_REACHED.problem());
    }
    diesel::insert_into(coupon_redemptions::table)
        .values((
            coupon_redemptions::id.eq(RedemptionId::new()),
            coupon_redemptions::campaign_id.eq(coupon.campaign.id),
            coupon_redemptions::code_id.eq(coupon.code_id),
            coupon_redemptions::order_id.eq(order),
            coupon_redemptions::fiscal_subject.eq(fiscal_subject),
            coupon_redemptions::state.eq(RedemptionState::Held),
            coupon_redemptions::release_policy.eq(coupon.campaign.release_policy),
            coupon_redemptions::held_at.eq(now),
        ))
        .execute(tx)?;
    Ok(())
}

/// Counts a use by one fiscal subject; false where the campaign's limit is reached.
fn count_subject(tx: &mut DbConnection, coupon: &Coupon, fiscal_subject: &str) -> QueryResult<bool> {
    let first = diesel::insert_into(coupon_subject_uses::table)
        .values((
            coupon_subject_uses::campaign_id.eq(coupon.campaign.id),
            coupon_subject_uses::fiscal_subject.eq(fiscal_subject),
            coupon_subject_uses::used.eq(0_i64),
        ))
        .on_conflict((coupon_subject_uses::campaign_id, coupon_subject_uses::fiscal_subject))
        .do_nothing();
    Both(first).execute(tx)?;
    let limit = coupon.campaign.max_uses_per_customer.unwrap_or(i64::MAX);
    let counted = diesel::update(coupon_subject_uses::table.find((coupon.campaign.id, fiscal_subject)))
        .filter(coupon_subject_uses::used.lt(limit))
        .set(coupon_subject_uses::used.eq(coupon_subject_uses::used + 1))
        .execute(tx)?;
    Ok(counted == 1)
}

/// What a fiscal subject did before, as far as a campaign asks.
///
/// # Errors
/// When the database fails.
pub fn history(
    connection: &mut DbConnection,
    campaign: &Campaign,
    fiscal_subject: &str,
) -> QueryResult<SubjectHistory> {
    if !campaign.asks_for_history() {
        return Ok(SubjectHistory::default());
    }
    let uses: Option<i64> = coupon_subject_uses::table
        .find((campaign.id, fiscal_subject))
        .select(coupon_subject_uses::used)
        .first(connection)
        .optional()?;
    let has_order = orders::store::has_live_order(connection, fiscal_subject, None)?;
    Ok(SubjectHistory { uses: uses.unwrap_or(0), has_order })
}

/// Settles the use that an order holds, if it holds one: a use that no longer counts is given back to all its limits.
/// Nothing is asked of the campaign: what it was when the use was held is what counts.
///
/// # Errors
/// When the database fails.
pub fn settle(tx: &mut DbConnection, order: OrderId, next: RedemptionState, now: Time) -> Result<(), Problem> {
    let query =
        coupon_redemptions::table.filter(coupon_redemptions::order_id.eq(order)).select(RedemptionRow::as_select());
    let found: Option<RedemptionRow> = Locked(query).get_result(tx).optional()?;
    let Some(held) = found else { return Ok(()) };
    let Some(settled) = held.state.settled(next, held.release_policy) else { return Ok(()) };
    diesel::update(coupon_redemptions::table.find(held.id))
        .set((coupon_redemptions::state.eq(settled), coupon_redemptions::settled_at.eq(Some(now))))
        .execute(tx)?;
    if held.state.counts() && !settled.counts() {
        give_back(tx, held.campaign_id, held.code_id, &held.fiscal_subject)?;
    }
    Ok(())
}

fn give_back(tx: &mut DbConnection, campaign: CampaignId, code: CouponCodeId, fiscal_subject: &str) -> QueryResult<()> {
    diesel::update(coupon_campaigns::table.find(campaign))
        .set(coupon_campaigns::used.eq(coupon_campaigns::used - 1))
        .execute(tx)?;
    diesel::update(coupon_codes::table.find(code)).set(coupon_codes::used.eq(coupon_codes::used - 1)).execute(tx)?;
    diesel::update(coupon_subject_uses::table.find((campaign, fiscal_subject)))
        .set(coupon_subject_uses::used.eq(coupon_subject_uses::used - 1))
        .execute(tx)?;
    Ok(())
}

/// Where the counters do not say what the ledger says (invariant 1 of the design); nothing where all is well. It names
/// nobody: of a fiscal subject it says only that it is one.
///
/// # Errors
/// When the database fails.
pub fn discrepancies(connection: &mut DbConnection) -> QueryResult<Vec<String>> {
    let entries: Vec<RedemptionRow> = coupon_redemptions::table.select(RedemptionRow::as_select()).load(connection)?;
    let mut counted: BTreeMap<String, i64> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.state.counts()) {
        let subject = format!("{} {}", entry.campaign_id, entry.fiscal_subject);
        for key in [entry.campaign_id.to_string(), entry.code_id.to_string(), subject] {
            *counted.entry(key).or_default() += 1;
        }
    }
    let mut differing = Vec::new();
    let mut compare = |key: String, used: i64| {
        let counted = counted.remove(&key).unwrap_or(0);
        if counted != used {
            differing.push(format!("{}: the counter says {used}, the ledger {counted}", without_subject(&key)));
        }
    };
    let campaigns: Vec<(CampaignId, i64)> =
        coupon_campaigns::table.select((coupon_campaigns::id, coupon_campaigns::used)).load(connection)?;
    campaigns.into_iter().for_each(|(id, used)| compare(id.to_string(), used));
    let codes: Vec<(CouponCodeId, i64)> = coupon_codes::table
        .filter(coupon_codes::used.gt(0))
        .select((coupon_codes::id, coupon_codes::used))
        .load(connection)?;
    codes.into_iter().for_each(|(id, used)| compare(id.to_string(), used));
    let subjects: Vec<(CampaignId, String, i64)> = coupon_subject_uses::table.load(connection)?;
    subjects.into_iter().for_each(|(campaign, subject, used)| compare(format!("{campaign} {subject}"), used));
    let uncounted = |(key, counted): (String, i64)| {
        format!("{}: the ledger says {counted}, no counter does", without_subject(&key))
    };
    differing.extend(counted.into_iter().map(uncounted));
    Ok(differing)
}

fn without_subject(key: &str) -> String {
    match key.split_once(' ') {
        Some((campaign, _)) => format!("{campaign}, one of its customers"),
        None => key.to_owned(),
    }
}
