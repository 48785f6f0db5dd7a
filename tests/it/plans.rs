//! The catalogue.

use std::rc::Rc;

use crate::support::expect::{items, text};
use crate::support::server::TestServer;

crate::on_both_engines!(plans_are_listed_in_the_readers_language, a_known_answer_is_304, unknown_things_are_problems);

async fn plans_are_listed_in_the_readers_language(server: Rc<TestServer>) {
    let italian = server.visitor().get("/v1/plans?audience=multi_company").await.ok();
    let english = server.visitor().with("accept-language", "en").get("/v1/plans?audience=multi_company").await.ok();
    assert_eq!(items(&italian).len(), 2);
    assert_ne!(italian["items"][0]["summary"], english["items"][0]["summary"]);
    assert!(items(&italian).iter().all(|plan| plan["audience"] == "multi_company"));
    let plan = &italian["items"][0];
    let (net, gross) = (plan["price"]["net"]["amount"].as_i64(), plan["price"]["gross"]["amount"].as_i64());
    assert_eq!((net, gross), (Some(12_900), Some(15_738)));
    let comparison = server.visitor().get("/v1/plan-comparison").await.ok();
    let columns = items(&server.visitor().get("/v1/plans").await.ok()).len();
    for row in comparison["features"].as_array().expect("rows") {
        assert_eq!(row["values"].as_array().map(Vec::len), Some(columns), "{}", text(row, "/key"));
    }
}

async fn a_known_answer_is_304(server: Rc<TestServer>) {
    let first = server.visitor().get("/v1/plans").await.with_status(200);
    let again = server.visitor().with("if-none-match", &first.header("etag")).get("/v1/plans").await.with_status(304);
    assert!(again.body.is_empty());
    assert!(first.header("cache-control").contains("public"));
}

async fn unknown_things_are_problems(server: Rc<TestServer>) {
    server.visitor().get("/v1/plans/nothing").await.refused(404, "not_found");
    server.visitor().get("/v1/nowhere").await.refused(404, "not_found");
    let wrong = server.visitor().post("/v1/plans", serde_json::json!({})).await;
    assert_eq!(wrong.header("allow"), "GET, HEAD");
    wrong.refused(405, "method_not_allowed");
    server.visitor().get("/v1/plans?colour=red").await.refused_field("/colour", "unknown_field");
    server.visitor().get("/v1/plans?audience=nobody").await.refused(422, "invalid_fields");
}
