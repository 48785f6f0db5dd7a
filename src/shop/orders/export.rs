//! Orders as a table for a spreadsheet (RFC 4180), made while it is sent, so that its length does not matter.

use std::sync::Arc;

use futures_util::stream::{self, Stream};

use super::flow::{self, OrderDetails};
use super::rules::OrderId;
use super::store::OrderFilter;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::problem::Problem;

/// Orders that are read at a time.
const STEP: usize = 200;
const HEADING: [&str; 20] = [
    "number",
    "status",
    "placed_at",
    "confirmed_at",
    "customer_email",
    "customer_kind",
    "customer_name",
    "fiscal_subject",
    "country",
    "plans",
    "coupon",
    "payment_methods",
    "net",
    "discount",
    "vat",
    "gross",
    "due",
    "received",
    "refunded",
    "id",
];

/// Where an export stands.
enum Position {
    Heading,
    After(Option<OrderId>),
    End,
}

/// The table, some rows at a time, the heading first, newest orders first.
pub fn rows(platform: Arc<Platform>, filter: OrderFilter) -> impl Stream<Item = Result<Vec<u8>, Problem>> {
    let start = (platform, filter, Position::Heading);
    stream::try_unfold(start, |(platform, filter, position)| async move {
        let before = match position {
            Position::Heading => {
                let heading = written(vec![HEADING.map(str::to_owned).to_vec()])?;
                let first = Position::After(filter.before);
                return Ok(Some((heading, (platform, filter, first))));
            }
            Position::After(before) => before,
            Position::End => return Ok(None),
        };
        let step = OrderFilter { before, ..filter.clone() };
        #[expect(clippy::cast_possible_wrap, reason = "a small constant")]
        let found = platform.db.read_one_moment(move |connection| flow::list(connection, &step, STEP as i64)).await?;
        let next = match found.last() {
            Some(last) if found.len() == STEP => Position::After(Some(last.order.id)),
            _ => Position::End,
        };
        Ok(Some((written(found.iter().map(row).collect())?, (platform, filter, next))))
    })
}

fn written(rows: Vec<Vec<String>>) -> Result<Vec<u8>, Problem> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.iter().map(|cell| harmless(cell))).map_err(Problem::internal)?;
    }
    writer.into_inner().map_err(|error| Problem::internal(error.to_string()))
}

/// A cell that no spreadsheet takes for a formula: what a customer typed must not run on an administrator's machine.
fn harmless(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula { format!("'{cell}") } else { cell.to_owned() }
}

fn row(details: &OrderDetails) -> Vec<String> {
    let order = &details.order;
    let snapshot = &order.snapshot;
    let plans = snapshot.lines.iter().map(|line| format!("{} x {}", line.quantity, line.slug)).collect::<Vec<_>>();
    let mut methods: Vec<&str> = details.payments.iter().map(|payment| payment.method.as_str()).collect();
    methods.dedup();
    let received = details.payments.iter().map(|payment| payment.received_cents).sum();
    let refunded = details.payments.iter().map(|payment| payment.refunded_cents).sum();
    vec![
        order.number.clone(),
        order.status.to_string(),
        moment(order.placed_at),
        order.confirmed_at.map(moment).unwrap_or_default(),
        snapshot.customer.email.clone(),
        snapshot.billing.kind.to_string(),
        snapshot.billing.display_name(),
        snapshot.billing.fiscal_subject(),
        snapshot.billing.address.country.clone(),
        plans.join(" + "),
        snapshot.coupon.as_ref().map(|coupon| coupon.code.clone()).unwrap_or_default(),
        methods.join(" + "),
        euro(order.totals.net_cents),
        euro(order.totals.discount_cents),
        euro(order.totals.vat_cents),
        euro(order.totals.gross_cents),
        euro(order.totals.due_cents),
        euro(received),
        euro(refunded),
        order.id.to_string(),
    ]
}

/// RFC 3339, UTC, to the second.
fn moment(time: Time) -> String {
    time.0.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// `71.98`; no amount of an order is negative.
fn euro(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_customer_typed_is_no_formula() {
        let rows =
            vec![vec!["=HYPERLINK(\"http://x\")".to_owned(), "@SUM(A1)".to_owned(), "Rossi, \"il\" Mario".to_owned()]];
        let text = String::from_utf8(written(rows).unwrap()).unwrap();
        assert_eq!(text, "\"'=HYPERLINK(\"\"http://x\"\")\",'@SUM(A1),\"Rossi, \"\"il\"\" Mario\"\r\n");
    }

    #[test]
    fn cents_have_two_digits() {
        assert_eq!((euro(7_198), euro(5), euro(0)), ("71.98".to_owned(), "0.05".to_owned(), "0.00".to_owned()));
    }
}
