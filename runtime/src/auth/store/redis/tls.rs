//! A connection with TLS to a Redis server.

use std::{io, time::Duration};

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::{
    auth::{
        StoreError, StorePlace,
        store::{
            TlsFault,
            tls::{connector, fault_in},
        },
    },
    base::net::Net,
};

/// Why there is none.
pub(super) enum Failed {
    /// The network's words.
    Unreached(io::Error),
    /// What came was no TLS that can be trusted.
    Tls(TlsFault, String),
    TooSlow,
}

impl Failed {
    pub(super) fn at(self, place: &StorePlace, waited: Duration) -> StoreError {
        let store = place.clone();
        match self {
            Self::Unreached(error) => StoreError::Server {
                store,
                reason: error.to_string(),
            },
            Self::Tls(fault, reason) => StoreError::Tls { store, fault, reason },
            Self::TooSlow => StoreError::Slow { store, waited },
        }
    }
}

/// Connects to this name, which the server's certificate has to be for.
pub(super) async fn stream(
    net: &Net,
    host: &str,
    port: u16,
    patience: Duration,
) -> Result<TlsStream<TcpStream>, Failed> {
    let shared = net
        .tls()
        .map_err(|error| Failed::Tls(TlsFault::Other, error.to_string()))?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(bare.to_owned())
        .map_err(|_not_one| Failed::Tls(TlsFault::OtherName, "its URL has no name for a certificate".to_owned()))?;
    let reached = tokio::time::timeout(patience, reach(net, bare, port)).await;
    let tcp = reached
        .map_err(|_elapsed| Failed::TooSlow)?
        .map_err(Failed::Unreached)?;
    match tokio::time::timeout(patience, connector(&shared).connect(name, tcp)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(match fault_in(&error) {
            Some(fault) => Failed::Tls(fault, error.to_string()),
            // A server of another protocol hangs up on what it cannot read.
            None if error.kind() == io::ErrorKind::UnexpectedEof => Failed::Tls(
                TlsFault::NotOffered,
                "it ended the connection when TLS began".to_owned(),
            ),
            None => Failed::Unreached(error),
        }),
        // One of another protocol may also wait for the end of a line that never comes.
        Err(_elapsed) => Err(Failed::Tls(
            TlsFault::NotOffered,
            "it did not answer when TLS began".to_owned(),
        )),
    }
}

async fn reach(net: &Net, host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "its name has no address");
    for address in net.resolve(host, port).await? {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}
