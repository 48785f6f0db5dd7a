//! Italy: the identifiers, addresses and taxes that the rest of the house checks by.
//!
//! The room is pure. Nothing here reads a clock, a table of the database or the network, and no
//! function panics on any input, however long or foreign. A text comes in as the customer typed
//! it and goes out as a type that has been checked, or as an error with a stable `code()` and an
//! English message.
//!
//! * [`codice_fiscale`]: the tax code of a person: checked, decoded, made, and compared with what
//!   the applicant typed (guide steps 16 and 17).
//! * [`partita_iva`]: the VAT number, and the eleven-digit tax code of an organisation.
//! * [`sdi`]: how an electronic invoice reaches the customer: codice destinatario or PEC.
//! * [`provinces`]: the dated table of the provinces, and the postal code.
//! * [`countries`]: ISO 3166-1, and who belongs to the European Union.
//! * [`iban`]: the number of a bank account.
//! * [`latin`]: text in the letters that SdI takes.
//! * [`vat`]: rates, natura, and the arithmetic of a price to the cent.
//! * [`working_days`]: on which day a term of the law ends.

pub mod codice_fiscale;
pub mod countries;
pub mod iban;
pub mod latin;
pub mod partita_iva;
pub mod provinces;
pub mod sdi;
pub mod vat;
pub mod working_days;
