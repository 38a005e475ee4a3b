//! All that lies in a folder, and its digest.

use std::{collections::BTreeMap, io};

use cap_std::fs::Dir;

use crate::base::digest::Digest;

/// How deep folders may lie in one another.
pub(super) const DEEPEST: usize = 64;

/// All that lies in a folder. Folders without files do not count, as in git; nor does who may execute a file, which not
/// every system can keep.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listing(BTreeMap<String, (Kind, Digest)>);

/// What lies at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file, with its content.
    File,
    /// A symlink, with where it leads.
    Link,
}

impl Kind {
    const fn word(self) -> &'static [u8] {
        match self {
            Self::File => b"file",
            Self::Link => b"link",
        }
    }
}

impl Listing {
    pub(super) fn add(&mut self, path: String, kind: Kind, content: &[u8]) {
        self.0.insert(path, (kind, Digest::of(content)));
    }

    /// One digest of all paths, kinds and contents, in the order of the paths.
    pub(super) fn digest(&self) -> Digest {
        let mut parts: Vec<&[u8]> = vec![b"pocket folder 1"];
        for (path, (kind, content)) in &self.0 {
            parts.extend([path.as_bytes(), kind.word(), content.as_bytes()]);
        }
        Digest::of_parts(parts)
    }

    /// Reads a folder anew.
    pub(super) fn read(folder: &Dir) -> io::Result<Self> {
        let mut listing = Self::default();
        let mut folders = vec![(String::new(), folder.try_clone()?, 0)];
        while let Some((prefix, folder, depth)) = folders.pop() {
            for entry in folder.entries()? {
                let entry = entry?;
                let name = entry.file_name();
                let name = name.to_str().ok_or_else(|| unexpected("a name is not UTF-8"))?;
                let path = format!("{prefix}{name}");
                // The kind first: opening a pipe would wait for its other end.
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    if depth == DEEPEST {
                        return Err(unexpected("folders lie too deep"));
                    }
                    folders.push((format!("{path}/"), open_folder(&folder, name)?, depth + 1));
                } else if kind.is_symlink() {
                    let target = folder.read_link_contents(name)?;
                    listing.add(path, Kind::Link, target.as_os_str().as_encoded_bytes());
                } else if kind.is_file() {
                    listing.add(path, Kind::File, &folder.read(name)?);
                } else {
                    return Err(unexpected("there is neither a file, a folder nor a symlink"));
                }
            }
        }
        Ok(listing)
    }
}

fn unexpected(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn open_folder(parent: &Dir, name: &str) -> io::Result<Dir> {
    if parent.symlink_metadata(name)?.is_dir() {
        parent.open_dir(name)
    } else {
        Err(unexpected("a folder changed while it was read"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn digest(entries: &[(&str, Kind, &str)]) -> Digest {
        let mut listing = Listing::default();
        for (path, kind, content) in entries {
            listing.add((*path).to_owned(), *kind, content.as_bytes());
        }
        listing.digest()
    }

    #[test]
    fn the_digest_tells_paths_kinds_and_contents_apart_but_not_their_order() {
        let base = digest(&[("a", Kind::File, "1"), ("b/c", Kind::File, "2")]);
        assert_eq!(base, digest(&[("b/c", Kind::File, "2"), ("a", Kind::File, "1")]));
        for other in [
            digest(&[("a", Kind::File, "1")]),
            digest(&[("a", Kind::File, "2"), ("b/c", Kind::File, "2")]),
            digest(&[("a", Kind::Link, "1"), ("b/c", Kind::File, "2")]),
            digest(&[("a", Kind::File, "1"), ("b/d", Kind::File, "2")]),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn a_folder_reads_back_as_it_was_listed() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Dir::open_ambient_dir(temporary.path(), cap_std::ambient_authority()).unwrap();
        folder.create_dir_all("b/empty").unwrap();
        folder.write("b/c", "2").unwrap();
        folder.write("a", "1").unwrap();
        let mut expected = Listing::default();
        expected.add("a".to_owned(), Kind::File, b"1");
        expected.add("b/c".to_owned(), Kind::File, b"2");
        #[cfg(unix)]
        {
            folder.symlink("b/c", "link").unwrap();
            expected.add("link".to_owned(), Kind::Link, b"b/c");
        }
        assert_eq!(Listing::read(&folder).unwrap(), expected);
    }
}
