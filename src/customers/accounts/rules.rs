//! What an account is, and what may be said of it.

use crate::customers::email_address;
use crate::platform::clock::Time;
use crate::platform::locale::Locale;
use crate::platform::problem::{FieldProblem, Problem};

crate::typed_id!(
    /// An account's identifier.
    AccountId = "acct"
);

crate::typed_id!(
    /// A request to prove an e-mail address.
    EmailVerificationId = "emver"
);

crate::typed_id!(
    /// A request to set a new password.
    PasswordResetId = "pwres"
);

crate::text_enum!(
    /// What an account may do beyond buying.
    Role {
        Customer = "customer",
        Reviewer = "reviewer",
        Administrator = "administrator",
    }
);

crate::text_enum!(
    /// Whether an account can log in.
    AccountStatus {
        /// Its owner has yet to set a password.
        Invited = "invited",
        Active = "active",
        Suspended = "suspended",
    }
);

crate::text_enum!(
    /// What an administrator makes of an account.
    Standing {
        Active = "active",
        Suspended = "suspended",
    }
);

crate::text_enum!(
    /// The roles that one is invited to.
    BackOfficeRole {
        Reviewer = "reviewer",
        Administrator = "administrator",
    }
);

impl From<BackOfficeRole> for Role {
    fn from(role: BackOfficeRole) -> Self {
        match role {
            BackOfficeRole::Reviewer => Self::Reviewer,
            BackOfficeRole::Administrator => Self::Administrator,
        }
    }
}

impl AccountStatus {
    /// The status of an account; one that is both invited and suspended is suspended.
    pub fn of(has_password: bool, is_suspended: bool) -> Self {
        match (is_suspended, has_password) {
            (true, _) => Self::Suspended,
            (false, true) => Self::Active,
            (false, false) => Self::Invited,
        }
    }
}

/// Characters that a password must have at least, and may have at most (NIST SP 800-63B §3.1.1.2).
pub const PASSWORD_LENGTH: std::ops::RangeInclusive<usize> = 15..=128;
/// Characters that a password must have beside what anybody can guess.
const OWN_CHARACTERS: usize = 8;
/// A shorter local part, such as `a`, would take too much out of any password.
const TELLING_LOCAL_PART: usize = 4;
/// Seconds that the link of a verification mail lives: seven days.
pub const VERIFICATION_LIFETIME: i64 = 7 * 24 * 3600;
/// Seconds that the link of a password reset lives: an hour.
pub const RESET_LIFETIME: i64 = 3600;
/// Seconds that the link of an invitation to the back office lives: seven days.
pub const INVITATION_LIFETIME: i64 = 7 * 24 * 3600;
/// Digits of a telephone number: E.164 allows 15, and none that is called from outside its town has fewer than 6.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 6..=15;

/// An account.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Which.
    pub id: AccountId,
    /// Its address, in lower case.
    pub email: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Telephone number.
    pub phone: Option<String>,
    /// The language of its mails.
    pub locale: Locale,
    /// What it may do.
    pub role: Role,
    /// When its address was proved.
    pub email_verified_at: Option<Time>,
    /// When it registered.
    pub created_at: Time,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Account({})", self.id)
    }
}

/// What an account says of its owner. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonalDetails {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Telephone number.
    pub phone: Option<String>,
    /// The language of mails.
    pub locale: Locale,
}

impl std::fmt::Debug for PersonalDetails {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonalDetails(…)")
    }
}

impl PersonalDetails {
    /// The details in their normal form.
    ///
    /// # Errors
    /// `invalid_fields`, pointing at everything that is wrong.
    pub fn checked(self) -> Result<Self, Problem> {
        let (first_name, last_name) = (self.first_name.trim().to_owned(), self.last_name.trim().to_owned());
        let mut errors: Vec<FieldProblem> = [("/first_name", &first_name), ("/last_name", &last_name)]
            .into_iter()
            .filter_map(|(pointer, name)| check_name(pointer, name))
            .collect();
        match self.phone.as_deref().map(|phone| checked_phone("/phone", phone)).transpose() {
            Ok(phone) if errors.is_empty() => Ok(Self { first_name, last_name, phone, locale: self.locale }),
            phone => {
                errors.extend(phone.err());
                Err(Problem::invalid(errors))
            }
        }
    }
}

/// What is wrong with a name, or another text of one line, without spaces around.
pub fn check_name(pointer: &str, name: &str) -> Option<FieldProblem> {
    if name.is_empty() {
        return Some(FieldProblem::new(pointer, "blank", "Non può essere vuoto", "It must not be blank"));
    }
    name.chars().any(char::is_control).then(|| {
        FieldProblem::new(
            pointer,
            "control_character",
            "Contiene caratteri di controllo",
            "It holds control characters",
        )
    })
}

/// A telephone number in its normal form.
///
/// # Errors
/// `not_a_phone_number`.
pub fn checked_phone(pointer: &str, typed: &str) -> Result<String, FieldProblem> {
    normal_phone(typed).ok_or_else(|| {
        FieldProblem::new(
            pointer,
            "not_a_phone_number",
            "Numero di telefono non valido: da 6 a 15 cifre, con il + se internazionale",
            "Not a telephone number: 6 to 15 digits, with a + if international",
        )
    })
}

/// A telephone number without what people write between its digits: E.164 (`+393331234567`) or national digits.
pub fn normal_phone(typed: &str) -> Option<String> {
    let typed = typed.trim();
    let (plus, number) = typed.strip_prefix('+').map_or(("", typed), |number| ("+", number));
    let digits: String = number.chars().filter(|character| !" -./()".contains(*character)).collect();
    let is_number = PHONE_DIGITS.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("{plus}{digits}"))
}

/// The form in which addresses are stored and compared.
pub fn normal_email(typed: &str) -> String {
    typed.trim().to_lowercase()
}

/// What a search looks through: address and names in small letters without accents, so that both databases find alike.
pub fn search_text(email: &str, first_name: &str, last_name: &str) -> String {
    normal_search(&format!("{email} {first_name} {last_name} {first_name}"))
}

/// Refuses what finds everybody: a text of which nothing is left to look for.
///
/// # Errors
/// `invalid_fields`.
pub fn check_search(typed: &str) -> Result<(), Problem> {
    match check_name("/search", &normal_search(typed)) {
        Some(problem) => Err(Problem::invalid(vec![problem])),
        None => Ok(()),
    }
}

/// What somebody searches for, in the form of [`search_text`].
pub fn normal_search(typed: &str) -> String {
    let plain = deunicode::deunicode(typed).to_lowercase();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An address in its normal form.
///
/// # Errors
/// `invalid_fields`, pointing at the e-mail.
pub fn checked_email(typed: &str) -> Result<String, Problem> {
    email_address::normalise(typed).ok_or_else(|| {
        Problem::invalid_field("/email", "email", "Indirizzo e-mail non valido", "Not a valid e-mail address")
    })
}

/// Passes for a password of 15 to 128 characters (Unicode scalar values) that is not guessed from the account: not one
/// character over and over, nor the e-mail address with a little around it (NIST SP 800-63B §3.1.1.2 asks for no rules
/// of composition, but for a look at context-specific words).
///
/// # Errors
/// `invalid_fields`, pointing at the password.
pub fn check_password(pointer: &str, password: &str, email: &str) -> Result<(), Problem> {
    if !PASSWORD_LENGTH.contains(&password.chars().count()) {
        return Err(Problem::invalid_field(pointer, "length", "Da 15 a 128 caratteri", "15 to 128 characters"));
    }
    if is_one_character(password) || is_mostly_the_address(password, email) {
        return Err(Problem::invalid_field(
            pointer,
            "too_easy",
            "Troppo facile da indovinare: un solo carattere ripetuto, o poco più dell'indirizzo e-mail",
            "Too easy to guess: one character over and over, or little more than the e-mail address",
        ));
    }
    Ok(())
}

fn is_one_character(password: &str) -> bool {
    let mut characters = password.chars();
    let first = characters.next();
    characters.all(|character| Some(character) == first)
}

fn is_mostly_the_address(password: &str, email: &str) -> bool {
    let password = password.to_lowercase();
    let is_little_more_than = |guessed: &str| password.replace(guessed, "").chars().count() < OWN_CHARACTERS;
    let local_part = email_address::local_part(email);
    is_little_more_than(email) || (local_part.len() >= TELLING_LOCAL_PART && is_little_more_than(local_part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn passes(password: &str) -> bool {
        check_password("/password", password, "mario.rossi@example.com").is_ok()
    }

    #[test]
    fn a_password_is_measured_in_characters_and_not_guessed_from_the_address() {
        assert!(passes(&"èé".repeat(8)) && passes("una frase che ricordo") && passes("mario.rossi e il suo cane"));
        assert!(!passes(&"èé".repeat(7)) && !passes(&"xy".repeat(65)));
        assert!(!passes(&"x".repeat(20)) && !passes("Mario.Rossi@Example.com") && !passes("Mario.Rossi1234"));
        assert!(check_password("/password", "aaaa bbbb cccc a", "a@example.com").is_ok());
    }

    #[test]
    fn a_search_finds_without_accents_and_capitals() {
        let text = search_text("nico@example.com", "Niccolò", "D'Amico");
        for typed in ["niccolo", " NICCOLÒ  D'AMICO ", "d'amico niccolò", "Nico@Example"] {
            assert!(text.contains(&normal_search(typed)), "{typed}");
        }
        assert!(!text.contains(&normal_search("mario")));
    }

    #[test]
    fn a_phone_number_keeps_its_digits_and_plus() {
        assert_eq!(normal_phone(" +39 333 123-4567 ").as_deref(), Some("+393331234567"));
        assert_eq!(normal_phone("(02) 1234.567").as_deref(), Some("021234567"));
        for refused in ["", "+", "12345", "1234567890123456", "333 12x4567", "+39+333123456", "３３３１２３４"] {
            assert_eq!(normal_phone(refused), None, "{refused}");
        }
    }

    #[test]
    fn details_are_trimmed_and_each_fault_is_pointed_at() {
        let details = |first_name: &str, phone: Option<&str>| PersonalDetails {
            first_name: first_name.into(),
            last_name: " Rossi ".into(),
            phone: phone.map(str::to_owned),
            locale: Locale::Italian,
        };
        let checked = details(" Mario ", Some("333 1234567")).checked().unwrap();
        assert_eq!((checked.first_name.as_str(), checked.last_name.as_str()), ("Mario", "Rossi"));
        assert_eq!(checked.phone.as_deref(), Some("3331234567"));
        let pointers: Vec<_> =
            details(" \n ", Some("x")).checked().unwrap_err().errors.into_iter().map(|error| error.pointer).collect();
        assert_eq!(pointers, ["/first_name", "/phone"]);
        assert!(details("Ma\nrio", None).checked().is_err());
    }

    proptest! {
        #[test]
        fn no_input_panics_and_the_bounds_hold(password in "\\PC{0,140}", email in "\\PC{0,20}@[a-z]{0,9}", phone in "\\PC{0,24}|[+]?[0-9 ]{0,20}") {
            let accepted = check_password("/p", &password, &email).is_ok();
            prop_assert!(!accepted || PASSWORD_LENGTH.contains(&password.chars().count()));
            if let Some(normal) = normal_phone(&phone) {
                prop_assert_eq!(normal_phone(&normal), Some(normal));
            }
        }
    }
}
