//! Where tokens and pending sign-ins are kept: every store sees only sealed bytes.

mod contract;
mod error;
mod memory;
mod seal;
mod sqlite;

#[cfg(test)]
mod conformance;

pub use contract::{FlowStore, Lease, StoredRecord, TokenStore};
pub use error::StoreError;
pub use memory::MemoryStore;
pub(crate) use seal::{RecordKind, Vault};
pub use sqlite::SqliteStore;
