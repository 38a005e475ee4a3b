//! The methods that a rule names.

use std::{collections::BTreeSet, fmt};

/// The methods that a rule names; none means all but CONNECT and TRACE, which are never sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Methods(Option<BTreeSet<String>>);

/// Why a text is not [`Methods`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NotMethods {
    /// Never sent.
    Never(String),
    /// Not a method.
    Word(String),
}

impl Methods {
    pub(super) const fn all() -> Self {
        Self(None)
    }

    /// Names with commas between, in any case.
    pub(super) fn parse(text: &str) -> Result<Self, NotMethods> {
        text.split(',')
            .map(|word| {
                let word = word.trim().to_ascii_uppercase();
                if matches!(word.as_str(), "CONNECT" | "TRACE") {
                    Err(NotMethods::Never(word))
                } else if word.is_empty() || !word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
                    Err(NotMethods::Word(word))
                } else {
                    Ok(word)
                }
            })
            .collect::<Result<_, _>>()
            .map(|names| Self(Some(names)))
    }

    pub(super) fn allow(&self, method: &str, overridden: bool) -> bool {
        match &self.0 {
            None => true,
            Some(names) => !overridden && names.contains(method),
        }
    }

    pub(super) fn deny(&self, method: &str, overridden: bool) -> bool {
        match &self.0 {
            None => true,
            Some(names) => overridden || names.contains(method),
        }
    }

    pub(super) fn cover(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(names), Some(fewer)) => fewer.is_subset(names),
        }
    }

    /// None where no method is in both.
    pub(super) fn in_both(&self, other: &Self) -> Option<Self> {
        match (&self.0, &other.0) {
            (None, names) | (names, None) => Some(Self(names.clone())),
            (Some(one), Some(two)) => {
                let both: BTreeSet<String> = one.intersection(two).cloned().collect();
                (!both.is_empty()).then_some(Self(Some(both)))
            }
        }
    }

    /// With the space that ends them; nothing for all.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(names) = &self.0 else {
            return Ok(());
        };
        for (index, name) in names.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            f.write_str(name)?;
        }
        f.write_str(" ")
    }
}
