DROP TABLE sandbox_clock;
DROP TABLE sandbox_refunds;
DROP TABLE sandbox_payments;
DROP TABLE sandbox_services;
DROP TABLE sandbox_mails;
