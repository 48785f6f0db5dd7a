CREATE TABLE plans (
  id UUID PRIMARY KEY NOT NULL,
  slug TEXT NOT NULL UNIQUE,
  product TEXT NOT NULL,
  audience TEXT NOT NULL CHECK (audience IN ('single_company', 'multi_company')),
  position INTEGER NOT NULL,
  name JSONB NOT NULL,
  summary JSONB NOT NULL,
  description JSONB NOT NULL,
  features JSONB NOT NULL,
  active BOOLEAN NOT NULL,
  version BIGINT NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL
);

-- Only ever grows, so that the price an order has pinned can be looked up for ever. In force is the highest version whose
-- time has come.
CREATE TABLE plan_prices (
  plan_id UUID NOT NULL REFERENCES plans (id),
  version INTEGER NOT NULL CHECK (version > 0),
  net_cents BIGINT NOT NULL CHECK (net_cents >= 0),
  vat_rate_basis_points INTEGER NOT NULL CHECK (vat_rate_basis_points IN (400, 500, 1000, 2200)),
  valid_from TIMESTAMPTZ NOT NULL,
  created_by UUID REFERENCES accounts (id),
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (plan_id, version)
);

CREATE TABLE coupon_campaigns (
  id UUID PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('percentage', 'fixed_amount', 'free')),
  percent_basis_points INTEGER CHECK (percent_basis_points BETWEEN 1 AND 10000),
  amount_cents BIGINT CHECK (amount_cents > 0),
  plan_ids JSONB,
  audiences JSONB,
  first_order_only BOOLEAN NOT NULL,
  minimum_total_cents BIGINT CHECK (minimum_total_cents > 0),
  starts_at TIMESTAMPTZ,
  ends_at TIMESTAMPTZ,
  max_uses BIGINT CHECK (max_uses >= 0),
  max_uses_per_customer BIGINT CHECK (max_uses_per_customer > 0),
  release_policy TEXT NOT NULL CHECK (release_policy IN ('release', 'keep')),
  used BIGINT NOT NULL CHECK (used >= 0),
  active BOOLEAN NOT NULL,
  version BIGINT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  archived_at TIMESTAMPTZ
);

-- Codes that were generated in one request; they count once the last of them was handed over.
CREATE TABLE coupon_batches (
  id UUID PRIMARY KEY NOT NULL,
  campaign_id UUID NOT NULL REFERENCES coupon_campaigns (id),
  quantity BIGINT NOT NULL CHECK (quantity > 0),
  stored BIGINT NOT NULL CHECK (stored BETWEEN 0 AND quantity),
  created_by TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  completed_at TIMESTAMPTZ
);
CREATE INDEX coupon_batches_campaign ON coupon_batches (campaign_id, id);

-- A code chosen by a person is readable; of a generated one only a keyed hash and the last two characters are kept.
CREATE TABLE coupon_codes (
  id UUID PRIMARY KEY NOT NULL,
  campaign_id UUID NOT NULL REFERENCES coupon_campaigns (id),
  batch_id UUID REFERENCES coupon_batches (id),
  code TEXT UNIQUE,
  code_hash BYTEA UNIQUE,
  ending TEXT,
  max_uses BIGINT CHECK (max_uses >= 0),
  used BIGINT NOT NULL CHECK (used >= 0),
  active BOOLEAN NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  CHECK ((code IS NULL) <> (code_hash IS NULL))
);
CREATE INDEX coupon_codes_campaign ON coupon_codes (campaign_id, id);

CREATE TABLE carts (
  id UUID PRIMARY KEY NOT NULL,
  token_hash BYTEA NOT NULL,
  account_id UUID REFERENCES accounts (id),
  status TEXT NOT NULL CHECK (status IN ('open', 'ordered', 'merged', 'expired')),
  coupon_code_id UUID REFERENCES coupon_codes (id),
  billing_profile_id UUID REFERENCES billing_profiles (id),
  payment_method TEXT,
  merged_into UUID,
  version BIGINT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX carts_account ON carts (account_id, id);
CREATE INDEX carts_expiry ON carts (status, expires_at);

CREATE TABLE cart_items (
  id UUID PRIMARY KEY NOT NULL,
  cart_id UUID NOT NULL REFERENCES carts (id),
  plan_id UUID NOT NULL REFERENCES plans (id),
  quantity INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 100),
  price_version INTEGER NOT NULL,
  UNIQUE (cart_id, plan_id),
  FOREIGN KEY (plan_id, price_version) REFERENCES plan_prices (plan_id, version)
);

CREATE TABLE orders (
  id UUID PRIMARY KEY NOT NULL,
  number TEXT NOT NULL UNIQUE,
  cart_id UUID NOT NULL UNIQUE REFERENCES carts (id),
  account_id UUID NOT NULL REFERENCES accounts (id),
  fiscal_subject TEXT NOT NULL,
  customer_email TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending_payment', 'confirmed', 'active', 'cancelled', 'expired', 'withdrawn', 'refunded')),
  net_cents BIGINT NOT NULL,
  discount_cents BIGINT NOT NULL,
  vat_cents BIGINT NOT NULL,
  gross_cents BIGINT NOT NULL,
  due_cents BIGINT NOT NULL,
  snapshot JSONB NOT NULL,
  placed_at TIMESTAMPTZ NOT NULL,
  confirmed_at TIMESTAMPTZ,
  expires_at TIMESTAMPTZ,
  review TEXT CHECK (review IN ('excess', 'amount_mismatch', 'refund_failed', 'refund_unknown', 'activation_ended'))
);
CREATE INDEX orders_account ON orders (account_id, id);
CREATE INDEX orders_customer_email ON orders (customer_email, id);
CREATE INDEX orders_placed ON orders (placed_at);
CREATE INDEX orders_fiscal_subject ON orders (fiscal_subject, status);
CREATE INDEX orders_status ON orders (status, id);
CREATE INDEX orders_expiry ON orders (status, expires_at);
CREATE INDEX orders_review ON orders (review, id);

CREATE TABLE order_events (
  id UUID PRIMARY KEY NOT NULL,
  order_id UUID NOT NULL REFERENCES orders (id),
  kind TEXT NOT NULL,
  details JSONB NOT NULL,
  recorded_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX order_events_order ON order_events (order_id, id);

-- The ledger of coupon uses: the rows that are held, committed or forfeited replay to the counters.
CREATE TABLE coupon_redemptions (
  id UUID PRIMARY KEY NOT NULL,
  campaign_id UUID NOT NULL REFERENCES coupon_campaigns (id),
  code_id UUID NOT NULL REFERENCES coupon_codes (id),
  order_id UUID NOT NULL UNIQUE REFERENCES orders (id),
  fiscal_subject TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('held', 'committed', 'released', 'lapsed', 'restored', 'forfeited')),
  release_policy TEXT NOT NULL CHECK (release_policy IN ('release', 'keep')),
  held_at TIMESTAMPTZ NOT NULL,
  settled_at TIMESTAMPTZ
);
CREATE INDEX coupon_redemptions_campaign ON coupon_redemptions (campaign_id, state);

CREATE TABLE coupon_subject_uses (
  campaign_id UUID NOT NULL REFERENCES coupon_campaigns (id),
  fiscal_subject TEXT NOT NULL,
  used BIGINT NOT NULL CHECK (used >= 0),
  PRIMARY KEY (campaign_id, fiscal_subject)
);

CREATE TABLE payments (
  id UUID PRIMARY KEY NOT NULL,
  order_id UUID NOT NULL REFERENCES orders (id),
  method TEXT NOT NULL CHECK (method IN ('card', 'bank_transfer')),
  provider TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('created', 'requires_action', 'processing', 'awaiting_funds', 'partially_received', 'succeeded', 'failed', 'cancelled', 'expired')),
  amount_cents BIGINT NOT NULL CHECK (amount_cents > 0),
  received_cents BIGINT NOT NULL CHECK (received_cents >= 0),
  refunding_cents BIGINT NOT NULL CHECK (refunding_cents >= 0),
  refunded_cents BIGINT NOT NULL CHECK (refunded_cents >= 0),
  provider_reference TEXT,
  redirect_url TEXT,
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  CHECK (refunding_cents + refunded_cents <= received_cents)
);
CREATE INDEX payments_order ON payments (order_id, id);
CREATE INDEX payments_status ON payments (status, updated_at);

CREATE TABLE payment_notifications (
  provider TEXT NOT NULL,
  notification_id TEXT NOT NULL,
  received_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (provider, notification_id)
);

CREATE TABLE bank_transfers (
  id UUID PRIMARY KEY NOT NULL,
  order_id UUID NOT NULL REFERENCES orders (id),
  payment_id UUID NOT NULL REFERENCES payments (id),
  amount_cents BIGINT NOT NULL CHECK (amount_cents > 0),
  reference TEXT NOT NULL,
  received_on DATE NOT NULL,
  recorded_by UUID NOT NULL REFERENCES accounts (id),
  recorded_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX bank_transfers_order ON bank_transfers (order_id, id);
CREATE UNIQUE INDEX bank_transfers_reference ON bank_transfers (order_id, reference);

CREATE TABLE refunds (
  id UUID PRIMARY KEY NOT NULL,
  order_id UUID NOT NULL REFERENCES orders (id),
  payment_id UUID NOT NULL REFERENCES payments (id),
  amount_cents BIGINT NOT NULL CHECK (amount_cents > 0),
  reason TEXT NOT NULL CHECK (reason IN ('customer_request', 'withdrawal', 'duplicate', 'overpayment', 'other')),
  status TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
  provider_reference TEXT,
  requested_by UUID NOT NULL REFERENCES accounts (id),
  requested_at TIMESTAMPTZ NOT NULL,
  settled_at TIMESTAMPTZ,
  failed_at TIMESTAMPTZ
);
CREATE INDEX refunds_order ON refunds (order_id, id);
CREATE INDEX refunds_status ON refunds (status, requested_at);

-- What providers said of how much of a payment was given back, whoever asked for it, each at its moment.
CREATE TABLE refund_totals (
  payment_id UUID NOT NULL REFERENCES payments (id),
  said_at TIMESTAMPTZ NOT NULL,
  cents BIGINT NOT NULL,
  PRIMARY KEY (payment_id, said_at, cents)
);

-- Which activation requests an order led to; the room of activation records them.
CREATE TABLE order_activations (
  activation_request TEXT PRIMARY KEY NOT NULL,
  order_id UUID NOT NULL REFERENCES orders (id),
  order_unit INTEGER NOT NULL,
  plan_id UUID NOT NULL REFERENCES plans (id),
  active BOOLEAN NOT NULL,
  UNIQUE (order_id, order_unit)
);

-- The shop's own invoices and credit notes; one series a year without gaps, and one of files that never begins anew. The
-- XML is kept as it was issued, whatever a later program would write.
CREATE TABLE invoices (
  id UUID PRIMARY KEY NOT NULL,
  order_id UUID NOT NULL REFERENCES orders (id),
  kind TEXT NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
  refund_id UUID UNIQUE,
  series_year INTEGER NOT NULL,
  series_position BIGINT NOT NULL CHECK (series_position > 0),
  transmission BIGINT NOT NULL UNIQUE CHECK (transmission > 0),
  issued_on DATE NOT NULL,
  content JSONB NOT NULL,
  xml TEXT NOT NULL,
  issued_at TIMESTAMPTZ NOT NULL,
  UNIQUE (series_year, series_position),
  CHECK ((kind = 'credit_note') = (refund_id IS NOT NULL))
);
CREATE UNIQUE INDEX invoices_one_an_order ON invoices (order_id) WHERE kind = 'invoice';
CREATE INDEX invoices_order ON invoices (order_id, id);
CREATE INDEX invoices_date ON invoices (issued_on, id);

-- What consumers declared when they withdrew (art. 54-bis Codice del consumo).
CREATE TABLE withdrawals (
  id UUID PRIMARY KEY NOT NULL,
  order_id UUID NOT NULL UNIQUE REFERENCES orders (id),
  name TEXT NOT NULL,
  contract TEXT NOT NULL,
  confirmation_email TEXT NOT NULL,
  received_at TIMESTAMPTZ NOT NULL
);
