//! The owed revocations in the store: opened, sealed, replaced by whoever read them last.

use std::sync::Arc;

use crate::auth::{
    AuthError, RevocationStore,
    owed::Owed,
    store::{RecordKind, Vault},
};

/// The owed revocations in the store.
pub(super) struct Owings {
    store: Arc<dyn RevocationStore>,
    vault: Arc<Vault>,
}

/// One of them, as the store has it.
pub(super) struct Kept {
    id: [u8; 16],
    sealed: Vec<u8>,
    pub(super) owed: Owed,
}

impl Owings {
    pub(super) fn new(store: Arc<dyn RevocationStore>, vault: Arc<Vault>) -> Self {
        Self { store, vault }
    }

    /// Keeps one, durably.
    pub(super) async fn add(&self, owed: Owed) -> Result<Kept, AuthError> {
        let id = rand::random();
        let sealed = self.seal(&id, &owed)?;
        self.store.owe(&id, &sealed).await?;
        Ok(Kept { id, sealed, owed })
    }

    /// Those that can be read: what another version wrote is left to it.
    pub(super) async fn all(&self) -> Result<Vec<Kept>, AuthError> {
        let mut all = Vec::new();
        for (id, sealed) in self.store.owed().await? {
            let plain = self.vault.open_flow(RecordKind::Revocation, &id, &sealed);
            match plain.map(|plain| Owed::from_bytes(&plain)) {
                Ok(Some(owed)) => all.push(Kept { id, sealed, owed }),
                Ok(None) => tracing::debug!("an owed revocation was written by another version of Pocket"),
                Err(error) => tracing::warn!(%error, "an owed revocation cannot be read"),
            }
        }
        Ok(all)
    }

    /// Replaces one; `None` when another did so meanwhile.
    pub(super) async fn replace(&self, kept: &Kept, owed: Owed) -> Result<Option<Kept>, AuthError> {
        let sealed = self.seal(&kept.id, &owed)?;
        let replaced = self.store.put_off(&kept.id, &kept.sealed, &sealed).await?;
        Ok(replaced.then_some(Kept {
            id: kept.id,
            sealed,
            owed,
        }))
    }

    /// Removes one.
    pub(super) async fn settle(&self, kept: &Kept) -> Result<(), AuthError> {
        Ok(self.store.settle(&kept.id).await?)
    }

    fn seal(&self, id: &[u8; 16], owed: &Owed) -> Result<Vec<u8>, AuthError> {
        let plain = owed.to_bytes().ok_or_else(|| AuthError::Unreadable {
            provider: owed.account().provider,
            reason: "it cannot be written as JSON".to_owned(),
        })?;
        Ok(self.vault.seal_flow(RecordKind::Revocation, id, &plain))
    }
}
