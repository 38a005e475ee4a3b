//! Where the key under which tokens are sealed comes from.

use std::path::PathBuf;

use crate::base::secret::Secret;

/// Where the key under which tokens are sealed comes from.
#[derive(Debug, Clone, Default)]
pub enum KeySource {
    /// 32 bytes, base64: `POCKET_STORE_KEY`.
    Given(Secret),
    /// A file of the operator's: `[store] key_file`.
    File(PathBuf),
    /// A file of ours in `home`, made when the store is made (0600).
    #[default]
    Home,
}

/// The key under which tokens are sealed.
#[derive(Clone)]
pub(crate) struct StoreKey {
    bytes: std::sync::Arc<zeroize::Zeroizing<[u8; 32]>>,
}

impl StoreKey {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self {
            bytes: std::sync::Arc::new(zeroize::Zeroizing::new(bytes)),
        }
    }

    /// A key that no store remembers.
    pub(crate) fn random() -> Self {
        todo!()
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.bytes
    }
}
