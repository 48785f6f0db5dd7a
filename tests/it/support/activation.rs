//! How far an activation request can be brought, each step through the public API.

use negozio_pictures::specimen::{PhotoClass, photograph};
use serde_json::{Value, json};

use super::actors::{Caller, customer, person_profile, ready_cart_of};
use super::expect::{items, text};
use super::server::TestServer;

/// A customer and their activation request.
pub struct Activation {
    pub caller: Caller,
    /// `/v1/activation-requests/{id}`.
    pub path: String,
    pub id: String,
    pub email: String,
}

/// Buys, and answers the activation request that the order led to.
pub async fn bought(server: &TestServer, email: &str) -> Activation {
    let caller = customer(server, email).await;
    bought_by(server, caller, email).await
}

/// As [`bought`], by somebody who has an account.
pub async fn bought_by(server: &TestServer, caller: Caller, email: &str) -> Activation {
    bought_plan(server, caller, email, "legalinvoice-pro").await
}

/// The same, of another plan.
pub async fn bought_plan(server: &TestServer, caller: Caller, email: &str, slug: &str) -> Activation {
    let cart = ready_cart_of(server, &caller, person_profile(), slug).await;
    caller.put(&format!("/v1/carts/{cart}/coupon"), json!({ "code": "BENVENUTO100" })).await.ok();
    let order = caller.check_out(&cart).await.created();
    let id = text(&order, "/activation_requests/0/id");
    Activation { caller, path: format!("/v1/activation-requests/{id}"), id, email: email.to_owned() }
}

impl Activation {
    /// The request as it stands.
    pub async fn view(&self) -> Value {
        self.caller.get(&self.path).await.ok()
    }

    /// Has a code sent, and answers the challenge's path and the code from the mailbox.
    pub async fn code(&self, server: &TestServer) -> (String, String) {
        let challenges = format!("{}/otp-challenges", self.path);
        let challenge = self.caller.post(&challenges, json!({ "email": self.email })).await.created();
        assert!(!challenge.to_string().contains(&self.email), "the destination is masked");
        server.wait_for_jobs().await.expect("the mail is sent");
        let mails = mails(server, &self.email).await;
        let otp = mails.iter().find_map(|mail| mail["otp"].as_str()).expect("a code").to_owned();
        (format!("/v1/otp-challenges/{}", text(&challenge, "/id")), otp)
    }

    /// Proves the address.
    pub async fn verified(self, server: &TestServer) -> Self {
        let (challenge, otp) = self.code(server).await;
        self.caller.post(&format!("{challenge}/verification"), json!({ "code": otp })).await.ok();
        self
    }

    /// Saves somebody as holder and applicant.
    pub async fn save_person(&self, person: &Value) {
        self.caller.put(&format!("{}/holder", self.path), holder(person)).await.ok();
        self.caller.put(&format!("{}/applicant", self.path), applicant(person)).await.ok();
    }

    /// Uploads a picture of a passport.
    pub async fn upload(&self, picture: Vec<u8>) -> Value {
        let fields =
            [("kind", "passport"), ("number", "YA1234567"), ("issued_on", "2020-01-01"), ("expires_on", "2035-01-01")];
        self.caller.upload(&format!("{}/identity-documents", self.path), &fields, picture).await.created()
    }

    /// Gives the data of a fresh person and a good picture.
    pub async fn collected(self, server: &TestServer) -> Self {
        let activation = self.verified(server).await;
        let person = server.visitor().get("/v1/sandbox/specimens/person").await.ok();
        activation.save_person(&person).await;
        activation.upload(photograph(PhotoClass::White, 1)).await;
        activation
    }

    /// The contract documents.
    pub async fn contracts(&self) -> Vec<Value> {
        items(&self.caller.get(&format!("{}/contracts", self.path)).await.ok())
    }

    /// Downloads, accepts and, where there are onerous clauses, approves a document.
    pub async fn agree_to(&self, contract: &Value) {
        let path = format!("/v1/contracts/{}", text(contract, "/id"));
        self.caller.get(&format!("{path}/pdf")).await.with_status(200);
        let hash = text(contract, "/document_sha256");
        self.caller.post(&format!("{path}/acceptance"), json!({ "document_sha256": hash })).await.ok();
        let clauses = clause_ids(contract);
        if !clauses.is_empty() {
            let approval = json!({ "document_sha256": hash, "clause_ids": clauses });
            self.caller.post(&format!("{path}/specific-approval"), approval).await.ok();
        }
    }

    /// Agrees to all documents.
    pub async fn agreed(self, server: &TestServer) -> Self {
        let activation = self.collected(server).await;
        for contract in activation.contracts().await {
            activation.agree_to(&contract).await;
        }
        activation
    }

    /// Hands the request in.
    pub async fn submit(&self) -> Value {
        self.caller.post(&format!("{}/submission", self.path), json!({})).await.ok()
    }

    /// Brings a request that was bought to the review.
    pub async fn submitted(self, server: &TestServer) -> Self {
        let activation = self.agreed(server).await;
        assert_eq!(activation.submit().await["status"], "in_review");
        activation
    }

    /// The path under which the back office works on it.
    pub fn review_path(&self) -> String {
        format!("/v1/back-office/activation-requests/{}", self.id)
    }

    /// Decides as a reviewer.
    pub async fn decide(&self, reviewer: &Caller, outcome: &str, reasons: Value) -> super::expect::Answer {
        let decision = json!({ "outcome": outcome, "reasons": reasons, "message": "un messaggio" });
        reviewer.post(&format!("{}/decision", self.review_path()), decision).await
    }
}

/// The names of a contract's onerous clauses.
pub fn clause_ids(contract: &Value) -> Vec<String> {
    contract["onerous_clauses"].as_array().into_iter().flatten().map(|clause| text(clause, "/id")).collect()
}

/// The mails to somebody, newest first.
pub async fn mails(server: &TestServer, email: &str) -> Vec<Value> {
    items(&server.visitor().get(&format!("/v1/sandbox/mailbox?to={email}")).await.ok())
}

/// An address in Milan.
pub fn address() -> Value {
    json!({ "street": "Via Roma 1", "postal_code": "20121", "municipality": "Milano", "province": "MI" })
}

/// A person as a holder.
pub fn holder(person: &Value) -> Value {
    json!({
        "holder_type": "person", "first_name": person["first_name"], "last_name": person["last_name"],
        "codice_fiscale": person["codice_fiscale"], "address": address(),
    })
}

/// A person as an applicant for themselves.
pub fn applicant(person: &Value) -> Value {
    let mut applicant = person.clone();
    applicant["role"] = json!("holder");
    applicant
}

/// A company as a holder.
pub fn company() -> Value {
    json!({
        "holder_type": "company", "business_name": "Rossi S.r.l.", "partita_iva": "00743110157", "address": address(),
    })
}

/// Mario Rossi, as `GET /v1/sandbox/specimens/person` would invent him.
pub fn mario_rossi() -> Value {
    json!({
        "first_name": "Mario", "last_name": "Rossi", "sex": "M", "birth_date": "1985-12-10",
        "birth_place": "San Giuliano Terme", "codice_fiscale": "RSSMRA85T10A562S",
    })
}
