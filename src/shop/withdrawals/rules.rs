//! Who may withdraw, and until when.

use chrono::{Days, NaiveDate};

use crate::italy::working_days::working_day_from;
use crate::platform::clock::Time;
use crate::platform::problem::Problem;
use crate::shop::orders::rules::{Order, OrderCommand, OrderId};
use crate::shop::problems::{ORDER_STATE_FORBIDS, WITHDRAWAL_FOR_CONSUMERS, WITHDRAWAL_PERIOD_OVER};

crate::typed_id!(
    /// A withdrawal's identifier.
    WithdrawalId = "wdr"
);

/// Days from the contract (art. 52(1)).
const PERIOD: Days = Days::new(14);

/// What a consumer declared, as art. 54-bis asks for it.
#[derive(Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// Which.
    pub id: WithdrawalId,
    /// From which order.
    pub order_id: OrderId,
    /// The consumer's name.
    pub name: String,
    /// What the consumer called the contract.
    pub contract: String,
    /// The address to which the receipt goes.
    pub confirmation_email: String,
    /// When the declaration arrived.
    pub received_at: Time,
}

/// The last day of the period: the day of the contract does not count, and a term that would end on a Saturday, a Sunday
/// or a holiday ends on the next working day (Reg. (EEC, Euratom) 1182/71, art. 3).
pub fn last_day_for(contract_day: NaiveDate) -> NaiveDate {
    contract_day.checked_add_days(PERIOD).map_or(contract_day, working_day_from)
}

/// The last day on which an order can be withdrawn from; none where there is no such right: it is a consumer's (art.
/// 3(1)(a)), wherever they live. The contract is concluded
/// when the order is confirmed, before the service is activated: that a later day counts is for the adviser to confirm
/// (art. 52(2)(a)).
pub fn last_day(order: &Order) -> Option<NaiveDate> {
    let confirmed_at = order.confirmed_at.filter(|_| order.snapshot.billing.is_consumer())?;
    Some(last_day_for(confirmed_at.italian_date()))
}

/// Whether an order can be withdrawn from now.
///
/// # Errors
/// `order_state_forbids`, `withdrawal_for_consumers`, `withdrawal_period_over`.
pub fn check(order: &Order, now: Time) -> Result<(), Problem> {
    if order.status.after(OrderCommand::Withdraw).is_none() {
        return Err(ORDER_STATE_FORBIDS.problem().member("order_status", order.status.as_str().into()));
    }
    let last_day = last_day(order).ok_or_else(|| WITHDRAWAL_FOR_CONSUMERS.problem())?;
    if now.italian_date() > last_day {
        return Err(WITHDRAWAL_PERIOD_OVER.problem().member("withdrawal_until", last_day.to_string().into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn fourteen_days_end_on_a_working_day() {
        // A Tuesday.
        assert_eq!(last_day_for(day("2026-11-24")), day("2026-12-09"), "8 December is a holiday");
        assert_eq!(last_day_for(day("2026-11-23")), day("2026-12-07"));
        // The fourteenth day is a Saturday.
        assert_eq!(last_day_for(day("2026-11-14")), day("2026-11-30"));
        // 25 December, a Friday, is followed by a holiday and a Sunday.
        assert_eq!(last_day_for(day("2026-12-11")), day("2026-12-28"));
    }

    proptest! {
        #[test]
        fn nobody_has_less_than_fourteen_days(offset in 0_u64..40_000) {
            let contract_day = day("2000-01-01") + Days::new(offset);
            let days = (last_day_for(contract_day) - contract_day).num_days();
            prop_assert!((14..=19).contains(&days));
        }
    }
}
