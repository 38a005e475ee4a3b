//! One layer of settings: a file, or the environment's variables.

use std::{
    ffi::OsString,
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use crate::{
    base::nearest::nearest,
    settings::{Place, SettingsError, SettingsFile},
};

/// More than any file of settings needs. A project may come from a stranger, whose file could be one that never ends.
const LARGEST: u64 = 4 << 20;

/// A layer as it was written, not yet understood.
pub(super) struct Layer {
    path: PathBuf,
    text: String,
    table: toml::Table,
}

impl Layer {
    /// The file at `path`, or nothing where there is none.
    pub(super) fn file(path: &Path) -> Result<Option<Self>, SettingsError> {
        let Some(text) = text_of(path)? else { return Ok(None) };
        let table = text.parse::<toml::Table>().map_err(|e| not_valid(path, &text, &e))?;
        Ok(Some(Self {
            path: path.to_owned(),
            text,
            table,
        }))
    }

    /// The variables that begin with `POCKET_` and have a `__`: the others (`POCKET_HOME`) are no settings.
    pub(super) fn variables(
        variables: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>,
    ) -> Result<Option<Self>, SettingsError> {
        let mut table = toml::Table::new();
        for (name, value) in variables {
            // A name that is no UTF-8 is none of ours.
            let Ok(name) = name.into().into_string() else { continue };
            let Some(steps) = steps_of(&name) else { continue };
            let fault = |message: &str, hint: &str| SettingsError::NotValid {
                place: Place {
                    file: format!("variable {name}"),
                    line_and_column: None,
                },
                message: message.to_owned(),
                hint: Some(hint.to_owned()),
            };
            let Ok(value) = value.into().into_string() else {
                return Err(fault("its value is not UTF-8", "set it to text in UTF-8, or unset it"));
            };
            if !insert(&mut table, &steps, value) {
                return Err(fault(
                    "it sets a value where another variable sets a table",
                    "unset one of the two",
                ));
            }
        }
        Ok((!table.is_empty()).then(|| Self {
            path: PathBuf::from("POCKET_* variables"),
            text: String::new(),
            table,
        }))
    }

    /// What it says, its keys and values checked.
    pub(super) fn parsed(self) -> Result<SettingsFile, SettingsError> {
        if self.text.is_empty() {
            return SettingsFile::deserialize_table(self.table).map_err(|e| not_valid(&self.path, "", &e));
        }
        toml::from_str(&self.text).map_err(|e| not_valid(&self.path, &self.text, &e))
    }

    /// Where it stands, as a whole.
    pub(super) fn place(&self) -> Place {
        Place {
            file: shown_name(&self.path),
            line_and_column: None,
        }
    }

    /// As it was written.
    pub(super) const fn table(&self) -> &toml::Table {
        &self.table
    }

    /// Secrets that other users of the machine can read are not lost yet, so it is said and not refused.
    pub(super) fn warn_if_others_can_read(&self) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            if fs::metadata(&self.path).is_ok_and(|m| m.permissions().mode() & 0o044 != 0) {
                tracing::warn!(file = %self.path.display(), "other users can read this file of secrets: run `chmod 600` on it");
            }
        }
    }
}

/// The text of a file, or nothing where there is none.
pub(super) fn text_of(path: &Path) -> Result<Option<String>, SettingsError> {
    let unreadable = |source| SettingsError::Unreadable {
        path: path.to_owned(),
        source,
    };
    match bytes_of(path) {
        Ok(bytes) => String::from_utf8(bytes)
            .map(Some)
            .map_err(|_not_text| unreadable(io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(unreadable(e)),
    }
}

/// The content of a file that ends. Opening a pipe would wait for a writer, so it is looked at first.
pub(super) fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a plain file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        let message = format!("it has more than {LARGEST} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// Where a variable stands among the settings, if it is one.
fn steps_of(variable: &str) -> Option<Vec<String>> {
    if variable == "POCKET_STORE_KEY" {
        return Some(vec!["store".to_owned(), "key".to_owned()]);
    }
    let rest = variable.strip_prefix("POCKET_").filter(|rest| rest.contains("__"))?;
    Some(rest.split("__").map(str::to_lowercase).collect())
}

fn insert(table: &mut toml::Table, steps: &[String], value: String) -> bool {
    match steps {
        [] => false,
        [last] => table.insert(last.clone(), toml::Value::String(value)).is_none(),
        [first, rest @ ..] => {
            let entry = table
                .entry(first.clone())
                .or_insert_with(|| toml::Value::Table(toml::Table::new()));
            entry.as_table_mut().is_some_and(|inner| insert(inner, rest, value))
        }
    }
}

fn shown_name(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

fn not_valid(path: &Path, text: &str, error: &toml::de::Error) -> SettingsError {
    let line_and_column = error
        .span()
        .filter(|_span| !text.is_empty())
        .map(|span| position(text, span.start));
    SettingsError::NotValid {
        place: Place {
            file: shown_name(path),
            line_and_column,
        },
        message: message_without_values(error.message()),
        hint: hint(text, error.message()),
    }
}

fn hint(text: &str, message: &str) -> Option<String> {
    if text.lines().any(|line| line.starts_with("<<<<<<< ")) {
        return Some("solve the merge conflict in it first".to_owned());
    }
    nearest_key(message).or_else(|| {
        let wants_text = message.starts_with("invalid type: ") && message.ends_with("expected a string");
        wants_text.then(|| "write it as text, in double quotes".to_owned())
    })
}

/// Line and column, both from 1, of a byte offset.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

/// serde quotes the value it could not use, and in `.secrets.toml` that value may be a secret.
fn message_without_values(message: &str) -> String {
    let shown = message.lines().next().unwrap_or_default();
    if let Some(rest) = shown
        .strip_prefix("invalid type: ")
        .or_else(|| shown.strip_prefix("invalid value: "))
    {
        let kind = rest.split([' ', '`', '"']).next().unwrap_or_default();
        let expected = rest
            .rsplit_once(", expected ")
            .map_or("something else", |(_, expected)| expected);
        let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) {
            "an"
        } else {
            "a"
        };
        return format!("this is {article} {kind}, expected {expected}");
    }
    shown.to_owned()
}

/// The known key that an unknown one most likely meant.
fn nearest_key(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("unknown field `")?;
    let (unknown, rest) = rest.split_once('`')?;
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    Some(match nearest(unknown, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known here: {}", known.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn variables_nest_by_two_underscores_and_others_are_left_alone() {
        let layer = Layer::variables([
            ("POCKET_AUTH__SLACK__CLIENT_ID".to_owned(), "1".to_owned()),
            ("POCKET_HOME".to_owned(), "/x".to_owned()),
            ("LOG_LEVEL".to_owned(), "debug".to_owned()),
        ])
        .unwrap()
        .unwrap();
        assert_eq!(layer.table().to_string(), "[auth.slack]\nclient_id = \"1\"\n");
        assert!(
            Layer::variables([("POCKET_HOME".to_owned(), "/x".to_owned())])
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn an_unknown_key_names_its_place_and_the_nearest_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pocket.toml");
        fs::write(&path, "[limits]\ntimeot = \"3s\"\n").unwrap();
        let error = Layer::file(&path).unwrap().unwrap().parsed().unwrap_err();
        assert!(
            error.to_string().starts_with("pocket.toml:2:1: unknown field `timeot`"),
            "{error}"
        );
        assert_eq!(error.hints(), ["did you mean `timeout`?"]);
    }

    #[test]
    fn a_secret_of_the_wrong_type_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".secrets.toml");
        fs::write(&path, "[auth]\nslack = \"hunter2-planted\"\n").unwrap();
        let error = Layer::file(&path).unwrap().unwrap().parsed().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
}
