//! `GET /v1/activation-requests/{id}/events`: the timeline as it grows (server-sent events, WHATWG HTML §9.2).

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use futures_util::stream;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{TimelineEntry, flow, store};
use crate::activation::requests::rules::ActivationRequestId;
use crate::activation::requests::streams::{EventStreams, Listener};
use crate::customers::sessions::extract::Customer;
use crate::customers::sessions::gate::SessionGate;
use crate::platform::Platform;
use crate::platform::http::request::text_header;
use crate::platform::problem::{MALFORMED_REQUEST, Problem};

/// Rounds of silence after which something is sent, so that neither side takes the connection for dead, and the place of a
/// client that is gone is soon free: only what cannot be sent tells that.
const HEARTBEAT: u32 = 5;
/// Rounds after which it is looked up whether another process has closed the session.
const SESSION_LOOK: u32 = 15;
/// Milliseconds after which a client that lost the connection should come back.
const RETRY: u32 = 3000;

/// Follows what happens to an activation request
///
/// Server-sent events: each entry of the timeline, from the one after `Last-Event-ID` on, with its sequence as the
/// event's id and itself as the data, then each new one within about a second. The stream ends with an event `end` when
/// the request is over; asked again after that, it answers 204, which tells a client to stay away. It also ends when the
/// session is closed and when the server stops.
#[utoipa::path(tag = "activation", params(("id" = ActivationRequestId, Path), ("Last-Event-ID" = Option<i64>, Header, description = "The last entry that was received.", minimum = 0, nullable = false)), extensions(("x-rate-limited" = json!(true))),
    responses((status = 200, description = "The events", body = String, content_type = "text/event-stream"), (status = 204, description = "The request is over and every entry was received")), security(("bearer" = [])))]
#[get("/activation-requests/{id}/events")]
pub async fn follow_activation_request(
    platform: web::Data<Platform>,
    gate: web::Data<SessionGate>,
    streams: web::Data<EventStreams>,
    id: web::Path<ActivationRequestId>,
    request: HttpRequest,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let (id, received) = (*id, last_event_id(&request)?);
    let (status, last) = platform
        .db
        .read(move |connection| {
            let request = flow::own(connection, customer.account_id, id)?;
            let last = store::latest_sequences(connection, &[id])?.first().map_or(0, |(_, sequence)| *sequence);
            Ok((request.status, last))
        })
        .await?;
    if status.is_over() && received >= last {
        return Ok(HttpResponse::NoContent().finish());
    }
    let listener = streams.into_inner().listen(customer.account_id, id)?;
    let follower =
        Follower { platform, gate, listener, customer, id, sent: received, rounds: 0, silent: 0, stage: Stage::Begins };
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        // Proxies that collect answers would hold every event back.
        .insert_header(("X-Accel-Buffering", "no"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(stream::unfold(follower, |follower| async {
            let (text, follower) = follower.next().await?;
            Some((Ok::<_, Problem>(web::Bytes::from(text)), follower))
        })))
}

/// The last entry that the client has; none where it comes for the first time.
fn last_event_id(request: &HttpRequest) -> Result<i64, Problem> {
    if !request.headers().contains_key("last-event-id") {
        return Ok(0);
    }
    let text = text_header(request.headers(), "last-event-id").unwrap_or_default();
    let sequence = text.parse().ok().filter(|sequence| *sequence >= 0);
    sequence.ok_or_else(|| MALFORMED_REQUEST.detail("Last-Event-ID must be the id of an event of this stream."))
}

/// How far a stream is.
#[derive(PartialEq, Eq)]
enum Stage {
    Begins,
    Follows,
    Ended,
}

/// One who follows a request.
struct Follower {
    platform: web::Data<Platform>,
    gate: web::Data<SessionGate>,
    listener: Listener,
    customer: Customer,
    id: ActivationRequestId,
    /// The last entry that was sent.
    sent: i64,
    /// Rounds since the stream was opened.
    rounds: u32,
    /// Rounds since something was sent.
    silent: u32,
    stage: Stage,
}

impl Follower {
    /// What to send next; none at the end. What cannot be read ends the stream, and the client comes back for it.
    async fn next(mut self) -> Option<(String, Self)> {
        match self.stage {
            Stage::Ended => return None,
            Stage::Begins => {
                self.stage = Stage::Follows;
                let news = self.news().await?;
                return Some((format!("retry: {RETRY}\n\n{news}"), self));
            }
            Stage::Follows => {}
        }
        loop {
            if !self.listener.next_round().await || self.gate.is_closed(self.customer.session_id) {
                return None;
            }
            self.rounds = self.rounds.wrapping_add(1);
            self.silent += 1;
            if self.rounds.is_multiple_of(SESSION_LOOK) {
                self.gate.pass(&self.platform, self.customer.session_id).await.ok()?;
            }
            let text = if self.listener.is_behind(self.sent) {
                self.news().await?
            } else if self.silent >= HEARTBEAT {
                ": nothing new\n\n".to_owned()
            } else {
                continue;
            };
            self.silent = 0;
            return Some((text, self));
        }
    }

    /// The entries after the last one that was sent, for a session that is still open.
    async fn news(&mut self) -> Option<String> {
        self.gate.pass(&self.platform, self.customer.session_id).await.ok()?;
        let (id, account, sent) = (self.id, self.customer.account_id, self.sent);
        let found = self.platform.db.read(move |connection| {
            flow::own(connection, account, id)?;
            Ok(store::timeline_after(connection, id, sent)?)
        });
        let events = found.await.ok()?;
        let over = events.last().map(|event| event.status).filter(|status| status.is_over());
        let mut text = String::new();
        for event in events {
            self.sent = event.sequence;
            let entry = TimelineEntry::of(event, &account.to_string());
            text.push_str(&format!("id: {}\ndata: {}\n\n", self.sent, serde_json::to_string(&entry).ok()?));
        }
        if let Some(status) = over {
            text.push_str(&format!("event: end\ndata: {{\"status\":\"{status}\"}}\n\n"));
            self.stage = Stage::Ended;
        }
        Some(text)
    }
}

/// Mounts the events.
pub fn routes(config: &mut ServiceConfig) {
    config.service(follow_activation_request);
}
