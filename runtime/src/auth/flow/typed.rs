//! A secret that a user typed or pasted.

use crate::{
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
    if token.is_empty() {
        return Err(NotAToken::Empty);
    }
    if token.len() > LONGEST {
        return Err(NotAToken::Long);
    }
    if token.chars().any(|c| c.is_whitespace()) {
        return Err(NotAToken::Space);
    }
    if token.chars().any(is_invisible) {
        return Err(NotAToken::Invisible);
    }
    if token.chars().count() < entry.minimum {
        return Err(NotAToken::Short);
    }
    Ok(Secret::new(token))
}
