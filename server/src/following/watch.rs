//! Tells when one of some files changes.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc::{self, Receiver};

/// Tells when one of some files changes, comes or goes, or a folder in which it is.
pub(super) struct Watch {
    changed: Receiver<()>,
    _watcher: RecommendedWatcher,
}

impl Watch {
    /// Folders are watched rather than files: who writes a file anew puts another in its place.
    pub(super) fn begin(files: &[PathBuf]) -> Result<Self, notify::Error> {
        let files: BTreeSet<PathBuf> = files.iter().map(|file| real(file)).collect();
        let folders: BTreeSet<PathBuf> = files.iter().filter_map(|file| standing(file)).collect();
        let (tell, changed) = mpsc::channel(1);
        let mut watcher = notify::recommended_watcher(move |event: Result<Event, notify::Error>| {
            if event.is_ok_and(|event| matters(&event, &files)) {
                // One that was not taken yet tells of this too.
                let _ = tell.try_send(());
            }
        })?;
        for folder in &folders {
            match watcher.watch(folder, RecursiveMode::NonRecursive) {
                // It went away just now: that it comes again nobody would tell, but the folder in which it was is watched then.
                Err(error) if matches!(error.kind, notify::ErrorKind::PathNotFound) => {}
                watched => watched?,
            }
        }
        Ok(Self {
            changed,
            _watcher: watcher,
        })
    }

    /// Waits for the next change.
    pub(super) async fn changed(&mut self) {
        if self.changed.recv().await.is_none() {
            // Nothing is told any more.
            std::future::pending().await
        }
    }
}

fn matters(event: &Event, files: &BTreeSet<PathBuf>) -> bool {
    if matches!(event.kind, EventKind::Access(_)) {
        return false;
    }
    event.need_rescan()
        || event
            .paths
            .iter()
            .any(|path| files.iter().any(|file| file.starts_with(path)))
}

/// The nearest folder of a file that is there.
fn standing(file: &Path) -> Option<PathBuf> {
    file.ancestors()
        .skip(1)
        .find(|folder| folder.is_dir())
        .map(Path::to_owned)
}

/// With the links to its folder followed, as the system tells it.
fn real(file: &Path) -> PathBuf {
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
        return file.to_owned();
    };
    match folder.canonicalize() {
        Ok(folder) => folder.join(name),
        Err(_not_there) => file.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::{fs, time::Duration};

    use super::*;

    async fn is_told(watch: &mut Watch) -> bool {
        tokio::time::timeout(Duration::from_secs(20), watch.changed())
            .await
            .is_ok()
    }

    #[tokio::test]
    async fn a_file_that_changes_comes_goes_or_whose_folder_does_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("tool/dist");
        let file = inner.join("tool.wasm");
        let begin = || Watch::begin(std::slice::from_ref(&file)).unwrap();
        let mut watch = begin();
        fs::create_dir_all(&inner).unwrap();
        assert!(is_told(&mut watch).await, "its folder comes");
        let mut watch = begin();
        fs::write(&file, "a").unwrap();
        assert!(is_told(&mut watch).await, "it comes");
        let mut watch = begin();
        fs::write(inner.join("new"), "b").unwrap();
        fs::rename(inner.join("new"), &file).unwrap();
        assert!(is_told(&mut watch).await, "another is put in its place");
        let mut watch = begin();
        fs::remove_dir_all(folder.path().join("tool")).unwrap();
        assert!(is_told(&mut watch).await, "its folder goes");
    }
}
