DROP TABLE review_decisions;
DROP TABLE contracts;
DROP TABLE identity_documents;
DROP TABLE representative_invitations;
DROP TABLE otp_challenges;
DROP TABLE activation_events;
DROP TABLE activation_requests;
