//! The lockfile's format, which nobody outside of this stage sees otherwise.

use std::path::Path;

use crate::install::{InstallError, grant_file::GrantFile, lockfile::Lockfile};

const FILE: &str = "pocket.lock";
const PROJECT: &str = "/project";

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kept(Lockfile);

/// Why a text was refused.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) shown: String,
    pub(crate) place: Option<(usize, usize)>,
}

/// Reads the text of a `pocket.lock`.
pub(crate) fn parse(text: &str) -> Result<Kept, Refused> {
    let read = Lockfile::parse(text, Path::new(FILE)).map(Kept);
    read.map_err(|error| Refused {
        shown: error.to_string(),
        place: match error {
            InstallError::FileNotValid { place, .. } => place,
            _other => None,
        },
    })
}

impl Kept {
    pub(crate) fn written(&self) -> String {
        self.0.write(Path::new(FILE)).expect("what was read can be written")
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.tools.keys().map(|name| name.as_str())
    }

    /// What a grant is read as is written as something that is read as the same.
    ///
    /// # Panics
    /// Where that does not hold.
    pub(crate) fn check_grants(&self) {
        let base = Some(Path::new(PROJECT));
        for (name, tool) in &self.0.tools {
            let grant = tool.grant.read(base);
            let written = GrantFile::of(&grant, base).expect("what was read is UTF-8");
            assert_eq!(written.read(base), grant, "{name}: {written:?}");
        }
    }
}
