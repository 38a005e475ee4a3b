//! The pending sign-ins: opened, sealed, taken once.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::{
    auth::{
        AccountId, AuthError, FlowStore,
        pending::{FlowId, Outcome, Pending},
        store::{RecordKind, Vault},
        wire,
    },
    base::clock::UnixTime,
};

/// Where a sign-in stands.
#[derive(Debug)]
pub(super) enum Standing {
    Pending(Box<Pending>, Sealed),
    /// Its code is being exchanged, or its user asked.
    Taken,
    Ended(Outcome),
    /// It is not known, or was forgotten after its time.
    Unknown,
}

/// The bytes of a pending sign-in as the store has them.
#[derive(Debug)]
pub(super) struct Sealed(Vec<u8>);

/// The pending sign-ins.
pub(super) struct Flows {
    store: Arc<dyn FlowStore>,
    vault: Arc<Vault>,
}

impl Flows {
    pub(super) fn new(store: Arc<dyn FlowStore>, vault: Arc<Vault>) -> Self {
        Self { store, vault }
    }

    pub(super) async fn insert(&self, pending: &Pending) -> Result<(), AuthError> {
        let sealed = self.seal(RecordKind::Flow, pending.id, &plain(pending)?);
        Ok(self.store.insert(&pending.id.0, &sealed, pending.expires_at).await?)
    }

    /// Where it stands. One whose time is over by the clock is told as pending: the page and the waiter say so in their ways.
    pub(super) async fn standing(&self, id: FlowId) -> Result<Standing, AuthError> {
        if let Some(sealed) = self.store.peek(&id.0).await? {
            let pending = self.open(id, &sealed)?;
            return Ok(Standing::Pending(Box::new(pending), Sealed(sealed)));
        }
        // The store tells of a sign-in that it does not know by an error.
        match self.store.outcome(&id.0).await {
            Ok(Some(sealed)) => Ok(Standing::Ended(self.open_outcome(id, &sealed)?)),
            Ok(None) => Ok(Standing::Taken),
            Err(error) if is_unknown(&error) => Ok(Standing::Unknown),
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces a pending one; `false` when it changed or ended meanwhile.
    pub(super) async fn replace(&self, from: &Sealed, to: &Pending) -> Result<bool, AuthError> {
        let sealed = self.seal(RecordKind::Flow, to.id, &plain(to)?);
        Ok(self.store.replace(&to.id.0, &from.0, &sealed).await?)
    }

    /// Takes one: only one caller ever gets it.
    pub(super) async fn take(&self, id: FlowId) -> Result<Option<Pending>, AuthError> {
        let sealed = self.store.take(&id.0).await?;
        sealed.map(|sealed| self.open(id, &sealed)).transpose()
    }

    /// Those that are pending. What is none, or of another version of Pocket, is left out.
    pub(super) async fn pending(&self) -> Result<Vec<Pending>, AuthError> {
        let all = self.store.pending().await?;
        let opened = all.iter().map(|(id, sealed)| self.open(FlowId(*id), sealed));
        Ok(opened.filter_map(Result::ok).collect())
    }

    /// The sign-in of an account, in whichever process it was begun: the one that lasts longest of those that `is_fit`.
    pub(super) async fn of_account(
        &self,
        account: &AccountId,
        now: UnixTime,
        is_fit: impl Fn(&Pending) -> bool,
    ) -> Result<Option<FlowId>, AuthError> {
        let all = self.pending().await?.into_iter();
        let fit = all.filter(|pending| !pending.is_over(now) && pending.account() == *account && is_fit(pending));
        Ok(fit.max_by_key(|pending| pending.expires_at).map(|pending| pending.id))
    }

    /// Keeps how one that was taken ended.
    pub(super) async fn finish(&self, id: FlowId, outcome: &Outcome) -> Result<(), AuthError> {
        let sealed = self.seal(RecordKind::Outcome, id, &plain(outcome)?);
        Ok(self.store.finish(&id.0, &sealed).await?)
    }

    /// Leaves a mark in the store, by which another process can tell that it has the same one.
    pub(super) async fn mark(&self, id: FlowId, until: UnixTime) -> Result<(), AuthError> {
        let sealed = self.seal(RecordKind::Flow, id, b"mark");
        Ok(self.store.insert(&id.0, &sealed, until).await?)
    }

    pub(super) async fn has_mark(&self, id: FlowId) -> Result<bool, AuthError> {
        Ok(self.store.peek(&id.0).await?.is_some())
    }

    pub(super) async fn unmark(&self, id: FlowId) -> Result<(), AuthError> {
        self.store.take(&id.0).await?;
        Ok(())
    }

    pub(super) async fn purge(&self, now: UnixTime) -> Result<(), AuthError> {
        Ok(self.store.purge(now).await?)
    }

    fn seal(&self, kind: RecordKind, id: FlowId, plain: &[u8]) -> Vec<u8> {
        self.vault.seal_flow(kind, &id.0, plain)
    }

    fn open(&self, id: FlowId, sealed: &[u8]) -> Result<Pending, AuthError> {
        read(&self.vault.open_flow(RecordKind::Flow, &id.0, sealed)?)
    }

    fn open_outcome(&self, id: FlowId, sealed: &[u8]) -> Result<Outcome, AuthError> {
        read(&self.vault.open_flow(RecordKind::Outcome, &id.0, sealed)?)
    }
}

fn plain<T: serde::Serialize>(value: &T) -> Result<Zeroizing<Vec<u8>>, AuthError> {
    wire::to_bytes(value).ok_or(AuthError::NoSuchSignIn)
}

fn read<T: serde::de::DeserializeOwned>(plain: &[u8]) -> Result<T, AuthError> {
    serde_json::from_slice(plain).map_err(|_of_another_version| AuthError::NoSuchSignIn)
}

fn is_unknown(error: &crate::auth::StoreError) -> bool {
    error.code() == crate::base::code::Code::NotFound
}
