//! The shop's problem codes.

crate::problem_codes! {
    CART_NOT_OPEN = 409 "cart_not_open", "Il carrello non è più aperto", "The cart is no longer open";
    CART_INCOMPLETE = 409 "cart_incomplete", "Al carrello manca ancora qualcosa", "The cart still lacks something";
    CART_CLAIMED = 409 "cart_claimed", "Il carrello è di un altro account", "The cart belongs to another account";
    CART_NOT_CLAIMED = 409 "cart_not_claimed", "Il carrello non è ancora di un account", "The cart must be claimed by an account first";
    TOTAL_CHANGED = 409 "total_changed", "Il totale è cambiato", "The total has changed";
    PLAN_NOT_AVAILABLE = 422 "plan_not_available", "Piano non disponibile", "That plan is not on offer";
    PLAN_SLUG_TAKEN = 409 "plan_slug_taken", "Esiste già un piano con questo nome breve", "There is a plan with that slug already";
    COUPON_NOT_VALID = 422 "coupon_not_valid", "Codice sconto non valido", "That coupon code is not valid";
    COUPON_NOT_STARTED = 422 "coupon_not_started", "Codice sconto non ancora attivo", "That coupon cannot be used yet";
    COUPON_EXPIRED = 422 "coupon_expired", "Codice sconto scaduto", "That coupon has expired";
    COUPON_NOT_FOR_PLAN = 422 "coupon_not_for_plan", "Codice sconto non valido per questi piani", "That coupon is not for these plans";
    COUPON_NOT_FOR_AUDIENCE = 422 "coupon_not_for_audience", "Codice sconto non valido per questo tipo di piani", "That coupon is not for plans of this kind";
    COUPON_MINIMUM_TOTAL = 422 "coupon_minimum_total", "Il carrello non raggiunge il minimo del codice sconto", "The cart does not come to the coupon's minimum";
    COUPON_FIRST_ORDER_ONLY = 422 "coupon_first_order_only", "Codice sconto riservato al primo ordine", "That coupon is for a first order only";
    COUPON_CODE_MISTYPED = 422 "coupon_code_mistyped", "Codice sconto scritto male", "That coupon code has a typing error";
    COUPON_ALREADY_APPLIED = 409 "coupon_already_applied", "Nel carrello c'è già un altro codice sconto", "The cart holds another coupon already";
    COUPON_EXHAUSTED = 409 "coupon_exhausted", "Codice sconto esaurito", "That coupon has no uses left";
    COUPON_NO_LONGER_APPLIES = 409 "coupon_no_longer_applies", "Il codice sconto non vale più per questo carrello", "The coupon no longer applies to this cart";
    COUPON_LIMIT_REACHED = 409 "coupon_limit_reached", "Hai già usato questo codice sconto", "You have used that coupon as often as it allows";
    COUPON_CODE_TAKEN = 409 "coupon_code_taken", "Codice già esistente", "That code exists already";
    COUPON_CAMPAIGN_ARCHIVED = 409 "coupon_campaign_archived", "La campagna è archiviata", "The campaign is archived";
    PAYMENT_METHOD_NOT_AVAILABLE = 422 "payment_method_not_available", "Metodo di pagamento non disponibile", "That payment method is not available";
    ORDER_STATE_FORBIDS = 409 "order_state_forbids", "Lo stato dell'ordine non lo permette", "The order's state forbids it";
    BANK_TRANSFER_ALREADY_RECORDED = 409 "bank_transfer_already_recorded", "Il bonifico è già registrato", "That bank transfer is recorded already";
    ORDERS_OPEN = 409 "orders_open", "C'è un ordine da pagare o annullare", "There is an order to pay or cancel first";
    WITHDRAWAL_FOR_CONSUMERS = 409 "withdrawal_for_consumers", "Il recesso spetta solo ai consumatori", "Only consumers have a right of withdrawal";
    WITHDRAWAL_PERIOD_OVER = 409 "withdrawal_period_over", "Il periodo di recesso è finito", "The withdrawal period is over";
    NOTHING_DUE = 409 "nothing_due", "Non c'è nulla da pagare", "There is nothing to pay";
    INVOICE_NOT_OWED = 404 "invoice_not_owed", "Per questo ordine non è dovuta alcuna fattura", "No invoice is owed for this order";
    INVOICE_NOT_ISSUED_YET = 409 "invoice_not_issued_yet", "La fattura non è ancora stata emessa", "The invoice is not issued yet";
    REFUND_EXCEEDS_RECEIVED = 409 "refund_exceeds_received", "Si può rimborsare al massimo quanto è arrivato", "No more can be given back than came";
    SIGNATURE_INVALID = 401 "signature_invalid", "Firma non valida", "The signature is not valid";
}
