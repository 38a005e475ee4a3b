//! Who may come in: keys, each bound to a profile.

mod key;
mod key_file;
mod keys;

pub use key::{Key, KeyId, NotAKey};
pub use keys::{Keys, KeysError, Made};

pub(crate) use keys::Revocations;
