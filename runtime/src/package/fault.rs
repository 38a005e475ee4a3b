//! What is wrong with a package, told so that its author can mend it.

use std::fmt;

use crate::base::text::shown_on_one_line;

/// Why a folder is not a package: every fault that was found in it.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub struct PackageError {
    /// In the order of the file.
    pub faults: Vec<Fault>,
}

/// One thing that is wrong with a package.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Fault {
    /// The file, relative to the package: `pocket.json`.
    pub file: String,
    /// Line and column of the place, counted from 1, in characters.
    pub place: Option<(u32, u32)>,
    /// The JSON path of the place: `auth.scopes[1]`.
    pub path: Option<String>,
    /// What is wrong, ending in what was found.
    pub message: String,
    /// What would mend it.
    pub hint: Option<String>,
    /// Whether the package can be used all the same.
    pub severity: Severity,
}

/// Whether a package with a fault can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// No.
    Error,
    /// Yes; its author may want to know.
    Warning,
    /// Yes; nothing is wrong.
    Note,
}

impl PackageError {
    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> crate::Code {
        crate::Code::NotValid
    }

    /// What would mend it, each in a sentence.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        let mut hints: Vec<String> = Vec::new();
        for hint in self.faults.iter().filter_map(|fault| fault.hint.as_ref()) {
            if !hints.contains(hint) {
                hints.push(hint.clone());
            }
        }
        hints
    }
}

/// One fault a line; the hints are told apart, by [`PackageError::hints`].
impl fmt::Display for PackageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.faults.as_slice() {
            [one] => write!(f, "the package is not valid: {one}"),
            many => {
                write!(f, "the package is not valid: {} faults", many.len())?;
                many.iter().try_for_each(|fault| write!(f, "\n{fault}"))
            }
        }
    }
}

/// `pocket.json:3:14: auth.scopes[1]: message`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        if let Some(path) = &self.path {
            write!(f, ": {path}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl Fault {
    /// A fault of a whole file that keeps the package from being used.
    pub(crate) fn of_file(file: &str, message: impl Into<String>, hint: Option<&str>) -> Self {
        Self {
            file: shortened(file),
            place: None,
            path: None,
            message: message.into(),
            hint: hint.map(str::to_owned),
            severity: Severity::Error,
        }
    }

    pub(crate) fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Whether it keeps the package from being used.
    pub(crate) const fn is_error(&self) -> bool {
        match self.severity {
            Severity::Error => true,
            Severity::Warning | Severity::Note => false,
        }
    }
}

/// Text from a package as errors show it: invisible characters escaped, on one line, at most 80 characters of it.
pub(crate) fn shortened(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    shown_on_one_line(&short)
}

/// A few names of many, each short.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 5;
    let mut names = names.into_iter();
    let mut shown: Vec<String> = names
        .by_ref()
        .take(MOST)
        .map(|name| format!("`{}`", shortened(name)))
        .collect();
    let rest = names.count();
    if rest > 0 {
        shown.push(format!("and {rest} more"));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(message: &str, hint: Option<&str>) -> Fault {
        Fault {
            place: Some((3, 14)),
            path: Some("auth.scopes[1]".to_owned()),
            ..Fault::of_file("pocket.json", message, hint)
        }
    }

    #[test]
    fn an_error_lists_its_faults_with_place_and_path() {
        let one = PackageError {
            faults: vec![fault("a string is expected: found `1`", None)],
        };
        assert_eq!(
            one.to_string(),
            "the package is not valid: pocket.json:3:14: auth.scopes[1]: a string is expected: found `1`"
        );
        let two = PackageError {
            faults: vec![fault("one", Some("Do this.")), fault("two", Some("Do this."))],
        };
        assert_eq!(
            two.to_string(),
            "the package is not valid: 2 faults\npocket.json:3:14: auth.scopes[1]: one\npocket.json:3:14: auth.scopes[1]: two"
        );
        assert_eq!(two.hints(), ["Do this."]);
    }

    #[test]
    fn long_and_many_names_are_cut() {
        let long = "x".repeat(10_000);
        assert_eq!(shortened(&long).chars().count(), 81);
        let names = [long.as_str(), "b\u{202e}", "c", "d", "e", "f", "g"];
        assert!(
            listed(names).ends_with("`b\\u{202e}`, `c`, `d`, `e`, and 2 more"),
            "{}",
            listed(names)
        );
    }
}
