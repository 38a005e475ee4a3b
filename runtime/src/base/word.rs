//! Keys whose value is one of a few words, and serde's words for what does not fit, in those of who wrote the file.

use serde::{
    Deserialize, Deserializer,
    de::{IntoDeserializer as _, value::StringDeserializer},
};

/// One of the words that `T` knows. Of a number or a list in its place `toml` itself would tell that it is no variant.
pub(crate) fn word<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let text: StringDeserializer<D::Error> = String::deserialize(deserializer)?.into_deserializer();
    T::deserialize(text)
}

/// The same where the key may be left out.
pub(crate) fn some_word<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    word(deserializer).map(Some)
}

/// What serde says, without the names that things have in a program.
pub(crate) fn in_plain_words(said: &str) -> String {
    const BEGINS: [(&str, &str); 4] = [
        ("unknown variant `", "unknown word `"),
        ("invalid type: map,", "invalid type: table,"),
        ("invalid type: sequence,", "invalid type: list,"),
        ("invalid type: floating point ", "invalid type: number "),
    ];
    const ENDS: [(&str, &str); 4] = [
        ("expected a map", "expected a table"),
        ("expected a sequence", "expected a list"),
        ("expected usize", "expected a whole number that is not negative"),
        ("expected u16", "expected a whole number from 0 to 65535"),
    ];
    let mut plain = said.to_owned();
    for (theirs, ours) in BEGINS {
        if let Some(rest) = plain.strip_prefix(theirs) {
            plain = format!("{ours}{rest}");
        }
    }
    for (theirs, ours) in ENDS {
        if let Some(rest) = plain.strip_suffix(theirs) {
            plain = format!("{rest}{ours}");
        }
    }
    plain
}

/// The key, dotted, of a value that was never text: it stands in the last line of what `toml` prints, where it is not the whole file.
pub(crate) fn key_of(printed: &str) -> Option<&str> {
    let (_, key) = printed.trim_end().rsplit_once("\nin `")?;
    Some(key.trim_end_matches('`'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Word {
        OneThing,
        Other,
    }

    #[derive(Debug, Deserialize)]
    struct Words {
        #[serde(deserialize_with = "word")]
        one: Word,
        #[serde(default, deserialize_with = "some_word")]
        other: Option<Word>,
    }

    #[test]
    fn a_word_is_read_and_anything_else_is_told_in_plain_words() {
        let words: Words = toml::from_str("one = \"one-thing\"\nother = \"other\"").unwrap();
        assert!(matches!(words.one, Word::OneThing) && matches!(words.other, Some(Word::Other)));
        let words: Words = toml::from_str("one = \"other\"").unwrap();
        assert!(matches!(words.one, Word::Other) && words.other.is_none());
        for (value, says) in [
            ("\"third\"", "unknown word `third`, expected `one-thing` or `other`"),
            ("7", "invalid type: integer `7`, expected a string"),
            ("[\"other\"]", "invalid type: list, expected a string"),
            ("{ other = 1 }", "invalid type: table, expected a string"),
        ] {
            let table: toml::Table = format!("one = {value}").parse().unwrap();
            let error = table.try_into::<Words>().unwrap_err();
            assert_eq!(in_plain_words(error.message()), says);
            assert_eq!(key_of(&error.to_string()), Some("one"));
        }
    }
}
