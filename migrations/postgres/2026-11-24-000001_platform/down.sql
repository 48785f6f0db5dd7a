DROP TABLE audit_log;
DROP TABLE number_series;
DROP TABLE idempotency_keys;
DROP TABLE jobs;
