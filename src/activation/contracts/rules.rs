//! What a contract document is and how its state may change.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::clauses::ListedClause;
use super::signed_copies::SignedCopy;
use crate::activation::problems::{CONTRACT_NOT_CURRENT, CONTRACT_STATE_FORBIDS};
use crate::activation::requests::rules::ActivationRequestId;
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::types::Json;
use crate::platform::locale::Locale;
use crate::platform::problem::{FieldProblem, Problem};

crate::typed_id!(
    /// A contract document's identifier.
    ContractId = "ctr"
);

crate::text_enum!(
    /// Which document. The onerous clauses stand in the general conditions, and the list of them is what is approved.
    ContractKind {
        GeneralConditions = "general_conditions",
        ServiceOrder = "service_order",
        PrivacyNotice = "privacy_notice",
        OnerousClauses = "onerous_clauses",
    }
);

crate::text_enum!(
    /// Where a document stands.
    ContractStatus {
        Rendered = "rendered",
        Downloaded = "downloaded",
        Accepted = "accepted",
        SpecificallyApproved = "specifically_approved",
        Final = "final",
        Voided = "voided",
    }
);

/// What may happen to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContractCommand {
    /// Its bytes were served.
    Download,
    /// It was accepted.
    Accept,
    /// Its onerous clauses were approved, each by name.
    ApproveSpecifically,
    /// The request was handed in.
    Finalise,
}

impl ContractKind {
    /// Whether its acceptance is followed by an approval of each clause that it lists.
    pub fn is_onerous(self) -> bool {
        self == Self::OnerousClauses
    }

    /// Whether a document of this kind in a state has all the consent that it needs.
    pub fn is_agreed(self, status: ContractStatus) -> bool {
        status == ContractStatus::Final || self.after(status, ContractCommand::Finalise).is_some()
    }

    /// The state of a document of this kind after a command; none where the state forbids it.
    pub fn after(self, status: ContractStatus, command: ContractCommand) -> Option<ContractStatus> {
        use ContractStatus as Status;
        let is_onerous = self.is_onerous();
        match (status, command) {
            (Status::Rendered, ContractCommand::Download) => Some(Status::Downloaded),
            (status, ContractCommand::Download) => Some(status),
            (Status::Downloaded, ContractCommand::Accept) => Some(Status::Accepted),
            (Status::Accepted, ContractCommand::ApproveSpecifically) if is_onerous => {
                Some(Status::SpecificallyApproved)
            }
            (Status::SpecificallyApproved, ContractCommand::Finalise) => Some(Status::Final),
            (Status::Accepted, ContractCommand::Finalise) if !is_onerous => Some(Status::Final),
            _ => None,
        }
    }
}

/// Proof of a consent: who gave it, to what, when and from where. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Who.
    pub account_id: AccountId,
    /// Under which proved address.
    pub email: Option<String>,
    /// SHA-256 of the document, in hexadecimal.
    pub document_sha256: String,
    /// The onerous clauses approved, by name; none for an acceptance.
    pub clause_ids: Vec<String>,
    /// When.
    pub given_at: Time,
    /// From which address.
    pub ip: Option<String>,
    /// With which program.
    pub user_agent: Option<String>,
}

impl std::fmt::Debug for Consent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Consent(…)")
    }
}

/// A contract document.
#[derive(Debug, Clone)]
pub struct Contract {
    /// Which.
    pub id: ContractId,
    /// Of which request.
    pub request_id: ActivationRequestId,
    /// Which kind.
    pub kind: ContractKind,
    /// The version of its template.
    pub template_version: String,
    /// Its language.
    pub locale: Locale,
    /// What the template was filled with; see [`super::data`].
    pub data: Json,
    /// SHA-256 of its bytes.
    pub sha256: Vec<u8>,
    /// Where it is stored.
    pub path: String,
    /// Where it stands.
    pub status: ContractStatus,
    /// How often its bytes were served to the customer.
    pub downloads: i32,
    /// Proof of its acceptance.
    pub acceptance: Option<Consent>,
    /// Proof of the approval of its onerous clauses.
    pub specific_approval: Option<Consent>,
    /// A copy that was signed elsewhere, for the reviewer; it takes the place of no consent.
    pub signed_copy: Option<SignedCopy>,
    /// When it was made.
    pub created_at: Time,
}

impl Contract {
    /// Its hash in hexadecimal.
    pub fn sha256_text(&self) -> String {
        hex::encode(&self.sha256)
    }

    /// The clauses that must be approved by name: those that the document lists, as they were when it was made.
    pub fn onerous_clauses(&self) -> Vec<ListedClause> {
        let listed = self.data.0.get("clauses").filter(|_| self.kind.is_onerous());
        listed.and_then(|clauses| Vec::deserialize(clauses).ok()).unwrap_or_default()
    }

    /// What the timeline tells when the document is made.
    pub fn made(&self) -> Value {
        let clauses: Vec<String> = self.onerous_clauses().into_iter().map(|clause| clause.id).collect();
        made(self.id, &self.sha256_text(), &clauses)
    }

    /// Moves the document to the state after a command.
    ///
    /// # Errors
    /// `contract_state_forbids`, saying which state it is in.
    pub fn advance(&mut self, command: ContractCommand) -> Result<(), Problem> {
        self.status = self.kind.after(self.status, command).ok_or_else(|| self.state_forbids())?;
        Ok(())
    }

    /// Accepts the document whose bytes were served (invariant 16 of the design).
    ///
    /// # Errors
    /// `contract_not_current` for another hash; `contract_state_forbids`.
    pub fn accept(&mut self, consent: Consent) -> Result<(), Problem> {
        self.require_current(&consent.document_sha256)?;
        self.advance(ContractCommand::Accept)?;
        self.acceptance = Some(consent);
        Ok(())
    }

    /// Approves the onerous clauses, every one of them by name (art. 1341, second paragraph, c.c.; invariant 17).
    ///
    /// # Errors
    /// `invalid_fields` when a clause is missing or unknown; `contract_not_current`; `contract_state_forbids`.
    pub fn approve_specifically(&mut self, consent: Consent) -> Result<(), Problem> {
        self.require_current(&consent.document_sha256)?;
        if self.kind.is_onerous() {
            check_clauses(&self.onerous_clauses(), &consent.clause_ids)?;
        }
        self.advance(ContractCommand::ApproveSpecifically)?;
        self.specific_approval = Some(consent);
        Ok(())
    }

    /// Takes a copy that was signed elsewhere; answers the one whose place it takes.
    ///
    /// # Errors
    /// `contract_state_forbids` before the document was served, and once it is final or voided.
    pub fn take_signed_copy(&mut self, copy: SignedCopy) -> Result<Option<SignedCopy>, Problem> {
        use ContractStatus as Status;
        match self.status {
            Status::Downloaded | Status::Accepted | Status::SpecificallyApproved => Ok(self.signed_copy.replace(copy)),
            Status::Rendered | Status::Final | Status::Voided => Err(self.state_forbids()),
        }
    }

    fn state_forbids(&self) -> Problem {
        let problem = CONTRACT_STATE_FORBIDS.problem().member("contract_status", self.status.as_str().into());
        match self.status {
            ContractStatus::Rendered => Problem { detail: Some("Download the document first.".into()), ..problem },
            _ => problem,
        }
    }

    fn require_current(&self, sha256: &str) -> Result<(), Problem> {
        if self.status != ContractStatus::Voided && sha256.eq_ignore_ascii_case(&self.sha256_text()) {
            Ok(())
        } else if self.status == ContractStatus::Voided {
            Err(CONTRACT_STATE_FORBIDS.problem().member("contract_status", self.status.as_str().into()))
        } else {
            Err(CONTRACT_NOT_CURRENT.problem())
        }
    }
}

/// What the timeline tells of a document that is made: its bytes, and what must be approved by name.
pub fn made(id: ContractId, sha256: &str, onerous_clauses: &[impl AsRef<str>]) -> Value {
    let clauses: Vec<&str> = onerous_clauses.iter().map(AsRef::as_ref).collect();
    json!({ "id": id, "sha256": sha256, "onerous_clauses": clauses })
}

/// Passes for exactly the clauses that are listed; a list of none is no list.
fn check_clauses(clauses: &[ListedClause], named: &[String]) -> Result<(), Problem> {
    let mut errors: Vec<FieldProblem> = named
        .iter()
        .enumerate()
        .filter(|(index, name)| !clauses.iter().any(|clause| clause.id == **name) || named[..*index].contains(name))
        .map(|(index, _)| {
            FieldProblem::new(
                format!("/clause_ids/{index}"),
                "unknown_clause",
                "Non è una delle clausole da approvare, o è ripetuta",
                "Not one of the clauses to approve, or named twice",
            )
        })
        .collect();
    if clauses.is_empty() || clauses.iter().any(|clause| !named.contains(&clause.id)) {
        errors.push(FieldProblem::new(
            "/clause_ids",
            "clauses_missing",
            "Ogni clausola va approvata: manca almeno una",
            "Every clause must be approved: at least one is missing",
        ));
    }
    if errors.is_empty() { Ok(()) } else { Err(Problem::invalid(errors)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::activation::contracts::clauses::listed;
    use crate::activation::requests::holder::HolderType;
    use crate::platform::clock::Clock;

    fn contract(kind: ContractKind, status: ContractStatus) -> Contract {
        Contract {
            id: ContractId::new(),
            request_id: ActivationRequestId::new(),
            kind,
            template_version: "it/v1".to_owned(),
            locale: Locale::Italian,
            data: Json(json!({ "clauses": listed(Locale::Italian, HolderType::Company) })),
            sha256: vec![0xAB; 32],
            path: String::new(),
            status,
            downloads: 0,
            acceptance: None,
            specific_approval: None,
            signed_copy: None,
            created_at: Clock::default().now(),
        }
    }

    fn consent(sha256: String, clause_ids: Vec<String>) -> Consent {
        let (account_id, given_at) = (AccountId::new(), Clock::default().now());
        Consent { account_id, email: None, document_sha256: sha256, clause_ids, given_at, ip: None, user_agent: None }
    }

    fn all_clauses() -> Vec<String> {
        listed(Locale::Italian, HolderType::Company).into_iter().map(|clause| clause.id).collect()
    }

    proptest! {
        #[test]
        fn final_needs_every_onerous_clause_named_in_its_own_call(chosen in proptest::sample::subsequence(all_clauses(), 0..=all_clauses().len()), more in proptest::option::of("[a-z_]{1,12}")) {
            let mut document = contract(ContractKind::OnerousClauses, ContractStatus::Downloaded);
            let hash = document.sha256_text();
            prop_assert!(document.approve_specifically(consent(hash.clone(), all_clauses())).is_err());
            document.accept(consent(hash.clone(), Vec::new())).unwrap();
            prop_assert!(!document.kind.is_agreed(document.status));
            let named: Vec<String> = chosen.into_iter().chain(more).collect();
            let is_exact = { let mut sorted = named.clone(); sorted.sort(); let mut all = all_clauses(); all.sort(); sorted == all };
            let approved = document.approve_specifically(consent(hash, named));
            prop_assert_eq!(approved.is_ok(), is_exact);
            prop_assert_eq!(document.kind.is_agreed(document.status), is_exact);
        }
    }

    #[test]
    fn only_the_list_is_approved_clause_by_clause_and_a_list_of_none_never() {
        for kind in ContractKind::ALL {
            let mut document = contract(*kind, ContractStatus::Accepted);
            let hash = document.sha256_text();
            let is_list = *kind == ContractKind::OnerousClauses;
            assert_eq!(document.onerous_clauses().is_empty(), !is_list);
            assert_eq!(document.approve_specifically(consent(hash.clone(), all_clauses())).is_ok(), is_list);
            let mut empty = contract(*kind, ContractStatus::Accepted);
            empty.data = Json(json!({}));
            assert!(empty.approve_specifically(consent(hash, Vec::new())).is_err());
            assert!(!is_list || !kind.is_agreed(empty.status));
        }
    }

    #[test]
    fn only_the_current_hash_of_a_served_document_is_accepted() {
        for kind in ContractKind::ALL {
            for status in ContractStatus::ALL {
                let mut document = contract(*kind, *status);
                let hash = document.sha256_text();
                assert!(document.accept(consent("cd".repeat(32), Vec::new())).is_err());
                assert_eq!(document.status, *status);
                let accepted = document.accept(consent(hash.to_uppercase(), Vec::new())).is_ok();
                assert_eq!(accepted, *status == ContractStatus::Downloaded);
            }
        }
    }

    #[test]
    fn a_signed_copy_goes_with_a_document_that_was_served_and_is_open() {
        use crate::activation::contracts::signed_copies::{CopySignature, SignatureFormat};
        let signature = CopySignature {
            format: SignatureFormat::Pades,
            signer: String::new(),
            issuer: String::new(),
            serial_number: String::new(),
        };
        let uploaded_at = Clock::default().now();
        let copy = SignedCopy { sha256: String::new(), size: 1, path: "one".to_owned(), signature, uploaded_at };
        for status in ContractStatus::ALL {
            let mut document = contract(ContractKind::ServiceOrder, *status);
            let taken = document.take_signed_copy(copy.clone());
            let is_open = !matches!(status, ContractStatus::Rendered | ContractStatus::Final | ContractStatus::Voided);
            assert_eq!((taken.is_ok(), document.signed_copy.is_some(), document.status), (is_open, is_open, *status));
            if is_open {
                assert_eq!(document.take_signed_copy(copy.clone()).unwrap(), Some(copy.clone()));
            }
        }
    }

    #[test]
    fn a_voided_or_final_document_stays_so() {
        for kind in ContractKind::ALL {
            for status in [ContractStatus::Voided, ContractStatus::Final] {
                for command in
                    [ContractCommand::Accept, ContractCommand::ApproveSpecifically, ContractCommand::Finalise]
                {
                    assert_eq!(kind.after(status, command), None);
                }
                assert_eq!(kind.after(status, ContractCommand::Download), Some(status));
            }
        }
    }
}
