//! The names of a tool and of a profile.

use std::{fmt, str::FromStr};

/// What a tool is called: 1 to 64 of `A-Z a-z 0-9 _ -`, which is what model APIs accept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ToolName(String);

/// Why a text is not a [`ToolName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAToolName {
    /// There is nothing.
    #[error("a tool's name may not be empty")]
    Empty,
    /// It is longer than 64 characters.
    #[error("a tool's name has at most 64 characters: {0}")]
    Length(usize),
    /// It has a character that model APIs refuse.
    #[error("a tool's name has only letters, digits, `_` and `-`: {0:?}")]
    Character(char),
}

impl ToolName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ToolName {
    type Err = NotAToolName;

    fn from_str(text: &str) -> Result<Self, NotAToolName> {
        if text.is_empty() {
            return Err(NotAToolName::Empty);
        }
        if let Some(c) = text
            .chars()
            .find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
        {
            return Err(NotAToolName::Character(c));
        }
        if text.len() > 64 {
            return Err(NotAToolName::Length(text.len()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ToolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for ToolName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Whose accounts a call uses: any text the embedding program chooses, `default` where it chose none.
///
/// It is never taken from a model. It is kept as a key of its own and never joined with others, so no profile's name can
/// reach another's accounts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Profile(String);

impl Profile {
    /// The profile of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
