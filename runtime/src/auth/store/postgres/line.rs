//! How a server is reached: what its URL says, and what holds where it says nothing.

use std::time::Duration;

use tokio_postgres::config::{Config, Host, SslMode};
use url::Url;

use crate::auth::{StoreError, store::StoreUrl};

const CONNECT_TIME: Duration = Duration::from_secs(5);

/// Reads a URL as `libpq` does. Where it says no `sslmode`, a server on another machine has to offer TLS. `require`,
/// `verify-ca` and `verify-full` are one here: a certificate is always checked, with its name.
pub(super) fn config(url: &StoreUrl) -> Result<Config, StoreError> {
    let refused = |reason: &str| StoreError::Server {
        store: url.place(),
        reason: reason.to_owned(),
    };
    let mut parsed = Url::parse(url.expose()).map_err(|_may_be_secret| refused("its URL cannot be read"))?;
    let mut mode = None;
    let mut rest = Vec::new();
    for (name, value) in parsed.query_pairs() {
        if name == "sslmode" {
            mode = Some(match &*value {
                "disable" => SslMode::Disable,
                "allow" | "prefer" => SslMode::Prefer,
                "require" | "verify-ca" | "verify-full" => SslMode::Require,
                _other => return Err(refused("its URL has an `sslmode` that there is not")),
            });
        } else {
            rest.push((name.into_owned(), value.into_owned()));
        }
    }
    let pairs: Vec<String> = rest
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    parsed.set_query((!pairs.is_empty()).then(|| pairs.join("&")).as_deref());
    // Its own words quote parts of the URL.
    let mut config: Config = parsed
        .as_str()
        .parse()
        .map_err(|_may_be_secret| refused("its URL has a part that there is not, or a value that does not fit"))?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIME);
    }
    if config.get_application_name().is_none() {
        config.application_name("pocket");
    }
    config.keepalives_idle(Duration::from_secs(60));
    config.tcp_user_timeout(Duration::from_secs(20));
    let standard = if is_here(&config) {
        SslMode::Disable
    } else {
        SslMode::Require
    };
    config.ssl_mode(mode.unwrap_or(standard));
    Ok(config)
}

fn encoded(text: &str) -> String {
    // `+` for a space is what forms have; a URL of PostgreSQL takes it as it is.
    url::form_urlencoded::byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

/// Whether the server is on this machine for sure.
fn is_here(config: &Config) -> bool {
    let by_name = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    });
    by_name && config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn of(url: &str) -> Result<Config, StoreError> {
        config(&url.parse().unwrap())
    }

    #[test]
    fn a_server_on_another_machine_has_to_offer_tls_unless_the_operator_says_otherwise() {
        for (url, mode) in [
            ("postgres://u@db.example.com/x", SslMode::Require),
            ("postgres://u@10.0.0.1/x", SslMode::Require),
            ("postgres://u@localhost/x?hostaddr=10.0.0.1", SslMode::Require),
            ("postgres://u@localhost,db.example.com/x", SslMode::Require),
            ("postgres://u@localhost/x", SslMode::Disable),
            ("postgres://u@127.0.0.1/x", SslMode::Disable),
            ("postgres://u@[::1]/x", SslMode::Disable),
            ("postgres:///x?host=/run/postgresql", SslMode::Disable),
            ("postgres://u@db.example.com/x?sslmode=disable", SslMode::Disable),
            ("postgres://u@db.example.com/x?sslmode=prefer", SslMode::Prefer),
            ("postgres://u@localhost/x?sslmode=verify-full", SslMode::Require),
        ] {
            assert_eq!(of(url).unwrap().get_ssl_mode(), mode, "{url}");
        }
    }

    #[test]
    fn what_else_a_url_says_is_kept_and_what_is_wrong_in_it_is_not_shown() {
        let config = of("postgres://u:p%40ss@db.example.com/x?application_name=a%20b&connect_timeout=3").unwrap();
        assert_eq!(config.get_password(), Some(b"p@ss".as_slice()));
        assert_eq!(config.get_application_name(), Some("a b"));
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(3)));
        for wrong in ["sslmode=planted", "planted=1", "connect_timeout=planted"] {
            let error = of(&format!("postgres://planted:planted@h/x?{wrong}")).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("planted"), "{wrong}");
        }
    }
}
