//! What a refund is, how its state may change, and which payments it is taken from.

use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::problem::Problem;
use crate::shop::orders::rules::OrderId;
use crate::shop::payments::rules::{MoneyOutcome, Payment, PaymentId};

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
    /// When its provider first said that it failed, by the time outside; whatever it said before or after.
    pub failed_at: Option<Time>,
}

/// How much of a payment its provider had given back at a moment, by the time outside, whoever asked for it; what failed
/// until then does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundTotal {
    /// Cents.
    pub cents: i64,
    /// The moment.
    pub said_at: Time,
}

/// Cents of a payment that its provider gave back although nobody asked for them here: somebody did at its own desk.
///
/// A refund of ours explains what was said of the whole unless it had failed before that was said. It depends on what was
/// said alone, not on the order in which it came (invariant 9 of the design).
pub fn unasked_cents(said: &[RefundTotal], ours: &[Refund]) -> i64 {
    let explained = |said_at: Time| -> i64 {
        let stood = ours.iter().filter(|refund| refund.failed_at.is_none_or(|failed_at| failed_at >= said_at));
        stood.map(|refund| refund.amount_cents).sum()
    };
    said.iter().map(|total| total.cents - explained(total.said_at)).fold(0, i64::max)
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

/// Cents that may be asked back: something; whether there is so much, the payments say.
///
/// # Errors
/// `invalid_fields`, pointing at the amount.
pub fn checked_refund(cents: i64) -> Result<i64, Problem> {
    if cents > 0 {
        return Ok(cents);
    }
    Err(Problem::invalid_field(
        "/amount/amount",
        "range",
        "L'importo deve essere positivo",
        "The amount must be positive",
    ))
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

impl From<MoneyOutcome> for RefundStatus {
    fn from(outcome: MoneyOutcome) -> Self {
        match outcome {
            MoneyOutcome::Succeeded => Self::Succeeded,
            MoneyOutcome::Failed => Self::Failed,
        }
    }
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

    fn at(seconds: i64) -> Time {
        Time(chrono::DateTime::UNIX_EPOCH).plus_seconds(seconds)
    }

    fn refund(amount_cents: i64) -> Refund {
        Refund {
            id: RefundId::new(),
            order_id: OrderId(uuid::Uuid::nil()),
            payment_id: PaymentId(uuid::Uuid::nil()),
            amount_cents,
            reason: RefundReason::Other,
            status: RefundStatus::Pending,
            provider_reference: None,
            requested_by: AccountId(uuid::Uuid::nil()),
            requested_at: at(0),
            settled_at: None,
            failed_at: None,
        }
    }

    /// What happens at a provider, one thing a second.
    #[derive(Debug, Clone, Copy)]
    enum Happening {
        /// One of our refunds fails.
        OursFails(usize),
        /// Somebody gives money back at the provider's desk.
        Desk(i64),
        /// What was given back there fails.
        DeskFails,
        /// Nothing but that the provider says how much was given back.
        Said,
    }

    fn happening() -> impl Strategy<Value = Happening> {
        prop_oneof![
            (0..3_usize).prop_map(Happening::OursFails),
            (1..500_i64).prop_map(Happening::Desk),
            Just(Happening::DeskFails),
            Just(Happening::Said),
        ]
    }

    /// What a provider tells.
    #[derive(Debug, Clone, Copy)]
    enum Told {
        Failed(usize, Time),
        Total(RefundTotal),
    }

    /// All that a provider tells while things happen, and the most that stood of what its desk gave back when it said so.
    fn told(amounts: &[i64], happenings: &[Happening]) -> (Vec<Told>, i64) {
        let mut stands = vec![true; amounts.len()];
        let (mut desk, mut most, mut told) = (0, 0, Vec::new());
        for (second, happening) in (1..).zip(happenings) {
            match happening {
                Happening::OursFails(which) if stands.get(*which) == Some(&true) => {
                    stands[*which] = false;
                    told.push(Told::Failed(*which, at(second)));
                    continue;
                }
                Happening::OursFails(_) => continue,
                Happening::DeskFails => {
                    desk = 0;
                    continue;
                }
                Happening::Desk(cents) => desk += cents,
                Happening::Said => {}
            }
            most = most.max(desk);
            let ours: i64 = amounts.iter().zip(&stands).filter(|(_, stands)| **stands).map(|(cents, _)| cents).sum();
            told.push(Told::Total(RefundTotal { cents: ours + desk, said_at: at(second) }));
        }
        (told, most)
    }

    proptest! {
        /// However the words come, what the desk gave back is seen, all of it, and nothing else is taken for it; while
        /// words are missing, never too much.
        #[test]
        fn what_the_desk_gave_back_is_seen_in_any_order(
            amounts in proptest::collection::vec(1..500_i64, 0..4),
            happenings in proptest::collection::vec(happening(), 0..12),
            shuffle in proptest::collection::vec(any::<proptest::sample::Index>(), 24),
        ) {
            let (mut words, most) = told(&amounts, &happenings);
            // Some come twice, all in another order.
            let repeated: Vec<Told> = words.iter().copied().step_by(2).collect();
            words.extend(repeated);
            for (place, other) in shuffle.iter().enumerate().take(words.len()) {
                let other = other.index(words.len());
                words.swap(place, other);
            }
            let mut ours: Vec<Refund> = amounts.iter().map(|cents| refund(*cents)).collect();
            let mut totals = Vec::new();
            let mut seen = 0;
            for word in words {
                match word {
                    Told::Failed(which, time) => ours[which].failed_at = Some(time),
                    Told::Total(total) => totals.push(total),
                }
                let now = unasked_cents(&totals, &ours);
                prop_assert!((seen..=most).contains(&now));
                seen = now;
            }
            prop_assert_eq!(seen, most);
        }
    }

    #[test]
    fn a_refund_that_failed_explains_what_was_said_before_only() {
        let failed = Refund { failed_at: Some(at(5)), ..refund(400) };
        let said = |seconds| [RefundTotal { cents: 400, said_at: at(seconds) }];
        assert_eq!(unasked_cents(&said(4), std::slice::from_ref(&failed)), 0);
        assert_eq!(unasked_cents(&said(5), std::slice::from_ref(&failed)), 0, "within one second nobody knows");
        assert_eq!(unasked_cents(&said(6), std::slice::from_ref(&failed)), 400);
        assert_eq!(unasked_cents(&said(6), &[]), 400);
        assert_eq!(unasked_cents(&[], &[failed]), 0);
    }

    #[test]
    fn nothing_is_no_refund() {
        assert_eq!(shares(&[payment(100, 0, 0)], 0), None);
        assert_eq!(shares(&[payment(100, 0, 0)], -1), None);
        assert_eq!((checked_refund(1).unwrap(), checked_refund(i64::MAX).unwrap()), (1, i64::MAX));
        assert!(checked_refund(0).is_err() && checked_refund(i64::MIN).is_err());
    }
}
