//! What a plan is, and how plans compare.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::customers::accounts::rules::AccountId;
use crate::italy::vat;
use crate::platform::clock::Time;
use crate::platform::locale::{Locale, Localized};
use crate::platform::money::Money;
use crate::platform::problem::Problem;

crate::typed_id!(
    /// A plan's identifier.
    PlanId = "plan"
);

crate::text_enum!(
    /// Whom a plan is for (guide: "più aziende").
    Audience {
        SingleCompany = "single_company",
        MultiCompany = "multi_company",
    }
);

crate::text_enum!(
    /// How customers are helped.
    Support {
        Email = "email",
        EmailAndPhone = "email_and_phone",
        Dedicated = "dedicated",
    }
);

crate::text_enum!(
    /// How often a plan is paid.
    BillingPeriod {
        Year = "year",
    }
);

/// What a plan is of where nobody says otherwise.
pub const ORDINARY_PRODUCT: &str = "legalinvoice";

/// What tells plans apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Features {
    /// Invoices sent and received a year; null, which must be said, where unlimited.
    #[serde(deserialize_with = "Option::deserialize")]
    #[validate(range(max = 1_000_000_000))]
    #[schema(required = true, maximum = 1_000_000_000)]
    pub invoices_per_year: Option<u32>,
    /// Companies that can be managed.
    #[validate(range(max = 1_000_000_000))]
    #[schema(maximum = 1_000_000_000)]
    pub companies: u32,
    /// Storage in gigabytes.
    #[validate(range(max = 1_000_000_000))]
    #[schema(maximum = 1_000_000_000)]
    pub storage_gigabytes: u32,
    /// Years of digital preservation (art. 2220 c.c. asks for ten).
    #[validate(range(max = 1_000_000_000))]
    #[schema(maximum = 1_000_000_000)]
    pub preservation_years: u32,
    /// People who can work at once.
    #[validate(range(max = 1_000_000_000))]
    #[schema(maximum = 1_000_000_000)]
    pub users: u32,
    /// Whether other programs can use the service.
    pub api_access: bool,
    /// How customers are helped.
    pub support: Support,
}

#[cfg(test)]
impl Features {
    /// The least that a plan has, for tests.
    pub fn modest() -> Self {
        Self {
            invoices_per_year: None,
            companies: 1,
            storage_gigabytes: 1,
            preservation_years: 10,
            users: 1,
            api_access: false,
            support: Support::Email,
        }
    }
}

/// A price: net, rate and gross, so that no client computes VAT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlanPrice {
    /// Before VAT.
    pub net: Money,
    /// In basis points.
    #[schema(example = 2200)]
    pub vat_rate: i32,
    /// With VAT.
    pub gross: Money,
}

/// A plan in all its languages, at the price of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Which.
    pub id: PlanId,
    /// Readable and unique.
    pub slug: String,
    /// What it is a plan of, in the form of a slug: a holder has one service of a product, of whichever plan.
    pub product: String,
    /// Whom it is for.
    pub audience: Audience,
    /// Its name.
    pub name: Localized,
    /// One line.
    pub summary: Localized,
    /// A paragraph.
    pub description: Localized,
    /// What tells it apart.
    pub features: Features,
    /// Net price of a year, cents.
    pub net_cents: i64,
    /// Basis points.
    pub vat_rate_basis_points: i32,
    /// Raised at each change of price, so that an order pins the one it bought.
    pub price_version: i32,
}

impl Plan {
    /// The price of a year.
    ///
    /// # Errors
    /// `internal_error` for a price out of bounds, which the database's checks keep out.
    pub fn price(&self) -> Result<PlanPrice, Problem> {
        price_of(self.net_cents, self.vat_rate_basis_points)
    }
}

/// A net price with its VAT. Plans are sold at a rate: 0 % comes of who buys, never of the plan.
///
/// # Errors
/// `internal_error` for a price out of bounds, which the database's checks keep out.
pub fn price_of(net_cents: i64, vat_rate_basis_points: i32) -> Result<PlanPrice, Problem> {
    let basis_points = u16::try_from(vat_rate_basis_points).map_err(Problem::internal)?;
    let rate = vat::Rate::new(basis_points).map_err(Problem::internal)?;
    let treatment = vat::Treatment::new(rate, None).map_err(Problem::internal)?;
    let tax = vat::group_vat(net_cents, treatment.rate());
    let gross = net_cents.checked_add(tax).filter(|_| net_cents >= 0);
    Ok(PlanPrice {
        net: Money::euro(net_cents),
        vat_rate: vat_rate_basis_points,
        gross: Money::euro(gross.ok_or_else(|| Problem::internal("a price out of bounds"))?),
    })
}

/// Whether a plan may be sold at a rate, basis points; the database's check says the same.
pub fn rate_is_in_force(basis_points: i32) -> bool {
    let rate = u16::try_from(basis_points).ok().and_then(|basis_points| vat::Rate::new(basis_points).ok());
    rate.is_some_and(vat::Rate::is_in_force)
}

/// One price that was set for a plan. It is never changed or deleted, so that an order's pinned version can be looked up
/// for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceVersion {
    /// 1, 2, 3, …
    pub version: i32,
    /// Net price of a year, cents.
    pub net_cents: i64,
    /// Basis points.
    pub vat_rate_basis_points: i32,
    /// From when it may be in force.
    pub valid_from: Time,
    /// The administrator who set it; none for the catalogue that was loaded.
    pub created_by: Option<AccountId>,
    /// When it was set.
    pub created_at: Time,
}

/// The price in force at a moment: of those whose time has come the one that was set last. So whatever is decided later
/// goes before what was decided earlier: a price set for today also calls off one that was announced for tomorrow.
pub fn price_in_force(prices: &[PriceVersion], now: Time) -> Option<&PriceVersion> {
    prices.iter().filter(|price| price.valid_from <= now).max_by_key(|price| price.version)
}

/// A plan as the back office sees it.
#[derive(Debug, Clone)]
pub struct PlanRecord {
    /// The plan at its present price.
    pub plan: Plan,
    /// Where it stands in the list.
    pub position: i32,
    /// Whether it is on offer.
    pub active: bool,
    /// Raised at each change, prices included.
    pub version: i64,
    /// When it was changed last.
    pub updated_at: Time,
    /// Every price, oldest version first.
    pub prices: Vec<PriceVersion>,
}

/// What may be changed of a plan; its slug, which links name, its product and its prices, which are added, may not.
#[derive(Debug, Clone, Default)]
pub struct PlanChange {
    /// Whom it is for.
    pub audience: Option<Audience>,
    /// Where it stands in the list.
    pub position: Option<i32>,
    /// Its name.
    pub name: Option<Localized>,
    /// One line.
    pub summary: Option<Localized>,
    /// A paragraph.
    pub description: Option<Localized>,
    /// What tells it apart.
    pub features: Option<Features>,
    /// Whether it is on offer.
    pub active: Option<bool>,
}

impl PlanRecord {
    /// The plan after a change.
    #[must_use]
    pub fn changed(mut self, change: PlanChange) -> Self {
        let plan = &mut self.plan;
        plan.audience = change.audience.unwrap_or(plan.audience);
        self.position = change.position.unwrap_or(self.position);
        self.active = change.active.unwrap_or(self.active);
        let texts = [
            (&mut plan.name, change.name),
            (&mut plan.summary, change.summary),
            (&mut plan.description, change.description),
        ];
        for (text, changed) in texts {
            if let Some(changed) = changed {
                *text = changed;
            }
        }
        if let Some(features) = change.features {
            plan.features = features;
        }
        self
    }
}

/// Whether a text can stand in an address as a plan's: lower-case letters, digits and single hyphens between them.
pub fn is_slug(text: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    text.split('-').all(is_word)
}

/// One row of the comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ComparedFeature {
    /// Stable name.
    #[schema(example = "invoices_per_year")]
    pub key: String,
    /// What it is, for a reader.
    #[schema(example = "Fatture all'anno")]
    pub label: String,
    /// Its value in each plan, in the order of `plans`.
    pub values: Vec<String>,
}

/// Compares plans feature by feature.
pub fn compare(plans: &[Plan], locale: Locale) -> Vec<ComparedFeature> {
    let features: Vec<&Features> = plans.iter().map(|plan| &plan.features).collect();
    compare_features(&features, locale)
}

/// Puts what tells plans apart side by side, or lists what one of them has.
pub fn compare_features(plans: &[&Features], locale: Locale) -> Vec<ComparedFeature> {
    let row = |key: &str, label: Localized, value: &dyn Fn(&Features) -> String| ComparedFeature {
        key: key.to_owned(),
        label: label.get(locale).to_owned(),
        values: plans.iter().map(|features| value(features)).collect(),
    };
    vec![
        row("invoices_per_year", Localized::fixed("Fatture all'anno", "Invoices a year"), &|features| match features
            .invoices_per_year
        {
            Some(count) => count.to_string(),
            None => Localized::fixed("illimitate", "unlimited").get(locale).to_owned(),
        }),
        row("companies", Localized::fixed("Aziende gestite", "Companies managed"), &|features| {
            features.companies.to_string()
        }),
        row("users", Localized::fixed("Utenti", "Users"), &|features| features.users.to_string()),
        row("storage_gigabytes", Localized::fixed("Spazio di archiviazione", "Storage"), &|features| {
            format!("{} GB", features.storage_gigabytes)
        }),
        row(
            "preservation_years",
            Localized::fixed("Conservazione digitale a norma", "Digital preservation"),
            &|features| format!("{} {}", features.preservation_years, Localized::fixed("anni", "years").get(locale)),
        ),
        row("api_access", Localized::fixed("Integrazione via API", "API access"), &|features| {
            let answer =
                if features.api_access { Localized::fixed("sì", "yes") } else { Localized::fixed("no", "no") };
            answer.get(locale).to_owned()
        }),
        row("support", Localized::fixed("Assistenza", "Support"), &|features| {
            support_text(features.support).get(locale).to_owned()
        }),
    ]
}

fn support_text(support: Support) -> Localized {
    match support {
        Support::Email => Localized::fixed("e-mail", "e-mail"),
        Support::EmailAndPhone => Localized::fixed("e-mail e telefono", "e-mail and phone"),
        Support::Dedicated => Localized::fixed("referente dedicato", "a dedicated contact"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::platform::clock::Clock;

    proptest! {
        /// The same prices give the same answer in any order, each is in force from its time on unless one set later is,
        /// and a price in force gives way to a later version only.
        #[test]
        fn the_price_set_last_is_in_force(starts in prop::collection::vec(0_i64..100, 1..8), at in 0_i64..100, turn in 0_usize..8) {
            let base = Clock::default().now();
            let price = |(version, start): (i32, &i64)| PriceVersion {
                version,
                net_cents: i64::from(version),
                vat_rate_basis_points: 2200,
                valid_from: base.plus_seconds(*start),
                created_by: None,
                created_at: base,
            };
            let mut prices: Vec<PriceVersion> = (1..).zip(&starts).map(price).collect();
            let now = base.plus_seconds(at);
            let in_force = price_in_force(&prices, now).copied();
            let later = price_in_force(&prices, now.plus_seconds(1)).copied();
            prop_assert!(in_force.map(|price| price.version) <= later.map(|price| price.version));
            for price in prices.iter().filter(|price| price.valid_from <= now) {
                prop_assert!(in_force.is_some_and(|in_force| in_force.version >= price.version));
            }
            prop_assert!(in_force.is_none_or(|price| price.valid_from <= now));
            let middle = turn % prices.len();
            prices.rotate_left(middle);
            prop_assert_eq!(price_in_force(&prices, now).copied(), in_force);
        }

        #[test]
        fn a_price_never_overflows(net in any::<i64>(), rate in any::<i32>()) {
            if let Ok(price) = price_of(net, rate) {
                prop_assert!(price.gross.amount >= price.net.amount && rate > 0);
            }
        }
    }

    #[test]
    fn a_slug_is_what_an_address_bears() {
        assert!(is_slug("legalinvoice-pro") && is_slug("a") && is_slug("2026"));
        for wrong in ["", "-", "a-", "-a", "a--b", "A", "a b", "a_b", "è", "a/b"] {
            assert!(!is_slug(wrong), "{wrong}");
        }
    }
}
