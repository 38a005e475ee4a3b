//! `pocket.lock`.

use crate::{
    base::quantity,
    install::fuzzed::{Kept, Refused, parse},
};

/// The bytes of a `pocket.lock`: what is read is written as something that is read as the same, keeps every field that was
/// there, and what was added by hand is refused.
///
/// # Panics
/// Where that does not hold.
pub fn lockfile(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let kept = match parse(text) {
        Ok(kept) => kept,
        Err(refused) => return check_refusal(text, &refused),
    };
    let written = kept.written();
    let again = reread(&written);
    assert_eq!(again, kept, "{written}");
    assert_eq!(again.written(), written);
    kept.check_grants();

    let table = |text: &str| -> toml::Table { toml::from_str(text).expect("what was read is TOML") };
    assert_kept("", &table(text), &table(&written));
    check_edits(&kept, &written);
}

fn reread(written: &str) -> Kept {
    parse(written).unwrap_or_else(|refused| panic!("what was written is refused: {refused:?}\n{written}"))
}

fn check_refusal(text: &str, refused: &Refused) {
    assert!(!refused.shown.is_empty());
    let Some((line, column)) = refused.place else { return };
    let found = line.checked_sub(1).and_then(|at| text.split('\n').nth(at));
    let length = found
        .unwrap_or_else(|| panic!("there is no line {line}: {refused:?}"))
        .chars()
        .count();
    assert!(
        (1..=length + 1).contains(&column),
        "there is no column {column}: {refused:?}"
    );
}

/// Every field of the one stands in the other, as far as it says something.
fn assert_kept(path: &str, read: &toml::Table, written: &toml::Table) {
    for (key, value) in read {
        let path = format!("{path}.{key}");
        match written.get(key) {
            Some(other) => assert_value_kept(&path, value, other),
            None => assert!(says_nothing(value), "{path} is lost: {value}"),
        }
    }
}

fn assert_value_kept(path: &str, read: &toml::Value, written: &toml::Value) {
    use toml::Value;
    match (read, written) {
        (Value::Table(read), Value::Table(written)) => assert_kept(path, read, written),
        (Value::Array(read), Value::Array(written)) => {
            for item in read {
                let kept = written.iter().any(|other| match (item, other) {
                    (Value::Table(item), Value::Table(other)) => item
                        .iter()
                        .all(|(key, value)| other.get(key) == Some(value) || says_nothing(value)),
                    (item, other) => item == other,
                });
                assert!(kept, "{path} has lost {item}");
            }
        }
        (Value::String(read), Value::String(written)) => {
            // Digits of digests and names of providers are read in either case, folders with a slash at their end.
            let normal = |text: &str| text.trim_end_matches('/').to_lowercase();
            assert!(
                normal(read) == normal(written) || is_one_quantity(read, written),
                "{path} was {read} and is {written}"
            );
        }
        (read, written) => assert_eq!(read, written, "{path}"),
    }
}

/// A quantity may have leading zeros, or another unit: `08s` and `8s`, `1024MiB` and `1GiB`.
fn is_one_quantity(read: &str, written: &str) -> bool {
    let durations = (quantity::duration(read), quantity::duration(written));
    let bytes = (quantity::bytes(read), quantity::bytes(written));
    matches!(durations, (Ok(read), Ok(written)) if read == written)
        || matches!(bytes, (Ok(read), Ok(written)) if read == written)
}

/// Whether a field means the same as its absence.
fn says_nothing(value: &toml::Value) -> bool {
    match value {
        toml::Value::Boolean(value) => !value,
        toml::Value::Array(items) => items.is_empty(),
        toml::Value::Table(fields) => fields.is_empty(),
        _other => false,
    }
}

/// What somebody adds by hand.
fn check_edits(kept: &Kept, written: &str) {
    let refused = |edited: &str| assert!(parse(edited).is_err(), "an edit is lost:\n{edited}");
    refused(&format!("{written}\nnot-a-field = 1\n"));
    refused(&written.replacen("version = 1\n", "version = 1\nnot-a-field = 1\n", 1));
    refused(&written.replacen("version = 1\n", "version = 2\n", 1));
    refused(&format!("{written}<<<<<<< HEAD\n"));
    for name in kept.names() {
        refused(&format!("{written}\n[tools.{name}]\nsource = \"./other\"\n"));
        refused(&format!("{written}\n[tools.\"{name} \"]\nsource = \"./other\"\n"));
    }
}
