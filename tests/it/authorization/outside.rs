//! The sandbox's paths, seen from another machine and in live mode.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::rc::Rc;

use negozio::platform::config::Config;
use serde_json::json;

use super::routes_for;
use super::table::Who;
use crate::support::actors::{Caller, customer};
use crate::support::owner::Owner;
use crate::support::server::{TestServer, make_live};
use crate::support::suite::Suite;

/// Puts this module's tests on the list.
pub fn register(suite: &mut Suite) {
    let name = "authorization::the_sandbox_is_for_this_machine_and_administrators";
    suite.on_both_with(name, on_every_address, the_sandbox_is_for_this_machine_and_administrators);
    suite.on_both_with("authorization::live_mode_has_no_sandbox", make_live, live_mode_has_no_sandbox);
}

fn on_every_address(config: &mut Config) {
    config.bind = SocketAddr::from(([0, 0, 0, 0], 0));
}

/// This machine's address in its network, if it is in one. Nothing is sent to find out.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("198.51.100.1:9").ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|address| !address.is_loopback())
}

async fn the_sandbox_is_for_this_machine_and_administrators(server: Rc<TestServer>) {
    let Some(address) = own_address() else {
        eprintln!("this machine is in no network: who calls the sandbox from one is not tried");
        return;
    };
    let owner = Owner::create(&server).await;
    let stranger = customer(&server, "stranger@example.com").await;
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let from_outside = |caller: &Caller| caller.at(&server.url.replace("0.0.0.0", &address.to_string()));
    let visitor = from_outside(&server.visitor());
    let before = owner.state(&server).await;
    let spoofs = [
        ("x-forwarded-for", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
        ("host", "127.0.0.1"),
    ];
    let routes = routes_for(&[Who::Tester]);
    for route in &routes {
        let path = owner.path(&route.operation);
        route.call(&owner, &visitor, &path).await.refused(401, "unauthenticated");
        for (name, value) in spoofs {
            route.call(&owner, &visitor.with(name, value), &path).await.refused(401, "unauthenticated");
        }
        route.call(&owner, &from_outside(&stranger), &path).await.refused(403, "forbidden");
    }
    assert_eq!(owner.state(&server).await, before);
    for route in &routes {
        let answer = route.call(&owner, &from_outside(&administrator), &owner.path(&route.operation)).await;
        assert!(answer.status < 300, "{} answered {}: {}", answer.asked, answer.status, answer.text());
    }
}

async fn live_mode_has_no_sandbox(server: Rc<TestServer>) {
    let visitor = server.visitor();
    for route in routes_for(&[Who::Tester, Who::Provisioner, Who::Payer]) {
        let path = route.operation.absent_path();
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let method = method.parse().expect("a method");
            visitor.send(method, &path, None).await.refused(404, "not_found");
        }
    }
    let document = visitor.get("/openapi.json").await.ok();
    assert!(!document["paths"].to_string().contains("/v1/sandbox/"), "the document names what is not there");
    for (email, _) in negozio::customers::accounts::demo::ACCOUNTS {
        let login = json!({ "email": email, "password": negozio::customers::accounts::demo::PASSWORD });
        visitor.post("/v1/sessions", login).await.refused(401, "invalid_credentials");
    }
    assert_eq!(visitor.get("/v1/plans").await.ok()["items"], json!([]), "the demo data are the sandbox's");
    let notification = json!({ "reference": "pay_01kawz3h8mf5ttb4c5v3e8n0qx", "outcome": "succeeded" });
    visitor.post("/v1/payment-notifications/sandbox", notification).await.refused(404, "not_found");
}
