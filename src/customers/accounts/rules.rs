//! What an account is.

crate::typed_id!(
    /// An account's identifier.
    AccountId = "acct"
);

crate::text_enum!(
    /// What an account may do beyond buying.
    Role {
        Customer = "customer",
        Reviewer = "reviewer",
        Administrator = "administrator",
    }
);
