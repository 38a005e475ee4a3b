//! Which commit and folder of a repository is meant.

use std::{fmt, str::FromStr};

use crate::{
    base::text::{is_invisible, shown_on_one_line},
    source::SourceError,
};

/// Which commit and folder of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// `#<ref>:<folder>`; no ref is the default branch.
    Exact { reference: Option<RefName>, folder: Folder },
    /// What stands after `/tree/`: where the ref ends is known only to the remote.
    Tree(Vec<String>),
}

/// The name of a branch or tag, or a commit in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RefName(String);

/// The id of a commit: 40 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Commit([u8; 20]);

/// A folder in a repository, `/`-separated, without `.` or `..`; the root is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Folder(String);

impl Commit {
    /// The 20 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    pub(super) const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for Commit {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let mut bytes = [0; 20];
        hex::decode_to_slice(text, &mut bytes).map_err(|_not_hex| SourceError::NotACommit(shown_on_one_line(text)))?;
        Ok(Self(bytes))
    }
}

impl Folder {
    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its steps from the root down.
    pub(super) fn steps(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|step| !step.is_empty())
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Folder {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let trimmed = text.strip_suffix('/').unwrap_or(text);
        if trimmed.is_empty() && text.is_empty() {
            return Ok(Self::default());
        }
        let is_step = |step: &str| !matches!(step, "" | "." | "..") && !step.contains(['\\', '\0']);
        if trimmed.contains(is_invisible) || !trimmed.split('/').all(is_step) {
            return Err(SourceError::NotAFolderName(shown_on_one_line(text)));
        }
        Ok(Self(trimmed.to_owned()))
    }
}

impl RefName {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RefName {
    type Err = SourceError;

    /// As git-check-ref-format(1) has it.
    fn from_str(text: &str) -> Result<Self, SourceError> {
        let is_step =
            |step: &str| !step.is_empty() && !step.starts_with('.') && !step.ends_with(".lock") && !step.ends_with('.');
        let well_made = text.split('/').all(is_step)
            && !text.starts_with('-')
            && !text.contains("..")
            && !text.contains("@{")
            && text != "@"
            && !text.contains([' ', '~', '^', ':', '?', '*', '[', '\\'])
            && !text.contains(is_invisible);
        if well_made {
            Ok(Self(text.to_owned()))
        } else {
            Err(SourceError::NotARefName(shown_on_one_line(text)))
        }
    }
}

impl Place {
    /// What stands after the `#`, if there is one.
    pub(super) fn of_fragment(fragment: Option<&str>) -> Result<Self, SourceError> {
        let (reference, folder) = match fragment {
            None => ("", ""),
            Some(fragment) => fragment.split_once(':').unwrap_or((fragment, "")),
        };
        let reference = match (reference, fragment) {
            ("", None) => None,
            ("", Some(text)) if text.starts_with(':') => None,
            (name, _) => Some(name.parse()?),
        };
        Ok(Self::Exact {
            reference,
            folder: folder.parse()?,
        })
    }

    /// `None` where what follows `/tree/` is no path.
    pub(super) fn of_tree(steps: &[String]) -> Option<Self> {
        steps.join("/").parse::<Folder>().ok()?;
        Some(Self::Tree(steps.to_vec()))
    }
}
