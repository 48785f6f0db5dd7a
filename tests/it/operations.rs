//! What whoever runs a server does: resets a sandbox, opens a live shop.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use negozio::platform::auth::tokens::Tokens;
use negozio::platform::config::RateLimits;
use serde_json::json;

use crate::representatives::{by_delegate, invite};
use crate::support::activation::bought;
use crate::support::actors::{customer, ready_cart, registration};
use crate::support::database::{Database, Engine};
use crate::support::expect::{items, text};
use crate::support::process::{Process, Worker};
use crate::support::server::{TestServer, make_live};
use crate::support::suite::Suite;

/// Puts this module's tests on the list.
pub fn register(suite: &mut Suite) {
    suite.on_both("operations::a_reset_sandbox_is_as_at_its_first_start", |server| async move {
        a_reset_sandbox_is_as_at_its_first_start(&server).await;
    });
    suite.on_both("operations::a_live_shop_is_opened_from_the_command_line", |server| async move {
        a_live_shop_is_opened_from_the_command_line(server.engine).await;
    });
    suite.on_both("operations::the_journey_is_walked_from_the_command_line", |server| async move {
        the_journey_is_walked_from_the_command_line(&server).await;
    });
    suite.on_each_engine("operations::a_request_under_way_is_answered_before_the_server_stops", stops_gracefully);
    suite.on_each_engine("operations::a_worker_does_what_a_server_without_jobs_owes", |engine| {
        actix_web::rt::System::new().block_on(a_worker_does_what_a_server_without_jobs_owes(engine));
    });
    suite.on_both("operations::codes_and_pictures_are_limited_by_account", |server| async move {
        codes_are_limited_by_account(server.engine).await;
    });
}

async fn a_reset_sandbox_is_as_at_its_first_start(server: &TestServer) {
    let activation = bought(server, "reset@example.com").await.agreed(server).await;
    let delegated = by_delegate(server, "delegated@example.com").await;
    invite(&delegated, "anna.bianchi@example.com").await.created();
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 3600 })).await.ok();
    server.wait_for_jobs().await.expect("nothing is under way");
    let response = server.visitor().post("/v1/sandbox/reset", json!({})).await;
    assert_eq!(response.status, 204, "{}", response.text());
    activation.caller.get("/v1/account").await.refused(401, "unauthenticated");
    let stranger = customer(server, "reset@example.com").await;
    assert!(items(&stranger.get("/v1/orders").await.ok()).is_empty());
    let cart = ready_cart(server, &stranger).await;
    stranger.put(&format!("/v1/carts/{cart}/coupon"), json!({ "code": "BENVENUTO100" })).await.ok();
    let order = stranger.check_out(&cart).await.created();
    assert!(text(&order, "/number").ends_with("-000001"), "{order:#}");
    server.visitor().logged_in_as("reviewer@example.com").await.get("/v1/account").await.ok();
}

async fn a_live_shop_is_opened_from_the_command_line(engine: Engine) {
    let database = Database::create(engine);
    let provider = database.folder.path().join("provider.json");
    std::fs::write(&provider, include_str!("../../src/shop/provider.json")).expect("a file");
    let token_key = Tokens::generate_key().expect("a key");
    let negozio = |arguments: &[&str], more: &[(&str, &str)]| -> Output {
        Command::new(env!("CARGO_BIN_EXE_negozio"))
            .args(arguments)
            .env_clear()
            .env("DATABASE_URL", &database.url)
            .env("NEGOZIO_DATA_DIR", database.folder.path())
            .envs(more.iter().copied())
            .output()
            .expect("the command runs")
    };
    let said = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let token = STANDARD.encode(&token_key);
    let (master, provider_path) = (STANDARD.encode([7; 32]), provider.display().to_string());
    let live = [
        ("NEGOZIO_MODE", "live"),
        ("NEGOZIO_MASTER_KEY", master.as_str()),
        ("NEGOZIO_TOKEN_KEY", token.as_str()),
        ("NEGOZIO_SMTP_URL", "smtp://127.0.0.1:9"),
        ("NEGOZIO_PROVISIONING_URL", "http://127.0.0.1:9"),
        ("NEGOZIO_PROVISIONING_TOKEN", "token"),
        ("NEGOZIO_IBAN", "IT60X0542811101000000123456"),
        ("NEGOZIO_PUBLIC_URL", "https://shop.example.com"),
        ("NEGOZIO_PROVIDER_FILE", provider_path.as_str()),
        ("NEGOZIO_ADMINISTRATOR_PASSWORD", "una frase da amministratore"),
    ];
    let create =
        ["administrator", "create", "--email", "boss@example.com", "--first-name", "Ada", "--last-name", "Capo"];
    let too_early = negozio(&create, &live);
    assert!(!too_early.status.success() && said(&too_early).contains("negozio seed"), "{}", said(&too_early));
    let incomplete = negozio(&create, &live[..8]);
    assert!(said(&incomplete).contains("NEGOZIO_PROVIDER_FILE") || !incomplete.status.success());
    let seeded = negozio(&["seed"], &[]);
    assert!(seeded.status.success(), "{}", said(&seeded));
    let created = negozio(&create, &live);
    assert!(created.status.success(), "{}", said(&created));
    assert!(!negozio(&create, &live).status.success(), "the address is taken");

    let server = TestServer::start_on(database, make_live).await;
    let visitor = server.visitor();
    visitor.get("/v1/sandbox/mailbox?to=x@example.com").await.refused(404, "not_found");
    assert_eq!(items(&visitor.get("/v1/plans").await.ok()).len(), 4);
    visitor.post("/v1/accounts", registration("buyer@example.com")).await.created();
    let (passed, said) = journey(&["--url", &server.url], &[]).await;
    assert!(passed && said.contains("A live server") && !said.contains("── 6"), "{said}");
    let session = json!({ "email": "boss@example.com", "password": "una frase da amministratore" });
    let session = visitor.post("/v1/sessions", session).await.created();
    let boss = visitor.with("authorization", &format!("Bearer {}", text(&session, "/access_token")));
    boss.get("/v1/back-office/audit-log").await.ok();
    server.stop().await;
}

/// A registration whose head was answered when the server is told to stop, and whose body comes after it.
fn stops_gracefully(engine: Engine) {
    let database = Database::create(engine);
    let process = Process::start(&database);
    let body = registration("late@example.com").to_string();
    let mut connection = TcpStream::connect(process.address()).expect("it listens");
    let head = format!(
        "POST /v1/accounts HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\n\r\n",
        process.address(),
        body.len()
    );
    connection.write_all(head.as_bytes()).expect("it is taken");
    let mut go_on = [0; 25];
    connection.read_exact(&mut go_on).expect("the body is asked for");
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    process.tell_to_stop();
    let started = Instant::now();
    while TcpStream::connect(process.address()).is_ok() {
        assert!(started.elapsed() < Duration::from_secs(10), "others are still let in");
        sleep(Duration::from_millis(20));
    }
    connection.write_all(body.as_bytes()).expect("it is taken");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(process.has_ended_well());

    let again = Process::start(&database);
    actix_web::rt::System::new().block_on(async {
        again.visitor().post("/v1/accounts", registration("late@example.com")).await.refused(409, "email_taken");
    });
}

async fn a_worker_does_what_a_server_without_jobs_owes(engine: Engine) {
    let database = Database::create(engine);
    let server = Process::start_with(&database, &[("NEGOZIO_JOBS", "off")]);
    let visitor = server.visitor();
    let mails_to = |email: &'static str| {
        let visitor = visitor.clone();
        async move { items(&visitor.get(&format!("/v1/sandbox/mailbox?to={email}")).await.ok()) }
    };
    visitor.post("/v1/accounts", registration("owed@example.com")).await.created();
    // Ten times as long as a runner waits between two looks.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(mails_to("owed@example.com").await.is_empty(), "the server has no runner");
    let worker = Worker::start(&database, &server);
    let started = Instant::now();
    while mails_to("owed@example.com").await.is_empty() {
        assert!(started.elapsed() < Duration::from_secs(30), "the worker sends no mail");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mails = mails_to("owed@example.com").await;
    assert_eq!(mails.len(), 1, "{mails:#?}");
    assert!(text(&mails[0], "/text").contains(server.address()), "its links lead to the server: {mails:#?}");
    assert!(worker.ends_well_when_told());
    visitor.post("/v1/accounts", registration("later@example.com")).await.created();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(mails_to("later@example.com").await.is_empty(), "nobody is left to send it");
}

/// What `negozio journey` says, and whether it came to its end. The test's server answers it from this thread's runtime.
async fn journey(arguments: &[&str], environment: &[(&str, &str)]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_negozio"));
    command.arg("journey").args(arguments).env_clear().envs(environment.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output().expect("the command runs"));
    let output = output.await.expect("the command ends");
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.success(), said)
}

async fn the_journey_is_walked_from_the_command_line(server: &TestServer) {
    for _ in 0..2 {
        let (passed, said) = journey(&["--url", &server.url], &[]).await;
        assert!(passed && said.contains("25 steps, no surprise"), "{said}");
        assert!(!said.contains("una frase che ricordo"), "the password is printed");
    }
    let own = Database::create(server.engine);
    let (passed, said) = journey(&[], &[("DATABASE_URL", &own.url)]).await;
    assert!(passed && said.contains("25 steps, no surprise"), "{said}");
    let (passed, said) = journey(&["--url", "http://127.0.0.1:9"], &[]).await;
    assert!(!passed && said.contains("error:"), "{said}");
}

async fn codes_are_limited_by_account(engine: Engine) {
    let server = TestServer::start_on(Database::create(engine), |config| config.rate_limits = RateLimits::On).await;
    let activation = bought(&server, "limited@example.com").await;
    let path = format!("{}/otp-challenges", activation.path);
    let challenge = activation.caller.post(&path, json!({ "email": "limited@example.com" })).await;
    assert!(challenge.header("ratelimit").starts_with("\"otp-by-account\";r="), "{:?}", challenge.headers);
    server.wait_for_jobs().await.expect("the mail is sent");
    server.stop().await;
}
