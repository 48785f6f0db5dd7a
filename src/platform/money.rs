//! Money: whole cents of one currency.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

crate::text_enum!(
    /// ISO 4217 code of the one currency we sell in.
    Currency {
        Euro = "EUR",
    }
);

/// An amount in whole cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Cents.
    #[schema(example = 12900)]
    pub amount: i64,
    /// ISO 4217 code.
    pub currency: Currency,
}

impl Money {
    /// An amount of euro cents.
    pub const fn euro(cents: i64) -> Self {
        Self { amount: cents, currency: Currency::Euro }
    }

    /// As Italian and English readers write it: `1.234,56 €` or `€1,234.56`.
    pub fn display(self, locale: super::locale::Locale) -> String {
        use super::locale::Locale;
        let (thousands, decimal) = match locale {
            Locale::Italian => (".", ","),
            Locale::English => (",", "."),
        };
        let cents = self.amount.unsigned_abs();
        let digits = (cents / 100).to_string();
        let mut whole = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                whole.push_str(thousands);
            }
            whole.push(digit);
        }
        let sign = if self.amount < 0 { "-" } else { "" };
        let number = format!("{sign}{whole}{decimal}{:02}", cents % 100);
        match locale {
            Locale::Italian => format!("{number} €"),
            Locale::English => format!("€{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::locale::Locale;

    #[test]
    fn money_is_written_as_each_language_writes_it() {
        assert_eq!(Money::euro(123_456_789).display(Locale::Italian), "1.234.567,89 €");
        assert_eq!(Money::euro(-5).display(Locale::English), "€-0.05");
        assert_eq!(Money::euro(100_000).display(Locale::English), "€1,000.00");
    }
}
