//! `[credentials]`, how guests get their credentials where `[tools.<name>]` does not say it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{base::word::some_word, sandbox::CredentialsMode};

/// `[credentials]`: how guests get their credentials, for the tools of a source or for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CredentialSettings {
    mode: Option<CredentialsMode>,
    sources: BTreeMap<String, CredentialsMode>,
}

impl CredentialSettings {
    /// The mode for a tool from this source, as it is written: what is said of the source, or of the closest folder, repository or
    /// host that it begins with; else what is said of all.
    #[must_use]
    pub fn for_source(&self, source: &str) -> Option<CredentialsMode> {
        let of_source = self.sources.iter().filter(|(begin, _)| is_within(source, begin));
        let closest = of_source.max_by_key(|(begin, _)| begin.len());
        closest.map(|(_, mode)| *mode).or(self.mode)
    }
}

/// Whether a source is the one that is named or lies in it: `https://host/a` has `https://host/a/tree/main/b` and `https://host/a#v1`
/// in it, and not `https://host/ab`.
fn is_within(source: &str, begin: &str) -> bool {
    let Some(rest) = source.strip_prefix(begin) else {
        return false;
    };
    let rest = rest.strip_prefix(".git").unwrap_or(rest);
    !begin.is_empty() && (rest.is_empty() || begin.ends_with('/') || rest.starts_with(['/', '#']))
}

/// The same as a layer has it.
#[derive(Debug, Default, Deserialize)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table of how tools get their credentials: mode, sources"
)]
pub(super) struct CredentialsFile {
    #[serde(deserialize_with = "some_word")]
    mode: Option<CredentialsMode>,
    sources: BTreeMap<String, CredentialsMode>,
}

impl CredentialsFile {
    /// Lays `over` on top.
    pub(super) fn overlay(&mut self, over: Self) {
        self.mode = over.mode.or(self.mode);
        self.sources.extend(over.sources);
    }

    pub(super) fn into_settings(self) -> CredentialSettings {
        let Self { mode, sources } = self;
        CredentialSettings { mode, sources }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn the_closest_that_is_said_of_a_source_holds() {
        let file = r#"
            mode = "brokered"
            sources = { "https://host/a" = "env", "https://host/a/b" = "brokered", "./tools/" = "env" }
        "#;
        let settings = toml::from_str::<CredentialsFile>(file).unwrap().into_settings();
        use CredentialsMode::{Brokered, Env};
        for (source, mode) in [
            ("https://host/a", Env),
            ("https://host/a.git#main:x", Env),
            ("https://host/a/tree/main", Env),
            ("https://host/a/b", Brokered),
            ("https://host/a/b#v1", Brokered),
            ("https://host/ab", Brokered),
            ("https://host/a.evil", Brokered),
            ("https://host/a.gitevil", Brokered),
            ("https://host", Brokered),
            ("./tools/echo", Env),
            ("./tools", Brokered),
        ] {
            assert_eq!(settings.for_source(source), Some(mode), "{source}");
        }
        assert_eq!(CredentialSettings::default().for_source("./x"), None);
    }

    #[test]
    fn a_layer_above_says_its_own_and_leaves_the_rest() {
        let mut under: CredentialsFile = toml::from_str("mode = \"brokered\"\nsources = { a = \"env\" }").unwrap();
        under.overlay(toml::from_str("sources = { b = \"env\" }").unwrap());
        let settings = under.into_settings();
        assert_eq!(settings.for_source("a"), Some(CredentialsMode::Env));
        assert_eq!(settings.for_source("b"), Some(CredentialsMode::Env));
        assert_eq!(settings.for_source("c"), Some(CredentialsMode::Brokered));
    }
}
