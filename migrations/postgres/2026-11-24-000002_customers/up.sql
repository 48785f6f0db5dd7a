CREATE TABLE accounts (
  id UUID PRIMARY KEY NOT NULL,
  email TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  first_name TEXT NOT NULL,
  last_name TEXT NOT NULL,
  phone TEXT,
  search_text TEXT NOT NULL,
  locale TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('customer', 'reviewer', 'administrator')),
  email_verified_at TIMESTAMPTZ,
  totp_failures INTEGER NOT NULL DEFAULT 0,
  totp_failed_at TIMESTAMPTZ,
  suspended_at TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  erased_at TIMESTAMPTZ
);

-- A session is the family of one login's refresh tokens.
CREATE TABLE sessions (
  id UUID PRIMARY KEY NOT NULL,
  account_id UUID NOT NULL REFERENCES accounts (id),
  refresh_token_hash BYTEA NOT NULL,
  ip TEXT,
  user_agent TEXT,
  created_at TIMESTAMPTZ NOT NULL,
  last_used_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  revoked_at TIMESTAMPTZ
);
CREATE INDEX sessions_account ON sessions (account_id, id);

CREATE TABLE email_verifications (
  id UUID PRIMARY KEY NOT NULL,
  account_id UUID NOT NULL REFERENCES accounts (id),
  email TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  used_at TIMESTAMPTZ
);
CREATE INDEX email_verifications_account ON email_verifications (account_id);

CREATE TABLE password_resets (
  id UUID PRIMARY KEY NOT NULL,
  account_id UUID NOT NULL REFERENCES accounts (id),
  created_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  used_at TIMESTAMPTZ
);
CREATE INDEX password_resets_account ON password_resets (account_id);

-- Once confirmed, a second factor of logins (TOTP); a step is the last one whose code was taken.
CREATE TABLE authenticators (
  id UUID PRIMARY KEY NOT NULL,
  account_id UUID NOT NULL REFERENCES accounts (id),
  label TEXT,
  sealed_secret BYTEA NOT NULL,
  last_step BIGINT,
  created_at TIMESTAMPTZ NOT NULL,
  confirmed_at TIMESTAMPTZ,
  last_used_at TIMESTAMPTZ
);
CREATE INDEX authenticators_account ON authenticators (account_id, id);

CREATE TABLE recovery_codes (
  account_id UUID NOT NULL REFERENCES accounts (id),
  code_hash BYTEA NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  used_at TIMESTAMPTZ,
  PRIMARY KEY (account_id, code_hash)
);

CREATE TABLE consent_documents (
  id UUID PRIMARY KEY NOT NULL,
  purpose TEXT NOT NULL CHECK (purpose IN ('terms', 'privacy_notice', 'marketing')),
  version TEXT NOT NULL,
  title JSONB NOT NULL,
  body JSONB NOT NULL,
  published_at TIMESTAMPTZ NOT NULL,
  UNIQUE (purpose, version)
);

-- Only ever grows: the last row of a purpose is the choice in force (GDPR art. 7(1)).
CREATE TABLE consents (
  id UUID PRIMARY KEY NOT NULL,
  account_id UUID NOT NULL REFERENCES accounts (id),
  purpose TEXT NOT NULL,
  decision TEXT NOT NULL CHECK (decision IN ('granted', 'denied')),
  document_version TEXT NOT NULL,
  ip TEXT,
  user_agent TEXT,
  decided_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX consents_account ON consents (account_id, purpose, id);

CREATE TABLE billing_profiles (
  id UUID PRIMARY KEY NOT NULL,
  account_id UUID NOT NULL REFERENCES accounts (id),
  kind TEXT NOT NULL,
  details JSONB NOT NULL,
  vat_check_status TEXT CHECK (vat_check_status IN ('unchecked', 'valid', 'invalid', 'unavailable')),
  vat_checked_at TIMESTAMPTZ,
  vat_consultation_number TEXT,
  version BIGINT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  deleted_at TIMESTAMPTZ
);
CREATE INDEX billing_profiles_account ON billing_profiles (account_id, id);
CREATE INDEX billing_profiles_vat_check ON billing_profiles (vat_check_status, vat_checked_at);
