//! Whatever is sold to whomever, no document that SdI would send back; and one that was tampered with is caught.

use chrono::NaiveDate;
use proptest::prelude::*;

use super::credit::credit_note;
use super::document::{Document, Format, PartyName};
use super::fattura::fattura;
use super::rules::{Invoice, InvoiceContent, InvoiceId, InvoiceKind, InvoiceNumber};
use super::sdi_checks::violations;
use crate::customers::accounts::rules::AccountId;
use crate::customers::address::Address;
use crate::customers::billing_profiles::rules::{BillingDetails, BillingKind};
use crate::italy::iban::Iban;
use crate::italy::vat::{Exigibility, Line, Natura, Rate, Treatment, price};
use crate::platform::clock::Time;
use crate::platform::locale::{Locale, Localized};
use crate::shop::orders::rules::{Order, OrderCustomer, OrderId, OrderLine, OrderSnapshot, OrderStatus, OrderTotals};
use crate::shop::payments::rules::PaymentMethod;
use crate::shop::plans::rules::{Features, PlanId};
use crate::shop::provider::{DEMO_IBAN, Provider, Seller};

fn address(country: &str) -> Address {
    let is_italian = country == "IT";
    Address {
        street: "Straße des 17. Juni 135 “Łódź” – scala B, interno dodici, citofono Rossi & Figli".into(),
        postal_code: if is_italian { "20121".into() } else { "SW1A 1AA".into() },
        municipality: "Milano".into(),
        province: is_italian.then(|| "MI".into()),
        country: country.into(),
    }
}

/// A profile as [`BillingDetails::checked`] leaves it.
fn buyer(kind: BillingKind) -> BillingDetails {
    let some = |text: &str| Some(text.to_owned());
    let empty = BillingDetails {
        kind,
        first_name: None,
        last_name: None,
        business_name: None,
        codice_fiscale: None,
        partita_iva: None,
        vat_number: None,
        codice_destinatario: None,
        pec: None,
        address: address(if kind == BillingKind::Foreign { "IE" } else { "IT" }),
    };
    let (first_name, last_name) = (some("Mario"), some("Rossi"));
    let details = match kind {
        BillingKind::Person => {
            BillingDetails { first_name, last_name, codice_fiscale: some("RSSMRA85T10A562S"), ..empty }
        }
        BillingKind::Professional => BillingDetails {
            first_name,
            last_name,
            codice_fiscale: some("RSSMRA85T10A562S"),
            partita_iva: some("12485671007"),
            pec: some("rossi@pec.example.com"),
            ..empty
        },
        BillingKind::Company => BillingDetails {
            business_name: some("Perù & Città “Łódź” S.p.A."),
            partita_iva: some("12485671007"),
            codice_destinatario: some("ABC1234"),
            pec: some("peru@pec.example.com"),
            ..empty
        },
        BillingKind::PublicBody => BillingDetails {
            business_name: some("Comune di Prova"),
            codice_fiscale: some("00743110157"),
            codice_destinatario: some("UFABCD"),
            ..empty
        },
        BillingKind::Association => {
            BillingDetails { business_name: some("Circolo <Prova>"), codice_fiscale: some("00743110157"), ..empty }
        }
        BillingKind::Foreign => {
            BillingDetails { business_name: some("Ελλάδα Ltd"), vat_number: some("IE1234567FA"), ..empty }
        }
    };
    details.checked().unwrap()
}

fn seller() -> Seller {
    Seller { provider: Provider::demo().unwrap(), iban: Iban::parse(DEMO_IBAN).unwrap() }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// An order as the shop prices it: unit price, quantity and treatment of each line, and a discount.
fn order(buyer: BillingDetails, lines: &[(i64, i32, Treatment)], discount: i64) -> Order {
    let asked: Vec<Line> = lines
        .iter()
        .map(|(unit, quantity, treatment)| Line { net: unit * i64::from(*quantity), treatment: *treatment })
        .collect();
    let priced = price(&asked, discount).unwrap();
    let exigibility =
        if buyer.kind == BillingKind::PublicBody { Exigibility::SplitPayment } else { Exigibility::Immediate };
    let due_cents = priced.due(exigibility).unwrap();
    let order_lines = lines.iter().zip(&priced.lines).map(|((unit, quantity, treatment), line)| OrderLine {
        plan_id: PlanId::new(),
        slug: "plan".into(),
        product: "product".into(),
        name: Localized::fixed("Fatturazione – canone “annuale”", "Invoicing"),
        description: Localized::fixed("", ""),
        features: Features::modest(),
        quantity: *quantity,
        unit_net_cents: *unit,
        price_version: 1,
        net_cents: line.net,
        discount_cents: line.discount,
        vat_rate_basis_points: i32::from(treatment.rate().basis_points()),
        natura: treatment.natura(),
        vat_cents: line.vat,
    });
    let placed_at: Time = Time("2026-11-24T09:30:00Z".parse().unwrap());
    Order {
        id: OrderId::new(),
        number: "2026-000001".into(),
        account_id: AccountId::new(),
        status: OrderStatus::Confirmed,
        totals: OrderTotals {
            net_cents: priced.net,
            discount_cents: priced.discount,
            vat_cents: priced.vat,
            gross_cents: priced.gross,
            due_cents,
        },
        snapshot: OrderSnapshot {
            customer: OrderCustomer {
                email: "mario@example.com".into(),
                first_name: "Mario".into(),
                last_name: "Rossi".into(),
                locale: Locale::Italian,
            },
            billing: buyer,
            lines: order_lines.collect(),
            exigibility,
            vat_number_check: None,
            coupon: None,
        },
        placed_at,
        confirmed_at: Some(placed_at),
        expires_at: None,
        review: None,
    }
}

fn issued(kind: InvoiceKind, content: InvoiceContent) -> Invoice {
    Invoice {
        id: InvoiceId::new(),
        order_id: OrderId::new(),
        kind,
        refund_id: None,
        number: InvoiceNumber { year: 2026, position: 7 },
        transmission: 7,
        issued_on: day("2026-11-24"),
        content,
    }
}

fn invoice(order: &Order) -> Invoice {
    let content = InvoiceContent::of_order(order, &seller(), PaymentMethod::BankTransfer, day("2026-11-24")).unwrap();
    issued(InvoiceKind::Invoice, content)
}

fn codes(document: &Document) -> Vec<&'static str> {
    violations(document).into_iter().map(|violation| violation.code).collect()
}

fn xml(invoice: &Invoice) -> String {
    fattura(invoice).unwrap()
}

fn kind() -> impl Strategy<Value = BillingKind> {
    proptest::sample::select(BillingKind::ALL.to_vec())
}

fn treatment() -> impl Strategy<Value = Treatment> {
    let rates = Rate::IN_FORCE.map(|rate| Treatment::new(rate, None).unwrap());
    let natures = Natura::ALL.into_iter().map(Treatment::untaxed);
    proptest::sample::select(rates.into_iter().chain(natures).collect::<Vec<_>>())
}

/// What is sold to whom.
#[derive(Debug, Clone)]
struct Sale {
    kind: BillingKind,
    lines: Vec<(i64, i32, Treatment)>,
    discount: i64,
}

impl Sale {
    fn order(&self) -> Order {
        order(buyer(self.kind), &self.lines, self.discount)
    }
}

fn any_sale() -> impl Strategy<Value = Sale> {
    let line = (0_i64..300_000, 1_i32..=100, treatment());
    (kind(), proptest::collection::vec(line, 1..6), 0_i64..=1_000).prop_map(|(kind, mut lines, per_mille)| {
        if kind == BillingKind::PublicBody {
            lines.retain(|line| !line.2.natura().is_some_and(Natura::is_domestic_reverse_charge));
            lines.push((5_900, 3, Treatment::ORDINARY));
        }
        let net: i64 = lines.iter().map(|line| line.0 * i64::from(line.1)).sum();
        Sale { kind, lines, discount: net * per_mille / 1_000 }
    })
}

proptest! {
    #[test]
    fn no_order_makes_an_invoice_that_would_be_sent_back(sale in any_sale()) {
        let order = sale.order();
        let invoice = invoice(&order);
        prop_assert_eq!(codes(&Document::of(&invoice)), Vec::<&str>::new());
        prop_assert_eq!(invoice.content.total_cents(), order.totals.gross_cents);
        prop_assert_eq!(invoice.content.payable_cents(), order.totals.due_cents);
        prop_assert_eq!(fattura(&invoice).unwrap(), fattura(&invoice).unwrap());
    }

    /// A document is checked before it has its number and its last date: neither matters to the checks.
    #[test]
    fn number_and_later_date_change_no_verdict(
        sale in any_sale(), wrong_channel in any::<bool>(), refund in 1_i64..100_000,
        position in 1_i64..10_i64.pow(12), transmission in 1_i64..36_i64.pow(10), days in 0_u64..366,
    ) {
        let mut bought = sale.order();
        if wrong_channel {
            bought.snapshot.billing.codice_destinatario = Some("SHORT".to_owned());
        }
        let invoice = invoice(&bought);
        let note = credit_note(&invoice, &[], refund).map(|note| issued(InvoiceKind::CreditNote, note));
        for draft in [Some(invoice), note].into_iter().flatten() {
            let verdict = codes(&Document::of(&draft));
            let number = InvoiceNumber { position, ..draft.number };
            let issued_on = draft.issued_on + chrono::Days::new(days);
            let numbered = Invoice { number, transmission, issued_on, ..draft };
            prop_assert_eq!(codes(&Document::of(&numbered)), verdict);
        }
    }

    /// However the money goes back, each note passes, none gives more than was paid, and the last lands on the invoice.
    #[test]
    fn credit_notes_sum_to_their_refunds_and_to_the_invoice(
        sale in any_sale(), cuts in proptest::collection::vec(1_u32..=100, 0..8), tiny in any::<bool>(),
    ) {
        let order = sale.order();
        let invoice = invoice(&order);
        let mut notes: Vec<InvoiceContent> = Vec::new();
        let paid = order.totals.due_cents;
        let mut given = 0;
        for cut in &cuts {
            let refund = if tiny { i64::from(*cut) } else { (paid - given) * i64::from(*cut) / 101 };
            let expected = refund.min(paid - given);
            let Some(note) = credit_note(&invoice, &notes, refund) else {
                prop_assert!(expected <= 0);
                continue;
            };
            prop_assert_eq!(note.payable_cents(), expected);
            let document = Document::of(&issued(InvoiceKind::CreditNote, note.clone()));
            prop_assert_eq!(codes(&document), Vec::<&str>::new());
            given += expected;
            notes.push(note);
        }
        // More than is left corrects only what is left.
        if let Some(last) = credit_note(&invoice, &notes, paid - given + 1_000) {
            prop_assert_eq!(last.payable_cents(), paid - given);
            let document = Document::of(&issued(InvoiceKind::CreditNote, last.clone()));
            prop_assert_eq!(codes(&document), Vec::<&str>::new());
            notes.push(last);
        }
        prop_assert!(credit_note(&invoice, &notes, 1_000).is_none());
        for group in invoice.content.groups.iter().filter(|group| group.base_cents > 0) {
            let noted: Vec<_> = notes.iter().flat_map(|note| &note.groups).filter(|noted| (noted.rate, noted.natura) == (group.rate, group.natura)).collect();
            prop_assert_eq!(noted.iter().map(|noted| noted.base_cents).sum::<i64>(), group.base_cents);
            prop_assert_eq!(noted.iter().map(|noted| noted.vat_cents).sum::<i64>(), group.vat_cents);
        }
    }

    /// Whatever a customer is called, the document fits the schema and reads back.
    #[test]
    fn any_name_fits(name in "\\PC{1,80}", street in "\\PC{1,120}", code in "\\PC{1,16}") {
        let mut foreign = buyer(BillingKind::Foreign);
        foreign.business_name = Some(name);
        foreign.address.street = street;
        foreign.address.postal_code = code;
        let invoice = invoice(&order(foreign, &[(5_900, 1, Treatment::ORDINARY)], 0));
        let document = Document::of(&invoice);
        prop_assert_eq!(codes(&document), Vec::<&str>::new());
        let text = xml(&invoice);
        let mut reader = quick_xml::Reader::from_str(&text);
        loop {
            match reader.read_event() {
                Ok(quick_xml::events::Event::Eof) => break,
                Ok(_) => {}
                Err(error) => return Err(TestCaseError::fail(error.to_string())),
            }
        }
    }
}

/// The code that SdI refuses with, a document, and what is done to it.
type Tampering<'a> = (&'a str, &'a Document, &'a dyn Fn(&mut Document));

#[test]
fn what_was_tampered_with_is_caught_by_its_code() {
    let mixed = [(5_900, 2, Treatment::ORDINARY), (10_000, 1, Treatment::untaxed(Natura::N4))];
    let good = Document::of(&invoice(&order(buyer(BillingKind::Company), &mixed, 1_000)));
    assert_eq!(codes(&good), Vec::<&str>::new());
    let public = Document::of(&invoice(&order(buyer(BillingKind::PublicBody), &mixed, 0)));
    let tampered = |document: &Document, tamper: &dyn Fn(&mut Document)| {
        let mut document = document.clone();
        tamper(&mut document);
        codes(&document)
    };
    let cases: [Tampering<'_>; 20] = [
        ("00200", &good, &|it| it.buyer.name = PartyName::Business("Łódź".into())),
        ("00313", &good, &|it| it.recipient_code = "XXXXXXX".into()),
        ("00400", &good, &|it| it.lines[1].natura = None),
        ("00401", &good, &|it| it.lines[0].natura = Some(Natura::N4)),
        ("00417", &good, &|it| it.buyer.vat_id = None),
        ("00418", &good, &|it| {
            it.corrects = Some(super::rules::CorrectedInvoice { number: "1".into(), issued_on: day("2026-11-25") });
        }),
        ("00419", &good, &|it| it.lines[0].rate = Rate::new(1_000).unwrap()),
        ("00420", &public, &|it| it.groups[0].natura = Some(Natura::N6_9)),
        ("00421", &good, &|it| it.groups[1].vat_cents += 2),
        ("00422", &good, &|it| it.groups[1].base_cents += 100),
        ("00423", &good, &|it| it.lines[0].total_cents += 2),
        ("00424", &good, &|it| it.lines[0].rate = Rate::new(22).unwrap()),
        ("00424", &good, &|it| it.groups[1].rate = Rate::new(99).unwrap()),
        ("00425", &good, &|it| it.number = "FE".into()),
        ("00426", &good, &|it| it.recipient_pec = Some("a@pec.example.com".into())),
        ("00427", &good, &|it| it.format = Format::PublicBody),
        ("00427", &public, &|it| it.recipient_code = "0000000".into()),
        ("00429", &good, &|it| it.groups[0].natura = None),
        ("00430", &good, &|it| it.groups[1].natura = Some(Natura::N4)),
        ("00443", &good, &|it| it.lines[1].natura = Some(Natura::N1)),
    ];
    for (code, document, tamper) in cases {
        let caught = tampered(document, tamper);
        assert!(caught.contains(&code), "{code}: {caught:?}");
    }
    let foreign_natura = |it: &mut Document| it.groups[0].natura = Some(Natura::N1);
    assert!(tampered(&good, &foreign_natura).contains(&"00444"));
}

#[test]
fn a_cent_is_tolerated_and_two_are_not() {
    let good = Document::of(&invoice(&order(buyer(BillingKind::Person), &[(5_900, 3, Treatment::ORDINARY)], 1_000)));
    let mut off = good.clone();
    off.groups[0].vat_cents += 1;
    off.lines[0].total_cents += 1;
    off.groups[0].base_cents += 1;
    assert_eq!(codes(&off), Vec::<&str>::new());
    off.groups[0].vat_cents += 1;
    assert_eq!(codes(&off), ["00421"]);
}

#[test]
fn a_discount_is_taken_off_the_unit_price() {
    let written = xml(&invoice(&order(buyer(BillingKind::Person), &[(5_900, 3, Treatment::ORDINARY)], 1_000)));
    assert!(written.contains("<Quantita>3.00</Quantita>"), "{written}");
    assert!(written.contains("<PrezzoUnitario>59.00</PrezzoUnitario>"), "{written}");
    assert!(written.contains("<Importo>3.33333333</Importo>"), "{written}");
    assert!(written.contains("<PrezzoTotale>167.00</PrezzoTotale>"), "{written}");
    assert!(written.contains("<ImportoTotaleDocumento>203.74</ImportoTotaleDocumento>"), "{written}");
}

#[test]
fn each_kind_of_customer_is_written_as_sdi_wants_it() {
    let of = |kind| xml(&invoice(&order(buyer(kind), &[(5_900, 1, Treatment::ORDINARY)], 0)));
    let holds = |text: &str, parts: &[&str]| {
        for part in parts {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    };
    let person = of(BillingKind::Person);
    holds(&person, &["versione=\"FPR12\"", "<CodiceDestinatario>0000000<", "<Nome>Mario<", "<Cognome>Rossi<"]);
    assert!(!person.contains("PECDestinatario"), "{person}");
    holds(&of(BillingKind::Professional), &["<PECDestinatario>rossi@pec.example.com<", "<IdCodice>12485671007<"]);
    let company = of(BillingKind::Company);
    holds(&company, &["<CodiceDestinatario>ABC1234<", "<Denominazione>Perù &amp; Città &quot;Lódz"]);
    assert!(!company.contains("PECDestinatario"), "{company}");
    let public = of(BillingKind::PublicBody);
    holds(&public, &["versione=\"FPA12\"", "<EsigibilitaIVA>S<", "<ImportoPagamento>59.00<", "art. 17-ter"]);
    holds(&of(BillingKind::Association), &["<CodiceFiscale>00743110157<", "Circolo &lt;Prova&gt;"]);
    let foreign = of(BillingKind::Foreign);
    holds(
        &foreign,
        &["<CodiceDestinatario>XXXXXXX<", "<IdPaese>IE<", "<IdCodice>1234567FA<", "<CAP>00000<", ", SW1A 1AA<"],
    );
    assert!(!foreign.contains("Provincia>MI"), "{foreign}");
}

#[test]
fn what_bears_no_vat_says_why_and_bears_stamp_duty() {
    let untaxed =
        |cents| xml(&invoice(&order(buyer(BillingKind::Foreign), &[(cents, 1, Treatment::untaxed(Natura::N2_1))], 0)));
    let large = untaxed(7_748);
    assert!(large.contains("<BolloVirtuale>SI</BolloVirtuale>") && large.contains("<ImportoBollo>2.00<"), "{large}");
    assert!(large.contains("<Natura>N2.1<") && large.contains("Inversione contabile, art. 7-ter"), "{large}");
    assert!(!untaxed(7_747).contains("DatiBollo"));
}

/// Monaco is France's territory where VAT is at stake, and its businesses have French numbers (Directive 2006/112/EC, art.
/// 7(1)).
#[test]
fn a_business_of_monaco_is_invoiced_as_one_of_france() {
    let mut monegasque = buyer(BillingKind::Foreign);
    monegasque.business_name = Some("Rocher S.A.M.".to_owned());
    monegasque.vat_number = Some("FR40303265045".to_owned());
    monegasque.address.country = "MC".to_owned();
    let written = xml(&invoice(&order(monegasque, &[(5_900, 1, Treatment::untaxed(Natura::N2_1))], 0)));
    for part in ["<IdPaese>FR<", "<IdCodice>40303265045<", "<Nazione>MC<", "Inversione contabile, art. 7-ter"] {
        assert!(written.contains(part), "{part} is not in {written}");
    }
}

#[test]
fn a_credit_note_names_its_invoice() {
    let invoice = invoice(&order(buyer(BillingKind::Company), &[(5_900, 2, Treatment::ORDINARY)], 0));
    let whole = credit_note(&invoice, &[], 14_396).unwrap();
    assert_eq!((&whole.lines, &whole.groups), (&invoice.content.lines, &invoice.content.groups));
    let written = xml(&issued(InvoiceKind::CreditNote, whole));
    for part in ["<TipoDocumento>TD04<", "<IdDocumento>FE-2026-000007<", "<PrezzoTotale>118.00<"] {
        assert!(written.contains(part), "{part} is not in {written}");
    }
    assert!(!written.contains("DatiPagamento"), "{written}");
    let part = credit_note(&invoice, &[], 1_000).unwrap();
    assert_eq!((part.groups[0].base_cents, part.groups[0].vat_cents), (820, 180));
}

/// What a program writes today it writes tomorrow; whoever changes it on purpose sees here what customers will get.
#[test]
fn what_is_written_stays_as_it_is() {
    let lines = [(5_900, 3, Treatment::ORDINARY), (12_900, 1, Treatment::ORDINARY)];
    let invoice = invoice(&order(buyer(BillingKind::Company), &lines, 1_000));
    insta::assert_snapshot!("invoice", xml(&invoice));
    let part = credit_note(&invoice, &[], 10_000).unwrap();
    insta::assert_snapshot!("credit_note", xml(&issued(InvoiceKind::CreditNote, part)));
}
