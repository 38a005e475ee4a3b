//! The connection to a Redis server, made anew when it is lost.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use ::redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, FromRedisValue, RedisError, ScriptInvocation,
    aio::MultiplexedConnection,
};
use tokio::sync::Mutex;

use super::{Answer, durability, tls};
use crate::{
    auth::{StoreError, StorePlace, store::StoreUrl},
    base::net::Net,
};

/// After this time the server counts as gone.
const PATIENCE: Duration = Duration::from_secs(8);

/// One connection, which many operations share.
pub(super) struct Connection {
    client: Client,
    net: Net,
    open: Mutex<Open>,
    place: StorePlace,
    /// Whether each new connection is asked again for what accounts need.
    keeps_accounts: AtomicBool,
}

/// The connection there is, which many share, with a number by which one that was lost is told from the next.
#[derive(Default)]
struct Open {
    connection: Option<MultiplexedConnection>,
    number: u64,
}

impl Connection {
    pub(super) fn new(url: &StoreUrl, net: &Net) -> Result<Self, StoreError> {
        let refused = |reason: &str| StoreError::Server {
            store: url.place(),
            reason: reason.to_owned(),
        };
        // Its own words may quote the URL.
        let client = Client::open(url.expose())
            .map_err(|_may_be_secret| refused("its URL has a part that there is not, or a value that does not fit"))?;
        if let ConnectionAddr::TcpTls { insecure: true, .. } = client.get_connection_info().addr() {
            return Err(refused(
                "its URL ends with `#insecure`, and a certificate is always checked",
            ));
        }
        Ok(Self {
            client,
            net: net.clone(),
            open: Mutex::default(),
            place: url.place(),
            keeps_accounts: AtomicBool::new(false),
        })
    }

    pub(super) const fn place(&self) -> &StorePlace {
        &self.place
    }

    /// From here on a server that lacks what accounts need is refused whenever it is connected to anew: it may have been
    /// started again with other settings, or another may have taken its place.
    pub(super) fn keep_accounts(&self) {
        self.keeps_accounts.store(true, Ordering::Relaxed);
    }

    /// What the server lacks to keep accounts.
    pub(super) async fn what_is_missing(&self) -> Result<Option<String>, StoreError> {
        let (mut connection, _number) = self.connection().await?;
        let missing = durability::what_is_missing(&mut connection).await;
        missing.map_err(|error| self.fault(&error))
    }

    /// Runs a script; anew, once, where the connection was lost before it was answered.
    pub(super) async fn invoke<T: FromRedisValue>(
        &self,
        invocation: &ScriptInvocation<'_>,
    ) -> Result<Answer<T>, StoreError> {
        let mut again = false;
        loop {
            let (mut connection, number) = self.connection().await?;
            match invocation.invoke_async(&mut connection).await {
                Ok(value) => return Ok(Answer { value, again }),
                Err(error) => self.lost_or(&error, number, &mut again).await?,
            }
        }
    }

    /// Runs a command that only reads.
    pub(super) async fn read<T: FromRedisValue>(&self, command: &::redis::Cmd) -> Result<T, StoreError> {
        let mut again = false;
        loop {
            let (mut connection, number) = self.connection().await?;
            match command.query_async(&mut connection).await {
                Ok(value) => return Ok(value),
                Err(error) => self.lost_or(&error, number, &mut again).await?,
            }
        }
    }

    /// The same with many at once.
    pub(super) async fn read_all<T: FromRedisValue>(&self, commands: &::redis::Pipeline) -> Result<Vec<T>, StoreError> {
        let mut again = false;
        loop {
            let (mut connection, number) = self.connection().await?;
            match commands.query_async(&mut connection).await {
                Ok(values) => return Ok(values),
                Err(error) => self.lost_or(&error, number, &mut again).await?,
            }
        }
    }

    /// Forgets a connection that is lost, so that the next is a new one; gives any other error, and the second of these.
    async fn lost_or(&self, error: &RedisError, number: u64, again: &mut bool) -> Result<(), StoreError> {
        if is_lost(error) || error.is_timeout() {
            let mut open = self.open.lock().await;
            if open.number == number {
                open.connection = None;
            }
        }
        if !is_lost(error) || std::mem::replace(again, true) {
            return Err(self.fault(error));
        }
        Ok(())
    }

    async fn connection(&self) -> Result<(MultiplexedConnection, u64), StoreError> {
        let mut open = self.open.lock().await;
        if let Some(connection) = &open.connection {
            return Ok((connection.clone(), open.number));
        }
        let mut connection = self.connect().await?;
        if self.keeps_accounts.load(Ordering::Relaxed) {
            let missing = durability::what_is_missing(&mut connection).await;
            if let Some(reason) = missing.map_err(|error| self.fault(&error))? {
                return Err(StoreError::Forgetful {
                    store: self.place.clone(),
                    reason,
                });
            }
        }
        open.connection = Some(connection.clone());
        open.number = open.number.wrapping_add(1);
        Ok((connection, open.number))
    }

    async fn connect(&self) -> Result<MultiplexedConnection, StoreError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let to = self.client.get_connection_info();
        if let ConnectionAddr::TcpTls { host, port, .. } = to.addr() {
            let stream = tls::stream(&self.net, host, *port, PATIENCE).await;
            let stream = stream.map_err(|failed| failed.at(&self.place, PATIENCE))?;
            let greeting = MultiplexedConnection::new_with_config(to.redis_settings(), stream, config);
            let greeted = tokio::time::timeout(PATIENCE, greeting).await;
            let greeted = greeted.map_err(|_elapsed| StoreError::Slow {
                store: self.place.clone(),
                waited: PATIENCE,
            })?;
            let (connection, driver) = greeted.map_err(|error| self.fault(&error))?;
            // It ends with the connection's last user.
            tokio::spawn(driver);
            return Ok(connection);
        }
        let made = self.client.get_multiplexed_async_connection_with_config(&config).await;
        made.map_err(|error| self.fault(&error))
    }

    pub(super) fn fault(&self, error: &RedisError) -> StoreError {
        let store = self.place.clone();
        if error.is_timeout() {
            return StoreError::Slow {
                store,
                waited: PATIENCE,
            };
        }
        if error.code() == Some("WRONGTYPE") || matches!(error.kind(), ErrorKind::UnexpectedReturnType) {
            return StoreError::Damaged {
                store,
                reason: "what it keeps is not of the kind that Pocket keeps".to_owned(),
            };
        }
        // The crate's words and the server's: neither holds what was sent.
        let reason = match (error.code(), error.detail()) {
            (Some("NOAUTH" | "WRONGPASS"), _) => "it does not take this user and password".to_owned(),
            (Some(code), Some(detail)) => format!("{code} {detail}"),
            (Some(code), None) => code.to_owned(),
            (None, _) if error.is_io_error() => error.to_string(),
            (None, _) => format!("{:?}", error.kind()),
        };
        StoreError::Server { store, reason }
    }
}

/// Whether the connection is gone, so that a new one may do. The server may also be starting, with its data not yet read.
fn is_lost(error: &RedisError) -> bool {
    !error.is_timeout() && (error.is_connection_dropped() || error.is_io_error() || error.code() == Some("LOADING"))
}
