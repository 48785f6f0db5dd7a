//! How a sale to a customer is taxed: with Italian VAT, without any, or with VAT that the customer pays to the Treasury.
//! Each case names its article of D.P.R. 633/1972; which one a sale takes is to be confirmed by the tax adviser.

use chrono::NaiveDate;

use crate::customers::billing_profiles::rules::{BillingDetails, BillingKind, BillingProfile};
use crate::customers::billing_profiles::vat_check::VatNumberCheck;
use crate::italy::countries;
use crate::italy::vat::{Exigibility, Natura};
use crate::platform::clock::Time;
use crate::platform::config::{Config, EuConsumers};

/// What the configuration says of VAT.
#[derive(Debug, Clone, Copy)]
pub struct TaxRules {
    /// The last day of split payment; none while it goes on. The Council's permission is dated: Implementing Decision (EU)
    /// 2023/1552 gave it until 30 June 2026. To be confirmed by the adviser whether it goes on, and until when.
    pub split_payment_until: Option<NaiveDate>,
    /// Days for which an answer of VIES counts.
    pub vat_check_days: i64,
    /// What becomes of consumers in other states of the EU.
    pub eu_consumers: EuConsumers,
}

impl TaxRules {
    /// The rules that a configuration asks for.
    pub fn of(config: &Config) -> Self {
        Self {
            split_payment_until: config.split_payment_until,
            vat_check_days: i64::from(config.vat_check_days),
            eu_consumers: config.eu_consumers,
        }
    }

    fn has_split_payment(&self, day: NaiveDate) -> bool {
        self.split_payment_until.is_none_or(|last| day <= last)
    }

    /// Whether a customer cannot be sold to: a consumer in another state of the EU once our sales to all of them have
    /// passed the threshold, whose VAT would be that state's (art. 7-octies, with the one-stop shop).
    pub fn refuses(&self, details: &BillingDetails) -> bool {
        let is_elsewhere_in_the_eu = details.kind == BillingKind::Foreign && is_in_the_eu(details);
        self.eu_consumers == EuConsumers::Refused && is_elsewhere_in_the_eu && details.is_consumer()
    }
}

/// How a sale is taxed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaleTreatment {
    /// Why it bears no VAT; none where the plan's own rate applies.
    pub natura: Option<Natura>,
    /// Who pays the VAT to the Treasury.
    pub exigibility: Exigibility,
}

impl SaleTreatment {
    /// Italian VAT at the plan's rate, paid with the price.
    pub const ORDINARY: Self = Self { natura: None, exigibility: Exigibility::Immediate };

    /// No Italian VAT: a service to a business of another state is taxed there (art. 7-ter).
    const TAXED_ABROAD: Self = Self { natura: Some(Natura::N2_1), exigibility: Exigibility::Immediate };

    /// VAT that a public body keeps back and pays to the Treasury itself (art. 17-ter).
    const SPLIT_PAYMENT: Self = Self { natura: None, exigibility: Exigibility::SplitPayment };

    /// How a sale to a profile is taxed now; to a customer yet unknown, in the ordinary way.
    pub fn of(profile: Option<&BillingProfile>, now: Time, rules: &TaxRules) -> Self {
        profile.map_or(Self::ORDINARY, |profile| {
            treatment_of(&profile.details, profile.vat_number_check.as_ref(), now, rules)
        })
    }
}

/// How a sale to a customer is taxed, by their details and what VIES says of their VAT number.
///
/// Whoever is in Italy pays Italian VAT. Of those abroad, a business is taxed at home (art. 7-ter), if that it is one is
/// known: within the EU by a number that VIES confirms (Implementing Regulation (EU) 282/2011, art. 18(1)), outside it by
/// the number that its own state gave it (art. 18(3)), which must be confirmed too where VIES can. Everybody else abroad
/// pays Italian VAT: businesses that nothing proves, and consumers, within the EU below the yearly threshold (art.
/// 7-octies(2)). To be confirmed by the adviser: that a foreign number which nobody can check is enough, and that
/// consumers outside the EU pay Italian VAT although art. 7-octies(1) may leave them out of it.
pub fn treatment_of(
    details: &BillingDetails,
    check: Option<&VatNumberCheck>,
    now: Time,
    rules: &TaxRules,
) -> SaleTreatment {
    match details.kind {
        BillingKind::PublicBody if rules.has_split_payment(now.italian_date()) => SaleTreatment::SPLIT_PAYMENT,
        BillingKind::Foreign if is_known_business(details, check, now, rules) => SaleTreatment::TAXED_ABROAD,
        _ => SaleTreatment::ORDINARY,
    }
}

/// Whether a customer is in the EU's VAT territory.
fn is_in_the_eu(details: &BillingDetails) -> bool {
    countries::is_eu(countries::vat_territory(&details.address.country))
}

fn is_known_business(details: &BillingDetails, check: Option<&VatNumberCheck>, now: Time, rules: &TaxRules) -> bool {
    let is_confirmed = check.is_some_and(|check| check.confirms(now, rules.vat_check_days));
    let is_abroad = !details.address.is_italian();
    let can_be_checked = details.vies_number().is_some() || is_in_the_eu(details);
    is_abroad && details.vat_number.is_some() && (is_confirmed || (!can_be_checked && details.business_name.is_some()))
}

/// Whether the VAT number of a profile is one that VIES could confirm and has not, or not lately.
pub fn is_unverified(profile: &BillingProfile, now: Time, rules: &TaxRules) -> bool {
    profile.vat_number_check.as_ref().is_some_and(|check| !check.confirms(now, rules.vat_check_days))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::customers::address::Address;
    use crate::customers::billing_profiles::vat_check::VatCheckStatus;
    use crate::platform::clock::Clock;

    fn details(kind: BillingKind, country: &str, business: bool, vat_number: Option<&str>) -> BillingDetails {
        let address = serde_json::json!({ "street": "1", "postal_code": "1", "municipality": "X", "country": country });
        BillingDetails {
            kind,
            first_name: (!business).then(|| "A".to_owned()),
            last_name: (!business).then(|| "B".to_owned()),
            business_name: business.then(|| "C".to_owned()),
            codice_fiscale: None,
            partita_iva: None,
            vat_number: vat_number.map(str::to_owned),
            codice_destinatario: None,
            pec: None,
            address: serde_json::from_value::<Address>(address).unwrap(),
        }
    }

    fn rules() -> TaxRules {
        TaxRules { split_payment_until: None, vat_check_days: 30, eu_consumers: EuConsumers::ItalianVat }
    }

    fn check(status: VatCheckStatus, checked_at: Time) -> VatNumberCheck {
        VatNumberCheck { status, checked_at: Some(checked_at), consultation_number: None }
    }

    #[test]
    fn each_customer_is_taxed_by_their_article() {
        let now = Clock::default().now();
        let valid = check(VatCheckStatus::Valid, now);
        let foreign = |country, business, number| details(BillingKind::Foreign, country, business, number);
        let is_untaxed = |details: &BillingDetails, check: Option<&VatNumberCheck>| {
            treatment_of(details, check, now, &rules()).natura == Some(Natura::N2_1)
        };
        let german = foreign("DE", true, Some("DE123456789"));
        assert!(is_untaxed(&german, Some(&valid)));
        for status in [VatCheckStatus::Unchecked, VatCheckStatus::Invalid, VatCheckStatus::Unavailable] {
            assert!(!is_untaxed(&german, Some(&check(status, now))));
        }
        assert!(!is_untaxed(&german, None));
        assert!(!is_untaxed(&german, Some(&check(VatCheckStatus::Valid, now.plus_seconds(-30 * 24 * 3600)))));
        assert!(!is_untaxed(&foreign("FR", false, None), None), "a consumer in the EU");
        assert!(is_untaxed(&foreign("CH", true, Some("CHE123456789")), None));
        assert!(!is_untaxed(&foreign("CH", true, None), None), "a business that nothing proves");
        assert!(!is_untaxed(&foreign("CH", false, None), None), "a consumer outside the EU");
        let northern_irish = foreign("GB", true, Some("XI123456789"));
        assert!(!is_untaxed(&northern_irish, None) && is_untaxed(&northern_irish, Some(&valid)));
        assert!(is_untaxed(&foreign("GB", true, Some("GB123456789")), None));
    }

    #[test]
    fn split_payment_ends_with_its_permission() {
        let now = Clock::default().now();
        let body = details(BillingKind::PublicBody, "IT", true, None);
        let exigibility =
            |until| treatment_of(&body, None, now, &TaxRules { split_payment_until: until, ..rules() }).exigibility;
        let today = now.italian_date();
        assert_eq!(exigibility(None), Exigibility::SplitPayment);
        assert_eq!(exigibility(Some(today)), Exigibility::SplitPayment);
        assert_eq!(exigibility(today.pred_opt()), Exigibility::Immediate);
    }

    #[test]
    fn consumers_elsewhere_in_the_eu_are_refused_above_the_threshold_alone() {
        let refused = TaxRules { eu_consumers: EuConsumers::Refused, ..rules() };
        let french = details(BillingKind::Foreign, "FR", false, None);
        assert!(refused.refuses(&french) && !rules().refuses(&french));
        assert!(!refused.refuses(&details(BillingKind::Foreign, "FR", true, Some("FR12345678901"))));
        assert!(!refused.refuses(&details(BillingKind::Foreign, "CH", false, None)));
        assert!(!refused.refuses(&details(BillingKind::Person, "IT", false, None)));
    }

    proptest! {
        /// Nobody in Italy and nobody whom nothing proves goes untaxed, within the EU only VIES proves anything, and
        /// split payment is for public bodies alone and never without VAT.
        #[test]
        fn no_vat_without_proof(
            kind in prop::sample::select(BillingKind::ALL.to_vec()),
            country in prop::sample::select(vec!["IT", "DE", "GR", "FR", "CH", "GB", "US", "MC"]),
            business in any::<bool>(),
            number in prop::option::of(prop::sample::select(vec!["DE123456789", "EL123456789", "XI123456789", "FR12345678901", "CHE1", "1"])),
            status in prop::option::of(prop::sample::select(VatCheckStatus::ALL.to_vec())),
            age_days in 0_i64..60,
            until_days in prop::option::of(-10_i64..10),
        ) {
            let now = Clock::default().now();
            let details = details(kind, country, business, number);
            let check = status.map(|status| check(status, now.plus_seconds(-age_days * 24 * 3600)));
            let split_payment_until = until_days.map(|days| now.plus_seconds(days * 24 * 3600).italian_date());
            let treatment = treatment_of(&details, check.as_ref(), now, &TaxRules { split_payment_until, ..rules() });
            if treatment.natura.is_some() {
                prop_assert_eq!(kind, BillingKind::Foreign);
                prop_assert!(country != "IT" && number.is_some());
                if countries::is_eu(countries::vat_territory(country)) {
                    prop_assert!(status == Some(VatCheckStatus::Valid) && age_days < 30);
                }
                prop_assert_eq!(treatment.exigibility, Exigibility::Immediate);
            }
            let is_split = treatment.exigibility == Exigibility::SplitPayment;
            prop_assert_eq!(is_split, kind == BillingKind::PublicBody && until_days.is_none_or(|days| days >= 0));
        }
    }
}
