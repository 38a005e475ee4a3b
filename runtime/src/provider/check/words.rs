//! Names, words, days, places in a reply.

use crate::{
    base::text::{is_invisible, shown_on_one_line},
    provider::{Pointer, check::Fault},
};

/// A name in manifests and settings: lower case, so that it reads the same in every case it is written in.
pub(in crate::provider) fn name(key: &str, text: &str) -> Result<(), Fault> {
    let first_is_right = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let all_are_right = text
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'));
    if first_is_right && all_are_right && text.len() <= 64 {
        return Ok(());
    }
    Err(Fault::new(format!(
        "{key}: a name has 1 to 64 of `a-z 0-9 - _` and begins with a letter or digit: `{}`",
        shown_on_one_line(text)
    )))
}

/// Words for people.
pub(in crate::provider) fn words(key: &str, text: &str) -> Result<String, Fault> {
    if text.trim().is_empty() || text.chars().any(is_invisible) || text.len() > 1024 {
        return Err(Fault::new(format!(
            "`{key}`: words on one line, at most 1024 bytes: `{}`",
            shown_on_one_line(text)
        )));
    }
    Ok(text.to_owned())
}

/// The name of an environment variable.
pub(in crate::provider) fn variable(text: &str) -> Result<String, Fault> {
    let is_name = text.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && text.len() <= 128
        && text
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    if !is_name || text.starts_with("POCKET_") {
        return Err(Fault::new(format!(
            "`variables`: a name has only `A-Z 0-9 _`, and does not begin with a digit or `POCKET_`: `{}`",
            shown_on_one_line(text)
        )));
    }
    Ok(text.to_owned())
}

/// A place in a reply.
pub(in crate::provider) fn pointer(key: &str, text: &str) -> Result<Pointer, Fault> {
    text.parse::<Pointer>()
        .map_err(|error| Fault::new(format!("`{key}`: {error}")))
}

/// A day: `2026-11-23`.
pub(in crate::provider) fn day(key: &str, text: &str) -> Result<String, Fault> {
    let form = time::macros::format_description!("[year]-[month]-[day]");
    match time::Date::parse(text, form) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(Fault::new(format!(
            "`{key}`: a day is written as `2026-11-23`: `{}`",
            shown_on_one_line(text)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_have_names_that_every_shell_takes() {
        for good in ["SLACK_BOT_TOKEN", "_X", "A1"] {
            assert!(variable(good).is_ok(), "{good}");
        }
        for bad in ["", "1A", "slack", "A-B", "A=B", "POCKET_HOME", "A\0"] {
            assert!(variable(bad).is_err(), "{bad}");
        }
    }
}
