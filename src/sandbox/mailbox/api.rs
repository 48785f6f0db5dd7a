//! `GET /v1/sandbox/mailbox`.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::http::body::ValidQuery;
use crate::platform::http::page::{Page, default_limit, position};
use crate::platform::mail::MailId;
use crate::platform::mail::store::{self, DeliveredMail};
use crate::platform::problem::Problem;
use crate::sandbox::extract::Tester;

/// Which mails.
#[derive(Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct MailboxQuery {
    /// Only mails to this address.
    #[validate(length(max = 254))]
    #[param(max_length = 254, nullable = false)]
    to: Option<String>,
    /// How many items at most.
    #[serde(default = "default_limit")]
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: i64,
    /// The `next_cursor` of the page before.
    #[validate(length(max = 100))]
    #[param(max_length = 100, nullable = false)]
    cursor: Option<String>,
}

/// A mail that was sent.
#[derive(Serialize, ToSchema)]
#[schema(as = SandboxMail)]
pub struct MailView {
    id: MailId,
    /// The recipient.
    to: String,
    subject: String,
    text: String,
    html: String,
    /// The one-time code in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    otp: Option<String>,
    sent_at: Time,
}

impl From<DeliveredMail> for MailView {
    fn from(mail: DeliveredMail) -> Self {
        Self {
            id: mail.id,
            to: mail.recipient,
            subject: mail.subject,
            text: mail.text_body,
            html: mail.html_body,
            otp: mail.otp,
            sent_at: mail.sent_at,
        }
    }
}

/// Lists the mails that were sent
#[utoipa::path(tag = "sandbox", params(MailboxQuery), responses((status = 200, description = "Newest first", body = Page<MailView>, headers(("Link" = Option<String>)))))]
#[get("/sandbox/mailbox")]
pub async fn list_sandbox_mails(
    platform: web::Data<Platform>,
    request: HttpRequest,
    _tester: Tester,
    query: ValidQuery<MailboxQuery>,
) -> Result<HttpResponse, Problem> {
    let MailboxQuery { to, limit, cursor } = query.0;
    let before = position(cursor.as_deref())?;
    let to = to.map(|address| address.trim().to_lowercase());
    let mails =
        platform.db.read(move |connection| Ok(store::list(connection, to.as_deref(), before, limit + 1)?)).await?;
    let views: Vec<MailView> = mails.into_iter().map(MailView::from).collect();
    Ok(Page::cut(views, limit, |view| view.id.to_string()).to_response(&request))
}

/// Mounts the mailbox.
pub fn routes(config: &mut ServiceConfig) {
    config.service(list_sandbox_mails);
}
