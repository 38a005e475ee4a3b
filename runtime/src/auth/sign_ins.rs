//! Begins sign-ins and waits for them: one for an account at a time.

use std::{sync::Arc, time::Duration};

use url::Url;

use crate::{
    auth::{
        AccountId, AuthError, SignIn,
        board::{Board, GRACE, Local},
        complete::{Completed, Completion, Word, failed},
        core::Core,
        flow::{callback, code::Ask},
        flows::Standing,
        listener::Listener,
        pending::{Authorize, Begin, Fault, FlowId, Outcome, Pending, State, Step},
        resolve::{self, Resolved},
    },
    base::{name::Profile, text::shown_on_one_line},
    package::AuthRequirement,
    provider::{Flow, Redirect},
};

/// How often the store is asked how a sign-in goes that another process may complete.
const POLL: Duration = Duration::from_millis(250);
/// How long a browser may take to fetch the last page before the process that served it may end.
const LAST_PAGE: Duration = Duration::from_secs(3);
/// How long the port may be somebody else's before a waiter is told.
const BLOCKED: Duration = Duration::from_secs(3);
/// The least time that the URL of a sign-in must have left to be given again.
const LEFT: Duration = Duration::from_secs(60);
/// No address that a provider sends a browser to is longer.
const LONGEST_ADDRESS: usize = 16 * 1024;

/// Begins sign-ins and waits for them.
pub(super) struct SignIns {
    core: Arc<Core>,
    board: Arc<Board>,
    listener: Listener,
    completion: Arc<Completion>,
    /// Two begun at once for one account would be two sign-ins.
    beginning: tokio::sync::Mutex<()>,
}

/// What a sign-in is to ask for.
struct Wish {
    scopes: Vec<String>,
    tools: Vec<String>,
    origins: Vec<String>,
}

impl SignIns {
    pub(super) fn new(core: Arc<Core>, board: Arc<Board>, listener: Listener, completion: Arc<Completion>) -> Self {
        Self {
            core,
            board,
            listener,
            completion,
            beginning: tokio::sync::Mutex::new(()),
        }
    }

    pub(super) async fn begin(
        &self,
        profile: &Profile,
        needs: &[AuthRequirement],
        tools: &[String],
    ) -> Result<SignIn, AuthError> {
        let resolved = self.one_account(profile, needs)?;
        self.check_client(&resolved)?;
        let mut wish = Wish {
            scopes: self.scopes(&resolved, needs).await?,
            tools: union(tools, &[]),
            origins: resolved.origins(),
        };
        let _one_at_a_time = self.beginning.lock().await;
        let narrower = match self.equal(&resolved, &mut wish).await? {
            Equal::Found(sign_in) => return Ok(sign_in),
            Equal::Replace(id) => Some(id),
            Equal::None => None,
        };
        let begun = self.anew(&resolved, wish).await?;
        if let (Some(old), Some(by)) = (narrower, begun.id()) {
            self.completion.call_off(old, &Outcome::Superseded { by }).await?;
        }
        Ok(begun)
    }

    fn one_account(&self, profile: &Profile, needs: &[AuthRequirement]) -> Result<Resolved<'_>, AuthError> {
        let first = needs.first().ok_or(AuthError::NotOneAccount)?;
        let (resolved, _others) = self.core.resolve(profile, first)?;
        for need in needs {
            if self.core.resolve(profile, need)?.0.account != resolved.account {
                return Err(AuthError::NotOneAccount);
            }
        }
        Ok(resolved)
    }

    fn check_client(&self, resolved: &Resolved<'_>) -> Result<(), AuthError> {
        if resolved.oauth().is_none() || resolved.client.is_some() {
            return Ok(());
        }
        let provider = resolved.provider;
        let typed = provider
            .handlers
            .iter()
            .find(|other| matches!(other.flow, Flow::Token(_)));
        let origin = resolve::origin(resolved.redirect(), self.core.settings.callback_port);
        Err(AuthError::NoClient {
            provider: provider.name.clone(),
            title: provider.title.clone(),
            redirect_uri: resolve::redirect_uri(&origin, &provider.name),
            typed: typed.map(|handler| handler.name.clone()),
        })
    }

    /// The scopes of all needs, and those asked for when the account was made, which its other tools have. Where nobody names
    /// one, or the operator wants it so, those that the provider's file recommends.
    async fn scopes(&self, resolved: &Resolved<'_>, needs: &[AuthRequirement]) -> Result<Vec<String>, AuthError> {
        let needed = needs.iter().filter_map(|need| resolved.scopes(need)).flatten();
        let needed: Vec<String> = needed.cloned().collect();
        let before = match resolved.oauth() {
            Some(_) => self.core.records.load(&resolved.account).await?,
            None => None,
        };
        let before = before.filter(|before| !before.record.signing_out);
        let scopes = union(&needed, before.as_ref().map_or(&[], |before| &before.record.asked));
        let wanted = resolved.client.and_then(|client| client.recommended_scopes);
        Ok(match resolved.recommended() {
            Some(recommended) if wanted.unwrap_or(scopes.is_empty()) => union(recommended, &scopes),
            Some(_) | None => scopes,
        })
    }

    /// The pending sign-in of the account, where it asks for as much. A narrower one hands on what it asks for.
    async fn equal(&self, resolved: &Resolved<'_>, wish: &mut Wish) -> Result<Equal, AuthError> {
        let Some(id) = self.board.of_account(&resolved.account) else {
            return Ok(Equal::None);
        };
        let Standing::Pending(mut pending, sealed) = self.core.flows.standing(id).await? else {
            self.board.end(id);
            return Ok(Equal::None);
        };
        let left = pending.expires_at.since(self.core.now());
        let lasts = left >= LEFT.min(self.core.settings.sign_in_ttl / 2);
        if !lasts || pending.origins != wish.origins || matches!(pending.step, Step::Agree(_)) {
            return Ok(Equal::Replace(id));
        }
        let covers = match resolved.implied_scopes() {
            Some(implied) => implied.missing(&pending.scopes, &wish.scopes).is_empty(),
            None => true,
        };
        let tools = union(&wish.tools, &pending.tools);
        if !covers {
            wish.scopes = union(&wish.scopes, &pending.scopes);
            wish.tools = tools;
            return Ok(Equal::Replace(id));
        }
        if tools != pending.tools {
            pending.tools = tools;
            // The page names the tools; where a browser came meanwhile, it has shown those before.
            self.core.flows.replace(&sealed, &pending).await?;
        }
        // Its port is opened again, should the listener have ended.
        self.listener.open(resolved.redirect()).await?;
        Ok(Equal::Found(self.sign_in(&pending).await?))
    }

    async fn anew(&self, resolved: &Resolved<'_>, wish: Wish) -> Result<SignIn, AuthError> {
        let now = self.core.now();
        self.core.flows.purge(now).await?;
        let redirect = resolved.redirect();
        if redirect == Redirect::HttpsLocalhost {
            // A certificate that cannot be made is told before anyone opens a page that cannot be served.
            self.listener.certificate().await?;
        }
        let port = self.listener.open(redirect).await?;
        let origin = resolve::origin(redirect, port);
        let id = FlowId::random();
        let step = self.step(resolved, &wish, &origin, id)?;
        let pending = Pending::new(Begin {
            id,
            account: &resolved.account,
            client: resolved.client,
            scopes: wish.scopes,
            tools: wish.tools,
            origins: wish.origins,
            origin,
            expires_at: now.after(self.core.settings.sign_in_ttl),
            step,
        });
        self.core.flows.insert(&pending).await?;
        let local = Local {
            account: resolved.account.clone(),
            port,
            expires_at: pending.expires_at,
        };
        self.board.add(id, local);
        tracing::debug!(provider = %resolved.account.provider, "a sign-in was begun");
        self.sign_in(&pending).await
    }

    fn step(&self, resolved: &Resolved<'_>, wish: &Wish, origin: &str, id: FlowId) -> Result<Step, AuthError> {
        let (Some(oauth), Some(client)) = (resolved.oauth(), resolved.client) else {
            return Ok(Step::Type);
        };
        let redirect = resolve::redirect_uri(origin, &resolved.provider.name);
        let redirect = Url::parse(&redirect).map_err(|error| AuthError::Configuration {
            provider: resolved.provider.name.clone(),
            reason: format!("its redirect URI is not one: {error}"),
        })?;
        let state = State::of(id, rand::random());
        let ask = Ask {
            oauth,
            client,
            redirect: Some(&redirect),
            scopes: &wish.scopes,
            kind: resolved.account.kind,
        };
        let begun = self.core.exchange.begin(&ask, &state.secret());
        let begun = begun.map_err(|error| AuthError::of_flow(&resolved.provider.name, error))?;
        Ok(Step::Authorize(Authorize::new(
            &begun.url,
            redirect.clone(),
            begun.verifier,
            &state,
        )))
    }

    async fn sign_in(&self, pending: &Pending) -> Result<SignIn, AuthError> {
        let fingerprint = match pending.is_https() {
            true => Some(self.listener.certificate().await?.fingerprint.clone()),
            false => None,
        };
        Ok(SignIn::of(pending, fingerprint))
    }

    /// Ends the pending sign-in of an account that is being signed out.
    pub(super) async fn cancel(&self, account: &AccountId) -> Result<(), AuthError> {
        match self.board.of_account(account) {
            Some(id) => {
                let outcome = failed(Fault::SignedOut, "the account was signed out meanwhile");
                self.completion.call_off(id, &outcome).await
            }
            None => Ok(()),
        }
    }

    /// Waits until one is done, in this process or another of the same store.
    pub(super) async fn wait(&self, sign_in: &SignIn) -> Result<(), AuthError> {
        let mut id = sign_in.id().ok_or(AuthError::NoSuchSignIn)?;
        let mut expires_at = sign_in.expires_at;
        let expired = || AuthError::SignInExpired {
            provider: sign_in.provider.clone(),
        };
        loop {
            let turned = self.board.turned();
            tokio::pin!(turned);
            turned.as_mut().enable();
            match self.core.flows.standing(id).await? {
                Standing::Ended(Outcome::Superseded { by }) => {
                    id = by;
                    expires_at = expires_at.max(self.core.now().after(self.core.settings.sign_in_ttl));
                    continue;
                }
                Standing::Ended(outcome) => {
                    self.last_page(id).await;
                    return outcome.told(&sign_in.provider);
                }
                Standing::Pending(pending, _sealed) if pending.is_over(self.core.now()) => return Err(expired()),
                Standing::Taken if self.core.now() >= expires_at.after(GRACE * 3) => return Err(expired()),
                Standing::Pending(..) | Standing::Taken => {}
                Standing::Unknown if self.core.now() >= expires_at => return Err(expired()),
                Standing::Unknown => return Err(AuthError::NoSuchSignIn),
            }
            if self.board.is_blocked_for(BLOCKED) && self.board.is_local(id) {
                return Err(AuthError::PortTaken {
                    port: self.core.settings.callback_port,
                });
            }
            let _elapsed = tokio::time::timeout(POLL, turned).await;
        }
    }

    /// The browser is on its way to the page that says how it went: a process that ends now would leave it without.
    async fn last_page(&self, id: FlowId) {
        let shown = async {
            loop {
                let turned = self.board.turned();
                tokio::pin!(turned);
                turned.as_mut().enable();
                if !self.board.has_page_due(id) {
                    return;
                }
                turned.await;
            }
        };
        let _elapsed = tokio::time::timeout(LAST_PAGE, shown).await;
    }

    pub(super) async fn provider_url(&self, sign_in: &SignIn) -> Result<String, AuthError> {
        let id = sign_in.id().ok_or(AuthError::NoSuchSignIn)?;
        let Standing::Pending(pending, _sealed) = self.core.flows.standing(id).await? else {
            return Err(AuthError::NoSuchSignIn);
        };
        if pending.is_over(self.core.now()) {
            return Err(AuthError::SignInExpired {
                provider: sign_in.provider.clone(),
            });
        }
        match &pending.step {
            Step::Authorize(authorize) => Ok(authorize.url.expose().to_owned()),
            Step::Type => Err(AuthError::Typed),
            Step::Agree(_) => Err(AuthError::NoSuchSignIn),
        }
    }

    /// With the address that the provider sent the browser to. No cookie is needed: the terminal that holds the sign-in is the
    /// proof that it is the same user.
    pub(super) async fn paste(&self, sign_in: &SignIn, address: &str) -> Result<(), AuthError> {
        let id = sign_in
            .id()
            .filter(|id| self.board.is_local(*id))
            .ok_or(AuthError::NoSuchSignIn)?;
        let Standing::Pending(pending, _sealed) = self.core.flows.standing(id).await? else {
            return Err(AuthError::NoSuchSignIn);
        };
        if pending.is_over(self.core.now()) {
            return Err(AuthError::SignInExpired {
                provider: sign_in.provider.clone(),
            });
        }
        let callback = pasted(&pending, address)?;
        let resolved = self.core.of_account(&pending.account())?;
        let oauth = resolved.oauth().ok_or(AuthError::Typed)?;
        let taken = self.core.flows.take(id).await?.ok_or(AuthError::NoSuchSignIn)?;
        match self.completion.by_code(&taken, callback.code(oauth)).await {
            Completed::Ended(outcome) => outcome.told(&sign_in.provider),
            Completed::Asks(asking) => self.cannot_ask(sign_in, *asking).await,
        }
    }

    /// There is no page here on which to ask: the account stays whose it is.
    async fn cannot_ask(&self, sign_in: &SignIn, asking: Pending) -> Result<(), AuthError> {
        let Step::Agree(agree) = &asking.step else {
            return Err(AuthError::NoSuchSignIn);
        };
        self.core.flows.take(asking.id).await?;
        self.completion.by_word(&asking, agree, Word::Keep).await;
        Err(AuthError::OtherIdentity {
            provider: sign_in.provider.clone(),
            old: shown_on_one_line(&agree.old),
            new: shown_on_one_line(agree.new.as_deref().unwrap_or("somebody unnamed")),
        })
    }
}

enum Equal {
    Found(SignIn),
    /// This one asks for less, or lasts no longer.
    Replace(FlowId),
    None,
}

/// The callback in an address that a user pasted, once it was found to belong to this sign-in.
fn pasted(pending: &Pending, address: &str) -> Result<callback::Callback, AuthError> {
    let not_this = |reason: &str| AuthError::NotThisSignIn {
        reason: reason.to_owned(),
    };
    let Step::Authorize(authorize) = &pending.step else {
        return Err(AuthError::Typed);
    };
    let address = address.trim();
    if address.len() > LONGEST_ADDRESS {
        return Err(not_this("it is longer than any that a provider sends"));
    }
    let url = Url::parse(address).map_err(|_not_one| not_this("it is not an address"))?;
    if url.origin() != authorize.redirect.origin() || url.path() != authorize.redirect.path() {
        return Err(not_this(&format!("it has to begin with `{}`", authorize.redirect)));
    }
    let callback = callback::parse(url.query().unwrap_or_default()).map_err(|error| not_this(&error.to_string()))?;
    let state = State::parse(callback.state.expose());
    let ours = state.is_some_and(|state| state.id == pending.id && authorize.is_state(&state));
    if ours {
        Ok(callback)
    } else {
        Err(not_this("it belongs to another sign-in"))
    }
}

/// Both together, sorted, each once.
fn union(a: &[String], b: &[String]) -> Vec<String> {
    let all: std::collections::BTreeSet<&String> = a.iter().chain(b).collect();
    all.into_iter().cloned().collect()
}
