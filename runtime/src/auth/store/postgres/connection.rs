//! Connections to a PostgreSQL server, made when they are needed and anew when they are lost.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::Mutex;
use tokio_postgres::{Client, Config};

use super::{
    Given, Rows,
    fault::{self, is_lost},
    line,
    tls::MakeTls,
};
use crate::{
    auth::{StoreError, StorePlace, store::StoreUrl},
    base::net::Net,
};

/// Statements of one connection wait for each other, and each save for the server's disk.
const CONNECTIONS: usize = 4;

/// The server ends a statement after this time.
pub(super) const STATEMENT_TIME: Duration = Duration::from_secs(8);

/// After this time the server counts as gone: it would have answered, if only that it took too long.
const PATIENCE: Duration = Duration::from_secs(15);

/// What an operator's server may have otherwise: a commit that is answered before it is on the disk could lose a token.
const SESSION: &str = "SET synchronous_commit = on; SET statement_timeout = '8s'; SET lock_timeout = '8s';
     SET idle_in_transaction_session_timeout = '30s'; SET default_transaction_isolation = 'read committed'";

/// Connections to one server.
pub(super) struct Pool {
    config: Config,
    tls: MakeTls,
    place: StorePlace,
    open: Vec<Mutex<Option<Arc<Client>>>>,
    next: AtomicUsize,
}

impl Pool {
    pub(super) fn new(url: &StoreUrl, net: &Net) -> Result<Self, StoreError> {
        let tls = net.tls().map_err(|error| StoreError::Unavailable(error.into()))?;
        Ok(Self {
            config: line::config(url)?,
            tls: MakeTls::new(&tls),
            place: url.place(),
            open: (0..CONNECTIONS).map(|_| Mutex::default()).collect(),
            next: AtomicUsize::new(0),
        })
    }

    pub(super) const fn place(&self) -> &StorePlace {
        &self.place
    }

    /// Sends a statement; anew, once, where the connection was lost before it was answered.
    pub(super) async fn query(&self, statement: &str, given: &[Given<'_>]) -> Result<Rows, StoreError> {
        let slot = self.next.fetch_add(1, Ordering::Relaxed) % self.open.len();
        let mut again = false;
        loop {
            let client = self.client(slot).await?;
            let answered = tokio::time::timeout(PATIENCE, client.query_typed(statement, given)).await;
            match answered {
                Ok(Ok(rows)) => return Ok(Rows { rows, again }),
                Ok(Err(error)) if is_lost(&error) && !again => {
                    self.forget(slot, &client).await;
                    again = true;
                }
                Ok(Err(error)) => return Err(fault::at(&self.place, &error)),
                Err(_elapsed) => {
                    self.forget(slot, &client).await;
                    return Err(StoreError::Slow {
                        store: self.place.clone(),
                        waited: PATIENCE,
                    });
                }
            }
        }
    }

    async fn client(&self, slot: usize) -> Result<Arc<Client>, StoreError> {
        let Some(slot) = self.open.get(slot) else {
            return self.connect().await.map(Arc::new);
        };
        let mut open = slot.lock().await;
        if let Some(client) = open.as_ref().filter(|client| !client.is_closed()) {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new(self.connect().await?);
        *open = Some(Arc::clone(&client));
        Ok(client)
    }

    /// Unless another has made a new one already.
    async fn forget(&self, slot: usize, lost: &Arc<Client>) {
        if let Some(slot) = self.open.get(slot) {
            let mut open = slot.lock().await;
            if open.as_ref().is_some_and(|client| Arc::ptr_eq(client, lost)) {
                *open = None;
            }
        }
    }

    /// A connection of its own, for several statements that belong together.
    pub(super) async fn connect(&self) -> Result<Client, StoreError> {
        let connect = async {
            let (client, connection) = self.config.connect(self.tls.clone()).await?;
            // It ends with the client. What goes wrong in it, the next statement tells.
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!("a connection to the token store ended: {error}");
                }
            });
            client.batch_execute(SESSION).await?;
            Ok(client)
        };
        match tokio::time::timeout(PATIENCE, connect).await {
            Ok(Ok(client)) => Ok(client),
            Ok(Err(error)) => Err(fault::at(&self.place, &error)),
            Err(_elapsed) => Err(StoreError::Slow {
                store: self.place.clone(),
                waited: PATIENCE,
            }),
        }
    }
}
