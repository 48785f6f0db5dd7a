//! The activation's problem codes.

crate::problem_codes! {
    REQUEST_STATE_FORBIDS = 409 "request_state_forbids", "Lo stato della richiesta non lo permette", "The request's state forbids it";
    REQUIREMENT_FROZEN = 409 "requirement_frozen", "Questo dato non va cambiato ora", "The review did not ask for this again";
    REQUIREMENTS_DUE = 409 "requirements_due", "Manca ancora qualcosa", "Something is still due";
    EMAIL_NOT_ON_OFFER = 422 "email_not_on_offer", "Indirizzo non tra quelli proposti", "That address is not among those on offer";
    OTP_INCORRECT = 422 "otp_incorrect", "Codice errato", "That code is not right";
    OTP_EXPIRED = 409 "otp_expired", "Codice scaduto", "The code has expired";
    OTP_EXHAUSTED = 409 "otp_exhausted", "Tentativi esauriti", "There are no attempts left";
    OTP_NOT_LIVE = 409 "otp_not_live", "Il codice non è più valido", "The code is no longer live";
    OTP_COOL_DOWN = 429 "otp_cool_down", "Attendi prima di chiedere un altro codice", "Wait before asking for another code";
    HOLDER_ALREADY_REQUESTED = 409 "holder_already_requested", "Esiste già una richiesta per questo intestatario", "There is a request for this holder already";
    CONTRACT_STATE_FORBIDS = 409 "contract_state_forbids", "Lo stato del documento contrattuale non lo permette", "The contract's state forbids it";
    CONTRACT_NOT_CURRENT = 409 "contract_not_current", "L'impronta non è quella del documento attuale", "That is not the hash of the current document";
    CLAIMED_BY_ANOTHER = 409 "claimed_by_another", "La richiesta è in carico a un altro revisore", "Another reviewer has claimed the request";
    SECOND_REVIEWER_NEEDED = 409 "second_reviewer_needed", "Serve l'approvazione di un altro revisore", "Another reviewer must approve it";
    ACTIVATION_UNDER_WAY = 409 "activation_under_way", "C'è un'attivazione in corso", "An activation is under way";
    OWN_REQUEST = 403 "own_request", "Nessuno esamina la propria richiesta", "Nobody reviews their own request";
}
