//! What a refund is, how its state may change, and which payments it is taken from.

use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::shop::orders::rules::OrderId;
use crate::shop::payments::rules::{Payment, PaymentId};

crate::typed_id!(
    /// Money given back.
    RefundId = "rfnd"
);

crate::text_enum!(
    /// Why money is given back.
    RefundReason {
        CustomerRequest = "customer_request",
        Withdrawal = "withdrawal",
        Duplicate = "duplicate",
        Overpayment = "overpayment",
        Other = "other",
    }
);

crate::text_enum!(
    /// Where a refund stands.
    RefundStatus {
        Pending = "pending",
        Succeeded = "succeeded",
        Failed = "failed",
    }
);

/// Money given back, or being given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Which.
    pub id: RefundId,
    /// Of which order.
    pub order_id: OrderId,
    /// Of which of its payments.
    pub payment_id: PaymentId,
    /// Cents.
    pub amount_cents: i64,
    /// Why.
    pub reason: RefundReason,
    /// Where it stands.
    pub status: RefundStatus,
    /// The provider's or the bank's name for it.
    pub provider_reference: Option<String>,
    /// Who asked for it.
    pub requested_by: AccountId,
    /// When.
    pub requested_at: Time,
    /// When it succeeded or failed.
    pub settled_at: Option<Time>,
}

/// What somebody wants given back.
#[derive(Debug, Clone, Copy)]
pub struct WantedRefund {
    /// Cents.
    pub cents: i64,
    /// Why.
    pub reason: RefundReason,
    /// Of which payment; without one, the youngest payments that hold money give it.
    pub payment_id: Option<PaymentId>,
    /// Who asks.
    pub requested_by: AccountId,
}

/// What a word about a refund leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// Nothing new was said.
    Nothing,
    /// The money is with the customer.
    Succeed,
    /// The money stays here.
    Fail,
    /// It had been called failed before: succeeds if the money is still here, and a person looks at it.
    Recover,
    /// It had been called a success before: a person looks at it.
    Doubt,
}

impl RefundStatus {
    /// What a provider's word, which may come twice, late or out of order, leads to. A success is never unsaid, so that
    /// the same words lead to the same state in any order (invariant 9 of the design).
    pub fn settlement(self, said: Self) -> Settlement {
        match (self, said) {
            (Self::Pending, Self::Succeeded) => Settlement::Succeed,
            (Self::Pending, Self::Failed) => Settlement::Fail,
            (Self::Failed, Self::Succeeded) => Settlement::Recover,
            (Self::Succeeded, Self::Failed) => Settlement::Doubt,
            _ => Settlement::Nothing,
        }
    }
}

/// Which payments give how many cents, the youngest first: what came last is what came too much. None where they do not
/// hold so much.
pub fn shares(payments: &[Payment], cents: i64) -> Option<Vec<(PaymentId, i64)>> {
    let mut left = cents;
    let mut shares = Vec::new();
    for payment in payments.iter().rev() {
        let share = payment.held_cents().min(left);
        if share > 0 {
            shares.push((payment.id, share));
            left -= share;
        }
    }
    (left == 0 && cents > 0).then_some(shares)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::shop::payments::rules::{PaymentMethod, PaymentStatus};

    fn payment(received: i64, refunding: i64, refunded: i64) -> Payment {
        Payment {
            id: PaymentId::new(),
            order_id: OrderId(uuid::Uuid::nil()),
            method: PaymentMethod::Card,
            provider: "sandbox".to_owned(),
            status: PaymentStatus::Succeeded,
            amount_cents: 100,
            received_cents: received,
            refunding_cents: refunding,
            refunded_cents: refunded,
            provider_reference: None,
            redirect_url: None,
            created_at: Time(chrono::DateTime::UNIX_EPOCH),
        }
    }

    fn payments() -> impl Strategy<Value = Vec<Payment>> {
        let one = (0..10_000_i64, 0..100_i64, 0..100_i64)
            .prop_map(|(held, refunding, refunded)| payment(held + refunding + refunded, refunding, refunded));
        proptest::collection::vec(one, 0..5)
    }

    proptest! {
        #[test]
        fn shares_come_to_the_whole_and_take_from_no_payment_more_than_it_holds(payments in payments(), cents in 1..20_000_i64) {
            let held: i64 = payments.iter().map(Payment::held_cents).sum();
            match shares(&payments, cents) {
                Some(shares) => {
                    prop_assert_eq!(shares.iter().map(|(_, share)| share).sum::<i64>(), cents);
                    for (id, share) in shares {
                        let held = payments.iter().find(|payment| payment.id == id).map(Payment::held_cents);
                        prop_assert!(share > 0 && Some(share) <= held);
                    }
                }
                None => prop_assert!(cents > held),
            }
        }

        /// Where the money is still there, the same words lead to the same state in whatever order and number they come.
        #[test]
        fn words_lead_to_one_state_in_any_order(said in proptest::collection::vec(proptest::sample::select(RefundStatus::ALL), 0..6), seed in any::<u64>()) {
            let end = |said: &[RefundStatus]| said.iter().fold(RefundStatus::Pending, |status, said| match status.settlement(*said) {
                Settlement::Nothing | Settlement::Doubt => status,
                Settlement::Succeed | Settlement::Recover => RefundStatus::Succeeded,
                Settlement::Fail => RefundStatus::Failed,
            });
            let mut shuffled = said.clone();
            shuffled.extend(said.first());
            let length = shuffled.len().max(1);
            shuffled.rotate_left(usize::try_from(seed).unwrap_or(0) % length);
            shuffled.sort_by_key(|said| (*said as u64).wrapping_mul(seed | 1) % 7);
            prop_assert_eq!(end(&said), end(&shuffled));
        }
    }

    #[test]
    fn nothing_is_no_refund() {
        assert_eq!(shares(&[payment(100, 0, 0)], 0), None);
        assert_eq!(shares(&[payment(100, 0, 0)], -1), None);
    }
}
