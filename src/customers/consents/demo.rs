//! The documents of the sandbox. A real shop publishes its own, written by its lawyers.

use super::rules::{ConsentDocument, ConsentDocumentId, ConsentPurpose, Decision, RegistrationConsents};
use super::{flow, store};
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::http::request::Sender;
use crate::platform::locale::Localized;
use crate::platform::problem::Problem;

/// The version of all three.
pub const VERSION: &str = "2026-01";

const TERMS_TITLE: Localized = Localized::fixed("Condizioni d'uso del negozio", "Terms of use of the shop");
const TERMS: Localized = Localized::fixed(
    "1. Che cosa offre il negozio. Il negozio vende abbonamenti a un servizio online di fatturazione elettronica e ne cura l'attivazione. Ogni piano indica che cosa comprende, il prezzo senza IVA e con IVA e la durata.\n\n\
     2. L'account. Per acquistare serve un account personale. Chi lo apre fornisce dati veri, li tiene aggiornati, custodisce la password e avvisa subito se sospetta che altri la conoscano.\n\n\
     3. L'ordine. Il contratto si conclude quando l'ordine è confermato; un ordine gratuito è confermato subito, gli altri quando il pagamento è andato a buon fine. Le condizioni del servizio sono proposte, una per una, durante l'attivazione.\n\n\
     4. Il recesso. Chi acquista come consumatore può recedere entro quattordici giorni dalla conclusione del contratto, senza indicare il motivo, con la funzione disponibile nell'ordine (artt. 52 e 54-bis del Codice del consumo).\n\n\
     5. La chiusura dell'account. L'account si può chiudere in ogni momento. I documenti fiscali restano conservati per il tempo che la legge impone.\n\n\
     6. Legge e foro. Si applica la legge italiana. Per il consumatore è competente il giudice del luogo in cui risiede.",
    "1. What the shop offers. The shop sells subscriptions to an online electronic invoicing service and takes care of activating it. Each plan says what it includes, its price without and with VAT, and how long it lasts.\n\n\
     2. The account. Buying takes a personal account. Whoever opens one gives true data, keeps them up to date, guards the password and says so at once if others may know it.\n\n\
     3. The order. The contract is concluded when the order is confirmed: at once if there is nothing to pay, otherwise when the payment has succeeded. The service's own conditions are put forward, one by one, during activation.\n\n\
     4. Withdrawal. Whoever buys as a consumer may withdraw within fourteen days of the contract, without giving a reason, with the function found in the order (arts. 52 and 54-bis of the Italian Consumer Code).\n\n\
     5. Closing the account. The account can be closed at any time. Fiscal documents stay preserved for as long as the law demands.\n\n\
     6. Law and jurisdiction. Italian law applies. For consumers the court of their place of residence has jurisdiction.",
);

const PRIVACY_NOTICE_TITLE: Localized = Localized::fixed("Informativa sulla privacy", "Privacy notice");
const PRIVACY_NOTICE: Localized = Localized::fixed(
    "Questa informativa spiega come trattiamo i tuoi dati personali (art. 13 del Regolamento (UE) 2016/679).\n\n\
     Quali dati. I dati dell'account (nome, e-mail, telefono), quelli di fatturazione, gli ordini e, per attivare il servizio, i dati e il documento d'identità di chi lo richiede. Registriamo anche da quale indirizzo IP e con quale programma sono fatte le scelte che valgono come prova.\n\n\
     Perché. Per concludere ed eseguire il contratto, per rispettare gli obblighi fiscali e di identificazione e per proteggere gli account dagli abusi. La pubblicità si basa solo sul consenso, se lo dai.\n\n\
     Per quanto tempo. I dati dell'account fino alla sua chiusura; i documenti fiscali per dieci anni; le prove dei consensi per il tempo in cui possono servire a dimostrarli.\n\n\
     A chi. Ai fornitori che ci aiutano a erogare il servizio, alle autorità quando la legge lo chiede, a nessun altro.\n\n\
     I tuoi diritti. Puoi vedere, correggere, esportare e cancellare i tuoi dati dal tuo account, opporti, chiedere la limitazione e rivolgerti al Garante per la protezione dei dati personali.",
    "This notice explains how we process your personal data (art. 13 of Regulation (EU) 2016/679).\n\n\
     Which data. Those of your account (name, e-mail, telephone), your billing data, your orders and, to activate the service, the data and identity document of whoever applies for it. We also record the IP address and program from which choices that count as evidence are made.\n\n\
     Why. To conclude and perform the contract, to meet duties of taxation and identification, and to protect accounts from abuse. Advertising rests on your consent alone, if you give it.\n\n\
     For how long. Account data until the account is closed; fiscal documents for ten years; evidence of consents for as long as it may be needed to prove them.\n\n\
     To whom. To suppliers who help us provide the service, to authorities where the law asks for it, to nobody else.\n\n\
     Your rights. You can see, correct, export and erase your data from your account, object, ask for restriction and turn to the Italian data protection authority.",
);

const MARKETING_TITLE: Localized = Localized::fixed("Comunicazioni commerciali", "Marketing communications");
const MARKETING: Localized = Localized::fixed(
    "Se acconsenti, ti scriviamo via e-mail offerte e novità sui nostri servizi, al più due volte al mese. La scelta è libera e non cambia nulla per i tuoi acquisti. Puoi revocarla in ogni momento dal tuo account: la revoca non rende illecito quello che abbiamo fatto prima.",
    "If you agree, we e-mail you offers and news about our services, at most twice a month. The choice is free and changes nothing for your purchases. You can withdraw it at any time from your account; what we did before stays lawful.",
);

/// Publishes the documents that are not there yet.
///
/// # Errors
/// When the database fails.
pub fn load(tx: &mut DbConnection, now: Time) -> Result<(), Problem> {
    let texts = [
        (ConsentPurpose::Terms, TERMS_TITLE, TERMS),
        (ConsentPurpose::PrivacyNotice, PRIVACY_NOTICE_TITLE, PRIVACY_NOTICE),
        (ConsentPurpose::Marketing, MARKETING_TITLE, MARKETING),
    ];
    for (purpose, title, body) in texts {
        let version = VERSION.to_owned();
        let document =
            ConsentDocument { id: ConsentDocumentId::new(), purpose, version, title, body, published_at: now };
        store::insert_document(tx, &document)?;
    }
    Ok(())
}

/// The choices of a demo account: an account without an explicit one does not exist (invariant 11 of the design).
///
/// # Errors
/// When the database fails.
pub fn choose(tx: &mut DbConnection, account: AccountId, now: Time) -> Result<(), Problem> {
    let version = VERSION.to_owned();
    let said = RegistrationConsents {
        terms_version: version.clone(),
        privacy_notice_version: version,
        marketing: Decision::Denied,
    };
    let nobody = Sender { ip: None, user_agent: None };
    flow::record_registration(tx, account, &said, &nobody, now)
}
