//! Purchases at zero: cart, coupon, claim, billing profile, checkout.

use std::collections::HashSet;
use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::catalogue::plan_list;
use super::figures::{Goal, Latencies};
use super::http::Connection;
use super::process::ServerProcess;

/// Customers that buy at once.
const CLIENTS: usize = 32;
/// An account may hold 200 billing profiles, and each purchase makes one; so a client has several accounts.
const ACCOUNTS: usize = 4;
const PURCHASES_AN_ACCOUNT: usize = 190;
const WARM_UP: Duration = Duration::from_secs(2);
const ROUND: Duration = Duration::from_secs(10);
const ROUND_WITH_REGISTRATION: Duration = Duration::from_secs(5);
/// How long the mails of all purchases may take.
const MAILS: Duration = Duration::from_secs(60);
const STEPS: [&str; 6] = ["cart", "coupon", "claim", "billing profile", "choice of it", "checkout"];

/// One customer's purchases.
#[derive(Default)]
struct Bought {
    order_numbers: Vec<String>,
    whole: Latencies,
    steps: [Latencies; STEPS.len()],
}

impl Bought {
    fn merge(&mut self, other: Self) {
        self.order_numbers.extend(other.order_numbers);
        self.whole.merge(other.whole);
        for (step, others) in self.steps.iter_mut().zip(other.steps) {
            step.merge(others);
        }
    }
}

/// Somebody who goes on buying.
struct Buyer {
    index: usize,
    /// What each account sends as `Authorization`; without accounts, one is registered for each purchase.
    bearers: Vec<String>,
    purchases: usize,
}

/// A buyer's connection.
struct Client {
    connection: Connection,
    plan: String,
}

impl Client {
    async fn open(address: SocketAddr, plan: String) -> Result<Self, String> {
        Ok(Self { connection: Connection::open(address).await?, plan })
    }

    async fn call(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
        expected: u16,
    ) -> Result<Value, String> {
        let answer = self.connection.send(method, path, headers, body.as_ref()).await?;
        answer.json(expected, &format!("{method} {path}"))
    }

    /// Registers an account and answers its `Authorization`.
    async fn register(&mut self, name: &str) -> Result<String, String> {
        let body = json!({
            "email": format!("load-{name}@example.com"),
            "password": "una frase che ricordo", "first_name": "Mario", "last_name": "Rossi",
            "consents": { "terms_version": "2026-01", "privacy_notice_version": "2026-01", "marketing": "denied" },
        });
        let registered = self.call("POST", "/v1/accounts", &[], Some(body), 201).await?;
        Ok(format!("Bearer {}", text(&registered, "/session/access_token")?))
    }

    /// Buys one plan with the coupon that takes everything off.
    async fn buy(&mut self, bearer: &str, bought: &mut Bought) -> Result<(), String> {
        let begun = Instant::now();
        let mut steps = bought.steps.iter_mut();
        let mut last = begun;
        let mut step_done = || {
            if let Some(step) = steps.next() {
                step.add(last.elapsed());
            }
            last = Instant::now();
        };
        let items = json!({ "items": [{ "plan_id": self.plan, "quantity": 1 }] });
        let cart = self.call("POST", "/v1/carts", &[], Some(items), 201).await?;
        let (path, token) = (format!("/v1/carts/{}", text(&cart, "/id")?), text(&cart, "/token")?.to_owned());
        step_done();
        let by_token = [("x-cart-token", token.as_str())];
        let coupon = json!({ "code": "BENVENUTO100" });
        let priced = self.call("PUT", &format!("{path}/coupon"), &by_token, Some(coupon), 200).await?;
        if priced["totals"]["due"]["amount"] != 0 {
            return Err(format!("the coupon leaves something due: {priced}"));
        }
        step_done();
        let by_both = [("x-cart-token", token.as_str()), ("authorization", bearer)];
        self.call("POST", &format!("{path}/claim"), &by_both, None, 200).await?;
        step_done();
        let by_account = [("authorization", bearer)];
        let profile = self.call("POST", "/v1/billing-profiles", &by_account, Some(billing_profile()), 201).await?;
        let profile = json!({ "billing_profile_id": text(&profile, "/id")? });
        step_done();
        self.call("PUT", &format!("{path}/billing-profile"), &by_account, Some(profile), 200).await?;
        step_done();
        let once = [("authorization", bearer), ("idempotency-key", path.as_str())];
        let order = self.call("POST", &format!("{path}/checkout"), &once, Some(json!({})), 201).await?;
        step_done();
        if order["status"] != "confirmed" {
            return Err(format!("the order is not confirmed: {order}"));
        }
        bought.whole.add(begun.elapsed());
        bought.order_numbers.push(text(&order, "/number")?.to_owned());
        Ok(())
    }
}

fn billing_profile() -> Value {
    json!({
        "kind": "person", "first_name": "Mario", "last_name": "Rossi", "codice_fiscale": "RSSMRA85T10A562S",
        "address": { "street": "Via Roma 1", "postal_code": "20121", "municipality": "Milano", "province": "MI" },
    })
}

fn text<'a>(value: &'a Value, pointer: &str) -> Result<&'a str, String> {
    value.pointer(pointer).and_then(Value::as_str).ok_or_else(|| format!("no text at {pointer} in {value}"))
}

/// Buys with accounts that are there already, then with an account registered for each purchase.
pub async fn buy(negozio: &ServerProcess, folder: &Path) -> Result<Goal, String> {
    let plans = plan_list(negozio.address).await?.json(200, "GET /v1/plans")?;
    let plan = text(&plans, "/items/0/id")?;
    let mut buyers = register_all(negozio.address, plan).await?;
    let flushes = flushes_a_second(folder)?;
    let mut all = run(&mut buyers, negozio.address, plan, WARM_UP).await?;
    let cpu = negozio.cpu()?;
    let started = Instant::now();
    let bought = run(&mut buyers, negozio.address, plan, ROUND).await?;
    let per_second = bought.whole.count() as f64 / started.elapsed().as_secs_f64();
    let cpu = negozio.cpu()?.saturating_sub(cpu).as_secs_f64() * 1e3 / bought.whole.count() as f64;
    let mails = wait_for_mails(negozio, all.order_numbers.len() + bought.order_numbers.len()).await?;
    buyers.iter_mut().for_each(|buyer| buyer.bearers.clear());
    let started = Instant::now();
    let registered = run(&mut buyers, negozio.address, plan, ROUND_WITH_REGISTRATION).await?;
    let with_registration = registered.whole.count() as f64 / started.elapsed().as_secs_f64();
    print(&bought, &registered);
    println!("\nThe mails of all purchases were delivered {mails:.1} s after the last one.");
    let measured = format!(
        "{per_second:.0} a second, {} ({cpu:.1} ms of the server's CPU each); with a registration each, {with_registration:.0} a second",
        bought.whole.summary()
    );
    all.merge(bought);
    all.merge(registered);
    refuse_repeated_numbers(&all.order_numbers)?;
    Ok(Goal {
        goal: "purchases at zero by 32 clients on SQLite at FULL ≥ 100 a second",
        measured,
        yardstick: format!(
            "{flushes:.0} flushes of 4 KiB a second by one writer on the same disk: {:.2} purchases a flush",
            per_second / flushes
        ),
        holds: per_second >= 100.0,
    })
}

/// The buyers, each with accounts.
async fn register_all(address: SocketAddr, plan: &str) -> Result<Vec<Buyer>, String> {
    let mut registering = JoinSet::new();
    for index in 0..CLIENTS {
        let plan = plan.to_owned();
        registering.spawn(async move {
            let mut client = Client::open(address, plan).await?;
            let mut bearers = Vec::new();
            for account in 0..ACCOUNTS {
                bearers.push(client.register(&format!("{index}-{account}")).await?);
            }
            Ok(Buyer { index, bearers, purchases: 0 })
        });
    }
    registering.join_all().await.into_iter().collect()
}

/// Lets all buy for a while.
async fn run(buyers: &mut Vec<Buyer>, address: SocketAddr, plan: &str, round: Duration) -> Result<Bought, String> {
    let mut buying = JoinSet::new();
    let until = Instant::now() + round;
    for mut buyer in std::mem::take(buyers) {
        let plan = plan.to_owned();
        buying.spawn(async move {
            let mut client = Client::open(address, plan).await?;
            let mut bought = Bought::default();
            while Instant::now() < until {
                let bearer = if buyer.bearers.is_empty() {
                    client.register(&format!("{}-fresh-{}", buyer.index, buyer.purchases)).await?
                } else {
                    let account = buyer.bearers.get(buyer.purchases / PURCHASES_AN_ACCOUNT);
                    account.ok_or("too fast for the accounts that were made")?.clone()
                };
                buyer.purchases += 1;
                client.buy(&bearer, &mut bought).await?;
            }
            Ok::<_, String>((buyer, bought))
        });
    }
    let mut all = Bought::default();
    for done in buying.join_all().await {
        let (buyer, bought) = done?;
        buyers.push(buyer);
        all.merge(bought);
    }
    Ok(all)
}

fn print(bought: &Bought, registered: &Bought) {
    println!("\n## Purchases at zero, {CLIENTS} clients\n");
    println!("| step | p50 / p99 | p50 / p99 with registrations |\n|---|---|---|");
    for (index, name) in STEPS.iter().enumerate() {
        println!("| {name} | {} | {} |", bought.steps[index].summary(), registered.steps[index].summary());
    }
    println!("| the six together | {} | {} |", bought.whole.summary(), registered.whole.summary());
}

/// One order a purchase, each with a number of its own.
fn refuse_repeated_numbers(numbers: &[String]) -> Result<(), String> {
    let distinct: HashSet<&String> = numbers.iter().collect();
    if distinct.len() == numbers.len() { Ok(()) } else { Err("two orders have the same number".to_owned()) }
}

/// Waits until the mail of each purchase is sent; answers how many seconds that took.
async fn wait_for_mails(negozio: &ServerProcess, purchases: usize) -> Result<f64, String> {
    let mut connection = Connection::open(negozio.address).await?;
    let waiting = Instant::now();
    while waiting.elapsed() < MAILS {
        let answer = connection.send("GET", "/metrics", &[], None).await?;
        let metrics = String::from_utf8_lossy(&answer.body).into_owned();
        let counters = metrics.lines().filter(|line| line.starts_with("jobs_total") && line.contains("order_mail"));
        let mut done = 0;
        for line in counters {
            if line.contains("failed") {
                return Err(format!("a mail has failed: {line}"));
            }
            done = line.rsplit(' ').next().and_then(|count| count.parse().ok()).unwrap_or(0);
        }
        if done >= purchases {
            return Ok(waiting.elapsed().as_secs_f64());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err("the mails are not sent".to_owned())
}

/// How often a second the disk takes 4 KiB and says that they are safe: what one commit a purchase's step would cost.
fn flushes_a_second(folder: &Path) -> Result<f64, String> {
    let written = || -> std::io::Result<f64> {
        let mut file = File::create(folder.join("flushes"))?;
        let (started, mut count) = (Instant::now(), 0);
        while started.elapsed() < Duration::from_secs(1) {
            file.write_all(&[7; 4096])?;
            file.sync_data()?;
            count += 1;
        }
        Ok(f64::from(count) / started.elapsed().as_secs_f64())
    };
    written().map_err(|error| error.to_string())
}
