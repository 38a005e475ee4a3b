//! Where a store is, as it is shown.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use crate::base::text::shown_on_one_line;

/// Where a store is; never with a password.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StorePlace {
    /// In this file.
    File(PathBuf),
    /// On this server: `postgres://db.example.com:5432/pocket`.
    Server(String),
}

impl From<&Path> for StorePlace {
    fn from(path: &Path) -> Self {
        Self::File(path.to_owned())
    }
}

impl fmt::Display for StorePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown_on_one_line(&match self {
            Self::File(path) => path.to_string_lossy(),
            Self::Server(url) => url.into(),
        }))
    }
}
