//! Why a verb ended other than well.

use pocket_runtime::{AuthError, Code, Error, InstallError, PackageError, ProviderError, SettingsError, SourceError};
use pocket_server::{KeysError, ServerError};

/// Why a verb ended other than well.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The library said so.
    Pocket(Error),
    /// The terminal itself says so, in its own words.
    Said {
        code: Code,
        message: String,
        hints: Vec<String>,
    },
    /// A call ended so; it was already printed.
    Printed(Code),
    /// A fault of this machine.
    Other(anyhow::Error),
}

impl Failure {
    pub(crate) fn said(code: Code, message: impl Into<String>) -> Self {
        Self::Said {
            code,
            message: message.into(),
            hints: Vec::new(),
        }
    }

    /// The command line was understood by its form, and means nothing.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::said(Code::InvalidInput, message)
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        match self {
            Self::Said {
                code,
                message,
                mut hints,
            } => {
                hints.push(hint.into());
                Self::Said { code, message, hints }
            }
            other => other,
        }
    }

    /// The exit code of the process.
    pub(crate) fn exit(&self) -> u8 {
        self.code().exit()
    }

    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Pocket(error) => error.code(),
            Self::Said { code, .. } | Self::Printed(code) => *code,
            Self::Other(_) => Code::Internal,
        }
    }

    pub(crate) fn message(&self) -> String {
        match self {
            Self::Pocket(error) => error.to_string(),
            Self::Said { message, .. } => message.clone(),
            Self::Printed(code) => code.to_string(),
            Self::Other(error) => format!("{error:#}"),
        }
    }

    pub(crate) fn hints(&self) -> Vec<String> {
        match self {
            Self::Pocket(error) => hints_of(error),
            Self::Said { hints, .. } => hints.clone(),
            Self::Printed(_) | Self::Other(_) => Vec::new(),
        }
    }

    /// What went wrong beneath, outermost first, without what the message says itself.
    pub(crate) fn causes(&self) -> Vec<String> {
        let Self::Pocket(error) = self else { return Vec::new() };
        let message = error.to_string();
        let mut causes = Vec::new();
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            let words = error.to_string();
            if !message.contains(&words) {
                causes.push(words);
            }
            cause = error.source();
        }
        causes
    }
}

/// What would mend an error of the library, as it is on a terminal.
pub(crate) fn hints_of(error: &Error) -> Vec<String> {
    match error {
        // Where a code is entered, the page is the provider's, and always there.
        Error::SignInRequired(sign_in) if sign_in.user_code.is_none() => vec![format!(
            "open {} while a `pocket` command waits for it: this one does without `--no-wait`",
            sign_in.url
        )],
        other => other.hints(),
    }
}

/// Every error of the library's stages is one of the library.
macro_rules! from_stages {
    ($($stage:ty),*) => {
        $(impl From<$stage> for Failure {
            fn from(error: $stage) -> Self {
                Self::Pocket(error.into())
            }
        })*
    };
}

from_stages!(
    Error,
    AuthError,
    SourceError,
    ProviderError,
    PackageError,
    InstallError,
    SettingsError
);

impl From<KeysError> for Failure {
    fn from(error: KeysError) -> Self {
        let hints = error.hints();
        let said = Self::said(error.code(), error.to_string());
        hints.into_iter().fold(said, Self::hint)
    }
}

impl From<ServerError> for Failure {
    fn from(error: ServerError) -> Self {
        let hints = error.hints();
        let said = Self::said(error.code(), error.to_string());
        hints.into_iter().fold(said, Self::hint)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}
