//! Signs users in, keeps their tokens, and hands each call a credential.

mod account;
mod auth;
mod credential;
mod error;
mod flow;
mod listener;
mod pages;
mod settings;
mod sign_in;
mod store;
mod tls;
mod transport;

pub use account::{AccountId, AccountState, AccountStatus, NeedsSignIn};
pub(crate) use auth::AuthParts;
pub use auth::{Auth, SignedOut};
pub use credential::{Credential, CredentialValue};
pub use error::AuthError;
pub use settings::{Client, Settings};
pub use sign_in::SignIn;
pub use store::{FlowStore, Lease, MemoryStore, SqliteStore, StoreError, StoredRecord, TokenStore};
