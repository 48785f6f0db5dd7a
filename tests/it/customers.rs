//! Registration with its privacy choice, sessions, consents and billing profiles.

use std::rc::Rc;

use reqwest::Method;
use serde_json::{Value, json};

use crate::on_both_engines;
use crate::support::actors::{Customer, registration};
use crate::support::expect::{items, text};
use crate::support::people::{PASSWORD, Person, address, company, fresh_key, fresh_partita_iva};
use crate::support::server::TestServer;

on_both_engines!(
    registration_needs_an_explicit_choice_on_marketing,
    registration_answers_the_account_and_a_session,
    a_taken_address_is_refused_whatever_its_capitals,
    passwords_have_bounds_that_are_named,
    the_verification_mail_proves_the_address_once,
    an_unknown_address_and_a_wrong_password_look_alike,
    a_reused_refresh_token_ends_the_session,
    an_access_token_runs_out,
    logging_out_ends_the_session,
    consent_history_only_grows,
    profiles_of_every_kind_are_saved,
    profiles_are_checked_as_italy_wants,
    a_profile_is_replaced_only_in_the_version_that_was_read,
    an_idempotency_key_makes_one_profile,
    lists_come_in_pages_newest_first,
);

async fn registration_needs_an_explicit_choice_on_marketing(server: Rc<TestServer>) {
    let visitor = server.visitor();
    let person = Person::fresh();
    let whole = registration(&visitor, &person).await;
    let without = |pointer: &str| {
        let mut body = whole.clone();
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        body.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object").remove(name);
        body
    };
    for pointer in ["/consents/marketing", "/consents/terms_version", "/consents/privacy_notice_version", "/consents", "/email", "/password"] {
        visitor.post("/v1/accounts", &without(pointer)).await.refused_field(pointer, "required");
    }
    for wrong in [json!(true), json!("yes"), Value::Null] {
        let mut body = whole.clone();
        body["consents"]["marketing"] = wrong;
        visitor.post("/v1/accounts", &body).await.refused(422, "invalid_fields");
    }
    let mut outdated = whole.clone();
    outdated["consents"]["terms_version"] = json!("1999-01");
    visitor.post("/v1/accounts", &outdated).await.refused(422, "invalid_fields");
    // Nothing of it was kept: the address is still free.
    visitor.post("/v1/accounts", &whole).await.created();
}

async fn registration_answers_the_account_and_a_session(server: Rc<TestServer>) {
    let customer = Customer::fresh(&server).await;
    let account = customer.get("/v1/account").await.ok();
    assert_eq!(text(&account, "/id"), customer.account_id);
    assert_eq!(text(&account, "/email"), customer.person.email);
    assert_eq!((&account["role"], &account["email_verified"]), (&json!("customer"), &json!(false)));
    assert!(!account.to_string().contains("password") && !account.to_string().contains("argon2"));
    let choices = items(&customer.get("/v1/account/consents").await.ok());
    let marketing: Vec<&Value> = choices.iter().filter(|choice| choice["purpose"] == "marketing").collect();
    assert_eq!(marketing.len(), 1);
    assert_eq!(marketing[0]["decision"], "denied");
    server.visitor().get("/v1/account").await.refused(401, "unauthenticated");
}

async fn a_taken_address_is_refused_whatever_its_capitals(server: Rc<TestServer>) {
    let visitor = server.visitor();
    let person = Person::fresh();
    visitor.register(&person).await;
    for email in [person.email.clone(), person.email.to_uppercase()] {
        let again = Person { email, ..person.clone() };
        visitor.post("/v1/accounts", &registration(&visitor, &again).await).await.refused(409, "email_taken");
    }
}

async fn passwords_have_bounds_that_are_named(server: Rc<TestServer>) {
    let visitor = server.visitor();
    let body = registration(&visitor, &Person::fresh()).await;
    for password in ["x".repeat(14), "x".repeat(129)] {
        let mut wrong = body.clone();
        wrong["password"] = json!(password);
        visitor.post("/v1/accounts", &wrong).await.refused_field("/password", "length");
    }
    for email in ["", "mario", "mario@", "@example.com", "mario rossi@example.com"] {
        let mut wrong = body.clone();
        wrong["email"] = json!(email);
        visitor.post("/v1/accounts", &wrong).await.refused(422, "invalid_fields");
    }
}

async fn the_verification_mail_proves_the_address_once(server: Rc<TestServer>) {
    let customer = Customer::fresh(&server).await;
    let mail = customer.wait_for_mail(&customer.person.email, |_| true).await;
    let token = text(&mail, "/text")
        .split(|letter: char| letter.is_whitespace() || "?=&<>\"/#".contains(letter))
        .find(|word| word.contains('.') && word.starts_with("ever_") || word.contains("_01") && word.contains('.'))
        .unwrap_or_else(|| panic!("no token in {mail:#}"))
        .to_owned();
    let visitor = server.visitor();
    let forged = format!("{}x", &token[..token.len() - 1]);
    visitor.post("/v1/email-verifications/confirmation", &json!({ "token": forged })).await.refused(422, "invalid_token");
    let confirm = || visitor.post("/v1/email-verifications/confirmation", &Value::Null);
    confirm().await.refused(422, "invalid_fields");
    visitor.post("/v1/email-verifications/confirmation", &json!({ "token": token })).await.with_status(204);
    assert_eq!(customer.get("/v1/account").await.ok()["email_verified"], true);
}

async fn an_unknown_address_and_a_wrong_password_look_alike(server: Rc<TestServer>) {
    let visitor = server.visitor();
    let customer = Customer::fresh(&server).await;
    let mut seen = Vec::new();
    for (email, password) in [
        (customer.person.email.as_str(), "not the password at all"),
        ("nobody@example.com", PASSWORD),
        ("not an address", PASSWORD),
        (customer.person.email.as_str(), ""),
    ] {
        let problem = visitor.post("/v1/sessions", &json!({ "email": email, "password": password })).await;
        let mut problem = problem.refused(401, "invalid_credentials");
        problem["request_id"] = Value::Null;
        problem["instance"] = Value::Null;
        seen.push(problem);
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:#?}");
    visitor.log_in(&customer.person.email.to_uppercase(), PASSWORD).await.get("/v1/account").await.ok();
}

async fn a_reused_refresh_token_ends_the_session(server: Rc<TestServer>) {
    let visitor = server.visitor();
    let customer = Customer::fresh(&server).await;
    let refresh = |token: String| {
        let visitor = visitor.clone();
        async move { visitor.post("/v1/sessions/refresh", &json!({ "refresh_token": token })).await }
    };
    let second = text(&refresh(customer.refresh_token.clone()).await.ok(), "/refresh_token");
    let third = text(&refresh(second.clone()).await.ok(), "/refresh_token");
    refresh(customer.refresh_token.clone()).await.refused(401, "refresh_token_reused");
    for token in [second, third] {
        let answer = refresh(token).await;
        assert_eq!(answer.problem()["status"], 401, "the whole family is dead");
    }
    for garbage in ["", "x", "sess_01kawz3h8mf5ttb4c5v3e8n0qx.AAAA"] {
        assert_eq!(refresh(garbage.to_owned()).await.problem()["status"], 401);
    }
}

async fn an_access_token_runs_out(server: Rc<TestServer>) {
    let customer = Customer::fresh(&server).await;
    customer.get("/v1/account").await.ok();
    customer.advance_clock(601).await;
    customer.get("/v1/account").await.refused(401, "unauthenticated");
    for forged in ["", "x.y.z", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhY2N0In0."] {
        server.visitor().with_bearer(forged).get("/v1/account").await.refused(401, "unauthenticated");
    }
}

async fn logging_out_ends_the_session(server: Rc<TestServer>) {
    let customer = Customer::fresh(&server).await;
    customer.delete("/v1/sessions/current").await.with_status(204);
    let body = json!({ "refresh_token": customer.refresh_token });
    assert_eq!(server.visitor().post("/v1/sessions/refresh", &body).await.problem()["status"], 401);
}

async fn consent_history_only_grows(server: Rc<TestServer>) {
    let customer = Customer::fresh(&server).await;
    let documents = items(&customer.get("/v1/consent-documents").await.ok());
    let marketing = documents.iter().find(|document| document["purpose"] == "marketing").expect("a marketing document");
    let decide = |decision: &'static str| {
        let body = json!({ "decision": decision, "document_version": marketing["version"] });
        let customer = customer.clone();
        async move { customer.put("/v1/account/consents/marketing", &body).await }
    };
    let mut length = items(&customer.get("/v1/account/consents/history").await.ok()).len();
    for decision in ["granted", "denied", "granted"] {
        decide(decision).await.ok();
        let history = items(&customer.get("/v1/account/consents/history").await.ok());
        assert_eq!(history.len(), length + 1);
        assert_eq!((&history[0]["purpose"], &history[0]["decision"]), (&json!("marketing"), &json!(decision)));
        length = history.len();
    }
    let stale = json!({ "decision": "granted", "document_version": "1999-01" });
    customer.put("/v1/account/consents/marketing", &stale).await.refused(422, "invalid_fields");
    let unknown = customer.put("/v1/account/consents/telepathy", &json!({})).await;
    assert_eq!(unknown.problem()["status"], 404);
    assert_eq!(items(&customer.get("/v1/account/consents/history").await.ok()).len(), length);
}

fn profiles() -> Vec<Value> {
    let professional = Person::fresh();
    vec![
        Person::fresh().billing_details(),
        json!({ "kind": "professional", "first_name": "Mario", "last_name": "Rossi", "codice_fiscale": professional.codice_fiscale,
                "partita_iva": fresh_partita_iva(), "pec": "mario.rossi@pec.example.it", "address": address() }),
        company(),
        json!({ "kind": "public_body", "business_name": "Comune di Prova", "codice_fiscale": fresh_partita_iva(),
                "codice_destinatario": "UFABC1", "address": address() }),
        json!({ "kind": "association", "business_name": "Amici della Prova", "codice_fiscale": fresh_partita_iva(), "address": address() }),
        json!({ "kind": "foreign", "business_name": "Beispiel GmbH", "vat_number": "DE123456789",
                "address": { "street": "Beispielweg 1", "postal_code": "10115", "municipality": "Berlin", "country": "DE" } }),
    ]
}

async fn profiles_of_every_kind_are_saved(server: Rc<TestServer>) {
    let customer = Customer::fresh(&server).await;
    for details in profiles() {
        let answer = customer.post("/v1/billing-profiles", &details).await.with_status(201);
        let (location, saved) = (answer.header("location"), answer.json());
        assert_eq!(location, format!("/v1/billing-profiles/{}", text(&saved, "/id")));
        let read = customer.get(&location).await.ok();
        assert_eq!(read, saved);
        for (name, value) in details.as_object().expect("details") {
            assert_eq!(&read[name], value, "{name} of {}", details["kind"]);
        }
    }
}

async fn profiles_are_checked_as_italy_wants(server: Rc<TestServer>) {
    let customer = Customer::fresh(&server).await;
    let [person, professional, company, public_body, _, foreign] = profiles().try_into().expect("six kinds");
    let wrong = [
        (&person, "/codice_fiscale", json!("RSSMRA85T10A562A")),
        (&person, "/codice_fiscale", json!(null)),
        (&person, "/codice_fiscale", json!("RSSMRA85T10A562")),
        (&professional, "/partita_iva", json!("12345678901")),
        (&professional, "/partita_iva", json!(null)),
        (&company, "/partita_iva", json!("0074311015X")),
        (&company, "/codice_destinatario", json!("ABC 12")),
        (&company, "/address/postal_code", json!("2012")),
        (&company, "/address/province", json!("XX")),
        (&public_body, "/codice_destinatario", json!("ABC1234")),
        (&public_body, "/codice_destinatario", json!(null)),
        (&foreign, "/address/country", json!("QQ")),
    ];
    for (details, pointer, value) in wrong {
        let mut body = details.clone();
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        let members = body.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
        if value.is_null() { members.remove(name) } else { members.insert(name.to_owned(), value.clone()) };
        let problem = customer.post("/v1/billing-profiles", &body).await.refused(422, "invalid_fields");
        let pointers: Vec<&Value> = problem["errors"].as_array().expect("errors").iter().map(|error| &error["pointer"]).collect();
        assert!(pointers.contains(&&json!(pointer)), "{} with {pointer} = {value}: {problem:#}", details["kind"]);
    }
    assert!(items(&customer.get("/v1/billing-profiles").await.ok()).is_empty(), "a refused profile is not saved");
    let mut typed_by_hand = person.clone();
    typed_by_hand["codice_fiscale"] = json!(text(&person, "/codice_fiscale").to_lowercase());
    let saved = customer.post("/v1/billing-profiles", &typed_by_hand).await.created();
    assert_eq!(saved["codice_fiscale"], person["codice_fiscale"]);
}

async fn a_profile_is_replaced_only_in_the_version_that_was_read(server: Rc<TestServer>) {
    let customer = Customer::fresh(&server).await;
    let created = customer.post("/v1/billing-profiles", &company()).await.with_status(201);
    let (path, first_tag) = (created.header("location"), created.header("etag"));
    let replace = |tag: String| {
        let (customer, path) = (customer.clone(), path.clone());
        async move { customer.call(Method::PUT, &path).header("If-Match", &tag).json(&company()).send().await }
    };
    let replaced = replace(first_tag.clone()).await.with_status(200);
    assert_ne!(replaced.header("etag"), first_tag);
    replace(first_tag).await.refused(412, "stale_version");
    assert_eq!(customer.get(&path).await.ok()["partita_iva"], replaced.json()["partita_iva"]);
    replace("*".to_owned()).await.with_status(200);
    customer.delete(&path).await.with_status(204);
    customer.get(&path).await.refused(404, "not_found");
    customer.delete(&path).await.refused(404, "not_found");
}

async fn an_idempotency_key_makes_one_profile(server: Rc<TestServer>) {
    let customer = Customer::fresh(&server).await;
    let (key, details) = (fresh_key(), company());
    let first = customer.post_once("/v1/billing-profiles", &key, &details).await.with_status(201);
    let again = customer.post_once("/v1/billing-profiles", &key, &details).await.with_status(201);
    assert_eq!((&first.body, first.header("etag"), first.header("location")), (&again.body, again.header("etag"), again.header("location")));
    customer.post_once("/v1/billing-profiles", &key, &company()).await.refused(422, "idempotency_key_reused");
    assert_eq!(items(&customer.get("/v1/billing-profiles").await.ok()).len(), 1);
    // Another caller's key of the same text is another key.
    let other = Customer::fresh(&server).await;
    let theirs = other.post_once("/v1/billing-profiles", &key, &details).await.created();
    assert_ne!(theirs["id"], first.json()["id"]);
}

async fn lists_come_in_pages_newest_first(server: Rc<TestServer>) {
    let customer = Customer::fresh(&server).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(customer.billing_profile(&company()).await);
    }
    made.reverse();
    let mut read = Vec::new();
    let mut path = "/v1/billing-profiles?limit=2".to_owned();
    for expected in [2, 2, 1] {
        let answer = customer.get(&path).await.with_status(200);
        let page = answer.json();
        assert_eq!(items(&page).len(), expected);
        read.extend(items(&page).iter().map(|item| text(item, "/id")));
        match page["next_cursor"].as_str() {
            Some(cursor) => {
                path = format!("/v1/billing-profiles?limit=2&cursor={cursor}");
                assert_eq!(answer.header("link"), format!("<{path}>; rel=\"next\""));
            }
            None => assert_eq!(answer.header("link"), ""),
        }
    }
    assert_eq!(read, made);
}
