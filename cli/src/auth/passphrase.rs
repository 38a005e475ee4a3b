//! Passphrases: typed without being shown, or from a file.

use std::path::Path;

use pocket_runtime::{Code, Secret, shown_on_one_line};

use crate::{failure::Failure, terminal::Terminal};

/// How often a passphrase is typed: a new one that is mistyped would lose what it seals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Typed {
    Once,
    Twice,
}

/// The first line of the file, else what a person types.
pub(super) fn passphrase(file: Option<&Path>, typed: Typed, terminal: &Terminal) -> Result<Secret, Failure> {
    if let Some(path) = file {
        let shown = shown_on_one_line(&path.to_string_lossy());
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::said(
                Code::NotFound,
                format!("the passphrase cannot be read: `{shown}`: {error}"),
            )
        })?;
        return Ok(Secret::new(text.lines().next().unwrap_or_default()));
    }
    if !terminal.can_ask() {
        return Err(
            Failure::said(Code::Denied, "there is no terminal on which to ask for the passphrase")
                .hint("`--passphrase-file FILE` takes it from a file"),
        );
    }
    let first = ask("Passphrase:")?;
    if typed == Typed::Twice && ask("The same again:")? != first {
        return Err(Failure::said(Code::InvalidInput, "the two passphrases differ"));
    }
    Ok(first)
}

fn ask(question: &str) -> Result<Secret, Failure> {
    rpassword::prompt_password(format!("{question} "))
        .map(Secret::new)
        .map_err(|error| Failure::said(Code::Cancelled, format!("no passphrase was typed: {error}")))
}
