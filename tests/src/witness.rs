//! Watches every run of the binary, in every story, for tokens and codes that a server of the tests gave (F-60).

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use crate::{Ended, Searched};

/// What the servers of this process gave.
static GIVEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Files in which the user of a story keeps secrets of his own.
const OF_THE_USER: [&str; 1] = [".secrets.toml"];

/// A server gave this token or code to somebody.
pub(crate) fn gave(secret: &str) {
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    given.push(secret.to_owned());
}

/// Watches the runs in one folder. Where something was found, its test fails at the end.
pub(crate) struct Witness {
    folder: PathBuf,
    seen: Mutex<Searched>,
}

impl Witness {
    pub(crate) fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            seen: Mutex::default(),
        }
    }

    /// Sees what a run showed, and gives it back.
    pub(crate) fn saw(&self, ended: Ended) -> Ended {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let what = format!("run {}", seen.len() / 2 + 1);
        seen.ended(&what, &ended);
        drop(seen);
        ended
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if given.is_empty() {
            return;
        }
        let seen = self.seen.get_mut().unwrap_or_else(PoisonError::into_inner);
        if self.folder.is_dir() {
            seen.folder(&self.folder, &OF_THE_USER);
        }
        let found = seen.find(&given);
        assert!(
            found.is_empty(),
            "secrets were shown or left behind in the clear: {found:#?}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "in the clear")]
    fn a_token_in_what_was_said_is_found() {
        gave("xoxb-planted-of-the-witness-itself");
        let folder = tempfile::tempdir().expect("a folder can be made");
        let witness = Witness::of(folder.path());
        let _ended = witness.saw(Ended {
            code: 0,
            stdout: String::new(),
            stderr: "it is xoxb-planted-of-the-witness-itself".to_owned(),
        });
    }

    #[test]
    #[should_panic(expected = "in the clear")]
    fn a_token_in_a_file_is_found() {
        gave("xoxb-planted-of-the-witness-itself");
        let folder = tempfile::tempdir().expect("a folder can be made");
        std::fs::write(folder.path().join("log"), "xoxb-planted-of-the-witness-itself").expect("a file can be written");
        drop(Witness::of(folder.path()));
    }
}
