//! From the confirmed order to the data of holder and applicant.

use std::rc::Rc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::activation::{Activation, applicant, bought, clause_ids, holder, mails, mario_rossi};
use crate::support::actors::{customer, customer_again};
use crate::support::expect::{items, text, texts};
use crate::support::server::TestServer;
use negozio_pictures::specimen::{PhotoClass, photograph};

crate::on_both_engines!(
    a_code_proves_an_address,
    one_code_is_verified_once_by_sixteen_at_once,
    five_wrong_codes_exhaust_a_challenge,
    a_code_dies_after_ten_minutes,
    holder_and_applicant_are_checked,
    a_document_is_measured_and_stored_without_metadata,
    a_machine_readable_zone_is_checked_and_compared,
    one_holder_is_taken_once_by_eight_at_once,
    a_repeated_step_has_one_effect,
    a_request_is_taken_up_again_on_another_device,
);

fn wrong(code: &str) -> Value {
    json!({ "code": if code == "000000" { "000001" } else { "000000" } })
}

async fn a_code_proves_an_address(server: Rc<TestServer>) {
    let activation = bought(&server, "proof@example.com").await;
    let path = activation.path.clone();
    assert_eq!(
        texts(&activation.caller.get(&path).await.ok()["requirements"]["currently_due"])[0],
        "email_verification"
    );
    let options = activation.caller.get(&format!("{path}/email-options")).await.ok();
    assert_eq!(text(&options, "/items/0/email"), "proof@example.com");
    let elsewhere = json!({ "email": "elsewhere@example.com" });
    activation.caller.post(&format!("{path}/otp-challenges"), elsewhere).await.refused(422, "email_not_on_offer");
    let (challenge, otp) = activation.code(&server).await;
    let again = activation.caller.post(&format!("{challenge}/resend"), json!({})).await;
    assert!(!again.header("retry-after").is_empty());
    again.refused(429, "otp_cool_down");
    let letters = json!({ "code": "12345a" });
    activation.caller.post(&format!("{challenge}/verification"), letters).await.refused_field("/code", "six_digits");
    let problem =
        activation.caller.post(&format!("{challenge}/verification"), wrong(&otp)).await.refused(422, "otp_incorrect");
    assert_eq!(problem["attempts_left"], 4);
    customer(&server, "thief@example.com")
        .await
        .post(&format!("{challenge}/verification"), json!({ "code": otp }))
        .await
        .refused(404, "not_found");
    activation.caller.post(&format!("{challenge}/verification"), json!({ "code": otp })).await.ok();
    activation
        .caller
        .post(&format!("{challenge}/verification"), json!({ "code": otp }))
        .await
        .refused(409, "otp_not_live");
    assert_eq!(activation.caller.get(&path).await.ok()["status"], "collecting");
    let timeline = items(&activation.caller.get(&format!("{path}/timeline")).await.ok());
    let kinds: Vec<&str> = timeline.iter().filter_map(|entry| entry["kind"].as_str()).collect();
    assert_eq!(kinds, ["request_opened", "otp_issued", "email_verified"]);
}

async fn one_code_is_verified_once_by_sixteen_at_once(server: Rc<TestServer>) {
    let activation = bought(&server, "sixteen@example.com").await;
    let (challenge, otp) = activation.code(&server).await;
    let path = format!("{challenge}/verification");
    let answers = join_all((0..16).map(|_| activation.caller.post(&path, json!({ "code": otp })))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert!(answers.iter().all(|answer| [200, 409].contains(&answer.status)));
}

async fn five_wrong_codes_exhaust_a_challenge(server: Rc<TestServer>) {
    let activation = bought(&server, "five@example.com").await;
    let (challenge, otp) = activation.code(&server).await;
    let path = format!("{challenge}/verification");
    let tries = join_all((0..16).map(|_| activation.caller.post(&path, wrong(&otp)))).await;
    assert_eq!(tries.iter().filter(|answer| answer.status == 422).count(), 5);
    activation.caller.post(&path, json!({ "code": otp })).await.refused(409, "otp_exhausted");
}

async fn a_code_dies_after_ten_minutes(server: Rc<TestServer>) {
    let activation = bought(&server, "late@example.com").await;
    let (challenge, otp) = activation.code(&server).await;
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 600 })).await.ok();
    let session = json!({ "email": "late@example.com", "password": "una frase che ricordo" });
    let session = server.visitor().post("/v1/sessions", session).await.created();
    let caller = server.visitor().with("authorization", &format!("Bearer {}", text(&session, "/access_token")));
    caller.post(&format!("{challenge}/verification"), json!({ "code": otp })).await.refused(409, "otp_expired");
    caller.post(&format!("{challenge}/resend"), json!({})).await.created();
}

async fn holder_and_applicant_are_checked(server: Rc<TestServer>) {
    let activation = bought(&server, "holder@example.com").await;
    let path = activation.path.clone();
    let holder = holder(&mario_rossi());
    activation.caller.put(&format!("{path}/holder"), holder.clone()).await.refused(409, "request_state_forbids");
    let (challenge, otp) = activation.code(&server).await;
    activation.caller.post(&format!("{challenge}/verification"), json!({ "code": otp })).await.ok();
    let applicant = applicant(&mario_rossi());
    activation.caller.put(&format!("{path}/applicant"), applicant.clone()).await.refused(409, "request_state_forbids");
    activation.caller.put(&format!("{path}/holder"), holder.clone()).await.ok();
    let mut other = applicant.clone();
    other["birth_date"] = json!("1985-12-11");
    other["sex"] = json!("F");
    let problem = activation.caller.put(&format!("{path}/applicant"), other).await.refused(422, "invalid_fields");
    let pointers: Vec<&str> =
        problem["errors"].as_array().into_iter().flatten().filter_map(|error| error["pointer"].as_str()).collect();
    assert_eq!(pointers, ["/birth_date", "/sex"]);
    let saved = activation.caller.put(&format!("{path}/applicant"), applicant).await.ok();
    assert_eq!(texts(&saved["requirements"]["currently_due"]), ["identity_document", "contracts"]);
    let types = items(&server.visitor().get("/v1/holder-types").await.ok());
    assert_eq!(types.len(), 5);
    let second = bought(&server, "second@example.com").await.verified(&server).await;
    let taken = second.caller.put(&format!("{}/holder", second.path), holder).await;
    taken.refused(409, "holder_already_requested");
}

async fn a_document_is_measured_and_stored_without_metadata(server: Rc<TestServer>) {
    let activation = bought(&server, "picture@example.com").await;
    let path = activation.path.clone();
    let upload = format!("{path}/identity-documents");
    let fields =
        [("kind", "passport"), ("number", "YA1234567"), ("issued_on", "2020-01-01"), ("expires_on", "2030-01-01")];
    let clean = photograph(PhotoClass::White, 1);
    activation.caller.upload(&upload, &fields, clean.clone()).await.refused(409, "request_state_forbids");
    let (challenge, otp) = activation.code(&server).await;
    activation.caller.post(&format!("{challenge}/verification"), json!({ "code": otp })).await.ok();
    let expired =
        [("kind", "passport"), ("number", "YA1234567"), ("issued_on", "2010-01-01"), ("expires_on", "2020-01-01")];
    activation.caller.upload(&upload, &expired, clean.clone()).await.refused_field("/expires_on", "document_expired");
    let paper =
        [("kind", "paper_identity_card"), ("number", "AX1"), ("issued_on", "2020-01-01"), ("expires_on", "2030-01-01")];
    activation.caller.upload(&upload, &paper, clean.clone()).await.refused_field("/kind", "paper_identity_card_void");
    activation.caller.upload(&upload, &fields, b"%PDF-1.7".to_vec()).await.refused_field("/front", "picture_is_pdf");
    let grey = activation.caller.upload(&upload, &fields, photograph(PhotoClass::Grey, 1)).await.created();
    assert_eq!(grey["status"], "quality_failed", "{grey:#}");
    let good = activation.caller.upload(&upload, &fields, clean).await.created();
    assert_eq!(good["status"], "pending_review", "{good:#}");
    assert_eq!(good["quality"].as_array().map(Vec::len), Some(7));
    let due = texts(&activation.caller.get(&path).await.ok()["requirements"]["currently_due"]);
    assert_eq!(due, ["holder", "applicant", "contracts"]);
    let file = format!("/v1/identity-documents/{}/files/front", text(&good, "/id"));
    let picture = activation.caller.get(&file).await.with_status(200);
    assert!(picture.body.starts_with(&[0xFF, 0xD8]) && picture.header("cache-control") == "no-store");
    let removal = format!("/v1/identity-documents/{}", text(&good, "/id"));
    let stranger = customer(&server, "remover@example.com").await;
    stranger.send(reqwest::Method::DELETE, &removal, None).await.refused(404, "not_found");
    assert_eq!(activation.caller.send(reqwest::Method::DELETE, &removal, None).await.status, 204);
    activation.caller.get(&file).await.refused(404, "not_found");
    assert_eq!(activation.caller.get(&removal).await.ok()["status"], "purged");
    customer(&server, "stranger@example.com").await.get(&file).await.refused(404, "not_found");
}

/// The zone of a passport of somebody of this last name, whose check digits are right.
fn passport_zone(last_name: &str) -> String {
    mrz::format_td3(&mrz::Td3Fields {
        issuing_country: "ITA".to_owned(),
        document_number: "YA1234567".to_owned(),
        surname: last_name.to_owned(),
        given_names: "Mario".to_owned(),
        nationality: "ITA".to_owned(),
        date_of_birth: mrz::MrzDate::Calendar(mrz::Date::new(1985, 12, 10)),
        sex: mrz::Sex::Male,
        date_of_expiry: mrz::MrzDate::Calendar(mrz::Date::new(2035, 1, 1)),
        ..mrz::Td3Fields::default()
    })
}

async fn a_machine_readable_zone_is_checked_and_compared(server: Rc<TestServer>) {
    let activation = bought(&server, "zone@example.com").await.verified(&server).await;
    activation.save_person(&mario_rossi()).await;
    let upload = format!("{}/identity-documents", activation.path);
    let (right, other_name) = (passport_zone("Rossi"), passport_zone("Bianchi"));
    let wrong_digit = right.replace("YA12345676", "YA12345675");
    let form = |number: &'static str, expires_on: &'static str, mrz: &str| {
        [
            ("kind", "passport".to_owned()),
            ("number", number.to_owned()),
            ("issued_on", "2020-01-01".to_owned()),
            ("expires_on", expires_on.to_owned()),
            ("mrz", mrz.to_owned()),
        ]
    };
    let send = |fields: [(&'static str, String); 5], picture: Vec<u8>| {
        let (caller, upload) = (activation.caller.clone(), upload.clone());
        async move {
            let fields: Vec<(&'static str, &str)> =
                fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            caller.upload(&upload, &fields, picture).await
        }
    };
    let clean = photograph(PhotoClass::White, 1);
    for (fields, pointer, code) in [
        (form("YA1234567", "2035-01-01", "P<ITA"), "/mrz", "mrz_malformed"),
        (form("YA1234567", "2035-01-01", &wrong_digit), "/mrz", "mrz_check_digit"),
        (form("YA7654321", "2035-01-01", &right), "/number", "disagrees_with_mrz"),
        (form("YA1234567", "2034-01-01", &right), "/expires_on", "disagrees_with_mrz"),
    ] {
        send(fields, clean.clone()).await.refused_field(pointer, code);
    }
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    let found = || async {
        let details = reviewer.get(&activation.review_path()).await.ok();
        let findings = details["findings"].as_array().cloned().unwrap_or_default();
        findings.iter().map(|finding| text(finding, "/code")).collect::<Vec<_>>()
    };
    send(form("YA1234567", "2035-01-01", &other_name), clean.clone()).await.created();
    assert_eq!(found().await, ["mrz_last_name_differs"]);
    send(form("YA1234567", "2035-01-01", &right), clean).await.created();
    assert!(found().await.is_empty());
    let export = activation.caller.get("/v1/account/export").await.ok();
    assert!(export.to_string().contains(&right.replace('\n', "")), "the export holds the zone");
}

async fn a_repeated_step_has_one_effect(server: Rc<TestServer>) {
    let activation = bought(&server, "repeats@example.com").await;
    let path = activation.path.clone();
    let with_key = |key: &str| activation.caller.with("idempotency-key", key);
    let to_me = json!({ "email": "repeats@example.com" });
    let challenges = format!("{path}/otp-challenges");
    let issued = with_key("code").post(&challenges, to_me.clone()).await.created();
    assert_eq!(with_key("code").post(&challenges, to_me.clone()).await.created(), issued);
    with_key("code").post(&challenges, json!({ "email": "" })).await.refused(422, "idempotency_key_reused");
    server.wait_for_jobs().await.expect("the mail is sent");
    let mails = mails(&server, "repeats@example.com").await;
    let codes: Vec<&str> = mails.iter().filter_map(|mail| mail["otp"].as_str()).collect();
    assert_eq!(codes.len(), 1);
    let verification = format!("/v1/otp-challenges/{}/verification", text(&issued, "/id"));
    activation.caller.post(&verification, json!({ "code": codes[0] })).await.ok();
    activation.save_person(&mario_rossi()).await;

    let fields =
        [("kind", "passport"), ("number", "YA1234567"), ("issued_on", "2020-01-01"), ("expires_on", "2035-01-01")];
    let (uploads, picture) = (format!("{path}/identity-documents"), photograph(PhotoClass::White, 1));
    let uploaded = with_key("picture").upload(&uploads, &fields, picture.clone()).await.created();
    assert_eq!(with_key("picture").upload(&uploads, &fields, picture.clone()).await.created(), uploaded);
    let mut others = fields;
    others[1] = ("number", "YA7654321");
    with_key("picture").upload(&uploads, &others, picture.clone()).await.refused(422, "idempotency_key_reused");
    for contract in activation.contracts().await {
        let contract_path = format!("/v1/contracts/{}", text(&contract, "/id"));
        activation.caller.get(&format!("{contract_path}/pdf")).await.with_status(200);
        let hash = text(&contract, "/document_sha256");
        let mut steps = vec![("acceptance", json!({ "document_sha256": hash }))];
        let clauses = clause_ids(&contract);
        if !clauses.is_empty() {
            steps.push(("specific-approval", json!({ "document_sha256": hash, "clause_ids": clauses })));
        }
        for (step, body) in steps {
            let (step, key) = (format!("{contract_path}/{step}"), format!("{}-{step}", text(&contract, "/kind")));
            let agreed = with_key(&key).post(&step, body.clone()).await.ok();
            assert_eq!(with_key(&key).post(&step, body.clone()).await.ok(), agreed);
            activation.caller.post(&step, body).await.refused(409, "contract_state_forbids");
        }
    }
    let submission = format!("{path}/submission");
    let answers = join_all((0..4).map(|_| async { with_key("submission").post(&submission, json!({})).await })).await;
    let bodies: Vec<Vec<u8>> = answers.into_iter().map(|answer| answer.with_status(200).body).collect();
    assert!(bodies.windows(2).all(|two| two[0] == two[1]), "byte for byte");
    assert_eq!(with_key("picture").upload(&uploads, &fields, picture).await.created(), uploaded, "though it is frozen");

    let timeline = items(&activation.caller.get(&format!("{path}/timeline")).await.ok());
    let count = |kind: &str| timeline.iter().filter(|entry| entry["kind"] == kind).count();
    let counts =
        ["otp_issued", "identity_document_uploaded", "contract_accepted", "onerous_clauses_approved"].map(count);
    assert_eq!((counts, count("request_submitted")), ([1, 1, 4, 1], 1));
}

async fn a_request_is_taken_up_again_on_another_device(server: Rc<TestServer>) {
    let activation = bought(&server, "resumes@example.com").await.verified(&server).await;
    let person = mario_rossi();
    activation.caller.put(&format!("{}/holder", activation.path), holder(&person)).await.ok();
    let gone = activation.caller.send(reqwest::Method::DELETE, "/v1/sessions/current", None).await;
    assert_eq!(gone.status, 204);
    activation.caller.get(&activation.path).await.refused(401, "unauthenticated");

    let caller = customer_again(&server, "resumes@example.com").await;
    let found = items(&caller.get("/v1/activation-requests").await.ok()).remove(0);
    assert_eq!((text(&found, "/id"), text(&found, "/status").as_str()), (activation.id.clone(), "collecting"));
    assert_eq!(found["holder"]["last_name"], person["last_name"]);
    assert_eq!(texts(&found["requirements"]["currently_due"]), ["applicant", "identity_document", "contracts"]);
    let activation = Activation { caller, ..activation };
    activation.caller.put(&format!("{}/applicant", activation.path), applicant(&person)).await.ok();
    activation.upload(photograph(PhotoClass::White, 1)).await;
    for contract in activation.contracts().await {
        activation.agree_to(&contract).await;
    }
    assert_eq!(activation.submit().await["status"], "in_review");
}

async fn one_holder_is_taken_once_by_eight_at_once(server: Rc<TestServer>) {
    let mut requests = Vec::new();
    for number in 0..8 {
        let email = format!("rival{number}@example.com");
        let activation = bought(&server, &email).await;
        requests.push(activation.verified(&server).await);
    }
    let holder = holder(&mario_rossi());
    let answers = join_all(
        requests
            .iter()
            .map(|rival| async { rival.caller.put(&format!("{}/holder", rival.path), holder.clone()).await }),
    )
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 200) {
        answer.refused(409, "holder_already_requested");
    }
}
