//! The key by which a request's state is known as ours when an agent brings it back.

use std::{
    io,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use pocket_runtime::{FileLock, FileMode, Secret, create_private_dir, write_atomic};

use crate::keys::KeysError;

/// The key that the processes of one `home` share, so that any of them can answer: made where there is none.
///
/// # Errors
/// When its file cannot be read or written.
pub(super) fn of_folder(folder: &Path) -> Result<Secret, KeysError> {
    let path: PathBuf = folder.join("agents.key");
    let failed = |error| KeysError::Io {
        path: path.clone(),
        error,
    };
    if let Some(key) = read(&path).map_err(failed)? {
        return Ok(key);
    }
    create_private_dir(folder).map_err(failed)?;
    let _lock = FileLock::acquire(&path.with_extension("lock")).map_err(|error| KeysError::of(error, &path))?;
    // Another process may have made it meanwhile.
    if let Some(key) = read(&path).map_err(failed)? {
        return Ok(key);
    }
    let key = Secret::new(STANDARD.encode(rand::random::<[u8; 32]>()));
    write_atomic(&path, key.expose().as_bytes(), FileMode::Private).map_err(failed)?;
    Ok(key)
}

fn read(path: &Path) -> io::Result<Option<Secret>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(Secret::new(text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn all_processes_of_a_home_have_one() {
        let folder = tempfile::tempdir().unwrap();
        let made: Vec<_> = std::thread::scope(|threads| {
            let makers: Vec<_> = (0..8)
                .map(|_| threads.spawn(|| of_folder(folder.path()).unwrap()))
                .collect();
            makers.into_iter().map(|maker| maker.join().unwrap()).collect()
        });
        assert!(made.iter().all(|key| key.expose() == made[0].expose()));
        assert!(made[0].expose().len() >= 32);
    }
}
