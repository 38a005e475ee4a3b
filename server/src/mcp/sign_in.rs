//! A sign-in that a call turned out to need, while the agent waits.

use std::time::Duration;

use pocket_runtime::{Digest, SignIn};
use rmcp::{
    ErrorData, RoleServer,
    model::{
        CallToolRequestParams, CustomNotification, ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction,
        InputRequest, InputRequests, InputRequiredResult, ProtocolVersion, RequestStateCodec, SealOptions,
        ServerNotification,
    },
    service::RequestContext,
};
use serde_json::json;

use crate::caller::Owner;

/// The name under which the agent answers.
const ANSWER: &str = "sign-in";
/// How long a user may take: after that the agent is told the address in words, at which the sign-in still goes on.
pub(super) const LONGEST: Duration = Duration::from_secs(10 * 60);

/// How the user can be sent to the page.
pub(super) enum Way {
    /// The agent is told that the call needs input, and calls again with it (revision 2026-07-28).
    Retry,
    /// The agent is asked, and the call waits (2025-11-25).
    Ask,
    /// In words that the model reads.
    Words,
}

impl Way {
    pub(super) fn of(context: &RequestContext<RoleServer>) -> Self {
        let elicitation = context
            .client_capabilities()
            .and_then(|capabilities| capabilities.elicitation);
        if elicitation.is_none_or(|modes| modes.url.is_none()) {
            return Self::Words;
        }
        let version = context.protocol_version();
        // Versions are dates: as text they stand in their order.
        let is_new = version.is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str());
        if is_new { Self::Retry } else { Self::Ask }
    }
}

/// That a user has to sign in, for an agent that calls again.
pub(super) fn required(state: &RequestStateCodec, sign_in: &SignIn, whose: &[u8]) -> InputRequiredResult {
    let sealed = state.seal_with(b"signed in", &SealOptions::new().associated_data(whose).ttl(LONGEST));
    let request = ElicitRequest::new(params(sign_in, String::new()));
    let requests = InputRequests::from([(ANSWER.to_owned(), InputRequest::Elicitation(request))]);
    InputRequiredResult::new(Some(requests), Some(sealed))
}

/// What an agent that calls again says of the user; `None` where it does not call again.
///
/// # Errors
/// When the state is not one that this caller was given for this very call, or it ended.
pub(super) fn answered(
    state: &RequestStateCodec,
    request: &CallToolRequestParams,
    whose: impl FnOnce() -> Vec<u8>,
) -> Result<Option<ElicitationAction>, ErrorData> {
    let Some(sealed) = &request.request_state else {
        return Ok(None);
    };
    let refused = |words: String| ErrorData::invalid_params(words, None);
    state
        .open_with(sealed, &whose())
        .map_err(|error| refused(format!("this request state is not one of this call: {error}")))?;
    let answer = request.input_responses.as_ref().and_then(|answers| answers.get(ANSWER));
    let Some(answer) = answer else {
        return Err(refused(format!("`inputResponses` lacks `{ANSWER}`")));
    };
    let answer: ElicitResult =
        serde_json::from_value(answer.clone()).map_err(|error| refused(format!("`{ANSWER}` is no answer: {error}")))?;
    Ok(Some(answer.action))
}

/// To whom a request's state belongs: nobody else, and for no other call.
pub(super) fn whose(owner: &Owner, request: &CallToolRequestParams) -> Vec<u8> {
    let arguments = json!(request.arguments).to_string();
    let parts = [
        owner.profile().as_bytes(),
        owner.key.as_str().as_bytes(),
        request.name.as_bytes(),
        arguments.as_bytes(),
    ];
    // Each with its length, so that no two lists of parts are one text.
    let lengths: Vec<[u8; 8]> = parts.iter().map(|part| (part.len() as u64).to_be_bytes()).collect();
    let parts = lengths
        .iter()
        .zip(parts)
        .flat_map(|(length, part)| [length.as_slice(), part]);
    Digest::of_parts(parts).as_bytes().to_vec()
}

/// Asks an agent whose revision has no other way, and gives what its user said.
pub(super) async fn ask(context: &RequestContext<RoleServer>, sign_in: &SignIn, id: &str) -> ElicitationAction {
    let asked = context
        .peer
        .create_elicitation_with_timeout(params(sign_in, id.to_owned()), Some(LONGEST));
    let answer = tokio::select! {
        answer = asked => answer,
        () = context.ct.cancelled() => return ElicitationAction::Cancel,
    };
    match answer {
        Ok(answer) => answer.action,
        Err(error) => {
            tracing::debug!(%error, "an agent could not ask its user to sign in");
            ElicitationAction::Cancel
        }
    }
}

/// Tells an agent that was asked that the sign-in is done.
pub(super) async fn tell_completed(context: &RequestContext<RoleServer>, id: &str) {
    let told = CustomNotification::new(
        "notifications/elicitation/complete",
        Some(json!({ "elicitationId": id })),
    );
    let told = context
        .peer
        .send_notification(ServerNotification::CustomNotification(told));
    if let Err(error) = told.await {
        tracing::debug!(%error, "an agent could not be told that a sign-in is done");
    }
}

fn params(sign_in: &SignIn, elicitation_id: String) -> ElicitRequestParams {
    let scopes = if sign_in.scopes.is_empty() {
        String::new()
    } else {
        format!(" It will ask for: {}.", sign_in.scopes.join(", "))
    };
    let code = sign_in
        .user_code
        .as_ref()
        .map(|code| format!(" Enter this code there: {code}."))
        .unwrap_or_default();
    ElicitRequestParams::UrlElicitationParams {
        meta: None,
        message: format!(
            "Sign in to {} so that this tool can act for you there.{scopes}{code}",
            sign_in.provider
        ),
        url: sign_in.url.clone(),
        elicitation_id,
    }
}
