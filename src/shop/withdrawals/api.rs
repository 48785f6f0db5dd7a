//! `POST /v1/orders/{id}/withdrawal`.

use actix_web::{HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::flow::{self, Declaration};
use super::rules::{Withdrawal, WithdrawalId};
use crate::customers::email_address;
use crate::customers::sessions::extract::Customer;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::http::body::OptionalJson;
use crate::platform::http::idempotency_key::IdempotencyKey;
use crate::platform::http::openapi::Conflict;
use crate::platform::idempotency::Answer;
use crate::platform::problem::Problem;
use crate::shop::orders;
use crate::shop::orders::api::view::OrderView;
use crate::shop::orders::rules::OrderId;

/// What the consumer declares. What is left out is as the order has it.
#[derive(Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct WithdrawalRequest {
    /// The consumer's name.
    #[validate(length(min = 1, max = 120))]
    #[schema(min_length = 1, max_length = 120, example = "Mario Rossi")]
    name: Option<String>,
    /// What identifies the contract: by default the order's number.
    #[validate(length(min = 1, max = 120))]
    #[schema(min_length = 1, max_length = 120, example = "2026-000001")]
    contract: Option<String>,
    /// Where the receipt goes: by default the account's address.
    #[validate(length(min = 3, max = 254))]
    #[schema(min_length = 3, max_length = 254, format = "email", example = "mario@example.com")]
    confirmation_email: Option<String>,
}

impl WithdrawalRequest {
    fn declaration(self) -> Result<Declaration, Problem> {
        let not_an_address = || {
            Problem::invalid_field(
                "/confirmation_email",
                "email",
                "Indirizzo e-mail non valido",
                "This is not an e-mail address",
            )
        };
        let normalised = |text: String| email_address::normalise(&text).ok_or_else(not_an_address);
        let confirmation_email = self.confirmation_email.map(normalised).transpose()?;
        Ok(Declaration { name: self.name, contract: self.contract, confirmation_email })
    }
}

/// A withdrawal that was received.
#[derive(Serialize, ToSchema)]
#[schema(as = Withdrawal)]
pub struct WithdrawalView {
    id: WithdrawalId,
    name: String,
    contract: String,
    #[schema(format = "email")]
    confirmation_email: String,
    received_at: Time,
}

impl From<&Withdrawal> for WithdrawalView {
    fn from(withdrawal: &Withdrawal) -> Self {
        Self {
            id: withdrawal.id,
            name: withdrawal.name.clone(),
            contract: withdrawal.contract.clone(),
            confirmation_email: withdrawal.confirmation_email.clone(),
            received_at: withdrawal.received_at,
        }
    }
}

/// Withdraws from an order
///
/// The right of a consumer, for fourteen days from the order's confirmation and without a reason (arts. 52 and 54-bis
/// Codice del consumo). What was paid is given back, the services end, and the receipt is mailed.
#[utoipa::path(tag = "orders", params(("id" = OrderId, Path), ("Idempotency-Key" = Option<String>, Header, nullable = false)),
    request_body(content = Option<WithdrawalRequest>), responses((status = 201, description = "The order, withdrawn from", body = OrderView, headers(("Location" = String))), Conflict), security(("bearer" = [])))]
#[post("/orders/{id}/withdrawal")]
pub async fn withdraw_from_order(
    platform: web::Data<Platform>,
    id: web::Path<OrderId>,
    customer: Customer,
    key: IdempotencyKey,
    body: OptionalJson<WithdrawalRequest>,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let key = key.of(customer.account_id, &body.sha256);
    let declaration = body.value.declaration()?;
    let shared = platform.clone();
    let answer = platform
        .write_once(key, now, move |tx| {
            flow::withdraw(tx, &shared.events, customer.account_id, *id, declaration.clone(), now)?;
            let order = OrderView::of(&orders::flow::details(tx, *id)?);
            Ok(Answer::json(201, &order)?.at(format!("/v1/orders/{}", *id)))
        })
        .await?;
    Ok(answer.into())
}

/// Mounts the withdrawal.
pub fn routes(config: &mut ServiceConfig) {
    config.service(withdraw_from_order);
}
