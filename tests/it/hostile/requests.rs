//! One table of requests and the problems that answer them, and the paths and queries of every operation.

use std::rc::Rc;

use reqwest::Method;
use serde_json::json;

use crate::support::actors::Caller;
use crate::support::operations::{self, Operation};
use crate::support::owner::Owner;
use crate::support::server::TestServer;
use crate::support::suite::Suite;

/// Puts this module's tests on the list.
pub fn register(suite: &mut Suite) {
    suite.on_both(
        "hostile::each_request_gets_its_problem_and_changes_nothing",
        each_request_gets_its_problem_and_changes_nothing,
    );
    suite.on_both("hostile::identifiers_that_name_nothing_are_not_found", identifiers_that_name_nothing_are_not_found);
    suite.on_both("hostile::queries_out_of_bounds_are_refused", queries_out_of_bounds_are_refused);
    suite.on_both("hostile::wrong_methods_are_told_the_right_ones", wrong_methods_are_told_the_right_ones);
    suite.on_both("hostile::head_answers_as_get_does_without_a_body", head_answers_as_get_does_without_a_body);
    suite.on_both("hostile::texts_come_back_as_they_were", texts_come_back_as_they_were);
}

/// A request by the owner of everything, its body, and the status and code of its answer; a code of one field is
/// written `pointer code`.
type Case = (&'static str, &'static str, u16, &'static str);

#[rustfmt::skip]
const BY_OWNER: &[Case] = &[
    // What is in a cart.
    ("POST /v1/carts", r#"{"items":[{"plan_id":"<plan>","quantity":-1}]}"#, 422, "/items/0/quantity range"),
    ("POST /v1/carts", r#"{"items":[{"plan_id":"<plan>","quantity":0}]}"#, 422, "/items/0/quantity range"),
    ("POST /v1/carts", r#"{"items":[{"plan_id":"<plan>","quantity":101}]}"#, 422, "/items/0/quantity range"),
    ("POST /v1/carts", r#"{"items":[{"plan_id":"<plan>","quantity":2147483648}]}"#, 422, "/items/0/quantity invalid_value"),
    ("POST /v1/carts", r#"{"items":[{"plan_id":"<plan>","quantity":60},{"plan_id":"<plan>","quantity":60}]}"#, 422, "/items range"),
    ("POST /v1/carts", r#"{"items":[{"plan_id":"<cart>","quantity":1}]}"#, 422, "/items/0/plan_id invalid_value"),
    ("POST /v1/carts", r#"{"items":[{"plan_id":"plan_01kawz3h8mf5ttb4c5v3e8n0qx","quantity":1}]}"#, 422, "plan_not_available"),
    ("POST /v1/carts", r#"{"items":[{"plan_id":"plàn_01kawz3h8mf5ttb4c5v3e8n0qx","quantity":1}]}"#, 422, "/items/0/plan_id invalid_value"),
    ("POST /v1/carts", r#"{"items":[{"plan_id":"","quantity":1}]}"#, 422, "/items/0/plan_id invalid_value"),
    ("POST /v1/carts", r#"{"items":null}"#, 422, "/items invalid_value"),
    ("POST /v1/carts", r#"{"items":{"0":{"plan_id":"<plan>"}}}"#, 422, "/items invalid_value"),
    ("POST /v1/carts", r#"{"items":[],"items":[]}"#, 422, " invalid_value"),
    ("POST /v1/carts/<cart>/items", r#"{"plan_id":"<plan>","quantity":100}"#, 422, "/quantity range"),
    ("PATCH /v1/carts/<cart>/items/<item>", r#"{"quantity":-5}"#, 422, "/quantity range"),
    ("PATCH /v1/carts/<cart>/items/<item>", r#"{"quantity":1,"plan_id":"<plan>"}"#, 422, "/plan_id unknown_field"),
    ("PATCH /v1/carts/<cart>/items/item_01kawz3h8mf5ttb4c5v3e8n0qx", r#"{"quantity":1}"#, 404, "not_found"),
    ("DELETE /v1/carts/<cart>/items/<plan>", "", 404, "not_found"),
    ("PUT /v1/carts/<cart>/coupon", r#"{"code":"' OR '1'='1"}"#, 422, "coupon_not_valid"),
    ("PUT /v1/carts/<cart>/coupon", r#"{"code":"SCONTO20%"}"#, 422, "coupon_not_valid"),
    ("PUT /v1/carts/<cart>/coupon", r#"{"code":"🎟️🎟️🎟️"}"#, 422, "coupon_not_valid"),
    ("PUT /v1/carts/<cart>/coupon", r#"{"code":"7KQ2-XW9D-RM4A-HT3O"}"#, 422, "coupon_code_mistyped"),
    ("PUT /v1/carts/<cart>/coupon", r#"{"code":""}"#, 422, "/code length"),
    ("PUT /v1/carts/<cart>/coupon", r#"{"code":["SCONTO20"]}"#, 422, "/code invalid_value"),
    ("PUT /v1/carts/<cart>/coupon", r#"{"code":{"$ne":null}}"#, 422, "/code invalid_value"),
    ("PUT /v1/carts/<cart>/billing-profile", r#"{"billing_profile_id":"bprof_01kawz3h8mf5ttb4c5v3e8n0qx"}"#, 422, "/billing_profile_id unknown"),
    ("PUT /v1/carts/<cart>/payment-method", r#"{"method":"cash"}"#, 422, "/method invalid_value"),
    ("PUT /v1/carts/<cart>/payment-method", r#"{"method":"CARD"}"#, 422, "/method invalid_value"),
    // Buying.
    ("POST /v1/carts/<cart>/checkout", "{}", 409, "cart_incomplete"),
    ("POST /v1/carts/<cart>/checkout", r#"{"expected_total":{"amount":1,"currency":"USD"}}"#, 422, "/expected_total/currency invalid_value"),
    ("POST /v1/carts/<cart>/checkout", r#"{"expected_total":{"amount":71.98,"currency":"EUR"}}"#, 422, "/expected_total/amount invalid_value"),
    ("POST /v1/carts/<cart>/checkout", r#"{"expected_total":{"amount":"7198","currency":"EUR"}}"#, 422, "/expected_total/amount invalid_value"),
    ("POST /v1/carts/<cart>/checkout", r#"{"expected_total":7198}"#, 422, "/expected_total invalid_value"),
    ("POST /v1/carts/<cart>/checkout", r#"{"expected_due":{"amount":1,"currency":"USD"}}"#, 422, "/expected_due/currency invalid_value"),
    ("POST /v1/carts/<cart>/checkout", r#"{"expected_due":7198}"#, 422, "/expected_due invalid_value"),
    ("POST /v1/orders/<ord>/payments", r#"{"method":"bitcoin"}"#, 422, "/method invalid_value"),
    ("GET /v1/orders?status=lost", "", 422, "/status invalid_value"),
    ("GET /v1/orders/<cart>", "", 404, "not_found"),
    ("GET /v1/orders/<ord>x", "", 404, "not_found"),
    ("GET /v1/orders/<ord>.json", "", 404, "not_found"),
    ("GET /v1/orders/<ord>/", "", 404, "not_found"),
    ("GET /v1/orders/<ord>%20", "", 404, "not_found"),
    // The account.
    ("PATCH /v1/account", r#"{"role":"administrator"}"#, 422, "/role unknown_field"),
    ("PATCH /v1/account", r#"{"email_verified":true}"#, 422, "/email_verified unknown_field"),
    ("PATCH /v1/account", r#"{"first_name":"Ada\r\nBcc: evil@example.com"}"#, 422, "/first_name control_character"),
    ("PATCH /v1/account", r#"{"first_name":"Ada\u0000"}"#, 422, " nul_character"),
    ("PATCH /v1/account", r#"{"locale":"xx"}"#, 422, "/locale invalid_value"),
    ("PUT /v1/account/consents/everything", r#"{"decision":"granted","document_version":"2026-01"}"#, 404, "not_found"),
    ("PUT /v1/account/consents/marketing", r#"{"decision":"perhaps","document_version":"2026-01"}"#, 422, "/decision invalid_value"),
    ("PUT /v1/account/consents/marketing", r#"{"decision":true,"document_version":"2026-01"}"#, 422, "/decision invalid_value"),
    ("POST /v1/accounts", r#"{"email":"<email>","password":"una frase che ricordo","first_name":"A","last_name":"B","consents":{"terms_version":"2026-01","privacy_notice_version":"2026-01","marketing":"denied"},"role":"administrator"}"#, 422, "/role unknown_field"),
    ("POST /v1/accounts", r#"{"email":"<email>","password":"una frase che ricordo","first_name":"A","last_name":"B","consents":{"terms_version":"2026-01","privacy_notice_version":"2026-01","marketing":"denied"}}"#, 409, "email_taken"),
    ("POST /v1/sessions", r#"{"email":"<email>' --","password":"x"}"#, 401, "invalid_credentials"),
    ("POST /v1/sessions", r#"{"email":"","password":""}"#, 401, "invalid_credentials"),
    ("POST /v1/sessions/refresh", r#"{"refresh_token":"rt_<id>.AAAA.AAAA"}"#, 401, "invalid_refresh_token"),
    ("POST /v1/sessions/refresh", r#"{"refresh_token":"è"}"#, 401, "invalid_refresh_token"),
    ("DELETE /v1/sessions/<cart>", "", 404, "not_found"),
    ("DELETE /v1/sessions/CURRENT", "", 404, "not_found"),
    // Activation.
    ("PUT /v1/activation-requests/<areq>/applicant", r#"{"role":"holder","first_name":"Mario","last_name":"Rossi","sex":"M","birth_date":"1985-02-30","birth_place":"Pisa","codice_fiscale":"RSSMRA85T10A562S"}"#, 422, "/birth_date invalid_value"),
    ("PUT /v1/activation-requests/<areq>/holder", r#"{"holder_type":"robot","address":{"street":"Via Roma 1","postal_code":"20121","municipality":"Milano","province":"MI"}}"#, 422, "/holder_type invalid_value"),
    // What takes no body takes no field.
    ("POST /v1/activation-requests/<areq>/submission", r#"{"force":true}"#, 422, "/force unknown_field"),
    ("POST /v1/activation-requests/<areq>/cancellation", r#"[]"#, 422, " invalid_value"),
    ("POST /v1/orders/<ord>/cancellation", r#"{"refund":true}"#, 422, "/refund unknown_field"),
    ("POST /v1/otp-challenges/<otp>/resend", r#"{"email":"x@example.com"}"#, 422, "/email unknown_field"),
    ("POST /v1/activation-requests/<areq>/otp-challenges", r#"{"email":"<email>"}"#, 409, "request_state_forbids"),
    ("POST /v1/activation-requests/<areq>/otp-challenges", r#"{"email":"a@example.com,<email>"}"#, 409, "request_state_forbids"),
    ("POST /v1/otp-challenges/<otp>/verification", r#"{"code":"12345"}"#, 422, "/code six_digits"),
    ("POST /v1/otp-challenges/<otp>/verification", r#"{"code":"1234567"}"#, 422, "/code six_digits"),
    ("POST /v1/otp-challenges/<otp>/verification", r#"{"code":"١٢٣٤٥٦"}"#, 422, "/code six_digits"),
    ("POST /v1/otp-challenges/<otp>/verification", r#"{"code":" <code>"}"#, 422, "/code six_digits"),
    ("POST /v1/otp-challenges/<otp>/verification", r#"{"code":123456}"#, 422, "/code invalid_value"),
    ("POST /v1/otp-challenges/<otp>/verification", r#"{"code":["<code>"]}"#, 422, "/code invalid_value"),
    ("GET /v1/otp-challenges/<areq>", "", 404, "not_found"),
    ("GET /v1/identity-documents/<idoc>/files/back", "", 404, "not_found"),
    ("GET /v1/identity-documents/<idoc>/files/FRONT", "", 404, "not_found"),
    ("GET /v1/identity-documents/<idoc>/files/front.jpg", "", 404, "not_found"),
    ("GET /v1/identity-documents/<idoc>/files/..%2f..%2ftest.db", "", 404, "not_found"),
    ("GET /v1/identity-documents/<idoc>/files/%2fetc%2fpasswd", "", 404, "not_found"),
    ("GET /v1/identity-documents/<idoc>/files/front%00", "", 404, "not_found"),
    // Paths that are none of ours.
    ("GET /", "", 404, "not_found"),
    ("GET /v1", "", 404, "not_found"),
    ("GET /v2/plans", "", 404, "not_found"),
    ("GET /V1/plans", "", 404, "not_found"),
    ("GET /v1/plans/", "", 404, "not_found"),
    ("GET //v1/plans", "", 404, "not_found"),
    ("GET /v1//plans", "", 404, "not_found"),
    ("GET /v1/plans/%00", "", 404, "not_found"),
    ("GET /v1/plans/%ff%fe", "", 404, "not_found"),
    ("GET /v1/plans/legalinvoice-pro%00", "", 404, "not_found"),
    ("GET /v1/plans/..%2f..%2fetc%2fpasswd", "", 404, "not_found"),
    ("GET /v1/plans/%252e%252e%252f", "", 404, "not_found"),
    ("GET /.env", "", 404, "not_found"),
    ("GET /.git/config", "", 404, "not_found"),
    ("GET /swagger-ui/..%2f..%2fCargo.toml", "", 404, "not_found"),
    ("GET /v1/back-office", "", 404, "not_found"),
    ("POST /v1/payment-notifications/nobody", "{}", 404, "not_found"),
    ("POST /v1/payment-notifications/%00", "{}", 404, "not_found"),
    // The sandbox.
    ("POST /v1/sandbox/clock", r#"{"advance_seconds":-1}"#, 422, "/advance_seconds range"),
    ("POST /v1/sandbox/clock", r#"{"advance_seconds":9223372036854775807}"#, 422, "/advance_seconds range"),
    ("POST /v1/sandbox/payments/<pay>/outcome", r#"{"outcome":"perhaps"}"#, 422, "/outcome invalid_value"),
    ("GET /v1/sandbox/payments/<ord>", "", 404, "not_found"),
    ("GET /v1/sandbox/mailbox?to=%00", "", 422, " nul_character"),
];

#[rustfmt::skip]
const BY_ADMINISTRATOR: &[Case] = &[
    ("POST /v1/back-office/orders/<ord>/bank-transfers", r#"{"amount":{"amount":0,"currency":"EUR"},"reference":"T","received_on":"2026-11-24"}"#, 422, "/amount/amount range"),
    ("POST /v1/back-office/orders/<ord>/bank-transfers", r#"{"amount":{"amount":-7198,"currency":"EUR"},"reference":"T","received_on":"2026-11-24"}"#, 422, "/amount/amount range"),
    ("POST /v1/back-office/orders/<ord>/bank-transfers", r#"{"amount":{"amount":7198,"currency":"LIT"},"reference":"T","received_on":"2026-11-24"}"#, 422, "/amount/currency invalid_value"),
    ("POST /v1/back-office/orders/<ord>/bank-transfers", r#"{"amount":{"amount":7198,"currency":"EUR"},"reference":"","received_on":"2026-11-24"}"#, 422, "/reference length"),
    ("POST /v1/back-office/orders/<ord>/bank-transfers", r#"{"amount":{"amount":7198,"currency":"EUR"},"reference":"T","received_on":"2026-02-29"}"#, 422, "/received_on invalid_value"),
    ("POST /v1/back-office/orders/<ord>/bank-transfers", r#"{"amount":{"amount":7198,"currency":"EUR"},"reference":"T","received_on":"2026-11-24"}"#, 409, "order_state_forbids"),
    ("POST /v1/back-office/orders/<ord>/refunds", r#"{"amount":{"amount":-1,"currency":"EUR"},"reason":"other"}"#, 422, "/amount/amount range"),
    ("POST /v1/back-office/orders/<ord>/refunds", r#"{"amount":{"amount":1,"currency":"LIT"},"reason":"other"}"#, 422, "/amount/currency invalid_value"),
    ("POST /v1/back-office/orders/<ord>/refunds", r#"{"amount":{"amount":1,"currency":"EUR"},"reason":"theft"}"#, 422, "/reason invalid_value"),
    ("POST /v1/back-office/orders/<ord>/refunds", r#"{"amount":{"amount":1,"currency":"EUR"},"reason":"other","payment_id":"<ord>"}"#, 422, "/payment_id invalid_value"),
    ("POST /v1/back-office/orders/<ord>/refunds", r#"{"amount":{"amount":9223372036854775807,"currency":"EUR"},"reason":"other"}"#, 409, "refund_exceeds_received"),
    ("POST /v1/back-office/orders/<ord>/refunds/rfnd_01kawz3h8mf5ttb4c5v3e8n0qx/settlement", r#"{"outcome":"succeeded"}"#, 404, "not_found"),
    ("POST /v1/back-office/orders/<ord>/refunds/<pay>/settlement", r#"{"outcome":"succeeded"}"#, 404, "not_found"),
    ("POST /v1/back-office/orders/<ord>/refunds/rfnd_01kawz3h8mf5ttb4c5v3e8n0qx/settlement", r#"{"outcome":"succeeded","reference":""}"#, 422, "/reference length"),
    ("POST /v1/back-office/orders/<ord>/review-resolution", "", 409, "order_state_forbids"),
    ("POST /v1/back-office/coupon-campaigns", r#"{"name":"X","kind":"percentage","percent_basis_points":0}"#, 422, "/percent_basis_points range"),
    ("POST /v1/back-office/coupon-campaigns", r#"{"name":"X","kind":"percentage","percent_basis_points":10001}"#, 422, "/percent_basis_points range"),
    ("POST /v1/back-office/coupon-campaigns", r#"{"name":"X","kind":"percentage"}"#, 422, "/percent_basis_points kind_mismatch"),
    ("POST /v1/back-office/coupon-campaigns", r#"{"name":"X","kind":"fixed_amount","amount":{"amount":-1,"currency":"EUR"}}"#, 422, "/amount kind_mismatch"),
    ("POST /v1/back-office/coupon-campaigns", r#"{"name":"X","kind":"free","max_uses":0}"#, 422, "/max_uses range"),
    ("POST /v1/back-office/coupon-campaigns", r#"{"name":"X","kind":"free","plan_ids":[]}"#, 422, "/plan_ids length"),
    ("POST /v1/back-office/coupon-campaigns", r#"{"name":"X","kind":"free","plan_ids":["<cart>"]}"#, 422, "/plan_ids/0 invalid_value"),
    ("POST /v1/back-office/coupon-campaigns", r#"{"name":"X","kind":"free","starts_at":"2026-12-01T00:00:00Z","ends_at":"2026-11-01T00:00:00Z"}"#, 422, "/ends_at range"),
    ("POST /v1/back-office/coupon-campaigns", r#"{"name":"X","kind":"free","starts_at":"tomorrow"}"#, 422, "/starts_at invalid_value"),
    ("POST /v1/back-office/coupon-campaigns", r#"{"name":"X","kind":"free","audiences":["everybody"]}"#, 422, "/audiences/0 invalid_value"),
    ("POST /v1/back-office/coupon-campaigns", r#"{"name":"X","kind":"free","audiences":[]}"#, 422, "/audiences length"),
    ("POST /v1/back-office/coupon-campaigns", r#"{"name":"X","kind":"free","minimum_total":{"amount":0,"currency":"EUR"}}"#, 422, "/minimum_total/amount range"),
    ("POST /v1/back-office/coupon-campaigns", r#"{"name":"X","kind":"free","release_policy":"maybe"}"#, 422, "/release_policy invalid_value"),
    ("PUT /v1/back-office/coupon-campaigns/camp_01kawz3h8mf5ttb4c5v3e8n0qx", r#"{"name":"X","kind":"free"}"#, 404, "not_found"),
    ("PUT /v1/back-office/coupon-campaigns/camp_01kawz3h8mf5ttb4c5v3e8n0qx", r#"{"name":"X","kind":"free","used":0}"#, 422, "/used unknown_field"),
    ("POST /v1/back-office/coupon-campaigns/camp_01kawz3h8mf5ttb4c5v3e8n0qx/codes", r#"{"code":"QUALSIASI"}"#, 404, "not_found"),
    ("POST /v1/back-office/coupon-campaigns/camp_01kawz3h8mf5ttb4c5v3e8n0qx/codes", r#"{"quantity":10}"#, 404, "not_found"),
    ("POST /v1/back-office/coupon-campaigns/camp_01kawz3h8mf5ttb4c5v3e8n0qx/codes", r#"{"quantity":0}"#, 422, "/quantity range"),
    ("POST /v1/back-office/coupon-campaigns/camp_01kawz3h8mf5ttb4c5v3e8n0qx/codes", r#"{"quantity":100001}"#, 422, "/quantity range"),
    ("POST /v1/back-office/coupon-campaigns/camp_01kawz3h8mf5ttb4c5v3e8n0qx/codes", r#"{"quantity":10,"max_uses":2}"#, 422, "/max_uses range"),
    ("POST /v1/back-office/coupon-campaigns/camp_01kawz3h8mf5ttb4c5v3e8n0qx/codes", r#"{"quantity":10,"code":"QUALSIASI"}"#, 422, "/quantity exclusive"),
    ("POST /v1/back-office/coupon-campaigns/camp_01kawz3h8mf5ttb4c5v3e8n0qx/codes", "{}", 422, "/code required"),
    ("POST /v1/back-office/coupon-campaigns/camp_01kawz3h8mf5ttb4c5v3e8n0qx/codes", r#"{"code":"7KQ2-XW9D-RM4A-HT3B"}"#, 422, "/code reserved"),
    ("PATCH /v1/back-office/coupon-campaigns/camp_01kawz3h8mf5ttb4c5v3e8n0qx/codes/coup_01kawz3h8mf5ttb4c5v3e8n0qx", r#"{"active":false}"#, 404, "not_found"),
    ("PATCH /v1/back-office/coupon-campaigns/camp_01kawz3h8mf5ttb4c5v3e8n0qx/codes/coup_01kawz3h8mf5ttb4c5v3e8n0qx", "{}", 422, "/active required"),
    ("GET /v1/back-office/orders?status=' OR 1=1 --", "", 422, "/status invalid_value"),
];

async fn each_request_gets_its_problem_and_changes_nothing(server: Rc<TestServer>) {
    let owner = Owner::create(&server).await;
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let campaigns = administrator.get("/v1/back-office/coupon-campaigns").await.ok();
    let before = owner.state(&server).await;
    for (caller, cases) in [(&owner.caller, BY_OWNER), (&administrator, BY_ADMINISTRATOR)] {
        for (request, body, status, code) in cases {
            let (method, path) = request.split_once(' ').expect("a method and a path");
            let method: Method = method.parse().expect("a method");
            let answer = owner.call(caller, &method, &owner.fill(path), body).await;
            match code.split_once(' ') {
                Some((pointer, code)) => answer.with_status(*status).refused_field(pointer, code),
                None => answer.refused(*status, code),
            };
        }
    }
    assert_eq!(owner.state(&server).await, before);
    assert_eq!(administrator.get("/v1/back-office/coupon-campaigns").await.ok(), campaigns);
}

/// Somebody with every credential there is, so that only the request can be wrong.
async fn almighty(server: &TestServer) -> Caller {
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    administrator.with("x-cart-token", "no cart has this token").with("idempotency-key", "one")
}

async fn identifiers_that_name_nothing_are_not_found(server: Rc<TestServer>) {
    let caller = almighty(&server).await;
    let long = "a".repeat(3000);
    let ids = [
        "1",
        "%00",
        "%0d%0aX-Evil:1",
        "%27%20OR%201=1%20--",
        "%F0%9F%92%A5",
        "%C3%A8",
        "%ff",
        "*",
        "null",
        "undefined",
        "cart_",
        "_",
        "cart_zzzzzzzzzzzzzzzzzzzzzzzzzz",
        "cart_01KAWZ3H8MF5TTB4C5V3E8N0QX",
        "00000000-0000-0000-0000-000000000000",
        &long,
    ];
    for operation in
        operations::all().iter().filter(|operation| names_a_thing(operation) && operation.says["requestBody"].is_null())
    {
        let absent = operation.absent_path();
        let send = |path: String| {
            let (caller, method) = (caller.clone(), operation.method.clone());
            async move { caller.send(method, &path, None).await }
        };
        send(absent.clone()).await.refused(404, "not_found");
        let last = absent.split('/').find(|part| part.contains("_01kawz")).expect("an identifier").to_owned();
        for id in ids {
            send(absent.replace(&last, id)).await.refused(404, "not_found");
        }
    }
}

fn names_a_thing(operation: &Operation) -> bool {
    operation.absent_path().contains("_01kawz") && !operation.takes_a_services_token()
}

async fn queries_out_of_bounds_are_refused(server: Rc<TestServer>) {
    let caller = almighty(&server).await;
    let takes_limit =
        |operation: &Operation| operation.parameters("query").iter().any(|parameter| parameter["name"] == "limit");
    let lists: Vec<Operation> = operations::all().into_iter().filter(takes_limit).collect();
    assert!(lists.len() > 6);
    for list in lists {
        let path = list.absent_path();
        for (query, pointer) in [
            ("limit=0", "/limit"),
            ("limit=101", "/limit"),
            ("limit=-1", "/limit"),
            ("limit=x", "/limit"),
            ("limit=", "/limit"),
            ("limit=1.5", "/limit"),
            ("limit=1e1", "/limit"),
            ("limit=99999999999999999999", "/limit"),
            ("limit=1&limit=2", "/limit"),
            ("limit[]=1", "/limit[]"),
            ("colour=red", "/colour"),
            ("LIMIT=1", "/LIMIT"),
            ("cursor=x", "/cursor"),
            ("cursor=", "/cursor"),
            ("cursor=' OR 1=1 --", "/cursor"),
            ("cursor=%ff", "/cursor"),
            ("cursor=cart_zzzzzzzzzzzzzzzzzzzzzzzzzz", "/cursor"),
            ("cursor=p%C3%A9", "/cursor"),
            ("limit=1;colour=red", "/limit"),
        ] {
            let problem = caller.get(&format!("{path}?{query}")).await.refused(422, "invalid_fields");
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{path}?{query}");
        }
        caller.get(&format!("{path}?cursor=%00")).await.refused_field("", "nul_character");
        caller.get(&format!("{path}?cursor={}", "x".repeat(5000))).await.refused(422, "invalid_fields");
        let answer = caller.get(&format!("{path}?&&")).await;
        if path == list.path { drop(answer.ok()) } else { drop(answer.refused(404, "not_found")) }
    }
}

async fn wrong_methods_are_told_the_right_ones(server: Rc<TestServer>) {
    let caller = almighty(&server).await;
    let operations = operations::all();
    for operation in &operations {
        let path = operation.absent_path();
        // A sibling pattern takes `DELETE /v1/sessions/refresh` for a session that is called so.
        let is_taken =
            |method: &str| operations.iter().any(|other| other.method == *method && matches(&other.path, &path));
        let is_written_out = operations.iter().any(|other| other.path == path);
        let of_path = operations
            .iter()
            .filter(|other| if is_written_out { other.path == path } else { matches(&other.path, &path) });
        let mut known: Vec<String> = of_path.map(|other| other.method.to_string()).collect();
        if known.contains(&"GET".to_owned()) {
            known.push("HEAD".to_owned());
        }
        known.sort();
        known.dedup();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get"] {
            if known.iter().any(|known| known == method) || is_taken(method) {
                continue;
            }
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let answer = caller.send(method, &path, None).await;
            let mut allowed: Vec<String> = answer.header("allow").split(", ").map(str::to_owned).collect();
            allowed.sort();
            assert_eq!(allowed, known, "{}", answer.asked);
            answer.refused(405, "method_not_allowed");
        }
    }
    for method in [Method::GET, Method::POST, Method::TRACE, Method::OPTIONS] {
        let answer = caller.send(method, "/v1/nowhere", None).await;
        assert_eq!(answer.header("allow"), "");
        answer.refused(404, "not_found");
    }
}

/// Whether a path is one of a pattern's: `/v1/sessions/refresh` is also one of `/v1/sessions/{id}`.
fn matches(pattern: &str, path: &str) -> bool {
    let parts = |text: &'_ str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
    let (pattern, path) = (parts(pattern), parts(path));
    pattern.len() == path.len() && pattern.iter().zip(&path).all(|(one, other)| one.starts_with('{') || one == other)
}

/// RFC 9110 §9.3.2.
async fn head_answers_as_get_does_without_a_body(server: Rc<TestServer>) {
    let owner = Owner::create(&server).await;
    let names = ["content-type", "content-length", "cache-control", "etag", "link", "www-authenticate", "vary"];
    let extra =
        ["/openapi.json", "/v1/orders?limit=0", "/v1/orders/<cart>", "/v1/nowhere"].map(|path| owner.fill(path));
    let paths = operations::all()
        .into_iter()
        // The events of a request that is not over have no end.
        .filter(|operation| operation.method == Method::GET && !operation.path.ends_with("/events"))
        .map(|operation| owner.path(&operation));
    // These differ from one call to the next.
    let changing = ["/metrics", "/v1/account/export", "/v1/sandbox/specimens/person"];
    for path in paths.filter(|path| !changing.contains(&path.as_str())).chain(extra) {
        for caller in [&owner.caller, &server.visitor()] {
            let (head, get) = (caller.send(Method::HEAD, &path, None).await, caller.get(&path).await);
            assert_eq!(head.status, get.status, "HEAD {path}");
            assert!(head.body.is_empty(), "HEAD {path} has a body");
            assert!(!head.header("x-request-id").is_empty(), "HEAD {path}");
            for name in names {
                assert_eq!(head.header(name), get.header(name), "{name} of HEAD {path}");
            }
        }
    }
    let answer = owner.caller.send(Method::HEAD, "/v1/sessions/current", None).await.with_status(405);
    assert!(answer.body.is_empty());
    owner.caller.get("/v1/account").await.ok();
}

async fn texts_come_back_as_they_were(server: Rc<TestServer>) {
    let caller = crate::support::actors::customer(&server, "texts@example.com").await;
    for street in [
        "Piazza dell’Università 1",
        "<script>alert(1)</script>",
        "'; DROP TABLE accounts; --",
        "通り 1",
        "{{ 7 * 7 }}",
        "a\"b\\c",
        "%s%n",
        "\u{202e}abc",
    ] {
        let mut details = crate::support::actors::person_profile();
        details["address"]["street"] = json!(street);
        let answer = caller.post("/v1/billing-profiles", details).await;
        // The invoice's format takes Latin letters only, so some may be refused; none may be changed on the way.
        if answer.status == 201 {
            assert_eq!(caller.get(&answer.header("location")).await.ok()["address"]["street"], street);
        } else {
            answer.refused(422, "invalid_fields");
        }
    }
}
