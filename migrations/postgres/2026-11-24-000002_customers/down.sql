DROP TABLE billing_profiles;
DROP TABLE consents;
DROP TABLE consent_documents;
DROP TABLE password_resets;
DROP TABLE email_verifications;
DROP TABLE sessions;
DROP TABLE accounts;
