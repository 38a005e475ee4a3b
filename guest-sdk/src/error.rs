//! Why a call gave no output.

use std::fmt::{self, Debug, Display, Formatter};

use crate::bindings::exports::pocket::tool::tool;

/// Why a call gave no output, and whose fault that was.
///
/// Every [`std::error::Error`] becomes a failure by `?`, with its causes in the text. So that this can be,
/// this type is none itself; as `main`'s error it prints as it reads.
///
/// ```
/// use pocket_tool::Error;
///
/// fn run(port: String) -> Result<u16, Error> {
///     if port.is_empty() {
///         return Err(Error::invalid_input("`port` is empty"));
///     }
///     Ok(port.parse()?)
/// }
///
/// assert_eq!(run(String::new()), Err(Error::invalid_input("`port` is empty")));
/// assert_eq!(run("http".into()), Err(Error::failed("invalid digit found in string")));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum Error {
    /// The input does not fit what the tool accepts: what is wrong, for the caller to mend.
    InvalidInput(String),
    /// The provider refused the credential; the host renews it and may call once more.
    Unauthorized(String),
    /// The service behind the tool asks to wait this many seconds.
    RateLimited(u32),
    /// Anything else that failed, as the caller should read it.
    Failed(String),
}

impl Error {
    /// The caller's fault: what is wrong with the input.
    pub fn invalid_input(what: impl Display) -> Self {
        Self::InvalidInput(what.to_string())
    }

    /// The provider refused the credential, in its words.
    pub fn unauthorized(why: impl Display) -> Self {
        Self::Unauthorized(why.to_string())
    }

    /// The service asks to wait this many seconds.
    pub fn rate_limited(seconds: u32) -> Self {
        Self::RateLimited(seconds)
    }

    /// Anything else that failed, as the caller should read it.
    pub fn failed(why: impl Display) -> Self {
        Self::Failed(why.to_string())
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidInput(what) => write!(f, "invalid input: {what}"),
            Self::Unauthorized(why) => write!(f, "unauthorized: {why}"),
            Self::RateLimited(seconds) => write!(f, "rate limited: wait {seconds} s"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

/// What `main` prints, so the same as [`Display`].
impl Debug for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            // Many errors already end with their cause.
            if !text.ends_with(&cause_text) {
                text.push_str(": ");
                text.push_str(&cause_text);
            }
            source = cause.source();
        }
        Self::Failed(text)
    }
}

impl From<Error> for tool::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::InvalidInput(what) => Self::InvalidInput(what),
            Error::Unauthorized(why) => Self::Unauthorized(why),
            Error::RateLimited(seconds) => Self::RateLimited(seconds),
            Error::Failed(why) => Self::Failed(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);

    impl Display for Outer {
        fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
            f.write_str("the port is no number")
        }
    }

    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn causes_are_part_of_a_failure() {
        let cause = "x".parse::<u8>().err().map(Outer).map(Error::from);
        assert_eq!(
            cause,
            Some(Error::failed("the port is no number: invalid digit found in string"))
        );
    }
}
