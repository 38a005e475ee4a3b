//! How a server is reached, and what it takes at once.

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroU32,
    time::Duration,
};

use url::Url;

use crate::error::ServerError;

/// The port at which a server listens where nothing else is said.
pub const DEFAULT_PORT: u16 = 8975;

/// How long a browser that was let in needs no key, at the most.
pub(crate) const LONGEST_SESSION: Duration = Duration::from_secs(12 * 3600);

/// How a server is reached, and what it takes at once.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServerSettings {
    /// Where it listens; port 0 is one that is free.
    pub listen: SocketAddr,
    /// The https URL at which others reach it, where a proxy before it ends TLS.
    pub public_url: Option<Url>,
    /// Whether a key is needed: without one, whoever reaches it calls as the profile `default`.
    pub needs_key: bool,
    /// How many connections are open at once.
    pub connections: usize,
    /// How many requests of one key are worked on at once.
    pub requests_per_key: usize,
    /// How many requests of one key are begun in a second.
    pub requests_per_second: NonZeroU32,
    /// How long the head of a request may take, and how long a connection may say nothing.
    pub head_timeout: Duration,
    /// How long the body of a request may take.
    pub body_timeout: Duration,
    /// How long a browser that was let in needs no key; no more than 12 hours.
    pub session_time: Duration,
    /// How long calls may go on once the server is to end, before they are cancelled.
    pub grace: Duration,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, DEFAULT_PORT).into(),
            public_url: None,
            needs_key: true,
            connections: 16_384,
            requests_per_key: 1_024,
            requests_per_second: NonZeroU32::MAX,
            head_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(60),
            session_time: LONGEST_SESSION,
            grace: Duration::from_secs(10),
        }
    }
}

impl ServerSettings {
    /// That nobody is let in whom the operator did not mean.
    pub(crate) fn check(&self) -> Result<(), ServerError> {
        if let Some(url) = &self.public_url {
            check_public(url)?;
        }
        if self.needs_key {
            return Ok(());
        }
        if let Some(url) = &self.public_url {
            return Err(ServerError::OpenToOthers(url.to_string()));
        }
        if !self.listen.ip().is_loopback() {
            return Err(ServerError::OpenToOthers(self.listen.to_string()));
        }
        Ok(())
    }
}

fn check_public(url: &Url) -> Result<(), ServerError> {
    let refused = |reason| {
        Err(ServerError::PublicUrl {
            url: pocket_runtime::shown_on_one_line(url.as_str()),
            reason,
        })
    };
    if url.scheme() != "https" {
        return refused("others reach it over https");
    }
    if url.host_str().is_none() {
        return refused("it names no host");
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return refused("it has more than a host and a port");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refused("it has a user name in it");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn without_keys_it_is_reached_from_this_machine_only() {
        let open = || ServerSettings {
            needs_key: false,
            ..ServerSettings::default()
        };
        assert!(open().check().is_ok());
        for listen in ["0.0.0.0:1", "192.0.2.1:1", "[::]:1"] {
            let settings = ServerSettings {
                listen: listen.parse().unwrap(),
                ..open()
            };
            assert!(
                matches!(settings.check(), Err(ServerError::OpenToOthers(_))),
                "{listen}"
            );
        }
        let settings = ServerSettings {
            public_url: Some("https://tools.example".parse().unwrap()),
            ..open()
        };
        assert!(matches!(settings.check(), Err(ServerError::OpenToOthers(_))));
    }

    #[test]
    fn a_public_url_is_https_and_a_host() {
        let check = |url: &str| {
            ServerSettings {
                public_url: Some(url.parse().unwrap()),
                ..ServerSettings::default()
            }
            .check()
        };
        assert!(check("https://tools.example").is_ok());
        assert!(check("https://tools.example:8443/").is_ok());
        for url in [
            "http://tools.example",
            "https://tools.example/pocket",
            "https://tools.example/?a",
            "https://me@tools.example",
            "data:text/plain,a",
        ] {
            assert!(matches!(check(url), Err(ServerError::PublicUrl { .. })), "{url}");
        }
    }
}
