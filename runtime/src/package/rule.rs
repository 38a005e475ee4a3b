//! A rule for outbound requests, as manifests, settings and lockfiles write it.

use std::{fmt, str::FromStr};

/// `[METHOD[,METHOD] ]scheme://host[:port][/path]`: which requests it matches.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rule {
    text: String,
}

/// Why a text is not a [`Rule`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// There is nothing.
    #[error("a rule may not be empty")]
    Empty,
}

/// What a guest wants to send, brought to the one form in which rules are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// In upper case.
    pub method: String,
    /// `http` or `https`.
    pub scheme: String,
    /// Lower case, ASCII (IDNA), without a trailing dot; an address in its usual notation.
    pub host: String,
    /// Written, or the scheme's.
    pub port: u16,
    /// As it will be sent, without the query.
    pub path: String,
}

impl FromStr for Rule {
    type Err = RuleError;
    fn from_str(text: &str) -> Result<Self, RuleError> {
        Ok(Self { text: text.to_owned() })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Rule {
    /// Whether an allowing rule lets this request through.
    #[must_use]
    pub fn allows(&self, request: &Request) -> bool {
        let _ = request;
        todo!()
    }

    /// Whether a denying rule stops this request: as [`Rule::allows`], but a path that could be read in two ways is stopped too.
    #[must_use]
    pub fn denies(&self, request: &Request) -> bool {
        let _ = request;
        todo!()
    }

    /// Whether the operator opened inner addresses by it.
    #[must_use]
    pub fn is_private(&self) -> bool {
        todo!()
    }

    /// The same rule, opening inner addresses: only the operator may write such.
    #[must_use]
    pub fn private(self) -> Self {
        todo!()
    }
}
