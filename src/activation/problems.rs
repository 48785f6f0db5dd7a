//! The activation's problem codes.

crate::problem_codes! {
    REQUEST_STATE_FORBIDS = 409 "request_state_forbids", "Lo stato della richiesta non lo permette", "The request's state forbids it";
    EMAIL_NOT_ON_OFFER = 422 "email_not_on_offer", "Indirizzo non tra quelli proposti", "That address is not among those on offer";
    OTP_INCORRECT = 422 "otp_incorrect", "Codice errato", "That code is not right";
    OTP_EXPIRED = 409 "otp_expired", "Codice scaduto", "The code has expired";
    OTP_EXHAUSTED = 409 "otp_exhausted", "Tentativi esauriti", "There are no attempts left";
    OTP_NOT_LIVE = 409 "otp_not_live", "Il codice non è più valido", "The code is no longer live";
    OTP_COOL_DOWN = 429 "otp_cool_down", "Attendi prima di chiedere un altro codice", "Wait before asking for another code";
    HOLDER_ALREADY_REQUESTED = 409 "holder_already_requested", "Esiste già una richiesta per questo intestatario", "There is a request for this holder already";
}
