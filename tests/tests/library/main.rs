//! The library's face, as an embedding program uses it: in this process, with real tools.

mod auth;
mod calls;
mod tools;

use std::sync::{Arc, Mutex, PoisonError};

use pocket_runtime::{Call, Code, Error, FunctionError, FunctionTool, Pocket};
use pocket_tests::sample;
use serde_json::json;

/// What is called to see whether all is still well.
fn echo() -> String {
    sample("echo").display().to_string()
}

/// The code with which a call ends.
async fn code_of(pocket: &Pocket, tool: &str, input: serde_json::Value) -> Code {
    pocket
        .invoke(tool, input)
        .await
        .map_or_else(|error| error.code(), |_output| Code::Ok)
}

/// The sign-in that a call is told to wait for.
fn sign_in_of(result: Result<pocket_runtime::Output, Error>) -> pocket_runtime::SignIn {
    match result {
        Err(Error::SignInRequired(sign_in)) => *sign_in,
        other => panic!("a sign-in is needed: {other:?}"),
    }
}

/// The profiles that called a function, each with the token that it was given.
#[derive(Clone, Default)]
struct Tokens(Arc<Mutex<Vec<(String, String)>>>);

impl Tokens {
    fn all(&self) -> Vec<(String, String)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn of(&self, profile: &str) -> Vec<String> {
        self.all()
            .into_iter()
            .filter(|(of, _)| of == profile)
            .map(|(_, token)| token)
            .collect()
    }

    /// A function tool that keeps what it is given and gives back the token in a sentence.
    fn tool(&self, name: &str, scopes: &[&str]) -> FunctionTool {
        let kept = self.clone();
        FunctionTool::new(
            name,
            "Keeps the token it is given.",
            move |_args: serde_json::Value, call: Call| {
                let kept = kept.clone();
                async move {
                    let token = call.credential("SLACK_BOT_TOKEN")?.expose().to_owned();
                    let mut tokens = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
                    tokens.push((call.profile().to_string(), token.clone()));
                    Ok::<_, FunctionError>(json!({ "said": format!("the token is {token}") }))
                }
            },
        )
        .auth_provider("slack")
        .scopes(scopes.iter().copied())
    }
}
