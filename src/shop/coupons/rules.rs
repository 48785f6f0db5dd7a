//! What a coupon is, when it may be used, and what it takes off.

use crate::platform::clock::Time;
use crate::platform::problem::Problem;
use crate::shop::plans::rules::PlanId;
use crate::shop::problems::{COUPON_EXPIRED, COUPON_NOT_FOR_PLAN, COUPON_NOT_STARTED, COUPON_NOT_VALID};

crate::typed_id!(
    /// A campaign's identifier.
    CampaignId = "camp"
);

crate::typed_id!(
    /// A code's identifier.
    CouponCodeId = "coup"
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
    /// Where one use of a coupon stands: `held → committed → restored`, or `held → released | lapsed`.
    RedemptionState {
        Held = "held",
        Committed = "committed",
        Released = "released",
        Lapsed = "lapsed",
        Restored = "restored",
    }
);

impl RedemptionState {
    /// Whether a use in this state counts against the limits (invariant 1 of the design).
    pub fn counts(self) -> bool {
        matches!(self, Self::Held | Self::Committed)
    }

    /// Whether a use may go from this state to another.
    pub fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Held, Self::Committed | Self::Released | Self::Lapsed) | (Self::Committed, Self::Restored)
        )
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
    /// From when.
    pub starts_at: Option<Time>,
    /// Until when.
    pub ends_at: Option<Time>,
    /// Uses in all; none for no limit.
    pub max_uses: Option<i64>,
    /// Uses a fiscal subject; none for no limit.
    pub max_uses_per_customer: Option<i64>,
    /// Uses held or committed.
    pub used: i64,
    /// Whether it runs.
    pub active: bool,
}

/// A code of a campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coupon {
    /// Which code.
    pub code_id: CouponCodeId,
    /// In its canonical form.
    pub code: String,
    /// Uses of this code; none for no limit.
    pub max_uses: Option<i64>,
    /// Uses held or committed.
    pub used: i64,
    /// Whether it may be used.
    pub active: bool,
    /// Its campaign.
    pub campaign: Campaign,
}

impl Coupon {
    /// Whether the coupon may be used on these plans now.
    ///
    /// # Errors
    /// Why not. An inactive or used-up coupon answers as an unknown one does, so that guessing learns nothing.
    pub fn check(&self, plans: &[PlanId], now: Time) -> Result<(), Problem> {
        let has_uses = |used: i64, limit: Option<i64>| limit.is_none_or(|limit| used < limit);
        let usable = self.active
            && self.campaign.active
            && has_uses(self.used, self.max_uses)
            && has_uses(self.campaign.used, self.campaign.max_uses);
        if !usable {
            return Err(COUPON_NOT_VALID.problem());
        }
        self.check_eligibility(plans, now)
    }

    fn check_eligibility(&self, plans: &[PlanId], now: Time) -> Result<(), Problem> {
        if self.campaign.starts_at.is_some_and(|start| now < start) {
            return Err(COUPON_NOT_STARTED.problem());
        }
        if self.campaign.ends_at.is_some_and(|end| now >= end) {
            return Err(COUPON_EXPIRED.problem());
        }
        match &self.campaign.plan_ids {
            Some(eligible) if !plans.iter().all(|plan| eligible.contains(plan)) => Err(COUPON_NOT_FOR_PLAN.problem()),
            _ => Ok(()),
        }
    }
}

/// The form in which codes are stored and compared: capitals, without spaces or hyphens.
pub fn canonical_code(typed: &str) -> String {
    typed.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').flat_map(char::to_uppercase).collect()
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

        #[test]
        fn a_canonical_code_stays_as_it_is(typed in ".{0,40}") {
            let once = canonical_code(&typed);
            prop_assert_eq!(canonical_code(&once), once);
        }
    }

    fn coupon(now: Time) -> Coupon {
        let campaign = Campaign {
            id: CampaignId::new(),
            name: "test".to_owned(),
            discount: Discount::Free,
            plan_ids: None,
            starts_at: Some(now),
            ends_at: Some(now.plus_seconds(10)),
            max_uses: Some(2),
            max_uses_per_customer: None,
            used: 1,
            active: true,
        };
        Coupon { code_id: CouponCodeId::new(), code: "X".to_owned(), max_uses: None, used: 5, active: true, campaign }
    }

    #[test]
    fn a_coupon_is_refused_for_the_reason_that_holds() {
        let now = crate::platform::clock::Clock::default().now();
        let plan = PlanId::new();
        let valid = coupon(now);
        assert!(valid.check(&[plan], now).is_ok());
        assert!(valid.check(&[plan], now.plus_seconds(-1)).unwrap_err().is(&COUPON_NOT_STARTED));
        assert!(valid.check(&[plan], now.plus_seconds(10)).unwrap_err().is(&COUPON_EXPIRED));
        let mut restricted = coupon(now);
        restricted.campaign.plan_ids = Some(vec![PlanId::new()]);
        assert!(restricted.check(&[plan], now).unwrap_err().is(&COUPON_NOT_FOR_PLAN));
        let mut used_up = coupon(now);
        used_up.campaign.used = 2;
        assert!(used_up.check(&[plan], now).unwrap_err().is(&COUPON_NOT_VALID));
    }

    #[test]
    fn a_use_that_was_given_back_never_counts_again() {
        for state in [RedemptionState::Released, RedemptionState::Lapsed, RedemptionState::Restored] {
            assert!(!state.counts());
            assert!(RedemptionState::ALL.iter().all(|next| !state.may_become(*next)));
        }
    }
}
