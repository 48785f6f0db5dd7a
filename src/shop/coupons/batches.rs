//! Generating many codes in one request: made, stored and handed over a few at a time, so that neither memory nor the
//! database's writer is taken up by a large batch.
//!
//! Codes are shown once. A batch whose caller went away is never completed, and its codes never count; the back office
//! sees it as `generating`, and as `abandoned` after a while.

use std::sync::Arc;

use futures_util::stream::{Stream, try_unfold};
use serde_json::json;

use super::codes::GeneratedCode;
use super::flow::running_campaign;
use super::rules::{Batch, BatchId, BatchState, CampaignId, CouponCodeId};
use super::store;
use super::store::codes::KeptCode;
use crate::platform::Platform;
use crate::platform::audit;
use crate::platform::clock::Time;
use crate::platform::crypto::random_bytes;
use crate::platform::db::DbConnection;
use crate::platform::problem::Problem;

/// Codes stored in one transaction; so many take some milliseconds.
const STEP: i64 = 500;

/// A code at the one moment at which it is known.
#[derive(Debug, Clone)]
pub struct FreshCode {
    /// Which.
    pub id: CouponCodeId,
    /// To be handed over.
    pub code: GeneratedCode,
}

/// Records that a batch is asked for; `by` names whoever asks.
///
/// # Errors
/// `not_found`, `coupon_campaign_archived`.
pub async fn begin(platform: &Platform, by: String, campaign_id: CampaignId, quantity: i64) -> Result<Batch, Problem> {
    let now = platform.clock.now();
    let batch = Batch {
        id: BatchId::new(),
        campaign_id,
        quantity,
        stored: 0,
        state: BatchState::Generating,
        created_by: by,
        created_at: now,
        completed_at: None,
    };
    let work = move |tx: &mut DbConnection| {
        running_campaign(tx, campaign_id)?;
        store::batches::insert(tx, &batch)?;
        record(tx, "coupon_batch_begun", &batch, now)?;
        Ok(batch.clone())
    };
    platform.db.write(work).await
}

/// The codes of a batch that was begun. Each step is made when the one before was taken; that the end is asked for means
/// that all was taken, and only then do the codes count.
pub fn codes(platform: Arc<Platform>, batch: Batch) -> impl Stream<Item = Result<Vec<FreshCode>, Problem>> {
    try_unfold((platform, batch), |(platform, mut batch)| async move {
        let wanted = STEP.min(batch.quantity - batch.stored);
        if wanted <= 0 {
            complete(&platform, batch).await?;
            return Ok(None);
        }
        let codes = store_step(&platform, &batch, wanted).await?;
        batch.stored += wanted;
        Ok(Some((codes, (platform, batch))))
    })
}

async fn store_step(platform: &Platform, batch: &Batch, wanted: i64) -> Result<Vec<FreshCode>, Problem> {
    let fresh = (0..wanted).map(|_| fresh_code()).collect::<Result<Vec<_>, Problem>>()?;
    let kept = fresh.iter().map(|fresh| keep(platform, fresh)).collect::<Result<Vec<_>, Problem>>()?;
    let (id, campaign, now) = (batch.id, batch.campaign_id, platform.clock.now());
    platform
        .db
        .write(move |tx| {
            store::codes::insert_generated(tx, campaign, id, &kept, now)?;
            store::batches::count_stored(tx, id, wanted)?;
            Ok(())
        })
        .await?;
    Ok(fresh)
}

fn fresh_code() -> Result<FreshCode, Problem> {
    loop {
        // Twice as many bytes as characters: one draw in a million has to be made again.
        if let Some(code) = GeneratedCode::from_random(&random_bytes::<32>()?) {
            return Ok(FreshCode { id: CouponCodeId::new(), code });
        }
    }
}

fn keep(platform: &Platform, fresh: &FreshCode) -> Result<KeptCode, Problem> {
    Ok(KeptCode { id: fresh.id, hash: fresh.code.hash(&platform.keys)?, ending: fresh.code.ending().to_owned() })
}

async fn complete(platform: &Platform, batch: Batch) -> Result<(), Problem> {
    let now = platform.clock.now();
    let work = move |tx: &mut DbConnection| {
        if !store::batches::complete(tx, batch.id, now)? {
            return Err(Problem::internal("a batch of coupon codes took too long"));
        }
        record(tx, "coupon_batch_completed", &batch, now)
    };
    platform.db.write(work).await
}

fn record(tx: &mut DbConnection, action: &str, batch: &Batch, now: Time) -> Result<(), Problem> {
    let details = json!({ "campaign_id": batch.campaign_id, "quantity": batch.quantity });
    audit::store::record(tx, &batch.created_by, action, batch.id, details, now)?;
    Ok(())
}
