//! A machine on which time passes only while everyone waits, with a provider that answers from a script: no socket, no second
//! of real time.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::{
    auth::{
        AccountId, AccountState, AccountStatus, Auth, AuthError, AuthParts, Client, Credential, MemoryStore, Settings,
        TokenStore,
        exchange::Exchange,
        flow::{
            FlowError, Tokens,
            code::{self, Ask, Begun},
            device::{DeviceCode, Polled},
        },
        record::{Gained, Record},
    },
    base::{
        clock::{Clock, UnixTime},
        home::Home,
        key::StoreKey,
        name::Profile,
        net::{Net, NetSettings},
        secret::Secret,
    },
    provider::{Metadata, OAuth2, Providers},
};

/// How long its tokens live.
const LIFE: Duration = Duration::from_secs(3_600);

/// A machine on which time passes only while everyone waits.
pub(super) struct Quiet {
    folder: TempDir,
    clock: Arc<VirtualClock>,
    pub(super) store: Arc<MemoryStore>,
    pub(super) provider: Arc<Scripted>,
    port: u16,
}

/// The time of day, which goes with tokio's: paused, it passes while everyone waits.
pub(super) struct VirtualClock(Instant);

impl Clock for VirtualClock {
    fn now(&self) -> UnixTime {
        UnixTime(1_800_000_000).after(self.0.elapsed())
    }
}

/// What the provider says to a refresh.
#[derive(Debug, Clone)]
pub(super) enum Says {
    /// New tokens, of which it makes the old refresh token bad.
    Tokens,
    /// A new access token and nothing else: the refresh token stays good.
    NoRefreshToken,
    /// A new access token and the refresh token that was sent, which stays good.
    SameRefreshToken,
    /// New tokens, of which it makes the old refresh token bad at once, and which come this much later.
    TokensLate(Duration),
    /// New tokens that nobody gets to see.
    TokensThatAreLost,
    Fails(FlowError),
}

/// What it says, and after which time.
#[derive(Debug, Clone)]
pub(super) struct Line(pub(super) Duration, pub(super) Says);

impl From<Says> for Line {
    fn from(says: Says) -> Self {
        Self(Duration::ZERO, says)
    }
}

/// A provider that answers from a script, and with new tokens where that is at its end.
#[derive(Default)]
pub(super) struct Scripted(Mutex<Stage>);

#[derive(Default)]
struct Stage {
    script: VecDeque<Line>,
    good: BTreeMap<String, ()>,
    made: u32,
    asked: Vec<Instant>,
    now: u32,
    most: u32,
    revoked: Vec<String>,
}

impl Scripted {
    fn stage(&self) -> std::sync::MutexGuard<'_, Stage> {
        self.0.lock().unwrap()
    }

    pub(super) fn says<L: Into<Line>>(&self, lines: impl IntoIterator<Item = L>) {
        self.stage().script.extend(lines.into_iter().map(Into::into));
    }

    /// From here on it answers as it should.
    pub(super) fn forget_the_script(&self) {
        self.stage().script.clear();
    }

    /// When it was asked to refresh.
    pub(super) fn asked(&self) -> Vec<Instant> {
        self.stage().asked.clone()
    }

    /// How many asked at the same time at most.
    pub(super) fn most_at_once(&self) -> u32 {
        self.stage().most
    }

    pub(super) fn revoked(&self) -> Vec<String> {
        self.stage().revoked.clone()
    }

    /// No refresh token is good any more.
    pub(super) fn forget(&self) {
        self.stage().good.clear();
    }

    /// New tokens, as of a sign-in.
    fn tokens(&self, now: UnixTime) -> Tokens {
        let mut stage = self.stage();
        stage.made += 1;
        let number = stage.made;
        stage.good.insert(format!("refresh-{number}"), ());
        Tokens {
            access: Secret::new(format!("access-{number}")),
            refresh: Some(Secret::new(format!("refresh-{number}"))),
            expires_at: Some(now.after(LIFE)),
            scopes: None,
            identity: Some("alice".to_owned()),
            fields: BTreeMap::new(),
        }
    }

    /// Takes a refresh token that is good, and makes it bad.
    fn spend(&self, refresh: &Secret) -> Result<(), FlowError> {
        let spent = self.stage().good.remove(refresh.expose());
        spent.ok_or_else(|| FlowError::InvalidGrant("`invalid_grant`".to_owned()))
    }
}

#[async_trait]
impl Exchange for Scripted {
    fn begin(&self, ask: &Ask<'_>, state: &Secret) -> Result<Begun, FlowError> {
        code::begin(ask, state)
    }

    async fn exchange(
        &self,
        _ask: &Ask<'_>,
        _code: &Secret,
        _verifier: Option<&Secret>,
        now: UnixTime,
    ) -> Result<Tokens, FlowError> {
        Ok(self.tokens(now))
    }

    async fn refresh(&self, _ask: &Ask<'_>, refresh: &Secret, now: UnixTime) -> Result<Tokens, FlowError> {
        let Line(after, says) = {
            let mut stage = self.stage();
            stage.asked.push(Instant::now());
            stage.now += 1;
            stage.most = stage.most.max(stage.now);
            stage.script.pop_front().unwrap_or(Line(Duration::ZERO, Says::Tokens))
        };
        let _leaving = Leaving(self);
        tokio::time::sleep(after).await;
        match says {
            Says::Fails(error) => Err(error),
            Says::Tokens => {
                self.spend(refresh)?;
                Ok(self.tokens(now))
            }
            Says::TokensLate(after) => {
                self.spend(refresh)?;
                let tokens = self.tokens(now);
                tokio::time::sleep(after).await;
                Ok(tokens)
            }
            Says::TokensThatAreLost => {
                self.spend(refresh)?;
                self.tokens(now);
                Err(down())
            }
            Says::NoRefreshToken | Says::SameRefreshToken => {
                self.spend(refresh)?;
                let tokens = self.tokens(now);
                self.stage().good.insert(refresh.expose().to_owned(), ());
                let same = matches!(says, Says::SameRefreshToken).then(|| refresh.clone());
                Ok(Tokens {
                    refresh: same,
                    ..tokens
                })
            }
        }
    }

    async fn begin_device(&self, _ask: &Ask<'_>) -> Result<DeviceCode, FlowError> {
        unreachable!("no story here is of a device")
    }

    async fn poll_device(&self, _ask: &Ask<'_>, _code: &Secret, _now: UnixTime) -> Result<Polled, FlowError> {
        unreachable!("no story here is of a device")
    }

    async fn client_credentials(&self, _ask: &Ask<'_>, _now: UnixTime) -> Result<Tokens, FlowError> {
        unreachable!("no story here is of the client's own token")
    }

    async fn discover(&self, _issuer: &str) -> Result<Metadata, FlowError> {
        unreachable!("every endpoint is told by the provider's file")
    }

    async fn revoke(
        &self,
        _oauth: &OAuth2,
        _client: &Client,
        _access: &Secret,
        refresh: Option<&Secret>,
    ) -> Result<bool, FlowError> {
        let token = refresh.map(|refresh| refresh.expose().to_owned());
        self.stage().revoked.extend(token);
        Ok(true)
    }
}

/// A request that is answered, or was given up.
struct Leaving<'a>(&'a Scripted);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.stage().now -= 1;
    }
}

pub(super) fn down() -> FlowError {
    FlowError::Unreachable {
        reason: "HTTP 503".to_owned(),
        retry_after: None,
    }
}

impl Quiet {
    pub(super) fn new() -> Self {
        let clock = Arc::new(VirtualClock(Instant::now()));
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            folder: tempfile::tempdir().unwrap(),
            store: Arc::new(MemoryStore::with_clock(Arc::clone(&clock) as Arc<dyn Clock>)),
            clock,
            provider: Arc::default(),
            port: free.local_addr().unwrap().port(),
        }
    }

    /// A process of Pocket on its store.
    pub(super) fn process(&self) -> Arc<Auth> {
        self.process_on(Arc::clone(&self.store) as _)
    }

    /// One that reaches the store only through this.
    pub(super) fn process_on(&self, tokens: Arc<dyn TokenStore>) -> Arc<Auth> {
        let text = r#"
            title = "Acme"
            hosts = ["api.acme.example"]
            variables = [{ name = "ACME_TOKEN" }]
            placement.header = { name = "authorization", prefix = "Bearer " }
            default = "acme-oauth2"
            handlers.acme-oauth2.flow = "oauth2"
            oauth2.authorize = "https://acme.example/authorize"
            oauth2.token = "https://acme.example/token"
            oauth2.redirect = "loopback"
            oauth2.client_auth = "post"
            oauth2.pkce = "s256"
            oauth2.refresh.idle_days = 30
            oauth2.revoke = { kind = "rfc7009", url = "https://acme.example/revoke" }
        "#;
        let table: toml::Table = text.parse().unwrap();
        let mut settings = Settings {
            callback_port: self.port,
            ..Settings::default()
        };
        settings.clients.insert(
            "acme".to_owned(),
            Client::new("the-client", Some(Secret::new("secret"))),
        );
        let parts = AuthParts {
            settings,
            providers: Providers::builtin().unwrap().with("acme", &table).unwrap(),
            tokens,
            flows: Arc::clone(&self.store) as _,
            revocations: Arc::clone(&self.store) as _,
            key: StoreKey::new([7; 32]),
            net: Net::new(NetSettings::default()).unwrap(),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            home: Home::at(self.folder.path()),
        };
        Auth::with_exchange(parts, Arc::clone(&self.provider) as _)
    }

    /// A process in which `default` is signed in.
    pub(super) async fn signed_in(&self) -> Arc<Auth> {
        let auth = self.process();
        self.sign_in(&auth, "default").await;
        auth
    }

    /// What a completed sign-in brings; its pages are another story.
    pub(super) async fn sign_in(&self, auth: &Arc<Auth>, profile: &str) {
        self.save(auth, profile, self.provider.tokens(self.clock.now())).await;
    }

    /// The same with a token that cannot be renewed.
    pub(super) async fn sign_in_without_refresh(&self, auth: &Arc<Auth>) {
        let mut tokens = self.provider.tokens(self.clock.now());
        tokens.refresh = None;
        self.save(auth, "default", tokens).await;
    }

    async fn save(&self, auth: &Arc<Auth>, profile: &str, tokens: Tokens) {
        let account = account_of(auth, profile);
        let resolved = auth.core.of_account(&account).unwrap();
        let record = Record::of_sign_in(Gained {
            tokens,
            asked: vec!["read".to_owned(), "write".to_owned()],
            origins: resolved.origins(),
            now: self.clock.now(),
            told: None,
        });
        auth.core.save_sign_in(&account, record).await.unwrap();
    }

    /// Changes the record as a process that was killed could have left it.
    pub(super) async fn leave(&self, auth: &Arc<Auth>, change: impl Fn(&Record, UnixTime) -> Record + Send + Sync) {
        let now = self.clock.now();
        let account = account_of(auth, "default");
        let changed = auth.core.change(&account, |record| Some(change(record, now)));
        changed.await.unwrap();
    }
}

pub(super) fn account_of(auth: &Arc<Auth>, profile: &str) -> AccountId {
    auth.account_of(&Profile::new(profile), &super::world::need()).unwrap()
}

pub(super) async fn credential_of(auth: &Arc<Auth>, profile: &str) -> Result<Credential, AuthError> {
    auth.credential(&Profile::new(profile), &super::world::need(), Duration::from_secs(30))
        .await
}

pub(super) async fn status(auth: &Auth) -> AccountStatus {
    auth.accounts(Some(&Profile::default())).await.unwrap().remove(0)
}

pub(super) async fn state(auth: &Auth) -> AccountState {
    status(auth).await.state
}

/// Some time later.
pub(super) async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
