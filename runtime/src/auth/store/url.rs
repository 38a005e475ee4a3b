//! The address of a store on a server.

use std::{fmt, str::FromStr};

use ::url::Url;

use crate::{auth::StorePlace, base::secret::Secret};

/// The address of a store on a server, `postgres://` or `redis://`: its password is a secret, so it is never shown whole.
///
/// ```
/// use pocket_runtime::StoreUrl;
///
/// let url: StoreUrl = "postgres://pocket:hunter2@db.example.com/accounts".parse()?;
/// assert_eq!(url.to_string(), "postgres://db.example.com/accounts");
/// assert!(!format!("{url:?}").contains("hunter2"));
/// # Ok::<(), pocket_runtime::NotAStoreUrl>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct StoreUrl {
    kind: ServerKind,
    whole: Secret,
    shown: String,
}

/// What kind of server keeps a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServerKind {
    Postgres,
    Redis,
}

/// Why a text is no address of a store; it never shows the text, in which a password may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAStoreUrl {
    /// It is no URL.
    #[error("it is not a URL")]
    Url,
    /// It is one of something else.
    #[error("a store has a URL that begins with `postgres://`, `redis://` or `rediss://`")]
    Scheme,
}

impl StoreUrl {
    pub(super) const fn kind(&self) -> ServerKind {
        self.kind
    }

    /// Whether the server may be reached by a socket that has a path: its scheme says so, or its host is a folder.
    pub(super) fn may_have_a_path(&self) -> bool {
        let Ok(url) = Url::parse(self.whole.expose()) else {
            return false;
        };
        url.scheme().ends_with("unix")
            || url
                .host_str()
                .is_none_or(|host| host.is_empty() || host.starts_with("%2F"))
            || url
                .query_pairs()
                .any(|(name, value)| name == "host" && value.starts_with('/'))
    }

    /// All of it.
    pub(super) fn expose(&self) -> &str {
        self.whole.expose()
    }

    /// Where it is, without user, password and options.
    #[must_use]
    pub fn place(&self) -> StorePlace {
        StorePlace::Server(self.shown.clone())
    }
}

impl FromStr for StoreUrl {
    type Err = NotAStoreUrl;

    fn from_str(text: &str) -> Result<Self, NotAStoreUrl> {
        let text = text.trim();
        let kind = match text.split_once(':').map(|(scheme, _)| scheme) {
            Some("postgres" | "postgresql") => ServerKind::Postgres,
            Some("redis" | "rediss" | "redis+unix" | "unix") => ServerKind::Redis,
            Some(_) => return Err(NotAStoreUrl::Scheme),
            None => return Err(NotAStoreUrl::Url),
        };
        let url = Url::parse(text).map_err(|_its_text_may_be_secret| NotAStoreUrl::Url)?;
        let mut shown = format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
        if let Some(port) = url.port() {
            shown.push_str(&format!(":{port}"));
        }
        shown.push_str(url.path().trim_end_matches('/'));
        if let Some((_, folder)) = url.query_pairs().find(|(name, _)| name == "host") {
            shown.push_str(&format!(" in {folder}"));
        }
        Ok(Self {
            kind,
            whole: Secret::new(text),
            shown,
        })
    }
}

impl<'de> serde::Deserialize<'de> for StoreUrl {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Secret::deserialize(deserializer)?;
        text.expose().parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place().fmt(f)
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StoreUrl").field(&self.shown).finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn an_address_is_shown_without_user_password_and_options() {
        for (text, shown) in [
            (
                "postgres://pocket:planted@db.example.com:6432/accounts?sslmode=require&password=planted",
                "postgres://db.example.com:6432/accounts",
            ),
            ("postgresql://planted@[::1]/x", "postgresql://[::1]/x"),
            ("postgres:///x?host=/run/pg&user=planted", "postgres:///x in /run/pg"),
            ("redis://:planted@localhost:6379/2", "redis://localhost:6379/2"),
            (
                "rediss://planted:planted@cache.example.com",
                "rediss://cache.example.com",
            ),
        ] {
            let url: StoreUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), shown);
            assert!(!format!("{url:?} {url} {:?}", url.place()).contains("planted"));
            assert_eq!(url.expose(), text);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_shown() {
        for text in [
            "",
            "planted",
            "mysql://planted@x/y",
            "http://planted",
            "postgres://u:planted@:::/",
        ] {
            let error = text.parse::<StoreUrl>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("planted"), "{text}");
        }
    }
}
