//! What the reviewer's eye is led to: found without anybody looking for it. A finding decides nothing.

use chrono::NaiveDate;

use super::rules::ReopenableRequirement;
use crate::activation::identity_documents::machine_zone::{MachineZone, ZoneDifference};
use crate::activation::identity_documents::numbers::NumberWarning;
use crate::activation::identity_documents::rules::IdentityDocument;
use crate::activation::requests::holder::Applicant;
use crate::platform::locale::Localized;

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable, in snake_case.
    pub code: &'static str,
    /// What a resubmission would ask for again because of it.
    pub requirement: ReopenableRequirement,
    /// For the reviewer.
    pub text: Localized,
}

/// What is found about the identity document that waits for the reviewer.
pub fn about_document(document: &IdentityDocument, applicant: Option<&Applicant>, today: NaiveDate) -> Vec<Finding> {
    let warned = |warning: &NumberWarning| document.warnings.iter().any(|code| code == warning.code());
    let numbers = [NumberWarning::Empty, NumberWarning::UnusualShape].into_iter().filter(warned).map(number_finding);
    let is_borderline = document.quality.iter().any(|rule| rule.verdict == "warn");
    let zone = document.mrz.as_deref().and_then(|mrz| MachineZone::read(document.kind, mrz, today).ok());
    let differences = zone.zip(applicant).map(|(zone, applicant)| zone.differences(applicant)).unwrap_or_default();
    numbers.chain(is_borderline.then(picture_finding)).chain(differences.into_iter().map(zone_finding)).collect()
}

/// What is found about the applicant themselves.
pub fn about_applicant(applicant: &Applicant, today: NaiveDate) -> Option<Finding> {
    let text = Localized::fixed(
        "Il codice fiscale ha due sole cifre dell'anno: sarebbe anche quello di un minorenne. Guarda l'età nel documento",
        "The codice fiscale has but two digits of the year: it would be a minor's too. See the age in the document",
    );
    let requirement = ReopenableRequirement::Applicant;
    applicant.may_be_a_minor(today).then_some(Finding { code: "applicant_may_be_minor", requirement, text })
}

/// What is found where others have asked for a service for the same holder.
pub fn about_holder(others: i64) -> Option<Finding> {
    let text = Localized {
        it: format!("Altre richieste per lo stesso intestatario: {others}").into(),
        en: format!("Other requests for the same holder: {others}").into(),
    };
    let requirement = ReopenableRequirement::Holder;
    (others > 0).then_some(Finding { code: "holder_requested_elsewhere", requirement, text })
}

fn number_finding(warning: NumberWarning) -> Finding {
    let text = match warning {
        NumberWarning::Empty => {
            Localized::fixed("Il numero del documento non ha né lettere né cifre", "The document's number is empty")
        }
        NumberWarning::UnusualShape => Localized::fixed(
            "Il numero non ha la forma consueta per un documento di questo tipo",
            "The number does not have the usual shape for a document of this kind",
        ),
    };
    Finding { code: warning.code(), requirement: ReopenableRequirement::IdentityDocument, text }
}

fn picture_finding() -> Finding {
    let text = Localized::fixed(
        "Una foto rispetta una delle regole solo a malapena: guarda la qualità misurata",
        "A picture barely passes one of the rules: see the measured quality",
    );
    Finding { code: "picture_borderline", requirement: ReopenableRequirement::IdentityDocument, text }
}

fn zone_finding(difference: ZoneDifference) -> Finding {
    let text = match difference {
        ZoneDifference::LastName => Localized::fixed(
            "Il cognome del richiedente non è quello della zona a lettura ottica",
            "The applicant's last name is not the one in the machine-readable zone",
        ),
        ZoneDifference::FirstName => Localized::fixed(
            "Il nome del richiedente non è quello della zona a lettura ottica",
            "The applicant's first name is not the one in the machine-readable zone",
        ),
        ZoneDifference::BirthDate => Localized::fixed(
            "La data di nascita del richiedente non è quella della zona a lettura ottica",
            "The applicant's date of birth is not the one in the machine-readable zone",
        ),
        ZoneDifference::Sex => Localized::fixed(
            "Il sesso del richiedente non è quello della zona a lettura ottica",
            "The applicant's sex is not the one in the machine-readable zone",
        ),
    };
    Finding { code: difference.code(), requirement: ReopenableRequirement::Applicant, text }
}
