//! A whole request for the tests of rules.

use super::holder::{Applicant, ApplicantRole, Holder, HolderType, Sex};
use super::rules::{ActivationRequest, ActivationRequestId, DocumentFacts, RequestStatus};
use crate::activation::contracts::rules::{ContractKind, ContractStatus};
use crate::activation::identity_documents::rules::DocumentStatus;
use crate::customers::accounts::rules::AccountId;
use crate::customers::address::Address;
use crate::platform::clock::Time;
use crate::shop::orders::rules::OrderId;
use crate::shop::plans::rules::{ORDINARY_PRODUCT, PlanId};

/// Mario Rossi's request, with all that it needs.
pub fn complete_request(now: Time) -> ActivationRequest {
    ActivationRequest {
        id: ActivationRequestId::new(),
        order_id: OrderId::new(),
        order_unit: 1,
        account_id: AccountId::new(),
        plan_id: PlanId::new(),
        product: ORDINARY_PRODUCT.to_owned(),
        status: RequestStatus::ReadyToSubmit,
        email: Some("mario.rossi@example.com".to_owned()),
        email_verified_at: Some(now),
        holder: Some(holder()),
        applicant: Some(applicant()),
        representative: None,
        identity_document: Some(DocumentFacts {
            status: DocumentStatus::PendingReview,
            expires_on: now.plus_seconds(86_400).italian_date(),
        }),
        contracts: ContractKind::ALL
            .iter()
            .map(|kind| {
                (*kind, if kind.is_onerous() { ContractStatus::SpecificallyApproved } else { ContractStatus::Accepted })
            })
            .collect(),
        reopened: Vec::new(),
        reviewer_id: None,
        submitted_at: None,
        decided_at: None,
        activated_at: None,
        service_reference: None,
        access_url: None,
        created_at: now,
    }
}

/// Mario Rossi as a holder.
pub fn holder() -> Holder {
    Holder {
        holder_type: HolderType::Person,
        first_name: Some("Mario".to_owned()),
        last_name: Some("Rossi".to_owned()),
        business_name: None,
        codice_fiscale: Some("RSSMRA85T10A562S".to_owned()),
        partita_iva: None,
        pec: None,
        phone: None,
        address: Address {
            street: "Via Roma 1".to_owned(),
            postal_code: "20121".to_owned(),
            municipality: "Milano".to_owned(),
            province: Some("MI".to_owned()),
            country: "IT".to_owned(),
        },
    }
}

/// Mario Rossi as an applicant.
pub fn applicant() -> Applicant {
    Applicant {
        role: ApplicantRole::Holder,
        first_name: "Mario".to_owned(),
        last_name: "Rossi".to_owned(),
        sex: Sex::Male,
        birth_date: chrono::NaiveDate::from_ymd_opt(1985, 12, 10).unwrap_or_default(),
        birth_place: "San Giuliano Terme".to_owned(),
        codice_fiscale: "RSSMRA85T10A562S".to_owned(),
        phone: None,
        address: None,
    }
}
