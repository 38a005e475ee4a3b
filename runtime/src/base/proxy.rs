//! The proxy of the operator's network: whom it is asked for, and how a tunnel through it is opened.

mod direct;
mod fault;
mod tunnel;

use std::{fmt, net::IpAddr};

use base64::Engine as _;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use zeroize::Zeroizing;

pub use direct::DirectHosts;
pub(crate) use fault::ProxyFault;
pub(crate) use tunnel::tunnel;

use crate::base::{code::Code, secret::Secret};

/// The proxy that requests go through, as the operator has it: no variable of the environment such as `HTTPS_PROXY` is read.
///
/// ```
/// use pocket_runtime::{NetSettings, ProxySettings, Secret};
///
/// let proxy = ProxySettings::new("http://proxy.example:3128")?
///     .with_login(Secret::new("me"), Secret::new("secret"))?
///     .with_direct("git.example, *.inner.example, 192.0.2.0/24".split(", "))?;
/// assert_eq!(proxy.to_string(), "http://proxy.example:3128");
///
/// let mut settings = NetSettings::default();
/// settings.proxy = Some(proxy);
/// # Ok::<(), pocket_runtime::NotAProxy>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxySettings {
    host: String,
    port: u16,
    login: Option<Login>,
    /// Whether it is given names rather than addresses: then it alone sees where they lead, and no address of a guest's request is
    /// checked here.
    pub resolves: bool,
    /// Whether it is also asked for this machine and the networks around it, which are reached directly otherwise.
    pub inner: bool,
    direct: Vec<DirectHosts>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Login {
    user: Secret,
    password: Secret,
}

/// Why a proxy cannot be one. Holds nothing of what was written, which may have a password in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAProxy {
    /// Its URL cannot be read, or is not of http.
    #[error("this is not the URL of an HTTP proxy")]
    Url,
    /// Its URL has more than host, port, user and password.
    #[error("the URL of a proxy has nothing after its host and port")]
    More,
    /// A user that the proxy would read in part as the password.
    #[error("the user of a proxy can have no colon in it")]
    User,
    /// What is to be reached directly is neither a host nor a network.
    #[error("this is neither a host nor a network")]
    Direct,
}

impl NotAProxy {
    /// Its stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::NotValid
    }

    /// What would mend it, each in a sentence.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Url | Self::More => "write it as `http://proxy.example:3128`",
            Self::User => "write the user in `user` and the password in `password`",
            Self::Direct => "write `host.example`, `*.inner.example`, `192.0.2.1` or `192.0.2.0/24`, without a port",
        };
        vec![hint.to_owned()]
    }
}

impl ProxySettings {
    /// The proxy at `http://host:port`. A user and password in the URL are taken out of it.
    ///
    /// # Errors
    /// When it is no such URL.
    pub fn new(url: &str) -> Result<Self, NotAProxy> {
        let url = url::Url::parse(url).map_err(|_not_a_url| NotAProxy::Url)?;
        if url.scheme() != "http" {
            return Err(NotAProxy::Url);
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(NotAProxy::More);
        }
        let host = url.host().and_then(|host| direct::canonical(&host.to_string()));
        let plain = Self {
            host: host.ok_or(NotAProxy::Url)?,
            port: url.port_or_known_default().ok_or(NotAProxy::Url)?,
            login: None,
            resolves: false,
            inner: false,
            direct: Vec::new(),
        };
        if url.username().is_empty() && url.password().is_none() {
            return Ok(plain);
        }
        plain.with_login(decoded(url.username())?, decoded(url.password().unwrap_or_default())?)
    }

    /// The same with this user and password, which are given to it alone.
    ///
    /// # Errors
    /// When the user has a colon in it.
    pub fn with_login(mut self, user: Secret, password: Secret) -> Result<Self, NotAProxy> {
        if user.expose().contains(':') {
            return Err(NotAProxy::User);
        }
        self.login = Some(Login { user, password });
        Ok(self)
    }

    /// The same with these reached directly: `host.example`, `*.inner.example` for every name below, an address, or a network such as
    /// `192.0.2.0/24`.
    ///
    /// # Errors
    /// When one of them is neither a host nor a network.
    pub fn with_direct<'a>(mut self, hosts: impl IntoIterator<Item = &'a str>) -> Result<Self, NotAProxy> {
        for host in hosts {
            self.direct.push(host.parse()?);
        }
        Ok(self)
    }

    /// What is reached directly, beside this machine and the networks around it.
    #[must_use]
    pub fn direct(&self) -> &[DirectHosts] {
        &self.direct
    }

    /// Its host, without brackets, and its port.
    pub(crate) fn place(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// Its user and password.
    pub(crate) fn login(&self) -> Option<(&Secret, &Secret)> {
        self.login.as_ref().map(|login| (&login.user, &login.password))
    }

    /// Whether a host is reached directly, as far as can be told without its addresses: an address by what it is, a name by itself.
    pub(crate) fn is_direct(&self, host: &str) -> bool {
        let Some(host) = direct::canonical(host) else {
            return false;
        };
        if let Ok(address) = host.parse::<IpAddr>() {
            return self.is_direct_address(address);
        }
        (!self.inner && is_this_machine(&host)) || self.direct.iter().any(|direct| direct.names(&host))
    }

    /// Whether an address is reached directly.
    pub(crate) fn is_direct_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        (!self.inner && direct::is_inner(address)) || self.direct.iter().any(|direct| direct.includes(address))
    }

    /// Whether it is given the name of a host, and sees alone where that leads. This machine's own names mean this machine, and no
    /// other.
    pub(crate) fn is_given_name(&self, host: &str) -> bool {
        self.resolves && host.parse::<IpAddr>().is_err() && !is_this_machine(host) && !self.is_direct(host)
    }

    /// The value of the header by which it knows us.
    fn authorization(&self) -> Option<Zeroizing<String>> {
        let (user, password) = self.login()?;
        let both = joined(&[user.expose(), ":", password.expose()]);
        let encoded = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(both.as_bytes()));
        Some(joined(&["Basic ", &encoded]))
    }

    /// Its URL with user and password in it, for libgit2, which takes them in no other way.
    pub(crate) fn url_with_login(&self) -> Zeroizing<String> {
        let place = format!("{}:{}", direct::bracketed(&self.host), self.port);
        let encoded = |secret: &Secret| -> Zeroizing<String> {
            let pieces: Vec<&str> = utf8_percent_encode(secret.expose(), NON_ALPHANUMERIC).collect();
            joined(&pieces)
        };
        match self.login() {
            None => joined(&["http://", &place]),
            Some((user, password)) => joined(&["http://", &encoded(user), ":", &encoded(password), "@", &place]),
        }
    }

    /// The same for `reqwest`, which gives it names and resolves none but its own.
    pub(crate) fn for_reqwest(&self) -> Result<reqwest::Proxy, NotAProxy> {
        let url = url::Url::parse(&self.to_string()).map_err(|_not_a_url| NotAProxy::Url)?;
        let settings = self.clone();
        let proxy = reqwest::Proxy::custom(move |target: &url::Url| {
            let host = target.host_str().unwrap_or_default();
            (!settings.is_direct(host.trim_matches(['[', ']']))).then(|| url.clone())
        });
        Ok(match self.login() {
            None => proxy,
            Some((user, password)) => proxy.basic_auth(user.expose(), password.expose()),
        })
    }
}

impl fmt::Display for ProxySettings {
    /// `http://host:port`: never its user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}:{}", direct::bracketed(&self.host), self.port)
    }
}

/// In one piece: a text that grew would leave a secret behind where it was before.
fn joined(pieces: &[&str]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(pieces.iter().map(|piece| piece.len()).sum()));
    for piece in pieces {
        text.push_str(piece);
    }
    text
}

fn decoded(text: &str) -> Result<Secret, NotAProxy> {
    let text = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_not_utf8| NotAProxy::Url)?;
    Ok(Secret::new(text))
}

/// Names that lead to this machine wherever they are asked for (RFC 6761).
fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn proxy(direct: &[&str]) -> ProxySettings {
        let proxy = ProxySettings::new("http://proxy.example:3128").unwrap();
        proxy.with_direct(direct.iter().copied()).unwrap()
    }

    #[test]
    fn a_password_is_taken_out_of_the_url_and_shown_nowhere() {
        let proxy = ProxySettings::new("http://me:pl%40nted@proxy.example:3128/").unwrap();
        assert_eq!(proxy.to_string(), "http://proxy.example:3128");
        let shown = format!("{proxy:?} {proxy}");
        assert!(!shown.contains("nted") && !shown.contains("me:"), "{shown}");
        assert_eq!(proxy.authorization().unwrap().as_str(), "Basic bWU6cGxAbnRlZA==");
        assert_eq!(
            proxy.url_with_login().as_str(),
            "http://me:pl%40nted@proxy.example:3128"
        );
        let six = ProxySettings::new("http://[2001:db8::1]").unwrap();
        assert_eq!(
            (six.to_string().as_str(), six.place()),
            ("http://[2001:db8::1]:80", ("2001:db8::1", 80))
        );
        assert!(six.authorization().is_none());
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_its_words() {
        for (url, fault) in [
            ("", NotAProxy::Url),
            ("proxy.example:3128", NotAProxy::Url),
            ("https://proxy.example", NotAProxy::Url),
            ("socks5://proxy.example", NotAProxy::Url),
            ("http://", NotAProxy::Url),
            ("http://a b/", NotAProxy::Url),
            ("http://proxy.example/path", NotAProxy::More),
            ("http://proxy.example?q", NotAProxy::More),
            ("http://a%3ab:c@proxy.example", NotAProxy::User),
            ("http://a:%ff@proxy.example", NotAProxy::Url),
        ] {
            assert_eq!(ProxySettings::new(url), Err(fault), "{url}");
        }
    }

    #[test]
    fn inner_hosts_and_those_that_were_written_are_reached_directly() {
        let proxy = proxy(&[
            "git.example",
            "*.inner.example",
            "192.0.2.0/24",
            "2001:db8::/32",
            "203.0.113.7",
        ]);
        for host in [
            "localhost",
            "x.localhost",
            "127.0.0.1",
            "::1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "git.example",
            "GIT.example.",
            "a.inner.example",
            "a.b.inner.example",
            "192.0.2.9",
            "2001:db8::5",
            "203.0.113.7",
        ] {
            assert!(proxy.is_direct(host), "{host}");
        }
        for host in [
            "example",
            "xgit.example",
            "a.git.example",
            "inner.example",
            "172.32.0.1",
            "192.0.3.1",
            "2001:db9::1",
            "",
        ] {
            assert!(!proxy.is_direct(host), "{host}");
        }
        let all = ProxySettings { inner: true, ..proxy };
        assert!(!all.is_direct("localhost") && !all.is_direct("127.0.0.1") && all.is_direct("git.example"));
    }

    #[test]
    fn only_names_that_are_the_proxys_to_find_are_given_to_it() {
        let names = ProxySettings {
            resolves: true,
            inner: true,
            ..proxy(&["git.example"])
        };
        assert!(names.is_given_name("api.example"));
        for host in ["git.example", "8.8.8.8", "2606:4700::1", "localhost", "x.localhost"] {
            assert!(!names.is_given_name(host), "{host}");
        }
        assert!(!proxy(&[]).is_given_name("api.example"));
    }
}
