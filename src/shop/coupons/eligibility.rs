//! When a coupon may be used, and why not.

use super::rules::{Campaign, Coupon};
use crate::platform::clock::Time;
use crate::platform::money::Money;
use crate::platform::problem::{Code, Problem};
use crate::shop::plans::rules::Plan;
use crate::shop::pricing::rules::{Purchase, net_of};
use crate::shop::problems::{
    COUPON_EXHAUSTED, COUPON_EXPIRED, COUPON_FIRST_ORDER_ONLY, COUPON_LIMIT_REACHED, COUPON_MINIMUM_TOTAL,
    COUPON_NO_LONGER_APPLIES, COUPON_NOT_FOR_AUDIENCE, COUPON_NOT_FOR_PLAN, COUPON_NOT_STARTED, COUPON_NOT_VALID,
};

/// What a fiscal subject did before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SubjectHistory {
    /// Uses of the campaign that count.
    pub uses: i64,
    /// Whether there is an order that awaits its payment, is confirmed or active.
    pub has_order: bool,
}

impl Coupon {
    /// Whether the coupon may be used for these purchases now. What depends on the fiscal subject is left open until it
    /// is known.
    ///
    /// # Errors
    /// Why not. An inactive or used-up coupon answers as an unknown one does, so that guessing learns nothing.
    pub fn check(&self, purchases: &[Purchase], history: Option<SubjectHistory>, now: Time) -> Result<(), Problem> {
        let has_uses = |used: i64, limit: Option<i64>| limit.is_none_or(|limit| used < limit);
        let usable = self.active
            && self.campaign.active
            && has_uses(self.used, self.max_uses)
            && has_uses(self.campaign.used, self.campaign.max_uses);
        if !usable {
            return Err(COUPON_NOT_VALID.problem());
        }
        self.campaign.check_period(now)?;
        self.campaign.check_purchases(purchases)?;
        history.map_or(Ok(()), |history| self.campaign.check_history(history))
    }
}

impl Campaign {
    fn check_period(&self, now: Time) -> Result<(), Problem> {
        if self.starts_at.is_some_and(|start| now < start) {
            return Err(COUPON_NOT_STARTED.problem());
        }
        if self.ends_at.is_some_and(|end| now >= end) {
            return Err(COUPON_EXPIRED.problem());
        }
        Ok(())
    }

    fn check_purchases(&self, purchases: &[Purchase]) -> Result<(), Problem> {
        let all = |fits: &dyn Fn(&Plan) -> bool| purchases.iter().all(|purchase| fits(&purchase.plan));
        if !all(&|plan| self.plan_ids.as_ref().is_none_or(|plans| plans.contains(&plan.id))) {
            return Err(COUPON_NOT_FOR_PLAN.problem());
        }
        if !all(&|plan| self.audiences.as_ref().is_none_or(|audiences| audiences.contains(&plan.audience))) {
            return Err(COUPON_NOT_FOR_AUDIENCE.problem());
        }
        match self.minimum_total_cents {
            Some(minimum) if net_of(purchases) < minimum => {
                let minimum = serde_json::to_value(Money::euro(minimum)).map_err(Problem::internal)?;
                Err(COUPON_MINIMUM_TOTAL.problem().member("minimum_total", minimum))
            }
            _ => Ok(()),
        }
    }

    /// Whether what a fiscal subject did before lets it use the campaign.
    ///
    /// # Errors
    /// `coupon_first_order_only` or `coupon_limit_reached`.
    pub fn check_history(&self, history: SubjectHistory) -> Result<(), Problem> {
        if self.first_order_only && history.has_order {
            return Err(COUPON_FIRST_ORDER_ONLY.problem());
        }
        if self.max_uses_per_customer.is_some_and(|limit| history.uses >= limit) {
            return Err(COUPON_LIMIT_REACHED.problem());
        }
        Ok(())
    }
}

/// What checkout answers where a coupon that is on the cart is refused after all. The cart's holder knows the code, so
/// that here a used-up one may be called so.
pub fn refused_at_checkout(reason: Problem) -> Problem {
    let is_one_of = |codes: &[&'static Code]| codes.iter().any(|code| reason.is(code));
    if is_one_of(&[&COUPON_EXHAUSTED, &COUPON_LIMIT_REACHED]) {
        reason
    } else if reason.is(&COUPON_NOT_VALID) {
        COUPON_EXHAUSTED.problem()
    } else if reason.code.status < 500 {
        COUPON_NO_LONGER_APPLIES.problem().member("reason", reason.code.name.into())
    } else {
        reason
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::{CouponCodeId, Discount};
    use super::*;
    use crate::platform::clock::Clock;
    use crate::shop::plans::demo::plans;
    use crate::shop::plans::rules::{Audience, PlanId};
    use proptest::prelude::*;

    fn coupon(change: impl FnOnce(&mut Coupon)) -> Coupon {
        let campaign = Campaign::unlimited("test", Discount::Free);
        let mut coupon = Coupon {
            code_id: CouponCodeId::new(),
            code: "X".to_owned(),
            max_uses: None,
            used: 0,
            active: true,
            campaign,
        };
        change(&mut coupon);
        coupon
    }

    fn purchase(net_cents: i64, quantity: i32) -> Purchase {
        let mut plan = plans().into_iter().next().unwrap();
        plan.net_cents = net_cents;
        Purchase { plan, quantity }
    }

    #[track_caller]
    fn assert_refused(coupon: &Coupon, purchases: &[Purchase], history: Option<SubjectHistory>, reason: &'static Code) {
        let refusal = coupon.check(purchases, history, Clock::default().now()).unwrap_err();
        assert!(refusal.is(reason), "{refusal}");
    }

    #[test]
    fn a_coupon_is_refused_for_the_reason_that_holds() {
        let now = Clock::default().now();
        let bought = [purchase(1_000, 1)];
        assert!(coupon(|_| {}).check(&bought, None, now).is_ok());
        let later = now.plus_seconds(60);
        assert_refused(&coupon(|coupon| coupon.campaign.starts_at = Some(later)), &bought, None, &COUPON_NOT_STARTED);
        assert_refused(&coupon(|coupon| coupon.campaign.ends_at = Some(now)), &bought, None, &COUPON_EXPIRED);
        let elsewhere = coupon(|coupon| coupon.campaign.plan_ids = Some(vec![PlanId::new()]));
        assert_refused(&elsewhere, &bought, None, &COUPON_NOT_FOR_PLAN);
        let other = Audience::ALL.iter().copied().filter(|audience| *audience != bought[0].plan.audience).collect();
        let for_others = coupon(|coupon| coupon.campaign.audiences = Some(other));
        assert_refused(&for_others, &bought, None, &COUPON_NOT_FOR_AUDIENCE);
        let unusable: [fn(&mut Coupon); 4] = [
            |coupon| coupon.active = false,
            |coupon| coupon.campaign.active = false,
            |coupon| (coupon.used, coupon.max_uses) = (1, Some(1)),
            |coupon| (coupon.campaign.used, coupon.campaign.max_uses) = (2, Some(2)),
        ];
        for change in unusable {
            assert_refused(&coupon(change), &bought, None, &COUPON_NOT_VALID);
        }
    }

    #[test]
    fn what_the_fiscal_subject_did_matters_once_it_is_known() {
        let now = Clock::default().now();
        let bought = [purchase(1_000, 1)];
        let first = coupon(|coupon| coupon.campaign.first_order_only = true);
        assert!(first.check(&bought, None, now).is_ok());
        assert!(first.check(&bought, Some(SubjectHistory { uses: 3, has_order: false }), now).is_ok());
        let known = Some(SubjectHistory { uses: 1, has_order: true });
        assert_refused(&first, &bought, known, &COUPON_FIRST_ORDER_ONLY);
        let once = coupon(|coupon| coupon.campaign.max_uses_per_customer = Some(1));
        assert!(once.check(&bought, Some(SubjectHistory { uses: 0, has_order: true }), now).is_ok());
        assert_refused(&once, &bought, known, &COUPON_LIMIT_REACHED);
    }

    #[test]
    fn at_checkout_the_holder_of_the_code_is_told_what_happened_to_it() {
        assert!(refused_at_checkout(COUPON_NOT_VALID.problem()).is(&COUPON_EXHAUSTED));
        assert!(refused_at_checkout(COUPON_LIMIT_REACHED.problem()).is(&COUPON_LIMIT_REACHED));
        let expired = refused_at_checkout(COUPON_EXPIRED.problem());
        assert!(expired.is(&COUPON_NO_LONGER_APPLIES));
        assert_eq!(expired.members["reason"], "coupon_expired");
    }

    proptest! {
        #[test]
        fn the_minimum_is_met_by_the_net_before_the_discount(net in 0..100_000_i64, quantity in 1..20_i32, minimum in 1..1_000_000_i64) {
            let coupon = coupon(|coupon| coupon.campaign.minimum_total_cents = Some(minimum));
            let refusal = coupon.check(&[purchase(net, quantity)], None, Clock::default().now()).err();
            prop_assert_eq!(refusal.is_none(), net * i64::from(quantity) >= minimum);
            prop_assert!(refusal.is_none_or(|refusal| refusal.is(&COUPON_MINIMUM_TOTAL)));
        }
    }
}
