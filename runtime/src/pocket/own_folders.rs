//! Which folders no guest is given: Pocket's own, a project's settings, a tool's package, what lies in a folder that tools write.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use crate::{
    base::home::Home,
    install::{InstallError, Trust},
    package::{Access, FolderGrant},
    pocket::ToolEntry,
    sandbox::SandboxError,
};

/// Whoever reads them has tokens and keys; whoever writes them grants himself what he likes. No grant says that.
pub(super) struct OwnFolders {
    home: Vec<PathBuf>,
    /// What lies in it is the project's; the folder itself has its settings.
    project: Option<PathBuf>,
    /// What the builder gives its tools.
    given: Vec<FolderGrant>,
    /// What people gave to tools that were never added.
    trust: Trust,
}

impl OwnFolders {
    pub(super) fn of(home: &Home, project: Option<&Path>, tools: &[ToolEntry]) -> Self {
        let trust = Trust::new(home);
        let home = [home.config(), home.data(), home.cache()];
        Self {
            home: home.into_iter().map(real).collect(),
            project: project.map(real),
            given: tools.iter().flat_map(|entry| entry.folders.iter().cloned()).collect(),
            trust,
        }
    }

    /// The folders that tools have by the builder's word, and by people's where a tool was never added.
    pub(super) fn given(&self) -> Result<Vec<FolderGrant>, InstallError> {
        let mut folders = self.trust.folders()?;
        folders.extend(self.given.iter().cloned());
        Ok(folders)
    }

    /// The same grants with the links in the operator's part of their paths followed, now and no more: this is where they lead to, in
    /// every call.
    ///
    /// Refuses two of one name; a folder that is written and not each profile's own; one that holds or lies in one of Pocket's own or
    /// the tool's package, or holds the project's settings; and one that lies in what this tool or any other writes.
    pub(super) fn resolved<'a>(
        &self,
        grants: &'a [FolderGrant],
        package: Option<&Path>,
        of_others: impl Iterator<Item = &'a FolderGrant>,
    ) -> Result<Vec<FolderGrant>, SandboxError> {
        check_names(grants)?;
        let package = package.map(real);
        let written = of_others.chain(grants).filter(|grant| grant.access == Access::Write);
        let written: Vec<PathBuf> = written.map(|grant| real(grant.base())).collect();
        let resolved = grants.iter().map(|grant| {
            check_folder(grant, grant)?;
            let resolved = grant.moved_to(real(grant.base()));
            check_folder(&resolved, grant)?;
            // A link may lead to a folder that has that name.
            if resolved.is_per_profile() != grant.is_per_profile() {
                return Err(refused(&grant.folder, "no folder that is called `{profile}` is given"));
            }
            let what = if lies_in_written(grant.base(), &written) {
                "a tool writes and could leave a link"
            } else if let Some(what) = self.kept_at(resolved.base(), package.as_deref()) {
                what
            } else {
                return Ok(resolved);
            };
            Err(SandboxError::OwnFolder {
                folder: grant.folder.display().to_string(),
                what,
            })
        });
        resolved.collect()
    }

    /// What of Pocket's lies in a folder or around it.
    fn kept_at(&self, granted: &Path, package: Option<&Path>) -> Option<&'static str> {
        let meets = |own: &Path| granted.starts_with(own) || own.starts_with(granted);
        if self.home.iter().any(|own| meets(own)) {
            Some("Pocket keeps tokens, grants and code")
        } else if package.is_some_and(meets) {
            Some("the tool itself is kept")
        } else if self
            .project
            .as_ref()
            .is_some_and(|project| project.starts_with(granted))
        {
            Some("the project's settings are kept")
        } else {
            None
        }
    }
}

/// Of two folders of one name a guest would see one alone, and nobody was told which.
fn check_names(grants: &[FolderGrant]) -> Result<(), SandboxError> {
    let mut names = BTreeSet::new();
    for grant in grants {
        grant
            .check_guest()
            .map_err(|reason| refused(Path::new(&grant.guest), reason))?;
        if !names.insert(&grant.guest) {
            return Err(refused(
                Path::new(&grant.guest),
                "a tool is given one folder of a name, and this is the name of two",
            ));
        }
    }
    Ok(())
}

/// Tells of it as it was written.
fn check_folder(grant: &FolderGrant, written: &FolderGrant) -> Result<(), SandboxError> {
    grant.check_folder().map_err(|reason| refused(&written.folder, reason))
}

fn refused(what: &Path, reason: &'static str) -> SandboxError {
    SandboxError::FolderGrant {
        folder: what.display().to_string(),
        reason,
    }
}

/// Whether a path, as it is written, leads through a folder in which profiles have their own, and further than one of those: no guest
/// can put a link in place of its own folder, but it can anywhere in it.
fn lies_in_written(path: &Path, written: &[PathBuf]) -> bool {
    let whole = std::path::absolute(path).unwrap_or_else(|_nowhere| path.to_owned());
    !written.is_empty()
        && whole.ancestors().any(|above| {
            let further = whole.strip_prefix(above).map_or(0, |rest| rest.components().count());
            further > 1 && written.contains(&real(above))
        })
}

/// With links followed, as far as it is there.
fn real(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_nowhere| path.to_owned());
    for there in whole.ancestors() {
        if let (Ok(real), Ok(rest)) = (there.canonicalize(), whole.strip_prefix(there)) {
            return real.join(rest);
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::fs;

    use super::*;

    /// Of a project that gives no other tool a folder.
    fn resolved(own: &OwnFolders, grants: &[FolderGrant]) -> Result<Vec<FolderGrant>, SandboxError> {
        own.resolved(grants, None, std::iter::empty())
    }

    fn own_folders(base: &Path) -> OwnFolders {
        OwnFolders::of(&Home::at(base.join("home")), None, &[])
    }

    #[test]
    fn what_is_pockets_own_is_given_under_no_name() {
        let base = tempfile::tempdir().unwrap();
        let at = |path: &str| base.path().join(path);
        for folder in ["home/data", "project/data", "project/tool/inner", "elsewhere"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        let own = OwnFolders::of(&Home::at(at("home")), Some(&at("project")), &[]);
        let check = |folder: &Path| {
            let grant = FolderGrant::new("/x", folder, Access::Read);
            own.resolved(&[grant], Some(&at("project/tool")), std::iter::empty())
        };
        #[cfg(unix)]
        std::os::unix::fs::symlink(at("home/data"), at("elsewhere/link")).unwrap();
        for refused in [
            "",
            "home",
            "home/data",
            "home/data/not-there-yet",
            "home/cache",
            "project",
            "project/tool",
            "project/tool/inner",
            "project/data/../tool",
            #[cfg(unix)]
            "elsewhere/link",
        ] {
            let error = check(&at(refused)).unwrap_err();
            assert!(
                error.to_string().contains("kept") || error.to_string().contains("keeps"),
                "{error}"
            );
        }
        for given in ["project/data", "elsewhere", "not-there-yet", "project/toolbox"] {
            check(&at(given)).unwrap();
        }
        check(Path::new("/")).unwrap_err();
    }

    #[test]
    fn a_name_is_plain_and_of_one_folder() {
        let base = tempfile::tempdir().unwrap();
        let own = own_folders(base.path());
        let named = |names: &[&str]| {
            let grant = |name: &&str| FolderGrant::new(*name, base.path().join("data"), Access::Read);
            resolved(&own, &names.iter().map(grant).collect::<Vec<_>>())
        };
        assert_eq!(named(&["/in", "/out", "/in/inner"]).unwrap().len(), 3);
        let refused: [&[&str]; 5] = [&["/in", "/in"], &["/in", "/out", "/in"], &[""], &["in"], &["/in/.."]];
        for names in refused {
            let error = named(names).unwrap_err();
            assert!(
                matches!(error, SandboxError::FolderGrant { .. }) && error.to_string().contains("name"),
                "{error}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_once() {
        let base = tempfile::tempdir().unwrap();
        let base = base.path().canonicalize().unwrap();
        let own = own_folders(&base);
        fs::create_dir_all(base.join("data")).unwrap();
        fs::create_dir_all(base.join("{profile}")).unwrap();
        for (link, target) in [("link", "data"), ("odd", "{profile}")] {
            std::os::unix::fs::symlink(target, base.join(link)).unwrap();
        }
        for (written, expected) in [
            ("data", "data"),
            ("link", "data"),
            ("link/{profile}", "data/{profile}"),
            ("link/nowhere", "data/nowhere"),
        ] {
            let grant = FolderGrant::new("/in", base.join(written), Access::Read);
            let found = resolved(&own, &[grant]).unwrap();
            assert_eq!(found, [FolderGrant::new("/in", base.join(expected), Access::Read)]);
        }
        for written in ["odd", "odd/{profile}"] {
            let grant = FolderGrant::new("/in", base.join(written), Access::Read);
            let error = resolved(&own, &[grant]).unwrap_err();
            assert!(error.to_string().contains("`{profile}`"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_lies_in_a_written_folder_is_not_given() {
        let base = tempfile::tempdir().unwrap();
        let own = own_folders(base.path());
        for folder in ["notes/ann/out", "secret"] {
            fs::create_dir_all(base.path().join(folder)).unwrap();
        }
        // What a guest may have left.
        std::os::unix::fs::symlink("../../secret", base.path().join("notes/ann/link")).unwrap();
        let other = FolderGrant::new("/data", base.path().join("notes/{profile}"), Access::Write);
        let grant = |folder: &str| FolderGrant::new("/in", base.path().join(folder), Access::Read);
        for folder in [
            "notes/ann/out",
            "notes/ann/link",
            "notes/ann/link/inner",
            "notes/ann/out/{profile}",
        ] {
            let beside_other = own.resolved(&[grant(folder)], None, std::iter::once(&other));
            let with_other = resolved(&own, &[grant(folder), other.clone()]);
            for refused in [beside_other, with_other] {
                let error = refused.unwrap_err();
                assert!(error.to_string().contains("could leave a link"), "{folder}: {error}");
            }
        }
        for folder in ["notes", "notes/ann", "notes/{profile}", "secret"] {
            own.resolved(&[grant(folder)], None, std::iter::once(&other)).unwrap();
        }
    }
}
