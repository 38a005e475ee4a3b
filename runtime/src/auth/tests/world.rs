//! A machine with a home, a store and a clock, on which processes of Pocket run.

use std::{net::TcpListener, sync::Arc, time::Duration};

use tempfile::TempDir;

use super::{browser::Browser, provider::Fake};
use crate::{
    auth::{
        AccountId, Auth, AuthError, AuthParts, Client, Credential, CredentialValue, MemoryStore, Settings, SignIn,
        WhoseAccounts, record::Record,
    },
    base::{
        clock::{Clock, ManualClock, SystemClock},
        home::Home,
        key::StoreKey,
        name::Profile,
        net::{Net, NetSettings},
        secret::Secret,
    },
    package::{AccountOwner, AuthRequirement},
    provider::Providers,
};

pub(super) struct World {
    pub(super) folder: TempDir,
    pub(super) clock: Arc<ManualClock>,
    pub(super) store: Arc<MemoryStore>,
    pub(super) provider: Arc<Fake>,
    pub(super) port: u16,
    /// What `[providers.acme]` says besides.
    pub(super) file: String,
    /// What it says in place of all that.
    pub(super) whole: Option<String>,
}

impl World {
    pub(super) async fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(ManualClock::at(SystemClock.now())),
            store: Arc::new(MemoryStore::new()),
            provider: Fake::start().await,
            port: TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port(),
            file: String::new(),
            whole: None,
        }
    }

    /// The same with more in the provider's file.
    pub(super) async fn with(file: &str) -> Self {
        let mut world = Self::new().await;
        world.file = file.to_owned();
        world
    }

    /// Another process of Pocket on the same store.
    pub(super) fn process(&self) -> Arc<Auth> {
        self.process_on(Arc::clone(&self.store))
    }

    pub(super) fn process_on(&self, store: Arc<MemoryStore>) -> Arc<Auth> {
        Auth::new(self.parts(self.settings(), store))
    }

    pub(super) fn settings(&self) -> Settings {
        let mut settings = Settings {
            callback_port: self.port,
            ..Settings::default()
        };
        let client = Client::new("the-client", Some(Secret::new("planted-client-secret")));
        settings.clients.insert("acme".to_owned(), client);
        settings
    }

    pub(super) fn parts(&self, settings: Settings, store: Arc<MemoryStore>) -> AuthParts {
        let table = match &self.whole {
            Some(whole) => whole.parse().unwrap(),
            None => self.provider.table(&self.file),
        };
        AuthParts {
            settings,
            providers: Providers::builtin().unwrap().with("acme", &table).unwrap(),
            tokens: Arc::clone(&store) as _,
            flows: Arc::clone(&store) as _,
            revocations: store,
            key: StoreKey::new([7; 32]),
            net: Net::new(NetSettings::default()).unwrap(),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            home: Home::at(self.folder.path()),
        }
    }

    /// A process in which `default` is signed in with the scopes `read` and `write`.
    pub(super) async fn signed_in(&self) -> Arc<Auth> {
        let auth = self.process();
        let sign_in = begin(&auth).await;
        Browser::new().sign_in(&sign_in.url).await;
        auth.wait(&sign_in).await.unwrap();
        auth
    }

    /// Some time later: what was held in memory for a moment is not taken for new.
    pub(super) fn later(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// The accounts that all tools share.
pub(super) const SHARED: WhoseAccounts = WhoseAccounts::Of(AccountOwner::SHARED);

pub(super) fn need() -> AuthRequirement {
    need_of(&["read", "write"])
}

pub(super) fn need_of(scopes: &[&str]) -> AuthRequirement {
    let mut need = AuthRequirement::new("acme");
    need.scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
    need
}

pub(super) fn typed() -> AuthRequirement {
    let mut need = AuthRequirement::new("acme");
    need.handler = Some("acme-token".to_owned());
    need
}

pub(super) async fn begin(auth: &Arc<Auth>) -> SignIn {
    let tools = ["tool".to_owned()];
    auth.begin(&Profile::default(), &[need()], &tools).await.unwrap()
}

pub(super) async fn credential(auth: &Arc<Auth>) -> Result<Credential, AuthError> {
    auth.credential(&Profile::default(), &need(), Duration::from_secs(30))
        .await
}

pub(super) fn token(credential: &Credential) -> String {
    match &credential.variables[0] {
        (name, CredentialValue::Secret(secret)) if name == "ACME_TOKEN" => secret.expose().to_owned(),
        other => panic!("not the token: {other:?}"),
    }
}

pub(super) async fn given(auth: &Arc<Auth>) -> String {
    token(&credential(auth).await.unwrap())
}

pub(super) fn account(auth: &Arc<Auth>) -> AccountId {
    auth.account_of(&Profile::default(), &need()).unwrap()
}

/// Changes the record as another process could have left it.
pub(super) async fn change(auth: &Arc<Auth>, change: impl Fn(&mut Record) + Send + Sync) {
    let account = account(auth);
    let changed = auth.core.change(&account, |record| {
        let mut record = record.clone();
        change(&mut record);
        Some(record)
    });
    changed.await.unwrap();
}
