//! A place in a JSON reply.

use std::{fmt, str::FromStr};

/// A JSON pointer (RFC 6901) to a value inside an object: `/authed_user/access_token`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pointer(String);

/// Why a text is not a [`Pointer`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAPointer {
    /// It does not begin with `/`, or is only that.
    #[error("a place in a reply is a JSON pointer such as `/access_token`: `{0}`")]
    Form(String),
    /// A `~` that stands neither before `0` nor before `1`.
    #[error("in a JSON pointer `~` is written `~0`: `{0}`")]
    Escape(String),
}

impl Pointer {
    /// The top-level member of that name.
    pub(crate) fn member(name: &str) -> Self {
        Self(format!("/{}", name.replace('~', "~0").replace('/', "~1")))
    }

    /// The value there.
    pub(crate) fn find<'a>(&self, value: &'a serde_json::Value) -> Option<&'a serde_json::Value> {
        value.pointer(&self.0).filter(|found| !found.is_null())
    }
}

impl FromStr for Pointer {
    type Err = NotAPointer;

    fn from_str(text: &str) -> Result<Self, NotAPointer> {
        if text.len() < 2 || !text.starts_with('/') || text.chars().any(char::is_control) {
            return Err(NotAPointer::Form(text.escape_debug().to_string()));
        }
        let escapes_are_right = text
            .split('~')
            .skip(1)
            .all(|after| after.starts_with('0') || after.starts_with('1'));
        if escapes_are_right {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAPointer::Escape(text.to_owned()))
        }
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_pointer_finds_what_is_there_and_takes_null_for_nothing() {
        let reply = json!({ "authed_user": { "access_token": "t", "scope": null }, "a/b": 1 });
        let find = |text: &str| text.parse::<Pointer>().unwrap().find(&reply).cloned();
        assert_eq!(find("/authed_user/access_token"), Some(json!("t")));
        assert_eq!(find("/authed_user/scope"), None);
        assert_eq!(find("/nobody/access_token"), None);
        assert_eq!(Pointer::member("a/b").find(&reply), Some(&json!(1)));
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        for text in ["", "/", "access_token", "/a~", "/a~2", "/a\nb"] {
            assert!(text.parse::<Pointer>().is_err(), "{text}");
        }
    }
}
