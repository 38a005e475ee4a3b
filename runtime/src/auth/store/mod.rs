//! Where tokens and pending sign-ins are kept: every store sees only sealed bytes.

mod contract;
mod error;
mod key_record;
mod memory;
mod names;
mod open;
mod place;
mod postgres;
mod redis;
mod reseal;
mod seal;
mod settings;
mod sqlite;
mod tls;
mod url;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod rekeys;
#[cfg(test)]
mod servers;

pub use contract::{FlowStore, Lease, RevocationStore, SealedOwed, StoredRecord, TokenStore};
pub use error::StoreError;
pub use memory::MemoryStore;
pub(crate) use open::OpenStore;
pub use place::StorePlace;
pub(crate) use seal::{RecordKind, Vault};
pub use settings::StoreSettings;
pub use sqlite::SqliteStore;
use sqlite::io_at as sqlite_io_at;
pub use tls::TlsFault;
pub use url::{NotAStoreUrl, StoreUrl};
