//! What every part of auth works with.

use std::sync::Arc;

use crate::{
    auth::{
        AccountId, AuthError, Settings,
        exchange::Exchange,
        flows::Flows,
        record::Record,
        records::{Loaded, Records},
        resolve::{self, Resolved},
    },
    base::{
        clock::{Clock, UnixTime},
        home::Home,
        listeners::Listeners,
        name::Profile,
    },
    package::AuthRequirement,
    provider::{ProviderError, Providers},
};

/// What every part of auth works with.
pub(super) struct Core {
    pub(super) settings: Settings,
    pub(super) providers: Providers,
    pub(super) records: Records,
    pub(super) flows: Flows,
    pub(super) exchange: Arc<dyn Exchange>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) home: Home,
    pub(super) listeners: Listeners,
}

/// How often a save is tried anew when others save at the same time.
const TRIES: usize = 8;

impl Core {
    pub(super) fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// The account of a need, and those that would do as well.
    pub(super) fn resolve(
        &self,
        profile: &Profile,
        need: &AuthRequirement,
    ) -> Result<(Resolved<'_>, Vec<Resolved<'_>>), ProviderError> {
        resolve::resolve(&self.providers, &self.settings, profile, need)
    }

    pub(super) fn of_account(&self, account: &AccountId) -> Result<Resolved<'_>, ProviderError> {
        resolve::of_account(&self.providers, &self.settings, account)
    }

    /// Changes a record, over whatever others change meanwhile; `change` gives `None` where nothing is to be done.
    pub(super) async fn change(
        &self,
        account: &AccountId,
        change: impl Fn(&Record) -> Option<Record> + Send + Sync,
    ) -> Result<Option<Loaded>, AuthError> {
        for _try in 0..TRIES {
            let Some(loaded) = self.records.load(account).await? else {
                return Ok(None);
            };
            let Some(changed) = change(&loaded.record) else {
                return Ok(Some(loaded));
            };
            match self.records.save(account, changed, loaded.version, None).await {
                Err(error) if error.is_conflict() => {}
                other => return other.map(Some),
            }
        }
        Err(AuthError::busy(&account.provider, 1))
    }

    /// Saves what a sign-in brought, over whatever was there.
    pub(super) async fn save_sign_in(&self, account: &AccountId, record: Record) -> Result<Loaded, AuthError> {
        for _try in 0..TRIES {
            let expected = self.records.store().version(account).await?;
            match self.records.save_tokens(account, record.clone(), expected, None).await {
                Err(error) if error.is_conflict() => {}
                other => return other,
            }
        }
        Err(AuthError::busy(&account.provider, 1))
    }
}
