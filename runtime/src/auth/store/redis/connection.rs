//! The connection to a Redis server, made anew when it is lost.

use std::time::Duration;

use ::redis::{
    AsyncConnectionConfig, Client, ErrorKind, FromRedisValue, RedisError, ScriptInvocation, TlsCertificates,
    aio::MultiplexedConnection,
};
use tokio::sync::Mutex;

use super::Answer;
use crate::{
    auth::{StoreError, StorePlace, store::StoreUrl},
    base::net::NetSettings,
};

/// After this time the server counts as gone.
const PATIENCE: Duration = Duration::from_secs(8);

/// One connection, which many operations share.
pub(super) struct Connection {
    client: Client,
    open: Mutex<Open>,
    place: StorePlace,
}

/// The connection there is, which many share, with a number by which one that was lost is told from the next.
#[derive(Default)]
struct Open {
    connection: Option<MultiplexedConnection>,
    number: u64,
}

impl Connection {
    pub(super) fn new(url: &StoreUrl, net: &NetSettings) -> Result<Self, StoreError> {
        let place = url.place();
        let client = match &net.ca_pem {
            Some(pem) if url.expose().starts_with("rediss:") => Client::build_with_tls(
                url.expose(),
                TlsCertificates {
                    client_tls: None,
                    root_cert: Some(pem.clone()),
                },
            ),
            Some(_) | None => Client::open(url.expose()),
        };
        Ok(Self {
            // Its own words may quote the URL.
            client: client.map_err(|_may_be_secret| StoreError::Server {
                store: place.clone(),
                reason: "its URL has a part that there is not, or a value that does not fit".to_owned(),
            })?,
            open: Mutex::default(),
            place,
        })
    }

    pub(super) const fn place(&self) -> &StorePlace {
        &self.place
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
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let made = self.client.get_multiplexed_async_connection_with_config(&config).await;
        let connection = made.map_err(|error| self.fault(&error))?;
        open.connection = Some(connection.clone());
        open.number = open.number.wrapping_add(1);
        Ok((connection, open.number))
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
