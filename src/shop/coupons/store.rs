//! The tables of campaigns, codes, batches and uses.

pub mod batches;
pub mod codes;
pub mod ledger;

use diesel::prelude::*;

pub use ledger::settle;

use super::rules::{Campaign, CampaignId, CouponKind, Discount, DiscountParts, ReleasePolicy};
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::Locked;
use crate::platform::db::schema::coupon_campaigns;
use crate::platform::db::types::Json;
use crate::platform::problem::Problem;

/// What the back office says of a campaign, and may change.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = coupon_campaigns, treat_none_as_null = true)]
struct TermsRow {
    name: String,
    kind: CouponKind,
    percent_basis_points: Option<i32>,
    amount_cents: Option<i64>,
    plan_ids: Option<Json>,
    audiences: Option<Json>,
    first_order_only: bool,
    minimum_total_cents: Option<i64>,
    starts_at: Option<Time>,
    ends_at: Option<Time>,
    max_uses: Option<i64>,
    max_uses_per_customer: Option<i64>,
    release_policy: ReleasePolicy,
    active: bool,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = coupon_campaigns)]
struct CampaignRow {
    id: CampaignId,
    #[diesel(embed)]
    terms: TermsRow,
    used: i64,
    version: i64,
    created_at: Time,
    updated_at: Time,
    archived_at: Option<Time>,
}

impl TermsRow {
    fn of(campaign: &Campaign) -> Result<Self, Problem> {
        let DiscountParts { kind, percent_basis_points, amount_cents } = campaign.discount.into();
        Ok(Self {
            name: campaign.name.clone(),
            kind,
            percent_basis_points,
            amount_cents,
            plan_ids: campaign.plan_ids.as_ref().map(Json::of).transpose()?,
            audiences: campaign.audiences.as_ref().map(Json::of).transpose()?,
            first_order_only: campaign.first_order_only,
            minimum_total_cents: campaign.minimum_total_cents,
            starts_at: campaign.starts_at,
            ends_at: campaign.ends_at,
            max_uses: campaign.max_uses,
            max_uses_per_customer: campaign.max_uses_per_customer,
            release_policy: campaign.release_policy,
            active: campaign.active,
        })
    }
}

impl CampaignRow {
    fn into_campaign(self) -> Result<Campaign, Problem> {
        let terms = self.terms;
        let TermsRow { kind, percent_basis_points, amount_cents, .. } = terms;
        let discount = DiscountParts { kind, percent_basis_points, amount_cents };
        Ok(Campaign {
            id: self.id,
            name: terms.name,
            discount: Discount::try_from(discount).map_err(Problem::internal)?,
            plan_ids: terms.plan_ids.map(|ids| ids.read()).transpose()?,
            audiences: terms.audiences.map(|audiences| audiences.read()).transpose()?,
            first_order_only: terms.first_order_only,
            minimum_total_cents: terms.minimum_total_cents,
            starts_at: terms.starts_at,
            ends_at: terms.ends_at,
            max_uses: terms.max_uses,
            max_uses_per_customer: terms.max_uses_per_customer,
            release_policy: terms.release_policy,
            used: self.used,
            active: terms.active,
            version: self.version,
            archived_at: self.archived_at,
        })
    }
}

/// Adds a campaign.
///
/// # Errors
/// When the database fails.
pub fn insert_campaign(tx: &mut DbConnection, campaign: &Campaign, now: Time) -> Result<(), Problem> {
    let row = CampaignRow {
        id: campaign.id,
        terms: TermsRow::of(campaign)?,
        used: campaign.used,
        version: campaign.version,
        created_at: now,
        updated_at: now,
        archived_at: campaign.archived_at,
    };
    diesel::insert_into(coupon_campaigns::table).values(row).execute(tx)?;
    Ok(())
}

/// A campaign, archived or not.
///
/// # Errors
/// When the database fails or the row does not read.
pub fn find_campaign(connection: &mut DbConnection, id: CampaignId) -> Result<Option<Campaign>, Problem> {
    let row: Option<CampaignRow> =
        coupon_campaigns::table.find(id).select(CampaignRow::as_select()).first(connection).optional()?;
    row.map(CampaignRow::into_campaign).transpose()
}

/// A campaign, archived or not, so that whoever else wants to change it waits.
///
/// # Errors
/// When the database fails or the row does not read.
pub fn find_campaign_locked(tx: &mut DbConnection, id: CampaignId) -> Result<Option<Campaign>, Problem> {
    let query = coupon_campaigns::table.find(id).select(CampaignRow::as_select());
    let row: Option<CampaignRow> = Locked(query).get_result(tx).optional()?;
    row.map(CampaignRow::into_campaign).transpose()
}

/// The campaigns that are not archived, newest first, those before `before`.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn list_campaigns(
    connection: &mut DbConnection,
    before: Option<CampaignId>,
    limit: i64,
) -> Result<Vec<Campaign>, Problem> {
    let mut query = coupon_campaigns::table
        .filter(coupon_campaigns::archived_at.is_null())
        .select(CampaignRow::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(coupon_campaigns::id.lt(before));
    }
    let rows: Vec<CampaignRow> = query.order(coupon_campaigns::id.desc()).limit(limit).load(connection)?;
    rows.into_iter().map(CampaignRow::into_campaign).collect()
}

/// Writes what the back office may change of a campaign, and raises its version. Its uses stay as they are.
///
/// # Errors
/// When the database fails.
pub fn replace_campaign(tx: &mut DbConnection, campaign: &Campaign, now: Time) -> Result<(), Problem> {
    diesel::update(coupon_campaigns::table.find(campaign.id))
        .set((
            TermsRow::of(campaign)?,
            coupon_campaigns::version.eq(coupon_campaigns::version + 1),
            coupon_campaigns::updated_at.eq(now),
            coupon_campaigns::archived_at.eq(campaign.archived_at),
        ))
        .execute(tx)?;
    Ok(())
}
