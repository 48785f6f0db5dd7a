//! `negozio seed`: loads plans and consent documents, so that a live shop has something to sell and to consent to.

use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;

use crate::customers::consents;
use crate::customers::consents::rules::{ConsentDocument, ConsentDocumentId, ConsentPurpose};
use crate::platform::clock::Clock;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::locale::Localized;
use crate::shop::plans;
use crate::shop::plans::rules::{Audience, Features, ORDINARY_PRODUCT, Plan, PlanId, rate_is_in_force};

/// What to load.
#[derive(Args)]
pub struct Arguments {
    /// A JSON file: {"plans": […], "consent_documents": […]}. Without one, the demo catalogue.
    file: Option<PathBuf>,
    #[command(flatten)]
    config: Config,
}

/// What a file holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    /// In the order in which they are shown. A plan whose slug is known is changed; a changed price makes a new version.
    #[serde(default)]
    plans: Vec<PlanSeed>,
    /// A version that its purpose has already stays as it is.
    #[serde(default)]
    consent_documents: Vec<DocumentSeed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanSeed {
    slug: String,
    /// Of a plan that is known it stays.
    product: Option<String>,
    audience: Audience,
    name: Localized,
    summary: Localized,
    description: Localized,
    features: Features,
    net_cents: i64,
    vat_rate_basis_points: i32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentSeed {
    purpose: ConsentPurpose,
    version: String,
    title: Localized,
    body: Localized,
}

/// Loads it, all or nothing.
pub fn run(arguments: Arguments) -> Result<(), String> {
    let seed = arguments.file.as_ref().map(read).transpose()?;
    crate::app::block_on(load(seed, &arguments.config))
}

fn read(path: &PathBuf) -> Result<Seed, String> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
    let seed: Seed = serde_json::from_str(&text).map_err(|error| failed(&error))?;
    for plan in &seed.plans {
        plan.plan().price().map_err(|_| failed(&format!("the price of {} is out of bounds", plan.slug)))?;
        if !rate_is_in_force(plan.vat_rate_basis_points) {
            return Err(failed(&format!("the VAT rate of {} is not in force", plan.slug)));
        }
    }
    Ok(seed)
}

async fn load(seed: Option<Seed>, config: &Config) -> Result<(), String> {
    let db = Db::open(&config.database_url, true).map_err(|error| format!("DATABASE_URL: {error}"))?;
    let now = Clock::default().now();
    let loaded = db
        .write(move |tx| {
            let Some(seed) = &seed else {
                plans::demo::load(tx, now)?;
                return consents::demo::load(tx, now);
            };
            for (position, plan) in (1..).zip(&seed.plans) {
                plans::store::put(tx, &plan.plan(), position, now)?;
            }
            for document in &seed.consent_documents {
                let document = ConsentDocument {
                    id: ConsentDocumentId::new(),
                    purpose: document.purpose,
                    version: document.version.clone(),
                    title: document.title.clone(),
                    body: document.body.clone(),
                    published_at: now,
                };
                consents::store::insert_document(tx, &document)?;
            }
            Ok(())
        })
        .await;
    loaded.map_err(|problem| problem.to_string())?;
    println!("{} holds the catalogue and the consent documents", config.database_url);
    Ok(())
}

impl PlanSeed {
    fn plan(&self) -> Plan {
        Plan {
            id: PlanId::new(),
            slug: self.slug.clone(),
            product: self.product.clone().unwrap_or_else(|| ORDINARY_PRODUCT.to_owned()),
            audience: self.audience,
            name: self.name.clone(),
            summary: self.summary.clone(),
            description: self.description.clone(),
            features: self.features.clone(),
            net_cents: self.net_cents,
            vat_rate_basis_points: self.vat_rate_basis_points,
            price_version: 1,
        }
    }
}
