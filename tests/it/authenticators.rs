//! The second factor: enrolment, login with a code, recovery codes, and how it is lost.

use std::collections::HashSet;
use std::rc::Rc;

use futures_util::future::join_all;
use negozio::customers::authenticators::store;
use reqwest::Method;
use serde_json::json;

use crate::support::actors::{Caller, customer, registration};
use crate::support::authenticator::{App, Secured, confirm, enrol, log_in};
use crate::support::expect::{Answer, items, text, texts};
use crate::support::server::TestServer;

crate::on_both_engines!(
    a_login_takes_a_code_once_an_app_is_confirmed,
    the_first_confirmation_ends_other_sessions,
    one_code_opens_one_session,
    each_recovery_code_opens_one_session,
    new_recovery_codes_void_the_old,
    who_guesses_codes_must_wait,
    guesses_at_once_are_all_counted,
    a_password_reset_does_not_spare_the_code,
    removal_takes_a_recent_login,
    an_account_has_five_authenticators_at_most,
    one_confirmation_of_many_at_once_counts,
    an_authenticator_is_ones_own,
    export_and_erasure_know_authenticators,
);

const AUTHENTICATORS: &str = "/v1/account/authenticators";
const RECOVERY_CODES: &str = "/v1/account/recovery-codes";

async fn remove(caller: &Caller, id: &str) -> Answer {
    caller.send(Method::DELETE, &format!("{AUTHENTICATORS}/{id}"), None).await
}

async fn advance(server: &TestServer, seconds: i64) {
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": seconds })).await.ok();
}

/// How many mails of a subject somebody got.
async fn count_mails(server: &TestServer, email: &str, subject: &str) -> usize {
    server.wait_for_jobs().await.expect("the mails are sent");
    let mails = items(&server.visitor().get(&format!("/v1/sandbox/mailbox?to={email}")).await.ok());
    mails.iter().filter(|mail| mail["subject"] == subject).count()
}

async fn codes_left(caller: &Caller) -> i64 {
    caller.get(RECOVERY_CODES).await.ok()["left"].as_i64().expect("a number")
}

fn bearer(server: &TestServer, answer: Answer) -> Caller {
    server.visitor().with("authorization", &format!("Bearer {}", text(&answer.created(), "/access_token")))
}

async fn a_login_takes_a_code_once_an_app_is_confirmed(server: Rc<TestServer>) {
    let email = "two@example.com";
    let caller = customer(&server, email).await;
    let wrong = json!({ "password": "not the password" });
    caller.post(AUTHENTICATORS, wrong).await.refused_field("/password", "wrong_password");
    let dropped = text(&enrol(&caller).await, "/id");
    let enrolled = enrol(&caller).await;
    let (app, id) = (App::told_by(&enrolled), text(&enrolled, "/id"));
    assert!(text(&enrolled, "/otpauth_url").starts_with("otpauth://totp/Negozio:two%40example.com?"), "{enrolled:#}");
    // The one that was begun before has made way, and this one counts for nothing yet.
    confirm(&caller, &dropped, "123456").await.refused(404, "not_found");
    log_in(&server, email, None).await.created();
    log_in(&server, email, Some("000000")).await.created();
    confirm(&caller, &id, &app.wrong_code(&server)).await.refused_field("/code", "wrong_code");
    let first = app.code(&server, 0);
    let confirmed = confirm(&caller, &id, &first).await.ok();
    let codes: HashSet<String> = texts(&confirmed["recovery_codes"]).into_iter().collect();
    assert_eq!(codes.len(), 10);
    assert!(codes.iter().all(|code| code.len() == 19 && code.split('-').count() == 4), "{codes:?}");
    confirm(&caller, &id, &app.code(&server, 1)).await.refused(409, "authenticator_confirmed");

    log_in(&server, email, None).await.refused(401, "totp_required");
    log_in(&server, email, Some(" ")).await.refused(401, "totp_required");
    // Nobody but who knows the password is told of it, whatever the code.
    for totp in [json!(null), json!(first), json!(app.code(&server, 1))] {
        let login = json!({ "email": email, "password": "not the password", "totp": totp });
        server.visitor().post("/v1/sessions", login).await.refused(401, "invalid_credentials");
    }
    log_in(&server, email, Some(&first)).await.refused(401, "totp_invalid");
    let next = app.code(&server, 1);
    let spaced = format!("{} {}", &next[..3], &next[3..]);
    bearer(&server, log_in(&server, email, Some(&spaced)).await).get("/v1/account").await.ok();
    log_in(&server, email, Some(&next)).await.refused(401, "totp_invalid");
    let listed = caller.get(AUTHENTICATORS).await.with_status(200);
    let list = items(&listed.json());
    assert_eq!((list.len(), &list[0]["id"], &list[0]["label"]), (1, &json!(id), &json!("Telefono")));
    assert!(list[0]["confirmed_at"].is_string() && list[0]["last_used_at"].is_string(), "{list:#?}");
    assert!(!listed.text().contains(&text(&enrolled, "/secret")) && !listed.text().contains("otpauth"));
    assert_eq!(count_mails(&server, email, "Accesso in due passaggi attivato").await, 1);
}

async fn the_first_confirmation_ends_other_sessions(server: Rc<TestServer>) {
    let email = "others@example.com";
    let other = customer(&server, email).await;
    other.get("/v1/account").await.ok();
    let caller = bearer(&server, log_in(&server, email, None).await);
    let enrolled = enrol(&caller).await;
    confirm(&caller, &text(&enrolled, "/id"), &App::told_by(&enrolled).code(&server, 0)).await.ok();
    other.get("/v1/account").await.refused(401, "unauthenticated");
    caller.get("/v1/account").await.ok();
    // A second app ends nobody's session, and brings no new recovery codes.
    let again = bearer(&server, log_in(&server, email, Some(&App::told_by(&enrolled).code(&server, 1))).await);
    let second = enrol(&caller).await;
    let app = App::told_by(&second);
    let confirmed = confirm(&caller, &text(&second, "/id"), &app.code(&server, 0)).await.ok();
    assert_eq!(confirmed["recovery_codes"], json!([]));
    again.get("/v1/account").await.ok();
    // Either app's code is good.
    log_in(&server, email, Some(&app.code(&server, 1))).await.created();
}

async fn one_code_opens_one_session(server: Rc<TestServer>) {
    let email = "race@example.com";
    let secured = Secured::create(&server, email).await;
    let code = secured.app.code(&server, 1);
    let answers = join_all((0..16).map(|_| log_in(&server, email, Some(&code)))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        answer.refused(401, "totp_invalid");
    }
    assert_eq!(items(&secured.caller.get("/v1/sessions").await.ok()).len(), 2);
}

async fn each_recovery_code_opens_one_session(server: Rc<TestServer>) {
    let email = "lost@example.com";
    let secured = Secured::create(&server, email).await;
    let [first, second, third] = [0, 1, 2].map(|index| secured.recovery_codes[index].clone());
    let answers = join_all((0..8).map(|_| log_in(&server, email, Some(&first)))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    // A code that was used is no guess, so that nobody must wait.
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        answer.refused(401, "totp_invalid");
    }
    assert_eq!(codes_left(&secured.caller).await, 9);
    let written = second.to_uppercase().replace('-', " ");
    let caller = bearer(&server, log_in(&server, email, Some(&written)).await);
    assert_eq!(codes_left(&caller).await, 8);
    log_in(&server, email, Some(&second)).await.refused(401, "totp_invalid");
    // Somebody else's are nobody's here.
    let other = Secured::create(&server, "other@example.com").await;
    log_in(&server, "other@example.com", Some(&third)).await.refused(401, "totp_invalid");
    assert_eq!(codes_left(&other.caller).await, 10);
    assert_eq!(count_mails(&server, email, "Accesso con un codice di recupero").await, 2);
}

async fn new_recovery_codes_void_the_old(server: Rc<TestServer>) {
    let email = "renew@example.com";
    let without = customer(&server, "without@example.com").await;
    without.post(RECOVERY_CODES, json!({})).await.refused(409, "no_authenticator");
    let secured = Secured::create(&server, email).await;
    let fresh = texts(&secured.caller.post(RECOVERY_CODES, json!({})).await.created()["recovery_codes"]);
    assert_eq!(fresh.len(), 10);
    assert!(fresh.iter().all(|code| !secured.recovery_codes.contains(code)));
    log_in(&server, email, Some(&secured.recovery_codes[0])).await.refused(401, "totp_invalid");
    log_in(&server, email, Some(&fresh[0])).await.created();
    assert_eq!(codes_left(&secured.caller).await, 9);
    assert_eq!(count_mails(&server, email, "Nuovi codici di recupero").await, 1);
}

async fn who_guesses_codes_must_wait(server: Rc<TestServer>) {
    let email = "guessed@example.com";
    let secured = Secured::create(&server, email).await;
    let wrong = secured.app.wrong_code(&server);
    // Neither a missing code nor a used one is a guess.
    for _ in 0..6 {
        log_in(&server, email, None).await.refused(401, "totp_required");
    }
    for _ in 0..5 {
        log_in(&server, email, Some(&wrong)).await.refused(401, "totp_invalid");
    }
    let next = secured.app.code(&server, 1);
    let refused = log_in(&server, email, Some(&next)).await;
    let wait: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    refused.refused(429, "too_many_totp_attempts");
    // Recovery codes are no way around it, and a wrong password is not told of it.
    log_in(&server, email, Some(&secured.recovery_codes[0])).await.refused(429, "too_many_totp_attempts");
    let login = json!({ "email": email, "password": "not the password", "totp": next });
    server.visitor().post("/v1/sessions", login).await.refused(401, "invalid_credentials");
    advance(&server, 60).await;
    log_in(&server, email, Some(&wrong)).await.refused(401, "totp_invalid");
    let wait: u64 = log_in(&server, email, Some(&wrong)).await.header("retry-after").parse().expect("seconds");
    assert!((61..=120).contains(&wait), "the second wait is longer than {wait}");
    advance(&server, 120).await;
    log_in(&server, email, Some(&next)).await.created();
    // The right code begins the count anew.
    for _ in 0..4 {
        log_in(&server, email, Some(&wrong)).await.refused(401, "totp_invalid");
    }
    log_in(&server, email, Some(&secured.recovery_codes[0])).await.created();
    assert_eq!(count_mails(&server, email, "Qualcuno conosce la tua password?").await, 1);
}

async fn guesses_at_once_are_all_counted(server: Rc<TestServer>) {
    let email = "many@example.com";
    let secured = Secured::create(&server, email).await;
    let wrong = secured.app.wrong_code(&server);
    let answers = join_all((0..16).map(|_| log_in(&server, email, Some(&wrong)))).await;
    let looked_at = answers.iter().filter(|answer| answer.status == 401).count();
    assert_eq!(looked_at, 5);
    for answer in answers.into_iter().filter(|answer| answer.status != 401) {
        answer.refused(429, "too_many_totp_attempts");
    }
}

async fn a_password_reset_does_not_spare_the_code(server: Rc<TestServer>) {
    let email = "reset2@example.com";
    let secured = Secured::create(&server, email).await;
    let visitor = server.visitor();
    visitor.post("/v1/password-resets", json!({ "email": email })).await.with_status(202);
    server.wait_for_jobs().await.expect("the mail is sent");
    let mails = items(&visitor.get(&format!("/v1/sandbox/mailbox?to={email}")).await.ok());
    let mail = mails.iter().find(|mail| mail["subject"] == "Scegli una nuova password").expect("a mail");
    let token =
        text(mail, "/text").split("token=").nth(1).and_then(|rest| rest.split_whitespace().next()).map(str::to_owned);
    let password = "un'altra frase, che ricorderò";
    let reset = json!({ "token": token, "password": password });
    visitor.post("/v1/password-resets/confirmation", reset).await.with_status(204);
    let login = json!({ "email": email, "password": password });
    visitor.post("/v1/sessions", login).await.refused(401, "totp_required");
    let login = json!({ "email": email, "password": password, "totp": secured.app.code(&server, 1) });
    visitor.post("/v1/sessions", login).await.created();
}

async fn removal_takes_a_recent_login(server: Rc<TestServer>) {
    let email = "remove@example.com";
    let secured = Secured::create(&server, email).await;
    let pending = text(&enrol(&secured.caller).await, "/id");
    advance(&server, 901).await;
    let refresh = json!({ "refresh_token": secured.refresh_token });
    let session = server.visitor().post("/v1/sessions/refresh", refresh).await.ok();
    let stale = server.visitor().with("authorization", &format!("Bearer {}", text(&session, "/access_token")));
    remove(&stale, &secured.authenticator).await.refused(403, "recent_login_required");
    stale.post(RECOVERY_CODES, json!({})).await.refused(403, "recent_login_required");
    // A thief of session and password does not bring an app of their own.
    let body = json!({ "password": registration(email)["password"] });
    stale.post(AUTHENTICATORS, body).await.refused(403, "recent_login_required");
    // One that was never confirmed goes without ado.
    remove(&stale, &pending).await.with_status(204);
    log_in(&server, email, None).await.refused(401, "totp_required");
    let fresh = bearer(&server, log_in(&server, email, Some(&secured.app.code(&server, 1))).await);
    remove(&fresh, &secured.authenticator).await.with_status(204);
    remove(&fresh, &secured.authenticator).await.refused(404, "not_found");
    assert_eq!(codes_left(&fresh).await, 0);
    log_in(&server, email, None).await.created();
    stale.get("/v1/account").await.ok();
    assert_eq!(count_mails(&server, email, "App di autenticazione rimossa").await, 1);
}

async fn an_account_has_five_authenticators_at_most(server: Rc<TestServer>) {
    let email = "five@example.com";
    let secured = Secured::create(&server, email).await;
    for _ in 0..4 {
        let enrolled = enrol(&secured.caller).await;
        let code = App::told_by(&enrolled).code(&server, 0);
        confirm(&secured.caller, &text(&enrolled, "/id"), &code).await.ok();
    }
    let body = json!({ "password": registration(email)["password"] });
    secured.caller.post(AUTHENTICATORS, body).await.refused(409, "too_many_authenticators");
    let page = secured.caller.get(&format!("{AUTHENTICATORS}?limit=3")).await.ok();
    let rest = secured.caller.get(&format!("{AUTHENTICATORS}?cursor={}", text(&page, "/next_cursor"))).await.ok();
    assert_eq!((items(&page).len(), items(&rest).len()), (3, 2));
    // While one is left, the code is asked for, and the recovery codes are good.
    remove(&secured.caller, &secured.authenticator).await.with_status(204);
    log_in(&server, email, None).await.refused(401, "totp_required");
    assert_eq!(codes_left(&secured.caller).await, 10);
}

async fn one_confirmation_of_many_at_once_counts(server: Rc<TestServer>) {
    let caller = customer(&server, "hurry@example.com").await;
    let enrolled = enrol(&caller).await;
    let (id, code) = (text(&enrolled, "/id"), App::told_by(&enrolled).code(&server, 0));
    let answers = join_all((0..8).map(|_| confirm(&caller, &id, &code))).await;
    let (mut confirmed, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(confirmed.len(), 1);
    for answer in refused {
        answer.refused(409, "authenticator_confirmed");
    }
    // The codes that were answered are those in force.
    let codes = texts(&confirmed.remove(0).ok()["recovery_codes"]);
    log_in(&server, "hurry@example.com", Some(&codes[9])).await.created();
}

async fn an_authenticator_is_ones_own(server: Rc<TestServer>) {
    let secured = Secured::create(&server, "mine@example.com").await;
    let other = customer(&server, "theirs@example.com").await;
    remove(&other, &secured.authenticator).await.refused(404, "not_found");
    confirm(&other, &secured.authenticator, &secured.app.code(&server, 1)).await.refused(404, "not_found");
    assert!(items(&other.get(AUTHENTICATORS).await.ok()).is_empty());
    log_in(&server, "mine@example.com", Some(&secured.app.code(&server, 1))).await.created();
}

async fn export_and_erasure_know_authenticators(server: Rc<TestServer>) {
    let email = "gone@example.com";
    let caller = customer(&server, email).await;
    let enrolled = enrol(&caller).await;
    confirm(&caller, &text(&enrolled, "/id"), &App::told_by(&enrolled).code(&server, 0)).await.ok();
    let export = caller.get("/v1/account/export").await.with_status(200);
    let section = &export.json()["sections"]["authenticators"];
    assert_eq!((&section[0]["id"], &section[0]["label"]), (&enrolled["id"], &json!("Telefono")));
    assert!(!export.text().contains(&text(&enrolled, "/secret")) && !export.text().contains("sealed"));
    let account: negozio::customers::accounts::rules::AccountId =
        text(&caller.get("/v1/account").await.ok(), "/id").parse().expect("an account");
    let held = |server: &TestServer| {
        let db = server.with_platform(|platform| platform.db.clone());
        async move {
            let read = db.read(move |connection| {
                let left = store::recovery_codes::count_left(connection, account)?;
                Ok((store::list(connection, account, None, 10)?, left))
            });
            read.await.expect("the database answers")
        }
    };
    let (authenticators, left) = held(&server).await;
    assert_eq!((authenticators.len(), left), (1, 10));
    let secret = totp_rs::Secret::try_from_base32(text(&enrolled, "/secret")).expect("base 32");
    let sealed = &authenticators[0].sealed_secret;
    assert!(!sealed.windows(secret.as_bytes().len()).any(|bytes| bytes == secret.as_bytes()), "the secret lies open");
    caller.send(Method::DELETE, "/v1/account", None).await.with_status(204);
    let (authenticators, left) = held(&server).await;
    assert_eq!((authenticators.len(), left), (0, 0));
    customer(&server, email).await;
    log_in(&server, email, None).await.created();
}
