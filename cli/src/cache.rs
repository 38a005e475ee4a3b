//! `pocket cache`: what is kept to save time.

use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use crate::{args, failure::Failure, session::Place, terminal::Terminal};

pub(crate) fn cache(args: args::Cache, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let folder = place.home.cache();
    match args {
        args::Cache::Show => {
            let bytes = size(folder);
            if terminal.is_json() {
                terminal.value(&json!({ "folder": folder, "bytes": bytes }));
            } else {
                terminal.data(format_args!("{}  {} KiB", folder.display(), bytes.div_ceil(1024)));
            }
        }
        args::Cache::Clean => {
            let bytes = size(folder);
            for part in ["git", "packages", "compiled"] {
                clean(&folder.join(part))?;
            }
            terminal.done(format_args!("deleted {} KiB", bytes.div_ceil(1024)));
            if terminal.is_json() {
                terminal.value(&json!({ "deleted_bytes": bytes }));
            }
        }
    }
    Ok(())
}

fn clean(folder: &Path) -> Result<(), Failure> {
    match std::fs::remove_dir_all(folder) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => {
            Err(anyhow::Error::from(error)).with_context(|| format!("cannot delete `{}`", folder.display()))?
        }
    }
}

fn size(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    entries
        .filter_map(Result::ok)
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => size(&entry.path()),
            Ok(_) => entry.metadata().map_or(0, |metadata| metadata.len()),
            Err(_) => 0,
        })
        .sum()
}
