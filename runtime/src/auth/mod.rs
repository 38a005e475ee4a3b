//! Signs users in, keeps their tokens, and hands each call a credential.

#![warn(clippy::wildcard_enum_match_arm)]

mod account;
mod account_store;
mod agreeing;
#[expect(clippy::module_inception, reason = "the file of the type `Auth`")]
mod auth;
mod board;
mod complete;
mod core;
mod credential;
mod decide;
mod devices;
mod discovered;
mod embedded;
mod error;
mod exchange;
mod flow;
mod flows;
mod hints;
mod keep_alive;
mod listener;
mod owed;
mod owings;
mod pages;
mod pasting;
mod pending;
mod pending_sign_in;
mod record;
mod records;
mod refresh;
mod rejected;
mod renewal_counts;
mod resolve;
mod revoking;
mod sessions;
mod settings;
mod sign_in;
mod sign_ins;
mod sign_out;
mod step_up;
mod store;
mod supply;
#[cfg(test)]
mod tests;
mod tls;
mod transfer;
mod transport;
mod waiting;
mod wire;

pub use account::{AccountId, AccountState, AccountStatus, NeedsSignIn};
pub use account_store::{AccountStore, Exported, ImportMode, ImportStep, Imported};
pub use auth::Auth;
pub(crate) use auth::AuthParts;
pub use credential::{Credential, CredentialValue};
pub use error::{AuthError, ScopeFault};
pub use keep_alive::KeptAlive;
pub use owed::OwedRevocation;
pub use pending_sign_in::{PendingSignIn, SignInStep};
pub use renewal_counts::RenewalCounts;
pub use sessions::Sessions;
pub use settings::{Client, Renewals, Settings};
pub use sign_in::SignIn;
pub use sign_out::{SignedOut, WhoseAccounts};
pub(crate) use store::OpenStore;
pub use store::{
    FlowStore, Lease, MemoryStore, NotAStoreUrl, RevocationStore, SealedOwed, SqliteStore, StoreError, StorePlace,
    StoreSettings, StoreUrl, StoredRecord, TlsFault, TokenStore,
};
pub use transfer::TransferError;
