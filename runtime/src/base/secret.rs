//! A value that must not be shown.

use std::{
    fmt,
    io::{self, Read, Write},
};

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// A token, password or key.
///
/// It has no `Display`, its `Debug` shows nothing, it is compared in constant time and wiped when dropped.
/// [`Secret::expose`] is the only way to the value.
///
/// ```
/// use pocket_runtime::Secret;
///
/// let token = Secret::new("xoxb-1");
/// assert_eq!(format!("{token:?}"), "Secret(..)");
/// assert_eq!(token.expose(), "xoxb-1");
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the value over.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// The value itself, for the one place that has to send or store it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl<'de> serde::Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// Bytes with a secret among them, such as a message that carries one: wiped when dropped, and where they lay before they grew.
///
/// Its `Debug` shows nothing.
#[derive(Default)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

/// What is read at once.
const PIECE: usize = 4 << 10;

impl SecretBytes {
    /// A value as JSON.
    ///
    /// # Errors
    /// When it cannot be written so.
    pub fn json(value: &impl serde::Serialize) -> io::Result<Self> {
        let mut bytes = Self::default();
        serde_json::to_writer(&mut bytes, value)?;
        Ok(bytes)
    }

    /// A line, with the line feed at its end where there is one; what follows it may be read and is dropped. No more is read than `most`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read_line(mut from: impl Read, most: usize) -> io::Result<Self> {
        let mut line = Self::default();
        let mut piece = Zeroizing::new([0; PIECE]);
        while line.0.len() < most {
            let room = PIECE.min(most - line.0.len());
            let read = match from.read(&mut piece[..room]) {
                Ok(read) => &piece[..read],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let end = read.iter().position(|byte| *byte == b'\n');
            line.push(end.map_or(read, |end| &read[..=end]));
            if read.is_empty() || end.is_some() {
                break;
            }
        }
        Ok(line)
    }

    /// These bytes after the others.
    pub fn push(&mut self, more: &[u8]) {
        if self.0.capacity() - self.0.len() < more.len() {
            let room = (self.0.len() + more.len()).max(self.0.capacity() * 2);
            let mut grown = Zeroizing::new(Vec::with_capacity(room));
            grown.extend_from_slice(&self.0);
            self.0 = grown;
        }
        self.0.extend_from_slice(more);
    }

    /// The bytes themselves, for whoever has to send or read them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

/// Takes them over.
impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl Write for SecretBytes {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        self.push(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(..)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn bytes_are_kept_as_they_grow_and_not_shown() {
        let mut bytes = SecretBytes::default();
        let expected: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        for piece in expected.chunks(7) {
            bytes.push(piece);
        }
        assert_eq!(bytes.expose(), expected);
        let json = SecretBytes::json(&["planted"]).unwrap();
        assert_eq!(json.expose(), br#"["planted"]"#);
        assert_eq!(format!("{json:?}"), "SecretBytes(..)");
    }

    #[test]
    fn a_line_ends_at_its_line_feed_its_end_or_its_limit() {
        let line = |text: &str, most| {
            let read = SecretBytes::read_line(text.as_bytes(), most).unwrap();
            String::from_utf8(read.expose().to_vec()).unwrap()
        };
        assert_eq!(line("one\ntwo\n", 100), "one\n");
        assert_eq!(line("one", 100), "one");
        assert_eq!(line("", 100), "");
        assert_eq!(line("one\ntwo", 2), "on");
        let long = "x".repeat(3 * PIECE);
        assert_eq!(line(&format!("{long}\nrest"), 1 << 20), format!("{long}\n"));
        assert_eq!(line(&long, PIECE + 1).len(), PIECE + 1);
    }
}
