//! A whole server in the test's process, on a free port, with a database and a folder of its own.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use clap::Parser;
use negozio::app::Server;
use negozio::platform::Platform;
use negozio::platform::auth::tokens::Tokens;
use negozio::platform::config::{Config, Mode, Secret};
use negozio::platform::jobs::{self, JobState};

use super::actors::Caller;
use super::database::{Database, Engine};

/// How long the jobs that a test caused may take.
const JOBS: Duration = Duration::from_secs(30);

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    config: Config,
}

/// A running server and its database.
pub struct TestServer {
    /// `http://127.0.0.1:port`.
    pub url: String,
    /// What its database runs on.
    pub engine: Engine,
    http: reqwest::Client,
    server: RefCell<Option<Server>>,
    /// Dropped last, once nothing uses it.
    database: Database,
}

impl TestServer {
    /// Starts one; `adjust` changes its settings.
    pub async fn start(engine: Engine, adjust: impl FnOnce(&mut Config)) -> Self {
        Self::start_on(Database::create(engine), adjust).await
    }

    /// As [`TestServer::start`], on a database that something is in already.
    pub async fn start_on(database: Database, adjust: impl FnOnce(&mut Config)) -> Self {
        let engine = database.engine;
        let mut config = config_for(&database);
        adjust(&mut config);
        let server = Server::start(config).await.expect("the server starts");
        Self {
            url: format!("http://{}", server.address()),
            engine,
            http: reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().expect("an HTTP client"),
            server: RefCell::new(Some(server)),
            database,
        }
    }

    /// Somebody whom the server does not know.
    pub fn visitor(&self) -> Caller {
        Caller::new(self.http.clone(), self.url.clone())
    }

    /// Waits until every job is done; what is left then, or given up, is an error.
    pub async fn wait_for_jobs(&self) -> Result<(), String> {
        let started = Instant::now();
        loop {
            let counts = self.count_jobs().await;
            let of = |state| counts.iter().find(|(counted, _)| *counted == state).map_or(0, |(_, count)| *count);
            if of(JobState::Dead) > 0 {
                return Err(format!("jobs were given up: {counts:?}"));
            }
            if of(JobState::Queued) + of(JobState::Running) == 0 {
                return Ok(());
            }
            if started.elapsed() > JOBS {
                return Err(format!("jobs are left: {counts:?}"));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until something is so.
    pub async fn until(&self, is_so: impl Fn() -> bool) {
        let started = Instant::now();
        while !is_so() {
            assert!(started.elapsed() < JOBS, "it did not happen within {JOBS:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until no job is under way: what failed is put off by then, counted from the clock as it is now.
    pub async fn until_no_job_runs(&self) {
        let started = Instant::now();
        while self.count_jobs().await.iter().any(|(state, count)| *state == JobState::Running && *count > 0) {
            assert!(started.elapsed() < JOBS, "a job runs for longer than {JOBS:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn count_jobs(&self) -> Vec<(JobState, i64)> {
        let db = self.with_platform(|platform| platform.db.clone());
        db.read(|connection| Ok(jobs::store::count_by_state(connection)?)).await.expect("the jobs can be counted")
    }

    /// What the server works with, for what no caller can see.
    pub fn with_platform<T>(&self, look: impl FnOnce(&Platform) -> T) -> T {
        look(self.server.borrow().as_ref().expect("a running server").platform())
    }

    /// What jobs and chores work with.
    pub fn shared_platform(&self) -> std::sync::Arc<Platform> {
        self.server.borrow().as_ref().expect("a running server").shared_platform()
    }

    /// What it runs on.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Asks the payment provider about what waits for its word; answers what it said, where it did.
    pub async fn reconcile(&self, older_than: i64) -> Vec<Option<&'static str>> {
        let gateways = self.server.borrow().as_ref().expect("a running server").gateways();
        let findings = negozio::shop::payments::jobs::reconcile(&self.shared_platform(), &gateways, older_than).await;
        findings.expect("the database answers").into_iter().map(|finding| finding.said.ok()).collect()
    }

    /// `negozio reconcile` on its database, as a process of its own.
    pub fn reconcile_by_command(&self, variables: &[(&str, &str)]) -> std::process::Output {
        let database = self.database();
        std::process::Command::new(env!("CARGO_BIN_EXE_negozio"))
            .args(["reconcile", "--older-than", "0"])
            .env_clear()
            .env("DATABASE_URL", &database.url)
            .env("NEGOZIO_DATA_DIR", database.folder.path())
            .envs(variables.iter().copied())
            .current_dir(database.folder.path())
            .output()
            .expect("the command runs")
    }

    /// Stops it.
    pub async fn stop(&self) {
        let server = self.server.borrow_mut().take();
        if let Some(server) = server {
            server.stop().await;
        }
    }
}

/// Makes the settings those of a live shop whose outside cannot be reached.
pub fn make_live(config: &mut Config) {
    let nowhere = "http://127.0.0.1:9".to_owned();
    let provider = config.data_dir.join("provider.json");
    std::fs::write(&provider, include_str!("../../../src/shop/provider.json")).expect("a file");
    config.mode = Mode::Live;
    config.master_key = Some(Secret([7; 32]));
    config.token_key = Some(Secret(Tokens::generate_key().expect("a key")));
    config.smtp_url = Some(Secret("smtp://127.0.0.1:9".to_owned()));
    config.provisioning_url = Some(nowhere.clone());
    config.provisioning_token = Some(Secret("token".to_owned()));
    config.iban = Some("IT60X0542811101000000123456".to_owned());
    config.public_url = Some(nowhere);
    config.provider_file = Some(provider);
}

/// The settings of a server for one test, with nothing taken from the environment that would lead out of it.
pub fn config_for(database: &Database) -> Config {
    let folder = database.folder.path().display().to_string();
    let arguments = [
        "negozio",
        "--database-url",
        &database.url,
        "--bind",
        "127.0.0.1:0",
        "--mode",
        "sandbox",
        "--data-dir",
        &folder,
        "--workers",
        "2",
        "--jobs",
        "on",
        "--rate-limits",
        "off",
    ];
    let mut config = Settings::try_parse_from(arguments).expect("settings").config;
    config.mode = Mode::Sandbox;
    config.smtp_url = None;
    config.public_url = None;
    config.client_url = None;
    config.provisioning_url = None;
    config.vies_url = None;
    config.split_payment_until = None;
    config.stripe_secret_key = None;
    config.stripe_webhook_secret = None;
    config.templates_dir = None;
    config
}
