//! Why the proxy opened no tunnel.

use std::io;

/// Why the proxy opened no tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProxyFault {
    #[error("its name has no address that could be found")]
    NoAddress,
    #[error("nobody answers there ({0})")]
    NoConnection(io::ErrorKind),
    #[error("it does not answer")]
    Silent,
    #[error("it ended the connection without an answer")]
    Closed,
    #[error("it wants a user and password other than it was given (407)")]
    Login,
    #[error("it refuses to connect there ({0})")]
    Refused(u16),
    #[error("it could not connect there ({0})")]
    NoTunnel(u16),
    #[error("its answer is none of an HTTP proxy")]
    NotAProxy,
    #[error("its answer has no end")]
    Endless,
}

impl ProxyFault {
    /// What would mend it.
    pub(crate) const fn hint(self) -> &'static str {
        match self {
            Self::NoAddress | Self::NoConnection(_) | Self::Silent | Self::Closed => {
                "see whether the proxy is up, and whether `[network.proxy] url` names it; what needs no proxy is written in `except`"
            }
            Self::Login => {
                "set `user` and `password` under `[network.proxy]` in `.secrets.toml` to those that the proxy knows"
            }
            Self::Refused(_) => {
                "ask who runs the proxy to allow this host; one that is given addresses may want names: `[network.proxy] resolves = true`"
            }
            Self::NoTunnel(_) => "see whether the host is up, and whether the proxy reaches it",
            Self::NotAProxy | Self::Endless => "see whether `[network.proxy] url` names an HTTP proxy, and its port",
        }
    }
}
