//! A package that was fetched and checked, with nothing granted yet.

use crate::{
    base::digest::Digest,
    install::Installed,
    package::{Grant, Package},
    source::PinnedSource,
};

/// A package that was fetched and checked, with nothing granted yet.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Candidate {
    /// Where it came from.
    pub source: PinnedSource,
    /// What lies there.
    pub package: Package,
    /// The digest of its folder, for a git source.
    pub tree: Option<Digest>,
}

impl Candidate {
    /// What was installed, as if it had just been fetched.
    #[must_use]
    pub fn of(installed: &Installed) -> Self {
        let Installed {
            name: _,
            source,
            package,
            grant: _,
            tree,
        } = installed.clone();
        Self { source, package, tree }
    }

    /// The digest of all that a person agrees to when granting: source as written, folder, the manifest's `auth` and
    /// `permissions`; for git also commit and component. `inspect` prints it, `--yes=<digest>` takes exactly it.
    ///
    /// The folder of a path is its absolute one, so that `./tool` of one project is not that of another.
    #[must_use]
    pub fn digest(&self) -> Digest {
        agreed(&self.source, &self.package.asks(), &self.package.component.digest)
    }

    /// With a grant, under a name.
    pub(crate) fn installed_as(self, name: crate::base::name::ToolName, grant: Grant) -> Installed {
        let Self { source, package, tree } = self;
        Installed {
            name,
            source,
            package,
            grant,
            tree,
        }
    }
}

fn agreed(source: &PinnedSource, asks: &Digest, component: &Digest) -> Digest {
    let written = source.written().as_bytes();
    match source {
        PinnedSource::Path(path) => {
            let folder = path.folder.as_os_str().as_encoded_bytes();
            Digest::of_parts([b"path".as_slice(), written, folder, asks.as_bytes()])
        }
        PinnedSource::Git {
            source: _,
            commit,
            folder,
        } => Digest::of_parts([
            b"git".as_slice(),
            written,
            folder.as_str().as_bytes(),
            asks.as_bytes(),
            commit.as_bytes(),
            component.as_bytes(),
        ]),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::path::Path;

    use super::*;
    use crate::source::{Reference, Source, SourceSettings};

    fn path(base: &str) -> PinnedSource {
        match Reference::parse("./tool", Path::new(base), &SourceSettings::default()).unwrap() {
            Reference::Source(Source::Path(path)) => PinnedSource::Path(path),
            other => panic!("{other:?}"),
        }
    }

    fn git(commit: char, folder: &str) -> PinnedSource {
        let text = "https://github.com/o/r/tree/main/t";
        match Reference::parse(text, Path::new("/"), &SourceSettings::default()).unwrap() {
            Reference::Source(Source::Git(source)) => PinnedSource::Git {
                source,
                commit: commit.to_string().repeat(40).parse().unwrap(),
                folder: folder.parse().unwrap(),
            },
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_was_agreed_to_for_a_path_is_its_folder_and_what_it_asks_but_not_its_code() {
        let (asks, code) = (Digest::of(b"asks"), Digest::of(b"code"));
        let base = agreed(&path("/a"), &asks, &code);
        assert_eq!(base, agreed(&path("/a"), &asks, &Digest::of(b"new code")));
        assert_ne!(base, agreed(&path("/a"), &Digest::of(b"more"), &code));
        assert_ne!(base, agreed(&path("/b"), &asks, &code));
    }

    #[test]
    fn what_was_agreed_to_for_git_is_one_commit_and_one_component() {
        let (asks, code) = (Digest::of(b"asks"), Digest::of(b"code"));
        let base = agreed(&git('a', "t"), &asks, &code);
        assert_ne!(base, agreed(&git('b', "t"), &asks, &code));
        assert_ne!(base, agreed(&git('a', "u"), &asks, &code));
        assert_ne!(base, agreed(&git('a', "t"), &asks, &Digest::of(b"new code")));
        assert_ne!(base, agreed(&git('a', "t"), &Digest::of(b"more"), &code));
    }
}
