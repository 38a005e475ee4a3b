//! Whether anybody but this user could change a tool that is run from a path.

use std::path::Path;

use cap_std::fs::Dir;

use crate::{install::InstallError, source::PathSource};

/// Refuses a folder, manifest or component that another user owns or others can write.
///
/// The superuser may own them. A group may write where it is its owner's own one, as systems have it that make one group
/// a user.
#[cfg(unix)]
pub(super) fn check(source: &PathSource, folder: &Dir, component: &str) -> Result<(), InstallError> {
    use cap_std::fs::MetadataExt as _;

    let fail = |source: std::io::Error, path: &Path| InstallError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let user = rustix::process::geteuid().as_raw();
    let verdict = |metadata: &cap_std::fs::Metadata, path: &Path| {
        judge(user, metadata.uid(), metadata.gid(), metadata.mode(), path)
    };
    let own = folder.dir_metadata().map_err(|e| fail(e, &source.folder))?;
    verdict(&own, &source.folder)?;
    let mut read = vec!["pocket.json"];
    read.extend(component.match_indices('/').filter_map(|(end, _)| component.get(..end)));
    read.push(component);
    for path in read {
        let shown = source.folder.join(path);
        let metadata = folder.metadata(path).map_err(|e| fail(e, &shown))?;
        verdict(&metadata, &shown)?;
    }
    parents(user, source)
}

/// Where users and modes are not those of Unix, nothing is said here.
#[cfg(not(unix))]
pub(super) fn check(_source: &PathSource, _folder: &Dir, _component: &str) -> Result<(), InstallError> {
    Ok(())
}

/// Whoever can write a folder above can put another folder in this one's place, and its owner can always come to write it.
/// In a sticky one, such as `/tmp`, only its owner and the superuser can.
#[cfg(unix)]
fn parents(user: u32, source: &PathSource) -> Result<(), InstallError> {
    use std::os::unix::fs::MetadataExt as _;

    let fail = |e| InstallError::Unreadable {
        path: source.folder.clone(),
        source: e,
    };
    let real = source.folder.canonicalize().map_err(fail)?;
    for above in real.ancestors().skip(1) {
        let metadata = above.metadata().map_err(fail)?;
        judge_above(user, metadata.uid(), metadata.gid(), metadata.mode(), above)?;
    }
    Ok(())
}

#[cfg(unix)]
fn judge_above(user: u32, owner: u32, group: u32, mode: u32, path: &Path) -> Result<(), InstallError> {
    const STICKY: u32 = 0o1000;
    let mode = if mode & STICKY == 0 { mode } else { mode & !0o022 };
    judge(user, owner, group, mode, path)
}

#[cfg(unix)]
fn judge(user: u32, owner: u32, group: u32, mode: u32, path: &Path) -> Result<(), InstallError> {
    if owner != user && owner != 0 {
        return Err(InstallError::OtherOwner { path: path.to_owned() });
    }
    let group_is_the_owners_own = group == owner;
    if mode & 0o002 != 0 || (mode & 0o020 != 0 && !group_is_the_owners_own) {
        return Err(InstallError::OthersCanWrite { path: path.to_owned() });
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;
    use crate::source::{Reference, Source, SourceSettings};

    #[test]
    fn only_this_user_and_the_superuser_may_own_a_tool() {
        let path = Path::new("tool");
        assert!(judge(1000, 1000, 1000, 0o755, path).is_ok());
        assert!(judge(1000, 0, 0, 0o755, path).is_ok());
        assert!(judge(1000, 1000, 1000, 0o775, path).is_ok());
        assert!(matches!(
            judge(1000, 1001, 1001, 0o755, path),
            Err(InstallError::OtherOwner { .. })
        ));
        assert!(matches!(
            judge(0, 1000, 1000, 0o755, path),
            Err(InstallError::OtherOwner { .. })
        ));
        assert!(matches!(
            judge(1000, 1000, 50, 0o775, path),
            Err(InstallError::OthersCanWrite { .. })
        ));
        assert!(matches!(
            judge(1000, 1000, 1000, 0o757, path),
            Err(InstallError::OthersCanWrite { .. })
        ));
    }

    #[test]
    fn a_folder_above_is_this_users_or_the_superusers_and_may_be_shared_where_it_is_sticky() {
        let path = Path::new("above");
        assert!(judge_above(1000, 0, 0, 0o1777, path).is_ok(), "/tmp");
        assert!(judge_above(1000, 0, 50, 0o3775, path).is_ok());
        assert!(judge_above(1000, 1000, 1000, 0o755, path).is_ok());
        for owner in [1001, 65534] {
            for mode in [0o755, 0o700, 0o1777] {
                assert!(matches!(
                    judge_above(1000, owner, owner, mode, path),
                    Err(InstallError::OtherOwner { .. })
                ));
            }
        }
        for (group, mode) in [(0, 0o777), (50, 0o2775)] {
            assert!(matches!(
                judge_above(1000, 0, group, mode, path),
                Err(InstallError::OthersCanWrite { .. })
            ));
        }
    }

    #[test]
    fn a_folder_a_file_and_a_folder_above_are_each_looked_at() {
        let base = tempfile::tempdir().unwrap();
        let tool = base.path().join("above/tool");
        fs::create_dir_all(tool.join("dist")).unwrap();
        fs::write(tool.join("pocket.json"), "{}").unwrap();
        fs::write(tool.join("dist/tool.wasm"), "").unwrap();
        let checked = || {
            let Reference::Source(Source::Path(source)) =
                Reference::parse("above/tool", base.path(), &SourceSettings::default()).unwrap()
            else {
                panic!("it is not a path");
            };
            let folder = Dir::open_ambient_dir(&source.folder, cap_std::ambient_authority()).unwrap();
            check(&source, &folder, "dist/tool.wasm")
        };
        checked().unwrap();
        for path in [
            "above",
            "above/tool",
            "above/tool/pocket.json",
            "above/tool/dist",
            "above/tool/dist/tool.wasm",
        ] {
            let path = base.path().join(path);
            let before = fs::metadata(&path).unwrap().permissions();
            fs::set_permissions(&path, fs::Permissions::from_mode(before.mode() | 0o002)).unwrap();
            let Err(InstallError::OthersCanWrite { path: named }) = checked() else {
                panic!("{} was taken", path.display());
            };
            assert!(named.ends_with(path.file_name().unwrap()));
            fs::set_permissions(&path, before).unwrap();
        }
        checked().unwrap();
    }
}
