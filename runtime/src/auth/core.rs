//! What every part of auth works with.

use std::sync::{Arc, Mutex, PoisonError};

use crate::{
    auth::{
        AccountId, AuthError, Settings,
        discovered::Discovered,
        embedded::Embedded,
        exchange::Exchange,
        flow::FlowError,
        flows::Flows,
        owings::Owings,
        record::Record,
        records::{Loaded, Records},
        renewal_counts::RenewalTally,
        resolve::{self, Resolved},
        revoking::Revoking,
    },
    base::{
        clock::{Clock, UnixTime},
        home::Home,
        listeners::Listeners,
        name::Profile,
    },
    package::AuthRequirement,
    provider::{Metadata, ProviderError, Providers, Redirect},
};

/// What every part of auth works with.
pub(super) struct Core {
    pub(super) settings: Settings,
    pub(super) providers: Providers,
    pub(super) records: Records,
    pub(super) flows: Flows,
    pub(super) owings: Owings,
    pub(super) revoking: Revoking,
    pub(super) exchange: Arc<dyn Exchange>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) home: Home,
    pub(super) listeners: Listeners,
    pub(super) discovered: Discovered,
    /// Where the embedding program serves the sign-in pages, if it does.
    pub(super) embedded: Mutex<Option<Embedded>>,
    pub(super) renewals: RenewalTally,
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

    /// What the issuer tells, where the file leaves endpoints to it.
    pub(super) async fn told(&self, resolved: &Resolved<'_>) -> Result<Option<Metadata>, FlowError> {
        let Some(issuer) = resolved.handler.flow.discovers() else {
            return Ok(None);
        };
        let told = self.discovered.of(issuer, &*self.exchange, self.now()).await?;
        Ok(Some(told))
    }

    /// Where the embedding program serves the pages, as they are addressed, where the provider sends browsers back there.
    pub(super) fn embedded_at(&self, redirect: Redirect) -> Option<String> {
        let embedded = self.embedded.lock().unwrap_or_else(PoisonError::into_inner);
        embedded.as_ref()?.for_provider(redirect)
    }

    /// Whether those pages need a session of the profile.
    pub(super) fn needs_session(&self) -> bool {
        let embedded = self.embedded.lock().unwrap_or_else(PoisonError::into_inner);
        embedded.as_ref().is_some_and(Embedded::is_public)
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
            let mut record = record.clone();
            // How often a scope was asked for outlives the consent that gave it, and only that. One that cannot be read has none.
            if let Ok(Some(before)) = self.records.load(account).await
                && !before.record.signing_out
            {
                record.step_ups = before.record.step_ups.clone();
            }
            match self.records.save_tokens(account, record, expected, None).await {
                Err(error) if error.is_conflict() => {}
                other => return other,
            }
        }
        Err(AuthError::busy(&account.provider, 1))
    }
}
