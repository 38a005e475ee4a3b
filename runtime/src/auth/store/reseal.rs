//! Seals what a store has under another key.

use crate::auth::{
    AccountId, StoreError, StoredRecord,
    store::{RecordKind, Vault},
};

/// Opens with one key and seals with another.
pub(super) struct Reseal<'a> {
    pub(super) from: &'a Vault,
    pub(super) to: &'a Vault,
}

impl Reseal<'_> {
    /// An account's record, of the same version. One that does not open stays as it is: nothing is lost by it, and it is told
    /// as before.
    pub(super) fn account(&self, account: &AccountId, record: &StoredRecord) -> Result<Vec<u8>, StoreError> {
        match self.from.open_account(account, record.version, &record.sealed) {
            Ok(plain) => Ok(self.to.seal_account(account, record.version, &plain)),
            Err(StoreError::Altered { .. }) => Ok(record.sealed.clone()),
            Err(error) => Err(error),
        }
    }

    /// A pending sign-in, its outcome, or a revocation; `None` for one that does not open.
    pub(super) fn flow(&self, kind: RecordKind, id: &[u8; 16], sealed: &[u8]) -> Option<Vec<u8>> {
        let plain = self.from.open_flow(kind, id, sealed).ok()?;
        Some(self.to.seal_flow(kind, id, &plain))
    }
}
