//! The countries of ISO 3166-1, by their two letters, and the member states of the European Union.
//!
//! The tables tell what was in force on [`TABLE_DATE`]: 249 codes, 27 member states.

/// The day for which the tables were put together.
pub const TABLE_DATE: &str = "2026-01-01";

/// Italy's own code.
pub const ITALY: &str = "IT";

/// Every code, sorted.
pub fn all() -> &'static [&'static str] {
    &CODES
}

/// Whether two capital letters are a country.
pub fn exists(code: &str) -> bool {
    CODES.binary_search(&code).is_ok()
}

/// Whether the country is a member state of the European Union. Northern Ireland, which for
/// goods alone is treated as one, has no code of its own.
pub fn is_eu(code: &str) -> bool {
    MEMBER_STATES.binary_search(&code).is_ok()
}

/// The country whose VAT a country's sales bear: France's for Monaco (Directive 2006/112/EC, art. 7(1)), else its own.
pub fn vat_territory(code: &str) -> &str {
    match code {
        "MC" => "FR",
        own => own,
    }
}

/// The two letters that a member state puts before its VAT numbers: its own code, except that
/// Greece writes `EL` (Directive 2006/112/EC, art. 215). `None` outside the Union.
pub fn vat_prefix(code: &str) -> Option<&'static str> {
    let index = MEMBER_STATES.binary_search(&code).ok()?;
    match MEMBER_STATES.get(index).copied() {
        Some("GR") => Some("EL"),
        member_state => member_state,
    }
}

#[rustfmt::skip]
const CODES: [&str; 249] = [
    "AD", "AE", "AF", "AG", "AI", "AL", "AM", "AO", "AQ", "AR", "AS", "AT",
    "AU", "AW", "AX", "AZ", "BA", "BB", "BD", "BE", "BF", "BG", "BH", "BI",
    "BJ", "BL", "BM", "BN", "BO", "BQ", "BR", "BS", "BT", "BV", "BW", "BY",
    "BZ", "CA", "CC", "CD", "CF", "CG", "CH", "CI", "CK", "CL", "CM", "CN",
    "CO", "CR", "CU", "CV", "CW", "CX", "CY", "CZ", "DE", "DJ", "DK", "DM",
    "DO", "DZ", "EC", "EE", "EG", "EH", "ER", "ES", "ET", "FI", "FJ", "FK",
    "FM", "FO", "FR", "GA", "GB", "GD", "GE", "GF", "GG", "GH", "GI", "GL",
    "GM", "GN", "GP", "GQ", "GR", "GS", "GT", "GU", "GW", "GY", "HK", "HM",
    "HN", "HR", "HT", "HU", "ID", "IE", "IL", "IM", "IN", "IO", "IQ", "IR",
    "IS", "IT", "JE", "JM", "JO", "JP", "KE", "KG", "KH", "KI", "KM", "KN",
    "KP", "KR", "KW", "KY", "KZ", "LA", "LB", "LC", "LI", "LK", "LR", "LS",
    "LT", "LU", "LV", "LY", "MA", "MC", "MD", "ME", "MF", "MG", "MH", "MK",
    "ML", "MM", "MN", "MO", "MP", "MQ", "MR", "MS", "MT", "MU", "MV", "MW",
    "MX", "MY", "MZ", "NA", "NC", "NE", "NF", "NG", "NI", "NL", "NO", "NP",
    "NR", "NU", "NZ", "OM", "PA", "PE", "PF", "PG", "PH", "PK", "PL", "PM",
    "PN", "PR", "PS", "PT", "PW", "PY", "QA", "RE", "RO", "RS", "RU", "RW",
    "SA", "SB", "SC", "SD", "SE", "SG", "SH", "SI", "SJ", "SK", "SL", "SM",
    "SN", "SO", "SR", "SS", "ST", "SV", "SX", "SY", "SZ", "TC", "TD", "TF",
    "TG", "TH", "TJ", "TK", "TL", "TM", "TN", "TO", "TR", "TT", "TV", "TW",
    "TZ", "UA", "UG", "UM", "US", "UY", "UZ", "VA", "VC", "VE", "VG", "VI",
    "VN", "VU", "WF", "WS", "YE", "YT", "ZA", "ZM", "ZW",
];

#[rustfmt::skip]
const MEMBER_STATES: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR",
    "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO",
    "SE", "SI", "SK",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_without_repetition() {
        assert!(CODES.is_sorted_by(|one, next| one < next));
        assert!(MEMBER_STATES.is_sorted_by(|one, next| one < next));
        assert!(MEMBER_STATES.iter().all(|code| exists(code)));
    }

    #[test]
    fn countries_are_found() {
        assert!(exists(ITALY) && exists("SM") && exists("GB") && exists("ZW") && exists("AD"));
        assert!(!exists("it") && !exists("XX") && !exists("EU") && !exists("UK") && !exists(""));
    }

    #[test]
    fn the_union_has_its_members() {
        assert!(is_eu("IT") && is_eu("HR") && is_eu("GR"));
        assert!(!is_eu("GB") && !is_eu("CH") && !is_eu("SM") && !is_eu("XX"));
    }

    #[test]
    fn monaco_is_france_to_vat() {
        assert!(!is_eu("MC") && is_eu(vat_territory("MC")));
        assert!(all().iter().filter(|code| **code != "MC").all(|code| vat_territory(code) == *code));
    }

    #[test]
    fn greece_has_a_prefix_of_its_own() {
        assert_eq!(vat_prefix("GR"), Some("EL"));
        assert_eq!(vat_prefix("FR"), Some("FR"));
        assert_eq!(vat_prefix("CH"), None);
    }
}
