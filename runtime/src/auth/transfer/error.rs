//! Why accounts could not be moved.

use crate::base::code::Code;

/// Why accounts could not be moved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// The passphrase for a new export is too short to keep anything.
    #[error("a passphrase of an export has at least {least} characters")]
    ShortPassphrase {
        /// How many.
        least: usize,
    },
    /// The file is something else.
    #[error("it is no export of accounts")]
    NotAnExport,
    /// A newer Pocket wrote it.
    #[error("a newer Pocket wrote this export: format {found}")]
    Newer {
        /// Its format.
        found: u32,
    },
    /// Its end is missing, or it has more than an end.
    #[error("the export has {found} bytes, and says that it has {said}")]
    Cut {
        /// How many there are.
        found: u64,
        /// How many it should have.
        said: u64,
    },
    /// The passphrase does not open it.
    #[error("this is not the passphrase of the export, or its first bytes were altered")]
    WrongPassphrase,
    /// The passphrase is right, and the rest is not what was written.
    #[error("the export was altered after it was written")]
    Altered,
    /// It asks for more work than an export of ours ever does.
    #[error("the export asks for more memory or time than one of Pocket's does")]
    TooCostly,
    /// What it holds cannot be read.
    #[error("what the export holds cannot be read")]
    Content,
}

impl TransferError {
    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::ShortPassphrase { .. } => Code::InvalidInput,
            Self::NotAnExport
            | Self::Newer { .. }
            | Self::Cut { .. }
            | Self::WrongPassphrase
            | Self::Altered
            | Self::TooCostly
            | Self::Content => Code::NotValid,
        }
    }

    /// What would mend it, each in a sentence.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::ShortPassphrase { .. } => "whoever has the file can try passphrases: take several words",
            Self::NotAnExport | Self::TooCostly => "give the file that `pocket auth export` wrote",
            Self::Newer { .. } | Self::Content => "use the version of Pocket that wrote it, or a newer one",
            Self::Cut { .. } | Self::Altered => "copy the file again from where it was written",
            Self::WrongPassphrase => "give the passphrase that was typed when it was written",
        };
        vec![hint.to_owned()]
    }
}
