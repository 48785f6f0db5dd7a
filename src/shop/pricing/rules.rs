//! Pricing a purchase with the arithmetic of [`crate::italy::vat`].

use super::treatment::SaleTreatment;
use crate::italy::vat::{Exigibility, Line, Rate, Treatment, price};
use crate::platform::problem::Problem;
use crate::shop::orders::rules::{OrderLine, OrderTotals};
use crate::shop::plans::rules::Plan;

/// A plan and how many of it.
#[derive(Debug, Clone)]
pub struct Purchase {
    /// The plan, as it is now.
    pub plan: Plan,
    /// How many.
    pub quantity: i32,
}

/// What a purchase comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priced {
    /// The sums.
    pub totals: OrderTotals,
    /// Who pays the VAT to the Treasury.
    pub exigibility: Exigibility,
    /// Line by line, in the order given.
    pub lines: Vec<OrderLine>,
}

/// The net of a purchase before any discount, cents.
pub fn net_of(purchases: &[Purchase]) -> i64 {
    purchases.iter().map(|purchase| purchase.plan.net_cents.saturating_mul(i64::from(purchase.quantity))).sum()
}

/// Prices purchases with a discount on all of them together, taxed as a sale to their customer is. Under split payment
/// the customer pays the net and the VAT to the Treasury (art. 17-ter D.P.R. 633/1972).
///
/// # Errors
/// `internal_error` for amounts out of bounds, which the checks of plans and carts keep out.
pub fn price_purchases(purchases: &[Purchase], discount: i64, sale: SaleTreatment) -> Result<Priced, Problem> {
    let lines = purchases.iter().map(|purchase| line_of(purchase, sale)).collect::<Result<Vec<_>, _>>()?;
    let totals = price(&lines, discount).map_err(Problem::internal)?;
    let exigibility = sale.exigibility;
    let due_cents = totals.due(exigibility).map_err(Problem::internal)?;
    let lines = purchases.iter().zip(&totals.lines).map(|(purchase, priced)| OrderLine {
        plan_id: purchase.plan.id,
        slug: purchase.plan.slug.clone(),
        product: purchase.plan.product.clone(),
        name: purchase.plan.name.clone(),
        description: purchase.plan.description.clone(),
        features: purchase.plan.features.clone(),
        quantity: purchase.quantity,
        unit_net_cents: purchase.plan.net_cents,
        price_version: purchase.plan.price_version,
        net_cents: priced.net,
        discount_cents: priced.discount,
        vat_rate_basis_points: i32::from(priced.treatment.rate().basis_points()),
        natura: priced.treatment.natura(),
        vat_cents: priced.vat,
    });
    Ok(Priced {
        lines: lines.collect(),
        exigibility,
        totals: OrderTotals {
            net_cents: totals.net,
            discount_cents: totals.discount,
            vat_cents: totals.vat,
            gross_cents: totals.gross,
            due_cents,
        },
    })
}

fn line_of(purchase: &Purchase, sale: SaleTreatment) -> Result<Line, Problem> {
    let basis_points = u16::try_from(purchase.plan.vat_rate_basis_points).map_err(Problem::internal)?;
    let rate = Rate::new(basis_points).map_err(Problem::internal)?;
    let treatment = match sale.natura {
        Some(natura) => Treatment::untaxed(natura),
        None => Treatment::new(rate, None).map_err(Problem::internal)?,
    };
    Ok(Line { net: purchase.plan.net_cents.saturating_mul(i64::from(purchase.quantity)), treatment })
}
