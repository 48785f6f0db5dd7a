//! The signature itself (RFC 5652): one signer, over attributes that name the digest of what is signed.

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};
use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedAttributes, SignedData, SignerIdentifier, SignerInfo};
use x509_cert::Certificate;
use x509_cert::der::asn1::{ObjectIdentifier, OctetString};
use x509_cert::der::{Decode, Encode, Reader, SliceReader};
use x509_cert::ext::pkix::SubjectKeyIdentifier;

use super::SignedCopyRefusal as Refusal;

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

const DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.1");
const SIGNED_DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.2");
const CONTENT_TYPE: ObjectIdentifier = oid("1.2.840.113549.1.9.3");
const SIGNING_CERTIFICATE: ObjectIdentifier = oid("1.2.840.113549.1.9.16.2.47");
const MESSAGE_DIGEST: ObjectIdentifier = oid("1.2.840.113549.1.9.4");

const SHA_256: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.1");
const SHA_384: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.2");
const SHA_512: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.3");

const RSA_KEY: ObjectIdentifier = oid("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = oid("1.2.840.113549.1.1.10");
const RSA_SHA_256: ObjectIdentifier = oid("1.2.840.113549.1.1.11");
const RSA_SHA_384: ObjectIdentifier = oid("1.2.840.113549.1.1.12");
const RSA_SHA_512: ObjectIdentifier = oid("1.2.840.113549.1.1.13");
const ECDSA_SHA_256: ObjectIdentifier = oid("1.2.840.10045.4.3.2");
const ECDSA_SHA_384: ObjectIdentifier = oid("1.2.840.10045.4.3.3");
const ECDSA_SHA_512: ObjectIdentifier = oid("1.2.840.10045.4.3.4");

const P_256: ObjectIdentifier = oid("1.2.840.10045.3.1.7");
const P_384: ObjectIdentifier = oid("1.3.132.0.34");
const P_521: ObjectIdentifier = oid("1.3.132.0.35");

/// Checks a detached signature over some parts, one after the other, and answers the signer's certificate. With
/// `binds_certificate`, what is signed must name it by its hash (ETSI EN 319 122-1 §5.2.2), so that none can be put in its
/// place.
pub(super) fn verify(signature: &[u8], parts: &[&[u8]], binds_certificate: bool) -> Result<Certificate, Refusal> {
    let signed = signed_data(signature).ok_or(Refusal::Unreadable)?;
    let [signer] = signed.signer_infos.0.as_slice() else { return Err(Refusal::Unreadable) };
    let attributes = signer.signed_attrs.as_ref().ok_or(Refusal::Unreadable)?;
    let is_about_data = single::<ObjectIdentifier>(attributes, CONTENT_TYPE) == Some(DATA);
    let claimed = single::<OctetString>(attributes, MESSAGE_DIGEST).filter(|_| is_about_data);
    let claimed = claimed.ok_or(Refusal::Unreadable)?;
    if digest_of(signer.digest_alg.oid, parts)?.as_ref() != claimed.as_bytes() {
        return Err(Refusal::Changed);
    }
    let certificate = certificate_of(&signed, signer).ok_or(Refusal::Unreadable)?;
    // What is signed is the attributes as a SET OF, not under the tag that they have here (RFC 5652 §5.4).
    let message = attributes.to_der().map_err(|_| Refusal::Unreadable)?;
    let key = certificate.tbs_certificate.subject_public_key_info.subject_public_key.raw_bytes();
    UnparsedPublicKey::new(algorithm(signer, &certificate)?, key)
        .verify(&message, signer.signature.as_bytes())
        .map_err(|_| Refusal::WrongSignature)?;
    let is_bound = !binds_certificate || names(attributes, &certificate).ok_or(Refusal::Unreadable)?;
    if is_bound { Ok(certificate) } else { Err(Refusal::WrongSignature) }
}

/// Whether the attribute that names the signer's certificate holds its hash. That it stands somewhere in it is enough:
/// nobody finds another certificate with a hash that stands there.
fn names(attributes: &SignedAttributes, certificate: &Certificate) -> Option<bool> {
    let named = attributes.iter().find(|attribute| attribute.oid == SIGNING_CERTIFICATE)?.to_der().ok()?;
    let certificate = certificate.to_der().ok()?;
    let is_named = |algorithm: &'static digest::Algorithm| {
        let hash = digest::digest(algorithm, &certificate);
        named.windows(hash.as_ref().len()).any(|window| window == hash.as_ref())
    };
    Some([&SHA256, &SHA384, &SHA512].into_iter().any(is_named))
}

/// The signature's structure; the place kept for it is longer and padded with zeros.
fn signed_data(signature: &[u8]) -> Option<SignedData> {
    let mut reader = SliceReader::new(signature).ok()?;
    let content = ContentInfo::decode(&mut reader).ok()?;
    let padding = reader.read_slice(reader.remaining_len()).ok()?;
    let is_signed_data = content.content_type == SIGNED_DATA && padding.iter().all(|byte| *byte == 0);
    let signed: SignedData = content.content.decode_as().ok().filter(|_| is_signed_data)?;
    let is_detached = signed.encap_content_info.econtent.is_none();
    is_detached.then_some(signed)
}

/// The only value of the only attribute of a kind.
fn single<T: for<'a> x509_cert::der::Choice<'a> + for<'a> Decode<'a>>(
    attributes: &SignedAttributes,
    kind: ObjectIdentifier,
) -> Option<T> {
    let mut found = attributes.iter().filter(|attribute| attribute.oid == kind);
    let attribute = found.next().filter(|_| found.next().is_none())?;
    let [value] = attribute.values.as_slice() else { return None };
    T::from_der(&value.to_der().ok()?).ok()
}

fn digest_of(algorithm: ObjectIdentifier, parts: &[&[u8]]) -> Result<digest::Digest, Refusal> {
    let mut context = digest::Context::new(match algorithm {
        SHA_256 => &SHA256,
        SHA_384 => &SHA384,
        SHA_512 => &SHA512,
        _ => return Err(Refusal::UnknownAlgorithm),
    });
    for part in parts {
        context.update(part);
    }
    Ok(context.finish())
}

/// The certificate that a signer names.
fn certificate_of(signed: &SignedData, signer: &SignerInfo) -> Option<Certificate> {
    let certificates = signed.certificates.as_ref()?.0.iter().filter_map(|choice| match choice {
        CertificateChoices::Certificate(certificate) => Some(certificate),
        CertificateChoices::Other(_) => None,
    });
    let is_named = |certificate: &&Certificate| match &signer.sid {
        SignerIdentifier::IssuerAndSerialNumber(named) => {
            let certificate = &certificate.tbs_certificate;
            (&named.issuer, &named.serial_number) == (&certificate.issuer, &certificate.serial_number)
        }
        SignerIdentifier::SubjectKeyIdentifier(named) => {
            let own = certificate.tbs_certificate.get::<SubjectKeyIdentifier>();
            own.is_ok_and(|own| own.is_some_and(|(_, own)| own == *named))
        }
    };
    certificates.into_iter().find(is_named).cloned()
}

/// How a signature is verified: the signer's algorithm says it, together with the digest's and the key's curve.
fn algorithm(signer: &SignerInfo, certificate: &Certificate) -> Result<&'static dyn VerificationAlgorithm, Refusal> {
    let hash = match signer.signature_algorithm.oid {
        RSA_SHA_256 | ECDSA_SHA_256 => SHA_256,
        RSA_SHA_384 | ECDSA_SHA_384 => SHA_384,
        RSA_SHA_512 | ECDSA_SHA_512 => SHA_512,
        RSA_KEY | RSA_PSS => signer.digest_alg.oid,
        _ => return Err(Refusal::UnknownAlgorithm),
    };
    match signer.signature_algorithm.oid {
        RSA_KEY | RSA_SHA_256 | RSA_SHA_384 | RSA_SHA_512 => rsa(hash),
        RSA_PSS => rsa_pss(hash),
        _ => ecdsa(hash, certificate),
    }
    .ok_or(Refusal::UnknownAlgorithm)
}

fn rsa(hash: ObjectIdentifier) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match hash {
        SHA_256 => &RSA_PKCS1_2048_8192_SHA256,
        SHA_384 => &RSA_PKCS1_2048_8192_SHA384,
        SHA_512 => &RSA_PKCS1_2048_8192_SHA512,
        _ => return None,
    })
}

/// With a salt as long as the digest, as RFC 4055 §3.1 recommends; no other is taken.
fn rsa_pss(hash: ObjectIdentifier) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match hash {
        SHA_256 => &RSA_PSS_2048_8192_SHA256,
        SHA_384 => &RSA_PSS_2048_8192_SHA384,
        SHA_512 => &RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

fn ecdsa(hash: ObjectIdentifier, certificate: &Certificate) -> Option<&'static dyn VerificationAlgorithm> {
    let parameters = certificate.tbs_certificate.subject_public_key_info.algorithm.parameters.as_ref()?;
    let curve: ObjectIdentifier = parameters.decode_as().ok()?;
    Some(match (curve, hash) {
        (P_256, SHA_256) => &ECDSA_P256_SHA256_ASN1,
        (P_256, SHA_384) => &ECDSA_P256_SHA384_ASN1,
        (P_384, SHA_256) => &ECDSA_P384_SHA256_ASN1,
        (P_384, SHA_384) => &ECDSA_P384_SHA384_ASN1,
        (P_521, SHA_256) => &ECDSA_P521_SHA256_ASN1,
        (P_521, SHA_384) => &ECDSA_P521_SHA384_ASN1,
        (P_521, SHA_512) => &ECDSA_P521_SHA512_ASN1,
        _ => return None,
    })
}
