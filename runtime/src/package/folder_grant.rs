//! A folder of this machine, given to a guest.

use std::{
    fmt::Write as _,
    io,
    path::{Path, PathBuf},
};

use crate::{
    base::{digest::Digest, files::create_private_dir, name::Profile, text::is_invisible},
    package::Access,
};

/// Stands for the calling profile in the path of a folder.
const PROFILE: &str = "{profile}";
/// Of a folder's name, in bytes: what every file system takes, with room.
const LONGEST: usize = 200;

/// A folder of this machine, given to a guest.
///
/// Where its last step is `{profile}`, each profile has a folder of its own in the one before, made at its first call (0700). A folder
/// that guests write is always such a one: what one profile's call leaves there, no other profile's reads.
///
/// Links in the operator's part of the path are followed once, when the tool is loaded. One that comes there later is not: the call is
/// refused. Two tools that are given one base share each profile's folder. Do not give a tool a folder that lies in one that another
/// writes, below a profile's own: the other could leave a link there, which the next process to load the tool would follow. Pocket
/// refuses such a grant where it knows both, from `pocket.toml`; what `pocket.lock` or an embedding program gives another tool it does
/// not look at.
///
/// ```
/// use pocket_runtime::{Access, FolderGrant, Profile};
///
/// let grant = FolderGrant::new("/data", "/srv/notes/{profile}", Access::Write);
/// assert_eq!(grant.folder_of(&Profile::new("ann-1")), std::path::Path::new("/srv/notes/ann-1"));
/// assert_eq!(grant.folder_of(&Profile::new("../x")), std::path::Path::new("/srv/notes/%2E%2E%2Fx"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FolderGrant {
    /// What the guest calls it.
    pub guest: String,
    /// Where it is, perhaps with `{profile}` as its last step.
    pub folder: PathBuf,
    /// What may be done there.
    pub access: Access,
}

impl FolderGrant {
    /// `folder` of this machine, which the guest calls `guest`.
    pub fn new(guest: impl Into<String>, folder: impl Into<PathBuf>, access: Access) -> Self {
        Self {
            guest: guest.into(),
            folder: folder.into(),
            access,
        }
    }

    /// Whether each profile has a folder of its own.
    #[must_use]
    pub fn is_per_profile(&self) -> bool {
        self.folder.ends_with(PROFILE)
    }

    /// The part of its path that an operator made: the folder in which each profile has its own, else the folder itself.
    #[must_use]
    pub fn base(&self) -> &Path {
        match self.folder.parent() {
            Some(parent) if self.is_per_profile() => parent,
            Some(_) | None => &self.folder,
        }
    }

    /// The folder of a profile. It need not be there yet.
    #[must_use]
    pub fn folder_of(&self, profile: &Profile) -> PathBuf {
        if self.is_per_profile() {
            self.base().join(step(profile.as_str()))
        } else {
            self.folder.clone()
        }
    }

    /// The same, and makes it where it is a profile's own and not there yet: by whoever may, before a process that may not calls a tool.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn ready_for(&self, profile: &Profile) -> io::Result<PathBuf> {
        let folder = self.folder_of(profile);
        // What it lies in is the operator's: where that is gone, so is what was given.
        if self.is_per_profile() && self.base().is_dir() && !folder.exists() {
            create_private_dir(&folder)?;
        }
        Ok(folder)
    }

    /// The same in another place: with `base` where [`Self::base`] was.
    #[must_use]
    pub(crate) fn moved_to(&self, base: PathBuf) -> Self {
        Self {
            guest: self.guest.clone(),
            folder: if self.is_per_profile() {
                base.join(PROFILE)
            } else {
                base
            },
            access: self.access,
        }
    }

    /// Whether a grant may be like this: the guest's name for it is a plain absolute path, written folders are each profile's own, and
    /// `{profile}` stands nowhere but at the end, where nobody but the operator can put a link before it.
    ///
    /// # Errors
    /// With what is wrong, in words.
    pub fn check(&self) -> Result<(), &'static str> {
        self.check_guest()?;
        self.check_folder()
    }

    /// The half of [`Self::check`] that is about the guest's name for it: as a manifest may ask for.
    pub(crate) fn check_guest(&self) -> Result<(), &'static str> {
        let steps = self.guest.strip_prefix('/');
        let is_plain = self.guest == "/"
            || steps.is_some_and(|steps| steps.split('/').all(|step| !matches!(step, "" | "." | "..")));
        if !is_plain || self.guest.contains('\\') {
            return Err("a tool's name for a folder is an absolute path without `.`, `..`, `//` or a slash at its end");
        }
        if self.guest.chars().any(is_invisible) {
            return Err("a tool's name for a folder has no characters that are not seen");
        }
        Ok(())
    }

    /// The half that is about the folder of this machine.
    pub(crate) fn check_folder(&self) -> Result<(), &'static str> {
        let named = |step: &std::ffi::OsStr| step.to_string_lossy().contains(PROFILE);
        let elsewhere = self.base().iter().any(named) || (!self.is_per_profile() && self.folder.iter().any(named));
        if elsewhere {
            return Err("`{profile}` is the last step of a folder's path, and a step of its own");
        }
        if self.access == Access::Write && !self.is_per_profile() {
            return Err("a folder that a tool writes is each profile's own: its path ends in `/{profile}`");
        }
        Ok(())
    }
}

/// A profile's name as a step of a path: letters, digits, `-` and `_` as they are, all else by its bytes in hex, and capitals too, since
/// some file systems take them for small ones. So is the first letter of a device's name, which no other name has in hex. No two names
/// give the same, and none gives a step with a meaning of its own.
fn step(name: &str) -> String {
    let is_device = is_device(name);
    let mut step = String::with_capacity(name.len());
    for (at, byte) in name.bytes().enumerate() {
        let is_plain = byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        if is_plain && !(is_device && at == 0) {
            step.push(char::from(byte));
        } else {
            // Writing to a text always works.
            let _ = write!(step, "%{byte:02X}");
        }
    }
    if step.is_empty() || step.len() > LONGEST {
        // No name gives a `%` with anything but two hex digits after it.
        return format!("%-{}", Digest::of(name.as_bytes()).hex());
    }
    step
}

/// Whether Windows takes a step of this name for a device, in whatever folder it stands. Written otherwise, with capitals or an ending,
/// it has bytes in hex anyway.
fn is_device(name: &str) -> bool {
    let number = name.strip_prefix("com").or_else(|| name.strip_prefix("lpt"));
    matches!(name, "con" | "prn" | "aux" | "nul") || number.is_some_and(|n| matches!(n.as_bytes(), [b'0'..=b'9']))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::{collections::HashSet, fs};

    use proptest::prelude::*;

    use super::*;

    fn written(folder: &str) -> FolderGrant {
        FolderGrant::new("/data", folder, Access::Write)
    }

    #[test]
    fn a_written_folder_is_each_profiles_own() {
        written("/a/{profile}").check().unwrap();
        FolderGrant::new("/data", "/a", Access::Read).check().unwrap();
        FolderGrant::new("/data", "/a/{profile}", Access::Read).check().unwrap();
        for refused in [
            "/a",
            "/a/{profile}/b",
            "/{profile}/{profile}",
            "/a/x{profile}",
            "/a/{profile}x",
        ] {
            written(refused).check().unwrap_err();
        }
        FolderGrant::new("/data", "/a/{profile}/b", Access::Read)
            .check()
            .unwrap_err();
    }

    #[test]
    fn a_guests_name_for_a_folder_is_a_plain_absolute_path() {
        let named = |guest: &str| FolderGrant::new(guest, "/a", Access::Read).check();
        for plain in ["/", "/in", "/in/a b", "/in/...", "/ż"] {
            named(plain).unwrap();
        }
        for refused in [
            "",
            "in",
            "./in",
            "//",
            "//in",
            "/in/",
            "/in//a",
            "/in/./a",
            "/in/..",
            "/in/../..",
            "/in\\a",
            "/in\0",
            "/in\n",
            "/in\u{1b}[31m",
            "/in\u{202e}",
            "/in\u{200b}",
        ] {
            named(refused).unwrap_err();
        }
    }

    #[test]
    fn a_grant_that_is_moved_stays_what_it_was() {
        for (folder, moved) in [("/a/{profile}", "/b/c/{profile}"), ("/a", "/b/c")] {
            let grant = FolderGrant::new("/data", folder, Access::Read);
            let expected = FolderGrant::new("/data", moved, Access::Read);
            assert_eq!(grant.moved_to(PathBuf::from("/b/c")), expected);
        }
    }

    #[test]
    fn no_name_gives_a_device() {
        for (name, expected) in [
            ("con", "%63on"),
            ("prn", "%70rn"),
            ("aux", "%61ux"),
            ("nul", "%6Eul"),
            ("com1", "%63om1"),
            ("lpt9", "%6Cpt9"),
            ("CON", "%43%4F%4E"),
            ("con.txt", "con%2Etxt"),
            ("com", "com"),
            ("com10", "com10"),
            ("comx", "comx"),
            ("console", "console"),
        ] {
            assert_eq!(step(name), expected);
        }
    }

    #[test]
    fn hostile_names_stay_one_step_and_differ() {
        let names = [
            "",
            ".",
            "..",
            "../..",
            "/",
            "/etc",
            "a/b",
            "a\\b",
            "a",
            "A",
            "%41",
            "a\0",
            "con",
            "CON",
            "%63on",
            "com1",
            "con.txt",
            "\u{202e}",
            "{profile}",
        ];
        let long = ["x".repeat(300), "x".repeat(301), "/".repeat(100)];
        let names = names.into_iter().chain(long.iter().map(String::as_str));
        let mut steps = HashSet::new();
        for name in names {
            let step = step(name);
            assert!(step.len() <= LONGEST && !step.starts_with('.'), "{name:?}: {step}");
            assert!(
                step.bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"%-_".contains(&byte)),
                "{step}"
            );
            assert!(
                steps.insert(step.to_lowercase()),
                "{name:?} has a folder of its own: {step}"
            );
        }
    }

    #[test]
    fn a_profiles_folder_is_made_where_the_operators_is_there() {
        let base = tempfile::tempdir().unwrap();
        let grant = FolderGrant::new("/data", base.path().join("{profile}"), Access::Write);
        let folder = grant.ready_for(&Profile::new("ann")).unwrap();
        assert!(folder.is_dir());
        assert_eq!(grant.ready_for(&Profile::new("ann")).unwrap(), folder);
        fs::remove_dir_all(base.path()).unwrap();
        grant.ready_for(&Profile::new("ann")).unwrap();
        assert!(!base.path().exists(), "what an operator took away is not made again");
    }

    proptest! {
        #[test]
        fn no_two_names_share_a_folder(one in any::<String>(), other in any::<String>()) {
            prop_assert_eq!(step(&one) == step(&other), one == other);
            prop_assert_eq!(step(&one).to_lowercase() == step(&other).to_lowercase(), one == other);
        }

        #[test]
        fn no_name_like_a_devices_gives_one_or_shares_a_folder(
            one in "(%63|%43|c|C)?(con|nul|aux|prn|om1|on|com[0-9]|lpt[0-9])[.0]?",
            other in "(%63|%43|c|C)?(con|nul|aux|prn|om1|on|com[0-9]|lpt[0-9])[.0]?",
        ) {
            let (first, second) = (step(&one).to_lowercase(), step(&other).to_lowercase());
            prop_assert!(!is_device(&first), "{one}: {first}");
            prop_assert_eq!(first == second, one == other);
        }
    }
}
