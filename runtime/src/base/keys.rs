//! Finds the key of a store where it was kept.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use zeroize::Zeroizing;

use crate::base::{
    file_lock::FileLock,
    files::{self, FileMode, Owner},
    key::{self, KeyError, KeyPlace, KeySource, StoreKey},
    keyring::{Keyring, SystemKeyring},
};

/// No key is longer in a file, so that a wrong path does not read a large one.
const LONGEST: u64 = 1024;

/// Where the keys of one store are looked for.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    source: KeySource,
    /// The file of ours, for a store whose key no keyring has.
    file: PathBuf,
    keyring: Arc<dyn Keyring>,
}

/// A key that a store is about to get in place of its own.
#[derive(Debug)]
pub(crate) struct NextKey {
    pub(crate) key: StoreKey,
    pub(crate) place: KeyPlace,
    /// No other process may make a next key meanwhile: it would take the place of this one.
    _lock: Option<FileLock>,
}

impl Keys {
    pub(crate) fn new(source: KeySource, file: PathBuf) -> Self {
        Self::with_keyring(source, file, Arc::new(SystemKeyring))
    }

    pub(crate) fn with_keyring(source: KeySource, file: PathBuf, keyring: Arc<dyn Keyring>) -> Self {
        // It is recorded, and read from other working directories.
        let file = std::path::absolute(&file).unwrap_or(file);
        Self { source, file, keyring }
    }

    /// Where a key that was kept in `place` is looked for now: what the operator gives goes before what we keep.
    pub(crate) fn place(&self, place: Option<&KeyPlace>) -> KeyPlace {
        match (&self.source, place) {
            (KeySource::Given(_), _) => KeyPlace::Given,
            (KeySource::File(path), _) => KeyPlace::File(path.clone()),
            (KeySource::System | KeySource::Home, Some(KeyPlace::Keyring)) => KeyPlace::Keyring,
            (KeySource::System | KeySource::Home, _) => KeyPlace::Home(self.file.clone()),
        }
    }

    /// The key of a store that was kept in `place`, where it is there; its id tells it from others.
    pub(crate) fn find(&self, place: &KeyPlace, id: &[u8], owner: Owner) -> Result<Option<StoreKey>, KeyError> {
        match (&self.source, place) {
            (KeySource::Given(text), _) => key::decode(text.expose().as_bytes()).map(Some),
            (KeySource::File(path), _) => read_theirs(path, owner),
            (KeySource::System | KeySource::Home, KeyPlace::Keyring) => {
                let found = self.keyring.read(&hex::encode(id))?;
                found.map(|content| StoreKey::from_content(&content)).transpose()
            }
            (KeySource::System | KeySource::Home, _) => self.find_ours(id, owner),
        }
    }

    /// A crash may fall between a store's getting its next key and that key's getting its name.
    fn find_ours(&self, id: &[u8], owner: Owner) -> Result<Option<StoreKey>, KeyError> {
        let kept = read(&self.file, owner)?;
        if kept.as_ref().is_some_and(|key| key.has_id(id)) {
            return Ok(kept);
        }
        let next = read(&self.next_file(), owner)?;
        if let Some(key) = next.filter(|key| key.has_id(id)) {
            return Ok(Some(key));
        }
        // It got its name between the two looks.
        read(&self.file, owner)
    }

    /// The key for a store that is about to be made. What the operator names is never written.
    pub(crate) fn make(&self, owner: Owner) -> Result<(StoreKey, KeyPlace), KeyError> {
        match &self.source {
            KeySource::Given(text) => Ok((key::decode(text.expose().as_bytes())?, KeyPlace::Given)),
            KeySource::File(path) => {
                let found = read_theirs(path, owner)?.ok_or(KeyError::Missing)?;
                Ok((found, KeyPlace::File(path.clone())))
            }
            KeySource::System => {
                let key = StoreKey::random();
                match self.keep_in_keyring(&key) {
                    Ok(()) => Ok((key, KeyPlace::Keyring)),
                    Err(error) => {
                        tracing::warn!(
                            "tokens are sealed with a key in the file `{}`, since no keyring could be used: {error}",
                            self.file.display()
                        );
                        self.make_ours(owner)
                    }
                }
            }
            KeySource::Home => self.make_ours(owner),
        }
    }

    /// What it does not give back is not kept.
    fn keep_in_keyring(&self, key: &StoreKey) -> Result<(), KeyError> {
        let id = hex::encode(key.id());
        self.keyring.write(&id, key.expose())?;
        let back = self.keyring.read(&id)?.ok_or(KeyError::Missing)?;
        StoreKey::from_content(&back)?;
        Ok(())
    }

    fn make_ours(&self, owner: Owner) -> Result<(StoreKey, KeyPlace), KeyError> {
        let place = KeyPlace::Home(self.file.clone());
        if let Some(key) = read(&self.file, owner)? {
            return Ok((key, place));
        }
        let key = StoreKey::random();
        write(&self.file, &key)?;
        Ok((key, place))
    }

    /// A new key for a store whose key is `now` in `place`, kept so that a crash from here on loses neither: in the place of
    /// the one it has, or in `theirs`, a file of the operator's.
    pub(crate) fn make_next(
        &self,
        now: &StoreKey,
        place: &KeyPlace,
        theirs: Option<&Path>,
        owner: Owner,
    ) -> Result<NextKey, KeyError> {
        if let Some(path) = theirs {
            let key = read_theirs(path, owner)?.ok_or(KeyError::Missing)?;
            if key.has_id(&now.id()) {
                return Err(KeyError::Same);
            }
            let path = std::path::absolute(path).unwrap_or(path.to_owned());
            return Ok(NextKey {
                key,
                place: KeyPlace::File(path),
                _lock: None,
            });
        }
        let key = StoreKey::random();
        match self.place(Some(place)) {
            KeyPlace::Given | KeyPlace::File(_) => Err(KeyError::Given),
            KeyPlace::Keyring => {
                self.keep_in_keyring(&key)?;
                Ok(NextKey {
                    key,
                    place: KeyPlace::Keyring,
                    _lock: None,
                })
            }
            KeyPlace::Home(path) => {
                let lock = FileLock::acquire(&with(&self.file, ".lock"))
                    .map_err(|error| error.told(KeyError::Locked, KeyError::Io))?;
                // One that a crash left behind may be the only copy of the key that the store has now.
                if let Some(left) = read(&self.next_file(), owner)?.filter(|left| left.has_id(&now.id())) {
                    write(&self.file, &left)?;
                }
                write(&self.next_file(), &key)?;
                Ok(NextKey {
                    key,
                    place: KeyPlace::Home(path),
                    _lock: Some(lock),
                })
            }
        }
    }

    /// After the store has its next key: gives it the name of the one before, or forgets that one.
    pub(crate) fn adopt(&self, next: &NextKey, before: &StoreKey) -> Result<(), KeyError> {
        match &next.place {
            KeyPlace::Given | KeyPlace::File(_) => Ok(()),
            KeyPlace::Keyring => Ok(self.keyring.remove(&hex::encode(before.id()))?),
            KeyPlace::Home(_) => {
                write(&self.file, &next.key)?;
                fs::remove_file(self.next_file())?;
                Ok(())
            }
        }
    }

    fn next_file(&self) -> PathBuf {
        with(&self.file, ".next")
    }
}

fn with(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Operators hand out secrets through links; what counts is the file at the end of them.
fn read_theirs(path: &Path, owner: Owner) -> Result<Option<StoreKey>, KeyError> {
    match fs::canonicalize(path) {
        Ok(path) => read(&path, owner),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn read(path: &Path, owner: Owner) -> Result<Option<StoreKey>, KeyError> {
    // Room for all of it at once: growing would leave copies behind.
    let mut content = Zeroizing::new(Vec::with_capacity(LONGEST as usize + 1));
    let read = files::open_private(path, owner).and_then(|file| file.take(LONGEST).read_to_end(&mut content));
    match read {
        Ok(_length) => StoreKey::from_content(&content).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn write(path: &Path, key: &StoreKey) -> Result<(), KeyError> {
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        files::create_private_dir(folder)?;
    }
    files::write_atomic(path, key.to_text().as_bytes(), FileMode::Private)?;
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::{
        collections::HashMap,
        sync::{Mutex, PoisonError},
    };

    use super::*;
    use crate::base::{keyring::KeyringError, secret::Secret};

    /// A keyring in memory, which can be locked.
    #[derive(Default)]
    pub(crate) struct FakeKeyring {
        kept: Mutex<HashMap<String, Vec<u8>>>,
        pub(crate) locked: std::sync::atomic::AtomicBool,
    }

    impl FakeKeyring {
        fn kept(&self) -> Result<std::sync::MutexGuard<'_, HashMap<String, Vec<u8>>>, KeyringError> {
            if self.locked.load(std::sync::atomic::Ordering::SeqCst) {
                return Err(KeyringError::Locked);
            }
            Ok(self.kept.lock().unwrap_or_else(PoisonError::into_inner))
        }

        pub(crate) fn len(&self) -> usize {
            self.kept().unwrap().len()
        }
    }

    impl Keyring for FakeKeyring {
        fn read(&self, id: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringError> {
            Ok(self.kept()?.get(id).cloned().map(Zeroizing::new))
        }

        fn write(&self, id: &str, key: &[u8]) -> Result<(), KeyringError> {
            self.kept()?.insert(id.to_owned(), key.to_vec());
            Ok(())
        }

        fn remove(&self, id: &str) -> Result<(), KeyringError> {
            self.kept()?.remove(id);
            Ok(())
        }
    }

    fn keys(source: KeySource, file: &Path, keyring: &Arc<FakeKeyring>) -> Keys {
        Keys::with_keyring(source, file.to_owned(), Arc::clone(keyring) as _)
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_holds_32_bytes_or_their_base64_and_is_private() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let owner = Owner::of_new_files_in(folder.path()).unwrap();
        let path = folder.path().join("key");
        let key = StoreKey::random();
        let at = |path: &Path| {
            let keys = Keys::new(KeySource::File(path.to_owned()), folder.path().join("none"));
            keys.find(&KeyPlace::Given, &key.id(), owner)
        };
        let write = |content: &[u8], mode| {
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        };
        assert!(at(&path).unwrap().is_none());
        write(key.expose(), 0o600);
        assert_eq!(at(&path).unwrap().unwrap().expose(), key.expose());
        write(key.to_text().as_bytes(), 0o600);
        assert_eq!(at(&path).unwrap().unwrap().expose(), key.expose());
        write(&[1; 31], 0o600);
        at(&path).unwrap_err();
        for mode in [0o640, 0o604, 0o620] {
            write(key.expose(), mode);
            let error = at(&path).unwrap_err().to_string();
            assert!(error.contains("chmod go-rwx"), "{error}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(at(&link).unwrap().unwrap().expose(), key.expose());
    }

    #[test]
    fn only_our_own_file_is_ever_made_and_never_twice() {
        let folder = tempfile::tempdir().unwrap();
        let owner = Owner::of_new_files_in(folder.path()).unwrap();
        let (ours, theirs) = (folder.path().join("data/store.key"), folder.path().join("theirs"));
        let error = Keys::new(KeySource::File(theirs.clone()), ours.clone())
            .make(owner)
            .unwrap_err();
        assert!(matches!(error, KeyError::Missing));
        assert!(!theirs.exists() && !ours.exists());
        let keys = Keys::new(KeySource::Home, ours.clone());
        let (key, place) = keys.make(owner).unwrap();
        assert_eq!(place, KeyPlace::Home(ours.clone()));
        let content = fs::read(&ours).unwrap();
        let (again, _place) = keys.make(owner).unwrap();
        assert_eq!(again.expose(), key.expose());
        assert_eq!(fs::read(&ours).unwrap(), content);
        assert!(key.has_id(&again.id()));
        assert!(!key.has_id(&StoreKey::random().id()));
    }

    #[test]
    fn a_keyring_is_taken_before_a_file_and_a_locked_one_falls_through_when_a_store_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let owner = Owner::of_new_files_in(folder.path()).unwrap();
        let file = folder.path().join("data/store.key");
        let keyring = Arc::new(FakeKeyring::default());
        let ours = keys(KeySource::System, &file, &keyring);
        let (key, place) = ours.make(owner).unwrap();
        assert_eq!((place, keyring.len()), (KeyPlace::Keyring, 1));
        assert!(!file.exists());
        // Turning the keyring off later is no reason not to find what it has.
        for source in [KeySource::System, KeySource::Home] {
            let found = keys(source, &file, &keyring).find(&KeyPlace::Keyring, &key.id(), owner);
            assert_eq!(found.unwrap().unwrap().expose(), key.expose());
        }
        keyring.locked.store(true, std::sync::atomic::Ordering::SeqCst);
        let error = ours.find(&KeyPlace::Keyring, &key.id(), owner).unwrap_err();
        assert_eq!(error.to_string(), "the keyring is locked");
        let (_key, place) = ours.make(owner).unwrap();
        assert_eq!(place, KeyPlace::Home(file.clone()));
        assert!(file.exists());
    }

    #[test]
    fn a_next_key_is_found_by_its_id_before_and_after_it_gets_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let owner = Owner::of_new_files_in(folder.path()).unwrap();
        let file = folder.path().join("data/store.key");
        let keys = Keys::new(KeySource::Home, file.clone());
        let (old, place) = keys.make(owner).unwrap();
        let find = |key: &StoreKey| keys.find(&place, &key.id(), owner).unwrap().unwrap();
        let next = keys.make_next(&old, &place, None, owner).unwrap();
        for key in [&old, &next.key] {
            assert_eq!(find(key).expose(), key.expose());
        }
        keys.adopt(&next, &old).unwrap();
        assert_eq!(find(&next.key).expose(), next.key.expose());
        assert!(!find(&old).has_id(&old.id()));
        assert!(!keys.next_file().exists());
    }

    #[test]
    fn a_crash_before_the_key_got_its_name_does_not_cost_it_at_the_next_change() {
        let folder = tempfile::tempdir().unwrap();
        let owner = Owner::of_new_files_in(folder.path()).unwrap();
        let keys = Keys::new(KeySource::Home, folder.path().join("data/store.key"));
        let (old, place) = keys.make(owner).unwrap();
        // The store got it, and then nothing more was done.
        let left = keys.make_next(&old, &place, None, owner).unwrap().key;
        let newer = keys.make_next(&left, &place, None, owner).unwrap();
        for key in [&left, &newer.key] {
            let found = keys.find(&place, &key.id(), owner).unwrap().unwrap();
            assert_eq!(found.expose(), key.expose());
        }
    }

    #[test]
    fn a_key_of_the_operators_is_not_replaced_without_a_new_one_of_his() {
        let folder = tempfile::tempdir().unwrap();
        let owner = Owner::of_new_files_in(folder.path()).unwrap();
        let now = StoreKey::random();
        let given = Secret::new(now.to_text().as_str());
        let keys = Keys::new(KeySource::Given(given), folder.path().join("store.key"));
        let next = |theirs: Option<&Path>| keys.make_next(&now, &KeyPlace::Given, theirs, owner);
        assert!(matches!(next(None).unwrap_err(), KeyError::Given));
        let theirs = folder.path().join("new");
        assert!(matches!(next(Some(&theirs)).unwrap_err(), KeyError::Missing));
        files::write_atomic(&theirs, now.to_text().as_bytes(), FileMode::Private).unwrap();
        assert!(matches!(next(Some(&theirs)).unwrap_err(), KeyError::Same));
        files::write_atomic(&theirs, StoreKey::random().to_text().as_bytes(), FileMode::Private).unwrap();
        assert_eq!(next(Some(&theirs)).unwrap().place, KeyPlace::File(theirs));
    }
}
