//! A grant, as `pocket.lock` and `grants.toml` write it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    base::quantity,
    install::InstallError,
    package::{Access, CredentialGrant, FolderGrant, Grant, Rule},
};

/// A grant, as files write it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GrantFile {
    #[serde(default)]
    credential: CredentialGrant,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timeout")]
    timeout: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "memory")]
    memory: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    http: Vec<RuleFile>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    files: Vec<FolderFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    rule: WrittenRule,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    private: bool,
}

/// A rule as it is written, and read with the file, so that an error has its place in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct WrittenRule {
    text: String,
    rule: Rule,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FolderFile {
    guest: String,
    /// Relative to the project where it lies in it, so that a project can be moved.
    folder: String,
    access: Access,
}

impl GrantFile {
    /// `base` is the folder of the project; none where folders are written in full.
    pub(super) fn of(grant: &Grant, base: Option<&Path>) -> Result<Self, InstallError> {
        let Grant {
            http,
            files,
            credential,
            timeout,
            memory,
        } = grant;
        Ok(Self {
            credential: credential.clone(),
            timeout: *timeout,
            memory: *memory,
            http: http.iter().map(RuleFile::of).collect(),
            files: files
                .iter()
                .map(|folder| FolderFile::of(folder, base))
                .collect::<Result<_, _>>()?,
        })
    }

    /// What it grants.
    pub(super) fn read(&self, base: Option<&Path>) -> Grant {
        let Self {
            credential,
            timeout,
            memory,
            http,
            files,
        } = self;
        Grant {
            http: http.iter().map(RuleFile::read).collect(),
            files: files
                .iter()
                .map(|file| FolderGrant {
                    guest: file.guest.clone(),
                    folder: base.map_or_else(|| PathBuf::from(&file.folder), |base| base.join(&file.folder)),
                    access: file.access,
                })
                .collect(),
            credential: credential.clone(),
            timeout: *timeout,
            memory: *memory,
        }
    }
}

impl RuleFile {
    fn of(rule: &Rule) -> Self {
        Self {
            rule: WrittenRule {
                text: rule.to_string(),
                rule: rule.clone(),
            },
            private: rule.is_private(),
        }
    }

    fn read(&self) -> Rule {
        let rule = self.rule.rule.clone();
        if self.private { rule.private() } else { rule }
    }
}

impl TryFrom<String> for WrittenRule {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.parse() {
            Ok(rule) => Ok(Self { text, rule }),
            Err(error) => Err(format!("{error}: `{text}`")),
        }
    }
}

impl From<WrittenRule> for String {
    fn from(written: WrittenRule) -> Self {
        written.text
    }
}

mod timeout {
    use super::{Deserialize as _, Deserializer, Duration, Serializer, quantity};

    pub(super) fn serialize<S: Serializer>(timeout: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&timeout.map(super::written_duration).unwrap_or_default())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        let text = String::deserialize(from)?;
        quantity::duration(&text)
            .map(Some)
            .map_err(|error| super::refused(error, &text))
    }
}

mod memory {
    use super::{Deserialize as _, Deserializer, Serializer, quantity};

    pub(super) fn serialize<S: Serializer>(memory: &Option<u64>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&memory.map(super::written_bytes).unwrap_or_default())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
        let text = String::deserialize(from)?;
        quantity::bytes(&text)
            .map(Some)
            .map_err(|error| super::refused(error, &text))
    }
}

fn refused<E: serde::de::Error>(error: impl std::fmt::Display, text: &str) -> E {
    E::custom(format!("{error}: `{text}`"))
}

impl FolderFile {
    fn of(grant: &FolderGrant, base: Option<&Path>) -> Result<Self, InstallError> {
        let FolderGrant { guest, folder, access } = grant;
        let text = |path: &Path| {
            path.to_str()
                .map(ToOwned::to_owned)
                .ok_or_else(|| InstallError::NotUtf8(path.to_owned()))
        };
        let inside = base.and_then(|base| folder.strip_prefix(base).ok());
        Ok(Self {
            guest: guest.clone(),
            folder: match inside {
                Some(relative) => format!("./{}", text(relative)?),
                None => text(folder)?,
            },
            access: *access,
        })
    }
}

/// Never less than it was: what is shorter than a millisecond is rounded up.
fn written_duration(duration: Duration) -> String {
    let millis = duration.as_nanos().div_ceil(1_000_000);
    if millis.is_multiple_of(1000) {
        format!("{}s", millis / 1000)
    } else {
        format!("{millis}ms")
    }
}

fn written_bytes(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let whole = units
        .into_iter()
        .find(|(bits, _)| bytes > 0 && bytes.is_multiple_of(1 << bits));
    match whole {
        Some((bits, unit)) => format!("{}{unit}", bytes >> bits),
        None => format!("{bytes}B"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_grant_reads_back_as_it_was_written() {
        let rule: Rule = "GET https://api.example.com/v1/*".parse().unwrap();
        let inner: Rule = "http://intranet:8080".parse().unwrap();
        let folder = |guest: &str, folder: &str, access| FolderGrant {
            guest: guest.to_owned(),
            folder: PathBuf::from(folder),
            access,
        };
        let grant = Grant {
            http: vec![rule, inner.private()],
            files: vec![
                folder("/data", "/project/data", Access::Read),
                folder("/out", "/elsewhere", Access::Write),
            ],
            credential: CredentialGrant::Given,
            timeout: Some(Duration::from_millis(1500)),
            memory: Some(512 << 20),
        };
        let base = Some(Path::new("/project"));
        let file = GrantFile::of(&grant, base).unwrap();
        assert_eq!(file.read(base), grant);
        let text = toml::to_string(&file).unwrap();
        let read: GrantFile = toml::from_str(&text).unwrap();
        assert_eq!(read.read(base), grant);
        assert_eq!(toml::to_string(&read).unwrap(), text);
        assert!(text.contains("\"./data\"") && text.contains("\"/elsewhere\""), "{text}");
        assert!(text.contains("\"1500ms\"") && text.contains("\"512MiB\""), "{text}");
    }

    #[test]
    fn quantities_read_back_as_they_were_written() {
        for millis in [0, 1, 999, 1000, 30_000, 600_000] {
            let duration = Duration::from_millis(millis);
            assert_eq!(quantity::duration(&written_duration(duration)), Ok(duration));
        }
        assert_eq!(written_duration(Duration::from_nanos(1)), "1ms");
        for bytes in [0, 1, 1 << 10, (1 << 20) + 1, 1 << 30, u64::MAX] {
            assert_eq!(quantity::bytes(&written_bytes(bytes)), Ok(bytes));
        }
    }
}
