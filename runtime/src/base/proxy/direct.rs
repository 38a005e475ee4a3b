//! What is reached without the proxy.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use crate::base::proxy::NotAProxy;

/// Hosts that are reached without the proxy: one, every name below one, or a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectHosts(Which);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Which {
    Name(String),
    Below(String),
    Network(Network),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    base: IpAddr,
    length: u8,
}

/// This machine and the networks that are nobody's on the internet (RFC 1918, 4193, 6598).
const INNER: [Network; 7] = [
    Network::v4([127, 0, 0, 0], 8),
    Network::v4([10, 0, 0, 0], 8),
    Network::v4([172, 16, 0, 0], 12),
    Network::v4([192, 168, 0, 0], 16),
    Network::v4([100, 64, 0, 0], 10),
    Network::v6(Ipv6Addr::LOCALHOST, 128),
    Network::v6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),
];

pub(super) fn is_inner(address: IpAddr) -> bool {
    INNER.iter().any(|network| network.includes(address))
}

impl Network {
    const fn v4([a, b, c, d]: [u8; 4], length: u8) -> Self {
        Self {
            base: IpAddr::V4(Ipv4Addr::new(a, b, c, d)),
            length,
        }
    }

    const fn v6(base: Ipv6Addr, length: u8) -> Self {
        Self {
            base: IpAddr::V6(base),
            length,
        }
    }

    fn includes(self, address: IpAddr) -> bool {
        let length = u32::from(self.length);
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => (base.to_bits() ^ address.to_bits()).leading_zeros() >= length,
            (IpAddr::V6(base), IpAddr::V6(address)) => (base.to_bits() ^ address.to_bits()).leading_zeros() >= length,
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl DirectHosts {
    /// Whether a canonical name is one of these.
    pub(super) fn names(&self, host: &str) -> bool {
        match &self.0 {
            Which::Name(name) => name == host,
            Which::Below(suffix) => host
                .strip_suffix(suffix.as_str())
                .and_then(|front| front.strip_suffix('.'))
                .is_some_and(|front| !front.is_empty()),
            Which::Network(_) => false,
        }
    }

    pub(super) fn includes(&self, address: IpAddr) -> bool {
        matches!(&self.0, Which::Network(network) if network.includes(address))
    }
}

impl FromStr for DirectHosts {
    type Err = NotAProxy;

    fn from_str(text: &str) -> Result<Self, NotAProxy> {
        let text = text.trim();
        if let Some((base, length)) = text.split_once('/') {
            let base: IpAddr = base.parse().map_err(|_not_an_address| NotAProxy::Direct)?;
            let most = if base.is_ipv4() { 32 } else { 128 };
            let length = length.parse().ok().filter(|length| *length <= most);
            let length = length.ok_or(NotAProxy::Direct)?;
            return Ok(Self(Which::Network(Network { base, length })));
        }
        let (below, host) = match text.strip_prefix("*.") {
            Some(host) => (true, host),
            None => (false, text),
        };
        let host = canonical(host).ok_or(NotAProxy::Direct)?;
        match (host.parse::<IpAddr>(), below) {
            (Ok(_), true) => Err(NotAProxy::Direct),
            (Ok(base), false) => {
                let length = if base.is_ipv4() { 32 } else { 128 };
                Ok(Self(Which::Network(Network { base, length })))
            }
            (Err(_), true) => Ok(Self(Which::Below(host))),
            (Err(_), false) => Ok(Self(Which::Name(host))),
        }
    }
}

impl fmt::Display for DirectHosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Which::Name(name) => f.write_str(name),
            Which::Below(suffix) => write!(f, "*.{suffix}"),
            Which::Network(Network { base, length }) => write!(f, "{base}/{length}"),
        }
    }
}

/// The one form of a host in which it is compared: a name in lower case without its last dot, or an address without brackets.
pub(super) fn canonical(host: &str) -> Option<String> {
    if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Some(address.to_canonical().to_string());
    }
    match url::Host::parse(host).ok()? {
        url::Host::Ipv4(address) => Some(address.to_string()),
        url::Host::Ipv6(address) => Some(IpAddr::V6(address).to_canonical().to_string()),
        url::Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(&name);
            let is_name = name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
            (is_name && !name.is_empty() && !name.starts_with('.')).then(|| name.to_owned())
        }
    }
}

/// A host without brackets as a URL writes it.
pub(super) fn bracketed(host: &str) -> String {
    if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn what_is_neither_host_nor_network_is_refused() {
        for text in [
            "",
            "*",
            "*.",
            "a b",
            "host:443",
            "http://host",
            "10.0.0.0/33",
            "10.0.0.0/",
            "::/129",
            "x/8",
            "*.10.0.0.1",
            "a.*.b",
            "10.0.0.0/-1",
        ] {
            assert_eq!(text.parse::<DirectHosts>(), Err(NotAProxy::Direct), "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for (text, shown) in [
            ("Host.Example.", "host.example"),
            ("*.inner.example", "*.inner.example"),
            (" 10.0.0.0/8", "10.0.0.0/8"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("[2001:db8::1]", "2001:db8::1/128"),
            ("192.0.2.1", "192.0.2.1/32"),
        ] {
            assert_eq!(text.parse::<DirectHosts>().unwrap().to_string(), shown);
        }
        assert!(
            "::/0"
                .parse::<DirectHosts>()
                .unwrap()
                .includes("2001:db8::1".parse().unwrap())
        );
    }
}
