//! What any service needs, and nothing of what this one sells: configuration, database, HTTP, credentials, cryptography,
//! mail, jobs, events, files, the clock and identifiers.

pub mod audit;
pub mod auth;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod db;
pub mod documents;
pub mod events;
pub mod http;
pub mod idempotency;
pub mod ids;
pub mod jobs;
pub mod locale;
pub mod mail;
pub mod memory;
pub mod money;
pub mod problem;
pub mod sequences;
pub mod storage;
pub mod workbench;

use auth::passwords::Passwords;
use auth::tokens::Tokens;
use clock::Clock;
use config::Config;
use crypto::Keyring;
use db::Db;
use documents::Documents;
use events::Events;
use mail::Mailer;
use mail::templates::MailTemplates;
use storage::Storage;
use workbench::Workbench;

/// The parts that every room works with; `app.rs` puts them together.
pub struct Platform {
    /// The settings.
    pub config: Config,
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Encryption keys.
    pub keys: Keyring,
    /// Access tokens.
    pub tokens: Tokens,
    /// Password hashing.
    pub passwords: Passwords,
    /// Files.
    pub storage: Storage,
    /// Mail templates.
    pub mail_templates: MailTemplates,
    /// Mail delivery.
    pub mailer: Mailer,
    /// PDF rendering.
    pub documents: Documents,
    /// Where documents are set: one at a time.
    pub document_bench: Workbench,
    /// Where pictures are decoded and measured: each can take a core and hundreds of megabytes.
    pub picture_bench: Workbench,
    /// Domain events.
    pub events: Events,
    /// The address at which callers reach this server, without a trailing slash.
    pub public_url: String,
    /// The address of the client application that mails link to, without a trailing slash.
    pub client_url: String,
}
