//! The store that the operator chose, opened with its key.

use std::{path::Path, sync::Arc};

use crate::{
    auth::{
        FlowStore, MemoryStore, RevocationStore, SqliteStore, StoreError, StorePlace, TokenStore,
        store::{
            StoreSettings, StoreUrl, Vault,
            key_record::{KeyRecord, not_a_key},
            postgres::PostgresStore,
            redis::RedisStore,
            url::ServerKind,
        },
    },
    base::{
        digest::Digest,
        files::{self, Owner},
        home::Home,
        key::{KeyPlace, StoreKey},
        keys::Keys,
        net::Net,
    },
};

/// A store of accounts, one of pending sign-ins, one of what providers are still to be told, and the key under which all are sealed.
pub(crate) struct OpenStore {
    pub(crate) tokens: Arc<dyn TokenStore>,
    pub(crate) flows: Arc<dyn FlowStore>,
    pub(crate) revocations: Arc<dyn RevocationStore>,
    pub(crate) key: StoreKey,
    kept: Option<Kept>,
}

/// A store that lasts, with what gives it another key.
struct Kept {
    store: Kind,
    keys: Keys,
    owner: Owner,
}

enum Kind {
    Sqlite(Arc<SqliteStore>),
    Postgres(Arc<PostgresStore>),
    Redis(Arc<RedisStore>),
}

impl OpenStore {
    /// One that ends with the process.
    pub(crate) fn in_memory() -> Self {
        let store = Arc::new(MemoryStore::default());
        Self {
            tokens: Arc::clone(&store) as _,
            flows: Arc::clone(&store) as _,
            revocations: store,
            key: StoreKey::random(),
            kept: None,
        }
    }

    /// The one that the settings name, else the SQLite file in `home`; made where there is none yet.
    ///
    /// # Errors
    /// When it cannot be reached or read, or its key is lost or another: naming where it was kept.
    pub(crate) async fn open(settings: &StoreSettings, home: &Home, net: &Net) -> Result<Self, StoreError> {
        let opened = match &settings.url {
            None => {
                let (settings, home) = (settings.clone(), home.clone());
                blocking(move || Self::open_file(&settings, &home)).await?
            }
            Some(url) => Self::open_server(settings, url, home, net).await?,
        };
        let Some(url) = &settings.sign_ins_url else {
            return Ok(opened);
        };
        let flows: Arc<dyn FlowStore> = match url.kind() {
            ServerKind::Redis => Arc::new(RedisStore::open_for_sign_ins(url, net).await?),
            ServerKind::Postgres => {
                return Err(StoreError::Server {
                    store: url.place(),
                    reason: "`[store] sign_ins_url` names a Redis server; PostgreSQL keeps both".to_owned(),
                });
            }
        };
        Ok(Self { flows, ..opened })
    }

    fn open_file(settings: &StoreSettings, home: &Home) -> Result<Self, StoreError> {
        let path = home.data().join("accounts.sqlite");
        let keys = Keys::new(settings.key.clone(), home.data().join("store.key"));
        let (store, key) = SqliteStore::open_with(&path, &keys)?;
        let owner = Owner::of_new_files_in(home.data()).map_err(super::sqlite_io_at(&path))?;
        let store = Arc::new(store);
        Ok(Self {
            tokens: Arc::clone(&store) as _,
            flows: Arc::clone(&store) as _,
            revocations: Arc::clone(&store) as _,
            key,
            kept: Some(Kept {
                store: Kind::Sqlite(store),
                keys,
                owner,
            }),
        })
    }

    async fn open_server(settings: &StoreSettings, url: &StoreUrl, home: &Home, net: &Net) -> Result<Self, StoreError> {
        let owner = files::create_private_dir(home.data())
            .and_then(|()| Owner::of_new_files_in(home.data()))
            .map_err(super::sqlite_io_at(home.data()))?;
        // Each store has a key of its own, so that changing one's leaves the others'.
        let place = url.place();
        let mut name = Digest::of_parts([b"store".as_slice(), place.to_string().as_bytes()]).hex();
        name.truncate(16);
        let keys = Keys::new(settings.key.clone(), home.data().join(format!("store-{name}.key")));
        match url.kind() {
            ServerKind::Postgres => {
                let (store, key) = PostgresStore::open(url, net, &keys, owner).await?;
                Ok(Self::on_server(Arc::new(store), key, keys, owner, Kind::Postgres))
            }
            ServerKind::Redis => {
                let (store, key) = RedisStore::open(url, net, &keys, owner).await?;
                Ok(Self::on_server(Arc::new(store), key, keys, owner, Kind::Redis))
            }
        }
    }

    fn on_server<S: TokenStore + FlowStore + RevocationStore + 'static>(
        store: Arc<S>,
        key: StoreKey,
        keys: Keys,
        owner: Owner,
        kind: fn(Arc<S>) -> Kind,
    ) -> Self {
        Self {
            tokens: Arc::clone(&store) as _,
            flows: Arc::clone(&store) as _,
            revocations: Arc::clone(&store) as _,
            key,
            kept: Some(Kept {
                store: kind(store),
                keys,
                owner,
            }),
        }
    }

    /// Seals everything with a new key, kept where the one before was, or with the one in `theirs`; gives where the new key is.
    /// Who has the store open is told at his next step.
    ///
    /// # Errors
    /// When the operator keeps the key and gives no new one, a token is being renewed just now, or the store cannot be written:
    /// the key is then the one before.
    pub(crate) async fn rekey(&self, theirs: Option<&Path>) -> Result<KeyPlace, StoreError> {
        let Some(Kept { store, keys, owner }) = &self.kept else {
            return Ok(KeyPlace::Given);
        };
        let (place, now) = match store {
            Kind::Sqlite(sqlite) => (sqlite.place(), sqlite.key_record().await?),
            Kind::Postgres(postgres) => (postgres.place().clone(), postgres.key_record().await?),
            Kind::Redis(redis) => (redis.place().clone(), redis.key_record().await?),
        };
        if !self.key.has_id(&now.id) {
            return Err(StoreError::Rekeyed { store: place });
        }
        let wanted = theirs.map_or_else(|| keys.place(Some(&now.place)), |path| KeyPlace::File(path.to_owned()));
        let refused = |error| not_a_key(error, wanted.clone(), &place);
        let next = {
            let (keys, key, owner) = (keys.clone(), self.key.clone(), *owner);
            let (kept, theirs) = (now.place.clone(), theirs.map(Path::to_owned));
            blocking(move || Ok(keys.make_next(&key, &kept, theirs.as_deref(), owner)))
                .await?
                .map_err(refused)?
        };
        let record = KeyRecord::of(&next.key, next.place.clone());
        let (from, to) = (Vault::new(self.key.clone()), Vault::new(next.key.clone()));
        match store {
            Kind::Sqlite(store) => store.rekey(from, to, record).await?,
            Kind::Postgres(store) => store.rekey(from, to, record).await?,
            Kind::Redis(store) => store.rekey(from, to, record).await?,
        }
        // From here on the store has the new key, which is found by its id whatever else happens.
        if let Err(error) = keys.adopt(&next, &self.key) {
            tracing::warn!("the key before could not be removed: {error}");
        }
        Ok(next.place)
    }

    /// Where it is; `None` for one that ends with the process.
    pub(crate) fn place(&self) -> Option<StorePlace> {
        self.kept.as_ref().map(|kept| match &kept.store {
            Kind::Sqlite(store) => store.place(),
            Kind::Postgres(store) => store.place().clone(),
            Kind::Redis(store) => store.place().clone(),
        })
    }
}

/// Files, keyrings and the locks of other processes are waited for away from the threads that answer.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|ended| StoreError::Unavailable(ended.into()))?
}
