//! Gives calls their credentials.

use std::{sync::Arc, time::Duration};

use crate::{
    auth::{
        AuthError, Credential,
        core::Core,
        decide::{Decision, Meanwhile, Want, Why, decide},
        records::Loaded,
        refresh::{Cause, NotRenewed, Patience, Refresher},
        resolve::{Renewal, Resolved},
    },
    base::name::Profile,
    package::AuthRequirement,
};

/// Gives calls their credentials.
pub(super) struct Supply {
    core: Arc<Core>,
    refresher: Arc<Refresher>,
}

/// What one account can give.
#[expect(
    clippy::large_enum_variant,
    reason = "it is taken apart at once, on the way of every call"
)]
enum Offer {
    Given(Credential),
    Not(Why),
}

impl Supply {
    pub(super) fn new(core: Arc<Core>, refresher: Arc<Refresher>) -> Self {
        Self { core, refresher }
    }

    /// A credential that lives at least `for_at_least` and a minute more.
    pub(super) async fn credential(
        &self,
        profile: &Profile,
        need: &AuthRequirement,
        for_at_least: Duration,
    ) -> Result<Credential, AuthError> {
        let (first, others) = self.core.resolve(profile, need)?;
        let why = match self.offer(&first, need, for_at_least).await? {
            Offer::Given(credential) => return Ok(credential),
            Offer::Not(why) => why,
        };
        for other in &others {
            if let Offer::Given(credential) = self.offer(other, need, for_at_least).await? {
                return Ok(credential);
            }
        }
        let (provider, reason) = (first.account.provider.clone(), why.in_words());
        Err(match first.renewal() {
            Renewal::RefreshToken => AuthError::SignInRequired { provider, reason },
            // No person has a part in it, so none could mend it by signing in.
            Renewal::Client => AuthError::Configuration { provider, reason },
        })
    }

    /// Whether a credential could be had without a sign-in.
    pub(super) async fn is_ready(&self, profile: &Profile, need: &AuthRequirement) -> Result<bool, AuthError> {
        let (first, others) = self.core.resolve(profile, need)?;
        for resolved in std::iter::once(&first).chain(&others) {
            let loaded = self.core.records.load(&resolved.account).await?;
            match self.decide(resolved, need, loaded.as_ref(), Duration::ZERO) {
                Decision::Ready | Decision::Refresh(_) => return Ok(true),
                Decision::SignIn(_) => {}
            }
        }
        Ok(false)
    }

    async fn offer(
        &self,
        resolved: &Resolved<'_>,
        need: &AuthRequirement,
        for_at_least: Duration,
    ) -> Result<Offer, AuthError> {
        let hot = self.core.records.hot(&resolved.account).await?;
        let (loaded, given) = hot.map_or((None, None), |(loaded, given)| (Some(loaded), given));
        let hot = loaded.as_ref().zip(given);
        if let Some((loaded, given)) = hot {
            // Whoever made it compared the origins, and neither they nor the record changed.
            let want = Want {
                scopes: resolved.scopes(need),
                implied: resolved.implied_scopes(),
                origins: None,
                for_at_least: for_at_least.max(resolved.early()),
                renewal: resolved.renewal(),
            };
            if decide(Some(&loaded.record), &want, self.core.now()) == Decision::Ready {
                return Ok(Offer::Given(given));
            }
        }
        // What was held in memory may be a second old, and a sign-in or another process have mended it.
        let loaded = self.core.records.load(&resolved.account).await?;
        let decision = self.decide(resolved, need, loaded.as_ref(), for_at_least);
        match (decision, loaded) {
            (Decision::SignIn(why), _) => Ok(Offer::Not(why)),
            (Decision::Ready, None) => Ok(Offer::Not(Why::NoAccount)),
            (Decision::Ready, Some(loaded)) => Ok(Offer::Given(self.give(resolved, &loaded))),
            (Decision::Refresh(meanwhile), loaded) => {
                let patience = match meanwhile {
                    Meanwhile::Holds => Patience::NotInAQueue,
                    Meanwhile::Ended => Patience::ToItsEnd,
                };
                self.renewed(resolved, need, loaded.as_ref(), patience).await
            }
        }
    }

    fn decide(
        &self,
        resolved: &Resolved<'_>,
        need: &AuthRequirement,
        loaded: Option<&Loaded>,
        for_at_least: Duration,
    ) -> Decision {
        let want = Want {
            scopes: resolved.scopes(need),
            implied: resolved.implied_scopes(),
            origins: Some(&resolved.origins()),
            for_at_least: for_at_least.max(resolved.early()),
            renewal: resolved.renewal(),
        };
        decide(loaded.map(|loaded| &*loaded.record), &want, self.core.now())
    }

    /// Renews, once: a token that is short again afterwards is given as it is.
    async fn renewed(
        &self,
        resolved: &Resolved<'_>,
        need: &AuthRequirement,
        loaded: Option<&Loaded>,
        patience: Patience,
    ) -> Result<Offer, AuthError> {
        let account = &resolved.account;
        // One that is being signed out is none.
        let seen = loaded.filter(|loaded| !loaded.record.signing_out);
        let seen = seen.map_or(0, |loaded| loaded.record.token_version);
        let scopes = resolved.scopes(need).unwrap_or_default();
        let why = (Cause::Time, patience);
        match self.refresher.renew(resolved, scopes, seen, why).await {
            Ok(()) => {
                let now = self.core.records.load(account).await?;
                match (self.decide(resolved, need, now.as_ref(), Duration::ZERO), now) {
                    (Decision::SignIn(why), _) => Ok(Offer::Not(why)),
                    (_, None) => Ok(Offer::Not(Why::NoAccount)),
                    (Decision::Ready | Decision::Refresh(_), Some(now)) => Ok(Offer::Given(self.give(resolved, &now))),
                }
            }
            Err(NotRenewed::SignIn(why)) if is_gone(&why) => Ok(Offer::Not(why)),
            Err(why) => match loaded.filter(|loaded| self.still_holds(resolved, need, loaded)) {
                Some(loaded) => {
                    tracing::warn!(provider = %account.provider, ?why, "a token was not renewed; it is used until it ends");
                    Ok(Offer::Given(self.give(resolved, loaded)))
                }
                None => match why {
                    NotRenewed::SignIn(why) => Ok(Offer::Not(why)),
                    other @ (NotRenewed::Failed(_)
                    | NotRenewed::Down(_)
                    | NotRenewed::Busy
                    | NotRenewed::Store(_)
                    | NotRenewed::CutOff) => Err(other.told(&account.provider)),
                },
            },
        }
    }

    /// Whether a token that ought to have been renewed can be used all the same. Waiting for that took its time.
    fn still_holds(&self, resolved: &Resolved<'_>, need: &AuthRequirement, loaded: &Loaded) -> bool {
        match self.decide(resolved, need, Some(loaded), Duration::ZERO) {
            Decision::Ready | Decision::Refresh(Meanwhile::Holds) => true,
            Decision::Refresh(Meanwhile::Ended) | Decision::SignIn(_) => false,
        }
    }

    fn give(&self, resolved: &Resolved<'_>, loaded: &Loaded) -> Credential {
        let credential = Credential::of(resolved, &loaded.record);
        self.core.records.keep_given(&resolved.account, loaded, &credential);
        credential
    }

    /// What to use in place of a credential that the provider refused, where there is something.
    pub(super) async fn instead_of(&self, refused: &Credential) -> Result<Option<Credential>, AuthError> {
        crate::auth::rejected::instead_of(&self.core, &self.refresher, refused).await
    }
}

/// Whether the account itself is gone, so that not even a token that still holds may be given.
fn is_gone(why: &Why) -> bool {
    matches!(why, Why::NoAccount | Why::Endpoints)
}
