//! A copy of a contract that its holder has signed elsewhere (PAdES, ETSI EN 319 142-1): the stronger route, for the
//! reviewer to look at. What is checked here needs nobody's word: the very bytes that were served, followed by one
//! signature over all of the file, that the certificate in it verifies. Whether that certificate is a qualified one
//! (Regulation (EU) 910/2014, art. 28), was valid then, and is the holder's is the reviewer's to check, and so is what
//! the file shows after the signer's program has added to it.

mod cms;
mod pdf;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::platform::clock::Time;
use crate::platform::crypto::sha256;
use crate::platform::locale::Localized;

crate::text_enum!(
    /// How a PDF is signed (ISO 32000-2, table 260).
    SignatureFormat {
        Pades = "ETSI.CAdES.detached",
        Pkcs7 = "adbe.pkcs7.detached",
    }
);

crate::text_enum!(
    /// What is known of a signer's certificate.
    SignatureTrust {
        NotChecked = "not_checked",
    }
);

/// A signed copy that was taken in. Its `Debug` would show who signed it, so it has none.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedCopy {
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Its bytes.
    pub size: usize,
    /// Where it is stored.
    pub path: String,
    /// How it is signed, and by whom.
    pub signature: CopySignature,
    /// When it came.
    pub uploaded_at: Time,
}

/// What the evidence says of a signed copy. Its `Debug` would show who signed it, so it has none.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedCopyEvidence {
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// How it is signed, and by whom.
    pub signature: CopySignature,
    /// When it came.
    pub uploaded_at: Time,
}

impl SignedCopy {
    /// What the evidence says of it.
    pub fn evidence(&self) -> SignedCopyEvidence {
        let Self { sha256, signature, uploaded_at, .. } = self.clone();
        SignedCopyEvidence { sha256, signature, uploaded_at }
    }
}

impl std::fmt::Debug for SignedCopy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SignedCopy({})", self.sha256)
    }
}

/// The signature of a copy, as its certificate tells it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopySignature {
    /// How it is signed.
    pub format: SignatureFormat,
    /// The certificate's subject (RFC 4514).
    pub signer: String,
    /// The certificate's issuer (RFC 4514).
    pub issuer: String,
    /// The certificate's serial number, in hexadecimal.
    pub serial_number: String,
}

/// Why an upload is no signed copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignedCopyRefusal {
    /// It does not begin as a PDF.
    #[error("the file is no PDF")]
    NoPdf,
    /// The contract's bytes are not its beginning.
    #[error("the file does not begin with the contract's bytes: sign the very file that was downloaded")]
    NotTheContract,
    /// No signature follows the contract's bytes.
    #[error("the file holds no signature in a format that is taken (PAdES or PKCS #7, detached)")]
    NotSigned,
    /// The signature leaves out more than itself.
    #[error("the signature does not cover the whole file")]
    NotCovered,
    /// The signature's own structure is broken, or not one that is taken.
    #[error("the signature cannot be read")]
    Unreadable,
    /// It uses what is weak or unknown.
    #[error("the signature uses an algorithm that is not taken")]
    UnknownAlgorithm,
    /// The file was changed after it was signed.
    #[error("the file was changed after it was signed")]
    Changed,
    /// The certificate does not verify the signature.
    #[error("the signature is not one of its certificate's key")]
    WrongSignature,
}

impl SignedCopyRefusal {
    /// The reason, for a reader.
    pub fn explanation(self) -> Localized {
        let italian = match self {
            Self::NoPdf => "il file non è un PDF",
            Self::NotTheContract => {
                "il file non inizia con i byte del contratto: firma proprio il file che hai scaricato"
            }
            Self::NotSigned => "il file non contiene una firma in un formato accettato (PAdES o PKCS #7, detached)",
            Self::NotCovered => "la firma non copre l'intero file",
            Self::Unreadable => "la firma non può essere letta",
            Self::UnknownAlgorithm => "la firma usa un algoritmo che non è accettato",
            Self::Changed => "il file è stato modificato dopo la firma",
            Self::WrongSignature => "la firma non corrisponde alla chiave del suo certificato",
        };
        Localized { it: italian.into(), en: self.to_string().into() }
    }

    /// Stable name, for problems.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoPdf => "copy_is_no_pdf",
            Self::NotTheContract => "copy_of_another_document",
            Self::NotSigned => "copy_not_signed",
            Self::NotCovered => "copy_not_covered",
            Self::Unreadable => "signature_unreadable",
            Self::UnknownAlgorithm => "signature_algorithm",
            Self::Changed => "copy_changed_after_signing",
            Self::WrongSignature => "signature_wrong",
        }
    }
}

/// Whether an upload begins with the bytes of a document of this length and hash.
pub fn begins_with(upload: &[u8], length: usize, document_sha256: &[u8]) -> bool {
    upload.get(..length).is_some_and(|beginning| sha256(beginning) == document_sha256)
}

/// Checks an upload against the document of this length and hash, and tells who signed it.
///
/// # Errors
/// Why it is no signed copy of that document.
pub fn check(upload: &[u8], length: usize, document_sha256: &[u8]) -> Result<CopySignature, SignedCopyRefusal> {
    if !upload.starts_with(b"%PDF-") {
        return Err(SignedCopyRefusal::NoPdf);
    }
    if !begins_with(upload, length, document_sha256) {
        return Err(SignedCopyRefusal::NotTheContract);
    }
    let signature = pdf::signature_after(upload, length)?;
    let binds_certificate = signature.format == SignatureFormat::Pades;
    let signer = cms::verify(&signature.cms, &signature.covered, binds_certificate)?;
    Ok(CopySignature {
        format: signature.format,
        signer: signer.tbs_certificate.subject.to_string(),
        issuer: signer.tbs_certificate.issuer.to_string(),
        serial_number: hex::encode(signer.tbs_certificate.serial_number.as_bytes()),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A small document, and copies of it that pyHanko has signed with keys of its own.
    const DOCUMENT: &[u8] = include_bytes!("signed_copies/specimens/tiny.pdf");
    const ECDSA: &[u8] = include_bytes!("signed_copies/specimens/ecdsa.pdf");
    const RSA: &[u8] = include_bytes!("signed_copies/specimens/rsa.pdf");

    fn checked(upload: &[u8]) -> Result<CopySignature, SignedCopyRefusal> {
        check(upload, DOCUMENT.len(), &sha256(DOCUMENT))
    }

    /// The specimen with every occurrence of a text changed to another of the same length.
    fn with(text: &str, other: &str) -> Vec<u8> {
        assert_eq!(text.len(), other.len());
        let mut bytes = ECDSA.to_vec();
        let places: Vec<usize> =
            (0..bytes.len() - text.len()).filter(|at| bytes[*at..].starts_with(text.as_bytes())).collect();
        assert!(!places.is_empty(), "{text} is not there");
        for at in places {
            bytes[at..at + text.len()].copy_from_slice(other.as_bytes());
        }
        bytes
    }

    #[test]
    fn what_a_signers_program_makes_is_taken() {
        for (copy, format) in [(ECDSA, SignatureFormat::Pades), (RSA, SignatureFormat::Pkcs7)] {
            let signature = checked(copy).unwrap();
            assert_eq!((signature.format, signature.signer.as_str()), (format, "CN=Mario Rossi"));
            assert!(!signature.serial_number.is_empty());
        }
    }

    #[test]
    fn anything_else_is_refused_for_what_it_lacks() {
        use SignedCopyRefusal as Refusal;
        assert_eq!(checked(b"PK").err(), Some(Refusal::NoPdf));
        assert_eq!(checked(DOCUMENT).err(), Some(Refusal::NotSigned));
        assert_eq!(check(ECDSA, DOCUMENT.len() - 1, &sha256(DOCUMENT)).err(), Some(Refusal::NotTheContract));
        assert_eq!(check(ECDSA, ECDSA.len() + 1, &sha256(DOCUMENT)).err(), Some(Refusal::NotTheContract));
        let longer = [ECDSA, b"\n% more".as_slice()].concat();
        assert_eq!(checked(&longer).err(), Some(Refusal::NotCovered));
        assert_eq!(checked(&with("ETSI.CAdES.detached", "ETSI.CAdES.attached")).err(), Some(Refusal::NotSigned));
        assert_eq!(checked(&with("/ByteRange [0 ", "/ByteRange [1 ")).err(), Some(Refusal::NotCovered));
        assert_eq!(checked(&with("Adobe.PPKLite", "Adobe.PPKLitf")).err(), Some(Refusal::Changed));
        let shifted = checked(&with("/Contents", "/Kontents")).err();
        assert_eq!(shifted, Some(Refusal::NotCovered));
    }

    proptest! {
        #[test]
        fn one_changed_bit_is_refused(at in any::<prop::sample::Index>(), bit in 0..8_u8, copy in prop::sample::select(vec![ECDSA, RSA])) {
            let mut changed = copy.to_vec();
            let at = at.index(changed.len());
            changed[at] ^= 1 << bit;
            // In the signature's own place letters come in either case, and not all of it is signed; but PAdES binds the
            // certificate too.
            let contents = copy.windows(11).position(|window| window == b"/Contents <").unwrap() + 11;
            let is_signature = at >= contents && !copy[contents..at].contains(&b'>');
            let same = checked(&changed).ok().zip(checked(copy).ok()).is_some_and(|(one, other)| one == other);
            prop_assert!(checked(&changed).is_err() || (is_signature && (same || copy == RSA)));
        }

        #[test]
        fn no_bytes_are_too_wild(tail in prop::collection::vec(any::<u8>(), 0..600)) {
            let upload = [DOCUMENT, b"9 0 obj <</Contents <".as_slice(), &tail].concat();
            prop_assert!(checked(&upload).is_err());
        }

        #[test]
        fn no_numbers_are_too_wild(range in prop::array::uniform4(any::<u64>())) {
            let [a, b, c, d] = range;
            let text = format!("9 0 obj <</ByteRange [{a} {b} {c} {d}] /SubFilter /ETSI.CAdES.detached /Contents <00> >> endobj");
            prop_assert!(checked(&[DOCUMENT, text.as_bytes()].concat()).is_err());
        }
    }
}
