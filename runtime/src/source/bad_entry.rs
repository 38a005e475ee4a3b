//! What of a folder cannot be taken.

/// What of a folder cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadEntry {
    /// A link out of the folder.
    #[error("this symlink leaves the folder")]
    Symlink,
    /// Another repository.
    #[error("this is a submodule")]
    Submodule,
    /// A pointer in place of a file.
    #[error("this is a Git LFS pointer, not the file itself")]
    Lfs,
    /// A name that no file here can have.
    #[error("no file can have this name")]
    Name,
    /// Two files of one name.
    #[error("this name is there twice")]
    Twice,
    /// Folders in folders without end.
    #[error("this lies too deep")]
    Deep,
}

impl BadEntry {
    /// What would mend it.
    pub(super) fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Symlink => "its author has to put the file itself there",
            Self::Submodule => "name the submodule's own repository as the source",
            Self::Lfs => "its author has to commit the file itself, without Git LFS",
            Self::Name => "its author has to give it another name",
            Self::Twice => "its author has to keep one of the two, or to give it another name",
            Self::Deep => "its author has to nest folders less",
        };
        vec![hint.to_owned()]
    }
}
