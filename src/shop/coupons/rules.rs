//! What a coupon is, what it takes off, and where one use of it stands.

use crate::platform::clock::Time;
use crate::shop::plans::rules::{Audience, PlanId};

crate::typed_id!(
    /// A campaign's identifier.
    CampaignId = "camp"
);

crate::typed_id!(
    /// A code's identifier.
    CouponCodeId = "coup"
);

crate::typed_id!(
    /// An identifier of codes that were generated together.
    BatchId = "cbat"
);

crate::typed_id!(
    /// An entry of the ledger of uses.
    RedemptionId = "redm"
);

crate::text_enum!(
    /// How a campaign's discount is computed.
    CouponKind {
        Percentage = "percentage",
        FixedAmount = "fixed_amount",
        Free = "free",
    }
);

crate::text_enum!(
    /// What becomes of a use whose order is cancelled, expires, is withdrawn from or refunded: `release` gives it back to
    /// all limits, `keep` leaves it spent.
    ReleasePolicy {
        Release = "release",
        Keep = "keep",
    }
);

crate::text_enum!(
    /// Whether a code can be used, as far as the code alone tells.
    CouponCodeState {
        Active = "active",
        Inactive = "inactive",
        Exhausted = "exhausted",
        /// Its batch was not handed over to the end.
        Pending = "pending",
    }
);

crate::text_enum!(
    /// Where a batch of generated codes stands; its codes count only once it is `complete`.
    BatchState {
        Generating = "generating",
        Complete = "complete",
        /// Nobody received the whole of it, and nobody can any more: codes are shown once.
        Abandoned = "abandoned",
    }
);

crate::text_enum!(
    /// Where one use of a coupon stands: `held → committed → restored`, or `held → released | lapsed`; where the campaign
    /// keeps uses, a use that would be given back is `forfeited` instead.
    RedemptionState {
        Held = "held",
        Committed = "committed",
        Released = "released",
        Lapsed = "lapsed",
        Restored = "restored",
        Forfeited = "forfeited",
    }
);

impl RedemptionState {
    /// Whether a use in this state counts against the limits (invariant 1 of the design).
    pub fn counts(self) -> bool {
        matches!(self, Self::Held | Self::Committed | Self::Forfeited)
    }

    /// The state of a use that is settled towards `next` under the policy of the day it was held; none where it may not
    /// go there.
    pub fn settled(self, next: Self, policy: ReleasePolicy) -> Option<Self> {
        let is_legal = matches!(
            (self, next),
            (Self::Held, Self::Committed | Self::Released | Self::Lapsed) | (Self::Committed, Self::Restored)
        );
        let is_kept = policy == ReleasePolicy::Keep && !next.counts();
        is_legal.then_some(if is_kept { Self::Forfeited } else { next })
    }
}

impl BatchState {
    /// Seconds in which a batch must have been handed over; a slow line takes minutes for the largest.
    pub const PATIENCE: i64 = 3600;

    /// The state that follows from when a batch was begun and completed: what was begun long ago and never finished is
    /// abandoned.
    pub fn of(created_at: Time, completed_at: Option<Time>, now: Time) -> Self {
        match completed_at {
            Some(_) => Self::Complete,
            None if now.seconds_since(created_at) >= Self::PATIENCE => Self::Abandoned,
            None => Self::Generating,
        }
    }
}

/// A discount in the parts in which it is stored and said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiscountParts {
    /// How it is computed.
    pub kind: CouponKind,
    /// Of a percentage.
    pub percent_basis_points: Option<i32>,
    /// Of a fixed amount, cents.
    pub amount_cents: Option<i64>,
}

/// Which part does not fit the kind of discount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// The percentage.
    #[error("the percentage does not fit the kind of discount")]
    Percentage,
    /// The amount.
    #[error("the amount does not fit the kind of discount")]
    Amount,
}

impl TryFrom<DiscountParts> for Discount {
    type Error = Misfit;

    fn try_from(parts: DiscountParts) -> Result<Self, Misfit> {
        match (parts.kind, parts.percent_basis_points, parts.amount_cents) {
            (CouponKind::Percentage, Some(points), None) => Ok(Self::Percentage(points)),
            (CouponKind::FixedAmount, None, Some(cents)) if cents > 0 => Ok(Self::FixedAmount(cents)),
            (CouponKind::Free, None, None) => Ok(Self::Free),
            (CouponKind::FixedAmount, None, _) => Err(Misfit::Amount),
            (_, _, None) => Err(Misfit::Percentage),
            _ => Err(Misfit::Amount),
        }
    }
}

impl From<Discount> for DiscountParts {
    fn from(discount: Discount) -> Self {
        let (kind, percent_basis_points, amount_cents) = match discount {
            Discount::Percentage(points) => (CouponKind::Percentage, Some(points), None),
            Discount::FixedAmount(cents) => (CouponKind::FixedAmount, None, Some(cents)),
            Discount::Free => (CouponKind::Free, None, None),
        };
        Self { kind, percent_basis_points, amount_cents }
    }
}

/// What a campaign takes off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discount {
    /// Basis points of the net.
    Percentage(i32),
    /// Cents, at most the net.
    FixedAmount(i64),
    /// Everything.
    Free,
}

impl Discount {
    /// Cents off a net price: never more than the price. A percentage rounds half a cent up.
    pub fn off(self, net_cents: i64) -> i64 {
        let net = net_cents.max(0);
        match self {
            Self::Percentage(basis_points) => {
                let exact = i128::from(net) * i128::from(basis_points.clamp(0, 10_000));
                i64::try_from((exact + 5_000) / 10_000).map_or(net, |cents| cents.min(net))
            }
            Self::FixedAmount(cents) => cents.clamp(0, net),
            Self::Free => net,
        }
    }
}

/// A campaign: what is taken off, when, for which plans and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// Which.
    pub id: CampaignId,
    /// Its name, for the back office and the order's snapshot.
    pub name: String,
    /// What it takes off.
    pub discount: Discount,
    /// The plans that it is for; none for all.
    pub plan_ids: Option<Vec<PlanId>>,
    /// The audiences whose plans it is for; none for all. A plan must fit both this and `plan_ids`.
    pub audiences: Option<Vec<Audience>>,
    /// Whether it is for whoever has no order yet, told by the fiscal subject.
    pub first_order_only: bool,
    /// What the cart must come to at least, in cents net of VAT and before any discount; none for anything.
    pub minimum_total_cents: Option<i64>,
    /// From when.
    pub starts_at: Option<Time>,
    /// Until when.
    pub ends_at: Option<Time>,
    /// Uses in all; none for no limit.
    pub max_uses: Option<i64>,
    /// Uses a fiscal subject; none for no limit.
    pub max_uses_per_customer: Option<i64>,
    /// What becomes of uses that came to nothing.
    pub release_policy: ReleasePolicy,
    /// Uses that count.
    pub used: i64,
    /// Whether it runs.
    pub active: bool,
    /// Raised at each change by the back office.
    pub version: i64,
    /// When it was taken out of the list; its ledger stays.
    pub archived_at: Option<Time>,
}

impl Campaign {
    /// A campaign without any limit, from now on and for everything.
    pub fn unlimited(name: impl Into<String>, discount: Discount) -> Self {
        Self {
            id: CampaignId::new(),
            name: name.into(),
            discount,
            plan_ids: None,
            audiences: None,
            first_order_only: false,
            minimum_total_cents: None,
            starts_at: None,
            ends_at: None,
            max_uses: None,
            max_uses_per_customer: None,
            release_policy: ReleasePolicy::Release,
            used: 0,
            active: true,
            version: 1,
            archived_at: None,
        }
    }

    /// Whether what a fiscal subject did before matters to it.
    pub fn asks_for_history(&self) -> bool {
        self.first_order_only || self.max_uses_per_customer.is_some()
    }
}

/// A code with its campaign, as it may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coupon {
    /// Which code.
    pub code_id: CouponCodeId,
    /// For its holder to recognise: in its canonical form, or all but the end of a generated one covered.
    pub code: String,
    /// Uses of this code; none for no limit.
    pub max_uses: Option<i64>,
    /// Uses that count.
    pub used: i64,
    /// Whether it may be used: it was not switched off, and its batch was handed over.
    pub active: bool,
    /// Its campaign.
    pub campaign: Campaign,
}

/// A code as the back office sees it. Nobody can read a generated one again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRecord {
    /// Which code.
    pub id: CouponCodeId,
    /// In its canonical form; none for a generated one.
    pub code: Option<String>,
    /// What it was generated with.
    pub batch_id: Option<BatchId>,
    /// Uses of this code; none for no limit.
    pub max_uses: Option<i64>,
    /// Uses that count.
    pub used: i64,
    /// Whether it can be used.
    pub state: CouponCodeState,
    /// When it was made.
    pub created_at: Time,
}

/// Codes that were generated in one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Which.
    pub id: BatchId,
    /// The campaign of its codes.
    pub campaign_id: CampaignId,
    /// How many were asked for.
    pub quantity: i64,
    /// How many there are.
    pub stored: i64,
    /// Where it stands.
    pub state: BatchState,
    /// The account that asked.
    pub created_by: String,
    /// When.
    pub created_at: Time,
    /// When the last of them was handed over.
    pub completed_at: Option<Time>,
}

impl CouponCodeState {
    /// The state that follows from a code's row and whether it was handed over with its whole batch, as a chosen one is.
    pub fn of(active: bool, used: i64, max_uses: Option<i64>, is_handed_over: bool) -> Self {
        if !is_handed_over {
            Self::Pending
        } else if !active {
            Self::Inactive
        } else if max_uses.is_some_and(|limit| used >= limit) {
            Self::Exhausted
        } else {
            Self::Active
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_discount_is_never_negative_nor_above_the_price(net in 0..10_000_000_i64, points in -5..20_000_i32, cents in -10..20_000_000_i64) {
            for discount in [Discount::Percentage(points), Discount::FixedAmount(cents), Discount::Free] {
                prop_assert!((0..=net).contains(&discount.off(net)));
            }
            prop_assert_eq!(Discount::Percentage(10_000).off(net), net);
        }
    }

    #[test]
    fn a_discount_is_its_parts_and_none_that_do_not_fit() {
        for discount in [Discount::Percentage(2_000), Discount::FixedAmount(1), Discount::Free] {
            assert_eq!(Discount::try_from(DiscountParts::from(discount)), Ok(discount));
        }
        let misfit = |kind, percent_basis_points, amount_cents| {
            Discount::try_from(DiscountParts { kind, percent_basis_points, amount_cents }).err()
        };
        assert_eq!(misfit(CouponKind::Percentage, None, None), Some(Misfit::Percentage));
        assert_eq!(misfit(CouponKind::Percentage, Some(1), Some(1)), Some(Misfit::Amount));
        assert_eq!(misfit(CouponKind::FixedAmount, None, None), Some(Misfit::Amount));
        assert_eq!(misfit(CouponKind::FixedAmount, None, Some(0)), Some(Misfit::Amount));
        assert_eq!(misfit(CouponKind::FixedAmount, Some(1), None), Some(Misfit::Percentage));
        assert_eq!(misfit(CouponKind::Free, Some(1), None), Some(Misfit::Percentage));
        assert_eq!(misfit(CouponKind::Free, None, Some(1)), Some(Misfit::Amount));
    }

    #[test]
    fn a_use_that_was_given_back_or_forfeited_is_settled_for_good() {
        use RedemptionState::{Forfeited, Lapsed, Released, Restored};
        for state in [Released, Lapsed, Restored, Forfeited] {
            for next in RedemptionState::ALL {
                assert!(ReleasePolicy::ALL.iter().all(|policy| state.settled(*next, *policy).is_none()), "{state}");
            }
        }
    }

    #[test]
    fn a_campaign_that_keeps_uses_gives_none_back() {
        for state in RedemptionState::ALL {
            for next in RedemptionState::ALL {
                let kept = state.settled(*next, ReleasePolicy::Keep);
                let released = state.settled(*next, ReleasePolicy::Release);
                assert_eq!(kept.is_some(), released.is_some());
                assert!(kept.is_none_or(RedemptionState::counts));
                assert!(released.is_none_or(|settled| settled == *next));
            }
        }
    }

    #[test]
    fn a_batch_that_was_not_finished_in_time_is_abandoned() {
        let begun = crate::platform::clock::Clock::default().now();
        let late = begun.plus_seconds(BatchState::PATIENCE);
        assert_eq!(BatchState::of(begun, None, late.plus_seconds(-1)), BatchState::Generating);
        assert_eq!(BatchState::of(begun, None, late), BatchState::Abandoned);
        assert_eq!(BatchState::of(begun, Some(begun), late), BatchState::Complete);
    }
}
