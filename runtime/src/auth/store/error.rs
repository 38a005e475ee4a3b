//! Why a store could not be used.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    auth::{StorePlace, store::TlsFault},
    base::{code::Code, file_lock::LockHeld, key::KeyPlace, text::shown_on_one_line},
};

/// Why a store could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process or task saved or removed first, or holds the lease now.
    #[error("the account was changed meanwhile")]
    Conflict,
    /// There is no such sign-in, or it was forgotten.
    #[error("there is no such sign-in, or its time is over")]
    NoSignIn,
    /// A record does not open under the store's key as what it should be.
    #[error("a record of the token store does not open, it was altered or is another's: {record}")]
    Altered {
        /// Which, in words.
        record: String,
    },
    /// The file is not a store, or part of it is broken or missing. It is left as it is.
    #[error("the token store is damaged, {reason}: `{store}`")]
    Damaged {
        /// The store.
        store: StorePlace,
        /// What was found.
        reason: String,
    },
    /// A newer Pocket made the store.
    #[error("the token store has format {found}, this Pocket knows {known}: `{store}`")]
    NewerFormat {
        /// The store.
        store: StorePlace,
        /// Its format.
        found: i64,
        /// The newest format known.
        known: i64,
    },
    /// The file or its folder is not only this user's.
    #[error("the token store is not private: {source}")]
    NotPrivate {
        /// The store.
        path: PathBuf,
        /// What is wrong, with the file or folder.
        source: io::Error,
    },
    /// Another process kept the store locked.
    #[error("another process kept the token store locked for {waited:?}: `{}`", shown(path))]
    Locked {
        /// The store, or the file of its lock.
        path: PathBuf,
        /// How long was waited.
        waited: Duration,
    },
    /// The disk is full; nothing was changed.
    #[error("the disk is full, nothing was saved in the token store: `{}`", shown(path))]
    DiskFull {
        /// The store.
        path: PathBuf,
    },
    /// The store was put aside or removed while it was open.
    #[error("the token store was put aside or removed while it was open: `{}`", shown(path))]
    PutAside {
        /// Where it was.
        path: PathBuf,
    },
    /// The key is another than the one with which the store was made.
    #[error("this is not the key of the token store `{store}`, which was kept in {place}")]
    WrongKey {
        /// The store.
        store: StorePlace,
        /// Where its key was kept.
        place: KeyPlace,
    },
    /// The key is not there.
    #[error("the key of the token store `{store}` is gone; it was kept in {place}")]
    KeyLost {
        /// The store.
        store: StorePlace,
        /// Where its key was kept.
        place: KeyPlace,
    },
    /// What should be a key is none.
    #[error("{place} gives no key for the token store: {reason}")]
    NotAKey {
        /// Where it was looked for.
        place: KeyPlace,
        /// Why it is none.
        reason: String,
    },
    /// The operator keeps the key, so that no other is made.
    #[error("the key of the token store is the operator's own, in {place}")]
    TheirKey {
        /// Where it is.
        place: KeyPlace,
    },
    /// The store got a new key while it was open.
    #[error("the token store got a new key while this process had it open: `{store}`")]
    Rekeyed {
        /// The store.
        store: StorePlace,
    },
    /// A token is being renewed, so that the store's key cannot be changed now.
    #[error("the token of an account is being renewed just now: `{store}`")]
    Renewing {
        /// The store.
        store: StorePlace,
    },
    /// The server could lose what it said it keeps.
    #[error("the server may forget accounts, so none are kept there, {reason}: `{store}`")]
    Forgetful {
        /// The store.
        store: StorePlace,
        /// What it does not do.
        reason: String,
    },
    /// The server could not be reached, or refused.
    #[error("the token store `{store}` cannot be used: {reason}")]
    Server {
        /// The store.
        store: StorePlace,
        /// What it or the network said, without values.
        reason: String,
    },
    /// TLS to the server could not be begun, or its certificate is not trusted.
    #[error("no TLS that can be trusted to the token store `{store}`: {reason}")]
    Tls {
        /// The store.
        store: StorePlace,
        /// What stands in the way.
        fault: TlsFault,
        /// What TLS said.
        reason: String,
    },
    /// The server did not answer in time; what was asked of it may be done all the same.
    #[error("the token store did not answer within {waited:?}: `{store}`")]
    Slow {
        /// The store.
        store: StorePlace,
        /// How long was waited.
        waited: Duration,
    },
    /// The file could not be read or written.
    #[error("the token store could not be read or written: `{}`: {source}", shown(path))]
    Io {
        /// The store.
        path: PathBuf,
        /// What the system said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A store that is not a file could not be used: for stores of the embedding program.
    #[error("the token store could not be used: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

fn shown(path: &Path) -> String {
    shown_on_one_line(&path.to_string_lossy())
}

impl StoreError {
    /// Another process is making the store or its key, or putting it aside, and does not get done.
    pub(crate) fn of_lock(held: LockHeld) -> Self {
        Self::Locked {
            path: held.path,
            waited: held.waited,
        }
    }

    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Conflict | Self::Locked { .. } | Self::Rekeyed { .. } | Self::Renewing { .. } | Self::Slow { .. } => {
                Code::Busy
            }
            Self::NoSignIn => Code::NotFound,
            Self::NewerFormat { .. }
            | Self::NotPrivate { .. }
            | Self::WrongKey { .. }
            | Self::KeyLost { .. }
            | Self::NotAKey { .. }
            | Self::TheirKey { .. }
            | Self::Forgetful { .. } => Code::NotValid,
            Self::Altered { .. }
            | Self::Damaged { .. }
            | Self::DiskFull { .. }
            | Self::PutAside { .. }
            | Self::Io { .. } => Code::Internal,
            Self::Unavailable(_) | Self::Server { .. } | Self::Tls { .. } => Code::Unreachable,
        }
    }

    /// What would mend it, each in a sentence.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Conflict => vec!["try again".to_owned()],
            Self::NoSignIn => vec!["begin a new sign-in: a new URL can always be had".to_owned()],
            Self::Altered { .. } => vec![
                "sign out of this account and sign in again".to_owned(),
                "find out who else can write the store's file".to_owned(),
            ],
            Self::Damaged { store, .. } => vec![
                "put a copy of it back if you have one; the damaged one was left as it is".to_owned(),
                anew(store).to_owned(),
            ],
            Self::NewerFormat { .. } => vec!["use the newer Pocket that made it, or another `POCKET_HOME`".to_owned()],
            Self::NotPrivate { .. } => {
                vec!["the store has to be a plain file of yours that nobody else can read, in a folder nobody else can write".to_owned()]
            }
            Self::Locked { .. } => vec!["end the process that holds it, or try again".to_owned()],
            Self::DiskFull { .. } => vec!["free some space, then try again".to_owned()],
            Self::TheirKey { .. } => vec![
                "make a new one, `openssl rand -base64 32 > FILE` and `chmod 600 FILE`, and give it: `pocket auth rekey \
                 --new-key-file FILE`"
                    .to_owned(),
            ],
            Self::Rekeyed { .. } => vec!["do it again: a process that starts now uses the new key".to_owned()],
            Self::Renewing { .. } | Self::Slow { .. } => vec!["try again in a minute".to_owned()],
            Self::Forgetful { .. } => vec![
                "set `appendonly yes`, `appendfsync always` and `maxmemory-policy noeviction` on the server".to_owned(),
                "keep accounts elsewhere and only sign-ins there: `[store] sign_ins_url`".to_owned(),
            ],
            Self::Server { .. } => {
                vec!["see that the server runs, and that `[store] url` names it with its user and password".to_owned()]
            }
            Self::Tls { fault, .. } => vec![without_tls(*fault).to_owned()],
            Self::PutAside { .. } => vec!["start this process again, so that it opens the new store".to_owned()],
            Self::WrongKey { store, place } | Self::KeyLost { store, place } => {
                vec![bring_back(place), format!("if the key is lost: {}", anew(store))]
            }
            Self::NotAKey { place, .. } => vec![match place {
                KeyPlace::Given => {
                    "give 32 random bytes in base64, as `openssl rand -base64 32` prints them".to_owned()
                }
                KeyPlace::Keyring => {
                    "unlock the keyring, in a session of the user who made the store".to_owned()
                }
                KeyPlace::File(_) | KeyPlace::Home(_) => {
                    "the file holds 32 random bytes or their base64 and only you may read it (`chmod 600`)".to_owned()
                }
            }],
            Self::Io { .. } => {
                vec!["let this user write it, or set POCKET_HOME to another folder; see that the disk works".to_owned()]
            }
            Self::Unavailable(_) => Vec::new(),
        }
    }
}

/// What would mend TLS.
const fn without_tls(fault: TlsFault) -> &'static str {
    match fault {
        TlsFault::NotOffered => {
            "turn TLS on at the server and name the port where it speaks it; on a network that is yours alone leave it out: \
             `redis://` in place of `rediss://`, or `sslmode=disable`"
        }
        TlsFault::Untrusted => {
            "where a root of your own signed the server's certificate, name its PEM file: `[network] ca_file`"
        }
        TlsFault::OtherName => "let the URL name the server as its certificate does",
        TlsFault::Outdated => {
            "give the server a certificate that holds now, and see that this machine's clock is right"
        }
        TlsFault::Other => "see the server's log: the two agree on no way to begin TLS",
    }
}

/// How a store is begun anew.
const fn anew(store: &StorePlace) -> &'static str {
    match store {
        StorePlace::File(_) => "`pocket auth reset` puts the store aside; users then sign in again",
        StorePlace::Server(_) => "let `[store] url` name another database; users then sign in again",
    }
}

fn bring_back(place: &KeyPlace) -> String {
    match place {
        KeyPlace::Given => format!("set {place} to the key with which the store was made"),
        KeyPlace::File(_) => format!("let `[store] key_file` name the key with which the store was made: {place}"),
        KeyPlace::Keyring => "run it as the user who made the store, in a session with that keyring, and set neither \
                              `POCKET_STORE_KEY` nor `[store] key_file`"
            .to_owned(),
        KeyPlace::Home(_) => {
            format!("put {place} back from a copy, and set neither `POCKET_STORE_KEY` nor `[store] key_file`")
        }
    }
}
