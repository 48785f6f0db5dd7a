//! From the submission to the active service: review, resubmission, provisioning.

use std::rc::Rc;

use futures_util::future::join_all;
use negozio::activation::provisioning::jobs::take_up_again;
use negozio::activation::requests::{store, timeline};
use negozio::platform::config::Config;
use negozio::platform::jobs::MAX_ATTEMPTS;
use negozio_pictures::specimen::{PhotoClass, photograph};
use serde_json::{Value, json};

use crate::support::activation::{Activation, applicant, bought, bought_by, holder, mails, mario_rossi};
use crate::support::expect::{items, text, texts};
use crate::support::peer::Peer;
use crate::support::server::TestServer;
use crate::support::suite::Suite;

/// Puts this module's tests on the list.
pub fn register(suite: &mut Suite) {
    suite.on_both(
        "review::an_approved_request_becomes_an_active_service",
        an_approved_request_becomes_an_active_service,
    );
    suite.on_both("review::a_request_is_handed_in_once_by_eight_at_once", a_request_is_handed_in_once_by_eight_at_once);
    suite.on_both("review::a_resubmission_reopens_exactly_what_it_names", a_resubmission_reopens_exactly_what_it_names);
    suite.on_both(
        "review::a_refusal_needs_a_reason_and_ends_the_request",
        a_refusal_needs_a_reason_and_ends_the_request,
    );
    suite.on_both("review::nobody_reviews_their_own_or_anothers_claim", nobody_reviews_their_own_or_anothers_claim);
    suite.on_both("review::one_request_is_decided_once_by_eight_at_once", one_request_is_decided_once_by_eight_at_once);
    suite.on_both("review::an_outage_leaves_the_request_in_provisioning", an_outage_leaves_the_request_in_provisioning);
    suite.on_both("review::an_outage_longer_than_a_jobs_tries_ends_well", an_outage_longer_than_a_jobs_tries_ends_well);
    suite.on_both("review::a_service_that_takes_longer_is_asked_about", a_service_that_takes_longer_is_asked_about);
    suite.on_both(
        "review::the_stand_in_takes_longer_for_whoever_wants_it",
        the_stand_in_takes_longer_for_whoever_wants_it,
    );
    suite.on_both("review::a_permanent_refusal_comes_back_to_the_review", a_permanent_refusal_comes_back_to_the_review);
}

/// The timeline verifies and its fold is the request's state (invariant 19 of the design).
async fn check_timeline(server: &TestServer, activation: &Activation) {
    let id = activation.id.parse().expect("an identifier");
    let db = server.with_platform(|platform| platform.db.clone());
    let (status, events) = db
        .read(move |connection| {
            let request = store::find(connection, id)?.expect("the request");
            Ok((request.status, store::timeline(connection, id)?))
        })
        .await
        .expect("a read");
    assert!(timeline::verify(id, &events));
    assert_eq!(timeline::fold(&events), Some(status));
}

async fn subjects(server: &TestServer, email: &str) -> Vec<String> {
    mails(server, email).await.iter().map(|mail| text(mail, "/subject")).collect()
}

async fn an_approved_request_becomes_an_active_service(server: Rc<TestServer>) {
    let activation = bought(&server, "active@example.com").await.agreed(&server).await;
    let ready = activation.view().await;
    assert_eq!(
        (text(&ready, "/status").as_str(), texts(&ready["requirements"]["currently_due"]).len()),
        ("ready_to_submit", 0)
    );
    let access = format!("{}/service-access", activation.path);
    activation.caller.get(&access).await.refused(409, "request_state_forbids");
    let submitted = activation.submit().await;
    assert_eq!(submitted["status"], "in_review");
    assert_eq!(activation.contracts().await[0]["status"], "final");
    activation
        .caller
        .put(&format!("{}/holder", activation.path), holder(&mario_rossi()))
        .await
        .refused(409, "request_state_forbids");
    activation
        .caller
        .post(&format!("{}/submission", activation.path), json!({}))
        .await
        .refused(409, "request_state_forbids");

    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    activation.caller.get("/v1/back-office/activation-requests").await.refused(403, "forbidden");
    let queue = items(&reviewer.get("/v1/back-office/activation-requests?status=in_review").await.ok());
    assert_eq!(queue.len(), 1);
    assert!(queue[0]["waiting_seconds"].as_i64().is_some_and(|seconds| seconds >= 0));
    let details = reviewer.get(&activation.review_path()).await.ok();
    assert_eq!(details["timeline_intact"], true);
    let document = text(&details, "/identity_documents/0/id");
    let picture = format!("/v1/back-office/identity-documents/{document}/files/front");
    assert_eq!(reviewer.get(&picture).await.with_status(200).header("content-type"), "image/jpeg");
    activation.caller.get(&picture).await.refused(403, "forbidden");
    assert_eq!(
        reviewer.post(&format!("{}/claim", activation.review_path()), json!({})).await.ok()["status"],
        "in_review"
    );
    assert_eq!(activation.decide(&reviewer, "approve", json!([])).await.ok()["status"], "approved");
    server.wait_for_jobs().await.expect("the service is provisioned");

    let active = activation.view().await;
    assert_eq!(active["status"], "active");
    let access = activation.caller.get(&access).await.ok();
    assert_eq!(access["activated_at"], active["activated_at"]);
    let page = text(&access, "/access_url").replace(&server.url, "");
    let visitor = server.visitor();
    assert!(visitor.get(&page).await.with_status(200).text().contains("Nessun accesso"));
    let entrance = text(&access, "/sign_in_url").replace(&server.url, "");
    assert!(visitor.get(&format!("{entrance}x")).await.with_status(200).text().contains("Nessun accesso"));
    let entered = visitor.get(&entrance).await.with_status(200).text();
    let account = text(&activation.caller.get("/v1/account").await.ok(), "/id");
    assert!(entered.contains("Accesso eseguito") && entered.contains(&account), "{entered}");
    let again = text(&activation.caller.get(&format!("{}/service-access", activation.path)).await.ok(), "/sign_in_url");
    let entered = visitor.get(&again.replace(&server.url, "")).await.with_status(200).text();
    assert!(entered.contains("Accesso eseguito"), "{entered}");
    assert!(visitor.get(&entrance).await.with_status(200).text().contains("Nessun accesso"), "a ticket counts once");
    let order = activation.caller.get(&format!("/v1/orders/{}", text(&active, "/order_id"))).await.ok();
    assert_eq!(
        (text(&order, "/status").as_str(), &order["activation_requests"][0]["active"]),
        ("active", &json!(true))
    );
    let mails = subjects(&server, "active@example.com").await.join("|");
    for subject in ["Richiesta di attivazione di Legalinvoice ricevuta", "Verifica superata", "Legalinvoice è attivo"]
    {
        assert_eq!(mails.matches(subject).count(), 1, "{subject} in {mails}");
    }
    let events = items(&activation.caller.get(&format!("{}/timeline", activation.path)).await.ok());
    let last = events.last().expect("an entry");
    assert_eq!(
        (text(last, "/kind").as_str(), text(last, "/actor").as_str(), text(last, "/status").as_str()),
        ("service_activated", "system", "active")
    );
    assert!(events.iter().any(|event| event["actor"] == "back_office"));
    check_timeline(&server, &activation).await;
    activation.decide(&reviewer, "reject", json!(["holder_not_eligible"])).await.refused(409, "request_state_forbids");
}

async fn a_request_is_handed_in_once_by_eight_at_once(server: Rc<TestServer>) {
    let activation = bought(&server, "eight@example.com").await.agreed(&server).await;
    let path = format!("{}/submission", activation.path);
    let answers = join_all((0..8).map(|_| activation.caller.post(&path, json!({})))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 200) {
        answer.refused(409, "request_state_forbids");
    }
    server.wait_for_jobs().await.expect("the mail is sent");
    let received = subjects(&server, "eight@example.com").await;
    assert_eq!(received.iter().filter(|subject| subject.contains("ricevuta")).count(), 1);
    check_timeline(&server, &activation).await;
}

async fn a_resubmission_reopens_exactly_what_it_names(server: Rc<TestServer>) {
    let activation = bought(&server, "again@example.com").await;
    activation
        .caller
        .post(&format!("{}/submission", activation.path), json!({}))
        .await
        .refused(409, "requirements_due");
    let activation = activation.submitted(&server).await;
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    activation.decide(&reviewer, "request_resubmission", json!([])).await.refused_field("/reasons", "required");
    activation
        .decide(&reviewer, "request_resubmission", json!(["no_such_reason"]))
        .await
        .refused(422, "invalid_fields");
    let decided = activation.decide(&reviewer, "request_resubmission", json!(["document_unreadable"])).await.ok();
    assert_eq!(decided["status"], "resubmission_requested");
    let view = activation.view().await;
    assert_eq!(texts(&view["requirements"]["currently_due"]), ["identity_document"]);
    assert_eq!(text(&view, "/requirements/errors/0/code"), "document_unreadable");
    activation
        .caller
        .post(&format!("{}/submission", activation.path), json!({}))
        .await
        .refused(409, "requirements_due");
    activation
        .caller
        .put(&format!("{}/holder", activation.path), holder(&mario_rossi()))
        .await
        .refused(409, "requirement_frozen");
    activation.caller.put(&format!("{}/applicant", activation.path), applicant(&mario_rossi())).await.problem();
    activation.upload(photograph(PhotoClass::White, 1)).await;
    assert_eq!(activation.view().await["status"], "ready_to_submit");
    assert_eq!(activation.submit().await["status"], "in_review");

    // Another holder drops the applicant and voids the contracts: what is due because of it can be given.
    let own_words = json!([{ "requirement": "holder", "code": "moved", "reason": "L'indirizzo non è quello attuale" }]);
    activation.decide(&reviewer, "request_resubmission", own_words).await.ok();
    activation.save_person(&mario_rossi()).await;
    assert_eq!(texts(&activation.view().await["requirements"]["currently_due"]), ["contracts"]);
    for contract in activation.contracts().await {
        activation.agree_to(&contract).await;
    }
    assert_eq!(activation.submit().await["status"], "in_review");
    server.wait_for_jobs().await.expect("the mails are sent");
    let again: Vec<Value> = mails(&server, "again@example.com").await;
    let told = again.iter().find(|mail| text(mail, "/text").contains("L'indirizzo non è quello attuale"));
    assert!(told.is_some_and(|mail| text(mail, "/text").contains("un messaggio")));
    let decisions = reviewer.get(&activation.review_path()).await.ok();
    assert_eq!(decisions["decisions"].as_array().map(Vec::len), Some(2));
    check_timeline(&server, &activation).await;
}

async fn a_refusal_needs_a_reason_and_ends_the_request(server: Rc<TestServer>) {
    let activation = bought(&server, "refused@example.com").await.submitted(&server).await;
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    activation.decide(&reviewer, "reject", json!([])).await.refused_field("/reasons", "required");
    // Who does not know whether it was taken sends it again, with the same key.
    let keyed = reviewer.with("idempotency-key", "rejection");
    let rejected = activation.decide(&keyed, "reject", json!(["document_not_genuine"])).await.with_status(200);
    assert_eq!(rejected.json()["status"], "rejected");
    let again = activation.decide(&keyed, "reject", json!(["document_not_genuine"])).await.with_status(200);
    assert_eq!(again.body, rejected.body);
    activation.decide(&keyed, "approve", json!([])).await.refused(422, "idempotency_key_reused");
    let details = reviewer.get(&activation.review_path()).await.ok();
    assert_eq!(details["decisions"].as_array().map(Vec::len), Some(1), "{details:#}");
    activation.decide(&reviewer, "approve", json!([])).await.refused(409, "request_state_forbids");
    activation
        .caller
        .post(&format!("{}/cancellation", activation.path), json!({}))
        .await
        .refused(409, "request_state_forbids");
    server.wait_for_jobs().await.expect("the mail is sent");
    let told = mails(&server, "refused@example.com").await;
    // Mails may overtake each other.
    assert!(told.iter().any(|mail| text(mail, "/text").contains("non risulta autentico")), "{told:#?}");
    check_timeline(&server, &activation).await;
}

async fn nobody_reviews_their_own_or_anothers_claim(server: Rc<TestServer>) {
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let own = bought_by(&server, reviewer.clone(), "reviewer@example.com").await.submitted(&server).await;
    let claim = format!("{}/claim", own.review_path());
    reviewer.post(&claim, json!({})).await.refused(403, "own_request");
    own.decide(&reviewer, "approve", json!([])).await.refused(403, "own_request");
    administrator.post(&claim, json!({})).await.ok();
    administrator.post(&claim, json!({})).await.ok();
    let other = bought(&server, "other@example.com").await.submitted(&server).await;
    let (claim, release) = (format!("{}/claim", other.review_path()), format!("{}/release", other.review_path()));
    administrator.post(&claim, json!({})).await.ok();
    reviewer.post(&claim, json!({})).await.refused(409, "claimed_by_another");
    reviewer.post(&release, json!({})).await.refused(409, "claimed_by_another");
    other.decide(&reviewer, "approve", json!([])).await.refused(409, "claimed_by_another");
    administrator.post(&release, json!({})).await.ok();
    reviewer.post(&claim, json!({})).await.ok();
    let mine = items(&reviewer.get("/v1/back-office/activation-requests?mine=true").await.ok());
    assert_eq!(mine.len(), 1);
    administrator.post(&release, json!({})).await.ok();
    administrator
        .post(&format!("{}/claim", own.review_path().replace("areq_", "ord_")), json!({}))
        .await
        .refused(404, "not_found");
    check_timeline(&server, &other).await;
}

async fn one_request_is_decided_once_by_eight_at_once(server: Rc<TestServer>) {
    let activation = bought(&server, "decided@example.com").await.submitted(&server).await;
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    let answers = join_all((0..8).map(|_| activation.decide(&reviewer, "approve", json!([])))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    server.wait_for_jobs().await.expect("the service is provisioned");
    let details = reviewer.get(&activation.review_path()).await.ok();
    assert_eq!((details["status"].as_str(), details["decisions"].as_array().map(Vec::len)), (Some("active"), Some(1)));
    check_timeline(&server, &activation).await;
}

/// A server of its own whose provisioning service is the peer.
pub async fn provisioned_by(server: &TestServer, peer: &Peer) -> TestServer {
    let url = peer.url.clone();
    TestServer::start(server.engine, move |config: &mut Config| config.provisioning_url = Some(url)).await
}

/// Waits for the service to come up at a call, the request being in provisioning until then.
async fn comes_up_at_call(last: usize, server: &TestServer, peer: &Peer, activation: &Activation) {
    for call in 1..=last {
        server.until(|| peer.calls().len() >= call).await;
        if call < last {
            assert_eq!(activation.view().await["status"], "provisioning");
        }
        server.until_no_job_runs().await;
        server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 60 })).await.ok();
    }
    server.wait_for_jobs().await.expect("the service is provisioned");
}

async fn an_outage_leaves_the_request_in_provisioning(server: Rc<TestServer>) {
    let service = json!({ "service_id": "svc-1", "access_url": "https://service.example.com/svc-1" });
    let peer =
        Peer::start([(503, Value::Null), (401, Value::Null), (201, json!({ "service_id": "" })), (201, service)]);
    let server = provisioned_by(&server, &peer).await;
    let activation = bought(&server, "outage@example.com").await.submitted(&server).await;
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    activation.decide(&reviewer, "approve", json!([])).await.ok();
    comes_up_at_call(4, &server, &peer, &activation).await;
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    assert_eq!(reviewer.get(&activation.review_path()).await.ok()["status"], "active");
    let calls = peer.calls();
    assert!(calls.iter().all(|call| call.idempotency_key == activation.id && call.path == "/services"));
    assert!(calls.iter().all(|call| call.authorization.starts_with("Bearer ")));
    assert_eq!(text(&calls[0].body, "/contact/email"), "outage@example.com");
    check_timeline(&server, &activation).await;
    server.stop().await;
    peer.stop().await;
}

async fn an_outage_longer_than_a_jobs_tries_ends_well(server: Rc<TestServer>) {
    let service = json!({ "service_id": "svc-1", "access_url": "https://service.example.com/svc-1" });
    let tries = usize::try_from(MAX_ATTEMPTS).expect("a number");
    let peer = Peer::start((0..tries).map(|_| (503, Value::Null)).chain([(201, service)]));
    let server = provisioned_by(&server, &peer).await;
    let activation = bought(&server, "long@example.com").await.submitted(&server).await;
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    activation.decide(&reviewer, "approve", json!([])).await.ok();
    for calls in 1..=tries {
        server.until(|| peer.calls().len() >= calls).await;
        server.until_no_job_runs().await;
        server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 7200 })).await.ok();
    }
    let gave_up = server.wait_for_jobs().await.expect_err("the job is given up");
    assert!(gave_up.contains("given up"), "{gave_up}");
    for _ in 0..2 {
        take_up_again(server.shared_platform()).await.expect("the chore runs");
    }
    server.until(|| peer.calls().len() > tries).await;
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    let started = std::time::Instant::now();
    while reviewer.get(&activation.review_path()).await.ok()["status"] != "active" {
        assert!(started.elapsed().as_secs() < 30, "the service does not come up");
    }
    assert_eq!(peer.calls().len(), tries + 1, "one try a day more, whoever asks");
    check_timeline(&server, &activation).await;
    server.stop().await;
    peer.stop().await;
}

async fn a_service_that_takes_longer_is_asked_about(server: Rc<TestServer>) {
    let accepted = json!({ "service_id": "svc-1" });
    let setting_up = json!({ "service_id": "svc-1", "status": "setting_up", "access_url": null });
    let up = json!({ "service_id": "svc-1", "status": "active", "access_url": "https://service.example.com/1" });
    let peer = Peer::start([(202, accepted), (200, setting_up), (503, Value::Null), (200, up)]);
    let server = provisioned_by(&server, &peer).await;
    let activation = bought(&server, "longer@example.com").await.submitted(&server).await;
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    activation.decide(&reviewer, "approve", json!([])).await.ok();
    comes_up_at_call(4, &server, &peer, &activation).await;
    assert_eq!(activation.view().await["status"], "active");
    let asked: Vec<String> = peer.calls().iter().map(|call| format!("{} {}", call.method, call.path)).collect();
    assert_eq!(asked, ["POST /services", "GET /services/svc-1", "GET /services/svc-1", "GET /services/svc-1"]);
    assert!(peer.calls().iter().all(|call| call.authorization.starts_with("Bearer ")));
    check_timeline(&server, &activation).await;
    server.stop().await;
    peer.stop().await;
}

async fn the_stand_in_takes_longer_for_whoever_wants_it(server: Rc<TestServer>) {
    let activation = bought(&server, "mario.later@example.com").await.submitted(&server).await;
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    activation.decide(&reviewer, "approve", json!([])).await.ok();
    let started = std::time::Instant::now();
    loop {
        let events = items(&activation.caller.get(&format!("{}/timeline", activation.path)).await.ok());
        if text(events.last().expect("an entry"), "/kind") == "provisioning_accepted" {
            break;
        }
        assert!(started.elapsed().as_secs() < 30, "nothing is accepted");
    }
    server.until_no_job_runs().await;
    assert_eq!(activation.view().await["status"], "provisioning");
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 60 })).await.ok();
    server.wait_for_jobs().await.expect("the service is provisioned");
    assert_eq!(activation.view().await["status"], "active");
    check_timeline(&server, &activation).await;
}

async fn a_permanent_refusal_comes_back_to_the_review(server: Rc<TestServer>) {
    let up = json!({ "service_id": "svc_1", "access_url": "https://legalinvoice.example/s/svc_1" });
    let peer = Peer::start([(422, json!({ "code": "holder_unknown" })), (201, up)]);
    let server = provisioned_by(&server, &peer).await;
    let activation = bought(&server, "permanent@example.com").await.submitted(&server).await;
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    activation.decide(&reviewer, "approve", json!([])).await.ok();
    server.wait_for_jobs().await.expect("the job ends");
    assert_eq!(activation.view().await["status"], "in_review");
    assert_eq!(peer.calls().len(), 1);
    let events = items(&activation.caller.get(&format!("{}/timeline", activation.path)).await.ok());
    assert_eq!(text(events.last().expect("an entry"), "/kind"), "provisioning_refused");

    // The refusal is what the service would answer to the same key.
    activation.decide(&reviewer, "approve", json!([])).await.ok();
    server.wait_for_jobs().await.expect("the job ends");
    assert_eq!(activation.view().await["status"], "active");
    let keys: Vec<String> = peer.calls().into_iter().map(|call| call.idempotency_key).collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[1], format!("{}-1", keys[0]));
    check_timeline(&server, &activation).await;
    server.stop().await;
    peer.stop().await;
}
