//! What a server that is killed leaves behind: whatever it acknowledged is there and whole, a retry finishes what was
//! under way, and no coupon is over its limit (invariants 1, 2, 6 and 8 of the design).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;
use negozio::platform::ids::fresh_uuid;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::actors::{Caller, person_profile, plan_id_for, registration};
use crate::support::database::{Database, Engine};
use crate::support::expect::{Answer, items, text};
use crate::support::process::Process;
use crate::support::server::TestServer;
use crate::support::suite::Suite;

/// How often the server is killed.
const KILLS: usize = 4;
/// Who buys at once.
const BUYERS: usize = 12;
/// Fewer than there are purchases, so that the limit is reached.
const COUPON_USES: usize = 15;
/// Seconds after which what a dead process had begun may be taken over by a retry, and by the jobs.
const LEASES: i64 = 130;

/// Puts this module's tests on the list.
pub fn register(suite: &mut Suite) {
    suite.on_each_engine("crash::a_killed_server_keeps_what_it_acknowledged", |engine| {
        actix_web::rt::System::new().block_on(a_killed_server_keeps_what_it_acknowledged(engine));
    });
}

/// A checkout that was sent, and what came of it.
struct Attempt {
    buyer: usize,
    cart: String,
    key: String,
    /// The very bytes of the answer; none while nobody knows.
    answer: Option<Vec<u8>>,
    refused: bool,
    /// Whether the provider's notification was acknowledged.
    paid: bool,
}

impl Attempt {
    fn order(&self) -> Option<Value> {
        self.answer.as_ref().map(|bytes| serde_json::from_slice(bytes).expect("an order"))
    }
}

/// One buyer, as the server that now runs knows them.
struct Buyer {
    number: usize,
    caller: Caller,
    profile: String,
}

fn email_of(buyer: usize) -> String {
    format!("buyer-{buyer}@example.com")
}

async fn a_killed_server_keeps_what_it_acknowledged(engine: Engine) {
    let database = Database::create(engine);
    let attempts = RefCell::new(Vec::new());
    let mut process = Process::start(&database);
    let (plan, campaign) = open_shop(&process).await;
    let profiles = join_all((0..BUYERS).map(|number| register_buyer(&process, number))).await;
    for _ in 0..KILLS {
        let buyers = log_in(&process, &profiles).await;
        let milliseconds = 100 + u64::from(fresh_uuid().as_bytes()[15]) * 3;
        let buying = join_all(buyers.iter().map(|buyer| buy_until_it_dies(buyer, &plan, &attempts)));
        let ((), _) = futures_util::join!(kill_after(process, Duration::from_millis(milliseconds)), buying);
        process = Process::start(&database);
        process.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": LEASES })).await.ok();
        let buyers = log_in(&process, &profiles).await;
        for attempt in attempts.borrow_mut().iter_mut() {
            retry(&buyers[attempt.buyer].caller, attempt).await;
        }
    }
    process.kill();
    let attempts = attempts.into_inner();
    assert!(attempts.iter().filter(|attempt| attempt.answer.is_some()).count() > BUYERS, "too few purchases to tell");
    let server = TestServer::start_on(database, |_| {}).await;
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": LEASES })).await.ok();
    server.wait_for_jobs().await.expect("what was owed is sent");
    check(&server, &attempts, &campaign).await;
    server.stop().await;
}

async fn open_shop(process: &Process) -> (String, String) {
    let administrator = process.visitor().logged_in_as("admin@example.com").await;
    let campaign =
        json!({ "name": "crash", "kind": "percentage", "percent_basis_points": 5000, "max_uses": COUPON_USES });
    let campaign = text(&administrator.post("/v1/back-office/coupon-campaigns", campaign).await.created(), "/id");
    let path = format!("/v1/back-office/coupon-campaigns/{campaign}");
    administrator.post(&format!("{path}/codes"), json!({ "code": "CADUTA" })).await.created();
    (plan_id_for(&process.visitor(), "legalinvoice-pro").await, path)
}

/// Registers a buyer; the billing profile's identifier.
async fn register_buyer(process: &Process, number: usize) -> String {
    let registered = process.visitor().post("/v1/accounts", registration(&email_of(number))).await.created();
    let token = text(&registered, "/session/access_token");
    let caller = process.visitor().with("authorization", &format!("Bearer {token}"));
    text(&caller.post("/v1/billing-profiles", person_profile()).await.created(), "/id")
}

async fn log_in(process: &Process, profiles: &[String]) -> Vec<Buyer> {
    let log_in = |(number, profile): (usize, &String)| {
        let profile = profile.clone();
        async move {
            let login = json!({ "email": email_of(number), "password": "una frase che ricordo" });
            let session = process.visitor().post("/v1/sessions", login).await.created();
            let token = text(&session, "/access_token");
            Buyer { number, caller: process.visitor().with("authorization", &format!("Bearer {token}")), profile }
        }
    };
    join_all(profiles.iter().enumerate().map(log_in)).await
}

async fn kill_after(process: Process, delay: Duration) {
    tokio::time::sleep(delay).await;
    process.kill();
}

/// Buys one cart after the other; ends when the server answers no more.
async fn buy_until_it_dies(buyer: &Buyer, plan: &str, attempts: &RefCell<Vec<Attempt>>) {
    while buy(buyer, plan, attempts).await.is_ok() {}
}

async fn buy(buyer: &Buyer, plan: &str, attempts: &RefCell<Vec<Attempt>>) -> Result<(), reqwest::Error> {
    let caller = &buyer.caller;
    let wanted = json!({ "items": [{ "plan_id": plan, "quantity": 1 }] });
    let cart = caller.try_send(Method::POST, "/v1/carts", Some(wanted)).await?.created();
    let (id, token) = (text(&cart, "/id"), text(&cart, "/token"));
    let path = format!("/v1/carts/{id}");
    caller.with("x-cart-token", &token).try_send(Method::POST, &format!("{path}/claim"), Some(json!({}))).await?.ok();
    let put = |room: &str, body: Value| {
        let path = format!("{path}/{room}");
        async move { caller.try_send(Method::PUT, &path, Some(body)).await }
    };
    put("billing-profile", json!({ "billing_profile_id": buyer.profile })).await?.ok();
    put("payment-method", json!({ "method": "card" })).await?.ok();
    // Once the coupon is used up it is refused here, or a moment later at the checkout.
    put("coupon", json!({ "code": "CADUTA" })).await?;
    let index = attempts.borrow().len();
    let key = fresh_uuid().to_string();
    let (number, cart, answer) = (buyer.number, id.clone(), None);
    attempts.borrow_mut().push(Attempt { buyer: number, cart, key: key.clone(), answer, refused: false, paid: false });
    let answer = send_checkout(caller, &id, &key).await?;
    note(&mut attempts.borrow_mut()[index], answer);
    let order = attempts.borrow()[index].order();
    if let Some(order) = order {
        let payment = text(&order, "/payments/0/id");
        pay(caller, &payment).await?;
        attempts.borrow_mut()[index].paid = true;
    }
    Ok(())
}

async fn send_checkout(caller: &Caller, cart: &str, key: &str) -> Result<Answer, reqwest::Error> {
    let caller = caller.with("idempotency-key", key);
    caller.try_send(Method::POST, &format!("/v1/carts/{cart}/checkout"), Some(json!({}))).await
}

async fn pay(caller: &Caller, payment: &str) -> Result<(), reqwest::Error> {
    let path = format!("/v1/sandbox/payments/{payment}/outcome");
    caller.try_send(Method::POST, &path, Some(json!({ "outcome": "succeeded" }))).await?.ok();
    Ok(())
}

/// Keeps what a checkout answered: an order, or that the coupon has no uses left.
fn note(attempt: &mut Attempt, answer: Answer) {
    match answer.status {
        201 => attempt.answer = Some(answer.body),
        _ => {
            answer.refused(409, "coupon_exhausted");
            attempt.refused = true;
        }
    }
}

/// Sends a checkout again with its key: what was answered comes again byte for byte, what was not is finished.
async fn retry(caller: &Caller, attempt: &mut Attempt) {
    if attempt.refused {
        return;
    }
    let answer = send_checkout(caller, &attempt.cart, &attempt.key).await.expect("an answer");
    match &attempt.answer {
        Some(first) => assert_eq!(String::from_utf8_lossy(first), answer.with_status(201).text()),
        None => note(attempt, answer),
    }
}

async fn check(server: &TestServer, attempts: &[Attempt], campaign: &str) {
    let mut numbers = BTreeSet::new();
    let mut with_coupon = 0;
    let acknowledged: Vec<&Attempt> = attempts.iter().filter(|attempt| attempt.answer.is_some()).collect();
    for buyer in 0..BUYERS {
        let login = json!({ "email": email_of(buyer), "password": "una frase che ricordo" });
        let session = server.visitor().post("/v1/sessions", login).await.created();
        let token = text(&session, "/access_token");
        let caller = server.visitor().with("authorization", &format!("Bearer {token}"));
        let orders = all_orders(&caller).await;
        let own: Vec<&&Attempt> = acknowledged.iter().filter(|attempt| attempt.buyer == buyer).collect();
        assert_eq!(orders.len(), own.len(), "one order a cart");
        for attempt in own {
            let placed = attempt.order().expect("an order");
            let order = orders.get(&text(&placed, "/id")).unwrap_or_else(|| panic!("{placed:#} is lost"));
            check_order(&placed, order, attempt.paid);
        }
        for order in orders.values() {
            numbers.insert(text(order, "/number"));
            with_coupon += usize::from(!order["coupon"].is_null());
            check_mails(server, buyer, order).await;
        }
    }
    let last = numbers.last().and_then(|number| number.split('-').nth(1)?.parse().ok());
    assert_eq!(last, Some(numbers.len()), "the numbers have a gap: {numbers:?}");
    assert_eq!(numbers.len(), acknowledged.len());
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    assert_eq!(administrator.get(campaign).await.ok()["used"], with_coupon);
    assert!(with_coupon <= COUPON_USES, "{with_coupon} uses of {COUPON_USES}");
}

async fn all_orders(caller: &Caller) -> BTreeMap<String, Value> {
    let mut orders = BTreeMap::new();
    let mut path = "/v1/orders?limit=100".to_owned();
    loop {
        let page = caller.get(&path).await.ok();
        orders.extend(items(&page).into_iter().map(|order| (text(&order, "/id"), order)));
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/orders?limit=100&cursor={cursor}"),
            None => return orders,
        }
    }
}

/// An order that was answered is there as it was, and a payment that was acknowledged has confirmed it.
fn check_order(placed: &Value, order: &Value, paid: bool) {
    for part in ["number", "lines", "totals", "coupon", "billing_profile", "placed_at"] {
        assert_eq!(placed[part], order[part], "{part} of {}", placed["id"]);
    }
    let (status, payment) = (&order["status"], &order["payments"][0]);
    assert!(!paid || status == "confirmed", "{order:#}");
    let is_confirmed = status == "confirmed";
    assert_eq!(payment["status"] == "succeeded", is_confirmed, "{order:#}");
    let activations = order["activation_requests"].as_array().map(Vec::len);
    assert_eq!(activations, Some(usize::from(is_confirmed)), "{order:#}");
}

/// Invariant 10: the mail exists if and only if what it tells is so; it is sent once here, for no job died half way or
/// its mail was found in the mailbox when it was done again.
async fn check_mails(server: &TestServer, buyer: usize, order: &Value) {
    let number = text(order, "/number");
    let path = format!("/v1/sandbox/mailbox?limit=100&to={}", email_of(buyer));
    let mails = items(&server.visitor().get(&path).await.ok());
    let about = |what: &str| {
        let subject = format!("Ordine {number} {what}");
        mails.iter().filter(|mail| text(mail, "/subject").starts_with(&subject)).count()
    };
    assert_eq!(about("ricevuto"), 1, "{number}");
    assert_eq!(about("confermato"), usize::from(order["status"] == "confirmed"), "{number}");
}
