//! Connections of one tool, kept open between its calls.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hyper_util::{
    client::legacy,
    rt::{TokioExecutor, TokioTimer},
};

use crate::{
    auth::Credential,
    base::name::Profile,
    package::TokenKind,
    sandbox::outbound::{
        body::RequestBody,
        connector::{Connector, Dialer},
    },
};

/// Sends requests, over connections of its own.
pub(super) type Client = legacy::Client<Connector, RequestBody>;

/// Clients that are kept; beyond it the one unused for longest goes, with its connections.
const CLIENTS: usize = 256;
/// Connections to one host that are kept open unused, and for how long.
const IDLE: usize = 8;
const IDLE_TIME: Duration = Duration::from_secs(60);
/// What the head of a reply may have, in bytes. (hyper reads up to twice that before it looks.)
pub(super) const HEAD: usize = 64 << 10;
/// What one HTTP/2 stream, and one connection, may send before we have read it.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
const STREAM_SEND_BUFFER: usize = 256 << 10;

/// The clients of one tool: one for each user and credential, so that a connection on which one has signed in never
/// serves another; and apart where inner addresses are open, so that no connection to one serves a request for which
/// they are not.
pub(super) struct Pool {
    dialer: Dialer,
    /// The most recently used last.
    clients: Mutex<Vec<(Key, Client)>>,
}

#[derive(Clone, PartialEq, Eq)]
struct Key {
    profile: Profile,
    account: Option<Account>,
    version: Option<u64>,
    private: bool,
}

#[derive(Clone, PartialEq, Eq)]
struct Account {
    provider: Arc<str>,
    handler: Arc<str>,
    profile: Profile,
    kind: TokenKind,
}

impl Pool {
    pub(super) fn new(dialer: Dialer) -> Self {
        Self {
            dialer,
            clients: Mutex::default(),
        }
    }

    /// Where the operator's proxy is.
    pub(super) fn proxy(&self) -> Option<String> {
        self.dialer.net.proxy().map(ToString::to_string)
    }

    pub(super) fn client(&self, profile: &Profile, credential: Option<&Credential>, private: bool) -> Client {
        let key = Key {
            profile: profile.clone(),
            account: credential.map(|credential| Account {
                provider: credential.provider.clone(),
                handler: credential.handler.clone(),
                profile: credential.profile.clone(),
                kind: credential.kind,
            }),
            version: credential.map(|credential| credential.version),
            private,
        };
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let found = clients.iter().position(|(known, _)| *known == key);
        let client = match found {
            Some(index) => clients.remove(index).1,
            None => {
                // What an older token has signed in is of no use any more. (Calls that still hold it have their own clone.)
                clients.retain(|(known, _)| {
                    (&known.profile, &known.account) != (&key.profile, &key.account)
                        || known.version.is_none_or(|version| Some(version) >= key.version)
                });
                if clients.len() >= CLIENTS {
                    clients.remove(0);
                }
                self.open(private)
            }
        };
        clients.push((key, client.clone()));
        client
    }

    fn open(&self, private: bool) -> Client {
        legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIME)
            .pool_max_idle_per_host(IDLE)
            .http1_max_buf_size(HEAD)
            .http2_max_header_list_size(HEAD as u32)
            .http2_initial_stream_window_size(STREAM_WINDOW)
            .http2_initial_connection_window_size(CONNECTION_WINDOW)
            .http2_max_send_buf_size(STREAM_SEND_BUFFER)
            .build(Connector {
                dialer: self.dialer.clone(),
                private,
            })
    }
}
