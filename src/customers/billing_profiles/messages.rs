//! What a reader is told about an identifier that is wrong, in both languages.

use crate::italy::codice_fiscale::{CodiceFiscaleError, Disagreement};
use crate::italy::partita_iva::PartitaIvaError;
use crate::italy::sdi::SdiError;
use crate::platform::locale::Localized;
use crate::platform::problem::FieldProblem;

fn problem(pointer: &str, code: &'static str, it: String, en: String) -> FieldProblem {
    FieldProblem { pointer: pointer.to_owned(), code: code.into(), message: Localized { it: it.into(), en: en.into() } }
}

/// A person's codice fiscale that is wrong.
pub(super) fn codice_fiscale(error: CodiceFiscaleError) -> FieldProblem {
    use CodiceFiscaleError as E;
    let it = match error {
        E::WrongLength => "Il codice fiscale di una persona ha 16 caratteri".to_owned(),
        E::UnexpectedCharacter { position } => format!("Il carattere {position} non può stare in quel punto"),
        E::ImpossibleName => "I caratteri da 1 a 6 non possono venire da un cognome e un nome".to_owned(),
        E::UnknownMonth => "Il carattere 9 non è la lettera di un mese".to_owned(),
        E::ImpossibleDate => "I caratteri da 7 a 11 non sono una data del calendario".to_owned(),
        E::ImpossiblePlace => "I caratteri da 12 a 15 non sono il codice di un luogo".to_owned(),
        E::WrongCheckLetter => "La lettera di controllo non corrisponde: c'è un errore di battitura".to_owned(),
    };
    problem("/codice_fiscale", error.code(), it, capitalised(&error))
}

/// A name that the codice fiscale contradicts.
pub(super) fn disagreement(disagreement: Disagreement) -> FieldProblem {
    let it = match disagreement {
        Disagreement::LastName => "Il cognome non corrisponde al codice fiscale",
        Disagreement::FirstName => "Il nome non corrisponde al codice fiscale",
        Disagreement::BirthDate => "La data di nascita non corrisponde al codice fiscale",
        Disagreement::Sex => "Il sesso non corrisponde al codice fiscale",
    };
    let pointer = format!("/{}", disagreement.field());
    problem(&pointer, disagreement.code(), it.to_owned(), capitalised(&disagreement.message()))
}

/// An eleven-digit number, partita IVA or organisation's codice fiscale, that is wrong.
pub(super) fn eleven_digits(pointer: &str, error: PartitaIvaError) -> FieldProblem {
    use PartitaIvaError as E;
    let it = match error {
        E::WrongLength => "Il numero ha 11 cifre".to_owned(),
        E::UnexpectedCharacter { position } => format!("Il carattere {position} non è una cifra"),
        E::NeverAssigned => "Questo numero non viene mai assegnato".to_owned(),
        E::WrongCheckDigit => "La cifra di controllo non corrisponde: c'è un errore di battitura".to_owned(),
    };
    problem(pointer, error.code(), it, capitalised(&error))
}

/// A way for invoices that does not lead anywhere.
pub(super) fn delivery(error: SdiError) -> FieldProblem {
    let it = match error {
        SdiError::NotSevenCharacters => "Il codice destinatario ha 7 tra lettere e cifre",
        SdiError::NotSixCharacters => "Il codice univoco ufficio di un ente pubblico ha 6 tra lettere e cifre",
        SdiError::ForeignCodeMismatch => "XXXXXXX è il codice dei soli clienti esteri, e il loro unico",
        SdiError::OfficeCodeMissing => "Un ente pubblico indica le 6 lettere e cifre del suo codice univoco ufficio",
        SdiError::ChannelMissing => "Chi ha una partita IVA indica il codice destinatario oppure la PEC",
        SdiError::PecNotAnAddress => "La PEC non è un indirizzo e-mail",
    };
    problem(&format!("/{}", error.field()), error.code(), it.to_owned(), capitalised(&error))
}

fn capitalised(text: &impl ToString) -> String {
    let text = text.to_string();
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
