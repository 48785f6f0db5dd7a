//! The customers' problem codes.

crate::problem_codes! {
    EMAIL_TAKEN = 409 "email_taken", "Esiste già un account con questo indirizzo", "There is an account with this address already";
    INVALID_CREDENTIALS = 401 "invalid_credentials", "Credenziali non valide", "The e-mail or the password is wrong";
    REFRESH_TOKEN_REUSED = 401 "refresh_token_reused", "Sessione chiusa per sicurezza", "That refresh token was used before; the session is closed";
    INVALID_TOKEN = 422 "invalid_token", "Il collegamento non è valido o è scaduto", "The link is not valid or has expired";
}
