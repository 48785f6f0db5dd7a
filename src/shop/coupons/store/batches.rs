//! The table of batches.

use diesel::prelude::*;

use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::schema::coupon_batches;
use crate::shop::coupons::rules::{Batch, BatchId, BatchState, CampaignId};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = coupon_batches)]
struct BatchRow {
    id: BatchId,
    campaign_id: CampaignId,
    quantity: i64,
    stored: i64,
    created_by: String,
    created_at: Time,
    completed_at: Option<Time>,
}

impl BatchRow {
    fn into_batch(self, now: Time) -> Batch {
        Batch {
            id: self.id,
            campaign_id: self.campaign_id,
            quantity: self.quantity,
            stored: self.stored,
            state: BatchState::of(self.created_at, self.completed_at, now),
            created_by: self.created_by,
            created_at: self.created_at,
            completed_at: self.completed_at,
        }
    }
}

/// Adds a batch.
pub fn insert(tx: &mut DbConnection, batch: &Batch) -> QueryResult<usize> {
    let row = BatchRow {
        id: batch.id,
        campaign_id: batch.campaign_id,
        quantity: batch.quantity,
        stored: batch.stored,
        created_by: batch.created_by.clone(),
        created_at: batch.created_at,
        completed_at: batch.completed_at,
    };
    diesel::insert_into(coupon_batches::table).values(row).execute(tx)
}

/// One of a campaign's batches, as it stands now.
pub fn find(connection: &mut DbConnection, campaign: CampaignId, id: BatchId, now: Time) -> QueryResult<Option<Batch>> {
    let row: Option<BatchRow> = coupon_batches::table
        .find(id)
        .filter(coupon_batches::campaign_id.eq(campaign))
        .select(BatchRow::as_select())
        .first(connection)
        .optional()?;
    Ok(row.map(|row| row.into_batch(now)))
}

/// A campaign's batches, newest first, those before `before`, as they stand now.
pub fn list(
    connection: &mut DbConnection,
    campaign: CampaignId,
    before: Option<BatchId>,
    limit: i64,
    now: Time,
) -> QueryResult<Vec<Batch>> {
    let mut query = coupon_batches::table
        .filter(coupon_batches::campaign_id.eq(campaign))
        .select(BatchRow::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(coupon_batches::id.lt(before));
    }
    let rows: Vec<BatchRow> = query.order(coupon_batches::id.desc()).limit(limit).load(connection)?;
    Ok(rows.into_iter().map(|row| row.into_batch(now)).collect())
}

/// Counts codes that were stored.
pub fn count_stored(tx: &mut DbConnection, id: BatchId, more: i64) -> QueryResult<usize> {
    diesel::update(coupon_batches::table.find(id))
        .set(coupon_batches::stored.eq(coupon_batches::stored + more))
        .execute(tx)
}

/// Makes a batch's codes count; false where it is incomplete or was given up.
pub fn complete(tx: &mut DbConnection, id: BatchId, now: Time) -> QueryResult<bool> {
    let whole = coupon_batches::table
        .find(id)
        .filter(coupon_batches::completed_at.is_null())
        .filter(coupon_batches::stored.eq(coupon_batches::quantity))
        .filter(coupon_batches::created_at.gt(now.plus_seconds(-BatchState::PATIENCE)));
    let completed = diesel::update(whole).set(coupon_batches::completed_at.eq(Some(now))).execute(tx)?;
    Ok(completed == 1)
}
