//! The demo catalogue: Legalinvoice plans for one and for several companies.

use super::rules::{Audience, Features, ORDINARY_PRODUCT, Plan, PlanId, Support};
use super::store;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::locale::Localized;
use crate::platform::problem::Problem;

/// Loads the demo plans that are not there yet.
///
/// # Errors
/// When the database fails.
pub fn load(tx: &mut DbConnection, now: Time) -> Result<(), Problem> {
    for (position, plan) in (1..).zip(plans()) {
        store::insert(tx, &plan, position, true, None, now)?;
    }
    Ok(())
}

/// The plans of the demo catalogue, each with an identifier of its own.
pub fn plans() -> Vec<Plan> {
    vec![
        Plan {
            id: PlanId::new(),
            slug: "legalinvoice-start".to_owned(),
            product: ORDINARY_PRODUCT.to_owned(),
            audience: Audience::SingleCompany,
            name: Localized::fixed("Legalinvoice START", "Legalinvoice START"),
            summary: Localized::fixed("Per chi emette poche fatture", "For those who issue a few invoices"),
            description: Localized::fixed(
                "Crea, invia, ricevi e conserva le fatture elettroniche della tua attività, dal computer o dal telefono.",
                "Create, send, receive and preserve your business's electronic invoices, from computer or phone.",
            ),
            features: Features {
                invoices_per_year: Some(50),
                companies: 1,
                storage_gigabytes: 1,
                preservation_years: 10,
                users: 1,
                api_access: false,
                support: Support::Email,
            },
            net_cents: 2_900,
            vat_rate_basis_points: 2200,
            price_version: 1,
        },
        Plan {
            id: PlanId::new(),
            slug: "legalinvoice-pro".to_owned(),
            product: ORDINARY_PRODUCT.to_owned(),
            audience: Audience::SingleCompany,
            name: Localized::fixed("Legalinvoice PRO", "Legalinvoice PRO"),
            summary: Localized::fixed("Per professionisti e piccole imprese", "For professionals and small businesses"),
            description: Localized::fixed(
                "Fatture attive e passive senza pensieri, con scadenziario, preventivi e conservazione a norma per dieci anni.",
                "Sales and purchase invoices without worry, with due dates, quotes and compliant preservation for ten years.",
            ),
            features: Features {
                invoices_per_year: Some(500),
                companies: 1,
                storage_gigabytes: 5,
                preservation_years: 10,
                users: 3,
                api_access: false,
                support: Support::EmailAndPhone,
            },
            net_cents: 5_900,
            vat_rate_basis_points: 2200,
            price_version: 1,
        },
        Plan {
            id: PlanId::new(),
            slug: "legalinvoice-multi".to_owned(),
            product: ORDINARY_PRODUCT.to_owned(),
            audience: Audience::MultiCompany,
            name: Localized::fixed("Legalinvoice MULTI", "Legalinvoice MULTI"),
            summary: Localized::fixed("Per gestire fino a cinque aziende", "To manage up to five companies"),
            description: Localized::fixed(
                "Un solo accesso per la fatturazione elettronica di più aziende, con archivi separati e deleghe.",
                "One access for the electronic invoicing of several companies, with separate archives and delegations.",
            ),
            features: Features {
                invoices_per_year: Some(2_500),
                companies: 5,
                storage_gigabytes: 20,
                preservation_years: 10,
                users: 10,
                api_access: true,
                support: Support::EmailAndPhone,
            },
            net_cents: 12_900,
            vat_rate_basis_points: 2200,
            price_version: 1,
        },
        Plan {
            id: PlanId::new(),
            slug: "legalinvoice-studio".to_owned(),
            product: ORDINARY_PRODUCT.to_owned(),
            audience: Audience::MultiCompany,
            name: Localized::fixed("Legalinvoice STUDIO", "Legalinvoice STUDIO"),
            summary: Localized::fixed("Per studi e gruppi di imprese", "For accounting firms and groups"),
            description: Localized::fixed(
                "Cinquanta aziende, fatture illimitate, integrazione via API e un referente dedicato.",
                "Fifty companies, unlimited invoices, API access and a dedicated contact.",
            ),
            features: Features {
                invoices_per_year: None,
                companies: 50,
                storage_gigabytes: 200,
                preservation_years: 10,
                users: 50,
                api_access: true,
                support: Support::Dedicated,
            },
            net_cents: 39_900,
            vat_rate_basis_points: 2200,
            price_version: 1,
        },
    ]
}
