//! The way of one call, the same for both kinds of tool.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use futures_util::FutureExt as _;

use crate::{
    auth::{Auth, AuthError, Credential},
    base::{
        json, json_text,
        name::{Profile, ToolName},
        redactor::Redactor,
    },
    call::{
        Call, CallError, Called, FunctionError, FunctionTool, LazyTool, Redacting, Value, redacted_lines, redactor,
    },
    package::{AuthRequirement, CredentialGrant, Schema},
    sandbox::{CallStep, End, Invocation, LogLine, Outcome, Report, ToolIdentity, Usage},
};

/// What is done with a tool's output before the caller gets it.
pub type OutputFunction = Arc<dyn Fn(Value) -> Value + Send + Sync>;

/// What a tool is called with.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// JSON text, checked before it is used.
    Text(String),
    /// JSON that was parsed already.
    Json(serde_json::Value),
}

impl Input {
    /// Reads JSON as that of a call is read: no key twice in one object, no deeper than 64 levels.
    ///
    /// # Errors
    /// When it is not such JSON.
    pub fn parse(text: &str) -> Result<serde_json::Value, crate::Error> {
        json::parse(text).map_err(|e| CallError::not_json(&e).into())
    }
}

/// A tool of either kind, ready to be called.
pub(crate) struct CallTool {
    pub(crate) name: ToolName,
    /// What is told of it to who reads a call along.
    pub(crate) identity: Arc<ToolIdentity>,
    pub(crate) input_schema: Schema,
    pub(crate) output_schema: Option<Schema>,
    pub(crate) auth: Option<AuthRequirement>,
    pub(crate) credential: CredentialGrant,
    pub(crate) input_limit: usize,
    pub(crate) output_limit: usize,
    pub(crate) timeout: std::time::Duration,
    pub(crate) memory: u64,
    pub(crate) runner: Runner,
    pub(crate) output_function: Option<OutputFunction>,
}

/// What runs a tool.
pub(crate) enum Runner {
    /// A component, in the sandbox.
    Sandboxed(Box<LazyTool>),
    /// The embedding program's own function.
    Function(FunctionTool),
}

/// What a call is made with, besides its input.
pub(crate) struct Ways<'a> {
    pub(crate) auth: &'a Arc<Auth>,
    pub(crate) profile: &'a Profile,
    pub(crate) report: Option<Arc<dyn Report>>,
}

/// What one run gave, before it is told in our words.
struct Ran {
    ended: Result<Value, CallError>,
    /// See [`Called::exact`].
    exact: Option<String>,
    logs: Vec<LogLine>,
    usage: Usage,
    refusals: Vec<String>,
}

impl Ran {
    fn nothing(error: CallError) -> Self {
        Self {
            ended: Err(error),
            exact: None,
            logs: Vec::new(),
            usage: Usage::default(),
            refusals: Vec::new(),
        }
    }
}

impl CallTool {
    /// What it needs to be signed in to, where it was granted that credential of this profile.
    pub(crate) fn granted_auth(&self, profile: &Profile) -> Option<&AuthRequirement> {
        self.auth.as_ref().filter(|_need| self.credential.is_given_by(profile))
    }

    /// Calls it once.
    pub(crate) async fn call(&self, input: Input, ways: Ways<'_>) -> Called {
        if let Some(report) = &ways.report {
            report.begins(&self.identity);
        }
        let (text, value) = as_text(input);
        let input_bytes = text.len() as u64;
        let ran = match self.checked(&text, value) {
            Ok(value) => self.run_with_credential(text, value, &ways).await,
            Err(error) => Ran::nothing(error),
        };
        let Ran {
            ended,
            exact,
            logs,
            mut usage,
            refusals,
        } = ran;
        usage.input_bytes = input_bytes;
        let ended = ended.and_then(|value| self.finished(value)).map_err(crate::Error::from);
        Called {
            tool: self.name.to_string(),
            exact: exact.filter(|_| ended.is_ok() && self.output_function.is_none()),
            ended,
            logs,
            usage,
            refusals,
        }
    }

    /// The input, parsed once: here, or by who calls.
    fn checked(&self, text: &str, parsed: Option<serde_json::Value>) -> Result<serde_json::Value, CallError> {
        self.within_limit(text.len())?;
        let not_json = |error: json::JsonError| CallError::not_json(&error);
        let value = match parsed {
            None => json::parse(text).map_err(not_json)?,
            Some(value) => {
                json::check_depth(&value).map_err(not_json)?;
                value
            }
        };
        self.input_schema.check(&value).map_err(CallError::InputDoesNotFit)?;
        Ok(value)
    }

    const fn within_limit(&self, size: usize) -> Result<(), CallError> {
        if size > self.input_limit {
            Err(CallError::InputTooLarge {
                size,
                limit: self.input_limit,
            })
        } else {
            Ok(())
        }
    }

    async fn run_with_credential(&self, text: String, value: serde_json::Value, ways: &Ways<'_>) -> Ran {
        let credential = match self.credential(ways).await {
            Ok(credential) => credential,
            Err(error) => return Ran::nothing(error),
        };
        match &self.runner {
            Runner::Function(function) => self.run_function(function, value, credential, ways).await,
            Runner::Sandboxed(tool) => self.run_sandboxed(tool, text, credential, ways).await,
        }
    }

    async fn credential(&self, ways: &Ways<'_>) -> Result<Option<Credential>, CallError> {
        let Some(need) = &self.auth else { return Ok(None) };
        if !self.credential.is_given_by(ways.profile) {
            return Err(CallError::CredentialNotGranted {
                tool: self.name.to_string(),
                provider: need.provider.clone(),
            });
        }
        match ways.auth.credential(ways.profile, need, self.timeout).await {
            Ok(credential) => Ok(Some(credential)),
            Err(AuthError::SignInRequired { reason, .. }) => Err(self.sign_in_first(need, reason, ways).await),
            Err(error) => Err(error.into()),
        }
    }

    /// That a person has to sign in, on a page that is there now.
    async fn sign_in_first(&self, need: &AuthRequirement, reason: String, ways: &Ways<'_>) -> CallError {
        let tools = [self.name.to_string()];
        let begun = ways.auth.begin(ways.profile, std::slice::from_ref(need), &tools);
        match begun.await {
            Ok(mut sign_in) => {
                sign_in.reason = Some(reason);
                CallError::SignInRequired(Box::new(sign_in))
            }
            Err(error) => error.into(),
        }
    }

    async fn run_sandboxed(
        &self,
        tool: &LazyTool,
        text: String,
        credential: Option<Credential>,
        ways: &Ways<'_>,
    ) -> Ran {
        let loading = Instant::now();
        let got = tool.get(ways.report.as_deref()).await;
        let loading_us = micros(loading.elapsed());
        let tool = match got {
            Ok(tool) => tool,
            Err(error) => {
                let mut nothing = Ran::nothing(error.into());
                nothing.usage.loading_us = loading_us;
                return nothing;
            }
        };
        if let Some(report) = &ways.report {
            report.step(CallStep::Running);
        }
        let mut used = Vec::from_iter(credential);
        let mut end = self.invoke(tool, &text, &used, ways).await;
        used.append(&mut end.renewed);
        if end.saw_unauthorized
            && let Some(refused) = used.last()
        {
            match ways.auth.rejected(refused).await {
                Ok(Some(renewed)) => {
                    let again = end.only_safe_requests && !matches!(end.outcome, Outcome::Output(_));
                    used.push(renewed);
                    if again {
                        end = self.invoke(tool, &text, &used, ways).await;
                        used.append(&mut end.renewed);
                    }
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(tool = %self.name, %error, "the refused token could not be renewed"),
            }
        }
        end.usage.loading_us = loading_us;
        let refused = self.for_lack_of_a_scope(&end, used.last(), ways).await;
        let ran = self.told(end, &redactor(&used));
        match refused {
            Some(error) => Ran {
                ended: Err(error),
                exact: None,
                ..ran
            },
            None => ran,
        }
    }

    /// What to tell instead of a failed call's own words, where a provider's host refused the credential for lack of a scope: that
    /// is what the caller can mend.
    async fn for_lack_of_a_scope(&self, end: &End, used: Option<&Credential>, ways: &Ways<'_>) -> Option<CallError> {
        let failed = matches!(
            end.outcome,
            Outcome::ToolFailed(_) | Outcome::Unauthorized(_) | Outcome::Trapped(_)
        );
        let (scopes, used, need) = (end.lacks_scopes.as_ref()?, used?, self.auth.as_ref()?);
        if !failed || !end.refusals.is_empty() {
            return None;
        }
        match ways.auth.step_up(used, need, scopes).await {
            Ok(reason) => Some(self.sign_in_first(need, reason, ways).await),
            Err(error @ (AuthError::Scope { .. } | AuthError::Busy { .. })) => Some(error.into()),
            Err(error) => {
                tracing::warn!(tool = %self.name, %error, "that a scope is missing could not be noted");
                None
            }
        }
    }

    async fn invoke(&self, tool: &crate::sandbox::Tool, text: &str, used: &[Credential], ways: &Ways<'_>) -> End {
        let report = ways
            .report
            .as_ref()
            .map(|to| Arc::new(Redacting::new(redactor(used), Arc::clone(to))) as Arc<dyn Report>);
        tool.invoke(Invocation {
            input: text,
            profile: ways.profile,
            credential: used.last(),
            auth: Some(ways.auth),
            report,
        })
        .await
    }

    /// An end in our words, with nothing secret in it.
    fn told(&self, end: End, redactor: &Redactor) -> Ran {
        let End {
            outcome,
            logs,
            usage,
            refusals,
            only_safe_requests: _,
            saw_unauthorized,
            renewed: _,
            lacks_scopes: _,
            proxy_fault,
        } = end;
        let refusals: Vec<String> = refusals.iter().map(ToString::to_string).collect();
        let (ended, exact) = match outcome {
            Outcome::Output(text) => {
                let exact = exact(&text, redactor);
                (self.read_output(text, redactor), exact)
            }
            Outcome::ToolFailed(message) | Outcome::Trapped(message)
                if let (Some((fault, proxy)), true) = (&proxy_fault, refusals.is_empty()) =>
            {
                (Err(CallError::proxy(*fault, proxy, redactor.text(message))), None)
            }
            other => (Err(self.failure(other, saw_unauthorized, &refusals, redactor)), None),
        };
        let logs = redacted_lines(redactor, logs);
        Ran {
            ended,
            exact,
            logs,
            usage,
            refusals,
        }
    }

    fn read_output(&self, text: String, redactor: &Redactor) -> Result<Value, CallError> {
        let typed = matches!(&self.runner, Runner::Sandboxed(tool) if tool.is_typed());
        match json::parse(&text) {
            Ok(value) => Ok(Value::Json(redactor.value(value))),
            // JSON that is refused is not handed on as text either: its reader would parse it.
            Err(error) if typed || is_json(&text) => Err(CallError::OutputNotJson(error.to_string())),
            Err(_not_json) => Ok(Value::Text(redactor.text(text))),
        }
    }

    /// A call that fails by its own end after a refusal is told as the refusal: that is what the caller can mend.
    fn failure(&self, outcome: Outcome, saw_unauthorized: bool, refusals: &[String], redactor: &Redactor) -> CallError {
        let denied = |message: String| CallError::Denied {
            message,
            refusals: refusals.to_vec(),
        };
        match outcome {
            Outcome::Output(_) => CallError::Panicked,
            Outcome::ToolFailed(message) | Outcome::Trapped(message) if !refusals.is_empty() => {
                denied(redactor.text(message))
            }
            Outcome::ToolFailed(message) if saw_unauthorized => self.unauthorized(redactor.text(message)),
            Outcome::ToolFailed(message) => CallError::ToolFailed(redactor.text(message)),
            Outcome::Trapped(message) => CallError::Trapped(redactor.text(message)),
            Outcome::InvalidInput(message) => CallError::InvalidInput(redactor.text(message)),
            Outcome::Unauthorized(message) => self.unauthorized(redactor.text(message)),
            Outcome::RateLimited(seconds) => CallError::RateLimited { seconds },
            Outcome::LimitExceeded(which) => CallError::LimitExceeded(which),
            Outcome::OutOfMemory => CallError::OutOfMemory { limit: self.memory },
            Outcome::OutOfMemoryOfAllCalls => CallError::OutOfMemoryOfAllCalls,
            Outcome::OutputTooLarge => CallError::OutputTooLarge {
                limit: self.output_limit,
            },
            Outcome::TimedOut => CallError::TimedOut { limit: self.timeout },
            Outcome::Busy => CallError::Busy,
            Outcome::Sandbox(error) => CallError::Sandbox(error),
        }
    }

    fn unauthorized(&self, message: String) -> CallError {
        CallError::Unauthorized {
            provider: self.auth.as_ref().map(|need| need.provider.clone()),
            message,
        }
    }

    async fn run_function(
        &self,
        function: &FunctionTool,
        input: serde_json::Value,
        credential: Option<Credential>,
        ways: &Ways<'_>,
    ) -> Ran {
        let started = Instant::now();
        let redactor = redactor(credential.as_slice());
        let call = Call::new(ways.profile.clone(), credential);
        // Begun within the future, so that a function which panics before its first await is caught too.
        let running = async { (function.run)(input, call).await };
        let ended = match tokio::time::timeout(self.timeout, AssertUnwindSafe(running).catch_unwind()).await {
            Err(_elapsed) => Err(CallError::TimedOut { limit: self.timeout }),
            Ok(Err(_panic)) => Err(CallError::Panicked),
            Ok(Ok(Ok(value))) => Ok(Value::Json(redactor.value(value))),
            Ok(Ok(Err(error))) => Err(match error {
                FunctionError::InvalidInput(message) => CallError::InvalidInput(redactor.text(message)),
                FunctionError::Unauthorized(message) => self.unauthorized(redactor.text(message)),
                FunctionError::RateLimited(seconds) => CallError::RateLimited { seconds },
                FunctionError::Failed(message) => CallError::ToolFailed(redactor.text(message)),
                error @ FunctionError::NoVariable(_) => CallError::ToolFailed(error.to_string()),
            }),
        };
        let wall_us = micros(started.elapsed());
        Ran {
            ended,
            exact: None,
            logs: Vec::new(),
            usage: Usage {
                wall_us,
                ..Usage::default()
            },
            refusals: Vec::new(),
        }
    }

    /// The output, checked, and as the embedding program wants it.
    fn finished(&self, value: Value) -> Result<Value, CallError> {
        if let Some(schema) = &self.output_schema {
            match &value {
                Value::Json(json) => schema.check(json).map_err(CallError::OutputDoesNotFit)?,
                Value::Text(_) => return Err(CallError::OutputNotJson("it is plain text".to_owned())),
            }
        }
        match &self.output_function {
            None => Ok(value),
            Some(function) => {
                std::panic::catch_unwind(AssertUnwindSafe(|| function(value))).map_err(|_panic| CallError::Panicked)
            }
        }
    }
}

/// The input as the guest gets it, and what it says where that is known.
fn as_text(input: Input) -> (String, Option<serde_json::Value>) {
    match input {
        Input::Text(text) => (text, None),
        Input::Json(value) => (value.to_string(), Some(value)),
    }
}

fn micros(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The output's own text, where it says more than its parsed value and nothing secret is in either.
fn exact(text: &str, redactor: &Redactor) -> Option<String> {
    if !json_text::has_long_numbers(text) {
        return None;
    }
    let value = json::parse(text).ok()?;
    let exact = json_text::compact(text);
    let is_clean = redactor.text(exact.clone()) == exact && redactor.value(value.clone()) == value;
    is_clean.then_some(exact)
}

/// Whether it is JSON by its grammar, at any depth.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::secret::Secret;

    #[test]
    fn an_output_with_a_secret_in_it_is_not_handed_on_as_it_was_written() {
        let secret = Secret::new("planted-token");
        let redactor = Redactor::of([("SLACK_BOT_TOKEN", &secret)]);
        let exact = |text: &str| exact(text, &redactor);
        let long = "{ \"n\": 12345678901234567890123, \"t\": \"other\" }";
        assert_eq!(
            exact(long).as_deref(),
            Some("{\"n\":12345678901234567890123,\"t\":\"other\"}")
        );
        for with_secret in ["planted-token", "\\u0070lanted-token"] {
            let text = long.replace("other", with_secret);
            assert_eq!(exact(&text), None, "{text}");
        }
        assert_eq!(exact("{\"n\": 1}"), None, "its value says as much");
        assert_eq!(exact("12345678901234567890123 and more"), None);
    }
}
