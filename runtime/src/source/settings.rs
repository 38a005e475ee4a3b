//! `[sources]`, what an operator sets for all sources.

/// `[sources]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceSettings {
    /// Hosts beside github.com whose `/tree/<ref>/<folder>` URLs are read as GitHub's are.
    github_hosts: Vec<String>,
}

impl SourceSettings {
    /// With these hosts read as github.com is; `host` or `host:port`.
    #[must_use]
    pub fn with_github_hosts(github_hosts: Vec<String>) -> Self {
        Self { github_hosts }
    }

    /// Those hosts.
    pub(super) fn github_hosts(&self) -> &[String] {
        &self.github_hosts
    }

    /// Whether URLs of this host are read as GitHub's are.
    pub(super) fn is_github(&self, host: &str, port: Option<u16>) -> bool {
        let with_port = port.map(|port| format!("{host}:{port}"));
        ["github.com", "www.github.com"].contains(&host)
            || self
                .github_hosts
                .iter()
                .any(|known| known.eq_ignore_ascii_case(host) || Some(known.to_ascii_lowercase()) == with_port)
    }
}
