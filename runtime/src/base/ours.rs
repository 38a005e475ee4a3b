//! Whether only this user could have put there what lies in a folder of ours.
//!
//! A mode that is right now says nothing of who wrote before, and a folder that is ours can be swapped by whoever writes the
//! one above it: so the owner, the mode and all that lies above are looked at, each time something is read.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use crate::base::text::shown_on_one_line;

/// More links than any path to a folder of ours has, one behind another.
const MOST_LINKS: u8 = 16;

/// What somebody else may have written, and why.
#[derive(Debug, thiserror::Error)]
#[error("{why}: `{}`", shown_on_one_line(&path.to_string_lossy()))]
pub(crate) struct NotOurs {
    pub(crate) path: PathBuf,
    pub(crate) why: &'static str,
}

/// To what others are not let.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// They may look.
    ToWriters,
    /// They may not look either.
    ToAll,
}

impl NotOurs {
    pub(crate) fn refused(path: &Path, why: &'static str) -> io::Error {
        let path = path.to_owned();
        io::Error::new(io::ErrorKind::PermissionDenied, Self { path, why })
    }

    /// The one in this error, where it says so.
    pub(crate) fn in_error(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

/// Looks at a folder of ours and at all above it.
///
/// # Errors
/// When it is not there, is none, or somebody else could have put something there, or another in its place.
pub(crate) fn check_folder(path: &Path, closed: Closed) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    if !found.is_dir() {
        return Err(NotOurs::refused(path, "it is not a folder"));
    }
    check(path, &found, closed)?;
    check_above(path, MOST_LINKS)
}

/// Looks at what lies in a folder that was looked at.
///
/// # Errors
/// When it is another's or lets others in.
#[cfg(unix)]
pub(crate) fn check(path: &Path, found: &Metadata, closed: Closed) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;

    if !is_trusted(path, found) {
        return Err(NotOurs::refused(path, "another user owns it"));
    }
    // A link has no mode of its own.
    if found.is_symlink() {
        return Ok(());
    }
    match closed {
        Closed::ToAll if found.mode() & 0o077 != 0 => Err(NotOurs::refused(path, "other users may use it")),
        Closed::ToWriters if others_write(found) => Err(NotOurs::refused(path, "other users may write it")),
        Closed::ToAll | Closed::ToWriters => Ok(()),
    }
}

/// Elsewhere the user's own folders are closed to others by the system.
#[cfg(not(unix))]
pub(crate) fn check(_path: &Path, _found: &Metadata, _closed: Closed) -> io::Result<()> {
    Ok(())
}

/// The content of a file of at most `limit` bytes that is ours, opened once and without following a link.
///
/// # Errors
/// When it is not there, is too large or no file, or somebody else could have written it.
pub(crate) fn read(path: &Path, limit: u64, closed: Closed) -> io::Result<Vec<u8>> {
    if fs::symlink_metadata(path)?.is_symlink() {
        return Err(NotOurs::refused(path, "it is a link"));
    }
    let mut file = open_without_following(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(NotOurs::refused(path, "it is not a file"));
    }
    check(path, &found, closed)?;
    if found.len() > limit {
        return Err(NotOurs::refused(path, "it is too large"));
    }
    let mut content = Vec::with_capacity(usize::try_from(found.len()).unwrap_or(0));
    (&mut file).take(limit).read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(unix)]
fn open_without_following(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    // Not waiting for a pipe that someone put there either.
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
}

#[cfg(not(unix))]
fn open_without_following(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

/// That nobody else can put another thing where `path` is, through any folder or link that leads there.
#[cfg(unix)]
fn check_above(path: &Path, links: u8) -> io::Result<()> {
    let mut way = PathBuf::new();
    let mut above: Option<(PathBuf, Metadata)> = None;
    for step in std::path::absolute(path)?.components() {
        way.push(step);
        let mut found = fs::symlink_metadata(&way)?;
        if let Some((folder, holds)) = &above {
            check_holds(folder, holds, &way, &found)?;
        }
        if found.is_symlink() {
            let left = links
                .checked_sub(1)
                .ok_or_else(|| NotOurs::refused(path, "too many links lead there"))?;
            let (folder, _) = above.as_ref().ok_or_else(|| NotOurs::refused(path, "it is a link"))?;
            check_above(&folder.join(fs::read_link(&way)?), left)?;
            found = fs::metadata(&way)?;
        }
        above = Some((way.clone(), found));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_above(_path: &Path, _links: u8) -> io::Result<()> {
    Ok(())
}

/// That what lies in a folder stays there: others do not write the folder, or, where it is one like `/tmp`, move only what is theirs.
#[cfg(unix)]
fn check_holds(folder: &Path, holds: &Metadata, held: &Path, found: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;

    const STICKY: u32 = 0o1000;
    if !is_trusted(folder, holds) {
        return Err(NotOurs::refused(folder, "another user owns this folder above it"));
    }
    if !others_write(holds) {
        return Ok(());
    }
    if holds.mode() & STICKY == 0 {
        return Err(NotOurs::refused(folder, "other users may write this folder above it"));
    }
    if is_trusted(held, found) {
        Ok(())
    } else {
        Err(NotOurs::refused(held, "another user owns it"))
    }
}

/// A group that is called by its owner's number is his alone: where each user has one, all that he makes may be written by it.
#[cfg(unix)]
fn others_write(found: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    found.mode() & 0o002 != 0 || (found.mode() & 0o020 != 0 && found.gid() != found.uid())
}

/// Whether it is this user's, or of somebody who can change all anyway: the administrator, and who owns `/`, as whom he is seen
/// where users have other numbers inside than outside.
#[cfg(unix)]
fn is_trusted(path: &Path, found: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    use crate::base::files::Owner;

    let owner = found.uid();
    owner == rustix::process::geteuid().as_raw()
        || owner == 0
        || fs::metadata("/").is_ok_and(|root| root.uid() == owner)
        // A file system may give all that this user makes to another number.
        || path
            .parent()
            .is_some_and(|folder| Owner::of_new_files_in(folder).is_ok_and(|owner| owner.owns(found)))
}

#[cfg(all(test, unix))]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use super::*;

    /// Somebody who is neither this user nor the administrator.
    const STRANGER: u32 = 65_534;

    pub(crate) fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Makes it a stranger's.
    pub(crate) fn give_away(path: &Path) {
        std::os::unix::fs::lchown(path, Some(STRANGER), Some(STRANGER))
            .expect("only the administrator can give a file away: run the tests of owners as root");
    }

    fn why(path: &Path, closed: Closed) -> Option<&'static str> {
        let error = check_folder(path, closed).err()?;
        Some(NotOurs::in_error(&error).unwrap_or_else(|| panic!("{error}")).why)
    }

    #[test]
    fn a_folder_is_ours_by_its_owner_its_mode_and_all_above_it() {
        let home = tempfile::tempdir().unwrap();
        let above = home.path().join("above");
        let folder = above.join("folder");
        fs::create_dir_all(&folder).unwrap();
        for (mode, mode_above, writers, all) in [
            (0o700, 0o755, None, None),
            (0o755, 0o755, None, Some("other users may use it")),
            (
                0o702,
                0o755,
                Some("other users may write it"),
                Some("other users may use it"),
            ),
            (
                0o700,
                0o757,
                Some("other users may write this folder above it"),
                Some("other users may write this folder above it"),
            ),
            (0o700, 0o1777, None, None),
        ] {
            set_mode(&folder, mode);
            set_mode(&above, mode_above);
            assert_eq!(why(&folder, Closed::ToWriters), writers, "{mode:o} {mode_above:o}");
            assert_eq!(why(&folder, Closed::ToAll), all, "{mode:o} {mode_above:o}");
        }
        give_away(&folder);
        assert_eq!(why(&folder, Closed::ToWriters), Some("another user owns it"));
        chown(&folder, Some(0), Some(0)).unwrap();
        give_away(&above);
        assert_eq!(
            why(&folder, Closed::ToWriters),
            Some("another user owns this folder above it")
        );
    }

    #[test]
    fn a_group_may_write_where_it_is_one_users_own() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("folder");
        fs::create_dir(&folder).unwrap();
        chown(&folder, None, Some(4)).unwrap();
        set_mode(&folder, 0o770);
        assert_eq!(why(&folder, Closed::ToWriters), Some("other users may write it"));
        let own = fs::metadata(&folder).map(|found| std::os::unix::fs::MetadataExt::uid(&found));
        chown(&folder, None, Some(own.unwrap())).unwrap();
        assert_eq!(why(&folder, Closed::ToWriters), None);
    }

    #[test]
    fn a_link_is_followed_to_a_folder_only_where_nobody_else_could_have_made_it() {
        let home = tempfile::tempdir().unwrap();
        let (open, real) = (home.path().join("open"), home.path().join("real"));
        fs::create_dir_all(real.join("folder")).unwrap();
        fs::create_dir(&open).unwrap();
        symlink(&real, open.join("link")).unwrap();
        let by_link = open.join("link/folder");
        set_mode(&real.join("folder"), 0o700);
        assert_eq!(why(&by_link, Closed::ToAll), None);
        set_mode(&open, 0o777);
        assert_eq!(
            why(&by_link, Closed::ToAll),
            Some("other users may write this folder above it")
        );
        set_mode(&open, 0o1777);
        assert_eq!(why(&by_link, Closed::ToAll), None, "the link is ours");
        give_away(&open.join("link"));
        assert_eq!(why(&by_link, Closed::ToAll), Some("another user owns it"));
        set_mode(&open, 0o755);
        fs::remove_file(open.join("link")).unwrap();
        symlink("link", open.join("link")).unwrap();
        assert!(check_folder(&by_link, Closed::ToAll).is_err(), "it has no end");
        symlink(real.join("folder"), open.join("itself")).unwrap();
        assert_eq!(why(&open.join("itself"), Closed::ToAll), Some("it is not a folder"));
    }

    #[test]
    fn a_file_is_read_only_where_it_is_ours_and_no_link() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, "text").unwrap();
        set_mode(&file, 0o644);
        assert_eq!(read(&file, 4, Closed::ToWriters).unwrap(), b"text");
        let link = home.path().join("link");
        symlink(&file, &link).unwrap();
        for refused in [
            read(&file, 3, Closed::ToWriters),
            read(&file, 4, Closed::ToAll),
            read(&link, 4, Closed::ToWriters),
            read(home.path(), 4, Closed::ToWriters),
        ] {
            assert!(NotOurs::in_error(&refused.unwrap_err()).is_some());
        }
        give_away(&file);
        assert!(NotOurs::in_error(&read(&file, 4, Closed::ToWriters).unwrap_err()).is_some());
    }
}
