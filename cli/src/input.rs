//! The input of a call, as typed.

use std::{collections::BTreeMap, io::Read as _};

use pocket_runtime::{Code, Input};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;

use crate::failure::Failure;

/// What is read from a file or from standard input at most: what no call takes is not read to its end.
const MOST: u64 = 64 << 20;

/// The input: JSON, `@FILE`, `-`, or nothing, with fields set.
pub(crate) fn input(written: Option<&str>, set: &[String]) -> Result<Input, Failure> {
    let text = match written {
        None => "{}".to_owned(),
        Some("-") => read(std::io::stdin().lock(), "standard input")?,
        Some(text) => match text.strip_prefix('@') {
            Some(path) => {
                let file = std::fs::File::open(path).map_err(|error| {
                    Failure::said(Code::NotFound, format!("cannot read the input: {error}: `{path}`"))
                        .hint("`@FILE` reads the input from a file, `-` from standard input")
                })?;
                read(file, path)?
            }
            None => text.to_owned(),
        },
    };
    if set.is_empty() {
        return Ok(Input::Text(text));
    }
    // As they are written: a value that was parsed might have lost digits.
    let read = Input::parse(&text)?;
    let mut fields: BTreeMap<String, Box<RawValue>> = match read {
        serde_json::Value::Object(_) => raw(&text)?,
        _other => {
            return Err(Failure::usage(
                "`--set` sets a field of an object, and the input is none",
            ));
        }
    };
    for assignment in set {
        let (field, text) = assignment
            .split_once('=')
            .ok_or_else(|| Failure::usage(format!("write `--set FIELD=VALUE`: `{assignment}`")))?;
        let value = match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => {
                Input::parse(text)?;
                raw(text)?
            }
            Err(_not_json) => raw(&serde_json::Value::from(text).to_string())?,
        };
        fields.insert(field.to_owned(), value);
    }
    Ok(Input::Text(
        serde_json::to_string(&fields).map_err(anyhow::Error::from)?,
    ))
}

/// Reads what was found to be JSON before.
fn raw<T: DeserializeOwned>(json: &str) -> Result<T, Failure> {
    Ok(serde_json::from_str(json).map_err(anyhow::Error::from)?)
}

fn read(from: impl std::io::Read, name: &str) -> Result<String, Failure> {
    let mut text = String::new();
    from.take(MOST).read_to_string(&mut text).map_err(|error| {
        Failure::said(Code::InvalidInput, format!("cannot read the input: {error}: `{name}`"))
            .hint("the input is JSON text, UTF-8")
    })?;
    Ok(text)
}
