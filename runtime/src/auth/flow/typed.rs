//! A secret that a user typed or pasted.

use std::collections::BTreeMap;

use crate::{
    auth::flow::Tokens,
    base::{secret::Secret, text::is_invisible},
    provider::TokenEntry,
};

/// No token is longer.
const LONGEST: usize = 16 * 1024;

/// Why what was typed cannot be a token. Says nothing of what it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAToken {
    #[error("nothing was entered")]
    Empty,
    #[error("there is a space or a line break in it: enter the token alone, without a word such as `Bearer` before it")]
    Space,
    #[error("there is a character in it that cannot be seen: copy the token again")]
    Invisible,
    #[error("it is shorter than any token of this provider: copy the whole token")]
    Short,
    #[error("it is longer than {LONGEST} bytes")]
    Long,
}

/// The token in what was typed: without the white space around it.
pub(crate) fn accept(entry: &TokenEntry, typed: &str) -> Result<Secret, NotAToken> {
    let token = typed.trim();
    check_length(token, entry.minimum.max(1))?;
    if token.chars().any(char::is_whitespace) {
        return Err(NotAToken::Space);
    }
    if has_invisible(token) {
        return Err(NotAToken::Invisible);
    }
    Ok(Secret::new(token))
}

/// As the account keeps it.
pub(crate) fn tokens(token: Secret) -> Tokens {
    Tokens {
        access: token,
        refresh: None,
        expires_at: None,
        // Nobody says which scopes a typed token has.
        scopes: Some(Vec::new()),
        identity: None,
        fields: BTreeMap::new(),
    }
}

/// Whether a token begins as those of its provider do. A file may not know every beginning, so it is no reason to refuse one.
pub(crate) fn has_known_prefix(prefixes: &[String], token: &Secret) -> bool {
    prefixes.is_empty()
        || prefixes
            .iter()
            .any(|prefix| token.expose().starts_with(prefix.as_str()))
}

/// `minimum` is in characters; 0: it may be left empty.
pub(super) fn check_length(value: &str, minimum: usize) -> Result<(), NotAToken> {
    if value.is_empty() && minimum > 0 {
        return Err(NotAToken::Empty);
    }
    if value.len() > LONGEST {
        return Err(NotAToken::Long);
    }
    if value.chars().count() < minimum {
        return Err(NotAToken::Short);
    }
    Ok(())
}

pub(super) fn has_invisible(value: &str) -> bool {
    value.chars().any(is_invisible)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::provider::{Flow, Providers};

    fn slack_token() -> TokenEntry {
        let providers = Providers::builtin().unwrap();
        let slack = providers.find("slack").unwrap();
        let Flow::Token(entry) = &slack.handler(Some("slack-token")).unwrap().flow else {
            panic!("slack-token is typed")
        };
        entry.clone()
    }

    #[test]
    fn white_space_around_a_token_is_no_part_of_it() {
        let token = accept(&slack_token(), " \txoxb-123456789-123456789\r\n").unwrap();
        assert_eq!(token.expose(), "xoxb-123456789-123456789");
        assert!(!format!("{token:?}").contains("xoxb"));
    }

    #[test]
    fn what_cannot_be_a_token_is_refused_without_being_shown() {
        for (typed, refused) in [
            (String::new(), NotAToken::Empty),
            (" \n ".to_owned(), NotAToken::Empty),
            ("Bearer xoxb-hunter2-planted".to_owned(), NotAToken::Space),
            ("xoxb-hunter2-planted\nxoxb-2".to_owned(), NotAToken::Space),
            ("xoxb-hunter2-planted\u{200b}1".to_owned(), NotAToken::Invisible),
            ("xoxb-hunter2-planted\0".to_owned(), NotAToken::Invisible),
            ("xoxb-hunter2".to_owned(), NotAToken::Short),
            ("x".repeat(LONGEST + 1), NotAToken::Long),
        ] {
            let error = accept(&slack_token(), &typed).unwrap_err();
            assert_eq!(error, refused);
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
        assert!(accept(&slack_token(), &"x".repeat(LONGEST)).is_ok());
    }
}
