//! `pocket auth export`: all accounts into one file, sealed with a passphrase.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read as _},
    path::Path,
};

use pocket_runtime::{AccountStore, Code, FileMode, shown_on_one_line, write_atomic};
use serde_json::json;

use super::passphrase::{Typed, passphrase};
use crate::{args, failure::Failure, session::Place, terminal::Terminal};

/// How such a file begins.
const BEGINS: &[u8] = b"POCKETAC";

pub(crate) async fn export(args: args::Export, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let args::Export { file, passphrase_file } = args;
    let shown = shown_on_one_line(&file.to_string_lossy());
    if is_something_else(&file) {
        return Err(
            Failure::said(Code::Denied, format!("there is another file already: `{shown}`"))
                .hint("name a file that is not there"),
        );
    }
    // Before anybody types a passphrase.
    check_folder_of(&file)?;
    let session = place.open(terminal)?;
    let store = AccountStore::open(&session.settings.store, &session.settings.net, &place.home).await?;
    let passphrase = passphrase(passphrase_file.as_deref(), Typed::Twice, terminal)?;
    let exported = store.export(&passphrase).await?;
    write_atomic(&file, &exported.file, FileMode::Private).map_err(|error| {
        // The system's words name another file: it is written under another name first.
        let message = format!("the export could not be written: `{shown}`: {}", error.kind());
        match error.kind() {
            ErrorKind::PermissionDenied => {
                Failure::said(Code::Denied, message).hint("name a file in a folder that this user can write")
            }
            _other => Failure::said(Code::Internal, message),
        }
    })?;
    for left_out in &exported.left_out {
        terminal.say(format_args!("left out: {}", shown_on_one_line(left_out)));
    }
    let accounts = exported.accounts;
    terminal.done(format_args!("{} in `{shown}`", counted(accounts)));
    if !terminal.is_json() && accounts > 0 {
        terminal.say(
            "Use them in one store from now on: where a provider rotates its tokens, a second one would end them.",
        );
    }
    if terminal.is_json() {
        terminal.value(&json!({ "file": file, "accounts": accounts, "left_out": exported.left_out }));
    }
    Ok(())
}

pub(super) fn counted(accounts: usize) -> String {
    match accounts {
        1 => "1 account".to_owned(),
        many => format!("{many} accounts"),
    }
}

/// A file can only be made in a folder that is there.
fn check_folder_of(file: &Path) -> Result<(), Failure> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let Some(folder) = folder.filter(|folder| !folder.is_dir()) else {
        return Ok(());
    };
    let folder = shown_on_one_line(&folder.to_string_lossy());
    let message = format!("the folder for the export is not there: `{folder}`");
    Err(Failure::said(Code::NotFound, message).hint("make it first, or name a file in one that is there"))
}

/// A file that is there and is no export would be lost.
fn is_something_else(path: &Path) -> bool {
    if fs::symlink_metadata(path).is_err() {
        return false;
    }
    let mut begins = [0; 8];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut begins));
    read.is_err() || begins != BEGINS
}
