CREATE TABLE plans (
  id BLOB PRIMARY KEY NOT NULL,
  slug TEXT NOT NULL UNIQUE,
  product TEXT NOT NULL,
  audience TEXT NOT NULL CHECK (audience IN ('single_company', 'multi_company')),
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  summary TEXT NOT NULL,
  description TEXT NOT NULL,
  features TEXT NOT NULL,
  active INTEGER NOT NULL,
  version INTEGER NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;

-- Only ever grows, so that the price an order has pinned can be looked up for ever. In force is the highest version whose
-- time has come.
CREATE TABLE plan_prices (
  plan_id BLOB NOT NULL REFERENCES plans (id),
  version INTEGER NOT NULL CHECK (version > 0),
  net_cents INTEGER NOT NULL CHECK (net_cents >= 0),
  vat_rate_basis_points INTEGER NOT NULL CHECK (vat_rate_basis_points IN (400, 500, 1000, 2200)),
  valid_from TEXT NOT NULL,
  created_by BLOB REFERENCES accounts (id),
  created_at TEXT NOT NULL,
  PRIMARY KEY (plan_id, version)
) STRICT;

CREATE TABLE coupon_campaigns (
  id BLOB PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('percentage', 'fixed_amount', 'free')),
  percent_basis_points INTEGER CHECK (percent_basis_points BETWEEN 1 AND 10000),
  amount_cents INTEGER CHECK (amount_cents > 0),
  plan_ids TEXT,
  audiences TEXT,
  first_order_only INTEGER NOT NULL,
  minimum_total_cents INTEGER CHECK (minimum_total_cents > 0),
  starts_at TEXT,
  ends_at TEXT,
  max_uses INTEGER CHECK (max_uses >= 0),
  max_uses_per_customer INTEGER CHECK (max_uses_per_customer > 0),
  release_policy TEXT NOT NULL CHECK (release_policy IN ('release', 'keep')),
  used INTEGER NOT NULL CHECK (used >= 0),
  active INTEGER NOT NULL,
  version INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  archived_at TEXT
) STRICT;

-- Codes that were generated in one request; they count once the last of them was handed over.
CREATE TABLE coupon_batches (
  id BLOB PRIMARY KEY NOT NULL,
  campaign_id BLOB NOT NULL REFERENCES coupon_campaigns (id),
  quantity INTEGER NOT NULL CHECK (quantity > 0),
  stored INTEGER NOT NULL CHECK (stored BETWEEN 0 AND quantity),
  created_by TEXT NOT NULL,
  created_at TEXT NOT NULL,
  completed_at TEXT
) STRICT;
CREATE INDEX coupon_batches_campaign ON coupon_batches (campaign_id, id);

-- A code chosen by a person is readable; of a generated one only a keyed hash and the last two characters are kept.
CREATE TABLE coupon_codes (
  id BLOB PRIMARY KEY NOT NULL,
  campaign_id BLOB NOT NULL REFERENCES coupon_campaigns (id),
  batch_id BLOB REFERENCES coupon_batches (id),
  code TEXT UNIQUE,
  code_hash BLOB UNIQUE,
  ending TEXT,
  max_uses INTEGER CHECK (max_uses >= 0),
  used INTEGER NOT NULL CHECK (used >= 0),
  active INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  CHECK ((code IS NULL) <> (code_hash IS NULL))
) STRICT;
CREATE INDEX coupon_codes_campaign ON coupon_codes (campaign_id, id);

CREATE TABLE carts (
  id BLOB PRIMARY KEY NOT NULL,
  token_hash BLOB NOT NULL,
  account_id BLOB REFERENCES accounts (id),
  status TEXT NOT NULL CHECK (status IN ('open', 'ordered', 'merged', 'expired')),
  coupon_code_id BLOB REFERENCES coupon_codes (id),
  billing_profile_id BLOB REFERENCES billing_profiles (id),
  payment_method TEXT,
  merged_into BLOB,
  version INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  expires_at TEXT NOT NULL
) STRICT;
CREATE INDEX carts_account ON carts (account_id, id);
CREATE INDEX carts_expiry ON carts (status, expires_at);

CREATE TABLE cart_items (
  id BLOB PRIMARY KEY NOT NULL,
  cart_id BLOB NOT NULL REFERENCES carts (id),
  plan_id BLOB NOT NULL REFERENCES plans (id),
  quantity INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 100),
  price_version INTEGER NOT NULL,
  UNIQUE (cart_id, plan_id),
  FOREIGN KEY (plan_id, price_version) REFERENCES plan_prices (plan_id, version)
) STRICT;

CREATE TABLE orders (
  id BLOB PRIMARY KEY NOT NULL,
  number TEXT NOT NULL UNIQUE,
  cart_id BLOB NOT NULL UNIQUE REFERENCES carts (id),
  account_id BLOB NOT NULL REFERENCES accounts (id),
  fiscal_subject TEXT NOT NULL,
  customer_email TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending_payment', 'confirmed', 'active', 'cancelled', 'expired', 'withdrawn', 'refunded')),
  net_cents INTEGER NOT NULL,
  discount_cents INTEGER NOT NULL,
  vat_cents INTEGER NOT NULL,
  gross_cents INTEGER NOT NULL,
  due_cents INTEGER NOT NULL,
  snapshot TEXT NOT NULL,
  placed_at TEXT NOT NULL,
  confirmed_at TEXT,
  expires_at TEXT,
  review TEXT CHECK (review IN ('excess', 'amount_mismatch', 'refund_failed', 'refund_unknown', 'activation_ended'))
) STRICT;
CREATE INDEX orders_account ON orders (account_id, id);
CREATE INDEX orders_customer_email ON orders (customer_email, id);
CREATE INDEX orders_placed ON orders (placed_at);
CREATE INDEX orders_fiscal_subject ON orders (fiscal_subject, status);
CREATE INDEX orders_status ON orders (status, id);
CREATE INDEX orders_expiry ON orders (status, expires_at);
CREATE INDEX orders_review ON orders (review, id);

CREATE TABLE order_events (
  id BLOB PRIMARY KEY NOT NULL,
  order_id BLOB NOT NULL REFERENCES orders (id),
  kind TEXT NOT NULL,
  details TEXT NOT NULL,
  recorded_at TEXT NOT NULL
) STRICT;
CREATE INDEX order_events_order ON order_events (order_id, id);

-- The ledger of coupon uses: the rows that are held, committed or forfeited replay to the counters.
CREATE TABLE coupon_redemptions (
  id BLOB PRIMARY KEY NOT NULL,
  campaign_id BLOB NOT NULL REFERENCES coupon_campaigns (id),
  code_id BLOB NOT NULL REFERENCES coupon_codes (id),
  order_id BLOB NOT NULL UNIQUE REFERENCES orders (id),
  fiscal_subject TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('held', 'committed', 'released', 'lapsed', 'restored', 'forfeited')),
  release_policy TEXT NOT NULL CHECK (release_policy IN ('release', 'keep')),
  held_at TEXT NOT NULL,
  settled_at TEXT
) STRICT;
CREATE INDEX coupon_redemptions_campaign ON coupon_redemptions (campaign_id, state);

CREATE TABLE coupon_subject_uses (
  campaign_id BLOB NOT NULL REFERENCES coupon_campaigns (id),
  fiscal_subject TEXT NOT NULL,
  used INTEGER NOT NULL CHECK (used >= 0),
  PRIMARY KEY (campaign_id, fiscal_subject)
) STRICT;

CREATE TABLE payments (
  id BLOB PRIMARY KEY NOT NULL,
  order_id BLOB NOT NULL REFERENCES orders (id),
  method TEXT NOT NULL CHECK (method IN ('card', 'bank_transfer')),
  provider TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('created', 'requires_action', 'processing', 'awaiting_funds', 'partially_received', 'succeeded', 'failed', 'cancelled', 'expired')),
  amount_cents INTEGER NOT NULL CHECK (amount_cents > 0),
  received_cents INTEGER NOT NULL CHECK (received_cents >= 0),
  refunding_cents INTEGER NOT NULL CHECK (refunding_cents >= 0),
  refunded_cents INTEGER NOT NULL CHECK (refunded_cents >= 0),
  provider_reference TEXT,
  redirect_url TEXT,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  CHECK (refunding_cents + refunded_cents <= received_cents)
) STRICT;
CREATE INDEX payments_order ON payments (order_id, id);
CREATE INDEX payments_status ON payments (status, updated_at);

CREATE TABLE payment_notifications (
  provider TEXT NOT NULL,
  notification_id TEXT NOT NULL,
  received_at TEXT NOT NULL,
  PRIMARY KEY (provider, notification_id)
) STRICT;

CREATE TABLE bank_transfers (
  id BLOB PRIMARY KEY NOT NULL,
  order_id BLOB NOT NULL REFERENCES orders (id),
  payment_id BLOB NOT NULL REFERENCES payments (id),
  amount_cents INTEGER NOT NULL CHECK (amount_cents > 0),
  reference TEXT NOT NULL,
  received_on TEXT NOT NULL,
  recorded_by BLOB NOT NULL REFERENCES accounts (id),
  recorded_at TEXT NOT NULL
) STRICT;
CREATE INDEX bank_transfers_order ON bank_transfers (order_id, id);
CREATE UNIQUE INDEX bank_transfers_reference ON bank_transfers (order_id, reference);

CREATE TABLE refunds (
  id BLOB PRIMARY KEY NOT NULL,
  order_id BLOB NOT NULL REFERENCES orders (id),
  payment_id BLOB NOT NULL REFERENCES payments (id),
  amount_cents INTEGER NOT NULL CHECK (amount_cents > 0),
  reason TEXT NOT NULL CHECK (reason IN ('customer_request', 'withdrawal', 'duplicate', 'overpayment', 'other')),
  status TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
  provider_reference TEXT,
  requested_by BLOB NOT NULL REFERENCES accounts (id),
  requested_at TEXT NOT NULL,
  settled_at TEXT,
  failed_at TEXT
) STRICT;
CREATE INDEX refunds_order ON refunds (order_id, id);
CREATE INDEX refunds_status ON refunds (status, requested_at);

-- What providers said of how much of a payment was given back, whoever asked for it, each at its moment.
CREATE TABLE refund_totals (
  payment_id BLOB NOT NULL REFERENCES payments (id),
  said_at TEXT NOT NULL,
  cents INTEGER NOT NULL,
  PRIMARY KEY (payment_id, said_at, cents)
) STRICT;

-- Which activation requests an order led to; the room of activation records them.
CREATE TABLE order_activations (
  activation_request TEXT PRIMARY KEY NOT NULL,
  order_id BLOB NOT NULL REFERENCES orders (id),
  order_unit INTEGER NOT NULL,
  plan_id BLOB NOT NULL REFERENCES plans (id),
  active INTEGER NOT NULL,
  UNIQUE (order_id, order_unit)
) STRICT;

-- The shop's own invoices and credit notes; one series a year without gaps, and one of files that never begins anew. The
-- XML is kept as it was issued, whatever a later program would write.
CREATE TABLE invoices (
  id BLOB PRIMARY KEY NOT NULL,
  order_id BLOB NOT NULL REFERENCES orders (id),
  kind TEXT NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
  refund_id BLOB UNIQUE,
  series_year INTEGER NOT NULL,
  series_position INTEGER NOT NULL CHECK (series_position > 0),
  transmission INTEGER NOT NULL UNIQUE CHECK (transmission > 0),
  issued_on TEXT NOT NULL,
  content TEXT NOT NULL,
  xml TEXT NOT NULL,
  issued_at TEXT NOT NULL,
  UNIQUE (series_year, series_position),
  CHECK ((kind = 'credit_note') = (refund_id IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX invoices_one_an_order ON invoices (order_id) WHERE kind = 'invoice';
CREATE INDEX invoices_order ON invoices (order_id, id);
CREATE INDEX invoices_date ON invoices (issued_on, id);

-- What consumers declared when they withdrew (art. 54-bis Codice del consumo).
CREATE TABLE withdrawals (
  id BLOB PRIMARY KEY NOT NULL,
  order_id BLOB NOT NULL UNIQUE REFERENCES orders (id),
  name TEXT NOT NULL,
  contract TEXT NOT NULL,
  confirmation_email TEXT NOT NULL,
  received_at TEXT NOT NULL
) STRICT;
