//! Seals records: XChaCha20-Poly1305, a random nonce a write, bound to what and whose they are.

use crate::{
    auth::{AccountId, StoreError},
    base::key::StoreKey,
};

/// What a record is; part of what its seal is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordKind {
    Account,
    Flow,
    Outcome,
}

/// Seals and opens records with the store's key.
pub(crate) struct Vault {
    key: StoreKey,
}

impl Vault {
    pub(crate) fn new(key: StoreKey) -> Self {
        Self { key }
    }

    /// Seals an account's record as the one of this version.
    pub(crate) fn seal_account(&self, account: &AccountId, version: u64, plain: &[u8]) -> Vec<u8> {
        let _ = (account, version, plain, &self.key);
        todo!()
    }

    /// Opens it, in memory that is wiped when dropped.
    pub(crate) fn open_account(
        &self,
        account: &AccountId,
        version: u64,
        sealed: &[u8],
    ) -> Result<zeroize::Zeroizing<Vec<u8>>, StoreError> {
        let _ = (account, version, sealed);
        todo!()
    }

    /// Seals a pending sign-in or its outcome.
    pub(crate) fn seal_flow(&self, kind: RecordKind, id: &[u8; 16], plain: &[u8]) -> Vec<u8> {
        let _ = (kind, id, plain);
        todo!()
    }

    /// Opens it.
    pub(crate) fn open_flow(
        &self,
        kind: RecordKind,
        id: &[u8; 16],
        sealed: &[u8],
    ) -> Result<zeroize::Zeroizing<Vec<u8>>, StoreError> {
        let _ = (kind, id, sealed);
        todo!()
    }
}
