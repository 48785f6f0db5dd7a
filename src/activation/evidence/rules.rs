//! What a bundle says: the files that it is made of, as a pure function of the request and its proofs.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::archive::Files;
use crate::activation::contracts::rules::{Consent, Contract, ContractId, ContractKind};
use crate::activation::contracts::signed_copies::{SignedCopy, SignedCopyEvidence};
use crate::activation::identity_documents::rules::{DocumentKind, IdentityDocument, IdentityDocumentId, Side};
use crate::activation::otp_challenges::rules::{AddressProof, OtpChallenge};
use crate::activation::representatives::rules::{Confirmation, RepresentativeInvitation, RepresentativeInvitationId};
use crate::activation::requests::holder::{Applicant, Holder};
use crate::activation::requests::rules::{ActivationRequest, ActivationRequestId, RequestStatus};
use crate::activation::requests::timeline::ActivationEvent;
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::crypto::sha256;
use crate::platform::locale::Locale;
use crate::platform::problem::Problem;
use crate::shop::orders::rules::OrderId;
use crate::shop::plans::rules::PlanId;

/// The version of what the files say.
pub const FORMAT: &str = "negozio-evidence/1";
/// What a consent in the bundle is worth. Never more: see the module of contracts.
pub const SIGNATURE_KIND: &str = "simple electronic signature (Regulation (EU) 910/2014, art. 25)";
/// The use for which the manifest is signed.
pub const SIGNATURE_TYPE: &str = "negozio-evidence+jws";

/// Lists the other files.
pub const MANIFEST: &str = "manifest.json";
/// The signature over the manifest.
pub const SIGNATURE: &str = "manifest.jws";
/// Who agreed to what.
pub const EVIDENCE: &str = "evidence.json";
/// What happened, in its hash chain.
pub const TIMELINE: &str = "timeline.json";

/// `manifest.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// Whose bundle it is.
    pub activation_request_id: ActivationRequestId,
    /// The timeline's last entry, which covers all before it.
    pub chain_head: ChainHead,
    /// Every other file but the signature.
    pub files: Vec<ListedFile>,
}

/// The last entry of a timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainHead {
    /// Its number.
    pub sequence: i64,
    /// Its hash, in hexadecimal.
    pub hash: String,
}

/// A file that the manifest lists.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListedFile {
    /// Its name in the bundle.
    pub name: String,
    /// Its bytes.
    pub size: usize,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// `evidence.json`. Its `Debug` would show whom it is about, so it has none.
#[derive(Clone, Serialize, Deserialize)]
pub struct Evidence {
    /// [`FORMAT`].
    pub format: String,
    /// [`SIGNATURE_KIND`].
    pub signature_kind: String,
    /// The request.
    pub activation_request: RequestEvidence,
    /// Whose service it is.
    pub holder: Holder,
    /// Who applied.
    pub applicant: Applicant,
    /// The proof of the address. It is given in full: what was proved is that the applicant reads this very one.
    pub email_challenge: AddressProof,
    /// The confirmation of the holder's representative, where a delegate applied.
    pub representative: Option<RepresentativeEvidence>,
    /// Hashes of the pictures as they were uploaded; neither the pictures nor the number, which are not kept for as long.
    pub identity_documents: Vec<DocumentEvidence>,
    /// The documents and what was agreed to.
    pub contracts: Vec<ContractEvidence>,
}

/// The request.
#[derive(Clone, Serialize, Deserialize)]
pub struct RequestEvidence {
    /// Which.
    pub id: ActivationRequestId,
    /// From which order.
    pub order_id: OrderId,
    /// Which unit of it.
    pub order_unit: i32,
    /// What is activated.
    pub plan_id: PlanId,
    /// Whose account acted.
    pub account_id: AccountId,
    /// When the order was confirmed.
    pub created_at: Time,
    /// When it was last handed in, which made the contracts final.
    pub submitted_at: Option<Time>,
}

/// A representative's confirmation.
#[derive(Clone, Serialize, Deserialize)]
pub struct RepresentativeEvidence {
    /// Of which invitation.
    pub invitation_id: RepresentativeInvitationId,
    /// When the invitation was sent.
    pub invited_at: Time,
    /// The proof.
    pub confirmation: Option<Confirmation>,
}

/// An identity document.
#[derive(Clone, Serialize, Deserialize)]
pub struct DocumentEvidence {
    /// Which.
    pub id: IdentityDocumentId,
    /// What kind.
    pub kind: DocumentKind,
    /// When it came.
    pub uploaded_at: Time,
    /// Its pages.
    pub pages: Vec<PageEvidence>,
}

/// A page of an identity document.
#[derive(Clone, Serialize, Deserialize)]
pub struct PageEvidence {
    /// Which.
    pub side: Side,
    /// SHA-256 of the upload, in hexadecimal.
    pub upload_sha256: String,
}

/// A contract document and what was agreed to.
#[derive(Clone, Serialize, Deserialize)]
pub struct ContractEvidence {
    /// Which.
    pub id: ContractId,
    /// Which kind.
    pub kind: ContractKind,
    /// In which language.
    pub locale: Locale,
    /// Language and version of the template.
    pub template_version: String,
    /// When it was made.
    pub made_at: Time,
    /// Its bytes, as they were served.
    pub file: String,
    /// SHA-256 of these bytes, in hexadecimal.
    pub document_sha256: String,
    /// The clauses that bind only when approved by name (art. 1341, second paragraph, c.c.).
    pub onerous_clauses: Vec<String>,
    /// Its acceptance.
    pub acceptance: Option<Consent>,
    /// The approval of its onerous clauses.
    pub specific_approval: Option<Consent>,
    /// The copy that was signed elsewhere, if there is one; its trust was for the reviewer to check.
    pub signed_copy: Option<SignedCopyEvidence>,
}

/// The bytes of a contract document.
pub struct ContractFiles {
    /// As it was served.
    pub document: Vec<u8>,
    /// As it was signed elsewhere.
    pub signed_copy: Option<Vec<u8>>,
}

/// `timeline.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Timeline {
    /// Whose.
    pub activation_request_id: ActivationRequestId,
    /// Oldest first.
    pub events: Vec<TimelineRecord>,
}

/// An entry of a timeline, with all that its hash covers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TimelineRecord {
    /// From 1, without gaps.
    pub sequence: i64,
    /// What happened.
    pub kind: String,
    /// An account's identifier, or `system`.
    pub actor: String,
    /// Where the request stood then.
    pub status: RequestStatus,
    /// Identifiers and hashes.
    pub details: Value,
    /// When, to the microsecond.
    pub at: Time,
    /// In hexadecimal.
    pub previous_hash: String,
    /// In hexadecimal.
    pub hash: String,
}

impl From<&ActivationEvent> for TimelineRecord {
    fn from(event: &ActivationEvent) -> Self {
        Self {
            sequence: event.sequence,
            kind: event.kind.clone(),
            actor: event.actor.clone(),
            status: event.status,
            details: event.details.clone(),
            at: event.at,
            previous_hash: hex::encode(&event.previous_hash),
            hash: hex::encode(&event.hash),
        }
    }
}

impl TimelineRecord {
    /// The entry itself; none where a hash is not hexadecimal.
    pub fn to_event(&self) -> Option<ActivationEvent> {
        Some(ActivationEvent {
            sequence: self.sequence,
            kind: self.kind.clone(),
            actor: self.actor.clone(),
            status: self.status,
            details: self.details.clone(),
            at: self.at,
            previous_hash: hex::decode(&self.previous_hash).ok()?,
            hash: hex::decode(&self.hash).ok()?,
        })
    }
}

/// What a bundle is made from.
pub struct Proofs {
    /// The request, handed in.
    pub request: ActivationRequest,
    /// The challenge that proved its address.
    pub challenge: OtpChallenge,
    /// The confirmed invitation of the holder's representative, where a delegate applied.
    pub invitation: Option<RepresentativeInvitation>,
    /// Its identity documents, in the order in which they came.
    pub documents: Vec<IdentityDocument>,
    /// Its final contracts.
    pub contracts: Vec<Contract>,
    /// Its timeline.
    pub events: Vec<ActivationEvent>,
}

/// Where a contract's bytes are in the bundle.
fn file_of(kind: ContractKind) -> String {
    format!("contracts/{kind}.pdf")
}

/// Where the bytes of a contract's signed copy are in the bundle.
pub fn signed_copy_of(kind: ContractKind) -> String {
    format!("contracts/{kind}-signed.pdf")
}

impl Proofs {
    /// What `evidence.json` says.
    ///
    /// # Errors
    /// `internal_error` when something is missing without which no request is handed in.
    fn evidence(&self) -> Result<Evidence, Problem> {
        let (request, challenge) = (&self.request, &self.challenge);
        let missing = |what: &str| Problem::internal(format!("a request that was handed in has no {what}"));
        Ok(Evidence {
            format: FORMAT.to_owned(),
            signature_kind: SIGNATURE_KIND.to_owned(),
            activation_request: RequestEvidence {
                id: request.id,
                order_id: request.order_id,
                order_unit: request.order_unit,
                plan_id: request.plan_id,
                account_id: request.account_id,
                created_at: request.created_at,
                submitted_at: request.submitted_at,
            },
            holder: request.holder.clone().ok_or_else(|| missing("holder"))?,
            applicant: request.applicant.clone().ok_or_else(|| missing("applicant"))?,
            email_challenge: challenge.proof(challenge.verified_at.ok_or_else(|| missing("verified challenge"))?),
            representative: self.invitation.as_ref().map(RepresentativeEvidence::from),
            identity_documents: self.documents.iter().map(DocumentEvidence::from).collect(),
            contracts: self.contracts.iter().map(ContractEvidence::from).collect(),
        })
    }

    /// The files of the bundle; `contents` are the contracts' bytes, in their order, and `sign` signs the manifest.
    ///
    /// # Errors
    /// `internal_error` when a proof is missing or a contract's bytes are not those that were served.
    pub fn files(
        &self,
        contents: Vec<ContractFiles>,
        sign: impl Fn(&[u8]) -> Result<String, Problem>,
    ) -> Result<Files, Problem> {
        let timeline = Timeline {
            activation_request_id: self.request.id,
            events: self.events.iter().map(TimelineRecord::from).collect(),
        };
        let mut listed =
            vec![(EVIDENCE.to_owned(), printed(&self.evidence()?)?), (TIMELINE.to_owned(), printed(&timeline)?)];
        for (contract, ContractFiles { document, signed_copy }) in self.contracts.iter().zip(contents) {
            if sha256(&document).as_slice() != contract.sha256 {
                return Err(Problem::internal(format!("{} is not stored as it was served", contract.id)));
            }
            listed.push((file_of(contract.kind), document));
            listed.extend(signed_copy.map(|copy| (signed_copy_of(contract.kind), copy)));
        }
        let last = self.events.last().ok_or_else(|| Problem::internal("a request without a timeline"))?;
        let manifest = printed(&Manifest {
            format: FORMAT.to_owned(),
            activation_request_id: self.request.id,
            chain_head: ChainHead { sequence: last.sequence, hash: hex::encode(&last.hash) },
            files: listed.iter().map(|(name, content)| ListedFile::of(name, content)).collect(),
        })?;
        let signature = sign(&manifest)?.into_bytes();
        Ok([(MANIFEST.to_owned(), manifest), (SIGNATURE.to_owned(), signature)].into_iter().chain(listed).collect())
    }
}

impl ListedFile {
    /// What the manifest says of a file.
    pub fn of(name: &str, content: &[u8]) -> Self {
        Self { name: name.to_owned(), size: content.len(), sha256: hex::encode(sha256(content)) }
    }
}

impl From<&RepresentativeInvitation> for RepresentativeEvidence {
    fn from(invitation: &RepresentativeInvitation) -> Self {
        Self {
            invitation_id: invitation.id,
            invited_at: invitation.created_at,
            confirmation: invitation.confirmation.clone(),
        }
    }
}

impl From<&IdentityDocument> for DocumentEvidence {
    fn from(document: &IdentityDocument) -> Self {
        let page = |page: &crate::activation::identity_documents::rules::Page| PageEvidence {
            side: page.side,
            upload_sha256: hex::encode(&page.upload_sha256),
        };
        Self {
            id: document.id,
            kind: document.kind,
            uploaded_at: document.created_at,
            pages: document.pages.iter().map(page).collect(),
        }
    }
}

impl From<&Contract> for ContractEvidence {
    fn from(contract: &Contract) -> Self {
        Self {
            id: contract.id,
            kind: contract.kind,
            locale: contract.locale,
            template_version: contract.template_version.clone(),
            made_at: contract.created_at,
            file: file_of(contract.kind),
            document_sha256: contract.sha256_text(),
            onerous_clauses: contract.onerous_clauses().into_iter().map(|clause| clause.id).collect(),
            acceptance: contract.acceptance.clone(),
            specific_approval: contract.specific_approval.clone(),
            signed_copy: contract.signed_copy.as_ref().map(SignedCopy::evidence),
        }
    }
}

/// JSON that a person can read too.
fn printed(value: &impl Serialize) -> Result<Vec<u8>, Problem> {
    let mut text = serde_json::to_vec_pretty(value).map_err(Problem::internal)?;
    text.push(b'\n');
    Ok(text)
}
