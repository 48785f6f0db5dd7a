//! The shop's own electronic invoices, credit notes and receipts.

use std::collections::BTreeSet;
use std::rc::Rc;

use diesel::prelude::*;
use futures_util::future::join_all;
use negozio::italy::iban::Iban;
use negozio::platform::db::DbConnection;
use negozio::platform::db::schema::{invoices, jobs, orders};
use negozio::platform::db::types::Json;
use negozio::platform::jobs::Job as _;
use negozio::shop::invoices::flow::issue_invoice;
use negozio::shop::invoices::jobs::{IssueDocument, owe_missing_documents};
use negozio::shop::invoices::rules::InvoiceId;
use negozio::shop::orders::rules::OrderId;
use negozio::shop::provider::{DEMO_IBAN, Provider, Seller};
use serde_json::{Value, json};

use crate::support::actors::{AT_ONCE, Caller, customer, customer_again, person_profile, ready_cart, ready_cart_for};
use crate::support::expect::{Answer, cents, items, text};
use crate::support::payments::record_transfer;
use crate::support::server::TestServer;

crate::on_both_engines!(
    each_kind_of_customer_gets_the_invoice_that_sdi_takes,
    an_order_without_money_owes_no_invoice_and_an_unpaid_one_has_none_yet,
    an_invoice_stays_as_it_was_and_is_its_customers_alone,
    parallel_confirmations_number_their_invoices_without_gaps,
    refunds_are_credited_up_to_the_invoice,
    money_in_excess_is_given_back_without_a_credit_note,
    the_back_office_pages_through_what_was_issued,
    a_receipt_is_a_pdf_of_the_confirmed_order,
    what_was_withheld_is_issued_once_its_cause_is_mended,
    dates_rise_with_numbers_even_around_midnight,
);

/// Buys by bank transfer for a billing profile.
async fn ordered(server: &TestServer, caller: &Caller, profile: Value) -> Value {
    let cart = ready_cart_for(server, caller, profile).await;
    caller.put(&format!("/v1/carts/{cart}/payment-method"), json!({ "method": "bank_transfer" })).await.ok();
    caller.check_out(&cart).await.created()
}

/// Records that all that is due for an order came; answers the order.
async fn paid(server: &TestServer, order: &Value) -> Value {
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    record_transfer(&administrator, &text(order, "/id"), cents(order, "/totals/due")).await
}

/// What stands in an element, at its first place.
#[track_caller]
fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let inside = xml.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once(&format!("</{name}>")));
    inside.unwrap_or_else(|| panic!("no {name} in {xml}")).0
}

fn address() -> Value {
    person_profile()["address"].clone()
}

fn profiles() -> [(&'static str, Value); 6] {
    [
        ("person", person_profile()),
        (
            "professional",
            json!({ "kind": "professional", "first_name": "Mario", "last_name": "Rossi", "codice_fiscale": "RSSMRA85T10A562S",
                    "partita_iva": "12485671007", "pec": "rossi@pec.example.com", "address": address() }),
        ),
        (
            "company",
            json!({ "kind": "company", "business_name": "Łódź & Città – S.p.A.", "partita_iva": "00743110157",
                    "codice_destinatario": "ABC1234", "address": address() }),
        ),
        (
            "public_body",
            json!({ "kind": "public_body", "business_name": "Comune di Prova", "codice_fiscale": "00743110157",
                    "codice_destinatario": "UFABCD", "address": address() }),
        ),
        (
            "association",
            json!({ "kind": "association", "business_name": "Circolo", "codice_fiscale": "00743110157", "address": address() }),
        ),
        (
            "foreign",
            json!({ "kind": "foreign", "business_name": "Muster GmbH", "vat_number": "DE123456788",
                    "address": { "street": "Hauptstraße 1", "postal_code": "10115", "municipality": "Berlin", "country": "DE" } }),
        ),
    ]
}

async fn each_kind_of_customer_gets_the_invoice_that_sdi_takes(server: Rc<TestServer>) {
    let caller = customer(&server, "kinds@example.com").await;
    let mut files = BTreeSet::new();
    for (position, (kind, profile)) in profiles().into_iter().enumerate() {
        let order = paid(&server, &ordered(&server, &caller, profile).await).await;
        let invoice = caller.get(&format!("/v1/orders/{}/invoice", text(&order, "/id"))).await.with_status(200);
        assert_eq!(invoice.header("content-type"), "application/xml", "{kind}");
        assert_eq!(invoice.header("cache-control"), "no-store", "{kind}");
        files.insert(invoice.header("content-disposition"));
        let xml = invoice.text();
        let number = text(&order, "/invoice/number");
        assert!(number.ends_with(&format!("-{:06}", position + 1)), "{number}");
        assert_eq!((element(&xml, "Numero"), element(&xml, "TipoDocumento")), (number.as_str(), "TD01"));
        assert_eq!(element(&xml, "Data"), text(&order, "/invoice/issued_on"));
        let (format, recipient) = match kind {
            "public_body" => ("FPA12", "UFABCD"),
            "company" => ("FPR12", "ABC1234"),
            "foreign" => ("FPR12", "XXXXXXX"),
            _ => ("FPR12", "0000000"),
        };
        assert_eq!((element(&xml, "FormatoTrasmissione"), element(&xml, "CodiceDestinatario")), (format, recipient));
        assert!(xml.contains(&format!("versione=\"{format}\"")), "{xml}");
        let euros = |pointer| format!("{}.{:02}", cents(&order, pointer) / 100, cents(&order, pointer) % 100);
        assert_eq!(element(&xml, "ImportoTotaleDocumento"), euros("/totals/gross"), "{kind}");
        assert_eq!(element(&xml, "ImportoPagamento"), euros("/totals/due"), "{kind}");
        assert_eq!(element(&xml, "Imposta"), euros("/totals/vat"), "{kind}");
        assert_eq!(element(&xml, "EsigibilitaIVA"), if kind == "public_body" { "S" } else { "I" });
        assert_eq!((element(&xml, "ModalitaPagamento"), element(&xml, "IBAN").len()), ("MP05", 27), "{kind}");
        let name = xml.rsplit_once("<CessionarioCommittente>").expect("a buyer").1;
        match kind {
            "person" => assert_eq!(element(name, "Cognome"), "Rossi"),
            "professional" => assert_eq!(element(&xml, "PECDestinatario"), "rossi@pec.example.com"),
            "company" => assert_eq!(element(name, "Denominazione"), "Lódz &amp; Città - S.p.A."),
            "foreign" => {
                assert_eq!((element(name, "IdPaese"), element(name, "IdCodice")), ("DE", "123456788"));
                assert_eq!((element(name, "CAP"), element(name, "Indirizzo")), ("00000", "Hauptstraße 1, 10115"));
            }
            _ => assert_eq!(element(name, "CodiceFiscale"), "00743110157"),
        }
    }
    assert_eq!(files.len(), 6, "a file's name is taken once only: {files:?}");
    assert!(files.iter().all(|name| name.starts_with("attachment; filename=\"IT12345678903_")), "{files:?}");
}

async fn an_order_without_money_owes_no_invoice_and_an_unpaid_one_has_none_yet(server: Rc<TestServer>) {
    let caller = customer(&server, "owed@example.com").await;
    let cart = ready_cart(&server, &caller).await;
    caller.put(&format!("/v1/carts/{cart}/coupon"), json!({ "code": "BENVENUTO100" })).await.ok();
    let free = caller.check_out(&cart).await.created();
    assert_eq!(free["invoice"], Value::Null);
    let path = |order: &Value, what: &str| format!("/v1/orders/{}/{what}", text(order, "/id"));
    caller.get(&path(&free, "invoice")).await.refused(404, "invoice_not_owed");
    let unpaid = ordered(&server, &caller, person_profile()).await;
    assert_eq!(unpaid["invoice"], Value::Null);
    let problem = caller.get(&path(&unpaid, "invoice")).await.refused(409, "invoice_not_issued_yet");
    assert_eq!(problem["order_status"], "pending_payment");
    caller.get(&path(&unpaid, "receipt")).await.refused(409, "order_state_forbids");
    assert!(items(&caller.get(&path(&unpaid, "credit-notes")).await.ok()).is_empty());
    caller.post(&path(&unpaid, "cancellation"), json!({})).await.ok();
    caller.get(&path(&unpaid, "invoice")).await.refused(404, "invoice_not_owed");
}

/// Lets a later program understand what an invoice says in another way.
async fn write_otherwise(server: &TestServer, order: &Value) {
    let id: InvoiceId = text(order, "/invoice/id").parse().expect("an invoice");
    let work = move |tx: &mut DbConnection| {
        let found = invoices::table.find(id);
        let mut content: Json = found.select(invoices::content).first(tx)?;
        content.0["lines"][0]["description"] = json!("otherwise");
        Ok(diesel::update(found).set(invoices::content.eq(content)).execute(tx)?)
    };
    let changed = server.with_platform(|platform| platform.db.clone()).write(work).await.expect("the database writes");
    assert_eq!(changed, 1);
}

async fn an_invoice_stays_as_it_was_and_is_its_customers_alone(server: Rc<TestServer>) {
    let caller = customer(&server, "stays@example.com").await;
    let order = paid(&server, &ordered(&server, &caller, person_profile()).await).await;
    let path = format!("/v1/orders/{}/invoice", text(&order, "/id"));
    let before = caller.get(&path).await.with_status(200);
    let profiles = caller.get("/v1/billing-profiles").await.ok();
    let profile = format!("/v1/billing-profiles/{}", text(&profiles, "/items/0/id"));
    let mut moved = person_profile();
    moved["address"]["street"] = json!("Via Nuova 99");
    caller.put(&profile, moved).await.ok();
    write_otherwise(&server, &order).await;
    let after = caller.get(&path).await.with_status(200);
    assert_eq!(before.body, after.body);
    let document = format!("/v1/invoices/{}/xml", text(&order, "/invoice/id"));
    assert_eq!(caller.get(&document).await.with_status(200).body, before.body);
    let stranger = customer(&server, "stranger@example.com").await;
    for path in [path, document, format!("/v1/orders/{}/receipt", text(&order, "/id"))] {
        stranger.get(&path).await.refused(404, "not_found");
        server.visitor().get(&path).await.refused(401, "unauthenticated");
    }
    let exported = caller.get("/v1/account/export").await.ok();
    assert_eq!(exported["sections"]["orders"][0]["invoices"][0]["number"], order["invoice"]["number"], "{exported:#}");
}

/// Invariant 8 of the design.
async fn parallel_confirmations_number_their_invoices_without_gaps(server: Rc<TestServer>) {
    let caller = customer(&server, "many@example.com").await;
    let mut payments = Vec::new();
    for _ in 0..AT_ONCE {
        let cart = ready_cart(&server, &caller).await;
        caller.put(&format!("/v1/carts/{cart}/payment-method"), json!({ "method": "card" })).await.ok();
        payments.push(text(&caller.check_out(&cart).await.created(), "/payments/0/id"));
    }
    let visitor = server.visitor();
    let succeed = |payment: &String| {
        let (visitor, path) = (visitor.clone(), format!("/v1/sandbox/payments/{payment}/outcome"));
        async move { visitor.post(&path, json!({ "outcome": "succeeded" })).await.ok() }
    };
    // Each is said twice at once: that makes no second invoice.
    join_all(payments.iter().chain(&payments).map(succeed)).await;
    let administrator = visitor.logged_in_as("admin@example.com").await;
    let issued = items(&administrator.get("/v1/back-office/invoices?limit=100").await.ok());
    let mut numbered: Vec<(String, String)> =
        issued.iter().map(|invoice| (text(invoice, "/number"), text(invoice, "/issued_on"))).collect();
    numbered.sort();
    let expected: Vec<String> = (1..=AT_ONCE).map(|position| format!("{position:06}")).collect();
    let positions: Vec<&str> = numbered.iter().filter_map(|(number, _)| number.rsplit('-').next()).collect();
    assert_eq!(positions, expected);
    let files: BTreeSet<String> = issued.iter().map(|invoice| text(invoice, "/file_name")).collect();
    assert_eq!(files.len(), AT_ONCE);
}

/// Begins to give money back; answers the path of its settlement.
async fn refund(administrator: &Caller, order: &Value, amount_cents: i64) -> String {
    let path = format!("/v1/back-office/orders/{}/refunds", text(order, "/id"));
    let amount = json!({ "amount": { "amount": amount_cents, "currency": "EUR" }, "reason": "customer_request" });
    let key = negozio::platform::ids::fresh_uuid().to_string();
    let order = administrator.with("idempotency-key", &key).post(&path, amount).await.created();
    let newest = order["refunds"].as_array().and_then(|refunds| refunds.last()).expect("a refund").clone();
    format!("{path}/{}/settlement", text(&newest, "/id"))
}

/// Records that money given back by bank transfer went out.
async fn settle(administrator: &Caller, settlement: &str) {
    let key = negozio::platform::ids::fresh_uuid().to_string();
    administrator.with("idempotency-key", &key).post(settlement, json!({ "outcome": "succeeded" })).await.ok();
}

async fn credit_notes(caller: &Caller, order: &Value) -> Vec<Value> {
    items(&caller.get(&format!("/v1/orders/{}/credit-notes", text(order, "/id"))).await.ok())
}

async fn refunds_are_credited_up_to_the_invoice(server: Rc<TestServer>) {
    let caller = customer(&server, "back@example.com").await;
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    for (kind, profile) in profiles().into_iter().filter(|(kind, _)| ["company", "public_body"].contains(kind)) {
        let order = paid(&server, &ordered(&server, &caller, profile).await).await;
        let due = cents(&order, "/totals/due");
        let first = refund(&administrator, &order, 1_000).await;
        assert_eq!(credit_notes(&caller, &order).await, Vec::<Value>::new(), "the money has not gone back yet");
        settle(&administrator, &first).await;
        let second = refund(&administrator, &order, 2_001).await;
        let third = refund(&administrator, &order, due - 3_001).await;
        join_all([settle(&administrator, &second), settle(&administrator, &third)]).await;
        let notes = credit_notes(&caller, &order).await;
        let sum = |pointer: &str| notes.iter().map(|note| cents(note, pointer)).sum::<i64>();
        assert_eq!((notes.len(), sum("/payable"), sum("/total")), (3, due, cents(&order, "/totals/gross")), "{kind}");
        assert_eq!(cents(&notes[0], "/payable"), 1_000);
        assert!(first.contains(&text(&notes[0], "/refund_id")));
        let xml = caller.get(&format!("/v1/invoices/{}/xml", text(&notes[0], "/id"))).await.with_status(200).text();
        assert_eq!(element(&xml, "TipoDocumento"), "TD04");
        assert_eq!(element(&xml, "IdDocumento"), text(&order, "/invoice/number"));
        assert_eq!(element(&xml, "FormatoTrasmissione"), if kind == "public_body" { "FPA12" } else { "FPR12" });
    }
}

async fn money_in_excess_is_given_back_without_a_credit_note(server: Rc<TestServer>) {
    let caller = customer(&server, "excess@example.com").await;
    let order = paid(&server, &ordered(&server, &caller, person_profile()).await).await;
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    record_transfer(&administrator, &text(&order, "/id"), 500).await;
    settle(&administrator, &refund(&administrator, &order, 500).await).await;
    assert_eq!(credit_notes(&caller, &order).await, Vec::<Value>::new());
    settle(&administrator, &refund(&administrator, &order, 300).await).await;
    let notes = credit_notes(&caller, &order).await;
    assert_eq!((notes.len(), cents(&notes[0], "/payable")), (1, 300));
}

async fn the_back_office_pages_through_what_was_issued(server: Rc<TestServer>) {
    let caller = customer(&server, "pages@example.com").await;
    let mut orders = Vec::new();
    for _ in 0..3 {
        orders.push(paid(&server, &ordered(&server, &caller, person_profile()).await).await);
    }
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    settle(&administrator, &refund(&administrator, &orders[0], 100).await).await;
    let list = |query: &str| format!("/v1/back-office/invoices{query}");
    let first = administrator.get(&list("?limit=2")).await.ok();
    let next = text(&first, "/next_cursor");
    let second = administrator.get(&list(&format!("?limit=2&cursor={next}"))).await.ok();
    let all: Vec<Value> = items(&first).into_iter().chain(items(&second)).collect();
    assert_eq!((all.len(), &second["next_cursor"]), (4, &Value::Null));
    assert_eq!((&all[0]["kind"], &all[3]["id"]), (&json!("credit_note"), &orders[0]["invoice"]["id"]));
    assert_eq!(items(&administrator.get(&list("?kind=credit_note")).await.ok()).len(), 1);
    let day = text(&all[0], "/issued_on");
    assert_eq!(items(&administrator.get(&list(&format!("?from={day}&to={day}"))).await.ok()).len(), 4);
    assert!(items(&administrator.get(&list("?from=2999-01-01")).await.ok()).is_empty());
    assert!(items(&administrator.get(&list("?to=1999-01-01")).await.ok()).is_empty());
    administrator.get(&list("?from=2026-13-01")).await.refused_field("/from", "invalid_value");
    let path = list(&format!("/{}", text(&all[3], "/id")));
    assert_eq!(administrator.get(&path).await.ok(), all[3]);
    let file: Answer = administrator.get(&format!("{path}/xml")).await.with_status(200);
    assert_eq!(file.body, caller.get(&format!("/v1/orders/{}/invoice", text(&orders[0], "/id"))).await.body);
    caller.get(&path).await.refused(403, "forbidden");
}

async fn a_receipt_is_a_pdf_of_the_confirmed_order(server: Rc<TestServer>) {
    let caller = customer(&server, "receipt@example.com").await;
    let order = paid(&server, &ordered(&server, &caller, profiles()[2].1.clone()).await).await;
    let path = format!("/v1/orders/{}/receipt", text(&order, "/id"));
    let pdf = caller.get(&path).await.with_status(200);
    assert_eq!(pdf.header("content-type"), "application/pdf");
    assert!(pdf.header("content-disposition").contains(&text(&order, "/number")));
    assert!(pdf.body.starts_with(b"%PDF-"));
    assert_eq!(caller.get(&path).await.body, pdf.body, "the same order makes the same bytes");
    caller.send(reqwest::Method::PATCH, "/v1/account", Some(json!({ "locale": "en" }))).await.ok();
    let cart = ready_cart(&server, &caller).await;
    caller.put(&format!("/v1/carts/{cart}/coupon"), json!({ "code": "BENVENUTO100" })).await.ok();
    let free = caller.check_out(&cart).await.created();
    let english = caller.get(&format!("/v1/orders/{}/receipt", text(&free, "/id"))).await.with_status(200);
    assert_ne!(english.body, pdf.body);
}

/// Makes an order's invoice one that SdI would send back (00427), or mends it again.
async fn set_recipient_code(server: &TestServer, order: &Value, code: &str) {
    let (id, code): (OrderId, _) = (text(order, "/id").parse().expect("an order"), code.to_owned());
    let work = move |tx: &mut DbConnection| {
        let found = orders::table.find(id);
        let mut snapshot: Json = found.select(orders::snapshot).first(tx)?;
        snapshot.0["billing"]["codice_destinatario"] = json!(code);
        Ok(diesel::update(found).set(orders::snapshot.eq(snapshot)).execute(tx)?)
    };
    let changed = server.with_platform(|platform| platform.db.clone()).write(work).await.expect("the database writes");
    assert_eq!(changed, 1);
}

/// Ends the jobs that try withheld documents again, as if their tries were over.
async fn end_tries(server: &TestServer) {
    let db = server.with_platform(|platform| platform.db.clone());
    server.until_no_job_runs().await;
    let ended = db.write(|tx| Ok(diesel::delete(jobs::table.filter(jobs::kind.eq(IssueDocument::KIND))).execute(tx)?));
    assert!(ended.await.expect("the database writes") > 0);
}

async fn advance(server: &TestServer, seconds: i64) {
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": seconds })).await.ok();
}

async fn what_was_withheld_is_issued_once_its_cause_is_mended(server: Rc<TestServer>) {
    let caller = customer(&server, "withheld@example.com").await;
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let order = ordered(&server, &caller, person_profile()).await;
    set_recipient_code(&server, &order, "SHORT").await;
    let order = paid(&server, &order).await;
    assert_eq!((text(&order, "/status"), &order["invoice"]), ("confirmed".to_owned(), &Value::Null));
    settle(&administrator, &refund(&administrator, &order, 1_000).await).await;
    let path = format!("/v1/orders/{}", text(&order, "/id"));
    let problem = caller.get(&format!("{path}/invoice")).await.refused(409, "invoice_not_issued_yet");
    assert_eq!(problem["order_status"], "confirmed");
    let timeline = items(&caller.get(&format!("{path}/timeline")).await.ok());
    let withheld: Vec<&Value> = timeline.iter().filter(|event| event["kind"] == "invoice_withheld").collect();
    assert_eq!((withheld.len(), &withheld[0]["details"]["sdi_codes"]), (2, &json!(["00427"])), "{timeline:#?}");

    end_tries(&server).await;
    let owe = || async { owe_missing_documents(server.shared_platform()).await.expect("the chore runs") };
    owe().await;
    set_recipient_code(&server, &order, "0000000").await;
    server.wait_for_jobs().await.expect("nothing is owed anew while the first job may still be at it");
    assert_eq!(caller.get(&path).await.ok()["invoice"], Value::Null);
    advance(&server, 25 * 3600).await;
    owe().await;
    owe().await;
    // The note may be tried before the invoice that it corrects is there.
    for _ in 0..20 {
        server.until_no_job_runs().await;
        advance(&server, 10).await;
    }
    server.wait_for_jobs().await.expect("both are issued");
    let caller = customer_again(&server, "withheld@example.com").await;
    let issued = caller.get(&path).await.ok();
    assert!(text(&issued, "/invoice/number").ends_with("-000001"), "a withheld document takes no number: {issued:#}");
    let notes = credit_notes(&caller, &order).await;
    assert_eq!((notes.len(), cents(&notes[0], "/payable")), (1, 1_000));
}

/// A transaction that began before midnight may end after one that began later: its number is higher, and its date must
/// not be lower.
async fn dates_rise_with_numbers_even_around_midnight(server: Rc<TestServer>) {
    let caller = customer(&server, "midnight@example.com").await;
    let mut ids: Vec<OrderId> = Vec::new();
    for _ in 0..2 {
        let order = ordered(&server, &caller, person_profile()).await;
        set_recipient_code(&server, &order, "SHORT").await;
        ids.push(text(&paid(&server, &order).await, "/id").parse().expect("an order"));
        set_recipient_code(&server, &order, "0000000").await;
    }
    let now = server.with_platform(|platform| platform.clock.now());
    let iban = Iban::parse(DEMO_IBAN).expect("an account");
    let seller = Seller { provider: Provider::demo().expect("a provider"), iban };
    let moments = [now.plus_seconds(24 * 3600), now];
    let db = server.with_platform(|platform| platform.db.clone());
    let issued = ids.clone();
    let issue = move |tx: &mut DbConnection| {
        ids.iter().zip(moments).try_for_each(|(id, now)| issue_invoice(tx, &seller, *id, now).map(drop))
    };
    db.write(issue).await.expect("both are issued");
    let mut dated = Vec::new();
    for id in issued {
        let order = caller.get(&format!("/v1/orders/{id}")).await.ok();
        dated.push((text(&order, "/invoice/number"), text(&order, "/invoice/issued_on")));
    }
    assert!(dated[0].0 < dated[1].0, "{dated:?}");
    assert_eq!(dated[0].1, dated[1].1, "the later number has no earlier date");
    advance(&server, 10).await;
}
