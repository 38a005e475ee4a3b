//! A tool that is a function of the embedding program.

use std::{any::Any, fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    auth::{Credential, CredentialValue},
    base::{name::Profile, secret::Secret},
    package::{AuthRequirement, TokenKind},
};

type Running = Pin<Box<dyn Future<Output = Result<serde_json::Value, FunctionError>> + Send>>;

/// A tool that is a function of the embedding program, beside the sandboxed ones and with the same auth.
///
/// Its input schema comes from the type of its argument. It is not sandboxed: it is the embedding program's own code.
///
/// ```
/// use pocket_runtime::{Call, FunctionError, FunctionTool};
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Greet {
///     name: String,
/// }
///
/// let tool = FunctionTool::new("greet", "Greets someone.", |args: Greet, _call: Call| async move {
///     Ok::<_, FunctionError>(format!("Hello, {}!", args.name))
/// });
/// assert_eq!(tool.name(), "greet");
/// ```
#[derive(Clone)]
pub struct FunctionTool {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) input_schema: serde_json::Value,
    pub(crate) auth: Option<AuthRequirement>,
    pub(crate) timeout: Duration,
    pub(crate) run: Arc<dyn Fn(serde_json::Value, Call) -> Running + Send + Sync>,
}

/// One call of a function tool: whose it is, and its credential.
#[derive(Debug, Clone)]
pub struct Call {
    profile: Profile,
    credential: Option<Credential>,
}

/// How a function tool may end other than well. Any other error type that can be displayed counts as [`Failed`](Self::Failed).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FunctionError {
    /// The input is not one it accepts: what is wrong, for the caller to mend.
    #[error("{0}")]
    InvalidInput(String),
    /// The provider refused the credential.
    #[error("{0}")]
    Unauthorized(String),
    /// The service behind it asks to wait this many seconds.
    #[error("wait {0} s")]
    RateLimited(u32),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
    /// It asked for a variable that its credential does not fill.
    #[error("the credential of this call does not fill this variable: `{0}`")]
    NoVariable(String),
}

impl Call {
    pub(crate) const fn new(profile: Profile, credential: Option<Credential>) -> Self {
        Self { profile, credential }
    }

    /// Whose call it is.
    #[must_use]
    pub const fn profile(&self) -> &Profile {
        &self.profile
    }

    /// A secret of the call's credential, by the variable that would hold it in a sandboxed tool: `SLACK_BOT_TOKEN`.
    ///
    /// # Errors
    /// [`FunctionError::NoVariable`] when the tool's provider fills no such variable.
    pub fn credential(&self, variable: &str) -> Result<Secret, FunctionError> {
        let filled = self
            .credential
            .iter()
            .flat_map(|credential| credential.variables.iter());
        filled
            .into_iter()
            .find(|(name, _)| name == variable)
            .map(|(_, value)| match value {
                CredentialValue::Secret(secret) => secret.clone(),
                CredentialValue::Public(text) => Secret::new(text.as_str()),
            })
            .ok_or_else(|| FunctionError::NoVariable(variable.to_owned()))
    }
}

impl FunctionTool {
    /// A tool of this name and description.
    pub fn new<A, T, E, F, R>(name: impl Into<String>, description: impl Into<String>, function: F) -> Self
    where
        A: DeserializeOwned + JsonSchema,
        T: Serialize,
        E: fmt::Display + Send + 'static,
        F: Fn(A, Call) -> R + Send + Sync + 'static,
        R: Future<Output = Result<T, E>> + Send + 'static,
    {
        let run = move |input: serde_json::Value, call: Call| -> Running {
            let running = serde_json::from_value(input)
                .map(|args| function(args, call))
                .map_err(|e| FunctionError::InvalidInput(e.to_string()));
            Box::pin(async move {
                let given = running?.await.map_err(as_function_error)?;
                serde_json::to_value(given).map_err(|e| FunctionError::Failed(e.to_string()))
            })
        };
        Self {
            name: name.into(),
            description: description.into(),
            input_schema: schemars::schema_for!(A).to_value(),
            auth: None,
            timeout: Duration::from_secs(30),
            run: Arc::new(run),
        }
    }

    /// Its name, not yet checked.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Needs this provider's credential.
    #[must_use]
    pub fn auth_provider(mut self, provider: impl Into<String>) -> Self {
        let AuthRequirement {
            provider: _,
            handler,
            scopes,
            token,
            owner: _,
        } = self.auth.take().unwrap_or_else(|| AuthRequirement::new(String::new()));
        self.auth = Some(AuthRequirement {
            handler,
            scopes,
            token,
            ..AuthRequirement::new(provider)
        });
        self
    }

    /// Needs it by this handler, where the provider's default is not the one: `slack-token`.
    #[must_use]
    pub fn auth_handler(mut self, handler: impl Into<String>) -> Self {
        self.requirement().handler = Some(handler.into());
        self
    }

    /// Needs it with these scopes.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        let mut scopes: Vec<String> = scopes.into_iter().map(Into::into).collect();
        scopes.sort();
        scopes.dedup();
        self.requirement().scopes = scopes;
        self
    }

    /// Needs the user's own token rather than the app's.
    #[must_use]
    pub fn user_token(mut self) -> Self {
        self.requirement().token = TokenKind::User;
        self
    }

    /// The longest a call may take; 30 s where it is not said.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    fn requirement(&mut self) -> &mut AuthRequirement {
        self.auth.get_or_insert_with(|| AuthRequirement::new(String::new()))
    }
}

impl fmt::Debug for FunctionTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionTool")
            .field("name", &self.name)
            .field("auth", &self.auth)
            .finish_non_exhaustive()
    }
}

fn as_function_error<E: fmt::Display + 'static>(error: E) -> FunctionError {
    match (&error as &dyn Any).downcast_ref::<FunctionError>() {
        Some(known) => known.clone(),
        None => FunctionError::Failed(error.to_string()),
    }
}
