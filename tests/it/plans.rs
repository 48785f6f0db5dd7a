//! The catalogue, and what holds for every path: languages, caching, unknown paths and methods.

use std::rc::Rc;

use reqwest::Method;

use crate::on_both_engines;
use crate::support::expect::{cents, items, text};
use crate::support::server::TestServer;

on_both_engines!(
    the_list_is_in_the_language_that_was_asked_for,
    the_audience_filters_list_and_comparison,
    a_plan_is_found_by_identifier_and_by_slug,
    prices_add_up,
    the_comparison_has_a_value_for_each_plan,
    a_known_answer_is_not_sent_again,
    what_does_not_exist_is_a_problem,
    a_wrong_query_is_refused_with_its_name,
    problems_are_in_the_callers_language,
    every_answer_names_its_request,
    the_operations_answer,
    browsers_of_allowed_origins_only_are_let_in,
);

async fn the_list_is_in_the_language_that_was_asked_for(server: Rc<TestServer>) {
    let visitor = server.visitor();
    let italian = visitor.get("/v1/plans").await.with_status(200);
    assert_eq!(italian.header("content-language"), "it");
    for (asked, expected) in [("en", "en"), ("en-GB,en;q=0.9", "en"), ("it;q=0.2, en;q=0.8", "en"), ("de", "it")] {
        let answer = visitor.call(Method::GET, "/v1/plans").header("Accept-Language", asked).send().await;
        assert_eq!(answer.header("content-language"), expected, "Accept-Language: {asked}");
    }
    let english = visitor.call(Method::GET, "/v1/plans").header("Accept-Language", "en").send().await.ok();
    let summaries = |list| -> Vec<String> { items(&list).iter().map(|plan| text(plan, "/summary")).collect() };
    let (italian, english) = (summaries(italian.json()), summaries(english));
    assert_eq!(italian.len(), english.len());
    assert!(italian.iter().zip(&english).all(|(one, other)| one != other), "{italian:?} {english:?}");
}

async fn the_audience_filters_list_and_comparison(server: Rc<TestServer>) {
    let visitor = server.visitor();
    let all = items(&visitor.get("/v1/plans").await.ok()).len();
    let mut counted = 0;
    for audience in ["single_company", "multi_company"] {
        let plans = items(&visitor.get(&format!("/v1/plans?audience={audience}")).await.ok());
        assert!(!plans.is_empty() && plans.iter().all(|plan| plan["audience"] == audience), "{plans:?}");
        let comparison = visitor.get(&format!("/v1/plan-comparison?audience={audience}")).await.ok();
        assert_eq!(comparison["plans"].as_array().map(Vec::len), Some(plans.len()));
        counted += plans.len();
    }
    assert_eq!(counted, all);
}

async fn a_plan_is_found_by_identifier_and_by_slug(server: Rc<TestServer>) {
    let visitor = server.visitor();
    for plan in items(&visitor.get("/v1/plans").await.ok()) {
        for name in ["/id", "/slug"] {
            assert_eq!(visitor.get(&format!("/v1/plans/{}", text(&plan, name))).await.ok(), plan);
        }
    }
}

async fn prices_add_up(server: Rc<TestServer>) {
    for plan in items(&server.visitor().get("/v1/plans").await.ok()) {
        let rate = plan["price"]["vat_rate"].as_i64().expect("a rate in basis points");
        let (net, gross) = (cents(&plan, "/price/net"), cents(&plan, "/price/gross"));
        assert_eq!(gross, net + (net * rate + 5_000) / 10_000, "{plan:#}");
        assert_eq!(plan["price"]["net"]["currency"], "EUR");
    }
}

async fn the_comparison_has_a_value_for_each_plan(server: Rc<TestServer>) {
    let comparison = server.visitor().get("/v1/plan-comparison").await.ok();
    let plans = comparison["plans"].as_array().expect("plans").len();
    let features = comparison["features"].as_array().expect("features");
    assert!(plans > 1 && !features.is_empty());
    for feature in features {
        assert_eq!(feature["values"].as_array().map(Vec::len), Some(plans), "{feature:#}");
    }
}

async fn a_known_answer_is_not_sent_again(server: Rc<TestServer>) {
    let visitor = server.visitor();
    for path in ["/v1/plans", "/v1/plans/legalinvoice-multi", "/v1/plan-comparison"] {
        let first = visitor.get(path).await.with_status(200);
        let tag = first.header("etag");
        assert!(tag.starts_with('"') && first.header("cache-control").contains("max-age"), "{path}: {tag}");
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let again = visitor.call(Method::GET, path).header("If-None-Match", &known).send().await.with_status(304);
            assert!(again.body.is_empty() && again.header("etag") == tag);
        }
        visitor.call(Method::GET, path).header("If-None-Match", "\"other\"").send().await.with_status(200);
        let english =
            visitor.call(Method::GET, path).header("If-None-Match", &tag).header("Accept-Language", "en").send().await;
        assert_eq!(english.status, 200, "{path}: another language is another answer");
    }
}

async fn what_does_not_exist_is_a_problem(server: Rc<TestServer>) {
    let visitor = server.visitor();
    for path in ["/v1/plans/no-such-plan", "/v1/plans/plan_01kawz3h8mf5ttb4c5v3e8n0qx", "/v1/nothing", "/", "/v2/plans", "/v1/plans/%00", "/v1/plans/..%2f..%2fetc"] {
        visitor.get(path).await.refused(404, "not_found");
    }
    for (method, path) in [(Method::POST, "/v1/plans"), (Method::DELETE, "/v1/plan-comparison"), (Method::PUT, "/v1/orders"), (Method::PATCH, "/health/live")] {
        let answer = visitor.call(method, path).send().await;
        answer.clone().refused(405, "method_not_allowed");
        assert!(answer.header("allow").contains("GET"), "{}: Allow says `{}` (RFC 9110 §15.5.6)", answer.asked, answer.header("allow"));
    }
}

async fn a_wrong_query_is_refused_with_its_name(server: Rc<TestServer>) {
    let visitor = server.visitor();
    visitor.get("/v1/plans?audience=everybody").await.refused(422, "invalid_fields");
    visitor.get("/v1/plans?audiense=multi_company").await.refused_field("/audiense", "unknown_field");
    visitor.get("/v1/plan-comparison?x=%00").await.refused(422, "invalid_fields");
}

async fn problems_are_in_the_callers_language(server: Rc<TestServer>) {
    let visitor = server.visitor();
    let title = |language: &'static str| {
        let call = visitor.call(Method::GET, "/v1/plans/none").header("Accept-Language", language);
        async move { text(&call.send().await.refused(404, "not_found"), "/title") }
    };
    assert_eq!(title("it").await, "Non trovato");
    assert_ne!(title("en").await, "Non trovato");
}

async fn every_answer_names_its_request(server: Rc<TestServer>) {
    let visitor = server.visitor();
    let named = visitor.call(Method::GET, "/v1/plans").header("X-Request-Id", "order-page.7").send().await;
    assert_eq!(named.header("x-request-id"), "order-page.7");
    let long = "x".repeat(129);
    for hostile in ["two words", "semi;colon", long.as_str(), "<script>"] {
        let answer = visitor.call(Method::GET, "/v1/nothing").header("X-Request-Id", hostile).send().await;
        assert_ne!(answer.header("x-request-id"), hostile);
        answer.refused(404, "not_found");
    }
    let (one, other) = (visitor.get("/v1/plans").await, visitor.get("/v1/plans").await);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
    assert_eq!(one.header("x-content-type-options"), "nosniff");
}

async fn the_operations_answer(server: Rc<TestServer>) {
    let visitor = server.visitor();
    visitor.get("/health/live").await.ok();
    visitor.get("/health/ready").await.ok();
    let metrics = visitor.get("/metrics").await.with_status(200).text();
    assert!(metrics.contains("http_request_duration_seconds"), "{metrics}");
    let keys = visitor.get("/.well-known/jwks.json").await.ok();
    assert_eq!(keys["keys"][0]["kty"], "OKP", "{keys:#}");
    assert!(keys["keys"][0].get("d").is_none(), "the private key must not show");
    let document = visitor.get("/openapi.json").await.ok();
    assert!(text(&document, "/openapi").starts_with("3.1"));
    let page = visitor.get("/swagger-ui/").await.with_status(200).text();
    assert!(page.contains("swagger-ui"));
}

async fn browsers_of_allowed_origins_only_are_let_in(server: Rc<TestServer>) {
    let strict = TestServer::start(server.engine, |config| {
        config.allowed_origins = vec!["https://shop.example".to_owned()];
    })
    .await;
    let preflight = |origin: &'static str| {
        strict
            .visitor()
            .call(Method::OPTIONS, "/v1/carts")
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "content-type,x-cart-token,idempotency-key")
            .send()
    };
    let allowed = preflight("https://shop.example").await.with_status(200);
    assert_eq!(allowed.header("access-control-allow-origin"), "https://shop.example");
    let headers = allowed.header("access-control-allow-headers").to_lowercase();
    assert!(headers.contains("x-cart-token") && headers.contains("idempotency-key"), "{headers}");
    assert_eq!(preflight("https://elsewhere.example").await.header("access-control-allow-origin"), "");
    let answer = strict.visitor().call(Method::GET, "/v1/plans").header("Origin", "https://shop.example").send().await;
    let exposed: Vec<String> = answer.header("access-control-expose-headers").to_lowercase().split(',').map(|name| name.trim().to_owned()).collect();
    for name in ["etag", "location", "retry-after", "x-request-id", "ratelimit"] {
        assert!(exposed.iter().any(|header| header == name), "{name} is not exposed: {exposed:?}");
    }
    strict.stop().await;
}
