//! Writes one folder of one commit out of a repository's objects; nothing is checked out.

use std::{io::Write as _, path::Path};

use cap_std::fs::{Dir, OpenOptions};
use git2::{ObjectType, Oid, Repository, Tree};

use crate::{
    base::{
        nearest::nearest,
        text::{is_invisible, shown_on_one_line},
    },
    source::{
        BadEntry, Commit, Folder, GitSource, SourceError,
        connection::Watch,
        listing::{DEEPEST, Kind, Listing},
    },
};

const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";
const LARGEST_LFS_POINTER: usize = 1024;

/// Writes one folder of one commit.
pub(super) struct Extraction<'a> {
    /// Where it is written to, for messages.
    pub(super) room: &'a Path,
    pub(super) repository: &'a Repository,
    pub(super) source: &'a GitSource,
    pub(super) watch: &'a Watch,
    pub(super) commit: Commit,
    pub(super) folder: &'a Folder,
}

/// What was written so far.
#[derive(Default)]
struct Written {
    listing: Listing,
    entries: usize,
    bytes: u64,
}

impl Extraction<'_> {
    /// Writes all of it into an empty folder.
    pub(super) fn write(&self, into: &Dir) -> Result<Listing, SourceError> {
        let mut written = Written::default();
        let root = self.find()?;
        let mut folders = vec![(String::new(), root, into.try_clone().map_err(|e| self.io(e))?, 0)];
        while let Some((prefix, tree, place, depth)) = folders.pop() {
            self.watch.check(&self.source.remote)?;
            for entry in &tree {
                let name = self.name(&prefix, entry.name_bytes())?;
                let path = format!("{prefix}{name}");
                written.entries += 1;
                if written.entries > self.watch.limits.objects {
                    return Err(SourceError::TooManyObjects {
                        url: self.source.remote.shown(),
                        limit: self.watch.limits.objects,
                    });
                }
                match (entry.kind(), entry.filemode()) {
                    (Some(ObjectType::Tree), _) if depth < DEEPEST => {
                        let below = self.repository.find_tree(entry.id()).map_err(|e| self.git(&e))?;
                        place.create_dir(&name).map_err(|e| self.taken(&path, e))?;
                        let inside = place.open_dir(&name).map_err(|e| self.io(e))?;
                        folders.push((format!("{path}/"), below, inside, depth + 1));
                    }
                    (Some(ObjectType::Tree), _) => return Err(bad(&path, BadEntry::Deep)),
                    (Some(ObjectType::Commit), _) => return Err(bad(&path, BadEntry::Submodule)),
                    (Some(ObjectType::Blob), 0o120_000) => {
                        self.link(&mut written, &place, &name, path, entry.id())?;
                    }
                    (Some(ObjectType::Blob), _) => self.file(&mut written, &place, &name, path, entry.id())?,
                    (Some(ObjectType::Any | ObjectType::Tag) | None, _) => return Err(bad(&path, BadEntry::Name)),
                }
            }
        }
        Ok(written.listing)
    }

    fn find(&self) -> Result<Tree<'_>, SourceError> {
        let commit = Oid::from_bytes(self.commit.as_bytes())
            .and_then(|oid| self.repository.find_commit(oid))
            .map_err(|_not_here| SourceError::NoCommit(self.commit.to_string()))?;
        let mut tree = commit.tree().map_err(|e| self.git(&e))?;
        for step in self.folder.steps() {
            let below = tree
                .get_name(step)
                .filter(|entry| entry.kind() == Some(ObjectType::Tree))
                .map(|entry| entry.id());
            tree = match below {
                Some(id) => self.repository.find_tree(id).map_err(|e| self.git(&e))?,
                None => return Err(self.no_such_folder(&tree, step)),
            };
        }
        Ok(tree)
    }

    fn no_such_folder(&self, tree: &Tree<'_>, step: &str) -> SourceError {
        let folders: Vec<String> = tree
            .iter()
            .filter(|entry| entry.kind() == Some(ObjectType::Tree))
            .filter_map(|entry| entry.name().ok().map(ToOwned::to_owned))
            .collect();
        SourceError::NoSuchFolder {
            url: self.source.remote.shown(),
            commit: self.commit,
            folder: self.folder.clone(),
            nearest: nearest(step, folders.iter().map(String::as_str)).map(shown_on_one_line),
        }
    }

    /// A name that a file may have here and on any other system, and that is not git's own.
    fn name(&self, prefix: &str, bytes: &[u8]) -> Result<String, SourceError> {
        let text = String::from_utf8_lossy(bytes);
        let is_name = !matches!(text.as_ref(), "" | "." | "..")
            && !text.contains(['/', '\\', '\0', char::REPLACEMENT_CHARACTER])
            && !text.contains(is_invisible)
            && !text.eq_ignore_ascii_case(".git");
        if is_name {
            Ok(text.into_owned())
        } else {
            Err(bad(&format!("{prefix}{text}"), BadEntry::Name))
        }
    }

    fn file(&self, written: &mut Written, place: &Dir, name: &str, path: String, id: Oid) -> Result<(), SourceError> {
        let blob = self.blob(written, id)?;
        let content = blob.content();
        if content.len() <= LARGEST_LFS_POINTER && content.starts_with(LFS_POINTER) {
            return Err(bad(&path, BadEntry::Lfs));
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let mut file = place.open_with(name, &options).map_err(|e| self.taken(&path, e))?;
        file.write_all(content).map_err(|e| self.io(e))?;
        written.listing.add(path, Kind::File, content);
        Ok(())
    }

    fn link(&self, written: &mut Written, place: &Dir, name: &str, path: String, id: Oid) -> Result<(), SourceError> {
        let blob = self.blob(written, id)?;
        let target = std::str::from_utf8(blob.content()).map_err(|_not_utf8| bad(&path, BadEntry::Symlink))?;
        if !stays_inside(&path, target) {
            return Err(bad(&path, BadEntry::Symlink));
        }
        #[cfg(unix)]
        place.symlink(target, name).map_err(|e| self.taken(&path, e))?;
        #[cfg(not(unix))]
        return Err(bad(&path, BadEntry::Symlink));
        #[cfg(unix)]
        {
            written.listing.add(path, Kind::Link, target.as_bytes());
            Ok(())
        }
    }

    /// Its size is asked before it is unpacked.
    fn blob(&self, written: &mut Written, id: Oid) -> Result<git2::Blob<'_>, SourceError> {
        let odb = self.repository.odb().map_err(|e| self.git(&e))?;
        let (size, _) = odb.read_header(id).map_err(|e| self.git(&e))?;
        written.bytes = written.bytes.saturating_add(size as u64);
        if written.bytes > self.watch.limits.bytes {
            return Err(SourceError::TooLarge {
                url: self.source.remote.shown(),
                limit: self.watch.limits.bytes,
            });
        }
        self.repository.find_blob(id).map_err(|e| self.git(&e))
    }

    fn git(&self, error: &git2::Error) -> SourceError {
        SourceError::Git(shown_on_one_line(error.message()))
    }

    fn taken(&self, path: &str, error: std::io::Error) -> SourceError {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            bad(path, BadEntry::Twice)
        } else {
            self.io(error)
        }
    }

    fn io(&self, source: std::io::Error) -> SourceError {
        SourceError::Cache {
            path: self.room.to_owned(),
            source,
        }
    }
}

fn bad(path: &str, reason: BadEntry) -> SourceError {
    SourceError::Entry {
        path: shown_on_one_line(path),
        reason,
    }
}

/// Whether a symlink at `path` leads to somewhere in the folder, by its text alone.
fn stays_inside(path: &str, target: &str) -> bool {
    if target.is_empty() || target.starts_with('/') || target.contains(['\\', '\0', ':']) {
        return false;
    }
    let mut depth = path.matches('/').count();
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => match depth.checked_sub(1) {
                Some(above) => depth = above,
                None => return false,
            },
            _name => depth += 1,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_may_go_up_only_as_far_as_the_folder() {
        for (path, target) in [
            ("a", "b"),
            ("x/a", "../b"),
            ("x/a", "../x/./b"),
            ("x/y/a", "../../z/.."),
        ] {
            assert!(stays_inside(path, target), "{path} -> {target}");
        }
        for (path, target) in [
            ("a", "../b"),
            ("a", "/etc"),
            ("x/a", "../../b"),
            ("x/a", "y/../../../x/b"),
            ("a", ""),
            ("a", "c:b"),
        ] {
            assert!(!stays_inside(path, target), "{path} -> {target}");
        }
    }
}
