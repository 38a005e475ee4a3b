//! What a person on this machine agreed to, kept in `home`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    base::{
        digest::Digest,
        file_lock::FileLock,
        files::{FileMode, create_private_dir, write_atomic},
        home::Home,
        name::Profile,
        text::{shown, shown_on_one_line},
    },
    install::{Candidate, InstallError, grant_file::GrantFile, lock_store::read_text, lockfile},
    package::{FolderGrant, Grant},
};

/// The version of both files that this Pocket writes. In 1, no project had its lines.
const VERSION: i64 = 2;
/// More than any person agrees to.
const LARGEST: u64 = 16 << 20;

/// What a person on this machine agreed to: projects whose files may grant, and grants of tools run without `add`.
///
/// It is kept in `data/trust.toml` and `data/grants.toml` of `home`, so that no file of a project can say it.
#[derive(Debug, Clone)]
pub struct Trust {
    folder: PathBuf,
}

/// `trust.toml`: canonical paths of projects, with what their files asked when a person agreed.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustFile {
    version: i64,
    #[serde(default)]
    projects: BTreeMap<String, Digest>,
    /// The same in words, to show what changed. What counts is the digest.
    #[serde(default)]
    lines: BTreeMap<String, Vec<String>>,
}

/// `grants.toml`: grants by what they were given to.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GrantsFile {
    version: i64,
    #[serde(default)]
    candidates: BTreeMap<String, KeptGrant>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptGrant {
    /// For people; what counts is the key.
    source: String,
    #[serde(default)]
    grant: GrantFile,
}

impl Trust {
    /// Kept in `home`.
    #[must_use]
    pub fn new(home: &Home) -> Self {
        Self {
            folder: home.data().to_owned(),
        }
    }

    /// What this project was last trusted with: the digest of what its files asked. `None` where it never was.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn project(&self, project: &Path) -> Result<Option<Digest>, InstallError> {
        let file: TrustFile = self.read("trust.toml")?;
        Ok(file.projects.get(&canonical(project)?).copied())
    }

    /// The same in words; `None` where it never was, or by a Pocket that did not keep them.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn lines_of_project(&self, project: &Path) -> Result<Option<Vec<String>>, InstallError> {
        let mut file: TrustFile = self.read("trust.toml")?;
        Ok(file.lines.remove(&canonical(project)?))
    }

    /// Keeps that a person agreed to what this project's files ask, as it was shown in `lines`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn trust_project(&self, project: &Path, asks: Digest, lines: &[String]) -> Result<(), InstallError> {
        let project = canonical(project)?;
        self.change("trust.toml", |file: &mut TrustFile| {
            file.version = VERSION;
            file.lines.insert(project.clone(), lines.to_vec());
            file.projects.insert(project, asks);
        })
    }

    /// What a profile granted to this very candidate when it was run without `add` (compared by [`Candidate::digest`]).
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn grant(&self, candidate: &Candidate, profile: &Profile) -> Result<Option<Grant>, InstallError> {
        self.grant_by_digest(&of_profile(candidate, profile))
    }

    /// Keeps what a profile granted to a candidate that is run without `add`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep_grant(&self, candidate: &Candidate, profile: &Profile, grant: &Grant) -> Result<(), InstallError> {
        self.keep_by_digest(of_profile(candidate, profile), candidate.source.written(), grant)
    }

    /// The folders that anybody granted to what was run from this source, as written.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn folders_of(&self, written: &str) -> Result<Vec<FolderGrant>, InstallError> {
        let file: GrantsFile = self.read("grants.toml")?;
        let source = shown_on_one_line(written);
        let kept = file.candidates.into_values().filter(|kept| kept.source == source);
        Ok(kept.flat_map(|kept| kept.grant.read(None).files).collect())
    }

    /// The folders that anybody granted to anything that was run without `add`.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub(crate) fn folders(&self) -> Result<Vec<FolderGrant>, InstallError> {
        let file: GrantsFile = self.read("grants.toml")?;
        Ok(file
            .candidates
            .into_values()
            .flat_map(|kept| kept.grant.read(None).files)
            .collect())
    }

    fn grant_by_digest(&self, digest: &Digest) -> Result<Option<Grant>, InstallError> {
        let file: GrantsFile = self.read("grants.toml")?;
        Ok(file
            .candidates
            .get(&digest.to_string())
            .map(|kept| kept.grant.read(None)))
    }

    fn keep_by_digest(&self, digest: Digest, source: &str, grant: &Grant) -> Result<(), InstallError> {
        let kept = KeptGrant {
            source: shown_on_one_line(source),
            grant: GrantFile::of(grant, None)?,
        };
        self.change("grants.toml", |file: &mut GrantsFile| {
            file.version = VERSION;
            file.candidates.insert(digest.to_string(), kept);
        })
    }

    fn read<T: DeserializeOwned + Default>(&self, name: &str) -> Result<T, InstallError> {
        let path = self.folder.join(name);
        let Some(text) = read_text(&path, LARGEST)? else {
            return Ok(T::default());
        };
        let refused = |e: &toml::de::Error| InstallError::FileNotValid {
            path: path.clone(),
            place: lockfile::place(&text, e),
            message: shown(e.message()),
        };
        let table: toml::Table = toml::from_str(&text).map_err(|e| refused(&e))?;
        match table.get("version").and_then(toml::Value::as_integer) {
            Some(version) if version > VERSION => Err(InstallError::FileTooNew { path, version }),
            Some(_) | None => toml::from_str(&text).map_err(|e| refused(&e)),
        }
    }

    fn change<T: DeserializeOwned + Serialize + Default>(
        &self,
        name: &str,
        change: impl FnOnce(&mut T),
    ) -> Result<(), InstallError> {
        let path = self.folder.join(name);
        let fail = |source| InstallError::Unwritable {
            path: path.clone(),
            source,
        };
        create_private_dir(&self.folder).map_err(fail)?;
        let _lock = FileLock::acquire(&self.folder.join(format!("{name}.lock")))
            .map_err(|error| error.told(InstallError::Locked, fail))?;
        let mut file: T = self.read(name)?;
        change(&mut file);
        let text = toml::to_string(&file).map_err(|e| fail(std::io::Error::other(e)))?;
        write_atomic(&path, text.as_bytes(), FileMode::Private).map_err(fail)
    }
}

/// A credential is one profile's, so what gives it is too.
fn of_profile(candidate: &Candidate, profile: &Profile) -> Digest {
    Digest::of_parts([candidate.digest().as_bytes().as_slice(), profile.as_str().as_bytes()])
}

/// The one way to write a folder's path: through another one, a project would be another project.
fn canonical(project: &Path) -> Result<String, InstallError> {
    let real = project.canonicalize().map_err(|source| InstallError::Unreadable {
        path: project.to_owned(),
        source,
    })?;
    match real.to_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(InstallError::NotUtf8(real)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::fs;

    use super::*;
    use crate::package::CredentialGrant;

    #[test]
    fn a_project_is_trusted_with_what_it_asked_under_whatever_path_it_is_reached() {
        let folder = tempfile::tempdir().unwrap();
        let trust = Trust::new(&Home::at(folder.path().join("home")));
        let project = folder.path().join("project");
        fs::create_dir(&project).unwrap();
        assert_eq!(trust.project(&project).unwrap(), None);
        trust
            .trust_project(&project.join("../project/."), Digest::of(b"asks"), &["one".to_owned()])
            .unwrap();
        assert_eq!(trust.project(&project).unwrap(), Some(Digest::of(b"asks")));
        trust
            .trust_project(&project, Digest::of(b"more"), &["one".to_owned(), "two".to_owned()])
            .unwrap();
        assert_eq!(trust.lines_of_project(&project).unwrap().unwrap(), ["one", "two"]);
        assert_eq!(trust.project(&project).unwrap(), Some(Digest::of(b"more")));
        assert_eq!(trust.project(folder.path()).unwrap(), None);
        assert!(trust.project(&folder.path().join("gone")).is_err());
    }

    #[test]
    fn a_grant_is_found_by_what_it_was_given_to_and_by_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let trust = Trust::new(&Home::at(folder.path()));
        let grant = Grant {
            credential: CredentialGrant::Given,
            ..Grant::default()
        };
        let (given, other) = (Digest::of(b"a"), Digest::of(b"b"));
        trust.keep_by_digest(given, "./tool\u{202e}", &grant).unwrap();
        assert_eq!(trust.grant_by_digest(&given).unwrap(), Some(grant));
        assert_eq!(trust.grant_by_digest(&other).unwrap(), None);
        let text = fs::read_to_string(folder.path().join("data/grants.toml")).unwrap();
        assert!(
            text.contains("./tool\\u{202e}") && !text.contains('\u{202e}'),
            "a person can read where it came from: {text}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn what_was_agreed_to_is_this_users_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let trust = Trust::new(&Home::at(folder.path()));
        trust
            .trust_project(folder.path(), Digest::of(b"asks"), &["one".to_owned()])
            .unwrap();
        let mode = |path: &str| fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("data/trust.toml"), mode("data")), (0o600, 0o700));
    }

    #[test]
    fn a_broken_file_is_an_error_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let trust = Trust::new(&Home::at(folder.path()));
        fs::create_dir(folder.path().join("data")).unwrap();
        let file = folder.path().join("data/trust.toml");
        fs::write(&file, "version = 1\nprojects = 1\n").unwrap();
        let refused = trust.trust_project(folder.path(), Digest::of(b"asks"), &["one".to_owned()]);
        assert!(
            matches!(
                refused,
                Err(InstallError::FileNotValid {
                    place: Some((2, _)),
                    ..
                })
            ),
            "{refused:?}"
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), "version = 1\nprojects = 1\n");
        fs::write(&file, "version = 9\n").unwrap();
        assert!(matches!(
            trust.project(folder.path()),
            Err(InstallError::FileTooNew { version: 9, .. })
        ));
    }

    #[test]
    fn a_file_without_lines_is_read_and_gets_them() {
        let folder = tempfile::tempdir().unwrap();
        let trust = Trust::new(&Home::at(folder.path()));
        let asks = Digest::of(b"asks");
        fs::create_dir(folder.path().join("data")).unwrap();
        let project = canonical(folder.path()).unwrap();
        let old = format!("version = 1\n[projects]\n\"{project}\" = \"{asks}\"\n");
        fs::write(folder.path().join("data/trust.toml"), old).unwrap();
        assert_eq!(trust.project(folder.path()).unwrap(), Some(asks));
        assert_eq!(trust.lines_of_project(folder.path()).unwrap(), None);
        trust.trust_project(folder.path(), asks, &["one".to_owned()]).unwrap();
        assert_eq!(trust.lines_of_project(folder.path()).unwrap().unwrap(), ["one"]);
    }
}
