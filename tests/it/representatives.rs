//! A delegate applies: the holder's representative is invited and confirms with a code of their own.

use std::rc::Rc;

use futures_util::future::join_all;
use negozio::activation::evidence::archive::unpack;
use negozio::activation::evidence::verification::verify;
use negozio::activation::representatives::jobs::{RepresentativeMail, send};
use negozio::activation::{otp_challenges, representatives};
use negozio::platform::jobs::JobId;
use negozio_pictures::specimen::{PhotoClass, photograph};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::activation::{Activation, applicant, bought, company, mails, mario_rossi};
use crate::support::actors::{customer, person_profile, ready_cart_for};
use crate::support::expect::{Answer, items, text, texts};
use crate::support::server::TestServer;

crate::on_both_engines!(
    a_delegate_hands_in_what_the_representative_confirmed,
    only_an_open_invitation_is_answered,
    a_change_of_holder_or_applicant_voids_the_confirmation,
    a_resubmission_takes_back_only_what_depends_on_what_changed,
    one_code_confirms_once_by_sixteen_at_once,
    nobody_is_asked_once_the_request_is_over,
    a_delegate_confirms_from_no_address_of_their_own,
    a_voided_invitation_names_nobody,
);

const LOOKUP: &str = "/v1/representative-invitations/lookup";
const CHALLENGES: &str = "/v1/representative-invitations/otp-challenges";
const CONFIRMATION: &str = "/v1/representative-invitations/confirmation";

fn delegate(person: &Value) -> Value {
    let mut delegate = applicant(person);
    delegate["role"] = json!("delegate");
    delegate
}

/// Mario Rossi applies as the company's delegate.
pub async fn by_delegate(server: &TestServer, email: &str) -> Activation {
    let activation = bought(server, email).await.verified(server).await;
    activation.caller.put(&format!("{}/holder", activation.path), company()).await.ok();
    activation.caller.put(&format!("{}/applicant", activation.path), delegate(&mario_rossi())).await.ok();
    activation
}

pub async fn invite(activation: &Activation, email: &str) -> Answer {
    let invitee = json!({ "first_name": "Anna", "last_name": "Bianchi", "email": email });
    activation.caller.post(&format!("{}/representative-invitation", activation.path), invitee).await
}

/// The tokens of the links that somebody was mailed, the newest last.
async fn tokens(server: &TestServer, email: &str) -> Vec<String> {
    server.wait_for_jobs().await.expect("the mail is sent");
    let mut mails = mails(server, email).await;
    mails.sort_by_key(|mail| text(mail, "/sent_at"));
    let token = |mail: &Value| {
        let after = text(mail, "/text").split_once("/representative?token=")?.1.to_owned();
        Some(after.split_whitespace().next()?.to_owned())
    };
    mails.iter().filter_map(token).collect()
}

/// Has a code sent to who holds a token; answers the challenge's identifier and the code.
async fn code(server: &TestServer, token: &str, email: &str) -> (String, String) {
    let challenge = server.visitor().post(CHALLENGES, json!({ "token": token })).await.created();
    assert!(!challenge.to_string().contains(email), "the destination is masked");
    server.wait_for_jobs().await.expect("the mail is sent");
    let otp = mails(server, email).await.iter().find_map(|mail| mail["otp"].as_str().map(str::to_owned));
    (text(&challenge, "/id"), otp.expect("a code"))
}

async fn due(activation: &Activation) -> Vec<String> {
    texts(&activation.view().await["requirements"]["currently_due"])
}

async fn a_delegate_hands_in_what_the_representative_confirmed(server: Rc<TestServer>) {
    let activation = by_delegate(&server, "delegate@example.com").await;
    assert_eq!(due(&activation).await, ["representative_confirmation", "identity_document", "contracts"]);
    let anna = "anna.bianchi@example.com";
    let invited = invite(&activation, "Anna.Bianchi@example.com").await.created();
    assert_eq!((text(&invited, "/status").as_str(), text(&invited, "/email").as_str()), ("invited", anna));
    let token = tokens(&server, anna).await.pop().expect("a link");
    let visitor = server.visitor();
    let question = visitor.post(LOOKUP, json!({ "token": token })).await.ok();
    assert_eq!(text(&question, "/holder"), "Rossi S.r.l.");
    assert_eq!(text(&question, "/applicant"), "Mario Rossi");
    assert!(!question.to_string().contains("RSSMRA") && !question.to_string().contains(anna), "{question}");
    let answer = |code: &str| visitor.post(CONFIRMATION, json!({ "token": token, "code": code }));
    answer("123456").await.refused(409, "otp_not_live");
    let (challenge, otp) = code(&server, &token, anna).await;
    visitor.post(CHALLENGES, json!({ "token": token })).await.refused(429, "otp_cool_down");
    // The representative's code proves nothing for the applicant (invariant 13 of the design).
    let challenge = format!("/v1/otp-challenges/{challenge}");
    activation.caller.get(&challenge).await.refused(404, "not_found");
    let verification = format!("{challenge}/verification");
    activation.caller.post(&verification, json!({ "code": otp })).await.refused(404, "not_found");
    activation.caller.post(&format!("{challenge}/resend"), json!({})).await.refused(404, "not_found");
    answer(if otp == "000000" { "000001" } else { "000000" }).await.refused(422, "otp_incorrect");
    answer("12345a").await.refused_field("/code", "six_digits");
    assert_eq!(answer(&otp).await.ok()["status"], "confirmed");
    answer(&otp).await.refused(422, "invalid_token");
    visitor.post(CHALLENGES, json!({ "token": token })).await.refused(422, "invalid_token");
    assert_eq!(due(&activation).await, ["identity_document", "contracts"]);
    assert_eq!(activation.view().await["email"], "delegate@example.com");

    activation.upload(photograph(PhotoClass::White, 1)).await;
    for contract in activation.contracts().await {
        activation.agree_to(&contract).await;
    }
    let submitted = activation.submit().await;
    assert!(texts(&submitted["requirements"]["pending_review"]).contains(&"representative_confirmation".to_owned()));
    let timeline = items(&activation.caller.get(&format!("{}/timeline", activation.path)).await.ok());
    let confirmed = timeline.iter().find(|entry| entry["kind"] == "representative_confirmed").expect("an entry");
    assert_eq!(confirmed["actor"], "representative");
    let bundle = activation.caller.get(&format!("{}/evidence", activation.path)).await.with_status(200).body;
    let verification = verify(&unpack(&bundle).expect("a bundle"), None);
    assert!(verification.is_sound(), "{:?}", verification.checks);
    let proof = verification.evidence.and_then(|evidence| evidence.representative?.confirmation).expect("a proof");
    assert_eq!((proof.email.as_str(), proof.ip.as_deref()), (anna, Some("127.0.0.1")));
}

async fn only_an_open_invitation_is_answered(server: Rc<TestServer>) {
    let activation = by_delegate(&server, "answers@example.com").await;
    invite(&activation, "answers@example.com").await.refused_field("/email", "same_as_applicant");
    invite(&activation, "nobody").await.refused_field("/email", "email");
    invite(&activation, "first@example.com").await.created();
    let first = tokens(&server, "first@example.com").await.pop().expect("a link");
    invite(&activation, "second@example.com").await.created();
    let second = tokens(&server, "second@example.com").await.pop().expect("a link");
    let visitor = server.visitor();
    let other_seal = first.split('.').next().zip(second.split('.').nth(1)).map(|(id, seal)| format!("{id}.{seal}"));
    for token in [first.as_str(), other_seal.as_deref().expect("a token"), "guess", ""] {
        visitor.post(LOOKUP, json!({ "token": token })).await.refused(422, "invalid_token");
        visitor.post(CHALLENGES, json!({ "token": token })).await.refused(422, "invalid_token");
        visitor.post(CONFIRMATION, json!({ "token": token, "code": "123456" })).await.refused(422, "invalid_token");
    }
    visitor.post(LOOKUP, json!({ "token": second })).await.ok();
    let legal = json!({ "role": "legal_representative" });
    let mut person = applicant(&mario_rossi());
    person["role"] = legal["role"].clone();
    activation.caller.put(&format!("{}/applicant", activation.path), person).await.ok();
    assert_eq!(due(&activation).await, ["identity_document", "contracts"], "a representative needs nobody's leave");
    invite(&activation, "third@example.com").await.refused(409, "request_state_forbids");
    activation.caller.put(&format!("{}/applicant", activation.path), delegate(&mario_rossi())).await.ok();
    invite(&activation, "third@example.com").await.created();
    let third = tokens(&server, "third@example.com").await.pop().expect("a link");
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 14 * 86_400 })).await.ok();
    visitor.post(LOOKUP, json!({ "token": third })).await.refused(422, "invalid_token");
}

async fn nobody_is_asked_once_the_request_is_over(server: Rc<TestServer>) {
    let activation = by_delegate(&server, "over@example.com").await;
    let anna = "anna.over@example.com";
    let invited = invite(&activation, anna).await.created();
    let token = tokens(&server, anna).await.pop().expect("a link");
    let (visitor, path) = (server.visitor(), format!("{}/cancellation", activation.path));
    let ask = || visitor.post(CHALLENGES, json!({ "token": token }));
    let (cancelled, _) = tokio::join!(activation.caller.post(&path, json!({})), join_all((0..8).map(|_| ask())));
    cancelled.ok();
    ask().await.refused(422, "invalid_token");
    let timeline = items(&activation.caller.get(&format!("{}/timeline", activation.path)).await.ok());
    assert_eq!(timeline.last().expect("an entry")["kind"], "request_cancelled", "{timeline:#?}");
    server.wait_for_jobs().await.expect("the mails are sent");
    let before = mails(&server, anna).await.len();
    // A mail that is owed since before.
    let owed = RepresentativeMail { invitation_id: text(&invited, "/id").parse().expect("an identifier") };
    send(server.shared_platform(), JobId::new(), owed).await.expect("the job ends");
    assert_eq!(mails(&server, anna).await.len(), before, "what is over asks nobody");
}

async fn a_delegate_confirms_from_no_address_of_their_own(server: Rc<TestServer>) {
    let caller = customer(&server, "own@example.com").await;
    let mut profile = person_profile();
    profile["pec"] = json!("Own.Pec@pec.example.com");
    let cart = ready_cart_for(&server, &caller, profile).await;
    caller.put(&format!("/v1/carts/{cart}/coupon"), json!({ "code": "BENVENUTO100" })).await.ok();
    let order = caller.check_out(&cart).await.created();
    let id = text(&order, "/activation_requests/0/id");
    let path = format!("/v1/activation-requests/{id}");
    let activation = Activation { caller, path, id, email: "own@example.com".to_owned() }.verified(&server).await;
    activation.caller.put(&format!("{}/holder", activation.path), company()).await.ok();
    activation.caller.put(&format!("{}/applicant", activation.path), delegate(&mario_rossi())).await.ok();
    for own in ["own@example.com", "own.pec@pec.example.com"] {
        invite(&activation, own).await.refused_field("/email", "same_as_applicant");
    }
    invite(&activation, "other@example.com").await.created();
}

async fn a_voided_invitation_names_nobody(server: Rc<TestServer>) {
    let activation = by_delegate(&server, "voids@example.com").await;
    let email = "named@example.com";
    let invited = text(&invite(&activation, email).await.created(), "/id");
    let token = tokens(&server, email).await.pop().expect("a link");
    let (challenge, otp) = code(&server, &token, email).await;
    server.visitor().post(CONFIRMATION, json!({ "token": token, "code": otp })).await.ok();
    let (invited, challenge) = (invited.parse().expect("an identifier"), challenge.parse().expect("an identifier"));
    let stored = || async {
        let db = server.with_platform(|platform| platform.db.clone());
        let found = db.read(move |connection| {
            let invitation = representatives::store::find(connection, invited)?.expect("the invitation");
            let challenge = otp_challenges::store::find(connection, challenge)?.expect("the challenge");
            let names = [invitation.first_name, invitation.last_name, invitation.email, challenge.email];
            Ok((names.concat(), invitation.confirmation.is_some()))
        });
        found.await.expect("the database answers")
    };
    assert_eq!(stored().await, (format!("AnnaBianchi{email}{email}"), true));
    invite(&activation, "another@example.com").await.created();
    assert_eq!(stored().await, (String::new(), false));
}

async fn a_change_of_holder_or_applicant_voids_the_confirmation(server: Rc<TestServer>) {
    let activation = by_delegate(&server, "changes@example.com").await;
    let confirm = |email: &'static str| {
        let (server, activation) = (server.clone(), &activation);
        async move {
            invite(activation, email).await.created();
            let token = tokens(&server, email).await.pop().expect("a link");
            let (_, otp) = code(&server, &token, email).await;
            server.visitor().post(CONFIRMATION, json!({ "token": token, "code": otp })).await.ok();
            assert!(!due(activation).await.contains(&"representative_confirmation".to_owned()));
            token
        }
    };
    let token = confirm("once@example.com").await;
    let path = format!("{}/applicant", activation.path);
    activation.caller.put(&path, delegate(&mario_rossi())).await.ok();
    assert_eq!(due(&activation).await, ["identity_document", "contracts"], "saving the same again voids nothing");
    let mut reachable = delegate(&mario_rossi());
    reachable["phone"] = json!("+39 02 1234567");
    activation.caller.put(&path, reachable).await.ok();
    assert_eq!(due(&activation).await, ["identity_document", "contracts"], "the same person, with a telephone now");
    let other = server.visitor().get("/v1/sandbox/specimens/person").await.ok();
    activation.caller.put(&path, delegate(&other)).await.ok();
    assert!(due(&activation).await.contains(&"representative_confirmation".to_owned()));
    server.visitor().post(LOOKUP, json!({ "token": token })).await.refused(422, "invalid_token");
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 60 })).await.ok();
    confirm("twice@example.com").await;
    let mut renamed = company();
    renamed["business_name"] = json!("Rossi e figli S.r.l.");
    activation.caller.put(&format!("{}/holder", activation.path), renamed).await.ok();
    activation.caller.put(&path, delegate(&mario_rossi())).await.ok();
    assert!(due(&activation).await.contains(&"representative_confirmation".to_owned()));

    let erased = activation.caller.send(Method::DELETE, "/v1/account", None).await;
    assert_eq!(erased.status, 204, "{}", erased.text());
}

async fn a_resubmission_takes_back_only_what_depends_on_what_changed(server: Rc<TestServer>) {
    let activation = by_delegate(&server, "again@example.com").await;
    invite(&activation, "represents@example.com").await.created();
    let token = tokens(&server, "represents@example.com").await.pop().expect("a link");
    let (_, otp) = code(&server, &token, "represents@example.com").await;
    server.visitor().post(CONFIRMATION, json!({ "token": token, "code": otp })).await.ok();
    activation.upload(photograph(PhotoClass::White, 1)).await;
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    let agree_and_submit = async || {
        for contract in activation.contracts().await {
            activation.agree_to(&contract).await;
        }
        activation.submit().await;
    };
    agree_and_submit().await;
    let (holder, applicant) = (format!("{}/holder", activation.path), format!("{}/applicant", activation.path));

    activation.decide(&reviewer, "request_resubmission", json!(["holder_data_wrong"])).await.ok();
    assert_eq!(due(&activation).await, ["holder"]);
    let before = activation.view().await["applicant"].clone();
    let mut reachable = company();
    reachable["phone"] = json!("+39021234567");
    activation.caller.put(&holder, reachable.clone()).await.ok();
    assert_eq!(due(&activation).await, ["contracts"], "which tell the telephone number");
    assert_eq!(activation.view().await["applicant"], before);
    activation.caller.put(&applicant, delegate(&mario_rossi())).await.refused(409, "requirement_frozen");
    invite(&activation, "another@example.com").await.refused(409, "requirement_frozen");
    agree_and_submit().await;
    let bundle = activation.caller.get(&format!("{}/evidence", activation.path)).await.with_status(200).body;
    let verification = verify(&unpack(&bundle).expect("a bundle"), None);
    assert!(verification.is_sound(), "{:?}", verification.checks);

    activation.decide(&reviewer, "request_resubmission", json!(["holder_data_wrong"])).await.ok();
    let mut renamed = reachable;
    renamed["business_name"] = json!("Rossi e figli S.r.l.");
    activation.caller.put(&holder, renamed.clone()).await.ok();
    assert_eq!(due(&activation).await, ["representative_confirmation", "contracts"], "the name that was confirmed");
    assert_eq!(activation.view().await["applicant"], before);
    let mut other = renamed;
    other["partita_iva"] = json!("12485671007");
    activation.caller.put(&holder, other).await.ok();
    assert_eq!(due(&activation).await, ["applicant", "contracts"], "who applied for the one does not for the other");
}

async fn one_code_confirms_once_by_sixteen_at_once(server: Rc<TestServer>) {
    let activation = by_delegate(&server, "sixteen@example.com").await;
    invite(&activation, "race@example.com").await.created();
    let token = tokens(&server, "race@example.com").await.pop().expect("a link");
    let (_, otp) = code(&server, &token, "race@example.com").await;
    let visitor = server.visitor();
    let answer = json!({ "token": token, "code": otp });
    let answers = join_all((0..16).map(|_| visitor.post(CONFIRMATION, answer.clone()))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for refused in answers.into_iter().filter(|answer| answer.status != 200) {
        refused.refused(422, "invalid_token");
    }
    assert_eq!(due(&activation).await, ["identity_document", "contracts"]);
}
