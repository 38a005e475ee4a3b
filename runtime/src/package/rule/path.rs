//! A path, decoded once, and the paths that a rule matches.

use std::fmt::Write as _;

/// The path decoded once, when every server reads it in the same way. None when it could be read in two.
///
/// That is so where it has an empty, `.` or `..` segment (also encoded), a backslash, a `;` (parameters of a segment, which
/// some servers cut off), an encoded slash, backslash, `%` or control character, or an encoding that is broken or gives
/// no UTF-8 (which some servers read as another character).
pub(super) fn plain(path: &str) -> Option<String> {
    let inner = path.strip_prefix('/')?;
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let high = char::from(rest.next()?).to_digit(16)?;
        let low = char::from(rest.next()?).to_digit(16)?;
        let byte = u8::try_from(high * 16 + low).ok()?;
        if matches!(byte, b'/' | b'%') {
            return None;
        }
        bytes.push(byte);
    }
    let plain = String::from_utf8(bytes).ok()?;
    let segments = plain.strip_prefix('/')?.split('/');
    let ambiguous = plain.chars().any(|c| matches!(c, '\\' | ';') || c.is_control())
        || segments.clone().any(|segment| matches!(segment, "." | ".."))
        || inner.starts_with('/')
        || inner.contains("//");
    (!ambiguous).then_some(plain)
}

/// The paths that a rule matches. Both are decoded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Paths {
    /// One.
    Exact(String),
    /// Everything that begins with this, which ends in a slash.
    Below(String),
}

/// Why a text is not [`Paths`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotPaths {
    Asterisk,
    Ambiguous,
}

impl Paths {
    pub(super) fn parse(text: &str) -> Result<Self, NotPaths> {
        let (fixed, below) = match text.strip_suffix("/*") {
            // The slash stays: the rule matches what is below it.
            Some(_) => (&text[..text.len() - 1], true),
            None => (text, false),
        };
        if fixed.contains('*') {
            return Err(NotPaths::Asterisk);
        }
        let plain = plain(fixed).ok_or(NotPaths::Ambiguous)?;
        Ok(if below { Self::Below(plain) } else { Self::Exact(plain) })
    }

    /// `path` is decoded.
    pub(super) fn matches(&self, path: &str) -> bool {
        match self {
            Self::Exact(exact) => path == exact,
            Self::Below(prefix) => path.starts_with(prefix),
        }
    }

    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Exact(path)) => self.matches(path),
            (Self::Exact(_), Self::Below(_)) => false,
            (Self::Below(prefix), Self::Below(narrower)) => narrower.starts_with(prefix),
        }
    }

    /// What both match: one of the two, as paths form a tree.
    pub(super) fn in_both(&self, other: &Self) -> Option<Self> {
        if self.covers(other) {
            Some(other.clone())
        } else if other.covers(self) {
            Some(self.clone())
        } else {
            None
        }
    }

    /// As a rule writes it, which parses to the same.
    pub(super) fn text(&self) -> String {
        let (plain, end) = match self {
            Self::Exact(path) => (path, ""),
            Self::Below(prefix) => (prefix, "*"),
        };
        let mut text = String::with_capacity(plain.len() + 1);
        for byte in plain.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~!$&'()+,=:@/".contains(&byte) {
                text.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(text, "%{byte:02X}");
            }
        }
        text + end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_decoded_once() {
        for (sent, form) in [
            ("/", "/"),
            ("/a/b", "/a/b"),
            ("/a/", "/a/"),
            ("/%61%2Db", "/a-b"),
            ("/a%20b", "/a b"),
            ("/caf%C3%A9", "/café"),
            ("/a/...", "/a/..."),
            ("/a.b/.c", "/a.b/.c"),
            ("/a:b@c", "/a:b@c"),
        ] {
            assert_eq!(plain(sent).as_deref(), Some(form), "{sent}");
        }
    }

    #[test]
    fn a_path_that_could_be_read_in_two_ways_has_no_plain_form() {
        for sent in [
            "",
            "a",
            "*",
            "//",
            "//a",
            "/a//b",
            "/a//",
            "/.",
            "/..",
            "/a/.",
            "/a/../b",
            "/%2e",
            "/a/%2E%2e/b",
            "/.%2e/a",
            "/a;b",
            "/a/..;/b",
            "/a%3Bb",
            "/a\\b",
            "/a%5Cb",
            "/a%5cb",
            "/a%2Fb",
            "/a%2fb",
            "/a%25b",
            "/%252e%252e/",
            "/a%00",
            "/a%0d%0aX",
            "/a%7F",
            "/a%C2%85",
            "/a%",
            "/a%4",
            "/a%zz",
            "/a%+1",
            "/%C0%AE%C0%AE/",
            "/a%FF",
        ] {
            assert_eq!(plain(sent), None, "{sent}");
        }
    }
}
