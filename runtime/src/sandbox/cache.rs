//! Compiled components in `home`, each sealed with a keyed MAC.
//!
//! Loading compiled code is trusting it, so an entry is used only where this user alone could have written it: the folder,
//! the key and the entry are ours and closed to others, nobody else writes a folder above, no link was followed to them, and
//! the MAC holds for the bytes that are then loaded. Anything else is compiled afresh and replaced. It holds against other users and against damage, not
//! against this user's own processes.

use std::{
    fs,
    hash::{Hash, Hasher},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use wasmtime::component::Component;
use zeroize::Zeroizing;

use crate::base::{
    digest::Digest,
    files::{FileMode, create_private_dir, write_atomic},
    home::Home,
    ours::{self, Closed},
};
use crate::sandbox::compiler_process::FreshCode;

/// Begins every entry; changes with the layout.
const MAGIC: &[u8; 16] = b"pocket compiled1";
const MAC_BYTES: usize = 32;
/// Changes with our settings of wasmtime that its compatibility hash does not tell apart.
const CONFIGURATION: &[u8] = b"1";
const KEY_FILE: &str = "key";
/// A temporary file that is older was left by a process that was killed.
const ABANDONED: Duration = Duration::from_secs(3600);

/// Compiled components in a folder of this user's.
pub(super) struct CodeCache {
    folder: PathBuf,
    /// The most of them, in bytes.
    limit: u64,
}

/// Where an entry is, and what seals it.
pub(super) struct Entry {
    path: PathBuf,
    name: Digest,
    key: Zeroizing<Vec<u8>>,
}

impl CodeCache {
    pub(super) const fn new(folder: PathBuf, limit: u64) -> Self {
        Self { folder, limit }
    }

    /// The one in `home`.
    pub(super) fn of(home: &Home, limit: u64) -> Self {
        Self::new(home.cache().join("compiled"), limit)
    }

    /// Where the code of this component for this engine is, or will be: the folder and the key are made where they are not there.
    ///
    /// # Errors
    /// When the folder or the key is not ours alone: then nothing is to be read or written there.
    pub(super) fn entry(&self, engine: &wasmtime::Engine, component: &Digest) -> io::Result<Entry> {
        match fs::symlink_metadata(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => create_private_dir(&self.folder)?,
            Err(error) => return Err(error),
            Ok(_there) => {}
        }
        self.check_folder()?;
        let key = self.key()?;
        Ok(self.named(engine, component, key))
    }

    /// Where it is; `None` where nothing was kept here ever. Nothing is written.
    ///
    /// # Errors
    /// As [`CodeCache::entry`].
    pub(super) fn find(&self, engine: &wasmtime::Engine, component: &Digest) -> io::Result<Option<Entry>> {
        let found = self.check_folder().and_then(|()| self.read_key());
        match found {
            Ok(key) => Ok(Some(self.named(engine, component, key))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn check_folder(&self) -> io::Result<()> {
        ours::check_folder(&self.folder, Closed::ToAll)
    }

    fn named(&self, engine: &wasmtime::Engine, component: &Digest, key: Zeroizing<Vec<u8>>) -> Entry {
        let name = Digest::of_parts([
            component.as_bytes().as_slice(),
            engine_digest(engine).as_slice(),
            CONFIGURATION,
        ]);
        Entry {
            path: self.folder.join(name.hex()),
            name,
            key,
        }
    }

    /// Takes away what is oldest, and what a killed process left, until the rest fits.
    pub(super) fn tidy(&self) -> io::Result<()> {
        // What it is compared to are times of files, which the machine's own clock wrote.
        #[cfg_attr(
            not(test),
            expect(clippy::disallowed_methods, reason = "times of files are by this clock")
        )]
        let now = SystemTime::now();
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let Ok(metadata) = entry.metadata() else { continue };
            let made = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b".pocket-") {
                if now.duration_since(made).is_ok_and(|age| age > ABANDONED) {
                    remove(&entry.path())?;
                }
            } else if name != KEY_FILE {
                entries.push((made, metadata.len(), entry.path()));
            }
        }
        entries.sort();
        let mut size: u64 = entries.iter().map(|(_, size, _)| size).sum();
        for (_, freed, path) in entries {
            if size <= self.limit {
                break;
            }
            remove(&path)?;
            size -= freed;
        }
        Ok(())
    }

    /// The key that seals entries, made the first time.
    fn key(&self) -> io::Result<Zeroizing<Vec<u8>>> {
        match self.read_key() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.make_key(&self.folder.join(KEY_FILE))?;
                self.read_key()
            }
            other => other,
        }
    }

    fn read_key(&self) -> io::Result<Zeroizing<Vec<u8>>> {
        let path = self.folder.join(KEY_FILE);
        let key = ours::read(&path, 32, Closed::ToAll)?;
        if key.len() == 32 {
            Ok(Zeroizing::new(key))
        } else {
            Err(not_valid(&path, "it is not a key of 32 bytes"))
        }
    }

    /// Another process may make one at the same time: the first stays.
    fn make_key(&self, path: &Path) -> io::Result<()> {
        let key = Zeroizing::new(rand::random::<[u8; 32]>());
        let mut file = tempfile::Builder::new().prefix(".pocket-").tempfile_in(&self.folder)?;
        file.write_all(key.as_slice())?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(path) {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error.error),
        }
    }
}

impl Entry {
    /// The component, where its code is here and whole; `None` where it is not here.
    ///
    /// # Errors
    /// When what is here cannot be used: to be replaced.
    pub(super) fn load(&self, engine: &wasmtime::Engine) -> io::Result<Option<Component>> {
        let sealed = match ours::read(&self.path, u64::from(u32::MAX), Closed::ToAll) {
            Ok(sealed) => sealed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let refused = |why: &str| not_valid(&self.path, why);
        let sealed = sealed
            .strip_prefix(MAGIC)
            .ok_or_else(|| refused("it is not compiled code"))?;
        let (seal, code) = sealed
            .split_at_checked(MAC_BYTES)
            .ok_or_else(|| refused("it is cut off"))?;
        self.mac(code)?
            .verify_slice(seal)
            .map_err(|_wrong| refused("its seal does not hold"))?;
        trusted(engine, code)
            .map(Some)
            .map_err(|error| refused(&error.to_string()))
    }

    /// Keeps a component's code here, replacing what is here at once.
    pub(super) fn store(&self, code: &[u8]) -> io::Result<()> {
        let seal = self.mac(code)?.finalize().into_bytes();
        let mut sealed = Vec::with_capacity(MAGIC.len() + MAC_BYTES + code.len());
        sealed.extend_from_slice(MAGIC);
        sealed.extend_from_slice(&seal);
        sealed.extend_from_slice(code);
        write_atomic(&self.path, &sealed, FileMode::Private)
    }

    /// Over the name too, so that one entry cannot be put in another's place.
    fn mac(&self, code: &[u8]) -> io::Result<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).map_err(io::Error::other)?;
        mac.update(MAGIC);
        mac.update(self.name.as_bytes());
        mac.update(code);
        Ok(mac)
    }
}

/// The component of code that came straight from a compiler's process.
pub(super) fn of_compiler(engine: &wasmtime::Engine, code: &FreshCode) -> wasmtime::Result<Component> {
    trusted(engine, code.bytes())
}

#[expect(
    unsafe_code,
    reason = "wasmtime has no safe way to load compiled code: it trusts what it loads"
)]
fn trusted(engine: &wasmtime::Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `Component::serialize` made these bytes and they are unchanged since. Either the MAC over them and over their
    // entry's name, whose key only this user can read, was verified on this very slice; or they are a `FreshCode`, which
    // only a process of the program that the embedding one trusts as itself makes, handed over through a pipe of ours. wasmtime
    // compares the compatibility of both engines. They are in this process's own memory, so nobody can change them now.
    unsafe { Component::deserialize(engine, code) }
}

/// Everything that code compiled for one engine depends on, wasmtime's full version included.
fn engine_digest(engine: &wasmtime::Engine) -> [u8; 32] {
    struct Sha(Sha256);

    impl Hasher for Sha {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }

        fn finish(&self) -> u64 {
            0
        }
    }

    let mut hasher = Sha(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.0.finalize().into()
}

fn not_valid(path: &Path, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{why}: `{}`", path.display()))
}

/// Another process may have been faster.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
