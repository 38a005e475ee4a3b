//! What was fetched, checked and granted, kept in `pocket.lock`.

mod candidate;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzed;
mod grant_file;
mod installed;
mod installer;
mod lock_store;
mod lockfile;
mod ownership;
#[cfg(test)]
mod story;
mod trust;
mod update;

pub use candidate::Candidate;
pub use error::InstallError;
pub use installed::Installed;
pub use installer::{Installer, LockMode};
pub use lock_store::WriteLock;
pub use trust::Trust;
pub use update::{Change, Update};
