//! Begins sign-ins: one for an account at a time.

use std::{sync::Arc, time::Duration};

use url::Url;

use crate::{
    auth::{
        AccountId, AccountState, AuthError, SignIn,
        board::{Board, Local},
        complete::{Completion, failed},
        core::Core,
        decide::shown_state,
        devices::Devices,
        flow::code::Ask,
        flows::Standing,
        listener::Listener,
        pending::{Authorize, Begin, Device, Fault, FlowId, Outcome, Pending, State, Step, Typing},
        record::Record,
        resolve::{self, Resolved},
        revoking,
    },
    base::{clock::UnixTime, name::Profile},
    package::AuthRequirement,
    provider::{Flow, Metadata, Redirect},
};

/// The least time that the URL of a sign-in must have left to be given again.
const LEFT: Duration = Duration::from_secs(60);

/// Begins sign-ins.
pub(super) struct SignIns {
    core: Arc<Core>,
    board: Arc<Board>,
    listener: Listener,
    completion: Arc<Completion>,
    devices: Arc<Devices>,
    /// Two begun at once for one account would be two sign-ins.
    beginning: tokio::sync::Mutex<()>,
}

/// Where a user signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// On a page of ours; with a code, where the handler knows no other way.
    Page,
    /// With a code that he enters on any device.
    Device,
}

/// What a sign-in is to ask for.
struct Wish {
    way: Way,
    scopes: Vec<String>,
    tools: Vec<String>,
    origins: Vec<String>,
    /// What the issuer tells, where the file leaves endpoints to it.
    told: Option<Metadata>,
}

impl SignIns {
    pub(super) fn new(
        core: Arc<Core>,
        board: Arc<Board>,
        listener: Listener,
        completion: Arc<Completion>,
        devices: Arc<Devices>,
    ) -> Self {
        Self {
            devices,
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
        way: Way,
    ) -> Result<SignIn, AuthError> {
        // Another process may have left something that this one can tell a provider of.
        revoking::begin(&self.core);
        let resolved = self.one_account(profile, needs)?;
        self.check_client(&resolved)?;
        let way = way_of(&resolved, way)?;
        let told = self.core.told(&resolved).await;
        let told = told.map_err(|error| AuthError::of_flow(&resolved.provider.name, error))?;
        let resolved = resolved.with(told.as_ref());
        check_secret(&resolved, way)?;
        let mut wish = Wish {
            way,
            scopes: self.scopes(&resolved, needs).await?,
            tools: union(tools, &[]),
            origins: resolved.origins(),
            told,
        };
        let _one_at_a_time = self.beginning.lock().await;
        let narrower = match self.equal(&resolved, &mut wish).await? {
            Equal::Found(sign_in) => return Ok(*sign_in),
            Equal::Replace(id) => Some(id),
            Equal::None => None,
        };
        let begun = self.anew(&resolved, wish).await?;
        if let Some(old) = narrower {
            let by = begun.id();
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
            .find(|other| matches!(other.flow, Flow::Token(_) | Flow::Fields(_)));
        let redirect = resolved.redirect();
        let name = &provider.name;
        let registered = self.core.embedded_at(redirect).map_or_else(
            || resolve::registered_uri(redirect, self.core.settings.callback_port, name),
            |origin| resolve::redirect_uri(&origin, name),
        );
        Err(AuthError::NoClient {
            provider: provider.name.clone(),
            title: provider.title.clone(),
            redirect_uri: match resolved.handler.flow {
                Flow::OAuth2(_) => Some(registered),
                Flow::Device(_) | Flow::ClientCredentials(_) | Flow::Token(_) | Flow::Fields(_) => None,
            },
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
        let found = match self.board.of_account(&resolved.account) {
            None => self.of_others(resolved, wish.way).await?,
            found => found,
        };
        let Some(id) = found else {
            return Ok(Equal::None);
        };
        let Standing::Pending(mut pending, sealed) = self.core.flows.standing(id).await? else {
            self.board.end(id);
            return Ok(Equal::None);
        };
        let left = pending.expires_at.since(self.core.now());
        let lasts = left >= LEFT.min(self.core.settings.sign_in_ttl / 2);
        let is_same_way = match (&pending.step, wish.way) {
            (Step::Authorize(_), Way::Page) | (Step::Device(_), Way::Device) => true,
            (Step::Type(typing), Way::Page) => typing.code.is_some() == self.is_ready(&resolved.account).await?,
            (Step::Authorize(_) | Step::Type(_), Way::Device) | (Step::Device(_), Way::Page) | (Step::Agree(_), _) => {
                false
            }
        };
        let secret = resolved.client.and_then(|client| client.client_secret.as_ref());
        let is_same_client = pending.client().client_secret.as_ref() == secret;
        if !lasts || pending.origins != wish.origins || !is_same_way || !is_same_client {
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
        if wish.way == Way::Page && self.core.embedded_at(resolved.redirect()).is_none() {
            // Its port is opened again, should the listener have ended.
            self.listener.open(resolved.redirect()).await?;
        }
        if !self.board.is_local(id) {
            self.take_up(&pending);
        }
        Ok(Equal::Found(Box::new(self.sign_in(&pending).await?)))
    }

    /// One that another process began: a code, or a page that is at the address at which this one has its own. Where that process has
    /// ended, nobody else asks about the code or serves the page.
    async fn of_others(&self, resolved: &Resolved<'_>, way: Way) -> Result<Option<FlowId>, AuthError> {
        let redirect = resolved.redirect();
        let port = self.core.settings.callback_port;
        let here = self.core.embedded_at(redirect);
        let here = here.or_else(|| (port != 0).then(|| resolve::origin(redirect, port)));
        let is_fit = |pending: &Pending| match (&pending.step, way) {
            (Step::Device(_), Way::Device) => true,
            (Step::Authorize(_) | Step::Type(_), Way::Page) => here.as_ref() == Some(&pending.origin),
            (Step::Device(_) | Step::Authorize(_) | Step::Type(_), _) | (Step::Agree(_), _) => false,
        };
        self.core
            .flows
            .of_account(&resolved.account, self.core.now(), is_fit)
            .await
    }

    /// Makes a sign-in that another process began this one's too.
    fn take_up(&self, pending: &Pending) {
        let is_device = matches!(pending.step, Step::Device(_));
        let is_embedded = pending.needs_session || is_device;
        let port = Url::parse(&pending.origin)
            .ok()
            .and_then(|origin| origin.port_or_known_default());
        let local = Local {
            account: pending.account(),
            port: port.filter(|_port| !is_embedded).unwrap_or_default(),
            expires_at: pending.expires_at,
        };
        self.board.add(pending.id, local);
        if is_device {
            self.devices.watch(pending.id);
        }
    }

    /// Whether the account has a credential that is good.
    async fn is_ready(&self, account: &AccountId) -> Result<bool, AuthError> {
        let loaded = self.core.records.load(account).await?;
        let ready = loaded.filter(|loaded| !loaded.record.signing_out && is_good(&loaded.record, self.core.now()));
        Ok(ready.is_some())
    }

    async fn anew(&self, resolved: &Resolved<'_>, wish: Wish) -> Result<SignIn, AuthError> {
        let now = self.core.now();
        self.core.flows.purge(now).await?;
        let id = FlowId::random();
        let (step, place, expires_at) = match wish.way {
            Way::Page => {
                let place = self.place(resolved).await?;
                let step = self.step_on_page(resolved, &wish, &place.origin, id).await?;
                (step, place, now.after(self.core.settings.sign_in_ttl))
            }
            Way::Device => {
                let given = self.devices.begin(resolved, &wish.scopes).await?;
                let expires_at = now.after(given.expires_in);
                (
                    Step::Device(Box::new(Device::new(given, now))),
                    Place::default(),
                    expires_at,
                )
            }
        };
        let pending = Pending::new(Begin {
            id,
            account: &resolved.account,
            client: resolved.client,
            scopes: wish.scopes,
            tools: wish.tools,
            origins: wish.origins,
            told: wish.told,
            origin: place.origin,
            needs_session: place.needs_session,
            expires_at,
            step,
        });
        self.core.flows.insert(&pending).await?;
        let local = Local {
            account: resolved.account.clone(),
            port: place.port,
            expires_at: pending.expires_at,
        };
        self.board.add(id, local);
        if wish.way == Way::Device {
            self.devices.watch(id);
        }
        tracing::debug!(provider = %resolved.account.provider, "a sign-in was begun");
        self.sign_in(&pending).await
    }

    /// Where the pages of a sign-in are: in the embedding program, or on a port that is opened here.
    async fn place(&self, resolved: &Resolved<'_>) -> Result<Place, AuthError> {
        let redirect = resolved.redirect();
        if let Some(origin) = self.core.embedded_at(redirect) {
            return Ok(Place {
                origin,
                port: 0,
                needs_session: self.core.needs_session(),
            });
        }
        if redirect == Redirect::HttpsLocalhost {
            // A certificate that cannot be made is told before anyone opens a page that cannot be served.
            self.listener.certificate().await?;
        }
        let port = self.listener.open(redirect).await?;
        let origin = resolve::origin(redirect, port);
        Ok(Place {
            origin,
            port,
            needs_session: false,
        })
    }

    async fn step_on_page(
        &self,
        resolved: &Resolved<'_>,
        wish: &Wish,
        origin: &str,
        id: FlowId,
    ) -> Result<Step, AuthError> {
        let (Some(oauth), Some(client)) = (resolved.oauth(), resolved.client) else {
            let typing = match self.is_ready(&resolved.account).await? {
                true => Typing::with_code(),
                false => Typing::freely(),
            };
            return Ok(Step::Type(typing));
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
        // The certificate of a site that others reach is its own.
        let fingerprint = match pending.is_https() && !pending.needs_session {
            true => self.listener.certificate().await?.fingerprint.clone(),
            false => None,
        };
        Ok(SignIn::of(pending, fingerprint))
    }

    /// Ends the pending sign-ins of the accounts that are being signed out, in whichever process they were begun; gives how many.
    pub(super) async fn cancel(&self, is_meant: impl Fn(&AccountId) -> bool) -> Result<usize, AuthError> {
        let mut cancelled = 0;
        for pending in self.core.flows.pending().await? {
            if is_meant(&pending.account()) {
                let outcome = failed(Fault::SignedOut, "the account was signed out meanwhile");
                self.completion.call_off(pending.id, &outcome).await?;
                cancelled += 1;
            }
        }
        Ok(cancelled)
    }
}

/// A client without a secret is refused before its user has been to the provider, where the provider takes none. A device's code
/// is made for such clients, and whether a secret is wanted with it the provider says at once.
fn check_secret(resolved: &Resolved<'_>, way: Way) -> Result<(), AuthError> {
    match (resolved.oauth(), resolved.client, way) {
        (Some(oauth), Some(client), Way::Page) if oauth.lacks_secret(client.client_secret.is_some()) => {
            Err(AuthError::NoClientSecret {
                provider: resolved.provider.name.clone(),
                title: resolved.provider.title.clone(),
            })
        }
        (Some(_) | None, _, Way::Page | Way::Device) => Ok(()),
    }
}

/// Where the pages of a sign-in are.
#[derive(Default)]
struct Place {
    origin: String,
    /// 0: not one of ours.
    port: u16,
    needs_session: bool,
}

/// The way in which a handler can be signed in with.
fn way_of(resolved: &Resolved<'_>, asked: Way) -> Result<Way, AuthError> {
    let provider = || resolved.provider.name.clone();
    match (&resolved.handler.flow, asked) {
        (Flow::OAuth2(_), asked) => Ok(asked),
        (Flow::Device(_), _) => Ok(Way::Device),
        (Flow::Token(_) | Flow::Fields(_), Way::Page) => Ok(Way::Page),
        (Flow::Token(_) | Flow::Fields(_), Way::Device) => Err(AuthError::NoDeviceFlow { provider: provider() }),
        (Flow::ClientCredentials(_), _) => Err(AuthError::NoPerson { provider: provider() }),
    }
}

fn is_good(record: &Record, now: UnixTime) -> bool {
    match shown_state(record, now) {
        AccountState::Ready | AccountState::Refreshing => true,
        AccountState::NeedsSignIn(_) => false,
    }
}

enum Equal {
    Found(Box<SignIn>),
    /// This one asks for less, or lasts no longer.
    Replace(FlowId),
    None,
}

/// Both together, sorted, each once.
fn union(a: &[String], b: &[String]) -> Vec<String> {
    let all: std::collections::BTreeSet<&String> = a.iter().chain(b).collect();
    all.into_iter().cloned().collect()
}
