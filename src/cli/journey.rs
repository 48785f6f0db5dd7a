//! `negozio journey`: walks the customer's journey over HTTP, step by step as the design tells it, printing each request and
//! answer: the demo, the smoke test after a deployment, and the documentation in one.

mod client;

use std::path::Path;

use clap::{Args, Parser};
use serde_json::{Value, json};

use self::client::{Client, Surprise, expect_value, text};
use crate::app::{Server, block_on};
use crate::platform::config::{Config, Mode};
use crate::platform::crypto::sha256;
use crate::platform::db::DatabaseUrl;
use crate::platform::ids::fresh_uuid;

const COUPON: &str = "BENVENUTO100";
const PASSWORD: &str = "una frase che ricordo";
const REVIEWER: (&str, &str) = ("reviewer@example.com", crate::customers::accounts::demo::PASSWORD);

/// Where to walk.
#[derive(Args)]
pub struct Arguments {
    /// A running server. On a live one the journey stops after step 5. Default: a sandbox of its own, thrown away afterwards.
    #[arg(long)]
    url: Option<String>,
    /// The database of the journey's own sandbox. Default: a SQLite file that is thrown away.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<DatabaseUrl>,
}

/// Walks the journey.
pub fn run(arguments: Arguments) -> Result<(), String> {
    block_on(async move {
        match arguments.url {
            Some(url) => walk(&url).await,
            None => walk_own_sandbox(arguments.database_url).await,
        }
    })
}

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    config: Config,
}

async fn walk_own_sandbox(database: Option<DatabaseUrl>) -> Result<(), String> {
    let folder = std::env::temp_dir().join(format!("negozio-journey-{}", fresh_uuid().simple()));
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let outcome = match own_sandbox(&folder, database).await {
        Ok(server) => {
            let outcome = walk(&server.platform().public_url.clone()).await;
            server.stop().await;
            outcome
        }
        Err(error) => Err(error),
    };
    let removed = std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()));
    outcome.and(removed)
}

/// A sandbox on a free port whose files, and database unless one is named, lie in a folder of their own.
async fn own_sandbox(folder: &Path, database: Option<DatabaseUrl>) -> Result<Server, String> {
    let mut config = Settings::try_parse_from(["negozio"])
        .map_err(|error| super::without_secrets::<Settings>(error).to_string())?
        .config;
    config.database_url = match database {
        Some(database) => database,
        None => format!("sqlite://{}", folder.join("negozio.db").display()).parse()?,
    };
    config.mode = Mode::Sandbox;
    config.data_dir = folder.to_path_buf();
    config.bind = ([127, 0, 0, 1], 0).into();
    (config.public_url, config.client_url) = (None, None);
    (config.smtp_url, config.provisioning_url, config.provisioning_token) = (None, None, None);
    Server::start(config).await
}

fn step(number: &str, title: &str) {
    println!("\n── {number} · {title} {}", "─".repeat(80_usize.saturating_sub(title.chars().count() + number.len())));
}

async fn walk(url: &str) -> Result<(), Surprise> {
    let visitor = Client::new(url)?;
    let cart = fill_cart(&visitor).await?;
    if visitor.get("/v1/sandbox/mailbox?to=nobody@example.com").await?.status == 404 {
        println!("\nA live server: the journey ends here, before anything is written in anybody's name.");
        return Ok(());
    }
    let customer = Customer::register(&visitor, &cart).await?;
    let request = customer.buy(&cart).await?;
    customer.prove_address(&request).await?;
    customer.give_data(&request).await?;
    customer.agree_to_contracts(&request).await?;
    review(&visitor, &request).await?;
    customer.use_service(&request).await?;
    println!("\nThe journey is complete: 25 steps, no surprise.");
    Ok(())
}

/// An open cart.
struct Cart {
    path: String,
    token: String,
}

/// Steps 1 to 5: what a visitor does.
async fn fill_cart(visitor: &Client) -> Result<Cart, Surprise> {
    step("1", "compare the plans");
    let plans = visitor.get("/v1/plans").await?.expect(200)?;
    visitor.get("/v1/plan-comparison").await?.expect(200)?;
    step("2", "several companies? the plans for them");
    visitor.get("/v1/plans?audience=multi_company").await?.expect(200)?;
    let plan = visitor.get(&format!("/v1/plans/{}", text(&plans, "/items/0/slug")?)).await?.expect(200)?;
    step("3", "buy now: a cart with that plan");
    let items = json!({ "items": [{ "plan_id": text(&plan, "/id")?, "quantity": 1 }] });
    let cart = visitor.post("/v1/carts", items).await?.expect(201)?;
    expect_value(&cart, "/totals/gross", &plan["price"]["gross"])?;
    let (id, token) = (text(&cart, "/id")?, text(&cart, "/token")?);
    let holder = visitor.anonymous().with_cart(&token);
    let path = format!("/v1/carts/{id}");
    step("4", "apply a coupon code");
    let coupon = holder.put(&format!("{path}/coupon"), json!({ "code": COUPON })).await?;
    match coupon.status {
        400..500 => println!("\n  This server has no coupon {COUPON}."),
        _ => expect_value(&coupon.expect(200)?, "/totals/due/amount", &json!(0))?,
    }
    step("5", "the cart, and what it still needs");
    let cart = holder.get(&path).await?.expect(200)?;
    if !cart["missing"].as_array().is_some_and(|missing| missing.contains(&json!("account"))) {
        return Err(format!("an anonymous cart does not ask for an account: {}", cart["missing"]));
    }
    Ok(Cart { path, token })
}

async fn log_in(visitor: &Client, (email, password): (&str, &str)) -> Result<Client, Surprise> {
    let session = visitor.post("/v1/sessions", json!({ "email": email, "password": password })).await?.expect(201)?;
    Ok(visitor.logged_in(&text(&session, "/access_token")?))
}

/// The customer whose journey this is.
struct Customer {
    client: Client,
    email: String,
    person: Value,
}

impl Customer {
    /// Steps 6 to 8.
    async fn register(visitor: &Client, cart: &Cart) -> Result<Self, Surprise> {
        let person = visitor.get("/v1/sandbox/specimens/person").await?.expect(200)?;
        let documents = visitor.get("/v1/consent-documents").await?.expect(200)?;
        let version = |purpose: &str| -> Result<String, Surprise> {
            let found =
                documents["items"].as_array().into_iter().flatten().find(|document| document["purpose"] == purpose);
            text(found.ok_or_else(|| format!("no consent document for {purpose}"))?, "/version")
        };
        let email = format!("journey-{}@example.com", fresh_uuid().simple());
        let mut registration = json!({
            "email": email, "password": PASSWORD,
            "first_name": person["first_name"], "last_name": person["last_name"],
            "consents": { "terms_version": version("terms")?, "privacy_notice_version": version("privacy_notice")? },
        });
        step("6", "create the account");
        visitor.post("/v1/accounts", registration.clone()).await?.with_status(422)?;
        step("7", "a choice on marketing must be made");
        registration["consents"]["marketing"] = json!("denied");
        let registered = visitor.post("/v1/accounts", registration).await?.expect(201)?;
        let client = visitor.logged_in(&text(&registered, "/session/access_token")?).with_cart(&cart.token);
        client.get("/v1/account/consents").await?.expect(200)?;
        step("8", "back in the shop: the cart is the account's");
        client.post(&format!("{}/claim", cart.path), json!({})).await?.expect(200)?;
        Ok(Self { client, email, person })
    }

    /// Steps 9 to 12; answers the path of the activation request.
    async fn buy(&self, cart: &Cart) -> Result<String, Surprise> {
        step("9", "payment methods: none is needed at zero");
        self.client.get(&format!("{}/payment-methods", cart.path)).await?.expect(200)?;
        step("10", "a billing profile");
        let profile = json!({
            "kind": "person", "first_name": self.person["first_name"], "last_name": self.person["last_name"],
            "codice_fiscale": self.person["codice_fiscale"], "address": address(),
        });
        let profile = self.client.post("/v1/billing-profiles", profile).await?.expect(201)?;
        let chosen = json!({ "billing_profile_id": text(&profile, "/id")? });
        let ready = self.client.put(&format!("{}/billing-profile", cart.path), chosen).await?.expect(200)?;
        expect_value(&ready, "/missing", &json!([]))?;
        step("11", "purchase");
        let order = self.client.post(&format!("{}/checkout", cart.path), json!({})).await?.expect(201)?;
        expect_value(&order, "/status", &json!("confirmed"))?;
        step("12", "an e-mail with the instructions");
        self.mail(|mail| mentions(mail, "/text", "/activation/areq_")).await?;
        Ok(format!("/v1/activation-requests/{}", text(&order, "/activation_requests/0/id")?))
    }

    /// Steps 13 and 14.
    async fn prove_address(&self, request: &str) -> Result<(), Surprise> {
        step("13", "choose the address that will get the code");
        let options = self.client.get(&format!("{request}/email-options")).await?.expect(200)?;
        let chosen = json!({ "email": text(&options, "/items/0/email")? });
        let challenge = self.client.post(&format!("{request}/otp-challenges"), chosen).await?.expect(201)?;
        let mail = self.mail(|mail| mail["otp"].is_string()).await?;
        step("14", "type the code");
        let path = format!("/v1/otp-challenges/{}/verification", text(&challenge, "/id")?);
        let verified = self.client.post(&path, json!({ "code": text(&mail, "/otp")? })).await?.expect(200)?;
        expect_value(&verified, "/status", &json!("verified"))
    }

    /// Steps 15 to 18.
    async fn give_data(&self, request: &str) -> Result<(), Surprise> {
        step("15", "types of holder");
        self.client.get("/v1/holder-types").await?.expect(200)?;
        step("16", "the holder of the service");
        let holder = json!({
            "holder_type": "person", "first_name": self.person["first_name"], "last_name": self.person["last_name"],
            "codice_fiscale": self.person["codice_fiscale"], "address": address(),
        });
        self.client.put(&format!("{request}/holder"), holder).await?.expect(200)?;
        step("17", "the person who applies");
        let mut applicant = self.person.clone();
        applicant["role"] = json!("holder");
        self.client.put(&format!("{request}/applicant"), applicant).await?.expect(200)?;
        step("18", "the identity document");
        self.client.get("/v1/identity-document-guidelines").await?.expect(200)?;
        let picture = self.client.get("/v1/sandbox/specimens/identity-card").await?.with_status(200)?.body;
        let fields = [
            ("kind", "identity_card"),
            ("number", "CA12345AB"),
            ("issued_on", "2022-05-10"),
            ("expires_on", "2032-12-10"),
        ];
        let fields = fields.map(|(name, value)| (name, value.to_owned()));
        let files = vec![("front", picture.clone()), ("back", picture)];
        let document =
            self.client.upload(&format!("{request}/identity-documents"), &fields, files).await?.expect(201)?;
        expect_value(&document, "/status", &json!("pending_review"))
    }

    /// Steps 19 and 20.
    async fn agree_to_contracts(&self, request: &str) -> Result<(), Surprise> {
        step("19", "consult and download the contract documents");
        let contracts = self.client.get(&format!("{request}/contracts")).await?.expect(200)?;
        let contracts = contracts["items"].as_array().cloned().unwrap_or_default();
        for contract in &contracts {
            let pdf =
                self.client.get(&format!("/v1/contracts/{}/pdf", text(contract, "/id")?)).await?.with_status(200)?;
            if hex::encode(sha256(&pdf.body)) != text(contract, "/document_sha256")? {
                return Err(format!("the hash of {} is not the hash of its bytes", contract["kind"]));
            }
        }
        step("20", "accept the conditions and, apart, the onerous clauses; hand the request in");
        for contract in &contracts {
            self.agree_to(contract).await?;
        }
        let submitted = self.client.post(&format!("{request}/submission"), json!({})).await?.expect(200)?;
        expect_value(&submitted, "/status", &json!("in_review"))
    }

    async fn agree_to(&self, contract: &Value) -> Result<(), Surprise> {
        let path = format!("/v1/contracts/{}", text(contract, "/id")?);
        let hash = text(contract, "/document_sha256")?;
        self.client.post(&format!("{path}/acceptance"), json!({ "document_sha256": hash })).await?.expect(200)?;
        let clauses: Vec<&Value> =
            contract["onerous_clauses"].as_array().into_iter().flatten().map(|clause| &clause["id"]).collect();
        if !clauses.is_empty() {
            let approval = json!({ "document_sha256": hash, "clause_ids": clauses });
            self.client.post(&format!("{path}/specific-approval"), approval).await?.expect(200)?;
        }
        Ok(())
    }

    /// Steps 22 to 25.
    async fn use_service(&self, request: &str) -> Result<(), Surprise> {
        step("22", "follow the request");
        self.client.get(&format!("{request}/timeline")).await?.expect(200)?;
        step("23", "a mail confirms the check");
        self.mail(|mail| mentions(mail, "/subject", "Verifica superata")).await?;
        step("24", "a mail tells that the service is active");
        self.client.get_until(request, |request| request["status"] == "active").await?;
        self.mail(|mail| mentions(mail, "/subject", "è attivo")).await?;
        step("25", "open Legalinvoice");
        let access = self.client.get(&format!("{request}/service-access")).await?.expect(200)?;
        let order = self.client.get("/v1/orders").await?.expect(200)?;
        expect_value(&order, "/items/0/status", &json!("active"))?;
        println!("\n  The service is used at {}", text(&access, "/access_url")?);
        Ok(())
    }

    /// Waits for a mail.
    async fn mail(&self, is_wanted: impl Fn(&Value) -> bool) -> Result<Value, Surprise> {
        let find =
            |mailbox: &Value| mailbox["items"].as_array().into_iter().flatten().find(|mail| is_wanted(mail)).cloned();
        let path = format!("/v1/sandbox/mailbox?to={}", self.email);
        let mailbox = self.client.get_until(&path, |mailbox| find(mailbox).is_some()).await?;
        find(&mailbox).ok_or_else(|| "no such mail".to_owned())
    }
}

/// Step 21: what the back office does while the customer waits.
async fn review(visitor: &Client, request: &str) -> Result<(), Surprise> {
    step("21", "the request is in review: the back office checks it");
    let reviewer = log_in(visitor, REVIEWER).await?;
    let path = request.replace("/v1/", "/v1/back-office/");
    reviewer.get("/v1/back-office/activation-requests?status=in_review").await?.expect(200)?;
    reviewer.get(&path).await?.expect(200)?;
    reviewer.post(&format!("{path}/claim"), json!({})).await?.expect(200)?;
    let decision = json!({ "outcome": "approve", "reasons": [], "message": "Tutto in ordine." });
    let decided = reviewer.post(&format!("{path}/decision"), decision).await?.expect(200)?;
    expect_value(&decided, "/status", &json!("approved"))
}

fn mentions(mail: &Value, pointer: &str, words: &str) -> bool {
    mail.pointer(pointer).and_then(Value::as_str).is_some_and(|text| text.contains(words))
}

fn address() -> Value {
    json!({ "street": "Via Roma 1", "postal_code": "20121", "municipality": "Milano", "province": "MI" })
}
