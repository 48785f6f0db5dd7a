//! What a payment is and how its state may change.

use chrono::NaiveDate;

use crate::platform::clock::Time;
use crate::platform::locale::Localized;
use crate::platform::problem::Problem;
use crate::shop::orders::rules::OrderId;

crate::typed_id!(
    /// A payment's identifier.
    PaymentId = "pay"
);

crate::typed_id!(
    /// A recorded bank transfer.
    BankTransferId = "btr"
);

crate::text_enum!(
    /// How an order is paid.
    PaymentMethod {
        Card = "card",
        BankTransfer = "bank_transfer",
    }
);

impl PaymentMethod {
    /// Its name, for a reader.
    pub fn label(self) -> Localized {
        match self {
            Self::Card => Localized::fixed("Carta di pagamento", "Payment card"),
            Self::BankTransfer => Localized::fixed("Bonifico bancario", "Bank transfer"),
        }
    }

    /// Seconds after which an order that waits for this payment expires.
    pub fn patience(self) -> i64 {
        match self {
            Self::Card => 24 * 3600,
            Self::BankTransfer => 14 * 24 * 3600,
        }
    }
}

crate::text_enum!(
    /// Where a payment stands.
    PaymentStatus {
        Created = "created",
        RequiresAction = "requires_action",
        Processing = "processing",
        AwaitingFunds = "awaiting_funds",
        PartiallyReceived = "partially_received",
        Succeeded = "succeeded",
        Failed = "failed",
        Cancelled = "cancelled",
        Expired = "expired",
    }
);

crate::text_enum!(
    /// How a payment or a refund ended.
    MoneyOutcome {
        Succeeded = "succeeded",
        Failed = "failed",
    }
);

/// What may happen to a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentCommand {
    /// The provider opened its page.
    RequireAction,
    /// The provider is working on it.
    Process,
    /// Some of the money came.
    ReceivePart,
    /// All of the money came.
    Succeed,
    /// The provider refused.
    Fail,
    /// The order was given up, or another payment was chosen.
    Cancel,
    /// The order was not paid in time.
    Expire,
}

impl PaymentStatus {
    /// The state after a command; none where the state forbids it. Money that came is never unsaid, and a refusal after
    /// it (notifications arrive in any order) changes nothing (invariant 9 of the design).
    pub fn after(self, command: PaymentCommand) -> Option<Self> {
        use PaymentCommand as Command;
        match (self, command) {
            (Self::Created, Command::RequireAction) => Some(Self::RequiresAction),
            (Self::Created | Self::RequiresAction, Command::Process) => Some(Self::Processing),
            (Self::AwaitingFunds | Self::PartiallyReceived, Command::ReceivePart) => Some(Self::PartiallyReceived),
            (Self::Succeeded, _) => None,
            // A provider's success counts even after a refusal, a cancellation or an expiry: the money is there.
            (_, Command::Succeed) => Some(Self::Succeeded),
            // "Expired" and "failed" may overtake each other too: the second says more.
            (Self::Created | Self::RequiresAction | Self::Processing | Self::Expired, Command::Fail) => {
                Some(Self::Failed)
            }
            (status, Command::Cancel) if status.is_open() => Some(Self::Cancelled),
            (status, Command::Expire) if status.is_open() => Some(Self::Expired),
            _ => None,
        }
    }

    /// Whether the customer has yet to do their part at the provider.
    pub fn waits_for_customer(self) -> bool {
        matches!(self, Self::Created | Self::RequiresAction)
    }

    /// Whether money may still come.
    pub fn is_open(self) -> bool {
        matches!(
            self,
            Self::Created | Self::RequiresAction | Self::Processing | Self::AwaitingFunds | Self::PartiallyReceived
        )
    }
}

/// A payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Which.
    pub id: PaymentId,
    /// Of which order.
    pub order_id: OrderId,
    /// How.
    pub method: PaymentMethod,
    /// Through whom.
    pub provider: String,
    /// Where it stands.
    pub status: PaymentStatus,
    /// Cents asked for.
    pub amount_cents: i64,
    /// Cents that came; more than asked for is recorded too.
    pub received_cents: i64,
    /// Cents that are being given back.
    pub refunding_cents: i64,
    /// Cents that were given back.
    pub refunded_cents: i64,
    /// The provider's name for it.
    pub provider_reference: Option<String>,
    /// The provider's page.
    pub redirect_url: Option<String>,
    /// When.
    pub created_at: Time,
}

impl Payment {
    /// Whether the customer did their part and the money has yet to come.
    pub fn is_on_its_way(&self) -> bool {
        self.status == PaymentStatus::Processing && self.received_cents == 0
    }

    /// Cents that came, and were not and are not being given back (invariant 4 of the design: never less than nothing).
    pub fn held_cents(&self) -> i64 {
        self.received_cents - self.refunding_cents - self.refunded_cents
    }
}

/// Cents; far beyond any order, and far from what sums of transfers could overflow.
const LARGEST_TRANSFER: i64 = 1_000_000_000_000;

/// Cents of a bank transfer that may be recorded.
///
/// # Errors
/// `invalid_fields`, pointing at the amount.
pub fn checked_transfer(cents: i64) -> Result<i64, Problem> {
    if (1..=LARGEST_TRANSFER).contains(&cents) {
        return Ok(cents);
    }
    Err(Problem::invalid_field(
        "/amount/amount",
        "range",
        "L'importo deve essere positivo e non oltre dieci miliardi di euro",
        "The amount must be positive and at most ten thousand million euro",
    ))
}

/// The value date of a bank transfer that may be recorded: money that is announced has not come.
///
/// # Errors
/// `invalid_fields`, pointing at the date.
pub fn checked_value_date(day: NaiveDate, today: NaiveDate) -> Result<NaiveDate, Problem> {
    if day <= today {
        return Ok(day);
    }
    Err(Problem::invalid_field(
        "/received_on",
        "in_future",
        "La data non può essere nel futuro",
        "The day must not be in the future",
    ))
}

/// The reference of a bank transfer as it is told from others: without spaces around it.
///
/// # Errors
/// `invalid_fields`, pointing at the reference, where nothing else is in it.
pub fn checked_transfer_reference(reference: &str) -> Result<String, Problem> {
    let reference = reference.trim();
    if !reference.is_empty() {
        return Ok(reference.to_owned());
    }
    Err(Problem::invalid_field(
        "/reference",
        "length",
        "Il riferimento della banca è vuoto",
        "The bank's reference is empty",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn command() -> impl Strategy<Value = PaymentCommand> {
        proptest::sample::select(vec![
            PaymentCommand::RequireAction,
            PaymentCommand::Process,
            PaymentCommand::ReceivePart,
            PaymentCommand::Succeed,
            PaymentCommand::Fail,
            PaymentCommand::Cancel,
            PaymentCommand::Expire,
        ])
    }

    #[test]
    fn a_transfer_is_something_and_sums_never_overflow() {
        for cents in [1, LARGEST_TRANSFER] {
            assert_eq!(checked_transfer(cents).unwrap(), cents);
        }
        for cents in [i64::MIN, -1, 0, LARGEST_TRANSFER + 1, i64::MAX] {
            assert!(checked_transfer(cents).is_err(), "{cents}");
        }
        assert!(LARGEST_TRANSFER.checked_mul(1_000_000).is_some(), "a million of the largest");
    }

    #[test]
    fn a_transfer_came_by_today_under_a_reference() {
        let day = |text: &str| crate::platform::clock::parse_day(text).unwrap();
        let today = day("2026-11-24");
        for past in ["2026-11-24", "2026-11-23", "1999-12-31"] {
            assert_eq!(checked_value_date(day(past), today).unwrap(), day(past));
        }
        assert!(checked_value_date(day("2026-11-25"), today).is_err());
        assert_eq!(checked_transfer_reference(" TRN 1\t").unwrap(), "TRN 1");
        assert!(checked_transfer_reference(" \t ").is_err());
    }

    proptest! {
        /// The end depends on which words a provider said, not on their order or number (invariant 9 of the design).
        #[test]
        fn the_same_words_lead_to_the_same_state_in_any_order(said in proptest::collection::vec(0..4_usize, 1..10)) {
            use PaymentCommand as Command;
            let words = [Command::Process, Command::Expire, Command::Fail, Command::Succeed];
            let ends = [PaymentStatus::Processing, PaymentStatus::Expired, PaymentStatus::Failed, PaymentStatus::Succeeded];
            let step = |status: PaymentStatus, word: &usize| status.after(words[*word]).unwrap_or(status);
            for start in [PaymentStatus::Created, PaymentStatus::RequiresAction] {
                let strongest = said.iter().max().map(|word| ends[*word]);
                prop_assert_eq!(Some(said.iter().fold(start, step)), strongest);
            }
        }

        /// Any order and repetition of notifications that hold one success ends in success.
        #[test]
        fn success_wins_in_any_order(before in proptest::collection::vec(command(), 0..8), after in proptest::collection::vec(command(), 0..8)) {
            let step = |status: PaymentStatus, command: &PaymentCommand| status.after(*command).unwrap_or(status);
            let status = before.iter().fold(PaymentStatus::Created, step);
            let status = step(status, &PaymentCommand::Succeed);
            prop_assert_eq!(after.iter().fold(status, step), PaymentStatus::Succeeded);
        }
    }
}
