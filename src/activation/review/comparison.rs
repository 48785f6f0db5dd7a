//! What billing profile, holder and applicant say, side by side.

use serde::Serialize;
use utoipa::ToSchema;

use crate::activation::requests::holder::{Applicant, ApplicantRole, Holder};
use crate::customers::address::Address;
use crate::customers::billing_profiles::rules::BillingDetails;

/// One thing that several places say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ComparedField {
    /// Which.
    #[schema(example = "codice_fiscale")]
    pub field: &'static str,
    /// What the order was made out to.
    #[schema(required = true)]
    pub billing_profile: Option<String>,
    /// What the service's holder says.
    #[schema(required = true)]
    pub holder: Option<String>,
    /// What the applicant says.
    #[schema(required = true)]
    pub applicant: Option<String>,
    /// Whether those that say something say the same; an applicant counts who applies as the holder.
    pub agrees: bool,
}

/// Compares them field by field; what nobody says is left out.
pub fn compare(billing: &BillingDetails, holder: Option<&Holder>, applicant: Option<&Applicant>) -> Vec<ComparedField> {
    let is_holder = applicant.is_some_and(|applicant| applicant.role == ApplicantRole::Holder);
    let of_holder = |read: fn(&Holder) -> Option<&String>| holder.and_then(read).cloned();
    let of_applicant = |read: fn(&Applicant) -> &String| applicant.map(read).cloned();
    let said = [
        (
            "first_name",
            billing.first_name.clone(),
            of_holder(|it| it.first_name.as_ref()),
            of_applicant(|it| &it.first_name),
        ),
        (
            "last_name",
            billing.last_name.clone(),
            of_holder(|it| it.last_name.as_ref()),
            of_applicant(|it| &it.last_name),
        ),
        ("business_name", billing.business_name.clone(), of_holder(|it| it.business_name.as_ref()), None),
        (
            "codice_fiscale",
            billing.codice_fiscale.clone(),
            of_holder(|it| it.codice_fiscale.as_ref()),
            of_applicant(|it| &it.codice_fiscale),
        ),
        ("partita_iva", billing.partita_iva.clone(), of_holder(|it| it.partita_iva.as_ref()), None),
        ("pec", billing.pec.clone(), of_holder(|it| it.pec.as_ref()), None),
        (
            "address",
            Some(in_one_line(&billing.address)),
            holder.map(|it| in_one_line(&it.address)),
            applicant.and_then(|it| it.address.as_ref()).map(in_one_line),
        ),
    ];
    let is_said = |(_, billing, holder, applicant): &(_, Option<_>, Option<_>, Option<_>)| {
        billing.is_some() || holder.is_some() || applicant.is_some()
    };
    said.into_iter()
        .filter(is_said)
        .map(|(field, billing_profile, holder, applicant)| {
            let counted = [billing_profile.as_deref(), holder.as_deref(), applicant.as_deref().filter(|_| is_holder)];
            let agrees = all_the_same(counted.into_iter().flatten());
            ComparedField { field, billing_profile, holder, applicant, agrees }
        })
        .collect()
}

fn in_one_line(address: &Address) -> String {
    let province = address.province.as_ref().map(|province| format!(" ({province})")).unwrap_or_default();
    format!("{}, {} {}{province}, {}", address.street, address.postal_code, address.municipality, address.country)
}

/// Capitals and spaces around do not matter.
fn all_the_same<'a>(texts: impl Iterator<Item = &'a str>) -> bool {
    let mut normal: Vec<String> = texts.map(|text| text.trim().to_uppercase()).collect();
    normal.dedup();
    normal.len() <= 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::requests::specimen;
    use crate::customers::billing_profiles::rules::BillingKind;

    fn billing() -> BillingDetails {
        let holder = specimen::holder();
        BillingDetails {
            kind: BillingKind::Person,
            first_name: holder.first_name,
            last_name: holder.last_name,
            business_name: None,
            codice_fiscale: holder.codice_fiscale,
            partita_iva: None,
            vat_number: None,
            codice_destinatario: None,
            pec: None,
            address: holder.address,
        }
    }

    fn disagreeing(billing: &BillingDetails, applicant: &Applicant) -> Vec<&'static str> {
        let compared = compare(billing, Some(&specimen::holder()), Some(applicant));
        compared.into_iter().filter(|field| !field.agrees).map(|field| field.field).collect()
    }

    #[test]
    fn what_differs_is_told_and_capitals_make_no_difference() {
        let applicant = specimen::applicant();
        let mut billing = billing();
        billing.last_name = Some("ROSSI ".to_owned());
        assert!(disagreeing(&billing, &applicant).is_empty());
        billing.last_name = Some("Bianchi".to_owned());
        billing.address.municipality = "Roma".to_owned();
        assert_eq!(disagreeing(&billing, &applicant), ["last_name", "address"]);
    }

    #[test]
    fn one_who_applies_for_another_need_not_be_the_holder() {
        let mut applicant = specimen::applicant();
        applicant.first_name = "Luigi".to_owned();
        assert_eq!(disagreeing(&billing(), &applicant), ["first_name"]);
        applicant.role = ApplicantRole::Delegate;
        assert!(disagreeing(&billing(), &applicant).is_empty());
    }
}
