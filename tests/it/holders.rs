//! Whom a service is held by: one service of a product for each, and the data that are believed of whoever applies.

use std::rc::Rc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::activation::{
    Activation, address, applicant, bought, bought_by, bought_plan, company, holder, mario_rossi,
};
use crate::support::actors::customer;
use crate::support::expect::text;
use crate::support::server::TestServer;

crate::on_both_engines!(
    a_company_is_one_holder_whatever_it_says_of_itself,
    a_holder_has_one_service_of_a_product_of_whichever_plan,
    one_company_is_taken_once_by_eight_at_once,
    what_no_applicant_is_made_of_is_refused,
    what_is_said_of_them_comes_back_in_its_normal_form,
    an_age_that_the_codice_fiscale_does_not_tell_is_a_finding,
);

const PLANS: [&str; 4] = ["legalinvoice-start", "legalinvoice-pro", "legalinvoice-multi", "legalinvoice-studio"];

/// The company with a codice fiscale of its own, which it may leave out.
fn company_with_code() -> Value {
    let mut company = company();
    company["codice_fiscale"] = json!("12485671007");
    company
}

/// Somebody's request of a plan, its address proved.
async fn proved(server: &TestServer, email: &str, slug: &str) -> Activation {
    let caller = customer(server, email).await;
    bought_plan(server, caller, email, slug).await.verified(server).await
}

async fn a_company_is_one_holder_whatever_it_says_of_itself(server: Rc<TestServer>) {
    for (first, second) in [(company(), company_with_code()), (company_with_code(), company())] {
        let (one, two) = (fresh_email(), fresh_email());
        let first_request = proved(&server, &one, PLANS[1]).await;
        first_request.caller.put(&format!("{}/holder", first_request.path), first).await.ok();
        let rival = proved(&server, &two, PLANS[1]).await;
        let path = format!("{}/holder", rival.path);
        rival.caller.put(&path, second.clone()).await.refused(409, "holder_already_requested");
        first_request.caller.post(&format!("{}/cancellation", first_request.path), json!({})).await.ok();
        rival.caller.put(&path, second).await.ok();
        rival.caller.post(&format!("{}/cancellation", rival.path), json!({})).await.ok();
    }
}

fn fresh_email() -> String {
    format!("{}@example.com", negozio::platform::ids::fresh_uuid())
}

async fn a_holder_has_one_service_of_a_product_of_whichever_plan(server: Rc<TestServer>) {
    let person = holder(&mario_rossi());
    let first = proved(&server, "first@example.com", PLANS[0]).await;
    first.caller.put(&format!("{}/holder", first.path), person.clone()).await.ok();
    for slug in PLANS {
        let other = proved(&server, &fresh_email(), slug).await;
        let path = format!("{}/holder", other.path);
        other.caller.put(&path, person.clone()).await.refused(409, "holder_already_requested");
    }
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let known = server.visitor().get("/v1/plans/legalinvoice-pro").await.ok();
    let name = json!({ "it": "Altro", "en": "Other" });
    let plan = json!({
        "slug": "other-plan", "product": "other", "audience": "single_company", "name": name, "summary": name,
        "description": name, "features": known["features"], "active": true,
        "price": { "net": { "amount": 100, "currency": "EUR" } },
    });
    assert_eq!(administrator.post("/v1/back-office/plans", plan).await.created()["product"], "other");
    let other = proved(&server, "other@example.com", "other-plan").await;
    other.caller.put(&format!("{}/holder", other.path), person.clone()).await.ok();
    let second = proved(&server, "second@example.com", "other-plan").await;
    second.caller.put(&format!("{}/holder", second.path), person).await.refused(409, "holder_already_requested");
}

async fn one_company_is_taken_once_by_eight_at_once(server: Rc<TestServer>) {
    let mut rivals = Vec::new();
    for number in 0..8 {
        let holder = if number % 2 == 0 { company() } else { company_with_code() };
        rivals.push((proved(&server, &format!("rival{number}@example.com"), PLANS[number % 4]).await, holder));
    }
    let asked = rivals
        .iter()
        .map(|(rival, holder)| async { rival.caller.put(&format!("{}/holder", rival.path), holder.clone()).await });
    let (taken, refused): (Vec<_>, Vec<_>) = join_all(asked).await.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(taken.len(), 1);
    for answer in refused {
        answer.refused(409, "holder_already_requested");
    }
}

/// With another value of a member.
fn with(of: &Value, name: &str, value: Value) -> Value {
    let mut changed = of.clone();
    changed[name] = value;
    changed
}

async fn what_no_applicant_is_made_of_is_refused(server: Rc<TestServer>) {
    let activation = bought(&server, "hostile@example.com").await.verified(&server).await;
    let (holders, applicants) = (format!("{}/holder", activation.path), format!("{}/applicant", activation.path));
    let company = company();
    let mute = with(&company, "phone", json!("nessuno"));
    activation.caller.put(&holders, mute.clone()).await.refused_field("/phone", "not_a_phone_number");
    let both = activation.caller.put(&holders, with(&mute, "partita_iva", json!("00743110158"))).await;
    let both = both.refused(422, "invalid_fields")["errors"].to_string();
    assert!(both.contains("\"/phone\"") && both.contains("\"/partita_iva\""), "{both}");
    activation.caller.put(&holders, company).await.ok();
    let right = with(&applicant(&mario_rossi()), "role", json!("legal_representative"));
    let at = |name: &str, value: Value| with(&right, "address", with(&address(), name, value));
    for (wrong, pointer, code) in [
        (at("postal_code", json!("2012")), "/address/postal_code", "not_a_postal_code"),
        (at("postal_code", json!("20I21")), "/address/postal_code", "not_a_postal_code"),
        (at("province", json!("ZZ")), "/address/province", "unknown_province"),
        (at("province", Value::Null), "/address/province", "required"),
        (at("country", json!("DE")), "/address/province", "only_in_italy"),
        (at("country", json!("XX")), "/address/country", "unknown_country"),
        (at("street", json!("   ")), "/address/street", "blank"),
        (at("municipality", json!("Mi\nlano")), "/address/municipality", "control_character"),
        (with(&right, "phone", json!("nessuno")), "/phone", "not_a_phone_number"),
        (with(&right, "phone", json!("++39021234567")), "/phone", "not_a_phone_number"),
        (with(&right, "phone", json!("1234567890123456")), "/phone", "not_a_phone_number"),
        (with(&right, "phone", json!("' OR '1'='1")), "/phone", "not_a_phone_number"),
        (with(&right, "birth_place", json!("  ")), "/birth_place", "blank"),
        (with(&right, "birth_place", json!("Pi\nsa")), "/birth_place", "control_character"),
        (with(&right, "first_name", json!(" ")), "/first_name", "blank"),
        (with(&right, "birth_date", json!("1885-12-10")), "/birth_date", "too_long_ago"),
        (with(&right, "birth_date", json!("0085-12-10")), "/birth_date", "too_long_ago"),
        (with(&right, "birth_date", json!("2085-12-10")), "/birth_date", "not_adult"),
    ] {
        let errors = activation.caller.put(&applicants, wrong).await.refused(422, "invalid_fields")["errors"].clone();
        let named = errors.as_array().into_iter().flatten();
        let named: Vec<_> = named.map(|error| (text(error, "/pointer"), text(error, "/code"))).collect();
        assert!(named.contains(&(pointer.to_owned(), code.to_owned())), "{pointer} {code}: {named:?}");
    }
    assert!(activation.view().await["applicant"].is_null(), "nothing of it was kept");
    activation.caller.put(&applicants, right).await.ok();
}

async fn what_is_said_of_them_comes_back_in_its_normal_form(server: Rc<TestServer>) {
    let activation = bought(&server, "normal@example.com").await.verified(&server).await;
    let said = with(&holder(&mario_rossi()), "phone", json!(" +39 (02) 123-4567"));
    let saved = activation.caller.put(&format!("{}/holder", activation.path), said).await.ok();
    assert_eq!(saved["holder"]["phone"], "+39021234567");
    let mut said = with(&applicant(&mario_rossi()), "address", with(&address(), "province", json!("mi")));
    said["phone"] = json!("333.123.4567");
    said["birth_place"] = json!(" San Giuliano Terme ");
    let saved = activation.caller.put(&format!("{}/applicant", activation.path), said).await.ok();
    assert_eq!(text(&saved, "/applicant/address/province"), "MI");
    assert_eq!(text(&saved, "/applicant/phone"), "3331234567");
    assert_eq!(text(&saved, "/applicant/birth_place"), "San Giuliano Terme");
}

/// A minor of whom a century is taken away has the same codice fiscale, and only the document tells.
async fn an_age_that_the_codice_fiscale_does_not_tell_is_a_finding(server: Rc<TestServer>) {
    let activation = bought_by(&server, customer(&server, "old@example.com").await, "old@example.com").await;
    let activation = activation.verified(&server).await;
    activation.caller.put(&format!("{}/holder", activation.path), company()).await.ok();
    let path = format!("{}/applicant", activation.path);
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    let codes = async || {
        let findings = reviewer.get(&activation.review_path()).await.ok()["findings"].clone();
        findings.as_array().into_iter().flatten().map(|finding| text(finding, "/code")).collect::<Vec<_>>()
    };
    let person = with(&applicant(&mario_rossi()), "role", json!("legal_representative"));
    activation.caller.put(&path, person.clone()).await.ok();
    assert!(codes().await.is_empty());
    let mut old = with(&person, "birth_date", json!("1915-12-10"));
    old["codice_fiscale"] = json!(OLD_CODE);
    activation.caller.put(&path, old).await.ok();
    assert_eq!(codes().await, ["applicant_may_be_minor"]);
}

/// Mario Rossi's, had he been born in 1915 or 2015.
const OLD_CODE: &str = "RSSMRA15T10A562Z";
