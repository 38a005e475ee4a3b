//! The store of accounts, opened to move its accounts or to change its key.

use std::{fmt, path::Path, sync::Arc, time::Duration};

use crate::{
    auth::{
        AccountId, AccountState, AuthError, OpenStore, StorePlace, StoreSettings, decide,
        record::Record,
        records::Records,
        store::Vault,
        transfer::{self, TransferError},
    },
    base::{
        clock::{Clock, SystemClock, UnixTime},
        home::Home,
        key::KeyPlace,
        net::{Net, NetSettings},
        secret::Secret,
    },
};

/// While an account is written over, nobody renews its token.
const LEASE: Duration = Duration::from_secs(60);

/// The store of accounts, for who moves it or changes its key; calls and sign-ins go through [`Pocket`](crate::Pocket).
pub struct AccountStore {
    store: OpenStore,
    records: Records,
    clock: Arc<dyn Clock>,
}

/// Accounts on their way to another store.
#[derive(Debug)]
#[non_exhaustive]
pub struct Exported {
    /// The file, sealed with the passphrase.
    pub file: Vec<u8>,
    /// How many accounts are in it.
    pub accounts: usize,
    /// Those that could not be read, or are being signed out, in words; and how many revocations stay owed by this store.
    pub left_out: Vec<String>,
}

/// What an import does with accounts that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportMode {
    /// Only says what would be done.
    Show,
    /// Writes over an account only where it needs a sign-in and is not newer.
    Keep,
    /// Writes over every account.
    Replace,
}

/// An account of an import, with what was done.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Imported {
    /// Whose.
    pub profile: String,
    /// The provider's name.
    pub provider: String,
    /// The handler's name.
    pub handler: String,
    /// The tool whose own account it is; `None` where all tools share it.
    pub tool: Option<String>,
    /// Who it is with the provider, where that is known.
    pub identity: Option<String>,
    /// What was done, or would be.
    pub done: ImportStep,
}

/// What an import does with one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ImportStep {
    /// There was none.
    Added,
    /// The one that was there is written over.
    Replaced,
    /// The one that was there is signed in, and stays.
    KeptReady,
    /// The one that was there is newer, and stays.
    KeptNewer,
    /// The one that was there is being renewed just now, and stays.
    KeptBusy,
    /// It is the same.
    Same,
}

impl AccountStore {
    /// Opens the store that the settings name, or makes it.
    ///
    /// # Errors
    /// When it cannot be reached or read, or its key is lost.
    pub async fn open(settings: &StoreSettings, net: &NetSettings, home: &Home) -> Result<Self, crate::Error> {
        let store = OpenStore::open(settings, home, &Net::new(net.clone())?).await?;
        Ok(Self::new(store, Arc::new(SystemClock)))
    }

    pub(super) fn new(store: OpenStore, clock: Arc<dyn Clock>) -> Self {
        let vault = Arc::new(Vault::new(store.key.clone()));
        Self {
            records: Records::new(Arc::clone(&store.tokens), vault),
            store,
            clock,
        }
    }

    /// Where it is; `None` for one that ends with the process.
    #[must_use]
    pub fn place(&self) -> Option<StorePlace> {
        self.store.place()
    }

    /// All accounts of all profiles, sealed with a passphrase of at least 8 characters. A refresh token that rotates ends in one
    /// place when the other uses it, so what is exported is to be used in one store from then on.
    ///
    /// # Errors
    /// When the store cannot be read, or the passphrase is too short.
    pub async fn export(&self, passphrase: &Secret) -> Result<Exported, AuthError> {
        let (mut moving, mut left_out) = (Vec::new(), Vec::new());
        for (account, stored) in self.records.store().list().await? {
            match self.records.open(&account, &stored) {
                Ok(loaded) if loaded.record.signing_out => {
                    left_out.push(format!("`{}` is being signed out", account.provider.escape_debug()));
                }
                Ok(loaded) => moving.push((account, Record::clone(&loaded.record))),
                Err(error) => left_out.push(error.to_string()),
            }
        }
        let owed = self.store.revocations.owed().await?.len();
        if owed > 0 {
            left_out.push(format!(
                "{owed} sign-outs that providers are to be told of: this store still tells them"
            ));
        }
        let accounts = moving.len();
        let plain = transfer::to_bytes(moving).ok_or(TransferError::Content)?;
        let passphrase = passphrase.clone();
        let file = aside(move || transfer::seal(&plain, &passphrase)).await?;
        Ok(Exported {
            file,
            accounts,
            left_out,
        })
    }

    /// Brings the accounts of such a file into this store.
    ///
    /// # Errors
    /// When the file or the passphrase is not right, or the store cannot be written: accounts before that one are then there.
    pub async fn import(
        &self,
        file: Vec<u8>,
        passphrase: &Secret,
        mode: ImportMode,
    ) -> Result<Vec<Imported>, AuthError> {
        let passphrase = passphrase.clone();
        let plain = aside(move || transfer::open(&file, &passphrase)).await?;
        let mut imported = Vec::new();
        for (account, record) in transfer::from_bytes(&plain)? {
            let identity = record.identity.clone();
            let done = self.bring(&account, record, mode).await?;
            imported.push(Imported {
                profile: account.profile.as_str().to_owned(),
                provider: account.provider,
                handler: account.handler,
                tool: account.owner.tool().map(ToString::to_string),
                identity,
                done,
            });
        }
        Ok(imported)
    }

    async fn bring(&self, account: &AccountId, record: Record, mode: ImportMode) -> Result<ImportStep, AuthError> {
        if mode == ImportMode::Show {
            return Ok(self.step(account, &record, mode).await?.0);
        }
        let Some(lease) = self.records.store().lease(account, LEASE).await? else {
            return Ok(ImportStep::KeptBusy);
        };
        let brought = async {
            let (step, expected) = self.step(account, &record, mode).await?;
            match step {
                ImportStep::Added | ImportStep::Replaced => {
                    self.records
                        .save_tokens(account, record, expected, Some(&lease))
                        .await?;
                }
                ImportStep::KeptReady | ImportStep::KeptNewer | ImportStep::KeptBusy | ImportStep::Same => {}
            }
            Ok(step)
        };
        let brought = brought.await;
        self.records.store().release(account, &lease).await?;
        brought
    }

    /// What to do with an account, and the version that a save has to expect.
    async fn step(
        &self,
        account: &AccountId,
        record: &Record,
        mode: ImportMode,
    ) -> Result<(ImportStep, u64), AuthError> {
        let Some(stored) = self.records.store().load(account).await? else {
            return Ok((ImportStep::Added, self.records.store().version(account).await?));
        };
        // One that cannot be read is of no use to anybody.
        let Ok(there) = self.records.open(account, &stored) else {
            return Ok((ImportStep::Replaced, stored.version));
        };
        let is_ready = matches!(
            decide::shown_state(&there.record, self.clock.now()),
            AccountState::Ready | AccountState::Refreshing
        );
        let step = if there.record.has_tokens_of(record) {
            ImportStep::Same
        } else if mode == ImportMode::Replace {
            ImportStep::Replaced
        } else if is_ready {
            ImportStep::KeptReady
        } else if age(&there.record) > age(record) {
            ImportStep::KeptNewer
        } else {
            ImportStep::Replaced
        };
        Ok((step, stored.version))
    }

    /// Seals everything with a new key, and gives where it is kept: in the place of the one before, or in `new_key_file` where
    /// the operator keeps it. A kill leaves the old key or the new one; who has the store open is told at his next step.
    ///
    /// # Errors
    /// When the operator keeps the key and gives no new one, or a token is being renewed just now.
    pub async fn rekey(&self, new_key_file: Option<&Path>) -> Result<KeyPlace, AuthError> {
        Ok(self.store.rekey(new_key_file).await?)
    }
}

/// When its tokens were given.
fn age(record: &Record) -> UnixTime {
    record
        .refreshed_at
        .map_or(record.received_at, |at| at.max(record.received_at))
}

/// Work that takes long, away from the threads that answer.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TransferError> + Send + 'static,
) -> Result<T, AuthError> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.unwrap_or(Err(TransferError::Content))?)
}

impl fmt::Debug for AccountStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountStore")
            .field("place", &self.place())
            .finish_non_exhaustive()
    }
}
