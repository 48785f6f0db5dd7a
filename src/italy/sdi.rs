//! How an electronic invoice reaches the customer through the Sistema di Interscambio: the
//! codice destinatario (block 1.1.4 of the FatturaPA) or the PEC (block 1.1.6).

/// The code of a recipient that has no channel: SdI then uses the PEC, or else leaves the invoice
/// in the recipient's reserved area.
pub const NO_CHANNEL: &str = "0000000";

/// The code of a recipient outside Italy.
pub const FOREIGN: &str = "XXXXXXX";

/// The classes of customers that the rules tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Recipient {
    /// Has a partita IVA: gives a code or a PEC.
    Business,
    /// A consumer, or an association without partita IVA: may give either, or none.
    Person,
    /// Must give the six characters of its office (codice univoco ufficio).
    PublicBody,
    /// Established outside Italy: there is nothing to give.
    Foreign,
}

/// Where the invoice goes, ready for blocks 1.1.4 and 1.1.6.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Delivery {
    /// Six or seven characters, always present.
    pub codice_destinatario: String,
    /// Only when the code is [`NO_CHANNEL`]: SdI refuses a PEC next to another code (00426).
    pub pec: Option<Pec>,
}

/// A certified e-mail address with a plausible syntax. Whether it exists and is certified is
/// known only to its provider.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Pec(String);

/// Why a delivery is not possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SdiError {
    /// A business or a person with a code that is not seven letters and digits.
    #[error("the codice destinatario has 7 letters and digits")]
    NotSevenCharacters,
    /// A public body with a code that is not six letters and digits.
    #[error("the code of a public body's office has 6 letters and digits")]
    NotSixCharacters,
    /// `XXXXXXX` from an Italian customer, or another code from a foreign one.
    #[error("the code XXXXXXX is for customers outside Italy, and the only one for them")]
    ForeignCodeMismatch,
    /// A public body without its code.
    #[error("a public body gives the 6-character code of its office")]
    OfficeCodeMissing,
    /// A business with neither a channel nor a PEC.
    #[error("a business gives a codice destinatario or a PEC")]
    ChannelMissing,
    /// Not an e-mail address.
    #[error("the PEC is not an e-mail address")]
    PecNotAnAddress,
}

impl SdiError {
    /// The stable name of the error, for clients.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotSevenCharacters => "not_seven_characters",
            Self::NotSixCharacters => "not_six_characters",
            Self::ForeignCodeMismatch => "foreign_code_mismatch",
            Self::OfficeCodeMissing => "office_code_missing",
            Self::ChannelMissing => "channel_missing",
            Self::PecNotAnAddress => "pec_not_an_address",
        }
    }

    /// The name on the wire of the field that is wrong.
    pub fn field(&self) -> &'static str {
        match self {
            Self::PecNotAnAddress => "pec",
            _ => "codice_destinatario",
        }
    }
}

/// Decides where the invoice goes from what the customer typed; an empty text counts as absent.
///
/// # Errors
/// Everything that is wrong with the two fields, in their order.
pub fn delivery(
    recipient: Recipient,
    codice_destinatario: Option<&str>,
    pec: Option<&str>,
) -> Result<Delivery, Vec<SdiError>> {
    let pec = present(pec).map(Pec::parse).transpose();
    let code = code_for(recipient, present(codice_destinatario), matches!(pec, Ok(None)));
    match (code, pec) {
        (Ok(code), Ok(pec)) => Ok(Delivery { pec: pec.filter(|_| code == NO_CHANNEL), codice_destinatario: code }),
        (Err(code_error), Ok(_)) => Err(vec![code_error]),
        (Ok(_), Err(pec_error)) => Err(vec![pec_error]),
        (Err(code_error), Err(pec_error)) => Err(vec![code_error, pec_error]),
    }
}

fn present(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn code_for(recipient: Recipient, typed: Option<&str>, pec_is_absent: bool) -> Result<String, SdiError> {
    match (recipient, typed) {
        (Recipient::PublicBody, None) => Err(SdiError::OfficeCodeMissing),
        (Recipient::PublicBody, Some(typed)) => alphanumeric(typed, 6).ok_or(SdiError::NotSixCharacters),
        (Recipient::Foreign, None) => Ok(FOREIGN.to_owned()),
        (Recipient::Foreign, Some(typed)) if typed.eq_ignore_ascii_case(FOREIGN) => Ok(FOREIGN.to_owned()),
        (Recipient::Foreign, Some(_)) => Err(SdiError::ForeignCodeMismatch),
        (Recipient::Person | Recipient::Business, typed) => {
            let code = alphanumeric(typed.unwrap_or(NO_CHANNEL), 7).ok_or(SdiError::NotSevenCharacters)?;
            if code == FOREIGN {
                Err(SdiError::ForeignCodeMismatch)
            } else if recipient == Recipient::Business && code == NO_CHANNEL && pec_is_absent {
                Err(SdiError::ChannelMissing)
            } else {
                Ok(code)
            }
        }
    }
}

/// The text in capitals, if it is `length` ASCII letters and digits.
fn alphanumeric(text: &str, length: usize) -> Option<String> {
    let is_right = text.len() == length && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_right.then(|| text.to_ascii_uppercase())
}

impl Pec {
    /// Checks the syntax of an address: the dot-atom form of RFC 5322 (section 3.4.1) within the
    /// lengths of RFC 5321 (section 4.5.3.1), and a domain of two labels or more. The domain is
    /// put in small letters.
    ///
    /// # Errors
    /// [`SdiError::PecNotAnAddress`].
    pub fn parse(text: &str) -> Result<Self, SdiError> {
        let text = text.trim();
        // The FatturaPA schema takes 7 to 256 characters, SMTP no more than 254.
        if !(7..=254).contains(&text.len()) {
            return Err(SdiError::PecNotAnAddress);
        }
        match text.rsplit_once('@') {
            Some((local, domain)) if is_local_part(local) && is_domain(domain) => {
                Ok(Self(format!("{local}@{}", domain.to_ascii_lowercase())))
            }
            _ => Err(SdiError::PecNotAnAddress),
        }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Pec {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Pec(…)")
    }
}

fn is_local_part(local: &str) -> bool {
    let is_atom_character = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    local.len() <= 64 && local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom_character))
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    // A top-level domain is never all digits, or an IPv4 address would pass for a name.
    domain
        .rsplit_once('.')
        .is_some_and(|(_, top_level)| top_level.len() >= 2 && top_level.bytes().any(|byte| byte.is_ascii_alphabetic()))
        && domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(recipient: Recipient, code: Option<&str>, pec: Option<&str>) -> String {
        delivery(recipient, code, pec).unwrap().codice_destinatario
    }

    fn refusals(recipient: Recipient, code: Option<&str>, pec: Option<&str>) -> Vec<SdiError> {
        delivery(recipient, code, pec).unwrap_err()
    }

    const PEC: Option<&str> = Some("impresa@pec.example.it");

    #[test]
    fn a_business_gives_a_code_or_a_pec() {
        use Recipient::Business;
        assert_eq!(code(Business, Some(" m5uxcr1 "), None), "M5UXCR1");
        assert_eq!(code(Business, None, PEC), NO_CHANNEL);
        assert_eq!(code(Business, Some(NO_CHANNEL), PEC), NO_CHANNEL);
        assert_eq!(refusals(Business, None, None), [SdiError::ChannelMissing]);
        assert_eq!(refusals(Business, Some(" "), Some("")), [SdiError::ChannelMissing]);
        assert_eq!(refusals(Business, Some(NO_CHANNEL), None), [SdiError::ChannelMissing]);
        assert_eq!(refusals(Business, Some("UFABCD"), None), [SdiError::NotSevenCharacters]);
        assert_eq!(refusals(Business, Some(FOREIGN), PEC), [SdiError::ForeignCodeMismatch]);
        assert_eq!(
            refusals(Business, Some("M5UXCR!"), Some("nobody")),
            [SdiError::NotSevenCharacters, SdiError::PecNotAnAddress]
        );
        assert_eq!(refusals(Business, None, Some("nobody")), [SdiError::PecNotAnAddress]);
    }

    #[test]
    fn the_pec_goes_on_the_invoice_only_without_a_channel() {
        let by_code = delivery(Recipient::Business, Some("M5UXCR1"), PEC).unwrap();
        assert_eq!(by_code.pec, None);
        let by_pec = delivery(Recipient::Business, None, PEC).unwrap();
        assert_eq!(by_pec.pec.unwrap().as_str(), "impresa@pec.example.it");
    }

    #[test]
    fn a_person_may_give_nothing() {
        assert_eq!(code(Recipient::Person, None, None), NO_CHANNEL);
        assert_eq!(code(Recipient::Person, Some("M5UXCR1"), None), "M5UXCR1");
        assert_eq!(refusals(Recipient::Person, Some("M5UXCR"), None), [SdiError::NotSevenCharacters]);
    }

    #[test]
    fn a_public_body_gives_its_six() {
        use Recipient::PublicBody;
        assert_eq!(code(PublicBody, Some("ufabc1"), None), "UFABC1");
        assert_eq!(refusals(PublicBody, None, PEC), [SdiError::OfficeCodeMissing]);
        assert_eq!(refusals(PublicBody, Some(NO_CHANNEL), None), [SdiError::NotSixCharacters]);
    }

    #[test]
    fn a_foreign_customer_has_one_code() {
        use Recipient::Foreign;
        assert_eq!(code(Foreign, None, None), FOREIGN);
        assert_eq!(code(Foreign, Some("xxxxxxx"), None), FOREIGN);
        assert_eq!(refusals(Foreign, Some("M5UXCR1"), None), [SdiError::ForeignCodeMismatch]);
    }

    #[test]
    fn plausible_addresses_only() {
        for address in ["a.b+c@pec.it", "x@legalmail.example", "O'Neill@Pec.Example.IT"] {
            assert!(Pec::parse(address).is_ok(), "{address}");
        }
        let doubtful = [
            "",
            "a@b",
            "@pec.it",
            "abcdefg@",
            "a..b@pec.it",
            ".a@pec.it",
            "a.@pec.it",
            "a b@pec.it",
            "a@@pec.it",
            "a@pec..it",
            "a@-pec.it",
            "a@pec-.it",
            "a@127.0.0.1",
            "a@pec.i",
            "à@pec.it",
            "a@pèc.it",
            "a@pec.it\r\nBcc: b@c.it",
            "<a@pec.it>",
        ];
        for address in doubtful {
            assert_eq!(Pec::parse(address), Err(SdiError::PecNotAnAddress), "{address}");
        }
        let long = format!("{}@pec.it", "a".repeat(65));
        assert!(Pec::parse(&long).is_err());
        assert_eq!(Pec::parse("Ab@PEC.IT").unwrap().as_str(), "Ab@pec.it");
    }

    proptest! {
        #[test]
        fn no_input_panics_and_what_passes_fits_the_schema(
            typed in proptest::option::of("\\PC{0,9}|[A-Z0-9]{6,7}"),
            pec in proptest::option::of("\\PC{0,12}|[a-z.]{1,5}@[a-z.]{1,9}"),
            recipient in proptest::sample::select(vec![
                Recipient::Business, Recipient::Person, Recipient::PublicBody, Recipient::Foreign,
            ]),
        ) {
            if let Ok(delivery) = delivery(recipient, typed.as_deref(), pec.as_deref()) {
                let expected = if recipient == Recipient::PublicBody { 6 } else { 7 };
                prop_assert_eq!(delivery.codice_destinatario.len(), expected);
                prop_assert!(delivery.codice_destinatario.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()));
                prop_assert_eq!(delivery.codice_destinatario == FOREIGN, recipient == Recipient::Foreign);
            }
        }
    }
}
