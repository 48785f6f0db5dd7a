//! Configuration: environment variables, an optional file of them, and nothing else.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use base64::Engine as _;
use chrono::NaiveDate;
use clap::Args;
use lettre::message::Mailbox;

use super::db::DatabaseUrl;

crate::text_enum!(
    /// What the server is run for.
    Mode {
        Sandbox = "sandbox",
        Live = "live",
    }
);

crate::text_enum!(
    /// Whether `serve` also runs the jobs.
    Jobs {
        On = "on",
        Off = "off",
    }
);

crate::text_enum!(
    /// Whether limited paths count their callers.
    RateLimits {
        On = "on",
        Off = "off",
    }
);

crate::text_enum!(
    /// What becomes of consumers in other states of the EU, whose VAT is their own state's once our sales to all of them
    /// pass the yearly threshold of € 10 000 (art. 7-octies D.P.R. 633/1972).
    EuConsumers {
        ItalianVat = "italian_vat",
        Refused = "refused",
    }
);

crate::text_enum!(
    /// Whether two different reviewers must approve a request.
    FourEyes {
        On = "on",
        Off = "off",
    }
);

/// A value that never shows in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(pub T);

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl FromStr for Secret<String> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(Self(text.to_owned())) }
    }
}

impl FromStr for Secret<[u8; 32]> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = base64::engine::general_purpose::STANDARD.decode(text).map_err(|_| "must be base64".to_owned())?;
        bytes.try_into().map(Self).map_err(|_| "must be 32 bytes in base64".to_owned())
    }
}

impl FromStr for Secret<Vec<u8>> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        base64::engine::general_purpose::STANDARD.decode(text).map(Self).map_err(|_| "must be base64".to_owned())
    }
}

/// Every setting. Each is an environment variable of the name in capitals, and may stand in the file that `NEGOZIO_CONFIG_FILE` names.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Where the database is: sqlite://PATH or postgres://USER:PASSWORD@HOST/DATABASE.
    #[arg(
        long,
        env = "DATABASE_URL",
        value_name = "DATABASE_URL",
        default_value = "sqlite://data/negozio.db",
        hide_env_values = true
    )]
    pub database_url: DatabaseUrl,

    /// The address and port to listen on.
    #[arg(long, env = "NEGOZIO_BIND", value_name = "NEGOZIO_BIND", default_value = "127.0.0.1:8080")]
    pub bind: SocketAddr,

    /// sandbox (demo data, mailbox, stand-ins for payment and provisioning) or live.
    #[arg(long, env = "NEGOZIO_MODE", value_name = "NEGOZIO_MODE", default_value = "sandbox")]
    pub mode: Mode,

    /// The folder for files, and in the sandbox for the keys that it makes.
    #[arg(long, env = "NEGOZIO_DATA_DIR", value_name = "NEGOZIO_DATA_DIR", default_value = "data")]
    pub data_dir: PathBuf,

    /// The address at which callers reach this server, for links and for the sandbox's own calls. Default: the bound address.
    #[arg(long, env = "NEGOZIO_PUBLIC_URL", value_name = "NEGOZIO_PUBLIC_URL", value_parser = http_url)]
    pub public_url: Option<String>,

    /// The address of the client application that mails link to. Default: the public URL.
    #[arg(long, env = "NEGOZIO_CLIENT_URL", value_name = "NEGOZIO_CLIENT_URL", value_parser = http_url)]
    pub client_url: Option<String>,

    /// Origins whose pages may call the API, comma-separated (CORS).
    #[arg(long, env = "NEGOZIO_ALLOWED_ORIGINS", value_name = "NEGOZIO_ALLOWED_ORIGINS", value_delimiter = ',', value_parser = http_url)]
    pub allowed_origins: Vec<String>,

    /// The number of worker threads for HTTP. Default: one a core.
    #[arg(long, env = "NEGOZIO_WORKERS", value_name = "NEGOZIO_WORKERS", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub workers: Option<u16>,

    /// Whether serve runs the jobs too: on, or off when a worker process does.
    #[arg(long, env = "NEGOZIO_JOBS", value_name = "NEGOZIO_JOBS", default_value = "on")]
    pub jobs: Jobs,

    /// Whether callers are counted on limited paths: on or off.
    #[arg(long, env = "NEGOZIO_RATE_LIMITS", value_name = "NEGOZIO_RATE_LIMITS", default_value = "on")]
    pub rate_limits: RateLimits,

    /// Whether two different reviewers must approve an activation request: on or off.
    #[arg(long, env = "NEGOZIO_FOUR_EYES", value_name = "NEGOZIO_FOUR_EYES", default_value = "off")]
    pub four_eyes: FourEyes,

    /// After how many days without a step the customer is reminded of an unfinished activation request, comma-separated.
    #[arg(long, env = "NEGOZIO_ACTIVATION_REMINDER_DAYS", value_name = "NEGOZIO_ACTIVATION_REMINDER_DAYS", default_value = "3,10", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub activation_reminder_days: Vec<u16>,

    /// After how many days without a step an unfinished activation request expires; 0 for never.
    #[arg(long, env = "NEGOZIO_ACTIVATION_EXPIRY_DAYS", value_name = "NEGOZIO_ACTIVATION_EXPIRY_DAYS", default_value = "60", value_parser = clap::value_parser!(u16).range(0..=3650))]
    pub activation_expiry_days: u16,

    /// 32 random bytes in base64, from which all encryption keys are derived. Required in live mode; the sandbox makes its own.
    #[arg(long, env = "NEGOZIO_MASTER_KEY", value_name = "NEGOZIO_MASTER_KEY", hide_env_values = true)]
    pub master_key: Option<Secret<[u8; 32]>>,

    /// The Ed25519 key that signs access tokens, PKCS #8 DER in base64. Required in live mode; the sandbox makes its own.
    #[arg(long, env = "NEGOZIO_TOKEN_KEY", value_name = "NEGOZIO_TOKEN_KEY", hide_env_values = true)]
    pub token_key: Option<Secret<Vec<u8>>>,

    /// The mail server: smtp://USER:PASSWORD@HOST:PORT, or smtps://. Required in live mode; without it the sandbox keeps mails in its mailbox.
    #[arg(long, env = "NEGOZIO_SMTP_URL", value_name = "NEGOZIO_SMTP_URL", hide_env_values = true)]
    pub smtp_url: Option<Secret<String>>,

    /// The sender of all mails.
    #[arg(
        long,
        env = "NEGOZIO_MAIL_FROM",
        value_name = "NEGOZIO_MAIL_FROM",
        default_value = "Negozio <no-reply@example.com>"
    )]
    pub mail_from: Mailbox,

    /// The provisioning service's address. Required in live mode; the sandbox has a stand-in.
    #[arg(long, env = "NEGOZIO_PROVISIONING_URL", value_name = "NEGOZIO_PROVISIONING_URL", value_parser = http_url)]
    pub provisioning_url: Option<String>,

    /// The bearer token for the provisioning service. Required in live mode.
    #[arg(long, env = "NEGOZIO_PROVISIONING_TOKEN", value_name = "NEGOZIO_PROVISIONING_TOKEN", hide_env_values = true)]
    pub provisioning_token: Option<Secret<String>>,

    /// For how many seconds an answer of the provisioning service is waited for; after that the call is made again.
    #[arg(long, env = "NEGOZIO_PROVISIONING_TIMEOUT_SECONDS", value_name = "NEGOZIO_PROVISIONING_TIMEOUT_SECONDS", default_value = "30", value_parser = clap::value_parser!(u16).range(1..=300))]
    pub provisioning_timeout_seconds: u16,

    /// The IBAN that customers pay a bank transfer to. Required in live mode.
    #[arg(long, env = "NEGOZIO_IBAN", value_name = "NEGOZIO_IBAN")]
    pub iban: Option<String>,

    /// Where Stripe's API is.
    #[arg(long, env = "NEGOZIO_STRIPE_API_URL", value_name = "NEGOZIO_STRIPE_API_URL", default_value = "https://api.stripe.com", value_parser = http_url)]
    pub stripe_api_url: String,

    /// The secret key of the Stripe account that takes cards. Without it the sandbox has a stand-in, and a live shop takes no cards.
    #[arg(long, env = "NEGOZIO_STRIPE_SECRET_KEY", value_name = "NEGOZIO_STRIPE_SECRET_KEY", hide_env_values = true)]
    pub stripe_secret_key: Option<Secret<String>>,

    /// The secret that signs Stripe's notifications to /v1/payment-notifications/stripe. Goes with the secret key.
    #[arg(
        long,
        env = "NEGOZIO_STRIPE_WEBHOOK_SECRET",
        value_name = "NEGOZIO_STRIPE_WEBHOOK_SECRET",
        hide_env_values = true
    )]
    pub stripe_webhook_secret: Option<Secret<String>>,

    /// A JSON file with the company that contracts, receipts and invoices name. Required in live mode; the sandbox names one that does not exist.
    #[arg(long, env = "NEGOZIO_PROVIDER_FILE", value_name = "NEGOZIO_PROVIDER_FILE")]
    pub provider_file: Option<PathBuf>,

    /// The VIES service that confirms VAT numbers of the EU. Default: the Commission's; in the sandbox a stand-in.
    #[arg(long, env = "NEGOZIO_VIES_URL", value_name = "NEGOZIO_VIES_URL", value_parser = http_url)]
    pub vies_url: Option<String>,

    /// Days for which a VAT number that VIES has confirmed counts as confirmed.
    #[arg(long, env = "NEGOZIO_VAT_CHECK_DAYS", value_name = "NEGOZIO_VAT_CHECK_DAYS", default_value = "30", value_parser = clap::value_parser!(u16).range(1..=366))]
    pub vat_check_days: u16,

    /// The last day of split payment (art. 17-ter D.P.R. 633/1972), as YYYY-MM-DD. Default: it goes on.
    #[arg(long, env = "NEGOZIO_SPLIT_PAYMENT_UNTIL", value_name = "NEGOZIO_SPLIT_PAYMENT_UNTIL", value_parser = day)]
    pub split_payment_until: Option<NaiveDate>,

    /// Consumers in other states of the EU: italian_vat while our sales to them are below the yearly threshold, refused above it.
    #[arg(long, env = "NEGOZIO_EU_CONSUMERS", value_name = "NEGOZIO_EU_CONSUMERS", default_value = "italian_vat")]
    pub eu_consumers: EuConsumers,

    /// How logs are written: text or json.
    #[arg(long, env = "NEGOZIO_LOG_FORMAT", value_name = "NEGOZIO_LOG_FORMAT", default_value = "text", value_parser = ["text", "json"])]
    pub log_format: String,

    /// A folder whose mail, contract and receipt templates replace the built-in ones of the same path.
    #[arg(long, env = "NEGOZIO_TEMPLATES_DIR", value_name = "NEGOZIO_TEMPLATES_DIR")]
    pub templates_dir: Option<PathBuf>,
}

impl Config {
    /// Whether this is a sandbox.
    pub fn is_sandbox(&self) -> bool {
        self.mode == Mode::Sandbox
    }

    /// Live mode has no default for a secret.
    ///
    /// # Errors
    /// The name of the first variable that is missing.
    pub fn check(&self) -> Result<(), String> {
        match (&self.stripe_secret_key, &self.stripe_webhook_secret) {
            (Some(_), None) => return Err("NEGOZIO_STRIPE_WEBHOOK_SECRET must be set too".to_owned()),
            (None, Some(_)) => return Err("NEGOZIO_STRIPE_SECRET_KEY must be set too".to_owned()),
            _ => {}
        }
        if self.is_sandbox() {
            return Ok(());
        }
        let required = [
            ("NEGOZIO_MASTER_KEY", self.master_key.is_some()),
            ("NEGOZIO_TOKEN_KEY", self.token_key.is_some()),
            ("NEGOZIO_SMTP_URL", self.smtp_url.is_some()),
            ("NEGOZIO_PROVISIONING_URL", self.provisioning_url.is_some()),
            ("NEGOZIO_PROVISIONING_TOKEN", self.provisioning_token.is_some()),
            ("NEGOZIO_IBAN", self.iban.is_some()),
            ("NEGOZIO_PROVIDER_FILE", self.provider_file.is_some()),
            ("NEGOZIO_PUBLIC_URL", self.public_url.is_some()),
        ];
        match required.iter().find(|(_, present)| !present) {
            Some((name, _)) => Err(format!("{name} must be set in live mode")),
            None => Ok(()),
        }
    }
}

/// A calendar day.
fn day(text: &str) -> Result<NaiveDate, String> {
    super::clock::parse_day(text).ok_or_else(|| "must be a day as YYYY-MM-DD".to_owned())
}

/// An absolute http(s) address without a trailing slash.
fn http_url(text: &str) -> Result<String, String> {
    let refusal = || "must be an http:// or https:// address".to_owned();
    let parsed: http::Uri = text.parse().map_err(|_| refusal())?;
    match (parsed.scheme_str(), parsed.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err(refusal()),
    }
}
