//! The command line: one file a command.

mod administrator;
mod evidence;
mod journey;
mod migrate;
mod openapi;
mod reconcile;
mod seed;
mod serve;

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, Parser, Subcommand};

use crate::platform::config::Config;

/// Sells and activates an online service over a JSON REST API.
#[derive(Parser)]
#[command(name = "negozio", version, about, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    config: Config,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API (what happens without a command, too).
    Serve(Config),
    /// Run the jobs and nothing else, for a server with NEGOZIO_JOBS=off.
    Worker(Config),
    /// Bring the database to the newest migration.
    Migrate(Config),
    /// Load plans and consent documents from a JSON file, or the demo ones.
    Seed(seed::Arguments),
    /// Create accounts of the back office.
    Administrator(administrator::Arguments),
    /// Check evidence of a contract's conclusion, offline.
    Evidence(evidence::Arguments),
    /// Walk the customer's whole journey over HTTP, printing each request and answer.
    Journey(journey::Arguments),
    /// Ask the payment provider about everything that has waited for its word for too long.
    Reconcile(reconcile::Arguments),
    /// Write the OpenAPI document into a folder, or check that the files there are up to date.
    Openapi(openapi::Arguments),
}

/// Runs the command; what is wrong goes to standard error.
pub fn main() -> ExitCode {
    if let Err(error) = load_file() {
        eprintln!("error: {error}");
        return ExitCode::FAILURE;
    }
    let arguments = Arguments::try_parse().unwrap_or_else(|error| without_secrets::<Arguments>(error).exit());
    let outcome = match arguments.command {
        None => serve::serve(arguments.config),
        Some(Command::Serve(config)) => serve::serve(config),
        Some(Command::Worker(config)) => serve::work(config),
        Some(Command::Migrate(config)) => migrate::migrate(&config),
        Some(Command::Seed(arguments)) => seed::run(arguments),
        Some(Command::Administrator(arguments)) => administrator::run(arguments),
        Some(Command::Evidence(arguments)) => evidence::run(&arguments),
        Some(Command::Journey(arguments)) => journey::run(arguments),
        Some(Command::Reconcile(arguments)) => reconcile::run(arguments),
        Some(Command::Openapi(arguments)) => openapi::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The error with the value left out where it is a secret's: what a start says ends up in logs.
fn without_secrets<T: CommandFactory>(mut error: clap::Error) -> clap::Error {
    if let Some(ContextValue::String(named)) = error.get(ContextKind::InvalidArg) {
        let option = named.split([' ', '=']).next().unwrap_or_default().trim_start_matches('-').to_owned();
        let command = T::command();
        let is_secret = |argument: &clap::Arg| argument.is_hide_env_values_set();
        if command.get_arguments().any(|argument| argument.get_long() == Some(option.as_str()) && is_secret(argument)) {
            error.insert(ContextKind::InvalidValue, ContextValue::String("…".to_owned()));
        }
    }
    error
}

/// Reads settings from the file that `NEGOZIO_CONFIG_FILE` names, else from `negozio.env` where there is one; the environment wins.
fn load_file() -> Result<(), String> {
    let (path, is_named) = match std::env::var("NEGOZIO_CONFIG_FILE") {
        Ok(path) => (path, true),
        Err(_) => ("negozio.env".to_owned(), false),
    };
    match dotenvy::from_path(&path) {
        Ok(()) => Ok(()),
        Err(error) if error.not_found() && !is_named => Ok(()),
        // The line itself may be a secret's.
        Err(dotenvy::Error::LineParse(_, place)) => {
            Err(format!("NEGOZIO_CONFIG_FILE {path}: a line is no NAME=value, from its character {place} on"))
        }
        Err(error) => Err(format!("NEGOZIO_CONFIG_FILE {path}: {error}")),
    }
}
