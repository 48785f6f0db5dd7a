//! VAT to the cent (D.P.R. 633/1972): rates, natura, and the arithmetic of a price.
//!
//! All amounts are integer euro cents, all rates basis points. Prices are net; the discount is
//! taken before VAT; VAT is computed once on each group of lines with the same rate and natura,
//! as the FatturaPA summarises them, and then shared out to the lines so that everything sums.

mod natura;
mod price;
mod shares;

pub use natura::Natura;
pub use price::{Group, Line, PricedLine, Totals, price, stamp_duty};
pub use shares::share_out;

use serde::{Deserialize, Serialize};

/// A VAT rate in basis points: 2200 is 22 %. Never above 100 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Rate(u16);

/// How a line is taxed: a rate, and at 0 % the reason for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Treatment {
    rate: Rate,
    natura: Option<Natura>,
}

/// When the VAT is due and from whom: block 2.2.2.7 of the FatturaPA, EsigibilitaIVA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Exigibility {
    /// The customer pays it with the price.
    #[serde(rename = "I")]
    Immediate,
    /// Split payment (art. 17-ter): the public body pays the net, and the VAT to the Treasury.
    #[serde(rename = "S")]
    SplitPayment,
}

/// Why a price cannot be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VatError {
    /// A rate above 10 000 basis points.
    #[error("a VAT rate is at most 10000 basis points")]
    RateTooHigh,
    /// 0 % without its reason.
    #[error("at 0 % VAT the natura is mandatory")]
    NaturaMissing,
    /// A reason for 0 % next to another rate.
    #[error("a natura goes only with 0 % VAT")]
    NaturaNotAllowed,
    /// A line with a price below zero.
    #[error("the price of a line is not negative")]
    NegativePrice,
    /// A discount below zero or above the price of all lines.
    #[error("the discount lies between zero and the price")]
    DiscountOutOfRange,
    /// A sum beyond what 64 bits hold.
    #[error("the amount is too large")]
    AmountTooLarge,
    /// Split payment together with domestic reverse charge (N6), where no VAT is paid at all.
    #[error("split payment does not go with reverse charge")]
    SplitPaymentWithReverseCharge,
}

impl VatError {
    /// The stable name of the error, for clients.
    pub fn code(&self) -> &'static str {
        match self {
            Self::RateTooHigh => "rate_too_high",
            Self::NaturaMissing => "natura_missing",
            Self::NaturaNotAllowed => "natura_not_allowed",
            Self::NegativePrice => "negative_price",
            Self::DiscountOutOfRange => "discount_out_of_range",
            Self::AmountTooLarge => "amount_too_large",
            Self::SplitPaymentWithReverseCharge => "split_payment_with_reverse_charge",
        }
    }
}

impl Rate {
    /// No VAT.
    pub const ZERO: Self = Self(0);

    /// The ordinary Italian rate, 22 % (D.P.R. 633/1972, art. 16).
    pub const ORDINARY: Self = Self(2200);

    /// The rates in force, lowest first: 4 % and 10 % (table A, parts II and III), 5 % (part II-bis) and the ordinary one
    /// (D.P.R. 633/1972, art. 16). A document of the past may bear another.
    pub const IN_FORCE: [Self; 4] = [Self(400), Self(500), Self(1000), Self::ORDINARY];

    /// 10 000 basis points, 100 %.
    const HIGHEST: u16 = 10_000;

    /// # Errors
    /// [`VatError::RateTooHigh`] above 10 000 basis points.
    pub fn new(basis_points: u16) -> Result<Self, VatError> {
        if basis_points <= Self::HIGHEST { Ok(Self(basis_points)) } else { Err(VatError::RateTooHigh) }
    }

    /// Whether something may be sold at it today.
    pub fn is_in_force(self) -> bool {
        Self::IN_FORCE.contains(&self)
    }

    /// The rate in basis points.
    pub fn basis_points(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for Rate {
    type Error = VatError;

    fn try_from(basis_points: u16) -> Result<Self, Self::Error> {
        Self::new(basis_points)
    }
}

impl From<Rate> for u16 {
    fn from(rate: Rate) -> Self {
        rate.0
    }
}

impl Treatment {
    /// 22 %, the rule of almost every sale.
    pub const ORDINARY: Self = Self { rate: Rate::ORDINARY, natura: None };

    /// Pairs a rate with its natura, which is mandatory at 0 % and forbidden otherwise
    /// (SdI refuses the invoice with 00400 and 00401).
    ///
    /// # Errors
    /// [`VatError::NaturaMissing`] or [`VatError::NaturaNotAllowed`].
    pub fn new(rate: Rate, natura: Option<Natura>) -> Result<Self, VatError> {
        match natura {
            None if rate == Rate::ZERO => Err(VatError::NaturaMissing),
            Some(_) if rate != Rate::ZERO => Err(VatError::NaturaNotAllowed),
            _ => Ok(Self { rate, natura }),
        }
    }

    /// 0 % for the reason that `natura` tells.
    pub const fn untaxed(natura: Natura) -> Self {
        Self { rate: Rate::ZERO, natura: Some(natura) }
    }

    /// The rate.
    pub fn rate(self) -> Rate {
        self.rate
    }

    /// The reason for 0 %, and only then.
    pub fn natura(self) -> Option<Natura> {
        self.natura
    }
}

/// The VAT in cents on the taxable cents of a group, a half cent rounded up (for a negative base,
/// as in a correction, away from zero, so that it cancels the positive one).
pub fn group_vat(base: i64, rate: Rate) -> i64 {
    const WHOLE: i128 = Rate::HIGHEST as i128;
    let exact = i128::from(base) * i128::from(rate.0);
    let rounded = (exact.abs() + WHOLE / 2) / WHOLE * exact.signum();
    within_cents(rounded)
}

/// Back to 64 bits for a value that is known to fit, being no larger than one that did.
fn within_cents(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_vat_of_a_group_is_rounded_half_up() {
        assert_eq!(group_vat(12_900, Rate::ORDINARY), 2_838);
        // 22 % of 25 cents is 5.5 cents, of 75 cents 16.5, of 24 cents 5.28.
        assert_eq!(group_vat(25, Rate::ORDINARY), 6);
        assert_eq!(group_vat(75, Rate::ORDINARY), 17);
        assert_eq!(group_vat(24, Rate::ORDINARY), 5);
        assert_eq!(group_vat(-25, Rate::ORDINARY), -6);
        assert_eq!(group_vat(12_900, Rate::ZERO), 0);
    }

    #[test]
    fn the_vat_of_the_largest_amounts_does_not_overflow() {
        let whole = Rate::new(10_000).unwrap();
        assert_eq!(group_vat(i64::MAX, whole), i64::MAX);
        assert_eq!(group_vat(i64::MIN, whole), i64::MIN);
    }

    #[test]
    fn natura_is_mandatory_at_zero_and_forbidden_otherwise() {
        assert_eq!(Treatment::new(Rate::ZERO, None), Err(VatError::NaturaMissing));
        assert_eq!(Treatment::new(Rate::ORDINARY, Some(Natura::N4)), Err(VatError::NaturaNotAllowed));
        assert_eq!(Treatment::new(Rate::ZERO, Some(Natura::N2_1)), Ok(Treatment::untaxed(Natura::N2_1)));
        assert_eq!(Treatment::new(Rate::ORDINARY, None), Ok(Treatment::ORDINARY));
    }

    #[test]
    fn a_rate_is_read_and_written_in_basis_points() {
        assert_eq!(serde_json::to_string(&Rate::ORDINARY).unwrap(), "2200");
        assert_eq!(serde_json::from_str::<Rate>("400").unwrap(), Rate::new(400).unwrap());
        assert!(serde_json::from_str::<Rate>("10001").is_err());
    }

    proptest! {
        #[test]
        fn vat_is_within_half_a_cent_of_the_exact(base in any::<i64>(), basis_points in 0_u16..=10_000) {
            let vat = i128::from(group_vat(base, Rate::new(basis_points).unwrap()));
            let off = vat * 10_000 - i128::from(base) * i128::from(basis_points);
            prop_assert!(off.abs() <= 5_000);
        }
    }
}
