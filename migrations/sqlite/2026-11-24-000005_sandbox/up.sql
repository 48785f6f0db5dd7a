-- Filled only by a server that runs as a sandbox.
CREATE TABLE sandbox_mails (
  id BLOB PRIMARY KEY NOT NULL,
  job_id BLOB NOT NULL UNIQUE,
  recipient TEXT NOT NULL,
  subject TEXT NOT NULL,
  text_body TEXT NOT NULL,
  html_body TEXT NOT NULL,
  otp TEXT,
  sent_at TEXT NOT NULL
) STRICT;
CREATE INDEX sandbox_mails_recipient ON sandbox_mails (recipient, id);

CREATE TABLE sandbox_services (
  id BLOB PRIMARY KEY NOT NULL,
  idempotency_key TEXT NOT NULL UNIQUE,
  plan TEXT NOT NULL,
  created_at TEXT NOT NULL,
  ready_at TEXT NOT NULL,
  terminated_at TEXT,
  last_ticket TEXT
) STRICT;

-- What the stand-in for a payment provider knows.
CREATE TABLE sandbox_payments (
  id BLOB PRIMARY KEY NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('succeeded', 'failed')),
  decided_at TEXT NOT NULL
) STRICT;

CREATE TABLE sandbox_refunds (
  id BLOB PRIMARY KEY NOT NULL,
  idempotency_key TEXT NOT NULL UNIQUE,
  amount_cents INTEGER NOT NULL,
  created_at TEXT NOT NULL
) STRICT;

CREATE TABLE sandbox_clock (
  id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
  advanced_seconds INTEGER NOT NULL
) STRICT;
