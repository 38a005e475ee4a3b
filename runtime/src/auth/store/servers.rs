//! The stores on servers, as the tests of this crate open them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../../tests/src/databases.rs"]
#[expect(
    clippy::expect_used,
    unreachable_pub,
    reason = "the tests of the whole program share it"
)]
mod databases;

use std::{path::Path, sync::Arc};

pub(super) use databases::{Postgres, Redis};

use super::{StoreError, StoreSettings, StoreUrl, postgres::PostgresStore, redis::RedisStore};
use crate::{
    auth::store::open::OpenStore,
    base::{
        files::Owner,
        home::Home,
        key::{KeySource, StoreKey},
        keys::Keys,
        net::{Net, NetSettings},
    },
};

/// A database of a test, with the folder that has its key.
pub(super) struct PostgresPlace {
    pub(super) server: &'static Postgres,
    pub(super) database: String,
    pub(super) home: tempfile::TempDir,
}

impl PostgresPlace {
    /// `None` where the server is not installed, which is said.
    pub(super) fn new() -> Option<Self> {
        let server = Postgres::shared()?;
        Some(Self {
            server,
            database: server.database(),
            home: tempfile::tempdir().unwrap(),
        })
    }

    pub(super) fn url(&self) -> StoreUrl {
        self.server.url(&self.database).parse().unwrap()
    }

    pub(super) async fn try_open(&self, source: &KeySource) -> Result<(Arc<PostgresStore>, StoreKey), StoreError> {
        open_postgres(&self.url(), self.home.path(), source).await
    }

    pub(super) async fn open(&self) -> Arc<PostgresStore> {
        self.try_open(&KeySource::Home).await.unwrap().0
    }

    /// The same by its port, with TLS.
    pub(super) async fn open_with_tls(&self) -> Arc<PostgresStore> {
        let url = self.server.url_with_tls(&self.database, "localhost", "verify-full");
        let opened = open_postgres_trusting(&url.parse().unwrap(), self.home.path(), Some(self.server.root())).await;
        opened.unwrap()
    }
}

pub(super) async fn open_postgres(
    url: &StoreUrl,
    home: &Path,
    source: &KeySource,
) -> Result<(Arc<PostgresStore>, StoreKey), StoreError> {
    let keys = Keys::new(source.clone(), home.join("store.key"));
    let owner = Owner::of_new_files_in(home).unwrap();
    let (store, key) = PostgresStore::open(url, &trusting(None), &keys, owner).await?;
    Ok((Arc::new(store), key))
}

/// The same for who trusts this root.
pub(super) async fn open_postgres_trusting(
    url: &StoreUrl,
    home: &Path,
    root: Option<&str>,
) -> Result<Arc<PostgresStore>, StoreError> {
    let keys = Keys::new(KeySource::Home, home.join("store.key"));
    let owner = Owner::of_new_files_in(home).unwrap();
    let (store, _key) = PostgresStore::open(url, &trusting(root), &keys, owner).await?;
    Ok(Arc::new(store))
}

/// The network of who trusts this root beside the system's.
pub(super) fn trusting(root: Option<&str>) -> Net {
    let ca_pem = root.map(|pem| pem.as_bytes().to_vec());
    let settings = NetSettings {
        ca_pem,
        ..NetSettings::default()
    };
    Net::new(settings).unwrap()
}

/// A root that signed nothing here; PEM.
pub(super) fn another_root() -> String {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    made.cert.pem()
}

/// The same on a Redis server.
pub(super) struct RedisPlace {
    pub(super) server: &'static Redis,
    pub(super) database: String,
    pub(super) home: tempfile::TempDir,
}

impl RedisPlace {
    /// `None` where the server is not installed, which is said.
    pub(super) fn new() -> Option<Self> {
        let server = Redis::shared()?;
        Some(Self {
            server,
            database: server.database(),
            home: tempfile::tempdir().unwrap(),
        })
    }

    pub(super) fn url(&self) -> StoreUrl {
        self.server.url(&self.database).parse().unwrap()
    }

    pub(super) async fn try_open(&self, source: &KeySource) -> Result<(Arc<RedisStore>, StoreKey), StoreError> {
        open_redis(&self.url(), self.home.path(), source).await
    }

    pub(super) async fn open(&self) -> Arc<RedisStore> {
        self.try_open(&KeySource::Home).await.unwrap().0
    }

    /// The same by its port, with TLS.
    pub(super) async fn open_with_tls(&self) -> Arc<RedisStore> {
        let url = self.server.url_with_tls(&self.database, "localhost");
        let opened = open_redis_trusting(&url.parse().unwrap(), self.home.path(), Some(self.server.root())).await;
        opened.unwrap()
    }
}

pub(super) async fn open_redis(
    url: &StoreUrl,
    home: &Path,
    source: &KeySource,
) -> Result<(Arc<RedisStore>, StoreKey), StoreError> {
    let keys = Keys::new(source.clone(), home.join("store.key"));
    let owner = Owner::of_new_files_in(home).unwrap();
    let (store, key) = RedisStore::open(url, &trusting(None), &keys, owner).await?;
    Ok((Arc::new(store), key))
}

/// The same for who trusts this root.
pub(super) async fn open_redis_trusting(
    url: &StoreUrl,
    home: &Path,
    root: Option<&str>,
) -> Result<Arc<RedisStore>, StoreError> {
    let keys = Keys::new(KeySource::Home, home.join("store.key"));
    let owner = Owner::of_new_files_in(home).unwrap();
    let (store, _key) = RedisStore::open(url, &trusting(root), &keys, owner).await?;
    Ok(Arc::new(store))
}

/// A store as the settings name it, with its home.
pub(super) async fn open_by_settings(url: Option<StoreUrl>, home: &Path) -> Result<OpenStore, StoreError> {
    let settings = StoreSettings {
        url,
        ..StoreSettings::default()
    };
    OpenStore::open(&settings, &Home::at(home), &trusting(None)).await
}
