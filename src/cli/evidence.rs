//! `negozio evidence`: checks a bundle offline.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::activation::evidence::archive::unpack;
use crate::activation::evidence::rules::Evidence;
use crate::activation::evidence::verification::{Verification, verify};
use crate::platform::auth::signatures::PublicKey;

/// What to do with evidence.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check a bundle: every hash, the timeline's chain, the consents and the signature. Asks no server.
    Verify(Bundle),
}

/// A bundle.
#[derive(Args)]
struct Bundle {
    /// The ZIP that `GET /v1/activation-requests/{id}/evidence` answered.
    bundle: PathBuf,
    /// A key set (the server's /.well-known/jwks.json) that the signing key must be in. Without it the bundle is checked
    /// under the key that it carries: compare the printed thumbprint with the server's.
    #[arg(long)]
    jwks: Option<PathBuf>,
}

/// Checks the bundle.
pub fn run(arguments: &Arguments) -> Result<(), String> {
    let Command::Verify(bundle) = &arguments.command;
    let trusted = bundle.jwks.as_deref().map(key_set).transpose()?;
    let archive = std::fs::read(&bundle.bundle).map_err(|error| format!("{}: {error}", bundle.bundle.display()))?;
    let files = unpack(&archive).map_err(|error| format!("{}: {error}", bundle.bundle.display()))?;
    let verification = verify(&files, trusted.as_deref());
    print(&verification);
    if verification.is_sound() { Ok(()) } else { Err("the evidence does not hold".to_owned()) }
}

fn key_set(path: &Path) -> Result<Vec<PublicKey>, String> {
    let failed = |error: String| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let set = serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
    Ok(PublicKey::of_set(&set))
}

fn print(verification: &Verification) {
    if let Some(evidence) = &verification.evidence {
        print_evidence(evidence);
    }
    if let Some(key) = &verification.key {
        println!("Signed under the key with the thumbprint {}", key.thumbprint());
    }
    for check in &verification.checks {
        match &check.fault {
            None => println!("  holds  {}", check.what),
            Some(fault) => println!("  FAILS  {}: {fault}", check.what),
        }
    }
}

fn print_evidence(evidence: &Evidence) {
    let (applicant, challenge) = (&evidence.applicant, &evidence.email_challenge);
    println!("{} — a {}", evidence.activation_request.id, evidence.signature_kind);
    println!(
        "{} {} ({}), for a holder of the type {}",
        applicant.first_name, applicant.last_name, applicant.codice_fiscale, evidence.holder.holder_type
    );
    println!("{} proved at {}", challenge.email, challenge.verified_at.0.to_rfc3339());
    for contract in &evidence.contracts {
        println!("{} {} sha256 {}", contract.kind, contract.template_version, contract.document_sha256);
        for (what, consent) in [("accepted", &contract.acceptance), ("approved by name", &contract.specific_approval)] {
            let Some(consent) = consent else { continue };
            let from = consent.ip.as_deref().unwrap_or("an unknown address");
            println!("  {what} at {} from {from} {}", consent.given_at.0.to_rfc3339(), consent.clause_ids.join(", "));
        }
    }
}
