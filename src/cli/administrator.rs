//! `negozio administrator`: the first one of a live shop, who can make nothing over HTTP yet.

use clap::{Args, Subcommand};

use crate::app::{Rooms, block_on};
use crate::customers::accounts::rules::{Account, AccountId, PersonalDetails, Role, check_password, checked_email};
use crate::customers::consents::rules::{ConsentPurpose, Decision, RegistrationConsents};
use crate::customers::{accounts, consents};
use crate::platform::config::Config;
use crate::platform::http::request::Sender;
use crate::platform::locale::Locale;
use crate::platform::problem::Problem;

/// What to do with administrators.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Create an account of the back office.
    Create(Creation),
    /// Remove the authenticators of an account whose owner is locked out, where no other administrator can.
    RemoveAuthenticators(Removal),
}

/// Whose authenticators.
#[derive(Args)]
struct Removal {
    /// The account's address.
    #[arg(long)]
    email: String,
    #[command(flatten)]
    config: Config,
}

/// An account of the back office.
#[derive(Args)]
struct Creation {
    /// Its address.
    #[arg(long)]
    email: String,
    #[arg(long)]
    first_name: String,
    #[arg(long)]
    last_name: String,
    /// administrator or reviewer.
    #[arg(long, default_value = "administrator")]
    role: Role,
    /// Its password, 15 to 128 characters; without the variable it is read from standard input.
    #[arg(long, env = "NEGOZIO_ADMINISTRATOR_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    #[command(flatten)]
    config: Config,
}

/// Does it.
pub fn run(arguments: Arguments) -> Result<(), String> {
    match arguments.command {
        Command::Create(creation) => block_on(create(creation)),
        Command::RemoveAuthenticators(removal) => block_on(remove_authenticators(removal)),
    }
}

async fn remove_authenticators(removal: Removal) -> Result<(), String> {
    removal.config.check()?;
    let bind = removal.config.bind;
    let rooms = Rooms::open(removal.config, bind).await?;
    let email = checked_email(&removal.email).map_err(readable)?;
    let now = rooms.platform.clock.now();
    let removed = rooms.platform.db.write(move |tx| accounts::back_office::rescue(tx, &email, now)).await;
    println!("{} authenticators removed", removed.map_err(readable)?);
    Ok(())
}

async fn create(creation: Creation) -> Result<(), String> {
    let password = match creation.password.clone() {
        Some(password) => password,
        None => read_password()?,
    };
    creation.config.check()?;
    let bind = creation.config.bind;
    let rooms = Rooms::open(creation.config.clone(), bind).await?;
    let platform = &rooms.platform;
    let account = account(&creation, &password, platform.clock.now()).map_err(readable)?;
    let hash = platform.passwords.hash(password).await.map_err(readable)?;
    let (id, email) = (account.id, account.email.clone());
    platform
        .db
        .write(move |tx| {
            if !accounts::store::insert(tx, &account, &hash)? {
                return Err(crate::customers::problems::EMAIL_TAKEN.problem());
            }
            let documents = consents::store::documents_in_force(tx, account.created_at)?;
            let version = |purpose| {
                let found = documents.iter().find(|document| document.purpose == purpose);
                found.map(|document| document.version.clone()).unwrap_or_default()
            };
            let said = RegistrationConsents {
                terms_version: version(ConsentPurpose::Terms),
                privacy_notice_version: version(ConsentPurpose::PrivacyNotice),
                marketing: Decision::Denied,
            };
            let nobody = Sender { ip: None, user_agent: None };
            consents::flow::record_registration(tx, account.id, &said, &nobody, account.created_at)
        })
        .await
        .map_err(|problem| match problem.errors.first() {
            Some(_) => "publish the consent documents first: negozio seed".to_owned(),
            None => readable(problem),
        })?;
    println!("{email} is {} ({id})", creation.role);
    Ok(())
}

fn account(creation: &Creation, password: &str, now: crate::platform::clock::Time) -> Result<Account, Problem> {
    let email = checked_email(&creation.email)?;
    check_password("/password", password, &email)?;
    let details = PersonalDetails {
        first_name: creation.first_name.clone(),
        last_name: creation.last_name.clone(),
        phone: None,
        locale: Locale::Italian,
    };
    let details = details.checked()?;
    Ok(Account {
        id: AccountId::new(),
        email,
        first_name: details.first_name,
        last_name: details.last_name,
        phone: None,
        locale: details.locale,
        role: creation.role,
        email_verified_at: Some(now),
        created_at: now,
    })
}

fn read_password() -> Result<String, String> {
    eprintln!("Password:");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|error| error.to_string())?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// A problem as a person at a terminal reads it.
fn readable(problem: Problem) -> String {
    let fields: Vec<String> = problem
        .errors
        .iter()
        .map(|error| format!("{}: {}", error.pointer.trim_start_matches('/'), error.message.get(Locale::English)))
        .collect();
    if fields.is_empty() { problem.code.title.get(Locale::English).to_owned() } else { fields.join("; ") }
}
