//! What a customer does with the account: sessions, passwords, the data themselves, consents, and the end of it all.

use std::rc::Rc;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::actors::{Caller, customer, person_profile, registration};
use crate::support::expect::{items, text};
use crate::support::server::TestServer;

crate::on_both_engines!(
    a_closed_session_is_refused_at_once,
    sessions_are_listed_and_closed_one_by_one,
    one_refresh_token_used_by_eight_gives_one_session_at_most,
    a_changed_password_ends_the_other_sessions,
    a_reset_sets_a_password_once_and_ends_all_sessions,
    a_reset_lives_for_an_hour,
    a_reset_does_not_tell_who_has_an_account,
    details_are_changed_field_by_field,
    everything_held_is_exported,
    erasure_takes_what_tells_whose_it_was,
    erasure_takes_a_recent_login,
    a_verification_mail_is_sent_again_until_the_address_is_proved,
    consents_change_on_the_version_in_force_only,
    consent_documents_are_cached_and_localised,
    profiles_of_every_kind_are_saved,
    profiles_warn_of_what_is_doubtful,
    every_wrong_field_of_a_registration_is_named,
);

const VERIFICATION: &str = "Conferma il tuo indirizzo e-mail";
const RESET: &str = "Scegli una nuova password";
const CHANGED: &str = "La tua password è stata cambiata";
const PASSWORD: &str = "una frase che ricordo";
const NEW_PASSWORD: &str = "un'altra frase, che ricorderò";

async fn logged_in(server: &TestServer, email: &str, password: &str) -> (Caller, Value) {
    let login = json!({ "email": email, "password": password });
    let session = server.visitor().post("/v1/sessions", login).await.created();
    (server.visitor().with("authorization", &format!("Bearer {}", text(&session, "/access_token"))), session)
}

async fn delete(caller: &Caller, path: &str) -> crate::support::expect::Answer {
    caller.send(Method::DELETE, path, None).await
}

/// The token in the newest mail of a subject to an address; mails may overtake each other.
async fn token_for(server: &TestServer, email: &str, subject: &str) -> String {
    server.wait_for_jobs().await.expect("the mail is sent");
    let mails = items(&server.visitor().get(&format!("/v1/sandbox/mailbox?to={email}")).await.ok());
    let mail = mails.iter().find(|mail| mail["subject"] == subject).unwrap_or_else(|| panic!("no mail in {mails:#?}"));
    let body = text(mail, "/text");
    let token = body.split("token=").nth(1).and_then(|rest| rest.split_whitespace().next());
    token.unwrap_or_else(|| panic!("no link in {body}")).to_owned()
}

async fn mails_to(server: &TestServer, email: &str) -> Vec<String> {
    server.wait_for_jobs().await.expect("the mails are sent");
    let mails = items(&server.visitor().get(&format!("/v1/sandbox/mailbox?to={email}")).await.ok());
    mails.iter().map(|mail| text(mail, "/subject")).collect()
}

async fn advance(server: &TestServer, seconds: i64) {
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": seconds })).await.ok();
}

async fn a_closed_session_is_refused_at_once(server: Rc<TestServer>) {
    let caller = customer(&server, "gate@example.com").await;
    caller.get("/v1/account").await.ok();
    delete(&caller, "/v1/sessions/current").await.with_status(204);
    caller.get("/v1/account").await.refused(401, "unauthenticated");
    delete(&caller, "/v1/sessions/current").await.refused(401, "unauthenticated");
}

async fn sessions_are_listed_and_closed_one_by_one(server: Rc<TestServer>) {
    let first = customer(&server, "list@example.com").await;
    let (second, session) = logged_in(&server, "list@example.com", PASSWORD).await;
    let listed = items(&second.get("/v1/sessions").await.ok());
    assert_eq!(listed.len(), 2);
    assert_eq!((&listed[0]["id"], &listed[0]["current"]), (&session["session_id"], &json!(true)));
    assert_eq!(listed[1]["current"], false);
    let page = first.get("/v1/sessions?limit=1").await.ok();
    assert_eq!((items(&page).len(), page["next_cursor"].is_string()), (1, true));
    let other = customer(&server, "stranger@example.com").await;
    let path = format!("/v1/sessions/{}", text(&listed[1], "/id"));
    delete(&other, &path).await.refused(404, "not_found");
    delete(&second, "/v1/sessions/nonsense").await.refused(404, "not_found");
    delete(&second, &path).await.with_status(204);
    first.get("/v1/account").await.refused(401, "unauthenticated");
    assert_eq!(items(&second.get("/v1/sessions").await.ok()).len(), 1);
}

async fn one_refresh_token_used_by_eight_gives_one_session_at_most(server: Rc<TestServer>) {
    customer(&server, "eight@example.com").await;
    let (_, session) = logged_in(&server, "eight@example.com", PASSWORD).await;
    let body = json!({ "refresh_token": session["refresh_token"] });
    let visitor = server.visitor();
    let answers = join_all((0..8).map(|_| visitor.post("/v1/sessions/refresh", body.clone()))).await;
    let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(won.len(), 1);
    for lost in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(lost.problem()["status"], 401);
    }
    // The others used it a second time, so the whole family is dead, the winner's tokens included.
    let winner = won[0].json();
    let body = json!({ "refresh_token": winner["refresh_token"] });
    visitor.post("/v1/sessions/refresh", body).await.refused(401, "invalid_refresh_token");
    let winner = visitor.with("authorization", &format!("Bearer {}", text(&winner, "/access_token")));
    winner.get("/v1/account").await.refused(401, "unauthenticated");
    // Whoever merely knows the session's identifier cannot end it.
    let (caller, session) = logged_in(&server, "eight@example.com", PASSWORD).await;
    let forged = format!("rt_{}.AAAA.AAAA", text(&session, "/session_id"));
    visitor
        .post("/v1/sessions/refresh", json!({ "refresh_token": forged }))
        .await
        .refused(401, "invalid_refresh_token");
    caller.get("/v1/account").await.ok();
}

async fn a_changed_password_ends_the_other_sessions(server: Rc<TestServer>) {
    let email = "change@example.com";
    let other = customer(&server, email).await;
    let (caller, session) = logged_in(&server, email, PASSWORD).await;
    let change = |old: &str, new: &str| json!({ "current_password": old, "new_password": new });
    let wrong = caller.put("/v1/account/password", change("not it", NEW_PASSWORD)).await;
    wrong.refused_field("/current_password", "wrong_password");
    caller.put("/v1/account/password", change(PASSWORD, "short")).await.refused_field("/new_password", "length");
    let easy = change(PASSWORD, "Change@example.com");
    caller.put("/v1/account/password", easy).await.refused_field("/new_password", "too_easy");
    other.get("/v1/account").await.ok();
    caller.put("/v1/account/password", change(PASSWORD, NEW_PASSWORD)).await.with_status(204);
    caller.get("/v1/account").await.ok();
    other.get("/v1/account").await.refused(401, "unauthenticated");
    let body = json!({ "refresh_token": session["refresh_token"] });
    server.visitor().post("/v1/sessions/refresh", body).await.ok();
    let old = json!({ "email": email, "password": PASSWORD });
    server.visitor().post("/v1/sessions", old).await.refused(401, "invalid_credentials");
    logged_in(&server, email, NEW_PASSWORD).await;
    assert!(mails_to(&server, email).await.contains(&CHANGED.to_owned()));
}

async fn a_reset_sets_a_password_once_and_ends_all_sessions(server: Rc<TestServer>) {
    let email = "reset@example.com";
    let visitor = server.visitor();
    let caller = customer(&server, email).await;
    for _ in 0..2 {
        visitor.post("/v1/password-resets", json!({ "email": " Reset@Example.com" })).await.with_status(202);
    }
    let token = token_for(&server, email, RESET).await;
    let confirm = |token: &str, password: &str| {
        let (visitor, body) = (visitor.clone(), json!({ "token": token, "password": password }));
        async move { visitor.post("/v1/password-resets/confirmation", body).await }
    };
    confirm(&format!("{token}x"), NEW_PASSWORD).await.refused(422, "invalid_token");
    confirm("x", NEW_PASSWORD).await.refused(422, "invalid_token");
    confirm(&token, "short").await.refused_field("/password", "length");
    confirm(&token, "reset@example.com").await.refused_field("/password", "too_easy");
    caller.get("/v1/account").await.ok();
    let answers = join_all((0..4).map(|_| confirm(&token, NEW_PASSWORD))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 204) {
        answer.refused(422, "invalid_token");
    }
    caller.get("/v1/account").await.refused(401, "unauthenticated");
    let (caller, _) = logged_in(&server, email, NEW_PASSWORD).await;
    // Whoever read the mail owns the address.
    assert_eq!(caller.get("/v1/account").await.ok()["email_verified"], true);
    assert!(mails_to(&server, email).await.contains(&CHANGED.to_owned()));
}

async fn a_reset_lives_for_an_hour(server: Rc<TestServer>) {
    customer(&server, "late@example.com").await;
    server.visitor().post("/v1/password-resets", json!({ "email": "late@example.com" })).await.with_status(202);
    let token = token_for(&server, "late@example.com", RESET).await;
    advance(&server, 3601).await;
    let body = json!({ "token": token, "password": NEW_PASSWORD });
    server.visitor().post("/v1/password-resets/confirmation", body).await.refused(422, "invalid_token");
}

async fn a_reset_does_not_tell_who_has_an_account(server: Rc<TestServer>) {
    customer(&server, "known@example.com").await;
    let ask = |email: &'static str| {
        let visitor = server.visitor();
        async move { visitor.post("/v1/password-resets", json!({ "email": email })).await.with_status(202) }
    };
    let (known, unknown) = (ask("known@example.com").await, ask("unknown@example.com").await);
    assert_eq!(known.body, unknown.body);
    assert!(mails_to(&server, "unknown@example.com").await.is_empty());
    assert!(mails_to(&server, "known@example.com").await.contains(&RESET.to_owned()));
    server.visitor().post("/v1/password-resets", json!({ "email": "nobody" })).await.refused_field("/email", "email");
}

async fn details_are_changed_field_by_field(server: Rc<TestServer>) {
    let caller = customer(&server, "details@example.com").await;
    let change = |body: Value| {
        let caller = caller.clone();
        async move { caller.send(Method::PATCH, "/v1/account", Some(body)).await }
    };
    let account = change(json!({ "phone": "+39 333 123 4567", "locale": "en" })).await.ok();
    assert_eq!((&account["phone"], &account["locale"]), (&json!("+393331234567"), &json!("en")));
    assert_eq!(account["first_name"], "Mario");
    let account = change(json!({ "first_name": " Maria " })).await.ok();
    assert_eq!((&account["phone"], &account["first_name"]), (&json!("+393331234567"), &json!("Maria")));
    assert_eq!(change(json!({ "phone": null })).await.ok()["phone"], Value::Null);
    change(json!({ "phone": "x" })).await.refused_field("/phone", "not_a_phone_number");
    change(json!({ "last_name": " " })).await.refused_field("/last_name", "blank");
    change(json!({ "email": "other@example.com" })).await.refused_field("/email", "unknown_field");
    assert_eq!(caller.get("/v1/account").await.ok()["first_name"], "Maria");
}

async fn everything_held_is_exported(server: Rc<TestServer>) {
    let caller = customer(&server, "export@example.com").await;
    caller.post("/v1/billing-profiles", person_profile()).await.created();
    let answer = caller.get("/v1/account/export").await.with_status(200);
    assert!(answer.header("content-disposition").starts_with("attachment"));
    let export = answer.json();
    assert_eq!(export["sections"]["account"]["email"], "export@example.com");
    assert_eq!(export["sections"]["consents"].as_array().map(Vec::len), Some(3));
    assert_eq!(export["sections"]["sessions"].as_array().map(Vec::len), Some(1));
    assert_eq!(export["sections"]["billing_profiles"][0]["details"]["codice_fiscale"], "RSSMRA85T10A562S");
    assert!(!answer.text().contains("argon2") && !answer.text().contains("hash"));
}

async fn erasure_takes_what_tells_whose_it_was(server: Rc<TestServer>) {
    let email = "erase@example.com";
    let other = customer(&server, email).await;
    let profile = other.post("/v1/billing-profiles", person_profile()).await.created();
    server.visitor().post("/v1/password-resets", json!({ "email": email })).await.with_status(202);
    let token = token_for(&server, email, RESET).await;
    let (caller, session) = logged_in(&server, email, PASSWORD).await;
    let id = text(&caller.get("/v1/account").await.ok(), "/id");
    delete(&caller, "/v1/account").await.with_status(204);
    for gone in [&caller, &other] {
        gone.get("/v1/account").await.refused(401, "unauthenticated");
        gone.get(&format!("/v1/billing-profiles/{}", text(&profile, "/id"))).await.refused(401, "unauthenticated");
    }
    let visitor = server.visitor();
    for (email, password) in [(email, PASSWORD), (&format!("{id}@erased.invalid"), PASSWORD)] {
        let login = json!({ "email": email, "password": password });
        visitor.post("/v1/sessions", login).await.refused(401, "invalid_credentials");
    }
    let refresh = json!({ "refresh_token": session["refresh_token"] });
    visitor.post("/v1/sessions/refresh", refresh).await.refused(401, "invalid_refresh_token");
    let reset = json!({ "token": token, "password": NEW_PASSWORD });
    visitor.post("/v1/password-resets/confirmation", reset).await.refused(422, "invalid_token");
    // The address is free again, and nothing of the old account comes back with it.
    let again = customer(&server, email).await;
    assert_ne!(text(&again.get("/v1/account").await.ok(), "/id"), id);
    assert!(items(&again.get("/v1/billing-profiles").await.ok()).is_empty());
    let db = server.with_platform(|platform| platform.db.clone());
    let kept = db
        .read(move |connection| {
            let account = id.parse().expect("an account");
            let consents = negozio::customers::consents::store::history(connection, account, None, 10)?;
            assert!(negozio::customers::accounts::store::find(connection, account)?.is_none());
            Ok(consents)
        })
        .await
        .expect("the database answers");
    assert_eq!(kept.len(), 3, "the proof of consents stays");
    assert!(kept.iter().all(|consent| consent.ip.is_none() && consent.user_agent.is_none()));
}

async fn erasure_takes_a_recent_login(server: Rc<TestServer>) {
    let email = "stolen@example.com";
    let registered = server.visitor().post("/v1/accounts", registration(email)).await.created();
    advance(&server, 901).await;
    let body = json!({ "refresh_token": registered["session"]["refresh_token"] });
    let refreshed = server.visitor().post("/v1/sessions/refresh", body).await.ok();
    let old = server.visitor().with("authorization", &format!("Bearer {}", text(&refreshed, "/access_token")));
    delete(&old, "/v1/account").await.refused(403, "recent_login_required");
    old.get("/v1/account").await.ok();
    let (fresh, _) = logged_in(&server, email, PASSWORD).await;
    delete(&fresh, "/v1/account").await.with_status(204);
}

async fn a_verification_mail_is_sent_again_until_the_address_is_proved(server: Rc<TestServer>) {
    let email = "again@example.com";
    let caller = customer(&server, email).await;
    caller.send(Method::POST, "/v1/email-verifications", None).await.with_status(202);
    assert_eq!(mails_to(&server, email).await.len(), 2);
    let token = token_for(&server, email, VERIFICATION).await;
    let confirmation = json!({ "token": token });
    server.visitor().post("/v1/email-verifications/confirmation", confirmation).await.with_status(204);
    let again = caller.send(Method::POST, "/v1/email-verifications", None).await;
    again.refused(409, "email_already_verified");
    server.visitor().send(Method::POST, "/v1/email-verifications", None).await.refused(401, "unauthenticated");
}

async fn consents_change_on_the_version_in_force_only(server: Rc<TestServer>) {
    let caller = customer(&server, "consent@example.com").await;
    let decide = |purpose: &'static str, decision: &'static str, version: &'static str| {
        let (caller, body) = (caller.clone(), json!({ "decision": decision, "document_version": version }));
        async move { caller.put(&format!("/v1/account/consents/{purpose}"), body).await }
    };
    let history = || async { items(&caller.get("/v1/account/consents/history").await.ok()) };
    assert_eq!(decide("marketing", "granted", "2026-01").await.ok()["decision"], "granted");
    assert_eq!(history().await.len(), 4);
    // The same choice made again is no new one.
    decide("marketing", "granted", "2026-01").await.ok();
    assert_eq!(history().await.len(), 4);
    decide("marketing", "denied", "1999-01").await.refused_field("/document_version", "outdated_document");
    for purpose in ["terms", "privacy_notice"] {
        decide(purpose, "denied", "2026-01").await.refused_field("/decision", "cannot_be_denied");
    }
    decide("telepathy", "denied", "2026-01").await.refused(404, "not_found");
    decide("marketing", "denied", "2026-01").await.ok();
    let rows = history().await;
    assert_eq!((rows.len(), &rows[0]["decision"], &rows[0]["ip"]), (5, &json!("denied"), &json!("127.0.0.1")));
    let current = items(&caller.get("/v1/account/consents").await.ok());
    assert_eq!(current.len(), 3);
    let page = caller.get("/v1/account/consents/history?limit=2").await.with_status(200);
    assert!(page.header("link").contains("rel=\"next\""));
}

async fn consent_documents_are_cached_and_localised(server: Rc<TestServer>) {
    let visitor = server.visitor();
    let italian = visitor.get("/v1/consent-documents").await.with_status(200);
    let english = visitor.with("accept-language", "en").get("/v1/consent-documents").await.with_status(200);
    assert_ne!(italian.header("etag"), english.header("etag"));
    assert_eq!(english.header("content-language"), "en");
    assert_eq!(items(&italian.json()).len(), 3);
    visitor.with("if-none-match", &italian.header("etag")).get("/v1/consent-documents").await.with_status(304);
    let id = text(&italian.json(), "/items/0/id");
    visitor.get(&format!("/v1/consent-documents/{id}")).await.ok();
    visitor.get("/v1/consent-documents/cdoc_01kawz3h8mf5ttb4c5v3e8n0qx").await.refused(404, "not_found");
}

fn address() -> Value {
    json!({ "street": "Via Roma 1", "postal_code": "20121", "municipality": "Milano", "province": "MI", "country": "IT" })
}

async fn profiles_of_every_kind_are_saved(server: Rc<TestServer>) {
    let caller = customer(&server, "kinds@example.com").await;
    let berlin = json!({ "street": "Ring 1", "postal_code": "10115", "municipality": "Berlin", "country": "DE" });
    let profiles = [
        json!({ "kind": "person", "first_name": "Mario", "last_name": "Rossi", "codice_fiscale": "RSSMRA85T10A562S", "address": address() }),
        json!({ "kind": "professional", "first_name": "Mario", "last_name": "Rossi", "codice_fiscale": "RSSMRA85T10A562S", "partita_iva": "12485671007", "pec": "m.rossi@pec.example.it", "address": address() }),
        json!({ "kind": "company", "business_name": "Caffè Perù S.r.l.", "partita_iva": "12485671007", "codice_destinatario": "ABC1234", "address": address() }),
        json!({ "kind": "public_body", "business_name": "Comune di Prova", "codice_fiscale": "00743110157", "codice_destinatario": "UFABC1", "address": address() }),
        json!({ "kind": "association", "business_name": "Amici della Prova", "codice_fiscale": "00743110157", "address": address() }),
        json!({ "kind": "foreign", "business_name": "Beispiel GmbH", "vat_number": "DE123456789", "address": berlin }),
    ];
    for details in profiles {
        let saved = caller.post("/v1/billing-profiles", details.clone()).await.with_status(201);
        let read = caller.get(&saved.header("location")).await.with_status(200);
        assert_eq!((read.json(), read.header("etag")), (saved.json(), saved.header("etag")));
        for (name, value) in details.as_object().expect("details") {
            assert_eq!(&read.json()[name], value, "{name} of {}", details["kind"]);
        }
    }
    assert_eq!(items(&caller.get("/v1/billing-profiles").await.ok()).len(), 6);
}

async fn profiles_warn_of_what_is_doubtful(server: Rc<TestServer>) {
    let caller = customer(&server, "warn@example.com").await;
    let company = json!({ "kind": "company", "business_name": "X S.r.l.", "partita_iva": "12345675677", "codice_destinatario": "ABC1234", "address": address() });
    let english = caller.with("accept-language", "en");
    let saved = english.post("/v1/billing-profiles", company).await.created();
    assert_eq!(text(&saved, "/warnings/0/code"), "unknown_office_code");
    assert_eq!(text(&saved, "/warnings/0/pointer"), "/partita_iva");
    assert!(text(&saved, "/warnings/0/message").starts_with("Digits"));
    let mut bianchi = person_profile();
    bianchi["last_name"] = json!("Bianchi");
    let refused = caller.post("/v1/billing-profiles", bianchi).await.refused_field("/last_name", "last_name_disagrees");
    assert_eq!(text(&refused, "/errors/0/message"), "Il cognome non corrisponde al codice fiscale");
}

async fn every_wrong_field_of_a_registration_is_named(server: Rc<TestServer>) {
    let mut wrong = registration("not an address");
    wrong["password"] = json!("x".repeat(20));
    wrong["phone"] = json!("none");
    wrong["first_name"] = json!("  ");
    let problem = server.visitor().post("/v1/accounts", wrong).await.refused_field("/email", "email");
    let pointers: Vec<String> =
        problem["errors"].as_array().expect("errors").iter().map(|error| text(error, "/pointer")).collect();
    assert_eq!(pointers, ["/email", "/password", "/first_name", "/phone"]);
}
