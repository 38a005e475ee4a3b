//! Which tools of a profile share an account.

use std::{path::Path, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::base::name::ToolName;

/// Which tools of a profile share an account: all that need it, or one alone.
///
/// A tool is known by its name and by the place in which it has that name, a project's folder or an embedding program, since
/// projects that share a home may well call different tools alike. What a tool says of itself has no part in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct AccountOwner(Option<Arc<Tool>>);

/// A tool with an account of its own.
#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Tool {
    /// Where it has its name: an absolute path, or `program ` and what the embedding program calls itself.
    place: String,
    name: ToolName,
}

impl AccountOwner {
    /// Every tool that was granted it.
    pub const SHARED: Self = Self(None);

    /// The tool of this name in a project's folder, whose links were followed.
    #[must_use]
    pub fn in_project(folder: &Path, name: ToolName) -> Self {
        // The escaped form begins with a quotation mark and an absolute path does not, so no two folders are written alike.
        let place = folder.to_str().map_or_else(|| format!("{folder:?}"), str::to_owned);
        Self::at(place, name)
    }

    /// The tool of this name in an embedding program, which says what it is called.
    #[must_use]
    pub fn in_program(program: &str, name: ToolName) -> Self {
        Self::at(format!("program {program}"), name)
    }

    /// As a store or file has it.
    pub(crate) fn at(place: String, name: ToolName) -> Self {
        Self(Some(Arc::new(Tool { place, name })))
    }

    /// Whether all tools share it.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        self.0.is_none()
    }

    /// The tool whose own it is.
    #[must_use]
    pub fn tool(&self) -> Option<&ToolName> {
        self.0.as_deref().map(|tool| &tool.name)
    }

    /// Where that tool has its name: an absolute path, or `program ` and what the embedding program calls itself.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        self.0.as_deref().map(|tool| tool.place.as_str())
    }
}

/// As it is written; nothing for a shared one.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    place: String,
    name: String,
}

impl Serialize for AccountOwner {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = self.0.as_deref().map(|tool| Written {
            place: tool.place.clone(),
            name: tool.name.as_str().to_owned(),
        });
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for AccountOwner {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Option::<Written>::deserialize(deserializer)? {
            None => Ok(Self::SHARED),
            Some(Written { place, name }) => Ok(Self::at(place, name.parse().map_err(D::Error::custom)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn name() -> ToolName {
        "slack".parse().unwrap()
    }

    #[test]
    fn no_two_places_are_written_alike() {
        let project = AccountOwner::in_project(Path::new("/projects/one"), name());
        let other = AccountOwner::in_project(Path::new("/projects/two"), name());
        let program = AccountOwner::in_program("/projects/one", name());
        assert!(project != other && project != program && other != program);
    }

    #[cfg(unix)]
    #[test]
    fn folders_whose_names_are_no_text_stay_apart() {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

        let of = |bytes: &[u8]| AccountOwner::in_project(Path::new(OsStr::from_bytes(bytes)), name());
        let places = [
            of(b"/a\xff"),
            of(b"/a\xfe"),
            of("/a\u{fffd}".as_bytes()),
            of(b"/a\\xFF"),
            of(b"/a\\\\xFF"),
        ];
        let distinct: std::collections::BTreeSet<_> = places.iter().collect();
        assert_eq!(distinct.len(), places.len(), "{places:?}");
    }

    #[test]
    fn an_owner_is_read_as_it_was_written() {
        for owner in [AccountOwner::SHARED, AccountOwner::in_program("a \"b\"", name())] {
            let text = serde_json::to_string(&owner).unwrap();
            assert_eq!(serde_json::from_str::<AccountOwner>(&text).unwrap(), owner);
        }
        serde_json::from_str::<AccountOwner>("{\"place\":\"/a\",\"name\":\"../x\"}").unwrap_err();
    }
}
