//! What a user wrote where a tool was asked for.

use std::path::Path;

use crate::{
    base::{
        name::ToolName,
        text::{is_invisible, shown_on_one_line},
    },
    source::{Commit, Folder, GitSource, PathSource, SourceError, SourceSettings, remote::without_login},
};

/// Where a tool comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A folder of this machine.
    Path(PathSource),
    /// A folder of a git repository.
    Git(GitSource),
}

/// What a user wrote where a tool was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A tool of this project, by its name.
    Name(ToolName),
    /// Where a tool comes from.
    Source(Source),
}

/// A source, and exactly what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinnedSource {
    /// A folder of this machine: whatever lies there.
    Path(PathSource),
    /// One folder of one commit.
    Git {
        /// The source as written.
        source: GitSource,
        /// The commit it stood for.
        commit: Commit,
        /// The folder in it; the root is empty.
        folder: Folder,
    },
}

impl Reference {
    /// Reads what a user wrote; a relative path is one from `base`.
    ///
    /// # Errors
    /// When it is neither a name, a path nor a URL that can be fetched.
    pub fn parse(text: &str, base: &Path, settings: &SourceSettings) -> Result<Self, SourceError> {
        if text.is_empty() || text.contains(is_invisible) {
            return Err(SourceError::Neither(shown_on_one_line(&without_login(text))));
        }
        if let Some(git) = GitSource::parse(text, settings)? {
            return Ok(Self::Source(Source::Git(git)));
        }
        if PathSource::is_written_as(text) {
            return Ok(Self::Source(Source::Path(PathSource::parse(text, base)?)));
        }
        text.parse()
            .map(Self::Name)
            .map_err(|_not_a_name| SourceError::Neither(shown_on_one_line(text)))
    }
}

impl Source {
    /// As the user wrote it, without a password.
    #[must_use]
    pub fn written(&self) -> &str {
        match self {
            Self::Path(path) => &path.written,
            Self::Git(git) => &git.written,
        }
    }
}

impl PinnedSource {
    /// As the user wrote it, without a password.
    #[must_use]
    pub fn written(&self) -> &str {
        match self {
            Self::Path(path) => &path.written,
            Self::Git { source, .. } => &source.written,
        }
    }

    /// The source, without what it stood for.
    #[must_use]
    pub fn unpinned(&self) -> Source {
        match self {
            Self::Path(path) => Source::Path(path.clone()),
            Self::Git { source, .. } => Source::Git(source.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn parse(text: &str) -> Result<Reference, SourceError> {
        Reference::parse(text, Path::new("/project"), &SourceSettings::default())
    }

    #[test]
    fn what_has_a_slash_and_no_scheme_is_a_path() {
        for (text, folder) in [
            ("tools/echo", "/project/tools/echo"),
            ("./tools/echo/", "/project/tools/echo"),
            (".", "/project"),
            ("/abs/path", "/abs/path"),
            ("github.com/org/repo", "/project/github.com/org/repo"),
        ] {
            let Reference::Source(Source::Path(path)) = parse(text).unwrap() else {
                panic!("{text} is not a path");
            };
            assert_eq!(path.written, text);
            assert_eq!(path.folder, Path::new(folder), "{text}");
        }
    }

    #[test]
    fn a_bare_word_is_a_name() {
        assert_eq!(parse("echo_2-x").unwrap(), Reference::Name("echo_2-x".parse().unwrap()));
    }

    #[test]
    fn anything_else_is_refused_with_what_to_write() {
        for text in ["", "echo.wasm", "a b", "a\u{202e}b/c", "x\ny/z", "ech\u{f6}"] {
            let error = parse(text).unwrap_err();
            assert!(matches!(error, SourceError::Neither(_)), "{text:?}: {error:?}");
            assert!(!error.hints().is_empty());
            assert!(!error.to_string().contains('\u{202e}'));
        }
        assert!(matches!(parse("~other/x"), Err(SourceError::OtherHome(_))));
    }
}
