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
}

pub(super) async fn open_postgres(
    url: &StoreUrl,
    home: &Path,
    source: &KeySource,
) -> Result<(Arc<PostgresStore>, StoreKey), StoreError> {
    let keys = Keys::new(source.clone(), home.join("store.key"));
    let net = Net::new(NetSettings::default()).unwrap();
    let owner = Owner::of_new_files_in(home).unwrap();
    let (store, key) = PostgresStore::open(url, &net, &keys, owner).await?;
    Ok((Arc::new(store), key))
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
}

pub(super) async fn open_redis(
    url: &StoreUrl,
    home: &Path,
    source: &KeySource,
) -> Result<(Arc<RedisStore>, StoreKey), StoreError> {
    let keys = Keys::new(source.clone(), home.join("store.key"));
    let owner = Owner::of_new_files_in(home).unwrap();
    let (store, key) = RedisStore::open(url, &NetSettings::default(), &keys, owner).await?;
    Ok((Arc::new(store), key))
}

/// A store as the settings name it, with its home.
pub(super) async fn open_by_settings(url: Option<StoreUrl>, home: &Path) -> Result<OpenStore, StoreError> {
    let settings = StoreSettings {
        url,
        ..StoreSettings::default()
    };
    let net = Net::new(NetSettings::default()).unwrap();
    OpenStore::open(&settings, &Home::at(home), &net, &NetSettings::default()).await
}
