CREATE TABLE accounts (
  id BLOB PRIMARY KEY NOT NULL,
  email TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  first_name TEXT NOT NULL,
  last_name TEXT NOT NULL,
  phone TEXT,
  search_text TEXT NOT NULL,
  locale TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('customer', 'reviewer', 'administrator')),
  email_verified_at TEXT,
  totp_failures INTEGER NOT NULL DEFAULT 0,
  totp_failed_at TEXT,
  suspended_at TEXT,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  erased_at TEXT
) STRICT;

-- A session is the family of one login's refresh tokens.
CREATE TABLE sessions (
  id BLOB PRIMARY KEY NOT NULL,
  account_id BLOB NOT NULL REFERENCES accounts (id),
  refresh_token_hash BLOB NOT NULL,
  ip TEXT,
  user_agent TEXT,
  created_at TEXT NOT NULL,
  last_used_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  revoked_at TEXT
) STRICT;
CREATE INDEX sessions_account ON sessions (account_id, id);

CREATE TABLE email_verifications (
  id BLOB PRIMARY KEY NOT NULL,
  account_id BLOB NOT NULL REFERENCES accounts (id),
  email TEXT NOT NULL,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  used_at TEXT
) STRICT;
CREATE INDEX email_verifications_account ON email_verifications (account_id);

CREATE TABLE password_resets (
  id BLOB PRIMARY KEY NOT NULL,
  account_id BLOB NOT NULL REFERENCES accounts (id),
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  used_at TEXT
) STRICT;
CREATE INDEX password_resets_account ON password_resets (account_id);

-- Once confirmed, a second factor of logins (TOTP); a step is the last one whose code was taken.
CREATE TABLE authenticators (
  id BLOB PRIMARY KEY NOT NULL,
  account_id BLOB NOT NULL REFERENCES accounts (id),
  label TEXT,
  sealed_secret BLOB NOT NULL,
  last_step INTEGER,
  created_at TEXT NOT NULL,
  confirmed_at TEXT,
  last_used_at TEXT
) STRICT;
CREATE INDEX authenticators_account ON authenticators (account_id, id);

CREATE TABLE recovery_codes (
  account_id BLOB NOT NULL REFERENCES accounts (id),
  code_hash BLOB NOT NULL,
  created_at TEXT NOT NULL,
  used_at TEXT,
  PRIMARY KEY (account_id, code_hash)
) STRICT;

CREATE TABLE consent_documents (
  id BLOB PRIMARY KEY NOT NULL,
  purpose TEXT NOT NULL CHECK (purpose IN ('terms', 'privacy_notice', 'marketing')),
  version TEXT NOT NULL,
  title TEXT NOT NULL,
  body TEXT NOT NULL,
  published_at TEXT NOT NULL,
  UNIQUE (purpose, version)
) STRICT;

-- Only ever grows: the last row of a purpose is the choice in force (GDPR art. 7(1)).
CREATE TABLE consents (
  id BLOB PRIMARY KEY NOT NULL,
  account_id BLOB NOT NULL REFERENCES accounts (id),
  purpose TEXT NOT NULL,
  decision TEXT NOT NULL CHECK (decision IN ('granted', 'denied')),
  document_version TEXT NOT NULL,
  ip TEXT,
  user_agent TEXT,
  decided_at TEXT NOT NULL
) STRICT;
CREATE INDEX consents_account ON consents (account_id, purpose, id);

CREATE TABLE billing_profiles (
  id BLOB PRIMARY KEY NOT NULL,
  account_id BLOB NOT NULL REFERENCES accounts (id),
  kind TEXT NOT NULL,
  details TEXT NOT NULL,
  vat_check_status TEXT CHECK (vat_check_status IN ('unchecked', 'valid', 'invalid', 'unavailable')),
  vat_checked_at TEXT,
  vat_consultation_number TEXT,
  version INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  deleted_at TEXT
) STRICT;
CREATE INDEX billing_profiles_account ON billing_profiles (account_id, id);
CREATE INDEX billing_profiles_vat_check ON billing_profiles (vat_check_status, vat_checked_at);
