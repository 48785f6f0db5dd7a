use proptest::prelude::*;

use super::*;
use crate::customers::address::Address;
use crate::customers::billing_profiles::rules::BillingDetails;
use crate::customers::billing_profiles::vat_check::{VatCheckStatus, VatNumberCheck};
use crate::italy::vat::{Exigibility, Rate, group_vat};
use crate::platform::clock::Clock;
use crate::platform::config::EuConsumers;
use crate::platform::locale::Localized;
use crate::shop::coupons::rules::{Campaign, Discount};
use crate::shop::orders::rules::vat_groups;
use crate::shop::plans::rules::{Audience, Features};

fn cart(now: Time) -> Cart {
    Cart {
        id: CartId::new(),
        token_hash: Vec::new(),
        account_id: None,
        status: CartStatus::Open,
        coupon_code_id: None,
        billing_profile_id: None,
        payment_method: None,
        merged_into: None,
        version: 1,
        created_at: now,
        expires_at: now.plus_seconds(CART_LIFETIME),
    }
}

fn item(plan_id: PlanId, quantity: i32, seen_cents: i64) -> CartItem {
    let seen = SeenPrice { version: 1, net_cents: seen_cents, vat_rate_basis_points: 2200 };
    CartItem { id: CartItemId::new(), plan_id, quantity, seen }
}

fn plan(id: PlanId, net_cents: i64, vat_rate_basis_points: i32) -> Plan {
    Plan {
        id,
        slug: "plan".to_owned(),
        product: "product".to_owned(),
        audience: Audience::SingleCompany,
        name: Localized::fixed("Piano", "Plan"),
        summary: Localized::fixed("", ""),
        description: Localized::fixed("", ""),
        features: Features::modest(),
        net_cents,
        vat_rate_basis_points,
        price_version: 2,
    }
}

fn profile(kind: BillingKind, check: Option<VatCheckStatus>, now: Time) -> BillingProfile {
    let country = if kind == BillingKind::Foreign { "DE" } else { "IT" };
    let address = serde_json::json!({ "street": "1", "postal_code": "1", "municipality": "X", "country": country });
    let details = BillingDetails {
        kind,
        first_name: None,
        last_name: None,
        business_name: Some("X".to_owned()),
        codice_fiscale: None,
        partita_iva: None,
        vat_number: (kind == BillingKind::Foreign).then(|| "DE123456789".to_owned()),
        codice_destinatario: None,
        pec: None,
        address: serde_json::from_value::<Address>(address).unwrap(),
    };
    let vat_number_check =
        check.map(|status| VatNumberCheck { status, checked_at: Some(now), consultation_number: None });
    BillingProfile {
        id: BillingProfileId::new(),
        details,
        vat_number_check,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

fn coupon(discount: Discount) -> Coupon {
    let campaign = Campaign::unlimited("test", discount);
    Coupon { code_id: CouponCodeId::new(), code: "X".to_owned(), max_uses: None, used: 0, active: true, campaign }
}

fn rules() -> TaxRules {
    TaxRules { split_payment_until: None, vat_check_days: 30, eu_consumers: EuConsumers::ItalianVat }
}

#[test]
fn a_merged_cart_says_where_it_went_and_keeps_the_lower_price() {
    let now = Clock::default().now();
    let plan = PlanId::new();
    let (claimed, older) = (cart(now), cart(now));
    let merged = merge((&claimed, &[item(plan, 1, 900)]), (&older, &[item(plan, 2, 800)])).unwrap();
    assert_eq!((merged.lines.len(), merged.lines[0].quantity, merged.lines[0].seen.net_cents), (1, 3, 800));
    assert_eq!((merged.ended.status, merged.ended.merged_into), (CartStatus::Merged, Some(claimed.id)));
    let refusal = merged.ended.require_open(now).unwrap_err();
    assert_eq!(refusal.members["merged_into"], claimed.id.to_string());
    assert_eq!(merge((&claimed, &[item(plan, 60, 900)]), (&older, &[item(plan, 41, 900)])), None);
}

#[test]
fn lines_of_the_same_plan_are_one() {
    let (one, other) = (PlanId::new(), PlanId::new());
    let line = |plan_id, quantity, seen| CartLine::from(&item(plan_id, quantity, seen));
    let lines = [line(one, 60, 900), line(other, 1, 100), line(one, 40, 800)];
    assert_eq!(gathered(lines), Some(vec![line(one, 100, 800), line(other, 1, 100)]));
    assert_eq!(gathered([line(one, 100, 900), line(one, 1, 900)]), None);
    assert_eq!(gathered([line(one, i32::MAX, 900), line(one, 1, 900)]), None);
    let different = |count: usize| (0..count).map(|_| line(PlanId::new(), 1, 900)).collect::<Vec<_>>();
    assert_eq!(gathered(different(MAX_ITEMS)).map(|lines| lines.len()), Some(MAX_ITEMS));
    assert_eq!(gathered(different(MAX_ITEMS + 1)), None);
}

#[test]
fn an_open_cart_expires_the_moment_its_time_is_over() {
    let now = Clock::default().now();
    let cart = cart(now);
    assert_eq!(cart.status_at(cart.expires_at.plus_seconds(-1)), CartStatus::Open);
    assert_eq!(cart.status_at(cart.expires_at), CartStatus::Expired);
    assert_eq!(Cart { status: CartStatus::Ordered, ..cart.clone() }.status_at(cart.expires_at), CartStatus::Ordered);
}

#[test]
fn nobody_pays_what_they_were_not_shown() {
    let summary = |gross_cents, due_cents, seen_gross, seen_due| {
        let totals = |gross_cents, due_cents| OrderTotals {
            net_cents: 0,
            discount_cents: 0,
            vat_cents: 0,
            gross_cents,
            due_cents,
        };
        let priced =
            Priced { totals: totals(gross_cents, due_cents), exigibility: Exigibility::Immediate, lines: Vec::new() };
        CartSummary {
            priced,
            missing: Vec::new(),
            warnings: Vec::new(),
            coupon_applies: false,
            coupon_refusal: None,
            seen: totals(seen_gross, seen_due),
        }
    };
    let shown = |gross_cents, due_cents| ShownTotals { gross_cents, due_cents };
    // Split payment ended: the gross is as it was, and all of it is due.
    let ended = summary(122, 122, 122, 122);
    assert!(ended.is_as_shown(shown(Some(122), None)), "the gross alone says nothing of it");
    assert!(!ended.is_as_shown(shown(Some(122), Some(100))) && !ended.is_as_shown(shown(None, Some(100))));
    assert!(ended.is_as_shown(shown(Some(122), Some(122))) && ended.is_as_shown(shown(None, Some(122))));
    assert!(!ended.is_as_shown(shown(Some(121), Some(122))) && !ended.is_as_shown(shown(Some(123), None)));
    // Where something is due it can be paid in every way that the shop takes.
    assert_eq!(ended.ways_to_pay(PaymentMethod::ALL.to_vec()), PaymentMethod::ALL);
    assert_eq!(summary(22, 0, 22, 0).ways_to_pay(PaymentMethod::ALL.to_vec()), []);
    // Naming neither, a rise of either is refused, and a fall is taken.
    assert!(summary(122, 100, 122, 100).is_as_shown(shown(None, None)));
    assert!(summary(121, 99, 122, 100).is_as_shown(shown(None, None)));
    assert!(!summary(123, 100, 122, 100).is_as_shown(shown(None, None)));
    assert!(!summary(121, 101, 122, 100).is_as_shown(shown(None, None)), "a lower rate on a higher net");
}

/// Where a cart with an item stands as a plan changes under it.
fn at_price(cart: Cart, item: &CartItem, plan: Plan) -> CartContents {
    CartContents { cart, items: vec![(item.clone(), Some(plan))], coupon: None, profile: None, history: None }
}

prop_compose! {
    fn any_items()(lines in prop::collection::btree_map(0_u128..24, (1_i32..=100, 0_i64..1_000_000), 0..=MAX_ITEMS)) -> Vec<CartItem> {
        lines.into_iter().map(|(plan, (quantity, seen))| item(PlanId(uuid::Uuid::from_u128(plan)), quantity, seen)).collect()
    }
}

proptest! {
    /// Whatever two carts hold, a merge keeps every unit of every plan, and within what a cart may hold; where that is not
    /// possible, nothing is merged.
    #[test]
    fn a_merge_conserves_every_unit(items in any_items(), older_items in any_items(), coupons in any::<(bool, bool)>()) {
        let now = Clock::default().now();
        let with_coupon = |has: bool| Cart { coupon_code_id: has.then(CouponCodeId::new), ..cart(now) };
        let (claimed, older) = (with_coupon(coupons.0), with_coupon(coupons.1));
        let units = |plan: PlanId| -> i32 {
            items.iter().chain(&older_items).filter(|item| item.plan_id == plan).map(|item| item.quantity).sum()
        };
        let mut plans: Vec<PlanId> = items.iter().chain(&older_items).map(|item| item.plan_id).collect();
        plans.sort();
        plans.dedup();
        match merge((&claimed, &items), (&older, &older_items)) {
            Some(merged) => {
                prop_assert_eq!(merged.lines.len(), plans.len());
                for line in &merged.lines {
                    prop_assert_eq!(line.quantity, units(line.plan_id));
                    let lowest = items.iter().chain(&older_items).filter(|item| item.plan_id == line.plan_id);
                    prop_assert_eq!(Some(line.seen.net_cents), lowest.map(|item| item.seen.net_cents).min());
                }
                prop_assert!(merged.lines.len() <= MAX_ITEMS && merged.lines.iter().all(|line| line.quantity <= MAX_QUANTITY));
                prop_assert_eq!(merged.cart.coupon_code_id, claimed.coupon_code_id.or(older.coupon_code_id));
                prop_assert_eq!(merged.cart.status, CartStatus::Open);
            }
            None => prop_assert!(plans.len() > MAX_ITEMS || plans.iter().any(|plan| units(*plan) > MAX_QUANTITY)),
        }
    }

    /// Invariant 7 of the design: only an open cart whose time is not over can be changed or ordered; the refusal names the
    /// state, and no time that passes opens a cart again.
    #[test]
    fn a_cart_that_is_not_open_refuses_and_stays_so(
        status in prop::sample::select(CartStatus::ALL.to_vec()),
        seconds in prop_oneof![Just(0_i64), -2 * CART_LIFETIME..2 * CART_LIFETIME],
        later in 0..CART_LIFETIME,
    ) {
        let opened = Clock::default().now();
        let merged_into = (status == CartStatus::Merged).then(CartId::new);
        let cart = Cart { status, merged_into, ..cart(opened) };
        let (before, now) = (cart.clone(), cart.expires_at.plus_seconds(seconds));
        let is_open = status == CartStatus::Open && seconds < 0;
        match cart.require_open(now) {
            Ok(()) => prop_assert!(is_open),
            Err(refusal) => {
                prop_assert!(!is_open);
                prop_assert_eq!(refusal.code.name, "cart_not_open");
                prop_assert_eq!(&refusal.members["cart_status"], cart.status_at(now).as_str());
                let went = merged_into.map(|id| serde_json::json!(id.to_string()));
                prop_assert_eq!(refusal.members.get("merged_into"), went.as_ref());
                prop_assert!(cart.require_open(now.plus_seconds(later)).is_err());
                prop_assert_eq!(cart.status_at(now.plus_seconds(later)), cart.status_at(now));
            }
        }
        prop_assert_eq!(cart, before);
    }

    /// Invariant 5 of the design: the lines that an order keeps are those of the price it was placed at, and what the plan
    /// costs or is called later changes what a cart comes to, not them.
    #[test]
    fn what_was_priced_does_not_follow_the_plan(net in 1_i64..1_000_000, later in 1_i64..1_000_000, quantity in 1_i32..=100) {
        let now = Clock::default().now();
        let (id, rate) = (PlanId::new(), i32::from(Rate::IN_FORCE[0].basis_points()));
        let (cart, bought) = (cart(now), item(id, quantity, net));
        let mut contents = at_price(cart, &bought, plan(id, net, rate));
        let placed = contents.summary(now, &rules()).unwrap().priced;
        let kept = serde_json::to_value(&placed.lines).unwrap();
        if let Some((_, Some(plan))) = contents.items.first_mut() {
            plan.net_cents = later;
            plan.name = Localized::fixed("Altro", "Other");
            plan.price_version += 1;
        }
        let repriced = contents.summary(now, &rules()).unwrap().priced;
        prop_assert_eq!(repriced.totals.net_cents, later * i64::from(quantity));
        prop_assert_eq!(placed.totals.net_cents, net * i64::from(quantity));
        prop_assert_eq!(serde_json::to_value(&placed.lines).unwrap(), kept);
        prop_assert_eq!((placed.lines[0].unit_net_cents, &placed.lines[0].name), (net, &Localized::fixed("Piano", "Plan")));
    }

    /// Invariant 3 over whole carts: whoever buys what with which coupon, everything sums.
    #[test]
    fn a_whole_cart_sums(
        lines in prop::collection::vec((1_i32..=100, 0_i64..=100_000_000, prop::sample::select(Rate::IN_FORCE.map(|rate| i32::from(rate.basis_points())).to_vec()), any::<bool>(), 0_i64..=100_000_000), 0..=MAX_ITEMS),
        kind in prop::sample::select(BillingKind::ALL.to_vec()),
        check in prop::option::of(prop::sample::select(VatCheckStatus::ALL.to_vec())),
        discount in prop::option::of(prop_oneof![
            (1_i32..=10_000).prop_map(Discount::Percentage),
            (1_i64..=1_000_000_000).prop_map(Discount::FixedAmount),
            Just(Discount::Free),
        ]),
    ) {
        let now = Clock::default().now();
        let items = lines.iter().map(|(quantity, net, rate, is_on_offer, seen)| {
            let id = PlanId::new();
            (item(id, *quantity, *seen), is_on_offer.then(|| plan(id, *net, *rate)))
        });
        let contents = CartContents {
            cart: cart(now),
            items: items.collect(),
            coupon: discount.map(coupon),
            profile: Some(profile(kind, check, now)),
            history: None,
        };
        let summary = contents.summary(now, &rules()).unwrap();
        let (totals, lines) = (summary.priced.totals, &summary.priced.lines);
        let sum = |of: &dyn Fn(&crate::shop::orders::rules::OrderLine) -> i64| -> i64 { lines.iter().map(of).sum() };
        prop_assert_eq!(totals.net_cents, sum(&|line| line.net_cents));
        prop_assert_eq!(totals.discount_cents, sum(&|line| line.discount_cents));
        prop_assert_eq!(totals.vat_cents, sum(&|line| line.vat_cents));
        prop_assert_eq!(totals.gross_cents, totals.net_cents - totals.discount_cents + totals.vat_cents);
        prop_assert!(0 <= totals.discount_cents && totals.discount_cents <= totals.net_cents);
        for line in lines {
            prop_assert!(0 <= line.discount_cents && line.discount_cents <= line.net_cents);
            prop_assert_eq!(line.net_cents, line.unit_net_cents * i64::from(line.quantity));
            // Natura is mandatory at 0 % and forbidden otherwise.
            prop_assert_eq!(line.natura.is_some(), line.vat_rate_basis_points == 0);
        }
        let groups = vat_groups(lines);
        prop_assert_eq!(totals.vat_cents, groups.iter().map(|group| group.vat_cents).sum::<i64>());
        prop_assert_eq!(totals.net_cents - totals.discount_cents, groups.iter().map(|group| group.base_cents).sum::<i64>());
        for group in &groups {
            let rate = Rate::new(u16::try_from(group.vat_rate_basis_points).unwrap()).unwrap();
            prop_assert_eq!(group.vat_cents, group_vat(group.base_cents, rate));
        }
        let is_split = summary.priced.exigibility == Exigibility::SplitPayment;
        prop_assert_eq!(is_split, kind == BillingKind::PublicBody);
        prop_assert_eq!(totals.due_cents, if is_split { totals.gross_cents - totals.vat_cents } else { totals.gross_cents });
        let is_untaxed = kind == BillingKind::Foreign && check == Some(VatCheckStatus::Valid);
        prop_assert!(lines.iter().all(|line| line.natura.is_some() == is_untaxed));
        let warns = |warning| summary.warnings.contains(&warning);
        prop_assert_eq!(warns(Warning::VatNumberUnverified), check.is_some_and(|status| status != VatCheckStatus::Valid));
        let differs = contents.items.iter().any(|(item, plan)| plan.as_ref().is_some_and(|plan| item.price_changed(plan)));
        prop_assert_eq!(warns(Warning::PriceChanged), differs);
        if !differs {
            prop_assert_eq!(summary.seen, totals);
        }
    }
}
