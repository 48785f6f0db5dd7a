use proptest::prelude::*;

use super::*;
use crate::platform::clock::Clock;

const COMMANDS: [OrderCommand; 6] = [
    OrderCommand::Confirm,
    OrderCommand::Activate,
    OrderCommand::Cancel,
    OrderCommand::Expire,
    OrderCommand::Withdraw,
    OrderCommand::Refund,
];

/// The design's steps, each written out; every other one is illegal.
const STEPS: [(OrderStatus, OrderCommand, OrderStatus); 9] = [
    (OrderStatus::PendingPayment, OrderCommand::Confirm, OrderStatus::Confirmed),
    (OrderStatus::PendingPayment, OrderCommand::Cancel, OrderStatus::Cancelled),
    (OrderStatus::PendingPayment, OrderCommand::Expire, OrderStatus::Expired),
    (OrderStatus::Confirmed, OrderCommand::Activate, OrderStatus::Active),
    (OrderStatus::Confirmed, OrderCommand::Withdraw, OrderStatus::Withdrawn),
    (OrderStatus::Confirmed, OrderCommand::Refund, OrderStatus::Refunded),
    (OrderStatus::Active, OrderCommand::Withdraw, OrderStatus::Withdrawn),
    (OrderStatus::Active, OrderCommand::Refund, OrderStatus::Refunded),
    (OrderStatus::Withdrawn, OrderCommand::Refund, OrderStatus::Refunded),
];

fn legal_end(status: OrderStatus, command: OrderCommand) -> Option<OrderStatus> {
    STEPS.iter().find(|(from, by, _)| (*from, *by) == (status, command)).map(|(_, _, to)| *to)
}

fn any_status() -> impl Strategy<Value = OrderStatus> {
    prop::sample::select(OrderStatus::ALL.to_vec())
}

prop_compose! {
    fn any_line()(
        slug in "[a-z]{1,12}",
        name in "\\PC{0,20}",
        quantity in 1_i32..=100,
        unit_net_cents in 0_i64..1_000_000,
        discount_cents in 0_i64..1_000,
        (vat_rate_basis_points, natura) in prop_oneof![
            Just((2_200, None)),
            Just((400, None)),
            prop::sample::select(Natura::ALL.to_vec()).prop_map(|natura| (0, Some(natura))),
        ],
        vat_cents in 0_i64..1_000_000,
    ) -> OrderLine {
        OrderLine {
            plan_id: PlanId::new(),
            slug,
            product: "legalinvoice".to_owned(),
            name: Localized { it: name.clone().into(), en: name.clone().into() },
            description: Localized { it: name.clone().into(), en: name.into() },
            features: Features::modest(),
            quantity,
            unit_net_cents,
            price_version: 1,
            net_cents: unit_net_cents * i64::from(quantity),
            discount_cents,
            vat_rate_basis_points,
            natura,
            vat_cents,
        }
    }
}

/// An order that may be printed: the house's own may not, for the sake of whoever is in it.
#[derive(Clone)]
struct Printable(Order);

impl std::fmt::Debug for Printable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?} {:?}", self.0.number, self.0.status, self.0.snapshot.lines)
    }
}

prop_compose! {
    fn any_order()(
        status in any_status(),
        lines in prop::collection::vec(any_line(), 1..4),
        due_cents in 0_i64..1_000_000,
        coupon in prop::option::of("\\PC{1,20}"),
        (first_name, locale) in ("\\PC{1,20}", prop::sample::select(Locale::ALL.to_vec())),
        exigibility in prop::sample::select(vec![Exigibility::Immediate, Exigibility::SplitPayment]),
        (is_confirmed, can_expire) in any::<(bool, bool)>(),
    ) -> Printable {
        let now = Clock::default().now();
        let billing = serde_json::json!({
            "kind": "person", "first_name": first_name, "last_name": "Rossi", "codice_fiscale": "RSSMRA85T10A562S",
            "address": { "street": "Via Roma 1", "postal_code": "20121", "municipality": "Milano", "country": "IT" },
        });
        Printable(Order {
            id: OrderId::new(),
            number: "2026-000001".to_owned(),
            account_id: AccountId::new(),
            status,
            totals: OrderTotals { net_cents: due_cents, discount_cents: 0, vat_cents: 0, gross_cents: due_cents, due_cents },
            snapshot: OrderSnapshot {
                customer: OrderCustomer { email: "m@example.com".to_owned(), first_name, last_name: "Rossi".to_owned(), locale },
                billing: serde_json::from_value(billing).unwrap(),
                vat_number_check: None,
                lines,
                exigibility,
                coupon: coupon.map(|code| OrderCoupon { campaign: code.clone(), code }),
            },
            placed_at: now,
            confirmed_at: is_confirmed.then_some(now),
            expires_at: can_expire.then(|| now.plus_seconds(3600)),
            review: None,
        })
    }
}

#[test]
fn the_steps_are_the_designs_and_no_others() {
    for status in OrderStatus::ALL {
        for command in COMMANDS {
            assert_eq!(status.after(command), legal_end(*status, command), "{status:?} {command:?}");
        }
    }
}

#[test]
fn what_is_over_stays_over() {
    for command in COMMANDS {
        for status in [OrderStatus::Cancelled, OrderStatus::Expired, OrderStatus::Refunded] {
            assert_eq!(status.after(command), None);
        }
    }
}

proptest! {
    /// Invariants 5 and 7 of the design: whatever is asked of an order in whatever state, an illegal command is refused,
    /// names the state and changes nothing; a legal one changes the state, at a confirmation its times, and never what was
    /// bought, by whom and for how much.
    #[test]
    fn illegal_commands_change_nothing_and_legal_ones_only_the_state(
        Printable(placed) in any_order(),
        commands in prop::collection::vec(prop::sample::select(COMMANDS.to_vec()), 1..12),
    ) {
        let now = placed.placed_at.plus_seconds(60);
        let mut order = placed.clone();
        for command in commands {
            let before = order.clone();
            match (order.advance(command, now), legal_end(before.status, command)) {
                (Ok(()), Some(end)) => {
                    prop_assert_eq!(order.status, end);
                    let times = if command == OrderCommand::Confirm { (Some(now), None) } else { (before.confirmed_at, before.expires_at) };
                    prop_assert!((order.confirmed_at, order.expires_at) == times, "{:?}", command);
                    let as_before = Order { status: before.status, confirmed_at: before.confirmed_at, expires_at: before.expires_at, ..order.clone() };
                    prop_assert!(as_before == before, "{:?} changed more than the state", command);
                }
                (Err(refusal), None) => {
                    prop_assert!(order == before, "{:?} was refused and changed the order", command);
                    prop_assert_eq!((refusal.code.name, &refusal.members["order_status"]), ("order_state_forbids", &before.status.as_str().into()));
                }
                (outcome, legal) => prop_assert!(false, "{:?} {:?}: {:?}, not {:?}", before.status, command, outcome.is_ok(), legal),
            }
        }
        prop_assert!(order.snapshot == placed.snapshot && order.totals == placed.totals && order.number == placed.number);
    }

    /// Invariant 5 of the design: what is written of an order and read again, any number of times, is what was bought.
    #[test]
    fn a_snapshot_reads_as_it_was_written(Printable(order) in any_order()) {
        let written = serde_json::to_value(&order.snapshot).unwrap();
        let read: OrderSnapshot = serde_json::from_value(written.clone()).unwrap();
        prop_assert!(read == order.snapshot, "{written:#}");
        prop_assert_eq!(serde_json::to_value(&read).unwrap(), written);
    }
}
