-- The outbox: effects that a committed transaction owes the outside.
CREATE TABLE jobs (
  id UUID PRIMARY KEY NOT NULL,
  kind TEXT NOT NULL,
  payload JSONB NOT NULL,
  dedup_key TEXT UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'dead')),
  attempts INTEGER NOT NULL,
  run_at TIMESTAMPTZ NOT NULL,
  leased_until TIMESTAMPTZ,
  last_error TEXT,
  created_at TIMESTAMPTZ NOT NULL,
  finished_at TIMESTAMPTZ
);
CREATE INDEX jobs_due ON jobs (state, run_at);

-- Answers kept for 24 hours under the caller's Idempotency-Key, sealed.
CREATE TABLE idempotency_keys (
  caller TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  fingerprint BYTEA NOT NULL,
  leased_until TIMESTAMPTZ,
  answer BYTEA,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (caller, idempotency_key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- Gapless numbers, one row a series and year.
CREATE TABLE number_series (
  series TEXT PRIMARY KEY NOT NULL,
  last_number BIGINT NOT NULL
);

CREATE TABLE audit_log (
  id UUID PRIMARY KEY NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  details JSONB NOT NULL,
  recorded_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX audit_log_subject ON audit_log (subject, id);
