//! The onerous clauses of the service contract (art. 1341, second paragraph, Codice civile).
//!
//! They bind only when each is approved specifically and apart from the general conditions.
//! This list is written once: the templates of the contract receive it as data, and the
//! specific approval is checked against the ids that the document lists.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::activation::requests::holder::HolderType;
use crate::platform::locale::{Locale, Localized};

/// A clause that favours the provider and needs specific approval.
#[derive(Debug, PartialEq, Eq)]
pub struct OnerousClause {
    /// The stable name, in `snake_case`, by which the customer's approval cites it.
    pub id: &'static str,
    /// Its paragraph in the general conditions, such as `10.2`. The template refuses to
    /// render when the clause stands elsewhere.
    pub article: &'static str,
    /// What it is about.
    pub title: Localized,
    /// What it says.
    pub text: Localized,
    /// The types of holder whose contract does not have it: where the law forbids it, an approval would not help.
    pub not_with: &'static [HolderType],
}

/// A clause as a document lists it (art. 1341, second paragraph, c.c.).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = OnerousClause)]
pub struct ListedClause {
    /// By which the approval names it.
    #[schema(example = "tacit_renewal")]
    pub id: String,
    /// Its paragraph in the general conditions.
    #[schema(example = "7.2")]
    pub article: String,
    /// What it is about.
    pub title: String,
    /// What it says.
    pub text: String,
}

/// The clauses of the contract with a holder of a type, as its documents list them.
pub fn listed(locale: Locale, holder_type: HolderType) -> Vec<ListedClause> {
    let clause = |clause: &OnerousClause| ListedClause {
        id: clause.id.to_owned(),
        article: clause.article.to_owned(),
        title: clause.title.get(locale).to_owned(),
        text: clause.text.get(locale).to_owned(),
    };
    ONEROUS_CLAUSES.iter().filter(|known| !known.not_with.contains(&holder_type)).map(clause).collect()
}

/// Every onerous clause of the contract, in the order of the articles.
pub const ONEROUS_CLAUSES: &[OnerousClause] = &[
    OnerousClause {
        id: "tacit_renewal",
        article: "7.2",
        title: Localized::fixed("Tacito rinnovo.", "Tacit renewal."),
        text: Localized::fixed(
            "Alla scadenza il Contratto si rinnova per un periodo uguale a quello iniziale, alle condizioni economiche allora in vigore, se nessuna delle parti comunica all’altra la disdetta almeno trenta giorni prima. Il Fornitore ricorda la scadenza al Cliente con un messaggio di posta elettronica inviato almeno sessanta giorni prima, nel quale indica il corrispettivo del nuovo periodo.",
            "On expiry the Contract is renewed for a period equal to the first one, at the prices then in force, unless either party gives the other notice of non-renewal at least thirty days earlier. The Provider reminds the Customer of the expiry by an e-mail sent at least sixty days earlier, which states the price of the new period.",
        ),
        // Art. 6(2), Law 537/1993.
        not_with: &[HolderType::PublicBody],
    },
    OnerousClause {
        id: "unilateral_changes",
        article: "8.1",
        title: Localized::fixed("Modifiche unilaterali.", "Unilateral changes."),
        text: Localized::fixed(
            "Il Fornitore può modificare le presenti Condizioni, le caratteristiche del Servizio e i corrispettivi per un giustificato motivo, quale un mutamento delle norme, delle regole tecniche del Sistema di Interscambio, dei costi di fornitura o delle esigenze di sicurezza. La modifica è comunicata al Cliente, con il suo motivo, almeno trenta giorni prima della data da cui ha effetto e non vale per il passato.",
            "The Provider may change these Conditions, the features of the Service and the prices for a justified reason, such as a change in the law, in the technical rules of the Sistema di Interscambio, in the cost of supply or in security needs. The change and its reason are notified to the Customer at least thirty days before the change takes effect, and it does not apply to the past.",
        ),
        // Art. 120, Legislative Decree 36/2023.
        not_with: &[HolderType::PublicBody],
    },
    OnerousClause {
        id: "suspension_of_service",
        article: "9.1",
        title: Localized::fixed("Sospensione del Servizio.", "Suspension of the Service."),
        text: Localized::fixed(
            "Il Fornitore può sospendere il Servizio, in tutto o in parte, quando il Cliente non paga nei termini e non rimedia entro quindici giorni dalla diffida; quando emergono elementi che fanno dubitare dell’identità o dei poteri del Richiedente; quando l’uso del Servizio mette a rischio la sicurezza del Servizio o di altri clienti; quando lo ordina un’autorità. La sospensione dura finché dura la sua causa e non esonera il Cliente dal pagamento del periodo già maturato.",
            "The Provider may suspend the Service, wholly or in part, where the Customer does not pay on time and does not remedy this within fifteen days of a formal notice; where there are grounds to doubt the identity or the powers of the Applicant; where the use of the Service endangers the security of the Service or of other customers; or where an authority so orders. The suspension lasts as long as its cause and does not release the Customer from paying for the period already accrued.",
        ),
        not_with: &[],
    },
    OnerousClause {
        id: "limitation_of_liability",
        article: "10.2",
        title: Localized::fixed("Limitazione di responsabilità.", "Limitation of liability."),
        text: Localized::fixed(
            "Salvi i casi di dolo e di colpa grave e ogni altro caso in cui la legge non consente di limitarla (art. 1229 c.c.), la responsabilità complessiva del Fornitore per i danni che derivano dal Contratto, a qualunque titolo, non supera il maggiore fra i corrispettivi pagati dal Cliente nei dodici mesi precedenti il fatto dannoso e la somma di 500 euro. Il Fornitore non risponde del mancato guadagno, della perdita di occasioni commerciali né delle sanzioni causate da dati inesatti o tardivi del Cliente.",
            "Except in cases of wilful misconduct and gross negligence, and in any other case where the law does not allow it to be limited (art. 1229 of the Italian Civil Code), the Provider’s aggregate liability for damage arising from the Contract, on any ground, does not exceed the greater of the fees paid by the Customer in the twelve months before the harmful event and the sum of 500 euro. The Provider is not liable for loss of profit, for loss of business opportunities, or for penalties caused by inaccurate or late data from the Customer.",
        ),
        // Art. 33(2)(b) and art. 36, Codice del consumo.
        not_with: &[HolderType::Person],
    },
    OnerousClause {
        id: "provider_withdrawal",
        article: "11.3",
        title: Localized::fixed("Recesso del Fornitore.", "Withdrawal of the Provider."),
        text: Localized::fixed(
            "Il Fornitore può recedere dal Contratto in ogni momento con un preavviso di almeno sessanta giorni, comunicato con le modalità dell’articolo 14. In tal caso rimborsa al Cliente la parte di corrispettivo che riguarda il periodo non goduto e gli lascia esportare i suoi documenti fino al sessantesimo giorno successivo alla cessazione.",
            "The Provider may withdraw from the Contract at any time by giving at least sixty days’ notice in the manner set out in article 14. In that case it refunds to the Customer the part of the fee that relates to the period not enjoyed, and lets the Customer export its documents until the sixtieth day after termination.",
        ),
        not_with: &[],
    },
    OnerousClause {
        id: "exclusive_jurisdiction",
        article: "15.2",
        title: Localized::fixed("Foro esclusivo.", "Exclusive jurisdiction."),
        text: Localized::fixed(
            "Per ogni controversia che riguarda il Contratto è competente in via esclusiva il tribunale del luogo in cui il Fornitore ha la sede legale. Se il Cliente è un consumatore è invece competente, in modo inderogabile, il giudice del luogo della sua residenza o del suo domicilio, se ubicati in Italia (art. 66-bis del Codice del consumo).",
            "The court of the place where the Provider has its registered office has exclusive jurisdiction over any dispute concerning the Contract. Where the Customer is a consumer, jurisdiction lies instead, without derogation, with the court of the Customer’s place of residence or domicile, if located in Italy (art. 66-bis of the Italian Consumer Code).",
        ),
        // Art. 66-bis, Codice del consumo; art. 25, Codice di procedura civile.
        not_with: &[HolderType::Person, HolderType::PublicBody],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{HolderType, ONEROUS_CLAUSES, listed};
    use crate::platform::locale::Locale;

    #[test]
    fn ids_are_unique_and_in_snake_case() {
        let ids: HashSet<_> = ONEROUS_CLAUSES.iter().map(|clause| clause.id).collect();
        assert_eq!(ids.len(), ONEROUS_CLAUSES.len());
        assert!(ids.iter().all(|id| id.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase())));
    }

    #[test]
    fn every_clause_is_written_in_both_languages() {
        for clause in ONEROUS_CLAUSES {
            for text in [&clause.title, &clause.text] {
                assert!(!text.it.is_empty() && !text.en.is_empty());
                assert_ne!(text.it, text.en, "{}", clause.id);
            }
        }
    }

    #[test]
    fn nobody_is_asked_to_approve_what_the_law_forbids() {
        let of = |holder_type| {
            let listed = listed(Locale::Italian, holder_type).into_iter();
            listed.map(|clause| clause.id).collect::<Vec<_>>()
        };
        let consumer = ["tacit_renewal", "unilateral_changes", "suspension_of_service", "provider_withdrawal"];
        assert_eq!(of(HolderType::Person), consumer);
        let public = ["suspension_of_service", "limitation_of_liability", "provider_withdrawal"];
        assert_eq!(of(HolderType::PublicBody), public);
        for business in [HolderType::Professional, HolderType::Company, HolderType::Association] {
            assert_eq!(of(business).len(), ONEROUS_CLAUSES.len());
        }
    }
}
