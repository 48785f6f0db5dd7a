//! What a plan is, and how plans compare.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::italy::vat;
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

/// What tells plans apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Features {
    /// Invoices sent and received a year; null where unlimited.
    #[schema(required = true)]
    pub invoices_per_year: Option<u32>,
    /// Companies that can be managed.
    pub companies: u32,
    /// Storage in gigabytes.
    pub storage_gigabytes: u32,
    /// Years of digital preservation (art. 2220 c.c. asks for ten).
    pub preservation_years: u32,
    /// People who can work at once.
    pub users: u32,
    /// Whether other programs can use the service.
    pub api_access: bool,
    /// How customers are helped.
    pub support: Support,
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

/// A plan in all its languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Which.
    pub id: PlanId,
    /// Readable and unique.
    pub slug: String,
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
        let basis_points = u16::try_from(self.vat_rate_basis_points).map_err(Problem::internal)?;
        let rate = vat::Rate::new(basis_points).map_err(Problem::internal)?;
        let tax = vat::group_vat(self.net_cents, rate);
        Ok(PlanPrice {
            net: Money::euro(self.net_cents),
            vat_rate: self.vat_rate_basis_points,
            gross: Money::euro(self.net_cents + tax),
        })
    }
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
    let row = |key: &str, label: Localized, value: &dyn Fn(&Features) -> String| ComparedFeature {
        key: key.to_owned(),
        label: label.get(locale).to_owned(),
        values: plans.iter().map(|plan| value(&plan.features)).collect(),
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
