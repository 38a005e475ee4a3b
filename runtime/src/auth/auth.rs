//! Signs users in, keeps their tokens fresh, and gives credentials: the one door to all of it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::{
    auth::{
        AccountId, AccountState, AccountStatus, AuthError, Credential, FlowStore, NeedsSignIn, OwedRevocation,
        PendingSignIn, RevocationStore, Sessions, Settings, SignIn, SignedOut, StoredRecord, TokenStore, WhoseAccounts,
        agreeing::Agreeing,
        board::Board,
        complete::{Completion, Word},
        core::Core,
        devices::Devices,
        discovered::Discovered,
        embedded::Embedded,
        exchange::{Exchange, OverHttp},
        flows::Flows,
        keep_alive::{Keeper, KeptAlive},
        listener::{self, Door, Listener},
        owings::Owings,
        pasting::Pasting,
        records::Records,
        refresh::Refresher,
        renewal_counts::{RenewalCounts, RenewalTally},
        revoking,
        sign_ins::{SignIns, Way},
        sign_out, step_up,
        store::Vault,
        supply::Supply,
        waiting::Waiting,
    },
    base::{clock::Clock, home::Home, key::StoreKey, name::Profile, net::Net},
    package::AuthRequirement,
    provider::Providers,
};

/// Signs users in, keeps their tokens fresh, and gives credentials.
pub struct Auth {
    pub(super) core: Arc<Core>,
    supply: Supply,
    keeper: Keeper,
    sign_ins: SignIns,
    waiting: Waiting,
    pasting: Pasting,
    agreeing: Agreeing,
    pub(super) door: Arc<Door>,
}

/// What [`Auth`] is made from.
pub(crate) struct AuthParts {
    pub(crate) settings: Settings,
    pub(crate) providers: Providers,
    pub(crate) tokens: Arc<dyn TokenStore>,
    pub(crate) flows: Arc<dyn FlowStore>,
    pub(crate) revocations: Arc<dyn RevocationStore>,
    /// The sealing key, read or made.
    pub(crate) key: StoreKey,
    pub(crate) net: Net,
    pub(crate) clock: Arc<dyn Clock>,
    /// For the listener's certificate (`data/tls/`) and its lock.
    pub(crate) home: Home,
}

impl Auth {
    pub(crate) fn new(parts: AuthParts) -> Arc<Self> {
        let exchange = Arc::new(OverHttp::new(parts.net.clone()));
        Self::with_exchange(parts, exchange)
    }

    pub(super) fn with_exchange(parts: AuthParts, exchange: Arc<dyn Exchange>) -> Arc<Self> {
        let AuthParts {
            settings,
            providers,
            tokens,
            flows,
            revocations,
            key,
            net,
            clock,
            home,
        } = parts;
        let vault = Arc::new(Vault::new(key));
        let discovered = Discovered::new(&home);
        let core = Arc::new(Core {
            settings,
            providers,
            records: Records::new(tokens, Arc::clone(&vault)),
            flows: Flows::new(flows, Arc::clone(&vault)),
            owings: Owings::new(revocations, vault),
            revoking: revoking::Revoking::default(),
            exchange,
            clock,
            home,
            listeners: net.listeners().clone(),
            discovered,
            embedded: Mutex::default(),
            renewals: RenewalTally::default(),
        });
        revoking::begin(&core);
        let board = Arc::new(Board::default());
        let completion = Arc::new(Completion::new(Arc::clone(&core), Arc::clone(&board)));
        let door = Arc::new(Door::new(
            Arc::clone(&core),
            Arc::clone(&board),
            Arc::clone(&completion),
        ));
        let listener = Listener::new(Arc::clone(&core), Arc::clone(&board), Arc::clone(&door));
        let devices = Arc::new(Devices::new(Arc::clone(&core), Arc::clone(&completion)));
        let refresher = Arc::new(Refresher::new(Arc::clone(&core)));
        Arc::new(Self {
            keeper: Keeper::new(Arc::clone(&core), Arc::clone(&refresher)),
            waiting: Waiting::new(Arc::clone(&core), Arc::clone(&board), Arc::clone(&devices)),
            supply: Supply::new(Arc::clone(&core), refresher),
            pasting: Pasting::new(Arc::clone(&core), Arc::clone(&board), Arc::clone(&completion)),
            agreeing: Agreeing::new(Arc::clone(&core), Arc::clone(&completion)),
            sign_ins: SignIns::new(Arc::clone(&core), board, listener, completion, devices),
            core,
            door,
        })
    }

    /// How many renewals of tokens it made since it began.
    #[must_use]
    pub fn renewals(&self) -> RenewalCounts {
        self.core.renewals.counts()
    }

    /// The account that a tool's need is met from. Where the provider has no client in the settings, it is one that no client
    /// has yet.
    ///
    /// # Errors
    /// When there is no such provider or handler.
    pub fn account_of(&self, profile: &Profile, need: &AuthRequirement) -> Result<AccountId, AuthError> {
        let (resolved, _others) = self.core.resolve(profile, need)?;
        Ok(resolved.account)
    }

    /// Whether a call of each of these needs could be made now, without a sign-in.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn is_ready(&self, profile: &Profile, needs: &[AuthRequirement]) -> Result<bool, AuthError> {
        for need in needs {
            if !self.supply.is_ready(profile, need).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A credential that lives at least `for_at_least` and 60 s more; renewed first where it would not.
    ///
    /// # Errors
    /// [`AuthError::SignInRequired`], or why the provider or the store could not be reached.
    pub async fn credential(
        self: &Arc<Self>,
        profile: &Profile,
        need: &AuthRequirement,
        for_at_least: Duration,
    ) -> Result<Credential, AuthError> {
        self.supply.credential(profile, need, for_at_least).await
    }

    /// Tells that a provider's host answered 401 to a request that carried this very token. Gives the credential to use
    /// instead where there is a newer one, or one could be had by renewing; `None` where a person has to sign in.
    ///
    /// # Errors
    /// When the provider or the store could not be reached.
    pub async fn rejected(self: &Arc<Self>, credential: &Credential) -> Result<Option<Credential>, AuthError> {
        self.supply.instead_of(credential).await
    }

    /// Tells that a provider's host refused a request that carried this very token for lack of one of these scopes. Gives why a
    /// person has to sign in, whose consent then asks for them; the token stays in use meanwhile.
    ///
    /// # Errors
    /// [`AuthError::Scope`] where the need does not have them, or consents do not give them; when the store could not be reached.
    pub(crate) async fn step_up(
        &self,
        refused: &Credential,
        need: &AuthRequirement,
        scopes: &[String],
    ) -> Result<String, AuthError> {
        step_up::step_up(&self.core, refused, need, scopes).await
    }

    /// Renews accounts of all profiles that nobody used for half of the time after which their provider ends them for that, for
    /// as long as it is polled. One process of a store does so at a time.
    pub async fn keep_alive(&self) -> std::convert::Infallible {
        self.keeper.keep().await
    }

    /// The same once and at once, for a program that is run by a timer.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn keep_alive_once(&self) -> Result<Vec<KeptAlive>, AuthError> {
        self.keeper.round().await
    }

    /// Begins a sign-in for one account, with the scopes of all these needs together (all of one account); opens the listener
    /// where there is a page of ours. `tools` are named on the page. A pending one of the account that asks for as much is given
    /// again.
    ///
    /// # Errors
    /// When the provider has no client in the settings, the port is taken, or no person has a part in the handler.
    pub async fn begin(
        self: &Arc<Self>,
        profile: &Profile,
        needs: &[AuthRequirement],
        tools: &[String],
    ) -> Result<SignIn, AuthError> {
        self.sign_ins.begin(profile, needs, tools, Way::Page).await
    }

    /// The same for a machine that no browser reaches: the user enters a code on a page of the provider, on any device (RFC
    /// 8628). The provider is asked whether he has for as long as this process lives. A code that another process of this store
    /// had given for as much is given again, so that one that ended leaves nothing lost.
    ///
    /// # Errors
    /// As [`Auth::begin`], and when the provider has no such page.
    pub async fn begin_on_device(
        self: &Arc<Self>,
        profile: &Profile,
        needs: &[AuthRequirement],
        tools: &[String],
    ) -> Result<SignIn, AuthError> {
        self.sign_ins.begin(profile, needs, tools, Way::Device).await
    }

    /// Waits until a sign-in is done, in this process or another of the same store.
    ///
    /// # Errors
    /// When the user denied it, it failed, or its URL ended unused; [`AuthError::OtherIdentity`] where he has to be asked whether
    /// the account may become another's and there is no page for it: see [`Auth::agree`].
    pub async fn wait(self: &Arc<Self>, sign_in: &SignIn) -> Result<(), AuthError> {
        self.waiting.wait(sign_in).await
    }

    /// The provider's own URL of a sign-in, for [`Auth::paste`].
    ///
    /// # Errors
    /// When the sign-in has ended, or is one in which a secret is typed.
    pub async fn provider_url(self: &Arc<Self>, sign_in: &SignIn) -> Result<String, AuthError> {
        self.pasting.provider_url(sign_in).await
    }

    /// Completes a sign-in with the address that the provider sent the user's browser to.
    ///
    /// # Errors
    /// When the address is not the answer to this sign-in, or the provider refuses it; [`AuthError::OtherIdentity`] as in
    /// [`Auth::wait`].
    pub async fn paste(self: &Arc<Self>, sign_in: &SignIn, address: &str) -> Result<(), AuthError> {
        self.pasting.paste(sign_in, address).await
    }

    /// Says whether the account may become another's, after [`AuthError::OtherIdentity`]. Who says nothing keeps it as it is.
    ///
    /// # Errors
    /// When nothing is asked in this sign-in, or not any more, or the account cannot be saved.
    pub async fn agree(self: &Arc<Self>, sign_in: &SignIn, agrees: bool) -> Result<(), AuthError> {
        let word = if agrees { Word::Replace } else { Word::Keep };
        self.agreeing.answer(sign_in, word).await
    }

    /// The sign-ins that are pending in any process of this store, of one profile or of all; the first to end first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn pending(&self, profile: Option<&Profile>) -> Result<Vec<PendingSignIn>, AuthError> {
        let mut all = self.core.flows.pending().await?;
        let now = self.core.now();
        all.retain(|pending| {
            !pending.is_over(now) && profile.is_none_or(|profile| pending.account().profile == *profile)
        });
        all.sort_by_key(|pending| pending.expires_at);
        Ok(all.iter().map(PendingSignIn::of).collect())
    }

    /// The accounts, of one profile or of all.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn accounts(&self, profile: Option<&Profile>) -> Result<Vec<AccountStatus>, AuthError> {
        let all = self.core.records.store().list().await?;
        let meant = all
            .iter()
            .filter(|(account, _)| profile.is_none_or(|profile| account.profile == *profile));
        Ok(meant.map(|(account, stored)| self.status(account, stored)).collect())
    }

    /// One that cannot be read is shown as one that needs a sign-in: the others are as good as before.
    fn status(&self, account: &AccountId, stored: &StoredRecord) -> AccountStatus {
        match self.core.records.open(account, stored) {
            Ok(loaded) => loaded.record.status(account, self.core.now()),
            Err(error) => AccountStatus {
                provider: account.provider.clone(),
                handler: account.handler.clone(),
                profile: account.profile.as_str().to_owned(),
                kind: account.kind,
                tool: account.owner.tool().map(ToString::to_string),
                tool_of: account.owner.place().map(ToOwned::to_owned),
                state: AccountState::NeedsSignIn(NeedsSignIn::LostInCrash),
                scopes: Vec::new(),
                identity: None,
                expires_at: None,
                refreshed_at: None,
                last_error: Some(error.to_string()),
            },
        }
    }

    /// Tells providers of the sign-outs that they could not be told of before, where the time for that has come. That is done without
    /// this too, for as long as this lives.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn revoke_owed(&self) -> Result<(), AuthError> {
        revoking::tell_all_due(&self.core).await.map(drop)
    }

    /// The sign-outs that a provider is still to be told of, or could not be: of one profile or of all.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn owed(&self, profile: Option<&Profile>) -> Result<Vec<OwedRevocation>, AuthError> {
        revoking::shown(&self.core, |account| {
            profile.is_none_or(|profile| account.profile == *profile)
        })
        .await
    }

    /// Signs out: tokens are deleted here whether or not the provider can be told. Where it cannot for now, that is owed to it: see
    /// [`Auth::owed`].
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn sign_out(
        self: &Arc<Self>,
        profile: &Profile,
        provider: &str,
        handler: Option<&str>,
        whose: &WhoseAccounts,
    ) -> Result<SignedOut, AuthError> {
        sign_out::sign_out(&self.core, &self.sign_ins, profile, provider, handler, whose).await
    }

    /// The sign-in pages, for a server of the embedding program that is reached at this URL of this machine
    /// (`http://127.0.0.1:8080`, `http://127.0.0.1:8080/pocket`). It answers to no other host or port; where the URL has a path,
    /// nest it there. From here on sign-ins are begun on these pages, of those providers that send browsers back to such a URL;
    /// the redirect URI to register is `<at>/auth/<provider>/callback`.
    pub fn router(&self, at: &url::Url) -> axum::Router {
        self.embed(Embedded::here(at.clone()));
        listener::router_at(Arc::clone(&self.door), at)
    }

    /// The same for a server that others reach at this URL, with whatever is before it passing the host on as it came. Each page is
    /// for a session of the sign-in's profile alone.
    ///
    /// # Errors
    /// When the URL is neither https nor one of this machine.
    pub fn router_with_sessions(&self, at: &url::Url, sessions: Arc<dyn Sessions>) -> Result<axum::Router, AuthError> {
        self.embed(Embedded::public(at.clone())?);
        Ok(listener::router_with_sessions(&self.door, at, sessions))
    }

    fn embed(&self, embedded: Embedded) {
        let mut place = self.core.embedded.lock().unwrap_or_else(PoisonError::into_inner);
        *place = Some(embedded);
    }
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth").finish_non_exhaustive()
    }
}
