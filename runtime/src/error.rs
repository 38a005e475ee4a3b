//! Whatever can go wrong, by the stage in which it did.

use serde_json::json;

use crate::{
    auth::{AuthError, SignIn, StoreError},
    base::{code::Code, net::NetError},
    call::CallError,
    install::InstallError,
    package::PackageError,
    provider::ProviderError,
    sandbox::SandboxError,
    settings::SettingsError,
    source::SourceError,
};

/// Whatever can go wrong: one variant a stage, each with a stable code and hints.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A source could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// There is no such provider or handler.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// A folder is not a package.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// A tool could not be installed, or is not what was installed.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// No credential could be had.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The token store could not be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The sandbox could not be made, or could not load a tool.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// A call gave no output.
    #[error(transparent)]
    Call(CallError),
    /// A person has to sign in first.
    #[error("{}", .0.in_words())]
    SignInRequired(Box<SignIn>),
    /// Settings are not valid.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// No client for the network could be made.
    #[error(transparent)]
    Net(#[from] NetError),
    /// No tool has that name.
    #[error("no tool has this name: `{name}`")]
    NoTool {
        /// What was asked for.
        name: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// Two tools have one name.
    #[error("two tools have one name: `{0}`")]
    NameTaken(String),
    /// Nothing says whose an account of a tool's own would be.
    #[error("the tool `{0}` can have no account of its own: neither a project nor a program is named whose tool it is")]
    NobodysTool(String),
    /// A function tool is not valid.
    #[error("the function tool `{name}` is not valid: {message}")]
    Function {
        /// Its name.
        name: String,
        /// What is wrong.
        message: String,
    },
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        match error {
            CallError::SignInRequired(sign_in) => Self::SignInRequired(sign_in),
            CallError::Auth(error) => Self::Auth(error),
            CallError::Sandbox(error) => Self::Sandbox(error),
            other => Self::Call(other),
        }
    }
}

impl Error {
    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Source(error) => error.code(),
            Self::Provider(error) => error.code(),
            Self::Package(error) => error.code(),
            Self::Install(error) => error.code(),
            Self::Auth(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Sandbox(error) => error.code(),
            Self::Call(error) => error.code(),
            Self::SignInRequired(_) => Code::SignInRequired,
            Self::Settings(error) => error.code(),
            Self::Net(_) => Code::NotValid,
            Self::NoTool { .. } => Code::NotFound,
            Self::NameTaken(_) | Self::NobodysTool(_) | Self::Function { .. } => Code::NotValid,
        }
    }

    /// What would mend it, each in a sentence.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Source(error) => error.hints(),
            Self::Provider(error) => error.hints(),
            Self::Package(error) => error.hints(),
            Self::Install(error) => error.hints(),
            Self::Auth(error) => error.hints(),
            Self::Store(error) => error.hints(),
            Self::Sandbox(error) => error.hints(),
            Self::Call(error) => error.hints(),
            Self::SignInRequired(sign_in) => vec![format!(
                "open {} in a browser while a process waits for it, then call again",
                sign_in.url
            )],
            Self::Settings(error) => error.hints(),
            Self::Net(error) => error.hints(),
            Self::NoTool {
                nearest: Some(near), ..
            } => vec![format!("did you mean `{near}`?")],
            Self::NoTool { nearest: None, .. } => {
                vec!["`pocket list` shows the tools that are there; `pocket add` adds one".to_owned()]
            }
            Self::NameTaken(name) => {
                vec![format!(
                    "give one of them another name: `pocket add --name OTHER`, or rename `[tools.{name}]`"
                )]
            }
            Self::NobodysTool(_) => {
                vec![
                    "call `program` or `project` of the builder: tools of other programs may have the same name"
                        .to_owned(),
                ]
            }
            Self::Function { .. } => vec!["mend it where the embedding program makes the function tool".to_owned()],
        }
    }

    /// What the user must do, where that is what is missing.
    #[must_use]
    pub fn sign_in(&self) -> Option<&SignIn> {
        match self {
            Self::SignInRequired(sign_in) => Some(sign_in),
            _other => None,
        }
    }

    /// `{message, hints, details}`, as all doors show it.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let details = match self {
            Self::Call(error) => error.details(),
            Self::SignInRequired(sign_in) => Some(json!({ "sign_in": sign_in })),
            Self::Package(error) => Some(json!({ "faults": error.faults })),
            _other => None,
        };
        let mut shape = json!({ "message": self.to_string(), "hints": self.hints() });
        if let (Some(details), Some(fields)) = (details, shape.as_object_mut()) {
            fields.insert("details".to_owned(), details);
        }
        shape
    }
}
