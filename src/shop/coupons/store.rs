//! The tables of campaigns, codes and uses.

use diesel::prelude::*;

use super::rules::{Campaign, CampaignId, Coupon, CouponCodeId, CouponKind, Discount, RedemptionId, RedemptionState};
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::{Both, Locked};
use crate::platform::db::schema::{coupon_campaigns, coupon_codes, coupon_redemptions, coupon_subject_uses};
use crate::platform::db::types::Json;
use crate::platform::problem::Problem;
use crate::shop::orders::rules::OrderId;
use crate::shop::problems::{COUPON_EXHAUSTED, COUPON_LIMIT_REACHED};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = coupon_campaigns)]
struct CampaignRow {
    id: CampaignId,
    name: String,
    kind: CouponKind,
    percent_basis_points: Option<i32>,
    amount_cents: Option<i64>,
    plan_ids: Option<Json>,
    starts_at: Option<Time>,
    ends_at: Option<Time>,
    max_uses: Option<i64>,
    max_uses_per_customer: Option<i64>,
    used: i64,
    active: bool,
    created_at: Time,
}

impl CampaignRow {
    fn into_campaign(self) -> Result<Campaign, Problem> {
        Ok(Campaign {
            id: self.id,
            name: self.name,
            discount: match self.kind {
                CouponKind::Percentage => Discount::Percentage(self.percent_basis_points.unwrap_or(0)),
                CouponKind::FixedAmount => Discount::FixedAmount(self.amount_cents.unwrap_or(0)),
                CouponKind::Free => Discount::Free,
            },
            plan_ids: self.plan_ids.map(|ids| ids.read()).transpose()?,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            max_uses: self.max_uses,
            max_uses_per_customer: self.max_uses_per_customer,
            used: self.used,
            active: self.active,
        })
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = coupon_codes)]
struct CodeRow {
    id: CouponCodeId,
    campaign_id: CampaignId,
    code: String,
    max_uses: Option<i64>,
    used: i64,
    active: bool,
    created_at: Time,
}

impl CodeRow {
    fn with(self, campaign: CampaignRow) -> Result<Coupon, Problem> {
        Ok(Coupon {
            code_id: self.id,
            code: self.code,
            max_uses: self.max_uses,
            used: self.used,
            active: self.active,
            campaign: campaign.into_campaign()?,
        })
    }
}

/// The coupon of a code in its canonical form.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn find_by_code(connection: &mut DbConnection, code: &str) -> Result<Option<Coupon>, Problem> {
    let row: Option<(CodeRow, CampaignRow)> = coupon_codes::table
        .inner_join(coupon_campaigns::table)
        .filter(coupon_codes::code.eq(code))
        .select((CodeRow::as_select(), CampaignRow::as_select()))
        .first(connection)
        .optional()?;
    row.map(|(code, campaign)| code.with(campaign)).transpose()
}

/// The coupon of a code's identifier.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn find(connection: &mut DbConnection, id: CouponCodeId) -> Result<Option<Coupon>, Problem> {
    let row: Option<(CodeRow, CampaignRow)> = coupon_codes::table
        .inner_join(coupon_campaigns::table)
        .filter(coupon_codes::id.eq(id))
        .select((CodeRow::as_select(), CampaignRow::as_select()))
        .first(connection)
        .optional()?;
    row.map(|(code, campaign)| code.with(campaign)).transpose()
}

/// Adds a campaign.
///
/// # Errors
/// When the database fails.
pub fn insert_campaign(tx: &mut DbConnection, campaign: &Campaign, now: Time) -> Result<(), Problem> {
    let (kind, percent_basis_points, amount_cents) = match campaign.discount {
        Discount::Percentage(points) => (CouponKind::Percentage, Some(points), None),
        Discount::FixedAmount(cents) => (CouponKind::FixedAmount, None, Some(cents)),
        Discount::Free => (CouponKind::Free, None, None),
    };
    let row = CampaignRow {
        id: campaign.id,
        name: campaign.name.clone(),
        kind,
        percent_basis_points,
        amount_cents,
        plan_ids: campaign.plan_ids.as_ref().map(Json::of).transpose()?,
        starts_at: campaign.starts_at,
        ends_at: campaign.ends_at,
        max_uses: campaign.max_uses,
        max_uses_per_customer: campaign.max_uses_per_customer,
        used: campaign.used,
        active: campaign.active,
        created_at: now,
    };
    diesel::insert_into(coupon_campaigns::table).values(row).execute(tx)?;
    Ok(())
}

/// A campaign.
///
/// # Errors
/// When the database fails or the row does not read.
pub fn find_campaign(connection: &mut DbConnection, id: CampaignId) -> Result<Option<Campaign>, Problem> {
    let row: Option<CampaignRow> =
        coupon_campaigns::table.find(id).select(CampaignRow::as_select()).first(connection).optional()?;
    row.map(CampaignRow::into_campaign).transpose()
}

/// Campaigns, newest first, those before `before`.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn list_campaigns(
    connection: &mut DbConnection,
    before: Option<CampaignId>,
    limit: i64,
) -> Result<Vec<Campaign>, Problem> {
    let mut query = coupon_campaigns::table.select(CampaignRow::as_select()).into_boxed();
    if let Some(before) = before {
        query = query.filter(coupon_campaigns::id.lt(before));
    }
    let rows: Vec<CampaignRow> = query.order(coupon_campaigns::id.desc()).limit(limit).load(connection)?;
    rows.into_iter().map(CampaignRow::into_campaign).collect()
}

/// Adds a code to a campaign; false where the code is taken.
///
/// # Errors
/// When the database fails.
pub fn insert_code(
    tx: &mut DbConnection,
    id: CouponCodeId,
    campaign_id: CampaignId,
    code: &str,
    max_uses: Option<i64>,
    now: Time,
) -> QueryResult<bool> {
    let row = CodeRow { id, campaign_id, code: code.to_owned(), max_uses, used: 0, active: true, created_at: now };
    let insert = diesel::insert_into(coupon_codes::table).values(row).on_conflict(coupon_codes::code).do_nothing();
    Ok(Both(insert).execute(tx)? == 1)
}

/// Holds one use for an order: each limit is one conditional update, so that no two orders take the same last use.
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

/// Settles the use that an order holds, if it holds one: a use that no longer counts is given back to all its limits.
///
/// # Errors
/// When the database fails.
pub fn settle(tx: &mut DbConnection, order: OrderId, next: RedemptionState, now: Time) -> Result<(), Problem> {
    let query = coupon_redemptions::table.filter(coupon_redemptions::order_id.eq(order)).select((
        coupon_redemptions::id,
        coupon_redemptions::campaign_id,
        coupon_redemptions::code_id,
        coupon_redemptions::fiscal_subject,
        coupon_redemptions::state,
    ));
    let found: Option<(RedemptionId, CampaignId, CouponCodeId, String, RedemptionState)> =
        Locked(query).get_result(tx).optional()?;
    let Some((id, campaign, code, subject, state)) = found else { return Ok(()) };
    if !state.may_become(next) {
        return Ok(());
    }
    diesel::update(coupon_redemptions::table.find(id))
        .set((coupon_redemptions::state.eq(next), coupon_redemptions::settled_at.eq(Some(now))))
        .execute(tx)?;
    if state.counts() && !next.counts() {
        give_back(tx, campaign, code, &subject)?;
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
