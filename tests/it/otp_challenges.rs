//! One-time codes: one live challenge a request, good for nothing else, and kept nowhere.

use std::rc::Rc;

use futures_util::future::join_all;
use serde_json::json;

use crate::support::activation::{bought, bought_by, mails};
use crate::support::database::{contents, lines_of};
use crate::support::expect::text;
use crate::support::server::TestServer;

crate::on_both_engines!(
    challenges_asked_for_by_sixteen_at_once_leave_one_live,
    a_code_proves_no_other_request_of_the_same_account,
    a_code_is_kept_nowhere_but_in_the_mailbox,
);

async fn challenges_asked_for_by_sixteen_at_once_leave_one_live(server: Rc<TestServer>) {
    let activation = bought(&server, "many@example.com").await;
    let path = format!("{}/otp-challenges", activation.path);
    let to_me = json!({ "email": activation.email });
    for round in 1..=2 {
        let answers = join_all((0..16).map(|_| activation.caller.post(&path, to_me.clone()))).await;
        let (issued, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
        assert_eq!(issued.len(), 1);
        for answer in refused {
            answer.refused(429, "otp_cool_down");
        }
        let statuses = lines_of(&server, "SELECT status AS line FROM otp_challenges").await;
        let live = statuses.iter().filter(|status| *status == "issued").count();
        assert_eq!((statuses.len(), live), (round, 1), "{statuses:?}");
        server.wait_for_jobs().await.expect("the mail is sent");
        let codes = mails(&server, "many@example.com").await.into_iter().filter(|mail| mail["otp"].is_string()).count();
        assert_eq!(codes, round);
        server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 60 })).await.ok();
    }
}

async fn a_code_proves_no_other_request_of_the_same_account(server: Rc<TestServer>) {
    let one = bought(&server, "two@example.com").await;
    let other = bought_by(&server, one.caller.clone(), "two@example.com").await;
    let (challenge, code) = one.code(&server).await;
    let (other_challenge, other_code) = {
        let path = format!("{}/otp-challenges", other.path);
        let challenge = other.caller.post(&path, json!({ "email": other.email })).await.created();
        server.wait_for_jobs().await.expect("the mail is sent");
        let codes = mails(&server, "two@example.com").await.into_iter();
        let codes: Vec<String> = codes.filter_map(|mail| mail["otp"].as_str().map(str::to_owned)).collect();
        let fresh = codes.iter().find(|sent| **sent != code).expect("another code").clone();
        (format!("/v1/otp-challenges/{}", text(&challenge, "/id")), fresh)
    };
    let verify = |challenge: &str, code: &str| {
        let (caller, path) = (one.caller.clone(), format!("{challenge}/verification"));
        let body = json!({ "code": code });
        async move { caller.post(&path, body).await }
    };
    for (challenge, foreign) in [(&challenge, &other_code), (&other_challenge, &code)] {
        assert_eq!(verify(challenge, foreign).await.refused(422, "otp_incorrect")["attempts_left"], 4);
    }
    for request in [&one, &other] {
        assert_eq!(request.view().await["status"], "awaiting_email");
    }
    verify(&challenge, &code).await.ok();
    assert_eq!(
        (one.view().await["status"].as_str(), other.view().await["status"].as_str()),
        (Some("collecting"), Some("awaiting_email"))
    );
    verify(&other_challenge, &other_code).await.ok();
    assert_eq!(other.view().await["status"], "collecting");
}

/// Whether a text holds a code that is not part of a longer number, time or hash.
fn holds(line: &str, code: &str) -> bool {
    let is_part =
        |character: Option<char>| character.is_some_and(|known| known.is_ascii_alphanumeric() || known == '.');
    line.match_indices(code).any(|(start, _)| {
        let (before, after) = (line[..start].chars().next_back(), line[start + code.len()..].chars().next());
        !is_part(before) && !is_part(after)
    })
}

async fn a_code_is_kept_nowhere_but_in_the_mailbox(server: Rc<TestServer>) {
    let activation = bought(&server, "secret@example.com").await;
    let keyed = |key: &str| activation.caller.with("idempotency-key", key);
    let challenges = format!("{}/otp-challenges", activation.path);
    let issued = keyed("issue").post(&challenges, json!({ "email": activation.email })).await.created();
    server.wait_for_jobs().await.expect("the mail is sent");
    let sent = mails(&server, "secret@example.com").await;
    let code = sent.iter().find_map(|mail| mail["otp"].as_str()).expect("a code").to_owned();
    let challenge = format!("/v1/otp-challenges/{}", text(&issued, "/id"));
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let verification = format!("{challenge}/verification");
    let mut answers = vec![issued];
    answers.push(keyed("wrong").post(&verification, json!({ "code": wrong })).await.refused(422, "otp_incorrect"));
    answers.push(keyed("right").post(&verification, json!({ "code": code })).await.ok());
    for path in [challenge, activation.path.clone(), format!("{}/timeline", activation.path)] {
        answers.push(activation.caller.get(&path).await.ok());
    }
    answers.push(activation.caller.get("/v1/account/export").await.ok());
    for answer in answers {
        assert!(!holds(&answer.to_string(), &code), "{answer:#}");
    }
    let in_hexadecimal = hex::encode(&code);
    let mut tables = Vec::new();
    for (table, rows) in contents(&server).await {
        let is_told = rows.iter().any(|row| holds(row, &code) || row.to_lowercase().contains(&in_hexadecimal));
        assert_eq!(is_told, table == "sandbox_mails", "{table}: {rows:#?}");
        tables.extend((!rows.is_empty()).then_some(table));
    }
    for filled in ["jobs", "idempotency_keys", "activation_events", "otp_challenges"] {
        assert!(tables.iter().any(|table| table == filled), "{filled} holds nothing to look at");
    }
}
