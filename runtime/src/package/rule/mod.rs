//! A rule for outbound requests, as manifests, settings and lockfiles write it.

mod authority;
mod error;
mod host;
mod methods;
mod parse;
mod path;
mod request;
mod scheme;
#[cfg(test)]
mod tests;
mod words;

use std::fmt;

pub use error::RuleError;
use host::Hosts;
use methods::Methods;
use path::Paths;
pub use request::{NotARequest, Request};
use scheme::Scheme;

/// `[METHOD[,METHOD] ]scheme://host[:port][/path]`: which requests it matches.
///
/// - No method means all but CONNECT and TRACE.
/// - The host is one name or address, or `*.` before at least two labels, which matches every name that ends in them, at
///   any depth, and not the bare name.
/// - No port means the scheme's.
/// - No path means any path. Otherwise it is exact, or ends in `/*` and matches everything below that slash, at any depth.
///   The query is not compared.
///
/// It is parsed once, and written ([`fmt::Display`]) in one form that parses to the same rule. That form does not say
/// whether it opens inner addresses ([`Rule::is_private`]): only the operator's `{ rule = "…", private = true }` does.
///
/// ```
/// use pocket_runtime::Rule;
///
/// let rule: Rule = "get HTTPS://API.Example.com:443/v1/*".parse()?;
/// assert_eq!(rule.to_string(), "GET https://api.example.com/v1/*");
/// # Ok::<(), pocket_runtime::RuleError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rule {
    methods: Methods,
    scheme: Scheme,
    hosts: Hosts,
    port: u16,
    paths: Option<Paths>,
    private: bool,
}

impl Rule {
    /// Whether an allowing rule lets this request through.
    ///
    /// A rule with a path allows no path that could be read in two ways, and a rule with methods no request that asks the
    /// server to take another method than its own.
    #[must_use]
    pub fn allows(&self, request: &Request) -> bool {
        self.is_for_host_of(request)
            && self.methods.allow(request.method(), request.overrides_method())
            && match &self.paths {
                None => true,
                Some(paths) => request.plain_path().is_some_and(|path| paths.matches(path)),
            }
    }

    /// Whether a denying rule stops this request: as [`Rule::allows`], but a path that could be read in two ways is stopped too,
    /// whatever the rule's path and methods, and so is what asks the server to take another method.
    #[must_use]
    pub fn denies(&self, request: &Request) -> bool {
        if !self.is_for_host_of(request) {
            return false;
        }
        let Some(path) = request.plain_path() else {
            return true;
        };
        self.methods.deny(request.method(), request.overrides_method())
            && self.paths.as_ref().is_none_or(|paths| paths.matches(path))
    }

    /// Whether it is for the scheme, host and port of this request, whatever it says about methods and paths.
    #[must_use]
    pub fn is_for_host_of(&self, request: &Request) -> bool {
        request.scheme_is(self.scheme) && self.port == request.port() && self.hosts.matches(request.host())
    }

    /// Whether every request that `other` allows, this allows too, inner addresses included.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.scheme == other.scheme
            && self.port == other.port
            && self.hosts.covers(&other.hosts)
            && self.methods.cover(&other.methods)
            && match (&self.paths, &other.paths) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(paths), Some(narrower)) => paths.covers(narrower),
            }
            && (self.private || !other.private)
    }

    /// The rule that allows just what both of these allow, where there is anything.
    #[must_use]
    pub fn and(&self, other: &Self) -> Option<Self> {
        if (self.scheme, self.port) != (other.scheme, other.port) {
            return None;
        }
        Some(Self {
            methods: self.methods.in_both(&other.methods)?,
            scheme: self.scheme,
            hosts: self.hosts.in_both(&other.hosts)?,
            port: self.port,
            paths: match (&self.paths, &other.paths) {
                (None, paths) | (paths, None) => paths.clone(),
                (Some(one), Some(two)) => Some(one.in_both(two)?),
            },
            private: self.private && other.private,
        })
    }

    /// The rules that together allow just what a rule of `asked` and a rule of `granted` both allow.
    #[must_use]
    pub fn in_both(asked: &[Self], granted: &[Self]) -> Vec<Self> {
        let mut both: Vec<Self> = Vec::new();
        for rule in asked.iter().flat_map(|a| granted.iter().filter_map(move |g| a.and(g))) {
            if !both.iter().any(|kept| kept.covers(&rule)) {
                both.retain(|kept| !rule.covers(kept));
                both.push(rule);
            }
        }
        both
    }

    /// Whether the operator opened inner addresses by it.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.private
    }

    /// The same rule, opening inner addresses: only the operator may write such.
    #[must_use]
    pub fn private(self) -> Self {
        Self { private: true, ..self }
    }

    /// As an operator's TOML writes it: `"…"`, or `{ rule = "…", private = true }`.
    #[must_use]
    pub fn to_toml(&self) -> String {
        // A rule's own form has only printable ASCII, and neither quotes nor backslashes.
        if self.private {
            format!("{{ rule = \"{self}\", private = true }}")
        } else {
            format!("\"{self}\"")
        }
    }

    /// The hosts that it is for, as it writes them: `api.example.com`, `*.example.com`.
    #[must_use]
    pub fn hosts(&self) -> String {
        match &self.hosts {
            Hosts::Exact(host) => host::bracketed(host),
            Hosts::Below(suffix) => format!("*.{suffix}"),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.methods.write(f)?;
        write!(f, "{}://{}", self.scheme.as_str(), self.hosts())?;
        if self.port != self.scheme.port() {
            write!(f, ":{}", self.port)?;
        }
        match &self.paths {
            Some(paths) => f.write_str(&paths.text()),
            None => Ok(()),
        }
    }
}
