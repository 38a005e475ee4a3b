//! Makes a store with its key, or opens the one that is there with the key it was made with.
//!
//! A store is made whole under another name and then renamed, so it is there with all it needs or not at all. Its file is
//! never opened but by SQLite: closing it would drop the locks that another store of this process holds on it.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, TransactionBehavior, config::DbConfig, params};
use tokio::sync::Mutex;

use super::{
    SqliteStore, aside,
    fault::{Fault, io_at, look_at},
    upgrade::upgrade,
};
use crate::{
    auth::{
        StoreError,
        store::key_record::{KeyRecord, not_a_key},
    },
    base::{
        clock::{Clock as _, SystemClock},
        files::{self, Owner},
        key::{KeyPlace, StoreKey},
        keys::Keys,
    },
};

/// `POCK`: tells a store from other SQLite files.
const APPLICATION: i64 = 0x504f_434b;
/// The newest format that is known, which is written. A store of an earlier one is brought to it when it is opened.
pub(super) const FORMAT: i64 = 2;

/// Names are bytes, so that they are compared byte by byte and may hold any. Times are milliseconds since 1970.
const STORE: &str = "
CREATE TABLE store (
    only_row  INTEGER PRIMARY KEY CHECK (only_row = 1),
    key_id    BLOB NOT NULL,
    key_check BLOB NOT NULL,
    key_place TEXT NOT NULL,
    key_path  TEXT
) STRICT;
";

/// An account's row; `owner` is empty for one that all tools share.
pub(super) const ACCOUNTS: &str = "
CREATE TABLE accounts (
    profile      BLOB NOT NULL,
    provider     BLOB NOT NULL,
    handler      BLOB NOT NULL,
    kind         TEXT NOT NULL,
    client_id    BLOB NOT NULL,
    owner        BLOB NOT NULL DEFAULT x'',
    version      INTEGER NOT NULL DEFAULT 0,
    sealed       BLOB,
    fence        INTEGER NOT NULL DEFAULT 0,
    lease_owner  BLOB,
    lease_until  INTEGER NOT NULL DEFAULT 0,
    lease_length INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (profile, provider, handler, kind, client_id, owner)
) STRICT, WITHOUT ROWID;
";

const FLOWS: &str = "
CREATE TABLE flows (
    id         BLOB NOT NULL PRIMARY KEY,
    sealed     BLOB,
    outcome    BLOB,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// What providers are still to be told.
pub(super) const REVOCATIONS: &str = "
CREATE TABLE revocations (
    id     BLOB NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
";

pub(super) fn open(path: &Path, keys: &Keys, patience: Duration) -> Result<(SqliteStore, StoreKey), StoreError> {
    let (folder, path) = private_place(path)?;
    let owner = Owner::of_new_files_in(&folder).map_err(io_at(&path))?;
    if !is_there(&path)? {
        let _lock = aside::lock(&path)?;
        if !is_there(&path)? {
            make(&folder, &path, keys, owner)?;
        }
    }
    let opened = files::check_private(&path, owner).map_err(look_at(&path))?;
    for companion in aside::companions(&path) {
        match files::check_private(&companion, owner) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(look_at(&path)(error)),
            Ok(_) | Err(_) => {}
        }
    }
    let at = |fault: Fault| fault.at(&path, patience);
    if opened.len() == 0 {
        return Err(at(Fault::Damaged("it is empty".to_owned())));
    }
    let mut connection = connect(&path, patience).map_err(at)?;
    if !ends_with_a_page(&connection, &path, opened.len()).map_err(at)? {
        return Err(at(Fault::Damaged("its end is missing".to_owned())));
    }
    let (mut record, format) = look_through(&connection, &path).map_err(at)?;
    let key = loop {
        match record.key(keys, owner, &(&*path).into()) {
            // The store may have got another key between the two looks.
            Err(error) => {
                let now = key_record(&connection).map_err(at)?;
                if now == record {
                    return Err(error);
                }
                record = now;
            }
            Ok(key) => break key,
        }
    };
    // Until here nothing was written, not even what waits in the write-ahead log.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
        .map_err(|error| at(error.into()))?;
    if format < FORMAT {
        upgrade(&mut connection).map_err(at)?;
    }
    let store = SqliteStore {
        connection: Arc::new(Mutex::new(connection)),
        path: path.into(),
        opened,
        key_id: key.id(),
        patience,
    };
    Ok((store, key))
}

/// The folder without links, made where it is not there, and the store's path in it.
fn private_place(path: &Path) -> Result<(PathBuf, PathBuf), StoreError> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    files::create_private_dir(folder).map_err(look_at(path))?;
    let folder = fs::canonicalize(folder).map_err(io_at(path))?;
    let Some(name) = path.file_name() else {
        return Err(io_at(path)(io::ErrorKind::InvalidFilename.into()));
    };
    let path = folder.join(name);
    Ok((folder, path))
}

fn is_there(path: &Path) -> Result<bool, StoreError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(io_at(path)(error)),
    }
}

/// The key first: a store without its key is worth nothing, a key without a store is used by the next one.
fn make(folder: &Path, path: &Path, keys: &Keys, owner: Owner) -> Result<(), StoreError> {
    let (key, place) = keys
        .make(owner)
        .map_err(|error| not_a_key(error, keys.place(None), &path.into()))?;
    // Left of a store that somebody deleted, these would be taken for the new one's.
    aside::put_aside_locked(path, SystemClock.now())?;
    let unfinished = tempfile::Builder::new()
        .prefix(".pocket-")
        .suffix(".sqlite")
        .tempfile_in(folder)
        .map_err(io_at(path))?
        .into_temp_path();
    fill(&unfinished, &KeyRecord::of(&key, place)).map_err(|fault| fault.at(path, Duration::ZERO))?;
    File::open(&unfinished)
        .and_then(|file| file.sync_all())
        .map_err(io_at(path))?;
    unfinished
        .persist_noclobber(path)
        .map_err(|error| io_at(path)(error.error))?;
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(io_at(path))
}

/// Makes the tables and records the key.
fn fill(file: &Path, record: &KeyRecord) -> Result<(), Fault> {
    let mut connection = connect(file, Duration::ZERO)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    // Where the file system cannot do it the old mode stays, which is as safe and only slower.
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for table in [STORE, ACCOUNTS, FLOWS, REVOCATIONS] {
        transaction.execute_batch(table)?;
    }
    let (kind, path) = record.place_parts();
    transaction.execute(
        "INSERT INTO store (only_row, key_id, key_check, key_place, key_path) VALUES (1, ?, ?, ?, ?)",
        params![record.id, record.check, kind, path],
    )?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()?;
    connection.close().map_err(|(_connection, error)| error)?;
    Ok(())
}

/// Opens a file that is there, so far without changing anything in it.
fn connect(path: &Path, patience: Duration) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(patience)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(connection)
}

/// SQLite itself takes the missing rest of a last page for zeros. Where a log waits it may well hold that page.
fn ends_with_a_page(connection: &Connection, path: &Path, length: u64) -> Result<bool, Fault> {
    let [log, _index] = aside::companions(path);
    if fs::symlink_metadata(log).is_ok_and(|log| log.len() > 0) {
        return Ok(true);
    }
    let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    Ok(u64::try_from(page).is_ok_and(|page| length.is_multiple_of(page)))
}

/// Sees that the file is a whole store of a format that we know, and reads what it records of its key.
fn look_through(connection: &Connection, path: &Path) -> Result<(KeyRecord, i64), Fault> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    if number("application_id")? != APPLICATION {
        return Err(Fault::Damaged("it is not a store of Pocket's".to_owned()));
    }
    let format = number("user_version")?;
    match format {
        1..=FORMAT => {}
        found if found > FORMAT => {
            return Err(Fault::Store(StoreError::NewerFormat {
                store: path.into(),
                found,
                known: FORMAT,
            }));
        }
        found => return Err(Fault::Damaged(format!("there is no format {found}"))),
    }
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Err(Fault::Damaged(found));
    }
    // Only now: it makes SQLite read the whole schema. Bytes that were removed do not stay in the file.
    connection.pragma_update_and_check(None, "secure_delete", true, |row| row.get::<_, i64>(0))?;
    Ok((key_record(connection)?, format))
}

/// What a store records of its key.
pub(super) fn key_record(connection: &Connection) -> Result<KeyRecord, Fault> {
    let (id, check, kind, key_path): (Vec<u8>, Vec<u8>, String, Option<String>) =
        connection.query_row("SELECT key_id, key_check, key_place, key_path FROM store", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
    let place = KeyPlace::from_parts(&kind, key_path)
        .ok_or_else(|| Fault::Damaged("it does not say where its key was kept".to_owned()))?;
    Ok(KeyRecord { id, check, place })
}
