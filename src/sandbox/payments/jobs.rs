//! The provider's word about a refund, told a moment after it was asked for.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::client::NotificationSender;
use crate::platform::Platform;
use crate::platform::jobs::{Failure, Job};
use crate::shop::payments::gateways::sandbox::rules::SandboxNotification;
use crate::shop::payments::refunds::rules::RefundId;
use crate::shop::payments::rules::MoneyOutcome;

/// Owes the shop a notification about a refund.
#[derive(Serialize, Deserialize)]
pub struct TellRefund {
    /// The shop's name for it.
    pub reference: RefundId,
}

impl Job for TellRefund {
    const KIND: &'static str = "sandbox_refund_notification";
}

/// Tells.
///
/// # Errors
/// When the shop does not take it.
pub async fn tell(platform: Arc<Platform>, sender: Arc<NotificationSender>, job: TellRefund) -> Result<(), Failure> {
    let said = SandboxNotification::Refund { reference: job.reference, outcome: MoneyOutcome::Succeeded };
    Ok(sender.send(&platform, &said).await?)
}
