//! One layer of settings: a file, or the environment's variables.

use std::{
    ffi::OsString,
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use crate::{
    base::word::key_of,
    settings::{
        Place, SettingsError, SettingsFile,
        wording::{hint, message_without_values, position},
    },
};

/// More than any file of settings needs. A project may come from a stranger, whose file could be one that never ends.
const LARGEST: u64 = 4 << 20;

/// A layer as it was written, not yet understood.
pub(super) struct Layer {
    path: PathBuf,
    /// Of a file; empty of variables.
    text: String,
    table: toml::Table,
    /// Where each variable stands among the settings, and its name.
    variables: Vec<(Vec<String>, String)>,
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
            variables: Vec::new(),
        }))
    }

    /// The variables that begin with `POCKET_` and have a `__`: the others (`POCKET_HOME`) are no settings.
    pub(super) fn variables(
        variables: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>,
    ) -> Result<Option<Self>, SettingsError> {
        let (mut table, mut set) = (toml::Table::new(), Vec::new());
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
            set.push((steps, name));
        }
        Ok((!table.is_empty()).then(|| Self {
            path: PathBuf::from("POCKET_* variables"),
            text: String::new(),
            table,
            variables: set,
        }))
    }

    /// What it says, its keys and values checked.
    pub(super) fn parsed(&self) -> Result<SettingsFile, SettingsError> {
        if !self.text.is_empty() {
            return toml::from_str(&self.text).map_err(|e| not_valid(&self.path, &self.text, &e));
        }
        SettingsFile::deserialize_table(self.table.clone()).map_err(|error| SettingsError::NotValid {
            place: self.place_of_fault(&error),
            message: message_without_values(error.message()),
            hint: hint("", error.message()),
        })
    }

    /// The variables that a fault is of.
    fn place_of_fault(&self, error: &toml::de::Error) -> Place {
        let printed = error.to_string();
        let unknown = error.message().strip_prefix("unknown field `");
        let unknown = unknown.and_then(|rest| Some(rest.split_once('`')?.0));
        let path: Vec<&str> = key_of(&printed)
            .into_iter()
            .flat_map(|key| key.split('.'))
            .chain(unknown)
            .collect();
        self.place_of(&path).unwrap_or_else(|| self.place())
    }

    /// Where a key stands, or a table, if this layer has it: in a file its line, else the variables that set it.
    pub(super) fn place_of(&self, path: &[&str]) -> Option<Place> {
        if !self.text.is_empty() {
            return Some(Place {
                file: shown_name(&self.path),
                line_and_column: Some(position(&self.text, offset_of(&self.text, path)?)),
            });
        }
        let is_in_it = |steps: &[String]| {
            steps
                .iter()
                .map(String::as_str)
                .take(path.len())
                .eq(path.iter().copied())
        };
        let names = self.variables.iter().filter(|(steps, _name)| is_in_it(steps));
        let names: Vec<&str> = names.map(|(_steps, name)| name.as_str()).collect();
        let file = match names.as_slice() {
            [] => return None,
            [name] => format!("variable {name}"),
            several => format!("variables {}", several.join(", ")),
        };
        Some(Place {
            file,
            line_and_column: None,
        })
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

    /// Secrets that other users of the machine can read are not lost yet, so it is said and not refused. Who can change them can
    /// have people sign in to a client of his own.
    pub(super) fn warn_if_others_reach_it(&self) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let us = rustix::process::geteuid().as_raw();
            let file = fs::metadata(&self.path).ok();
            if let Some(reach) = file.and_then(|file| reach_of_others(file.mode(), file.uid(), us)) {
                tracing::warn!(file = %self.path.display(), "{reach}");
            }
        }
    }
}

/// What others than `us` can do with a file of secrets, and what would end it. Root can do all of it anyway.
#[cfg(unix)]
fn reach_of_others(mode: u32, owner: u32, us: u32) -> Option<&'static str> {
    if owner != us && owner != 0 {
        return Some(
            "this file of secrets is another user's, who can read and change it: put one of your own in its place",
        );
    }
    match (mode & 0o044 != 0, mode & 0o022 != 0) {
        (false, false) => None,
        (true, false) => Some("other users can read this file of secrets: run `chmod 600` on it"),
        (false, true) => Some("other users can change this file of secrets: run `chmod 600` on it"),
        (true, true) => Some("other users can read and change this file of secrets: run `chmod 600` on it"),
    }
}

/// Where the topmost of the layers that have a key has it.
pub(super) fn place_in(layers: &[Layer], path: &[&str]) -> Option<Place> {
    layers.iter().rev().find_map(|layer| layer.place_of(path))
}

/// Where in a file the last key of this path begins.
fn offset_of(text: &str, path: &[&str]) -> Option<usize> {
    let (last, tables) = path.split_last()?;
    let mut table = toml::de::DeTable::parse(text).ok()?.into_inner();
    for key in tables {
        let (_key, value) = table.into_iter().find(|(is, _value)| is.get_ref() == key)?;
        table = match value.into_inner() {
            toml::de::DeValue::Table(inner) => inner,
            _no_table => return None,
        };
    }
    let (key, _value) = table.iter().find(|(is, _value)| is.get_ref() == last)?;
    Some(key.span().start)
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

    #[test]
    fn a_fault_in_a_variable_names_the_variable() {
        for (name, value, says) in [
            ("POCKET_CALLBACK__PORT", "99999", "expected a port from 1 to 65535"),
            ("POCKET_RENEWALS__AT_ONCE", "0", "expected a number from 1 to 65535"),
            ("POCKET_LIMITS__TIMEOT", "3s", "unknown field `timeot`"),
            ("POCKET_ATUH__SLACK__CLIENT_ID", "a", "unknown field `atuh`"),
            ("POCKET_LIMITS__TIMEOUT__X", "3s", "this is a table, expected a string"),
            (
                "POCKET_STORE__KEYRING",
                "on",
                "this is no word that is known here, expected `auto` or `off`",
            ),
        ] {
            // The other one is right.
            let both = [("POCKET_LIMITS__MEMORY", "64MiB"), (name, value)];
            let error = Layer::variables(both).unwrap().unwrap().parsed().unwrap_err();
            let begins = format!("variable {name}: {says}");
            assert!(error.to_string().starts_with(&begins), "{error}");
        }
        let two = ["POCKET_PROVIDERS__ACME__TITLE", "POCKET_PROVIDERS__ACME__HOSTS"].map(|name| (name, "a"));
        let layer = Layer::variables(two).unwrap().unwrap();
        let place = layer.place_of(&["providers", "acme"]).unwrap().to_string();
        assert_eq!(
            place,
            "variables POCKET_PROVIDERS__ACME__TITLE, POCKET_PROVIDERS__ACME__HOSTS"
        );
        assert!(layer.place_of(&["providers", "other"]).is_none());
    }

    #[test]
    fn a_word_that_is_not_known_is_told_without_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".secrets.toml");
        fs::write(&path, "[auth.slack]\ntoken = \"xoxb-hunter2-planted\"\n").unwrap();
        let error = Layer::file(&path).unwrap().unwrap().parsed().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        assert!(error.to_string().ends_with("expected `bot` or `user`"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn others_reach_a_file_of_secrets_by_its_mode_or_as_its_owner() {
        for (mode, owner, says) in [
            (0o100_600, 7, None),
            (0o100_600, 0, None),
            (0o100_711, 7, None),
            (0o100_600, 8, Some("another user's")),
            (0o100_640, 7, Some("can read this")),
            (0o100_604, 0, Some("can read this")),
            (0o100_620, 7, Some("can change this")),
            (0o100_602, 7, Some("can change this")),
            (0o100_666, 7, Some("can read and change this")),
        ] {
            let reach = reach_of_others(mode, owner, 7);
            let is_said = match (reach, says) {
                (Some(reach), Some(says)) => reach.contains(says),
                (reach, says) => reach == says,
            };
            assert!(is_said, "{mode:o} {owner}: {reach:?}");
        }
    }
}
