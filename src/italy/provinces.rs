//! The provinces of Italy, and its postal code.
//!
//! The table tells what was in force on [`TABLE_DATE`]: 110 provinces and metropolitan cities,
//! and the two autonomous provinces among them. Sardinia is in its new order (regional law 12
//! April 2021, n. 7, complete since 17 July 2025, in official statistics since 1 January 2026):
//! the province of Sud Sardegna is gone, and Gallura, Ogliastra, Medio Campidano and Sulcis
//! Iglesiente are back. In February 2026 no decree had yet given these four their letters: OT,
//! OG, VS and CI are those that their territories had until 2016 and that the post uses again.
//! Registers still hold SU, so it is accepted as superseded. Look at the table again when the
//! letters are decreed.

/// The day for which the table was put together.
pub const TABLE_DATE: &str = "2026-02-09";

/// A province, or a metropolitan city that has taken its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Province {
    /// Two capital letters, as on an address.
    pub code: &'static str,
    /// In Italian.
    pub name: &'static str,
    /// In Italian.
    pub region: &'static str,
    /// False for a province that has been abolished but is still found on addresses.
    pub is_in_force: bool,
}

/// Every province that an address may name, by its code.
pub fn all() -> &'static [Province] {
    TABLE
}

/// The province with this code; small letters and spaces around it are forgiven.
pub fn find(code: &str) -> Option<&'static Province> {
    let code = code.trim();
    TABLE.iter().find(|province| province.code.eq_ignore_ascii_case(code))
}

/// Whether a code, in capitals, names a province.
pub fn exists(code: &str) -> bool {
    TABLE.iter().any(|province| province.code == code)
}

/// Whether a text has the form of an Italian postal code (CAP): five digits, not all zero.
pub fn is_postal_code(text: &str) -> bool {
    text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit()) && text != "00000"
}

const fn in_force(code: &'static str, name: &'static str, region: &'static str) -> Province {
    Province { code, name, region, is_in_force: true }
}

const SUD_SARDEGNA: Province = Province { code: "SU", name: "Sud Sardegna", region: "Sardegna", is_in_force: false };

const TABLE: &[Province] = &[
    in_force("AG", "Agrigento", "Sicilia"),
    in_force("AL", "Alessandria", "Piemonte"),
    in_force("AN", "Ancona", "Marche"),
    in_force("AO", "Aosta", "Valle d'Aosta"),
    in_force("AP", "Ascoli Piceno", "Marche"),
    in_force("AQ", "L'Aquila", "Abruzzo"),
    in_force("AR", "Arezzo", "Toscana"),
    in_force("AT", "Asti", "Piemonte"),
    in_force("AV", "Avellino", "Campania"),
    in_force("BA", "Bari", "Puglia"),
    in_force("BG", "Bergamo", "Lombardia"),
    in_force("BI", "Biella", "Piemonte"),
    in_force("BL", "Belluno", "Veneto"),
    in_force("BN", "Benevento", "Campania"),
    in_force("BO", "Bologna", "Emilia-Romagna"),
    in_force("BR", "Brindisi", "Puglia"),
    in_force("BS", "Brescia", "Lombardia"),
    in_force("BT", "Barletta-Andria-Trani", "Puglia"),
    in_force("BZ", "Bolzano", "Trentino-Alto Adige"),
    in_force("CA", "Cagliari", "Sardegna"),
    in_force("CB", "Campobasso", "Molise"),
    in_force("CE", "Caserta", "Campania"),
    in_force("CH", "Chieti", "Abruzzo"),
    in_force("CI", "Sulcis Iglesiente", "Sardegna"),
    in_force("CL", "Caltanissetta", "Sicilia"),
    in_force("CN", "Cuneo", "Piemonte"),
    in_force("CO", "Como", "Lombardia"),
    in_force("CR", "Cremona", "Lombardia"),
    in_force("CS", "Cosenza", "Calabria"),
    in_force("CT", "Catania", "Sicilia"),
    in_force("CZ", "Catanzaro", "Calabria"),
    in_force("EN", "Enna", "Sicilia"),
    in_force("FC", "Forlì-Cesena", "Emilia-Romagna"),
    in_force("FE", "Ferrara", "Emilia-Romagna"),
    in_force("FG", "Foggia", "Puglia"),
    in_force("FI", "Firenze", "Toscana"),
    in_force("FM", "Fermo", "Marche"),
    in_force("FR", "Frosinone", "Lazio"),
    in_force("GE", "Genova", "Liguria"),
    in_force("GO", "Gorizia", "Friuli-Venezia Giulia"),
    in_force("GR", "Grosseto", "Toscana"),
    in_force("IM", "Imperia", "Liguria"),
    in_force("IS", "Isernia", "Molise"),
    in_force("KR", "Crotone", "Calabria"),
    in_force("LC", "Lecco", "Lombardia"),
    in_force("LE", "Lecce", "Puglia"),
    in_force("LI", "Livorno", "Toscana"),
    in_force("LO", "Lodi", "Lombardia"),
    in_force("LT", "Latina", "Lazio"),
    in_force("LU", "Lucca", "Toscana"),
    in_force("MB", "Monza e della Brianza", "Lombardia"),
    in_force("MC", "Macerata", "Marche"),
    in_force("ME", "Messina", "Sicilia"),
    in_force("MI", "Milano", "Lombardia"),
    in_force("MN", "Mantova", "Lombardia"),
    in_force("MO", "Modena", "Emilia-Romagna"),
    in_force("MS", "Massa-Carrara", "Toscana"),
    in_force("MT", "Matera", "Basilicata"),
    in_force("NA", "Napoli", "Campania"),
    in_force("NO", "Novara", "Piemonte"),
    in_force("NU", "Nuoro", "Sardegna"),
    in_force("OG", "Ogliastra", "Sardegna"),
    in_force("OR", "Oristano", "Sardegna"),
    in_force("OT", "Gallura Nord-Est Sardegna", "Sardegna"),
    in_force("PA", "Palermo", "Sicilia"),
    in_force("PC", "Piacenza", "Emilia-Romagna"),
    in_force("PD", "Padova", "Veneto"),
    in_force("PE", "Pescara", "Abruzzo"),
    in_force("PG", "Perugia", "Umbria"),
    in_force("PI", "Pisa", "Toscana"),
    in_force("PN", "Pordenone", "Friuli-Venezia Giulia"),
    in_force("PO", "Prato", "Toscana"),
    in_force("PR", "Parma", "Emilia-Romagna"),
    in_force("PT", "Pistoia", "Toscana"),
    in_force("PU", "Pesaro e Urbino", "Marche"),
    in_force("PV", "Pavia", "Lombardia"),
    in_force("PZ", "Potenza", "Basilicata"),
    in_force("RA", "Ravenna", "Emilia-Romagna"),
    in_force("RC", "Reggio Calabria", "Calabria"),
    in_force("RE", "Reggio nell'Emilia", "Emilia-Romagna"),
    in_force("RG", "Ragusa", "Sicilia"),
    in_force("RI", "Rieti", "Lazio"),
    in_force("RM", "Roma", "Lazio"),
    in_force("RN", "Rimini", "Emilia-Romagna"),
    in_force("RO", "Rovigo", "Veneto"),
    in_force("SA", "Salerno", "Campania"),
    in_force("SI", "Siena", "Toscana"),
    in_force("SO", "Sondrio", "Lombardia"),
    in_force("SP", "La Spezia", "Liguria"),
    in_force("SR", "Siracusa", "Sicilia"),
    in_force("SS", "Sassari", "Sardegna"),
    SUD_SARDEGNA,
    in_force("SV", "Savona", "Liguria"),
    in_force("TA", "Taranto", "Puglia"),
    in_force("TE", "Teramo", "Abruzzo"),
    in_force("TN", "Trento", "Trentino-Alto Adige"),
    in_force("TO", "Torino", "Piemonte"),
    in_force("TP", "Trapani", "Sicilia"),
    in_force("TR", "Terni", "Umbria"),
    in_force("TS", "Trieste", "Friuli-Venezia Giulia"),
    in_force("TV", "Treviso", "Veneto"),
    in_force("UD", "Udine", "Friuli-Venezia Giulia"),
    in_force("VA", "Varese", "Lombardia"),
    in_force("VB", "Verbano-Cusio-Ossola", "Piemonte"),
    in_force("VC", "Vercelli", "Piemonte"),
    in_force("VE", "Venezia", "Veneto"),
    in_force("VI", "Vicenza", "Veneto"),
    in_force("VR", "Verona", "Veneto"),
    in_force("VS", "Medio Campidano", "Sardegna"),
    in_force("VT", "Viterbo", "Lazio"),
    in_force("VV", "Vibo Valentia", "Calabria"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_are_110_in_force_in_20_regions() {
        let in_force: Vec<_> = all().iter().filter(|province| province.is_in_force).collect();
        let codes: BTreeSet<_> = in_force.iter().map(|province| province.code).collect();
        let names: BTreeSet<_> = in_force.iter().map(|province| province.name).collect();
        let regions: BTreeSet<_> = in_force.iter().map(|province| province.region).collect();
        assert_eq!((in_force.len(), codes.len(), names.len()), (110, 110, 110));
        assert_eq!(regions.len(), 20);
    }

    #[test]
    fn the_table_is_sorted_and_well_formed() {
        assert!(all().is_sorted_by(|one, next| one.code < next.code));
        for province in all() {
            assert_eq!(province.code.len(), 2);
            assert!(province.code.bytes().all(|byte| byte.is_ascii_uppercase()));
        }
    }

    #[test]
    fn codes_are_found() {
        assert!(exists("MI") && exists("RM") && exists("SU"));
        assert!(!exists("mi") && !exists("XX") && !exists("") && !exists("MILANO"));
        assert_eq!(find(" mi ").map(|province| province.code), Some("MI"));
        assert_eq!(find("È"), None);
        assert!(!find("SU").unwrap().is_in_force);
    }

    #[test]
    fn a_postal_code_has_five_digits() {
        assert!(is_postal_code("00184") && is_postal_code("20121"));
        for text in ["", "2012", "201211", "2012A", "00000", "２0121", " 20121"] {
            assert!(!is_postal_code(text), "{text}");
        }
    }
}
