//! Accounts as administrators see them: invitations, roles, suspension, and help for who is locked out.

use std::rc::Rc;

use futures_util::future::{join, join_all};
use negozio::customers::accounts::back_office::rescue;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::actors::{Caller, customer, registration};
use crate::support::authenticator::{App, Secured, confirm, log_in};
use crate::support::expect::{Answer, items, text};
use crate::support::server::TestServer;

crate::on_both_engines!(
    an_invited_reviewer_sets_a_password_and_works,
    an_invitation_can_be_made_good_later,
    accounts_are_searched_and_filtered,
    a_suspended_account_is_out_at_once,
    a_change_of_role_ends_the_sessions,
    a_login_beside_a_change_of_role_has_the_new_one,
    nobody_decides_on_the_own_account,
    two_administrators_cannot_suspend_each_other,
    the_last_administrator_stays,
    an_administrator_helps_who_is_locked_out,
    whoever_runs_the_server_helps_the_last_administrator,
);

const ACCOUNTS: &str = "/v1/back-office/accounts";
const PASSWORD: &str = "una frase che ricordo";

fn path(account: &Value) -> String {
    format!("{ACCOUNTS}/{}", text(account, "/id"))
}

fn invitation(email: &str, role: &str) -> Value {
    json!({ "email": email, "first_name": "Anna", "last_name": "Bianchi", "role": role })
}

async fn administrator(server: &TestServer) -> Caller {
    server.visitor().logged_in_as("admin@example.com").await
}

async fn find(administrator: &Caller, email: &str) -> Value {
    let found = items(&administrator.get(&format!("{ACCOUNTS}?search={email}")).await.ok());
    assert_eq!(found.len(), 1, "{found:#?}");
    found[0].clone()
}

async fn mails_to(server: &TestServer, email: &str) -> Vec<Value> {
    server.wait_for_jobs().await.expect("the mails are sent");
    items(&server.visitor().get(&format!("/v1/sandbox/mailbox?to={email}")).await.ok())
}

fn token_in(mails: &[Value], subject: &str) -> String {
    let mail = mails.iter().find(|mail| mail["subject"] == subject).unwrap_or_else(|| panic!("{mails:#?}"));
    let body = text(mail, "/text");
    body.split("token=").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a link").to_owned()
}

async fn set_password(server: &TestServer, token: &str) -> Answer {
    let body = json!({ "token": token, "password": PASSWORD });
    server.visitor().post("/v1/password-resets/confirmation", body).await
}

fn bearer(server: &TestServer, session: &Value) -> Caller {
    server.visitor().with("authorization", &format!("Bearer {}", text(session, "/access_token")))
}

/// What the audit log says was done to an account, newest first, but that it was looked at.
async fn deeds(administrator: &Caller, account: &Value) -> Vec<String> {
    let entries = items(&administrator.get("/v1/back-office/audit-log?limit=100").await.ok());
    let own = entries.iter().filter(|entry| entry["subject"] == account["id"]);
    own.map(|entry| text(entry, "/action")).filter(|action| action != "account_viewed").collect()
}

async fn an_invited_reviewer_sets_a_password_and_works(server: Rc<TestServer>) {
    let administrator = administrator(&server).await;
    let email = "anna@example.com";
    let keyed = administrator.with("idempotency-key", "one");
    let created = keyed.post(ACCOUNTS, invitation(" Anna@Example.com", "reviewer")).await.with_status(201);
    let account = created.json();
    assert_eq!(keyed.post(ACCOUNTS, invitation(" Anna@Example.com", "reviewer")).await.body, created.body);
    assert_eq!(created.header("location"), path(&account));
    assert_eq!((&account["email"], &account["status"]), (&json!(email), &json!("invited")));
    administrator.post(ACCOUNTS, invitation(email, "reviewer")).await.refused(409, "email_taken");
    administrator.post(ACCOUNTS, invitation("x@example.com", "customer")).await.refused_field("/role", "invalid_value");
    administrator.post(ACCOUNTS, invitation("nobody", "reviewer")).await.refused_field("/email", "email");
    // Nothing opens the account yet, the empty password least of all.
    for password in ["", PASSWORD] {
        let login = json!({ "email": email, "password": password });
        server.visitor().post("/v1/sessions", login).await.refused(401, "invalid_credentials");
    }
    let mails = mails_to(&server, email).await;
    assert_eq!(mails.len(), 1, "{mails:#?}");
    assert!(text(&mails[0], "/text").contains("revisore"));
    let token = token_in(&mails, "Il tuo account di back office");
    set_password(&server, &token).await.with_status(204);
    set_password(&server, &token).await.refused(422, "invalid_token");
    let session = log_in(&server, email, None).await.created();
    let reviewer = bearer(&server, &session);
    reviewer.get("/v1/back-office/activation-requests").await.ok();
    reviewer.get(ACCOUNTS).await.refused(403, "forbidden");
    let shown = administrator.get(&path(&account)).await.ok();
    assert_eq!((&shown["status"], &shown["email_verified"]), (&json!("active"), &json!(true)));
    assert_eq!(mails_to(&server, email).await.len(), 1, "no password was changed");
    assert_eq!(deeds(&administrator, &account).await, ["account_invited"]);
    let log = administrator.get("/v1/back-office/audit-log").await.with_status(200);
    assert!(log.text().contains("account_viewed") && !log.text().contains(email), "{}", log.text());
}

async fn an_invitation_can_be_made_good_later(server: Rc<TestServer>) {
    let administrator = administrator(&server).await;
    let email = "late@example.com";
    administrator.post(ACCOUNTS, invitation(email, "administrator")).await.created();
    let token = token_in(&mails_to(&server, email).await, "Il tuo account di back office");
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 7 * 24 * 3600 + 1 })).await.ok();
    set_password(&server, &token).await.refused(422, "invalid_token");
    server.visitor().post("/v1/password-resets", json!({ "email": email })).await.with_status(202);
    let token = token_in(&mails_to(&server, email).await, "Scegli una nuova password");
    set_password(&server, &token).await.with_status(204);
    let fresh = bearer(&server, &log_in(&server, email, None).await.created());
    fresh.get(ACCOUNTS).await.ok();
}

async fn accounts_are_searched_and_filtered(server: Rc<TestServer>) {
    let administrator = administrator(&server).await;
    for (email, first_name, last_name) in [
        ("nico_1@example.com", "Niccolò", "D'Amico"),
        ("nicox1@example.com", "NICCOLÒ", "Élan"),
        ("percent@example.com", "Cento", "Per%Cento"),
    ] {
        let mut registration = registration(email);
        (registration["first_name"], registration["last_name"]) = (json!(first_name), json!(last_name));
        server.visitor().post("/v1/accounts", registration).await.created();
    }
    let emails = |query: &'static str| {
        let administrator = administrator.clone();
        async move {
            let found = items(&administrator.get(&format!("{ACCOUNTS}?{query}")).await.ok());
            found.iter().map(|account| text(account, "/email")).collect::<Vec<_>>()
        }
    };
    let (first, second, percent) = ("nico_1@example.com", "nicox1@example.com", "percent@example.com");
    assert_eq!(emails("search=niccolo").await, [second, first]);
    let blank = administrator.get(&format!("{ACCOUNTS}?search=%20")).await;
    blank.refused_field("/search", "blank");
    assert_eq!(emails("search=NICCOL%C3%92%20d'amico").await, [first]);
    assert_eq!(emails("search=elan%20niccol%C3%B2").await, [second]);
    assert_eq!(emails("search=NICO_1@").await, [first]);
    assert_eq!(emails("search=%25").await, [percent]);
    assert_eq!(emails("search=!").await, Vec::<String>::new());
    assert_eq!(emails("role=reviewer").await, ["reviewer@example.com"]);
    assert_eq!(emails("role=administrator&search=ada").await, ["admin@example.com"]);
    administrator.post(ACCOUNTS, invitation("anna@example.com", "reviewer")).await.created();
    let account = find(&administrator, "percent").await;
    administrator.patch(&path(&account), json!({ "status": "suspended" })).await.ok();
    assert_eq!(emails("status=invited").await, ["anna@example.com"]);
    assert_eq!(emails("status=suspended").await, [percent]);
    assert_eq!(emails("status=active&search=example").await.len(), 5);
    let page = administrator.get(&format!("{ACCOUNTS}?limit=4")).await.ok();
    let rest = administrator.get(&format!("{ACCOUNTS}?limit=4&cursor={}", text(&page, "/next_cursor"))).await.ok();
    assert_eq!((items(&page).len(), items(&rest).len(), &rest["next_cursor"]), (4, 3, &Value::Null));
    // What the owner changes is found, and what was erased is not.
    let caller = bearer(&server, &log_in(&server, first, None).await.created());
    caller.patch("/v1/account", json!({ "last_name": "Neri" })).await.ok();
    assert_eq!(emails("search=neri").await, [first]);
    assert_eq!(emails("search=d'amico").await, Vec::<String>::new());
    caller.send(Method::DELETE, "/v1/account", None).await.with_status(204);
    assert_eq!(emails("search=nico").await, [second]);
    administrator.get(&format!("{ACCOUNTS}?search=")).await.refused_field("/search", "length");
}

async fn a_suspended_account_is_out_at_once(server: Rc<TestServer>) {
    let administrator = administrator(&server).await;
    let email = "out@example.com";
    let caller = customer(&server, email).await;
    let session = log_in(&server, email, None).await.created();
    caller.get("/v1/account").await.ok();
    let account = find(&administrator, email).await;
    let suspended = administrator.patch(&path(&account), json!({ "status": "suspended" })).await.ok();
    assert_eq!((&suspended["status"], suspended["suspended_at"].is_string()), (&json!("suspended"), true));
    for closed in [&caller, &bearer(&server, &session)] {
        closed.get("/v1/account").await.refused(401, "unauthenticated");
    }
    let refresh = json!({ "refresh_token": session["refresh_token"] });
    server.visitor().post("/v1/sessions/refresh", refresh.clone()).await.refused(401, "invalid_refresh_token");
    log_in(&server, email, None).await.refused(403, "account_suspended");
    let wrong = json!({ "email": email, "password": "not the password" });
    server.visitor().post("/v1/sessions", wrong).await.refused(401, "invalid_credentials");
    // Neither a new password nor the same decision again changes anything.
    server.visitor().post("/v1/password-resets", json!({ "email": email })).await.with_status(202);
    let token = token_in(&mails_to(&server, email).await, "Scegli una nuova password");
    set_password(&server, &token).await.with_status(204);
    log_in(&server, email, None).await.refused(403, "account_suspended");
    let again = administrator.patch(&path(&account), json!({ "status": "suspended" })).await.ok();
    assert_eq!(again["suspended_at"], suspended["suspended_at"]);
    let active = administrator.patch(&path(&account), json!({ "status": "active" })).await.ok();
    assert_eq!((&active["status"], &active["suspended_at"]), (&json!("active"), &Value::Null));
    server.visitor().post("/v1/sessions/refresh", refresh).await.refused(401, "invalid_refresh_token");
    log_in(&server, email, None).await.created();
    assert_eq!(deeds(&administrator, &account).await, ["account_reactivated", "account_suspended"]);
    administrator
        .patch(&path(&account), json!({ "status": "invited" }))
        .await
        .refused_field("/status", "invalid_value");
    let nobody = format!("{ACCOUNTS}/acct_01kawz3h8mf5ttb4c5v3e8n0qx");
    administrator.patch(&nobody, json!({ "status": "suspended" })).await.refused(404, "not_found");
    administrator.get(&nobody).await.refused(404, "not_found");
    // Logins that are under way while an account is suspended leave no session open.
    let path = path(&account);
    let suspend = administrator.patch(&path, json!({ "status": "suspended" }));
    let (logins, _) = join(join_all((0..8).map(|_| log_in(&server, email, None))), suspend).await;
    for login in logins.into_iter().filter(|login| login.status == 201) {
        bearer(&server, &login.created()).get("/v1/account").await.refused(401, "unauthenticated");
    }
}

async fn a_change_of_role_ends_the_sessions(server: Rc<TestServer>) {
    let administrator = administrator(&server).await;
    let email = "rise@example.com";
    let caller = customer(&server, email).await;
    let account = find(&administrator, email).await;
    let risen = administrator.patch(&path(&account), json!({ "role": "reviewer" })).await.ok();
    assert_eq!(risen["role"], "reviewer");
    caller.get("/v1/account").await.refused(401, "unauthenticated");
    let reviewer = bearer(&server, &log_in(&server, email, None).await.created());
    reviewer.get("/v1/back-office/activation-requests").await.ok();
    administrator.patch(&path(&account), json!({ "role": "customer" })).await.ok();
    reviewer.get("/v1/back-office/activation-requests").await.refused(401, "unauthenticated");
    let caller = bearer(&server, &log_in(&server, email, None).await.created());
    caller.get("/v1/back-office/activation-requests").await.refused(403, "forbidden");
    // What changes nothing ends nothing.
    administrator.patch(&path(&account), json!({ "role": "customer", "status": "active" })).await.ok();
    administrator.patch(&path(&account), json!({})).await.ok();
    caller.get("/v1/account").await.ok();
    assert_eq!(deeds(&administrator, &account).await, ["account_role_changed", "account_role_changed"]);
    let log = items(&administrator.get("/v1/back-office/audit-log").await.ok());
    let change = log.iter().find(|entry| entry["action"] == "account_role_changed").expect("an entry");
    assert_eq!(change["details"], json!({ "from": "reviewer", "to": "customer" }));
}

/// Logins that are under way while a role is taken away bring nobody into the back office.
async fn a_login_beside_a_change_of_role_has_the_new_one(server: Rc<TestServer>) {
    let administrator = administrator(&server).await;
    let email = "falls@example.com";
    customer(&server, email).await;
    let account = find(&administrator, email).await;
    let path = path(&account);
    let mut logged_in = 0;
    for _ in 0..4 {
        administrator.patch(&path, json!({ "role": "reviewer" })).await.ok();
        let fall = administrator.patch(&path, json!({ "role": "customer" }));
        let (logins, _) = join(join_all((0..4).map(|_| log_in(&server, email, None))), fall).await;
        for login in logins {
            let caller = bearer(&server, &login.created());
            let answer = caller.get("/v1/back-office/activation-requests").await;
            assert!([401, 403].contains(&answer.status), "{}", answer.text());
            logged_in += 1;
        }
    }
    assert_eq!(logged_in, 16);
}

async fn nobody_decides_on_the_own_account(server: Rc<TestServer>) {
    let administrator = administrator(&server).await;
    let own = path(&administrator.get("/v1/account").await.ok());
    for decision in [json!({ "role": "reviewer" }), json!({ "status": "suspended" })] {
        administrator.patch(&own, decision).await.refused(409, "own_account");
    }
    let authenticators = format!("{own}/authenticators");
    administrator.send(Method::DELETE, &authenticators, None).await.refused(409, "own_account");
    administrator.patch(&own, json!({ "role": "administrator", "status": "active" })).await.ok();
    administrator.get(ACCOUNTS).await.ok();
}

/// A second administrator, logged in.
async fn second_administrator(server: &TestServer, first: &Caller) -> (Caller, Value) {
    let email = "second@example.com";
    customer(server, email).await;
    let account = find(first, email).await;
    first.patch(&path(&account), json!({ "role": "administrator" })).await.ok();
    (bearer(server, &log_in(server, email, None).await.created()), account)
}

async fn two_administrators_cannot_suspend_each_other(server: Rc<TestServer>) {
    let first = administrator(&server).await;
    let own = first.get("/v1/account").await.ok();
    let (second, account) = second_administrator(&server, &first).await;
    let (first_account, second_account) = (path(&own), path(&account));
    let suspends = join_all((0..4).map(|_| first.patch(&second_account, json!({ "status": "suspended" }))));
    let demotes = join_all((0..4).map(|_| second.patch(&first_account, json!({ "role": "customer" }))));
    let (suspends, demotes) = join(suspends, demotes).await;
    let done = |answers: &[Answer]| answers.iter().any(|answer| answer.status == 200);
    assert!(done(&suspends) != done(&demotes), "{suspends:#?} {demotes:#?}");
    let (winner, lost) = if done(&suspends) { (&first, demotes) } else { (&second, suspends) };
    for answer in lost {
        assert!([401, 403].contains(&answer.status), "{} answered {}", answer.asked, answer.text());
    }
    let left = items(&winner.get(&format!("{ACCOUNTS}?role=administrator&status=active")).await.ok());
    assert_eq!(left.len(), 1, "{left:#?}");
}

async fn the_last_administrator_stays(server: Rc<TestServer>) {
    let first = administrator(&server).await;
    let erase = |caller: &Caller| {
        let caller = caller.clone();
        async move { caller.send(Method::DELETE, "/v1/account", None).await }
    };
    erase(&first).await.refused(409, "last_administrator");
    // Who was invited and has no password yet is none.
    first.post(ACCOUNTS, invitation("anna@example.com", "administrator")).await.created();
    erase(&first).await.refused(409, "last_administrator");
    let (second, _) = second_administrator(&server, &first).await;
    let (one, other) = join(erase(&first), erase(&second)).await;
    let statuses = [one.status, other.status];
    assert!(statuses.contains(&204) && statuses.contains(&409), "{statuses:?}");
    let (left, refused) = if one.status == 204 { (second, other) } else { (first, one) };
    refused.refused(409, "last_administrator");
    left.get(ACCOUNTS).await.ok();
}

async fn an_administrator_helps_who_is_locked_out(server: Rc<TestServer>) {
    let administrator = administrator(&server).await;
    let email = "locked@example.com";
    let secured = Secured::create(&server, email).await;
    let account = find(&administrator, email).await;
    assert_eq!(account["has_second_factor"], true);
    for _ in 0..5 {
        let wrong = secured.app.wrong_code(&server);
        log_in(&server, email, Some(&wrong)).await.refused(401, "totp_invalid");
    }
    let authenticators = format!("{}/authenticators", path(&account));
    administrator.send(Method::DELETE, &authenticators, None).await.with_status(204);
    let caller = bearer(&server, &log_in(&server, email, None).await.created());
    assert!(items(&caller.get("/v1/account/authenticators").await.ok()).is_empty());
    assert_eq!(caller.get("/v1/account/recovery-codes").await.ok()["left"], 0);
    assert_eq!(administrator.get(&path(&account)).await.ok()["has_second_factor"], false);
    let mails = mails_to(&server, email).await;
    assert!(mails.iter().any(|mail| mail["subject"] == "Accesso in due passaggi disattivato"), "{mails:#?}");
    assert_eq!(deeds(&administrator, &account).await, ["authenticators_removed"]);
    let nobody = format!("{ACCOUNTS}/acct_01kawz3h8mf5ttb4c5v3e8n0qx/authenticators");
    administrator.send(Method::DELETE, &nobody, None).await.refused(404, "not_found");
}

/// As `negozio administrator remove-authenticators` does.
async fn whoever_runs_the_server_helps_the_last_administrator(server: Rc<TestServer>) {
    let administrator = administrator(&server).await;
    let password = "negozio-sandbox-2026";
    let enrolled = administrator.post("/v1/account/authenticators", json!({ "password": password })).await.created();
    let code = App::told_by(&enrolled).code(&server, 0);
    confirm(&administrator, &text(&enrolled, "/id"), &code).await.ok();
    let login = json!({ "email": "admin@example.com", "password": password });
    server.visitor().post("/v1/sessions", login.clone()).await.refused(401, "totp_required");
    let (db, now) = server.with_platform(|platform| (platform.db.clone(), platform.clock.now()));
    let removed = db.write(move |tx| rescue(tx, "admin@example.com", now)).await.expect("it is removed");
    assert_eq!(removed, 1);
    let administrator = bearer(&server, &server.visitor().post("/v1/sessions", login).await.created());
    let log = items(&administrator.get("/v1/back-office/audit-log").await.ok());
    assert_eq!((&log[0]["action"], &log[0]["actor"]), (&json!("authenticators_removed"), &json!("operator")));
    let unknown = db.write(move |tx| rescue(tx, "nobody@example.com", now)).await;
    assert_eq!(unknown.expect_err("nobody").code.name, "not_found");
}
