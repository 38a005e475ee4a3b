//! Which folders no guest is given: Pocket's own, a project's settings, a tool's package.

use std::path::{Path, PathBuf};

use crate::{base::home::Home, package::FolderGrant, sandbox::SandboxError};

/// Whoever reads them has tokens and keys; whoever writes them grants himself what he likes. No grant says that.
pub(super) struct OwnFolders {
    home: Vec<PathBuf>,
    /// What lies in it is the project's; the folder itself has its settings.
    project: Option<PathBuf>,
}

impl OwnFolders {
    pub(super) fn of(home: &Home, project: Option<&Path>) -> Self {
        let home = [home.config(), home.data(), home.cache()];
        Self {
            home: home.into_iter().map(real).collect(),
            project: project.map(real),
        }
    }

    /// Refuses a folder that is written and not each profile's own, and one that holds or lies in one of Pocket's own or the tool's package, or holds the project's settings.
    pub(super) fn check(&self, grants: &[FolderGrant], package: Option<&Path>) -> Result<(), SandboxError> {
        let package = package.map(real);
        for grant in grants {
            grant.check().map_err(|reason| SandboxError::FolderGrant {
                folder: grant.folder.display().to_string(),
                reason,
            })?;
            let granted = real(grant.base());
            let meets = |own: &PathBuf| granted.starts_with(own) || own.starts_with(&granted);
            let what = if self.home.iter().any(meets) {
                "Pocket keeps tokens, grants and code"
            } else if package.as_ref().is_some_and(meets) {
                "the tool itself is kept"
            } else if self
                .project
                .as_ref()
                .is_some_and(|project| project.starts_with(&granted))
            {
                "the project's settings are kept"
            } else {
                continue;
            };
            return Err(SandboxError::OwnFolder {
                folder: grant.folder.display().to_string(),
                what,
            });
        }
        Ok(())
    }
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
    use crate::package::Access;

    #[test]
    fn what_is_pockets_own_is_given_under_no_name() {
        let base = tempfile::tempdir().unwrap();
        let at = |path: &str| base.path().join(path);
        for folder in ["home/data", "project/data", "project/tool/inner", "elsewhere"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        let own = OwnFolders::of(&Home::at(at("home")), Some(&at("project")));
        let check = |folder: &Path| {
            let grant = FolderGrant::new("/x", folder, Access::Read);
            own.check(&[grant], Some(&at("project/tool")))
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
}
