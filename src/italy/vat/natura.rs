//! Natura: why a line bears no VAT (FatturaPA blocks 2.2.1.14 and 2.2.2.2).

use serde::{Deserialize, Serialize};

/// The reasons for 0 % VAT, as the FatturaPA lists them. Which one a sale takes is for the tax
/// adviser to confirm; the articles are the starting point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Natura {
    /// Excluded under art. 15, D.P.R. 633/1972: expenses advanced for the customer.
    N1,
    /// Not subject under arts. 7 to 7-septies: services to businesses of other states
    /// (art. 7-ter), with "inversione contabile" for those of the EU.
    #[serde(rename = "N2.1")]
    N2_1,
    /// Not subject for other reasons.
    #[serde(rename = "N2.2")]
    N2_2,
    /// Non-taxable: exports.
    #[serde(rename = "N3.1")]
    N3_1,
    /// Non-taxable: supplies of goods within the EU.
    #[serde(rename = "N3.2")]
    N3_2,
    /// Non-taxable: supplies to San Marino.
    #[serde(rename = "N3.3")]
    N3_3,
    /// Non-taxable: operations like exports.
    #[serde(rename = "N3.4")]
    N3_4,
    /// Non-taxable under a declaration of intent (art. 8(1)(c)).
    #[serde(rename = "N3.5")]
    N3_5,
    /// Non-taxable: operations that do not count for the ceiling.
    #[serde(rename = "N3.6")]
    N3_6,
    /// Exempt (art. 10).
    N4,
    /// Margin scheme, or VAT not shown on the invoice.
    N5,
    /// Domestic reverse charge: scrap.
    #[serde(rename = "N6.1")]
    N6_1,
    /// Domestic reverse charge: gold and silver.
    #[serde(rename = "N6.2")]
    N6_2,
    /// Domestic reverse charge: subcontracting in building.
    #[serde(rename = "N6.3")]
    N6_3,
    /// Domestic reverse charge: buildings.
    #[serde(rename = "N6.4")]
    N6_4,
    /// Domestic reverse charge: mobile phones.
    #[serde(rename = "N6.5")]
    N6_5,
    /// Domestic reverse charge: electronic products.
    #[serde(rename = "N6.6")]
    N6_6,
    /// Domestic reverse charge: services in building.
    #[serde(rename = "N6.7")]
    N6_7,
    /// Domestic reverse charge: energy.
    #[serde(rename = "N6.8")]
    N6_8,
    /// Domestic reverse charge: other cases.
    #[serde(rename = "N6.9")]
    N6_9,
    /// VAT paid in another EU state (one-stop shop).
    N7,
}

impl Natura {
    /// Every natura, in the order of the FatturaPA.
    pub const ALL: [Self; 21] = [
        Self::N1,
        Self::N2_1,
        Self::N2_2,
        Self::N3_1,
        Self::N3_2,
        Self::N3_3,
        Self::N3_4,
        Self::N3_5,
        Self::N3_6,
        Self::N4,
        Self::N5,
        Self::N6_1,
        Self::N6_2,
        Self::N6_3,
        Self::N6_4,
        Self::N6_5,
        Self::N6_6,
        Self::N6_7,
        Self::N6_8,
        Self::N6_9,
        Self::N7,
    ];

    /// The code on the invoice, such as `N2.1`.
    pub fn code(self) -> &'static str {
        match self {
            Self::N1 => "N1",
            Self::N2_1 => "N2.1",
            Self::N2_2 => "N2.2",
            Self::N3_1 => "N3.1",
            Self::N3_2 => "N3.2",
            Self::N3_3 => "N3.3",
            Self::N3_4 => "N3.4",
            Self::N3_5 => "N3.5",
            Self::N3_6 => "N3.6",
            Self::N4 => "N4",
            Self::N5 => "N5",
            Self::N6_1 => "N6.1",
            Self::N6_2 => "N6.2",
            Self::N6_3 => "N6.3",
            Self::N6_4 => "N6.4",
            Self::N6_5 => "N6.5",
            Self::N6_6 => "N6.6",
            Self::N6_7 => "N6.7",
            Self::N6_8 => "N6.8",
            Self::N6_9 => "N6.9",
            Self::N7 => "N7",
        }
    }

    /// Whether it is domestic reverse charge (art. 17), with which split payment never goes.
    pub fn is_domestic_reverse_charge(self) -> bool {
        self.code().starts_with("N6")
    }

    /// The rule that the invoice names (block 2.2.2.8, RiferimentoNormativo; art. 21(6) and (6-bis) D.P.R. 633/1972), to
    /// be confirmed by the adviser for each natura before it is sold under. Services to businesses of other states are
    /// "inversione contabile" within the EU and "operazione non soggetta" outside it.
    pub fn legal_basis(self, customer_is_in_eu: bool) -> &'static str {
        match self {
            Self::N1 => "Escluso, art. 15 D.P.R. 633/1972",
            Self::N2_1 if customer_is_in_eu => "Inversione contabile, art. 7-ter D.P.R. 633/1972",
            Self::N2_1 => "Operazione non soggetta, art. 7-ter D.P.R. 633/1972",
            Self::N2_2 => "Operazione non soggetta, D.P.R. 633/1972",
            Self::N3_1 => "Non imponibile, art. 8 D.P.R. 633/1972",
            Self::N3_2 => "Non imponibile, art. 41 D.L. 331/1993",
            Self::N3_3 => "Non imponibile, art. 71 D.P.R. 633/1972",
            Self::N3_4 => "Non imponibile, artt. 8-bis e 9 D.P.R. 633/1972",
            Self::N3_5 => "Non imponibile, art. 8, comma 1, lett. c) D.P.R. 633/1972",
            Self::N3_6 => "Non imponibile, operazione che non concorre al plafond",
            Self::N4 => "Esente, art. 10 D.P.R. 633/1972",
            Self::N5 => "Regime del margine, art. 36 D.L. 41/1995",
            Self::N6_1 => "Inversione contabile, art. 74, commi 7 e 8 D.P.R. 633/1972",
            Self::N6_2 => "Inversione contabile, art. 17, comma 5 D.P.R. 633/1972",
            Self::N6_3 => "Inversione contabile, art. 17, comma 6, lett. a) D.P.R. 633/1972",
            Self::N6_4 => "Inversione contabile, art. 17, comma 6, lett. a-bis) D.P.R. 633/1972",
            Self::N6_5 => "Inversione contabile, art. 17, comma 6, lett. b) D.P.R. 633/1972",
            Self::N6_6 => "Inversione contabile, art. 17, comma 6, lett. c) D.P.R. 633/1972",
            Self::N6_7 => "Inversione contabile, art. 17, comma 6, lett. a-ter) D.P.R. 633/1972",
            Self::N6_8 => "Inversione contabile, art. 17, comma 6, lett. d-bis) e seguenti D.P.R. 633/1972",
            Self::N6_9 => "Inversione contabile, art. 17, comma 6 D.P.R. 633/1972",
            Self::N7 => "IVA assolta in altro Stato UE, art. 74-sexies D.P.R. 633/1972",
        }
    }

    /// Whether the amount counts for the stamp duty on what bears no VAT (D.P.R. 642/1972,
    /// tariff, art. 13; the codes are those of the tax agency's guide, to be confirmed by the
    /// adviser).
    pub fn bears_stamp_duty(self) -> bool {
        matches!(self, Self::N1 | Self::N2_1 | Self::N2_2 | Self::N3_5 | Self::N3_6 | Self::N4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_leads_back_and_is_the_one_on_the_wire() {
        for natura in Natura::ALL {
            let wire = format!("\"{}\"", natura.code());
            assert_eq!(serde_json::to_string(&natura).unwrap(), wire);
            assert_eq!(serde_json::from_str::<Natura>(&wire).unwrap(), natura);
        }
    }

    #[test]
    fn each_names_its_rule_within_the_hundred_characters_of_the_invoice() {
        for natura in Natura::ALL {
            for customer_is_in_eu in [true, false] {
                let basis = natura.legal_basis(customer_is_in_eu);
                assert!(!basis.is_empty() && basis.len() <= 100 && basis.is_ascii(), "{basis}");
            }
        }
        assert_ne!(Natura::N2_1.legal_basis(true), Natura::N2_1.legal_basis(false));
    }

    #[test]
    fn nine_of_them_are_domestic_reverse_charge() {
        let count = Natura::ALL.into_iter().filter(|natura| natura.is_domestic_reverse_charge()).count();
        assert_eq!(count, 9);
    }
}
