//! The REST API of VIES, the Commission's register of VAT numbers.

use serde_json::json;

use super::vat_check::{ViesAnswer, ViesNumber, ViesResponse};
use crate::platform::http::client::{ANSWER_LIMIT, Outbound, bounded_body};

/// Where the Commission publishes it.
pub const PUBLIC_URL: &str = "https://ec.europa.eu/taxation_customs/vies/rest-api";

/// Calls VIES.
pub struct ViesClient {
    client: reqwest::Client,
    url: String,
    requester: ViesNumber,
}

impl ViesClient {
    /// A client of the service at an address. Only to a requester who names a VAT number of their own does VIES give a
    /// consultation number, which is the evidence.
    pub fn new(outbound: &Outbound, url: String, requester: ViesNumber) -> Self {
        Self { client: outbound.0.clone(), url, requester }
    }

    /// Asks for a number. Whatever is no clear answer counts as an outage.
    pub async fn check(&self, number: &ViesNumber) -> ViesAnswer {
        self.ask(number).await.unwrap_or_else(ViesAnswer::Unavailable)
    }

    async fn ask(&self, number: &ViesNumber) -> Result<ViesAnswer, String> {
        let question = json!({
            "countryCode": number.country_code,
            "vatNumber": number.number,
            "requesterMemberStateCode": self.requester.country_code,
            "requesterNumber": self.requester.number,
        });
        let sent = self.client.post(format!("{}/check-vat-number", self.url)).json(&question).send().await;
        let answer = sent.map_err(|error| error.without_url().to_string())?;
        let status = answer.status();
        let body = bounded_body(answer, ANSWER_LIMIT).await?;
        let response: ViesResponse =
            serde_json::from_slice(&body).map_err(|_| format!("VIES answered {status} and no JSON of its own"))?;
        match response.into_answer() {
            // A yes under any other status is no yes.
            ViesAnswer::Known { is_valid: true, .. } if !status.is_success() => Err(format!("VIES answered {status}")),
            answer => Ok(answer),
        }
    }
}
