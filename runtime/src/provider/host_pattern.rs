//! What a host of an account's own has to match.

use std::fmt;

use url::Url;

use crate::provider::check::{self, Fault};

/// What a host of an account's own has to match: `*.my.salesforce.com`, whose names the provider alone gives out, or one host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostPattern(String);

impl HostPattern {
    pub(super) fn of_text(key: &str, text: &str) -> Result<Self, Fault> {
        let under = text.strip_prefix("*.");
        check::host(key, under.unwrap_or(text))?;
        // Under one label are the names of everybody: `*.com`.
        let is_wide =
            under.is_some_and(|under| !under.contains('.') || under.starts_with(|c: char| c.is_ascii_digit()));
        if is_wide {
            return Err(Fault::new(format!(
                "`{key}`: somebody else may own a name under it: `{text}`"
            )));
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether it matches this `host` or `host:port`.
    #[must_use]
    pub fn matches(&self, host: &str) -> bool {
        match self.0.strip_prefix('*') {
            // With its dot: `evilmy.salesforce.com` is no name under `my.salesforce.com`.
            Some(suffix) => host
                .strip_suffix(suffix)
                .is_some_and(|labels| !labels.is_empty() && !labels.ends_with('.')),
            None => host == self.0,
        }
    }

    /// The `host` or `host:port` in a URL or by itself, where it matches.
    #[must_use]
    pub fn host_in(&self, value: &str) -> Option<String> {
        let host = if value.contains("://") {
            let url = Url::parse(value).ok()?;
            let is_plain_here = url.scheme() == "http" && url.host().is_some_and(|host| is_loopback(&host));
            if !(url.scheme() == "https" || is_plain_here) || !url.username().is_empty() || url.password().is_some() {
                return None;
            }
            let name = url.host_str()?;
            match url.port() {
                Some(port) => format!("{name}:{port}"),
                None => name.to_owned(),
            }
        } else {
            check::host("host", value).ok()?
        };
        self.matches(&host).then_some(host)
    }
}

fn is_loopback(host: &url::Host<&str>) -> bool {
    match host {
        url::Host::Domain(_) => false,
        url::Host::Ipv4(address) => address.is_loopback(),
        url::Host::Ipv6(address) => address.is_loopback(),
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_host_matches_under_the_suffix_alone() {
        let pattern = HostPattern::of_text("k", "*.my.salesforce.com").unwrap();
        for (value, host) in [
            ("https://acme.my.salesforce.com", Some("acme.my.salesforce.com")),
            (
                "https://acme--dev.sandbox.my.salesforce.com/x?y",
                Some("acme--dev.sandbox.my.salesforce.com"),
            ),
            ("acme.my.salesforce.com", Some("acme.my.salesforce.com")),
            ("https://ACME.my.salesforce.com:443/", Some("acme.my.salesforce.com")),
            ("https://acme.my.salesforce.com:8443", None),
            ("https://my.salesforce.com", None),
            ("https://evilmy.salesforce.com", None),
            ("https://acme.my.salesforce.com.evil.example", None),
            ("https://evil.example/acme.my.salesforce.com", None),
            ("https://evil.example#.my.salesforce.com", None),
            ("https://acme.my.salesforce.com@evil.example", None),
            ("https://user@acme.my.salesforce.com", None),
            ("http://acme.my.salesforce.com", None),
            ("ftp://acme.my.salesforce.com", None),
            ("evil.example/.my.salesforce.com", None),
            (".my.salesforce.com", None),
            ("*.my.salesforce.com", None),
            ("", None),
        ] {
            assert_eq!(pattern.host_in(value).as_deref(), host, "{value}");
        }
        let here = HostPattern::of_text("k", "127.0.0.1:8443").unwrap();
        assert_eq!(
            here.host_in("http://127.0.0.1:8443/x").as_deref(),
            Some("127.0.0.1:8443")
        );
        assert_eq!(here.host_in("http://127.0.0.1:8444/x"), None);
    }

    #[test]
    fn a_pattern_under_which_everybody_has_a_name_is_refused() {
        for bad in [
            "*",
            "*.com",
            "*.",
            "a.*.com",
            "*.*.com",
            "https://*.a.example",
            "*.A.example",
            "",
            "*.10.0.0.1",
        ] {
            assert!(HostPattern::of_text("k", bad).is_err(), "{bad}");
        }
    }
}
