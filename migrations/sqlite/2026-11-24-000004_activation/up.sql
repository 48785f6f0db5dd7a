CREATE TABLE activation_requests (
  id BLOB PRIMARY KEY NOT NULL,
  order_id BLOB NOT NULL REFERENCES orders (id),
  order_unit INTEGER NOT NULL,
  account_id BLOB NOT NULL REFERENCES accounts (id),
  plan_id BLOB NOT NULL REFERENCES plans (id),
  product TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('awaiting_email', 'collecting', 'ready_to_submit', 'in_review', 'resubmission_requested', 'approved', 'provisioning', 'active', 'rejected', 'cancelled', 'expired', 'withdrawn')),
  email TEXT,
  email_verified_at TEXT,
  holder_type TEXT,
  holder TEXT,
  holder_fiscal_subject TEXT,
  applicant TEXT,
  reopened TEXT,
  reviewer_id BLOB REFERENCES accounts (id),
  submitted_at TEXT,
  decided_at TEXT,
  activated_at TEXT,
  service_reference TEXT,
  access_url TEXT,
  reminders_sent INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (order_id, order_unit)
) STRICT;
CREATE INDEX activation_requests_account ON activation_requests (account_id, id);
CREATE INDEX activation_requests_status ON activation_requests (status, submitted_at);
CREATE INDEX activation_requests_idle ON activation_requests (status, updated_at);

-- One service per product, of whichever plan, and holder, whoever asks at the same moment.
CREATE UNIQUE INDEX activation_requests_one_per_holder ON activation_requests (product, holder_fiscal_subject)
  WHERE status NOT IN ('rejected', 'cancelled', 'expired', 'withdrawn');

-- The timeline: each row's hash covers the one before it.
CREATE TABLE activation_events (
  id BLOB PRIMARY KEY NOT NULL,
  request_id BLOB NOT NULL REFERENCES activation_requests (id),
  sequence INTEGER NOT NULL,
  kind TEXT NOT NULL,
  actor TEXT NOT NULL,
  status TEXT NOT NULL,
  details TEXT NOT NULL,
  recorded_at TEXT NOT NULL,
  previous_hash BLOB NOT NULL,
  hash BLOB NOT NULL,
  UNIQUE (request_id, sequence)
) STRICT;

CREATE TABLE otp_challenges (
  id BLOB PRIMARY KEY NOT NULL,
  request_id BLOB NOT NULL REFERENCES activation_requests (id),
  purpose TEXT NOT NULL CHECK (purpose IN ('applicant', 'representative')),
  email TEXT NOT NULL,
  sealed_secret BLOB NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('issued', 'verified', 'expired', 'exhausted', 'superseded', 'cancelled')),
  attempts INTEGER NOT NULL,
  issued_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  verified_at TEXT
) STRICT;
CREATE INDEX otp_challenges_request ON otp_challenges (request_id, id);
CREATE UNIQUE INDEX otp_challenges_one_issued ON otp_challenges (request_id, purpose) WHERE status = 'issued';

CREATE TABLE representative_invitations (
  id BLOB PRIMARY KEY NOT NULL,
  request_id BLOB NOT NULL REFERENCES activation_requests (id),
  first_name TEXT NOT NULL,
  last_name TEXT NOT NULL,
  email TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('invited', 'confirmed', 'voided')),
  confirmation TEXT,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX representative_invitations_one_live ON representative_invitations (request_id) WHERE status <> 'voided';

CREATE TABLE identity_documents (
  id BLOB PRIMARY KEY NOT NULL,
  request_id BLOB NOT NULL REFERENCES activation_requests (id),
  kind TEXT NOT NULL,
  number TEXT NOT NULL,
  issued_on TEXT NOT NULL,
  expires_on TEXT NOT NULL,
  mrz TEXT,
  status TEXT NOT NULL CHECK (status IN ('received', 'quality_failed', 'pending_review', 'approved', 'rejected', 'superseded', 'purged')),
  quality TEXT NOT NULL,
  warnings TEXT NOT NULL,
  front_path TEXT NOT NULL,
  front_upload_sha256 BLOB NOT NULL,
  back_path TEXT,
  back_upload_sha256 BLOB,
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX identity_documents_request ON identity_documents (request_id, id);

CREATE TABLE contracts (
  id BLOB PRIMARY KEY NOT NULL,
  request_id BLOB NOT NULL REFERENCES activation_requests (id),
  kind TEXT NOT NULL CHECK (kind IN ('general_conditions', 'service_order', 'privacy_notice', 'onerous_clauses')),
  template_version TEXT NOT NULL,
  locale TEXT NOT NULL,
  data TEXT NOT NULL,
  sha256 BLOB NOT NULL,
  path TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('rendered', 'downloaded', 'accepted', 'specifically_approved', 'final', 'voided')),
  downloads INTEGER NOT NULL,
  acceptance TEXT,
  specific_approval TEXT,
  signed_copy TEXT,
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX contracts_request ON contracts (request_id, id);

CREATE TABLE review_decisions (
  id BLOB PRIMARY KEY NOT NULL,
  request_id BLOB NOT NULL REFERENCES activation_requests (id),
  reviewer_id BLOB NOT NULL REFERENCES accounts (id),
  outcome TEXT NOT NULL CHECK (outcome IN ('approve', 'request_resubmission', 'reject')),
  reasons TEXT NOT NULL,
  message TEXT,
  internal_note TEXT,
  is_final INTEGER NOT NULL,
  submitted_at TEXT,
  decided_at TEXT NOT NULL
) STRICT;
CREATE INDEX review_decisions_request ON review_decisions (request_id, id);
CREATE INDEX review_decisions_time ON review_decisions (decided_at);
