-- Filled only by a server that runs as a sandbox.
CREATE TABLE sandbox_mails (
  id UUID PRIMARY KEY NOT NULL,
  job_id UUID NOT NULL UNIQUE,
  recipient TEXT NOT NULL,
  subject TEXT NOT NULL,
  text_body TEXT NOT NULL,
  html_body TEXT NOT NULL,
  otp TEXT,
  sent_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX sandbox_mails_recipient ON sandbox_mails (recipient, id);

CREATE TABLE sandbox_services (
  id UUID PRIMARY KEY NOT NULL,
  idempotency_key TEXT NOT NULL UNIQUE,
  plan TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  ready_at TIMESTAMPTZ NOT NULL,
  terminated_at TIMESTAMPTZ,
  last_ticket TEXT
);

-- What the stand-in for a payment provider knows.
CREATE TABLE sandbox_payments (
  id UUID PRIMARY KEY NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('succeeded', 'failed')),
  decided_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE sandbox_refunds (
  id UUID PRIMARY KEY NOT NULL,
  idempotency_key TEXT NOT NULL UNIQUE,
  amount_cents BIGINT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE sandbox_clock (
  id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
  advanced_seconds BIGINT NOT NULL
);
