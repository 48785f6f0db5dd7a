-- The outbox: effects that a committed transaction owes the outside.
CREATE TABLE jobs (
  id BLOB PRIMARY KEY NOT NULL,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  dedup_key TEXT UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'dead')),
  attempts INTEGER NOT NULL,
  run_at TEXT NOT NULL,
  leased_until TEXT,
  last_error TEXT,
  created_at TEXT NOT NULL,
  finished_at TEXT
) STRICT;
CREATE INDEX jobs_due ON jobs (state, run_at);

-- Answers kept for 24 hours under the caller's Idempotency-Key, sealed.
CREATE TABLE idempotency_keys (
  caller TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  leased_until TEXT,
  answer BLOB,
  created_at TEXT NOT NULL,
  PRIMARY KEY (caller, idempotency_key)
) STRICT;
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- Gapless numbers, one row a series and year.
CREATE TABLE number_series (
  series TEXT PRIMARY KEY NOT NULL,
  last_number INTEGER NOT NULL
) STRICT;

CREATE TABLE audit_log (
  id BLOB PRIMARY KEY NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  details TEXT NOT NULL,
  recorded_at TEXT NOT NULL
) STRICT;
CREATE INDEX audit_log_subject ON audit_log (subject, id);
