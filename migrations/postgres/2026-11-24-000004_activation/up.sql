CREATE TABLE activation_requests (
  id UUID PRIMARY KEY NOT NULL,
  order_id UUID NOT NULL REFERENCES orders (id),
  order_unit INTEGER NOT NULL,
  account_id UUID NOT NULL REFERENCES accounts (id),
  plan_id UUID NOT NULL REFERENCES plans (id),
  product TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('awaiting_email', 'collecting', 'ready_to_submit', 'in_review', 'resubmission_requested', 'approved', 'provisioning', 'active', 'rejected', 'cancelled', 'expired', 'withdrawn')),
  email TEXT,
  email_verified_at TIMESTAMPTZ,
  holder_type TEXT,
  holder JSONB,
  holder_fiscal_subject TEXT,
  applicant JSONB,
  reopened JSONB,
  reviewer_id UUID REFERENCES accounts (id),
  submitted_at TIMESTAMPTZ,
  decided_at TIMESTAMPTZ,
  activated_at TIMESTAMPTZ,
  service_reference TEXT,
  access_url TEXT,
  reminders_sent INTEGER NOT NULL DEFAULT 0,
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  UNIQUE (order_id, order_unit)
);
CREATE INDEX activation_requests_account ON activation_requests (account_id, id);
CREATE INDEX activation_requests_status ON activation_requests (status, submitted_at);
CREATE INDEX activation_requests_idle ON activation_requests (status, updated_at);

-- One service per product, of whichever plan, and holder, whoever asks at the same moment.
CREATE UNIQUE INDEX activation_requests_one_per_holder ON activation_requests (product, holder_fiscal_subject)
  WHERE status NOT IN ('rejected', 'cancelled', 'expired', 'withdrawn');

-- The timeline: each row's hash covers the one before it.
CREATE TABLE activation_events (
  id UUID PRIMARY KEY NOT NULL,
  request_id UUID NOT NULL REFERENCES activation_requests (id),
  sequence BIGINT NOT NULL,
  kind TEXT NOT NULL,
  actor TEXT NOT NULL,
  status TEXT NOT NULL,
  details JSONB NOT NULL,
  recorded_at TIMESTAMPTZ NOT NULL,
  previous_hash BYTEA NOT NULL,
  hash BYTEA NOT NULL,
  UNIQUE (request_id, sequence)
);

CREATE TABLE otp_challenges (
  id UUID PRIMARY KEY NOT NULL,
  request_id UUID NOT NULL REFERENCES activation_requests (id),
  purpose TEXT NOT NULL CHECK (purpose IN ('applicant', 'representative')),
  email TEXT NOT NULL,
  sealed_secret BYTEA NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('issued', 'verified', 'expired', 'exhausted', 'superseded', 'cancelled')),
  attempts INTEGER NOT NULL,
  issued_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  verified_at TIMESTAMPTZ
);
CREATE INDEX otp_challenges_request ON otp_challenges (request_id, id);
CREATE UNIQUE INDEX otp_challenges_one_issued ON otp_challenges (request_id, purpose) WHERE status = 'issued';

CREATE TABLE representative_invitations (
  id UUID PRIMARY KEY NOT NULL,
  request_id UUID NOT NULL REFERENCES activation_requests (id),
  first_name TEXT NOT NULL,
  last_name TEXT NOT NULL,
  email TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('invited', 'confirmed', 'voided')),
  confirmation JSONB,
  created_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX representative_invitations_one_live ON representative_invitations (request_id) WHERE status <> 'voided';

CREATE TABLE identity_documents (
  id UUID PRIMARY KEY NOT NULL,
  request_id UUID NOT NULL REFERENCES activation_requests (id),
  kind TEXT NOT NULL,
  number TEXT NOT NULL,
  issued_on DATE NOT NULL,
  expires_on DATE NOT NULL,
  mrz TEXT,
  status TEXT NOT NULL CHECK (status IN ('received', 'quality_failed', 'pending_review', 'approved', 'rejected', 'superseded', 'purged')),
  quality JSONB NOT NULL,
  warnings JSONB NOT NULL,
  front_path TEXT NOT NULL,
  front_upload_sha256 BYTEA NOT NULL,
  back_path TEXT,
  back_upload_sha256 BYTEA,
  created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX identity_documents_request ON identity_documents (request_id, id);

CREATE TABLE contracts (
  id UUID PRIMARY KEY NOT NULL,
  request_id UUID NOT NULL REFERENCES activation_requests (id),
  kind TEXT NOT NULL CHECK (kind IN ('general_conditions', 'service_order', 'privacy_notice', 'onerous_clauses')),
  template_version TEXT NOT NULL,
  locale TEXT NOT NULL,
  data JSONB NOT NULL,
  sha256 BYTEA NOT NULL,
  path TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('rendered', 'downloaded', 'accepted', 'specifically_approved', 'final', 'voided')),
  downloads INTEGER NOT NULL,
  acceptance JSONB,
  specific_approval JSONB,
  signed_copy JSONB,
  created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX contracts_request ON contracts (request_id, id);

CREATE TABLE review_decisions (
  id UUID PRIMARY KEY NOT NULL,
  request_id UUID NOT NULL REFERENCES activation_requests (id),
  reviewer_id UUID NOT NULL REFERENCES accounts (id),
  outcome TEXT NOT NULL CHECK (outcome IN ('approve', 'request_resubmission', 'reject')),
  reasons JSONB NOT NULL,
  message TEXT,
  internal_note TEXT,
  is_final BOOLEAN NOT NULL,
  submitted_at TIMESTAMPTZ,
  decided_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX review_decisions_request ON review_decisions (request_id, id);
CREATE INDEX review_decisions_time ON review_decisions (decided_at);
