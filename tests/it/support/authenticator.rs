//! An app that shows codes, as the server told it.

use serde_json::{Value, json};
use totp_rs::Totp;

use super::actors::{Caller, registration};
use super::expect::{Answer, text};
use super::server::TestServer;

/// The app.
pub struct App(Totp);

impl App {
    /// An app that was shown the QR code of an enrolment.
    pub fn told_by(enrolled: &Value) -> Self {
        let totp = Totp::from_url(text(enrolled, "/otpauth_url")).expect("an otpauth address");
        assert_eq!(totp.secret().to_base32(), text(enrolled, "/secret"));
        Self(totp)
    }

    /// The code that it shows so many steps from now, by the time outside. That of now and the next one are taken even
    /// where a step ends on the way to the server.
    pub fn code(&self, server: &TestServer, steps_ahead: u64) -> String {
        let now = server.with_platform(|platform| platform.clock.outside().0.timestamp());
        self.0.generate(now.unsigned_abs() + 30 * steps_ahead).to_string()
    }

    /// A code that no step near now shows.
    pub fn wrong_code(&self, server: &TestServer) -> String {
        let now = server.with_platform(|platform| platform.clock.outside().0.timestamp()).unsigned_abs();
        let near: Vec<String> = (0..8).map(|step| self.0.generate(now - 90 + 30 * step).to_string()).collect();
        let wrong = (0..).map(|code| format!("{code:06}")).find(|code| !near.contains(code));
        wrong.expect("few of a million are right")
    }
}

/// Somebody whose logins take a code.
pub struct Secured {
    /// With the session that confirmed the app.
    pub caller: Caller,
    pub app: App,
    pub authenticator: String,
    pub recovery_codes: Vec<String>,
    /// Of that session.
    pub refresh_token: String,
}

/// Begins to enrol an app.
pub async fn enrol(caller: &Caller) -> Value {
    let password = &registration("nobody@example.com")["password"];
    caller.post("/v1/account/authenticators", json!({ "label": "Telefono", "password": password })).await.created()
}

/// Confirms an app.
pub async fn confirm(caller: &Caller, authenticator: &str, code: &str) -> Answer {
    caller.post(&format!("/v1/account/authenticators/{authenticator}/confirmation"), json!({ "code": code })).await
}

impl Secured {
    /// Registers somebody and sets up an app.
    pub async fn create(server: &TestServer, email: &str) -> Self {
        let registered = server.visitor().post("/v1/accounts", registration(email)).await.created();
        let bearer = format!("Bearer {}", text(&registered, "/session/access_token"));
        let caller = server.visitor().with("authorization", &bearer);
        let enrolled = enrol(&caller).await;
        let (app, authenticator) = (App::told_by(&enrolled), text(&enrolled, "/id"));
        let confirmed = confirm(&caller, &authenticator, &app.code(server, 0)).await.ok();
        let recovery_codes = super::expect::texts(&confirmed["recovery_codes"]);
        let refresh_token = text(&registered, "/session/refresh_token");
        Self { caller, app, authenticator, recovery_codes, refresh_token }
    }
}

/// Logs in with the password that everybody registers with.
pub async fn log_in(server: &TestServer, email: &str, totp: Option<&str>) -> Answer {
    let mut login = json!({ "email": email, "password": registration(email)["password"] });
    if let Some(totp) = totp {
        login["totp"] = json!(totp);
    }
    server.visitor().post("/v1/sessions", login).await
}
