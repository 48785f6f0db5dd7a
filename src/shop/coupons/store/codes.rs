//! The table of codes.

use diesel::prelude::*;

use super::CampaignRow;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::Both;
use crate::platform::db::schema::{coupon_batches, coupon_campaigns, coupon_codes};
use crate::platform::problem::Problem;
use crate::shop::coupons::codes::{TypedCode, covered};
use crate::shop::coupons::rules::{BatchId, CampaignId, CodeRecord, Coupon, CouponCodeId, CouponCodeState};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = coupon_codes)]
struct CodeRow {
    id: CouponCodeId,
    campaign_id: CampaignId,
    batch_id: Option<BatchId>,
    code: Option<String>,
    code_hash: Option<Vec<u8>>,
    ending: Option<String>,
    max_uses: Option<i64>,
    used: i64,
    active: bool,
    created_at: Time,
}

impl CodeRow {
    /// Whether its holder can have it: a chosen one, or one whose batch was completed.
    fn is_handed_over(&self, batch_completed_at: Option<Time>) -> bool {
        self.batch_id.is_none() || batch_completed_at.is_some()
    }

    fn into_record(self, batch_completed_at: Option<Time>) -> CodeRecord {
        let is_handed_over = self.is_handed_over(batch_completed_at);
        CodeRecord {
            id: self.id,
            code: self.code,
            batch_id: self.batch_id,
            max_uses: self.max_uses,
            used: self.used,
            state: CouponCodeState::of(self.active, self.used, self.max_uses, is_handed_over),
            created_at: self.created_at,
        }
    }

    fn into_coupon(self, campaign: CampaignRow, batch_completed_at: Option<Time>) -> Result<Coupon, Problem> {
        let active = self.active && self.is_handed_over(batch_completed_at);
        Ok(Coupon {
            code_id: self.id,
            code: self.code.unwrap_or_else(|| covered(self.ending.as_deref().unwrap_or_default())),
            max_uses: self.max_uses,
            used: self.used,
            active,
            campaign: campaign.into_campaign()?,
        })
    }
}

/// Codes with their campaign and when their batch was completed.
macro_rules! coupons {
    ($condition:expr) => {
        coupon_codes::table
            .inner_join(coupon_campaigns::table)
            .left_join(coupon_batches::table)
            .filter($condition)
            .select((CodeRow::as_select(), CampaignRow::as_select(), coupon_batches::completed_at.nullable()))
    };
}

type CouponRow = (CodeRow, CampaignRow, Option<Time>);

/// The coupon of a code that somebody typed.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn find_typed(connection: &mut DbConnection, typed: &TypedCode) -> Result<Option<Coupon>, Problem> {
    let row: Option<CouponRow> = match typed {
        TypedCode::Chosen(code) => coupons!(coupon_codes::code.eq(Some(code))).first(connection).optional()?,
        TypedCode::Generated(hash) => {
            coupons!(coupon_codes::code_hash.eq(Some(hash.to_vec()))).first(connection).optional()?
        }
    };
    row.map(|(code, campaign, batch)| code.into_coupon(campaign, batch)).transpose()
}

/// The coupon of a code's identifier.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn find(connection: &mut DbConnection, id: CouponCodeId) -> Result<Option<Coupon>, Problem> {
    let row: Option<CouponRow> = coupons!(coupon_codes::id.eq(id)).first(connection).optional()?;
    row.map(|(code, campaign, batch)| code.into_coupon(campaign, batch)).transpose()
}

/// A campaign's codes, newest first, those before `before`.
pub fn list(
    connection: &mut DbConnection,
    campaign: CampaignId,
    before: Option<CouponCodeId>,
    limit: i64,
) -> QueryResult<Vec<CodeRecord>> {
    let mut query = coupon_codes::table
        .left_join(coupon_batches::table)
        .filter(coupon_codes::campaign_id.eq(campaign))
        .select((CodeRow::as_select(), coupon_batches::completed_at.nullable()))
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(coupon_codes::id.lt(before));
    }
    let rows: Vec<(CodeRow, Option<Time>)> = query.order(coupon_codes::id.desc()).limit(limit).load(connection)?;
    Ok(rows.into_iter().map(|(row, batch)| row.into_record(batch)).collect())
}

/// One of a campaign's codes.
pub fn find_record(
    connection: &mut DbConnection,
    campaign: CampaignId,
    id: CouponCodeId,
) -> QueryResult<Option<CodeRecord>> {
    let row: Option<(CodeRow, Option<Time>)> = coupon_codes::table
        .left_join(coupon_batches::table)
        .filter(coupon_codes::campaign_id.eq(campaign))
        .filter(coupon_codes::id.eq(id))
        .select((CodeRow::as_select(), coupon_batches::completed_at.nullable()))
        .first(connection)
        .optional()?;
    Ok(row.map(|(row, batch)| row.into_record(batch)))
}

/// Adds a code that a person chose; false where it is taken.
pub fn insert_chosen(
    tx: &mut DbConnection,
    id: CouponCodeId,
    campaign: CampaignId,
    code: &str,
    max_uses: Option<i64>,
    now: Time,
) -> QueryResult<bool> {
    let row = CodeRow {
        id,
        campaign_id: campaign,
        batch_id: None,
        code: Some(code.to_owned()),
        code_hash: None,
        ending: None,
        max_uses,
        used: 0,
        active: true,
        created_at: now,
    };
    let insert = diesel::insert_into(coupon_codes::table).values(row).on_conflict(coupon_codes::code).do_nothing();
    Ok(Both(insert).execute(tx)? == 1)
}

/// What is kept of a generated code.
#[derive(Debug, Clone)]
pub struct KeptCode {
    /// Which.
    pub id: CouponCodeId,
    /// What it is found by.
    pub hash: [u8; 32],
    /// Its last characters.
    pub ending: String,
}

/// Adds single-use codes of a batch.
pub fn insert_generated(
    tx: &mut DbConnection,
    campaign: CampaignId,
    batch: BatchId,
    codes: &[KeptCode],
    now: Time,
) -> QueryResult<usize> {
    let row = |code: &KeptCode| CodeRow {
        id: code.id,
        campaign_id: campaign,
        batch_id: Some(batch),
        code: None,
        code_hash: Some(code.hash.to_vec()),
        ending: Some(code.ending.clone()),
        max_uses: Some(1),
        used: 0,
        active: true,
        created_at: now,
    };
    let rows: Vec<CodeRow> = codes.iter().map(row).collect();
    crate::on_each_database!(tx, |connection| diesel::insert_into(coupon_codes::table).values(rows).execute(connection))
}

/// Switches a code on or off.
pub fn set_active(tx: &mut DbConnection, id: CouponCodeId, active: bool) -> QueryResult<usize> {
    diesel::update(coupon_codes::table.find(id)).set(coupon_codes::active.eq(active)).execute(tx)
}
