//! Registration, login, consents and billing profiles.

use std::rc::Rc;

use futures_util::future::join_all;
use serde_json::json;

use crate::support::actors::{customer, person_profile, registration};
use crate::support::expect::{items, text};
use crate::support::server::TestServer;

crate::on_both_engines!(
    registration_needs_a_marketing_choice,
    an_address_registers_once,
    a_reused_refresh_token_ends_the_session,
    a_verification_link_works_once,
    billing_profiles_are_checked_and_ones_own,
    an_account_has_two_hundred_billing_profiles_at_most,
);

async fn registration_needs_a_marketing_choice(server: Rc<TestServer>) {
    let mut without = registration("choice@example.com");
    without["consents"].as_object_mut().expect("an object").remove("marketing");
    server.visitor().post("/v1/accounts", without).await.refused_field("/consents/marketing", "required");
    let mut outdated = registration("choice@example.com");
    outdated["consents"]["terms_version"] = json!("1999-01");
    server.visitor().post("/v1/accounts", outdated).await.refused_field("/consents/terms_version", "outdated_document");
    let caller = customer(&server, "choice@example.com").await;
    let consents = caller.get("/v1/account/consents/history").await.ok();
    assert_eq!(items(&consents).len(), 3);
}

async fn an_address_registers_once(server: Rc<TestServer>) {
    customer(&server, "once@example.com").await;
    server.visitor().post("/v1/accounts", registration(" ONCE@example.com")).await.problem();
    server.visitor().post("/v1/accounts", registration("ONCE@example.com")).await.refused(409, "email_taken");
    let wrong = json!({ "email": "once@example.com", "password": "not the right one" });
    let unknown = json!({ "email": "nobody@example.com", "password": "not the right one" });
    server.visitor().post("/v1/sessions", wrong).await.refused(401, "invalid_credentials");
    server.visitor().post("/v1/sessions", unknown).await.refused(401, "invalid_credentials");
}

async fn a_reused_refresh_token_ends_the_session(server: Rc<TestServer>) {
    let session = server.visitor().post("/v1/accounts", registration("family@example.com")).await.created();
    let first = json!({ "refresh_token": text(&session, "/session/refresh_token") });
    let next = server.visitor().post("/v1/sessions/refresh", first.clone()).await.ok();
    server.visitor().post("/v1/sessions/refresh", first).await.refused(401, "refresh_token_reused");
    let second = json!({ "refresh_token": text(&next, "/refresh_token") });
    server.visitor().post("/v1/sessions/refresh", second).await.refused(401, "invalid_refresh_token");
}

async fn a_verification_link_works_once(server: Rc<TestServer>) {
    let caller = customer(&server, "proof@example.com").await;
    server.wait_for_jobs().await.expect("the mail is sent");
    let mails = server.visitor().get("/v1/sandbox/mailbox?to=proof@example.com").await.ok();
    let body = text(&mails, "/items/0/text");
    let token = body.split("token=").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a link");
    let confirmation = json!({ "token": token });
    server.visitor().post("/v1/email-verifications/confirmation", confirmation.clone()).await.with_status(204);
    server.visitor().post("/v1/email-verifications/confirmation", confirmation).await.refused(422, "invalid_token");
    let forged = json!({ "token": format!("{token}x") });
    server.visitor().post("/v1/email-verifications/confirmation", forged).await.refused(422, "invalid_token");
    assert_eq!(caller.get("/v1/account").await.ok()["email_verified"], true);
}

async fn billing_profiles_are_checked_and_ones_own(server: Rc<TestServer>) {
    let caller = customer(&server, "bill@example.com").await;
    let mut wrong = person_profile();
    wrong["codice_fiscale"] = json!("RSSMRA85T10A562T");
    wrong["address"]["province"] = json!("ZZ");
    let problem = caller.post("/v1/billing-profiles", wrong).await.refused(422, "invalid_fields");
    assert_eq!(problem["errors"].as_array().map(Vec::len), Some(2));
    let created = caller.post("/v1/billing-profiles", person_profile()).await.with_status(201);
    let path = format!("/v1/billing-profiles/{}", text(&created.json(), "/id"));
    let stale = caller.with("if-match", "\"v9\"");
    stale.put(&path, person_profile()).await.refused(412, "stale_version");
    caller.with("if-match", &created.header("etag")).put(&path, person_profile()).await.ok();
    let other = customer(&server, "other@example.com").await;
    other.get(&path).await.refused(404, "not_found");
    server.visitor().get(&path).await.refused(401, "unauthenticated");
}

async fn an_account_has_two_hundred_billing_profiles_at_most(server: Rc<TestServer>) {
    let caller = customer(&server, "bills@example.com").await;
    let save = || caller.post("/v1/billing-profiles", person_profile());
    for _ in 0..190 {
        save().await.created();
    }
    // However many come at once, ten are left.
    let answers = join_all((0..30).map(|_| save())).await;
    let saved = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(saved, 10);
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        answer.refused(409, "too_many_billing_profiles");
    }
}
