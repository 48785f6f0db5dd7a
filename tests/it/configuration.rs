//! What the environment may say: every variable is documented, and a wrong value is refused by its variable's name.

use std::collections::BTreeSet;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use negozio::platform::config::Config;
use regex::Regex;
use reqwest::Method;
use tempfile::TempDir;

use crate::support::suite::Suite;

/// How long a server may take to refuse to start.
const START: Duration = Duration::from_secs(20);
const README: &str = include_str!("../../README.md");

/// Puts this module's tests on the list.
pub fn register(suite: &mut Suite) {
    suite.once("configuration::a_wrong_value_is_refused_by_the_name_of_its_variable", wrong_values);
    suite.once("configuration::help_and_readme_name_the_same_variables", documented);
    suite.once("configuration::a_file_says_what_the_environment_does_not", file);
    suite.on_both_with("configuration::pages_of_allowed_origins_may_call", allow_one_origin, |server| async move {
        let visitor = server.visitor();
        let asked = visitor.with("access-control-request-method", "POST");
        let asked = asked.with("access-control-request-headers", "authorization,idempotency-key,x-cart-token");
        let preflight = asked.with("origin", ALLOWED).send(Method::OPTIONS, "/v1/carts", None).await;
        assert_eq!(preflight.status, 200, "{}", preflight.text());
        assert_eq!(preflight.header("access-control-allow-origin"), ALLOWED);
        let allowed = preflight.header("access-control-allow-headers").to_lowercase();
        assert!(
            ["authorization", "idempotency-key", "x-cart-token"].iter().all(|name| allowed.contains(name)),
            "{allowed}"
        );
        let refused = asked.with("origin", "https://elsewhere.example").send(Method::OPTIONS, "/v1/carts", None).await;
        assert_eq!(refused.header("access-control-allow-origin"), "");

        let answer = visitor.with("origin", ALLOWED).get("/v1/plans").await;
        assert_eq!(answer.header("access-control-allow-origin"), ALLOWED);
        let exposed = answer.header("access-control-expose-headers").to_lowercase();
        assert!(["etag", "link", "retry-after", "x-request-id"].iter().all(|name| exposed.contains(name)), "{exposed}");
    });
}

const ALLOWED: &str = "https://app.example.com";

fn allow_one_origin(config: &mut Config) {
    config.allowed_origins = vec![ALLOWED.to_owned()];
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn command(folder: &TempDir, arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_negozio"));
    command.args(arguments).env_clear().current_dir(folder.path());
    command.env("NEGOZIO_DATA_DIR", folder.path()).env("NEGOZIO_BIND", "127.0.0.1:0").envs(environment.iter().copied());
    command
}

fn negozio(folder: &TempDir, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    command(folder, arguments, environment).output().expect("the command runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

fn wrong_values() {
    let folder = folder();
    for (name, value) in [
        ("DATABASE_URL", "mysql://shop:hunter2@localhost/shop"),
        ("NEGOZIO_BIND", "nowhere"),
        ("NEGOZIO_MODE", "production"),
        ("NEGOZIO_PUBLIC_URL", "ftp://shop.example.com"),
        ("NEGOZIO_CLIENT_URL", "shop"),
        ("NEGOZIO_ALLOWED_ORIGINS", "everybody"),
        ("NEGOZIO_WORKERS", "0"),
        ("NEGOZIO_JOBS", "maybe"),
        ("NEGOZIO_RATE_LIMITS", "some"),
        ("NEGOZIO_FOUR_EYES", "two"),
        ("NEGOZIO_ACTIVATION_REMINDER_DAYS", "soon"),
        ("NEGOZIO_ACTIVATION_EXPIRY_DAYS", "-1"),
        ("NEGOZIO_MASTER_KEY", "c2hvcnQ="),
        ("NEGOZIO_TOKEN_KEY", "not base64"),
        ("NEGOZIO_SMTP_URL", "mail.example.com"),
        ("NEGOZIO_MAIL_FROM", "nobody"),
        ("NEGOZIO_PROVISIONING_URL", "legalinvoice"),
        ("NEGOZIO_PROVISIONING_TIMEOUT_SECONDS", "0"),
        ("NEGOZIO_PROVIDER_FILE", "/nowhere/provider.json"),
        ("NEGOZIO_IBAN", "IT61X0542811101000000123456"),
        ("NEGOZIO_SPLIT_PAYMENT_UNTIL", "2026-13-01"),
        ("NEGOZIO_EU_CONSUMERS", "ignored"),
        ("NEGOZIO_STRIPE_SECRET_KEY", "sk_alone"),
    ] {
        let said = refusal(&folder, name, value);
        let is_named = said.contains(name) || (name == "NEGOZIO_STRIPE_SECRET_KEY" && said.contains("NEGOZIO_STRIPE"));
        assert!(is_named, "{name} is not named: {said}");
        let is_secret =
            ["DATABASE", "MASTER_KEY", "TOKEN_KEY", "SMTP", "SECRET"].iter().any(|part| name.contains(part));
        assert!(!is_secret || !said.contains(value), "{name}'s value is told: {said}");
    }
}

/// What a server says that does not start.
fn refusal(folder: &TempDir, name: &str, value: &str) -> String {
    let mut child = command(folder, &["serve"], &[(name, value)])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    let started = Instant::now();
    while child.try_wait().expect("a child").is_none() {
        if started.elapsed() > START {
            let _ = child.kill();
            panic!("{name}={value} is taken");
        }
        sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().expect("its words");
    assert!(!output.status.success(), "{name}={value} is taken");
    said(&output)
}

fn variables(text: &str) -> BTreeSet<String> {
    let variable = Regex::new("(?:NEGOZIO_[A-Z_]*[A-Z]|DATABASE_URL)").expect("an expression");
    variable.find_iter(text).map(|found| found.as_str().to_owned()).collect()
}

fn documented() {
    let help = negozio(&folder(), &["--help"], &[]);
    assert!(help.status.success());
    let helped = variables(&said(&help));
    let table: String = README.lines().filter(|line| line.starts_with("| `")).collect::<Vec<_>>().join("\n");
    assert_eq!(helped, variables(&table));
}

fn file() {
    let folder = folder();
    std::fs::write(folder.path().join("shop.env"), "NEGOZIO_MODE=strange\nNEGOZIO_WORKERS=2\n").expect("a file");
    let by_file = negozio(&folder, &["serve"], &[("NEGOZIO_CONFIG_FILE", "shop.env")]);
    assert!(!by_file.status.success() && said(&by_file).contains("strange"), "{}", said(&by_file));
    std::fs::write(folder.path().join("bad.env"), "NEGOZIO_SMTP_URL=smtp://shop:hunter two@host\n").expect("a file");
    let malformed = said(&negozio(&folder, &["serve"], &[("NEGOZIO_CONFIG_FILE", "bad.env")]));
    assert!(malformed.contains("NEGOZIO_CONFIG_FILE bad.env") && !malformed.contains("hunter"), "{malformed}");
    let both = [("NEGOZIO_CONFIG_FILE", "shop.env"), ("NEGOZIO_MODE", "peculiar")];
    let by_environment = negozio(&folder, &["serve"], &both);
    assert!(said(&by_environment).contains("peculiar"), "the environment comes before the file");
}
