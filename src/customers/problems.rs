//! The problem codes of this room.

crate::problem_codes! {
    INVALID_CREDENTIALS = 401 "invalid_credentials", "E-mail o password non corretti", "The e-mail or the password is not right";
    INVALID_REFRESH_TOKEN = 401 "invalid_refresh_token", "La sessione non è più valida: serve un nuovo accesso", "The session is no longer valid: log in again";
    REFRESH_TOKEN_REUSED = 401 "refresh_token_reused", "Il refresh token era già stato usato: la sessione è stata chiusa", "The refresh token had been used before: the session has been closed";
    TOTP_REQUIRED = 401 "totp_required", "Serve anche un codice dell'app di autenticazione", "A code of the authenticator is needed too";
    TOTP_INVALID = 401 "totp_invalid", "Il codice non è corretto o è già stato usato", "The code is not right, or was used before";
    ACCOUNT_SUSPENDED = 403 "account_suspended", "L'account è sospeso", "The account is suspended";
    RECENT_LOGIN_REQUIRED = 403 "recent_login_required", "Serve un accesso recente", "A recent login is needed";
    EMAIL_TAKEN = 409 "email_taken", "Esiste già un account con questo indirizzo e-mail", "There is already an account with this e-mail address";
    EMAIL_ALREADY_VERIFIED = 409 "email_already_verified", "L'indirizzo e-mail è già verificato", "The e-mail address is verified already";
    AUTHENTICATOR_CONFIRMED = 409 "authenticator_confirmed", "L'app di autenticazione è già confermata", "The authenticator is confirmed already";
    TOO_MANY_AUTHENTICATORS = 409 "too_many_authenticators", "Troppe app di autenticazione", "Too many authenticators";
    NO_AUTHENTICATOR = 409 "no_authenticator", "L'account non ha un'app di autenticazione", "The account has no authenticator";
    LAST_ADMINISTRATOR = 409 "last_administrator", "È l'ultimo amministratore attivo", "It is the last active administrator";
    OWN_ACCOUNT = 409 "own_account", "Non si può fare sul proprio account", "It cannot be done to one's own account";
    TOO_MANY_BILLING_PROFILES = 409 "too_many_billing_profiles", "Troppe anagrafiche di fatturazione", "Too many billing profiles";
    INVALID_TOKEN = 422 "invalid_token", "Il collegamento non è valido, è scaduto o è già stato usato", "The link is not valid, has expired or has been used already";
    TOO_MANY_TOTP_ATTEMPTS = 429 "too_many_totp_attempts", "Troppi codici sbagliati: riprova più tardi", "Too many wrong codes: try again later";
}
