//! The demo consent documents.

use super::rules::{ConsentDocument, ConsentDocumentId, Purpose};
use super::store;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::locale::Localized;
use crate::platform::problem::Problem;

const VERSION: &str = "2026-01";

/// Publishes the demo documents that are not there yet.
///
/// # Errors
/// When the database fails.
pub fn load(tx: &mut DbConnection, now: Time) -> Result<(), Problem> {
    for (purpose, title, body) in documents() {
        let id = ConsentDocumentId::new();
        store::publish(tx, &ConsentDocument { id, purpose, version: VERSION.to_owned(), title, body }, now)?;
    }
    Ok(())
}

fn documents() -> [(Purpose, Localized, Localized); 3] {
    [
        (
            Purpose::Terms,
            Localized::fixed("Condizioni d'uso del negozio", "Terms of use of the shop"),
            Localized::fixed(
                "L'account è personale: chi lo usa custodisce le credenziali e risponde degli ordini fatti con esse. I prezzi sono indicati al netto e con IVA. Un ordine è concluso quando ne arriva la conferma.",
                "The account is personal: its user keeps the credentials safe and answers for orders made with them. Prices are shown net and with VAT. An order is concluded when its confirmation arrives.",
            ),
        ),
        (
            Purpose::PrivacyNotice,
            Localized::fixed("Informativa sul trattamento dei dati personali", "Privacy notice"),
            Localized::fixed(
                "Trattiamo i dati dell'account e degli ordini per eseguire il contratto (art. 6(1)(b) GDPR) e per gli obblighi di legge (art. 6(1)(c)). I documenti contabili si conservano dieci anni. Puoi chiedere accesso, rettifica, cancellazione e portabilità.",
                "We process account and order data to perform the contract (art. 6(1)(b) GDPR) and to meet legal duties (art. 6(1)(c)). Accounting records are kept for ten years. You may ask for access, rectification, erasure and portability.",
            ),
        ),
        (
            Purpose::Marketing,
            Localized::fixed("Consenso alle comunicazioni commerciali", "Consent to marketing messages"),
            Localized::fixed(
                "Con il tuo consenso (art. 6(1)(a) GDPR) ti scriviamo di offerte e novità. Puoi rifiutare senza conseguenze e cambiare idea quando vuoi.",
                "With your consent (art. 6(1)(a) GDPR) we write to you about offers and news. You may refuse without consequences and change your mind at any time.",
            ),
        ),
    ]
}
