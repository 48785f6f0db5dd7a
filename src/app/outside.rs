//! The outside, as the configuration names it: whom the house calls, and the company that sells.

use std::time::Duration;

use crate::activation::contracts::rendering::ContractTemplates;
use crate::activation::provisioning::client::ProvisioningClient;
use crate::customers::billing_profiles::client::{PUBLIC_URL as PUBLIC_VIES_URL, ViesClient};
use crate::customers::billing_profiles::vat_check::ViesNumber;
use crate::italy::countries::ITALY;
use crate::italy::iban::Iban;
use crate::platform::Platform;
use crate::platform::config::Config;
use crate::platform::http::client::Outbound;
use crate::sandbox;
use crate::shop::orders::receipt::ReceiptTemplates;
use crate::shop::payments::gateways::Gateways;
use crate::shop::payments::gateways::sandbox::{PROVIDER, SandboxGateway};
use crate::shop::payments::gateways::stripe::{StripeGateway, StripeSettings};
use crate::shop::provider::{DEMO_IBAN, Provider, Seller};

/// Cards are taken where a provider is configured: Stripe, or in the sandbox its own.
///
/// # Errors
/// When a client cannot be made.
pub fn gateways(platform: &Platform, outbound: &Outbound) -> Result<Gateways, String> {
    let config = &platform.config;
    if let (Some(secret_key), Some(webhook_secret)) = (&config.stripe_secret_key, &config.stripe_webhook_secret) {
        let stripe = StripeGateway::new(
            outbound,
            StripeSettings {
                api_url: config.stripe_api_url.clone(),
                secret_key: secret_key.0.clone(),
                webhook_secret: webhook_secret.0.clone(),
                client_url: platform.client_url.clone(),
            },
        );
        return Ok(Gateways::new(Some(Box::new(stripe))));
    }
    if !platform.config.is_sandbox() {
        return Ok(Gateways::new(None));
    }
    let secret = platform.keys.webhook_secret(PROVIDER).map_err(|problem| problem.to_string())?;
    let token = sandbox::payments::token(&platform.keys).map_err(|problem| problem.to_string())?;
    let sandbox = SandboxGateway::new(outbound, platform.public_url.clone(), &secret, token)?;
    Ok(Gateways::new(Some(Box::new(sandbox))))
}

/// The company that sells and its bank account, as the configuration has them; a sandbox names an account that no bank has.
///
/// # Errors
/// For a file that is not a provider's, and for an account that is none.
pub fn seller(config: &Config) -> Result<Seller, String> {
    let iban = Iban::parse(config.iban.as_deref().unwrap_or(DEMO_IBAN));
    Ok(Seller { provider: provider(config)?, iban: iban.map_err(|error| format!("NEGOZIO_IBAN: {error}"))? })
}

fn provider(config: &Config) -> Result<Provider, String> {
    match &config.provider_file {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| error.to_string())
            .and_then(|text| Provider::parse(&text))
            .map_err(|error| format!("NEGOZIO_PROVIDER_FILE {}: {error}", path.display())),
        None => Provider::demo(),
    }
}

/// The contracts' templates, which name the company that sells.
///
/// # Errors
/// For a template that does not read.
pub fn contract_templates(config: &Config, seller: &Seller) -> Result<ContractTemplates, String> {
    ContractTemplates::new(seller.provider.clone(), config.templates_dir.as_deref())
        .map_err(|error| format!("NEGOZIO_TEMPLATES_DIR: {error}"))
}

/// The receipt's templates, which name it too.
///
/// # Errors
/// For a template that does not read.
pub fn receipt_templates(config: &Config, seller: &Seller) -> Result<ReceiptTemplates, String> {
    ReceiptTemplates::new(seller.provider.clone(), config.templates_dir.as_deref())
        .map_err(|error| format!("NEGOZIO_TEMPLATES_DIR: {error}"))
}

/// VIES where the configuration has it, else the Commission's, or the sandbox's stand-in at this server's own address;
/// asked in the name of the company that sells.
pub fn vies_client(platform: &Platform, outbound: &Outbound, seller: &Seller) -> ViesClient {
    let config = &platform.config;
    let url = match &config.vies_url {
        Some(url) => url.clone(),
        None if config.is_sandbox() => format!("{}/v1/sandbox/vies", platform.public_url),
        None => PUBLIC_VIES_URL.to_owned(),
    };
    let number = seller.provider.partita_iva.clone();
    ViesClient::new(outbound, url, ViesNumber { country_code: ITALY.to_owned(), number })
}

/// The provisioning service that is configured, or the sandbox's stand-in at this server's own address.
///
/// # Errors
/// When the stand-in's token cannot be derived.
pub fn provisioning_client(platform: &Platform, outbound: &Outbound) -> Result<ProvisioningClient, String> {
    let config = &platform.config;
    let url = match &config.provisioning_url {
        Some(url) => url.clone(),
        None => format!("{}/v1/sandbox/provisioning", platform.public_url),
    };
    let token = match &config.provisioning_token {
        Some(token) => token.0.clone(),
        None => sandbox::provisioning::token(&platform.keys).map_err(|problem| problem.to_string())?,
    };
    let timeout = Duration::from_secs(u64::from(config.provisioning_timeout_seconds));
    Ok(ProvisioningClient::new(outbound, url, token, timeout))
}
