//! A host, brought to the one form in which hosts are compared.

use std::net::IpAddr;

/// The longest name that DNS carries.
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

/// The one form of a host: a lower-case ASCII name without a trailing dot, or an address in its usual notation (an IPv6
/// address without brackets). None when it is no host.
///
/// An IPv4 address may be written in any notation that some client reads as one (octal, hex, fewer parts, mapped into
/// IPv6): it comes out as four decimal parts.
pub(super) fn canonical(host: &str) -> Option<String> {
    // `url` would decode it, and what comes out could be mistaken for another host by whoever does not.
    if host.contains('%') {
        return None;
    }
    match url::Host::parse(host).ok()? {
        url::Host::Ipv4(address) => Some(address.to_string()),
        url::Host::Ipv6(address) => Some(address.to_canonical().to_string()),
        url::Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(&name);
            is_name(name).then(|| name.to_owned())
        }
    }
}

/// Whether a canonical host is an address.
pub(super) fn is_address(host: &str) -> bool {
    host.parse::<IpAddr>().is_ok()
}

/// A canonical host as a URL writes it.
pub(super) fn bracketed(host: &str) -> String {
    if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME
        && name.split('.').all(|label| {
            (1..=LONGEST_LABEL).contains(&label.len())
                && label
                    .bytes()
                    .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
        })
}

/// The hosts that a rule matches.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Hosts {
    /// One.
    Exact(String),
    /// Every name that ends in a dot and this, which has at least two labels; not this itself.
    Below(String),
}

impl Hosts {
    pub(super) fn matches(&self, host: &str) -> bool {
        match self {
            Self::Exact(name) => name == host,
            Self::Below(suffix) => is_below(host, suffix),
        }
    }

    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Exact(name)) => self.matches(name),
            (Self::Exact(_), Self::Below(_)) => false,
            (Self::Below(suffix), Self::Below(narrower)) => suffix == narrower || is_below(narrower, suffix),
        }
    }

    /// What both match: one of the two, as names form a tree.
    pub(super) fn in_both(&self, other: &Self) -> Option<Self> {
        if self.covers(other) {
            Some(other.clone())
        } else if other.covers(self) {
            Some(self.clone())
        } else {
            None
        }
    }
}

fn is_below(host: &str, suffix: &str) -> bool {
    host.strip_suffix(suffix)
        .and_then(|front| front.strip_suffix('.'))
        .is_some_and(|front| !front.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notation_of_a_host_has_one_form() {
        for (written, form) in [
            ("API.Example.COM.", "api.example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
            ("example。com", "example.com"),
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.1.", "127.0.0.1"),
            ("127.1", "127.0.0.1"),
            ("2130706433", "127.0.0.1"),
            ("0x7f000001", "127.0.0.1"),
            ("0x7f.0.0.1", "127.0.0.1"),
            ("0177.0.0.01", "127.0.0.1"),
            ("１２７.0.0.1", "127.0.0.1"),
            ("[::ffff:127.0.0.1]", "127.0.0.1"),
            ("[::FFFF:7f00:1]", "127.0.0.1"),
            ("[0:0:0:0:0:0:0:1]", "::1"),
            ("[2001:DB8::0001]", "2001:db8::1"),
            ("my_host.example.com", "my_host.example.com"),
        ] {
            assert_eq!(canonical(written).as_deref(), Some(form), "{written}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        let long_label = format!("{}.example", "a".repeat(64));
        let long_name = "a.".repeat(127) + "example";
        for written in [
            "",
            ".",
            "a..b",
            ".a.b",
            "a.b..",
            "127.0.0.1..",
            "a b",
            "user@host",
            "%31%32%37.0.0.1",
            "[fe80::1%25eth0]",
            "[fe80::1%eth0]",
            "::1",
            "[::1",
            "1.2.3.4.5",
            "256.1.1.1",
            "*.example.com",
            "a/b",
            "a\\b",
            "a!b",
            "a\0b",
            &long_label,
            &long_name,
        ] {
            assert_eq!(canonical(written), None, "{written}");
        }
    }
}
