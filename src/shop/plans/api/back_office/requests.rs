//! What an administrator sends about plans.

use serde::Deserialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use validator::{Validate, ValidationError};

use crate::italy::vat::Rate;
use crate::platform::clock::Time;
use crate::platform::locale::Localized;
use crate::platform::money::Money;
use crate::platform::problem::Problem;
use crate::shop::plans::flow::NewPrice;
use crate::shop::plans::rules::{
    Audience, Features, ORDINARY_PRODUCT, Plan, PlanChange, PlanId, is_slug, rate_is_in_force,
};

/// Cents; far beyond any plan, and far from what a full cart could overflow.
const HIGHEST_PRICE: i64 = 100_000_000;

macro_rules! localized_text {
    ($(#[$doc:meta])* $name:ident, $longest:tt) => {
        $(#[$doc])*
        #[derive(Deserialize, ToSchema, Validate)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// Italian.
            #[validate(length(min = 1, max = $longest))]
            #[schema(min_length = 1, max_length = $longest)]
            it: String,
            /// English.
            #[validate(length(min = 1, max = $longest))]
            #[schema(min_length = 1, max_length = $longest)]
            en: String,
        }
        impl From<$name> for Localized {
            fn from(text: $name) -> Self {
                Self { it: text.it.into(), en: text.en.into() }
            }
        }
    };
}
localized_text!(
    /// A plan's name in both languages.
    PlanName,
    80
);
localized_text!(
    /// One line about a plan in both languages.
    PlanSummary,
    200
);
localized_text!(
    /// A paragraph about a plan in both languages.
    PlanDescription,
    2000
);

/// A price to set.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct PriceRequest {
    /// Net price of a year.
    net: Money,
    #[serde(default = "ordinary_rate")]
    #[validate(custom(function = "in_force"))]
    #[schema(schema_with = sale_rate)]
    vat_rate: i32,
    /// From when it is in force; at once where it is left out.
    valid_from: Option<Time>,
}

/// The first price of a plan.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct FirstPriceRequest {
    /// Net price of a year.
    net: Money,
    #[serde(default = "ordinary_rate")]
    #[validate(custom(function = "in_force"))]
    #[schema(schema_with = sale_rate)]
    vat_rate: i32,
}

/// A plan to add.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct PlanRequest {
    /// Lower-case letters, digits and hyphens; it cannot be changed later.
    #[validate(length(min = 1, max = 60))]
    #[schema(min_length = 1, max_length = 60, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", example = "legalinvoice-flex")]
    slug: String,
    /// What it is a plan of, in the same form; a holder has one service of a product. It cannot be changed later either.
    #[serde(default = "ordinary_product")]
    #[validate(length(min = 1, max = 60))]
    #[schema(
        min_length = 1,
        max_length = 60,
        pattern = "^[a-z0-9]+(-[a-z0-9]+)*$",
        default = "legalinvoice",
        example = "legalinvoice"
    )]
    product: String,
    audience: Audience,
    /// Where it stands in the list; after the last plan where it is left out.
    #[validate(range(min = 1, max = 10000))]
    #[schema(minimum = 1, maximum = 10000)]
    pub position: Option<i32>,
    #[validate(nested)]
    name: PlanName,
    #[validate(nested)]
    summary: PlanSummary,
    #[validate(nested)]
    description: PlanDescription,
    #[validate(nested)]
    features: Features,
    #[validate(nested)]
    price: FirstPriceRequest,
    /// Whether it is on offer at once.
    #[serde(default)]
    #[schema(default = false)]
    pub active: bool,
}

/// What to change of a plan; what is left out stays.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct PlanChangeRequest {
    audience: Option<Audience>,
    /// Where it stands in the list.
    #[validate(range(min = 1, max = 10000))]
    #[schema(minimum = 1, maximum = 10000)]
    position: Option<i32>,
    #[validate(nested)]
    name: Option<PlanName>,
    #[validate(nested)]
    summary: Option<PlanSummary>,
    #[validate(nested)]
    description: Option<PlanDescription>,
    #[validate(nested)]
    features: Option<Features>,
    /// Whether it is on offer.
    active: Option<bool>,
}

fn ordinary_product() -> String {
    ORDINARY_PRODUCT.to_owned()
}

fn ordinary_rate() -> i32 {
    i32::from(Rate::ORDINARY.basis_points())
}

/// The rates at which a plan may be sold.
fn sale_rate() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .description(Some("Basis points: one of the rates in force."))
        .enum_values(Some(Rate::IN_FORCE.map(Rate::basis_points)))
        .default(Some(Rate::ORDINARY.basis_points().into()))
        .examples([Rate::ORDINARY.basis_points()])
        .build()
}

fn in_force(basis_points: i32) -> Result<(), ValidationError> {
    if rate_is_in_force(basis_points) { Ok(()) } else { Err(ValidationError::new("not_in_force")) }
}

fn checked_net(net: Money, pointer: &str) -> Result<i64, Problem> {
    if (0..=HIGHEST_PRICE).contains(&net.amount) {
        return Ok(net.amount);
    }
    Err(Problem::invalid_field(
        pointer,
        "range",
        "Il prezzo va da zero a un milione di euro",
        "The price is between zero and a million euro",
    ))
}

impl PlanRequest {
    /// The plan.
    ///
    /// # Errors
    /// `invalid_fields`.
    pub fn into_plan(self) -> Result<Plan, Problem> {
        for (pointer, text) in [("/slug", &self.slug), ("/product", &self.product)] {
            if !is_slug(text) {
                return Err(Problem::invalid_field(
                    pointer,
                    "invalid_value",
                    "Solo lettere minuscole, cifre e trattini",
                    "Lower-case letters, digits and hyphens only",
                ));
            }
        }
        Ok(Plan {
            id: PlanId::new(),
            slug: self.slug,
            product: self.product,
            audience: self.audience,
            name: self.name.into(),
            summary: self.summary.into(),
            description: self.description.into(),
            features: self.features,
            net_cents: checked_net(self.price.net, "/price/net/amount")?,
            vat_rate_basis_points: self.price.vat_rate,
            price_version: 1,
        })
    }
}

impl From<PlanChangeRequest> for PlanChange {
    fn from(request: PlanChangeRequest) -> Self {
        Self {
            audience: request.audience,
            position: request.position,
            name: request.name.map(Localized::from),
            summary: request.summary.map(Localized::from),
            description: request.description.map(Localized::from),
            features: request.features,
            active: request.active,
        }
    }
}

impl PriceRequest {
    /// The price.
    ///
    /// # Errors
    /// `invalid_fields`.
    pub fn into_price(self) -> Result<NewPrice, Problem> {
        Ok(NewPrice {
            net_cents: checked_net(self.net, "/net/amount")?,
            vat_rate_basis_points: self.vat_rate,
            valid_from: self.valid_from,
        })
    }
}
