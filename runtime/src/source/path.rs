//! A folder of this machine, where a tool is being written.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    base::{nearest::nearest, text::shown_on_one_line},
    source::SourceError,
};

/// A folder of this machine, read anew at every load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathSource {
    /// As the user wrote it.
    pub written: String,
    /// Absolute; links not followed.
    pub folder: PathBuf,
}

impl PathSource {
    /// Whether a text that is no URL is a path.
    pub(super) fn is_written_as(text: &str) -> bool {
        text.contains(['/', std::path::MAIN_SEPARATOR]) || matches!(text, "." | ".." | "~") || text.starts_with('~')
    }

    pub(super) fn parse(text: &str, base: &Path) -> Result<Self, SourceError> {
        let path = match text.strip_prefix('~') {
            None => base.join(text),
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                let home = etcetera::home_dir().map_err(|_none| SourceError::NoHomeFolder)?;
                home.join(rest.trim_start_matches('/'))
            }
            Some(_) => return Err(SourceError::OtherHome(shown_on_one_line(text))),
        };
        let folder = std::path::absolute(&path).map_err(|source| SourceError::Unreadable {
            path: text.to_owned(),
            source,
        })?;
        Ok(Self {
            written: text.to_owned(),
            // Without a slash at the end, so that one folder is written in one way.
            folder: folder.components().collect(),
        })
    }

    /// Opens the folder as it is now.
    ///
    /// # Errors
    /// When it is not there, is a file, or cannot be read.
    pub fn open(&self) -> Result<cap_std::fs::Dir, SourceError> {
        let shown = shown_on_one_line(&self.written);
        match std::fs::metadata(&self.folder) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_file) => return Err(SourceError::NotAFolder(shown)),
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Err(SourceError::NoFolder {
                    written: shown,
                    nearest: self.nearest(),
                });
            }
            Err(source) => return Err(SourceError::Unreadable { path: shown, source }),
        }
        cap_std::fs::Dir::open_ambient_dir(&self.folder, cap_std::ambient_authority())
            .map_err(|source| SourceError::Unreadable { path: shown, source })
    }

    /// Of the folders beside one that is not there, the one whose name is nearest, written as it was written.
    fn nearest(&self) -> Option<String> {
        const MOST: usize = 1_000;
        let name = self.folder.file_name()?.to_str()?;
        let beside = std::fs::read_dir(self.folder.parent()?).ok()?;
        let names: Vec<String> = beside
            .filter_map(Result::ok)
            .take(MOST)
            .filter(|entry| entry.path().is_dir())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        let near = nearest(name, names.iter().map(String::as_str))?;
        let before = self.written.trim_end_matches('/').strip_suffix(name)?;
        Some(shown_on_one_line(&format!("{before}{near}")))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn what_is_missing_and_what_is_a_file_are_told_apart() {
        let base = tempfile::tempdir().unwrap();
        std::fs::write(base.path().join("file"), "").unwrap();
        let open = |text| PathSource::parse(text, base.path()).unwrap().open();
        assert!(matches!(open("./gone"), Err(SourceError::NoFolder { .. })));
        assert!(matches!(open("./file/deeper"), Err(SourceError::NoFolder { .. })));
        std::fs::create_dir_all(base.path().join("tools/greet")).unwrap();
        let hints = open("tools/gret/").unwrap_err().hints();
        assert_eq!(hints, ["did you mean `tools/greet`?"]);
        assert!(matches!(open("./file"), Err(SourceError::NotAFolder(_))));
        assert!(open("./").is_ok());
    }
}
