//! Secrets that the user types, and the code by which he proves that the terminal is his.

use serde::{Deserialize, Serialize};

use crate::{auth::wire, base::secret::Secret};

/// How often a code may be wrong.
const TRIES: u8 = 5;
/// Half of its digits.
const HALF: usize = 3;

/// Secrets that the user types.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::auth) struct Typing {
    /// What the terminal shows and the page asks for, where what is typed replaces a credential that is good.
    #[serde(serialize_with = "wire::some_secret")]
    pub(in crate::auth) code: Option<Secret>,
    tries: u8,
}

/// Whether a code is the one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::auth) enum Tried {
    Right,
    Wrong,
    /// It was wrong for the last time.
    TooOften,
}

impl Typing {
    /// The account has nothing that could be replaced.
    pub(in crate::auth) fn freely() -> Self {
        Self { code: None, tries: 0 }
    }

    /// The account has a credential that is good.
    pub(in crate::auth) fn with_code() -> Self {
        let number: u32 = rand::random_range(0..1_000_000);
        Self {
            code: Some(Secret::new(format!("{number:06}"))),
            tries: TRIES,
        }
    }

    /// Looks at a code; each look counts, so keep what this left before anyone is told.
    pub(in crate::auth) fn attempt(&mut self, typed: &Secret) -> Tried {
        let Some(code) = &self.code else { return Tried::Right };
        let Some(left) = self.tries.checked_sub(1) else {
            return Tried::TooOften;
        };
        self.tries = left;
        let digits: String = typed.expose().chars().filter(char::is_ascii_digit).collect();
        // `Secret` compares in constant time.
        match (Secret::new(digits) == *code, left) {
            (true, _) => Tried::Right,
            (false, 0) => Tried::TooOften,
            (false, _) => Tried::Wrong,
        }
    }

    /// As it is shown: `123 456`.
    pub(in crate::auth) fn shown_code(&self) -> Option<Secret> {
        let code = self.code.as_ref()?.expose();
        let (start, rest) = code.split_at_checked(HALF)?;
        Some(Secret::new(format!("{start} {rest}")))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_code_is_taken_as_it_is_shown_and_few_others_are_looked_at() {
        let mut typing = Typing::with_code();
        let shown = typing.shown_code().unwrap();
        assert_eq!((shown.expose().len(), shown.expose().as_bytes()[3]), (7, b' '));
        assert_eq!(
            typing.attempt(&Secret::new(shown.expose().replace(' ', "-"))),
            Tried::Right
        );
        let mut typing = Typing::with_code();
        let right = typing.shown_code().unwrap();
        let tried: Vec<Tried> = (0..5).map(|_again| typing.attempt(&Secret::new("12345"))).collect();
        assert_eq!(
            tried,
            [Tried::Wrong, Tried::Wrong, Tried::Wrong, Tried::Wrong, Tried::TooOften]
        );
        assert_eq!(
            typing.attempt(&right),
            Tried::TooOften,
            "not even the right one after that"
        );
    }

    #[test]
    fn a_code_is_not_printed_with_the_sign_in() {
        let typing = Typing::with_code();
        let digits = typing.shown_code().unwrap().expose().replace(' ', "");
        assert!(!format!("{typing:?}").contains(&digits));
    }

    #[test]
    fn nothing_is_asked_where_nothing_is_replaced() {
        assert_eq!(Typing::freely().attempt(&Secret::new("")), Tried::Right);
        assert_eq!(Typing::freely().shown_code(), None);
    }
}
