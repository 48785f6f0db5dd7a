//! Requests that are left unfinished: reminded of, each time once, and expired in the end.

use std::rc::Rc;

use futures_util::future::join_all;
use negozio::activation::requests::jobs::look_after_unfinished;
use serde_json::{Value, json};

use crate::support::activation::{Activation, bought, holder, mails, mario_rossi};
use crate::support::actors::customer_again;
use crate::support::expect::{items, text, texts};
use crate::support::server::TestServer;

crate::on_both_engines!(an_unfinished_request_is_reminded_of_and_expires);

/// Lets days pass, and looks after unfinished requests as several processes at once would.
async fn days_later(server: &TestServer, days: i64) {
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": days * 86_400 })).await.ok();
    let looks = join_all((0..4).map(|_| look_after_unfinished(server.shared_platform()))).await;
    assert!(looks.iter().all(Result::is_ok));
    server.wait_for_jobs().await.expect("the mails are sent");
}

async fn subjects(server: &TestServer, email: &str, part: &str) -> usize {
    mails(server, email).await.iter().filter(|mail| text(mail, "/subject").contains(part)).count()
}

async fn view(server: &TestServer, activation: &Activation) -> Value {
    customer_again(server, &activation.email).await.get(&activation.path).await.ok()
}

async fn an_unfinished_request_is_reminded_of_and_expires(server: Rc<TestServer>) {
    let email = "idle@example.com";
    let activation = bought(&server, email).await.verified(&server).await;
    let submitted = bought(&server, "busy@example.com").await.submitted(&server).await;
    days_later(&server, 2).await;
    assert_eq!(subjects(&server, email, "Manca poco").await, 0);
    days_later(&server, 1).await;
    assert_eq!(subjects(&server, email, "Manca poco").await, 1);
    days_later(&server, 1).await;
    assert_eq!(subjects(&server, email, "Manca poco").await, 1, "each reminder once");
    let told = mails(&server, email).await;
    let told = told.iter().find(|mail| text(mail, "/subject").contains("Manca poco")).expect("a reminder");
    assert!(text(told, "/text").contains("i dati dell'intestatario"), "{told:#}");
    days_later(&server, 6).await;
    assert_eq!(subjects(&server, email, "Manca poco").await, 2);

    // Whoever goes on begins anew.
    let caller = customer_again(&server, email).await;
    caller.put(&format!("{}/holder", activation.path), holder(&mario_rossi())).await.ok();
    days_later(&server, 2).await;
    assert_eq!(subjects(&server, email, "Manca poco").await, 2);
    days_later(&server, 57).await;
    assert_eq!(subjects(&server, email, "Manca poco").await, 3, "after an outage one reminder stands for all");
    assert_eq!(view(&server, &activation).await["status"], "collecting");
    days_later(&server, 1).await;
    assert_eq!(subjects(&server, email, "scaduta").await, 1);
    let expired = view(&server, &activation).await;
    assert_eq!((&expired["status"], texts(&expired["requirements"]["currently_due"]).len()), (&json!("expired"), 0));
    days_later(&server, 60).await;
    assert_eq!((subjects(&server, email, "scaduta").await, subjects(&server, email, "Manca poco").await), (1, 3));
    let caller = customer_again(&server, email).await;
    caller
        .put(&format!("{}/holder", activation.path), holder(&mario_rossi()))
        .await
        .refused(409, "request_state_forbids");
    let timeline = items(&caller.get(&format!("{}/timeline", activation.path)).await.ok());
    let last = timeline.last().expect("an entry");
    assert_eq!((text(last, "/kind").as_str(), text(last, "/actor").as_str()), ("request_expired", "system"));

    assert_eq!(view(&server, &submitted).await["status"], "in_review", "what was handed in waits for us");
    assert_eq!(subjects(&server, "busy@example.com", "Manca poco").await, 0);
}
