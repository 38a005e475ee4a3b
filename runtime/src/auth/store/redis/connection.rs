//! The connection to a Redis server, made anew when it is lost.

use std::time::Duration;

use ::redis::{
    Client, ErrorKind, FromRedisValue, RedisError, ScriptInvocation, TlsCertificates,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use tokio::sync::OnceCell;

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
    manager: OnceCell<ConnectionManager>,
    place: StorePlace,
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
            manager: OnceCell::new(),
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
            let mut manager = self.manager().await?;
            match invocation.invoke_async(&mut manager).await {
                Ok(value) => return Ok(Answer { value, again }),
                Err(error) if is_lost(&error) && !again => again = true,
                Err(error) => return Err(self.fault(&error)),
            }
        }
    }

    /// Runs a command that only reads.
    pub(super) async fn read<T: FromRedisValue>(&self, command: &::redis::Cmd) -> Result<T, StoreError> {
        let mut again = false;
        loop {
            let mut manager = self.manager().await?;
            match command.query_async(&mut manager).await {
                Ok(value) => return Ok(value),
                Err(error) if is_lost(&error) && !again => again = true,
                Err(error) => return Err(self.fault(&error)),
            }
        }
    }

    /// The same with many at once.
    pub(super) async fn read_all<T: FromRedisValue>(&self, commands: &::redis::Pipeline) -> Result<Vec<T>, StoreError> {
        let mut manager = self.manager().await?;
        commands
            .query_async(&mut manager)
            .await
            .map_err(|error| self.fault(&error))
    }

    async fn manager(&self) -> Result<ConnectionManager, StoreError> {
        let make = async || {
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(PATIENCE))
                .set_response_timeout(Some(PATIENCE))
                .set_number_of_retries(2)
                .set_max_delay(Duration::from_millis(500));
            ConnectionManager::new_with_config(self.client.clone(), config).await
        };
        let manager = self.manager.get_or_try_init(make).await;
        manager.cloned().map_err(|error| self.fault(&error))
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
            (None, _) => error.kind().to_owned_text(),
        };
        StoreError::Server { store, reason }
    }
}

/// What kind of error it is, in words.
trait InWords {
    fn to_owned_text(&self) -> String;
}

impl InWords for ErrorKind {
    fn to_owned_text(&self) -> String {
        format!("{self:?}")
    }
}

/// Whether the connection is gone, so that a new one may do. The server may also be starting, with its data not yet read.
fn is_lost(error: &RedisError) -> bool {
    !error.is_timeout() && (error.is_connection_dropped() || error.is_io_error() || error.code() == Some("LOADING"))
}
