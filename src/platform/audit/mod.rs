//! The audit log: what the back office did, written in the transaction that did it.

pub mod store;

crate::typed_id!(
    /// An audit entry's identifier.
    AuditEntryId = "audit"
);
