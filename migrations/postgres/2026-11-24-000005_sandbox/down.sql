DROP TABLE sandbox_clock;
DROP TABLE sandbox_services;
DROP TABLE sandbox_mails;
