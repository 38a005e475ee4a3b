//! `pocket auth import`: the accounts of an export into this store.

use pocket_runtime::{AccountStore, Code, ImportMode, ImportStep, Imported, shown_on_one_line};
use serde_json::json;

use super::{
    export::counted,
    passphrase::{Typed, passphrase},
};
use crate::{args, failure::Failure, session::Place, table::Table, terminal::Terminal};

/// More than a hundred thousand accounts take.
const LARGEST: u64 = 1 << 30;

pub(crate) async fn import(args: args::Import, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let args::Import {
        file,
        passphrase_file,
        replace,
        dry_run,
    } = args;
    let mode = match (dry_run, replace) {
        (true, _) => ImportMode::Show,
        (false, true) => ImportMode::Replace,
        (false, false) => ImportMode::Keep,
    };
    let shown = shown_on_one_line(&file.to_string_lossy());
    let unread = |why: String| Failure::said(Code::NotFound, format!("the export cannot be read: `{shown}`: {why}"));
    let length = std::fs::metadata(&file).map_err(|error| unread(error.to_string()))?;
    if !length.is_file() || length.len() > LARGEST {
        return Err(unread("it is no plain file, or too large".to_owned()));
    }
    let bytes = std::fs::read(&file).map_err(|error| unread(error.to_string()))?;
    let session = place.open(terminal)?;
    let store = AccountStore::open(&session.settings.store, &session.settings.net, &place.home).await?;
    let passphrase = passphrase(passphrase_file.as_deref(), Typed::Once, terminal)?;
    let imported = store.import(bytes, &passphrase, mode).await?;
    if terminal.is_json() {
        terminal.value(&json!({ "accounts": imported, "dry_run": dry_run }));
        return Ok(());
    }
    if !imported.is_empty() {
        let mut table = Table::new(["PROFILE", "PROVIDER", "HANDLER", "WHO", "DONE"]);
        for account in &imported {
            table.row(row(account, mode));
        }
        terminal.data(table);
    }
    let written = imported.iter().filter(|account| is_written(account.done)).count();
    let kept = imported.iter().filter(|account| is_kept(account.done)).count();
    match mode {
        ImportMode::Show => terminal.say(format_args!("{} would be written", counted(written))),
        ImportMode::Keep | ImportMode::Replace => terminal.done(format_args!("{} written", counted(written))),
    }
    if kept > 0 && mode != ImportMode::Replace {
        terminal.say("`--replace` writes over those that were kept.");
    }
    Ok(())
}

fn row(account: &Imported, mode: ImportMode) -> [String; 5] {
    [
        shown_on_one_line(&account.profile),
        shown_on_one_line(&account.provider),
        match &account.tool {
            Some(tool) => format!("{} (only `{tool}`)", shown_on_one_line(&account.handler)),
            None => shown_on_one_line(&account.handler),
        },
        shown_on_one_line(account.identity.as_deref().unwrap_or("-")),
        in_words(account.done, mode).to_owned(),
    ]
}

const fn is_written(step: ImportStep) -> bool {
    matches!(step, ImportStep::Added | ImportStep::Replaced)
}

const fn is_kept(step: ImportStep) -> bool {
    matches!(
        step,
        ImportStep::KeptReady | ImportStep::KeptNewer | ImportStep::KeptBusy
    )
}

const fn in_words(step: ImportStep, mode: ImportMode) -> &'static str {
    match (step, mode) {
        (ImportStep::Added, ImportMode::Show) => "would be added",
        (ImportStep::Replaced, ImportMode::Show) => "would be replaced",
        (ImportStep::Added, _) => "added",
        (ImportStep::Replaced, _) => "replaced",
        (ImportStep::KeptReady, _) => "kept: signed in here",
        (ImportStep::KeptNewer, _) => "kept: newer here",
        (ImportStep::KeptBusy, _) => "kept: being renewed here",
        (ImportStep::Same, _) => "the same here",
        _later => "kept",
    }
}
