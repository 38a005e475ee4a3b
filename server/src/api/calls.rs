//! Calls: begun, looked at, cancelled.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use pocket_runtime::{Code, Digest, Input};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    api::{
        extract::{InPath, InQuery},
        json::JsonText,
        problem::Problem,
        stream,
    },
    caller::Caller,
    calls::{Begin, Call, CallId, CancelOnDrop},
    server::Core,
};

/// The longest idempotency key.
const LONGEST_KEY: usize = 255;

/// The longest that a reply waits for a call to end, in seconds.
const LONGEST_WAIT: u16 = 60;

/// Calls of a key.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Calls {
    calls: Vec<CallStatus>,
}

/// How a call stands.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct CallStatus {
    /// Names it.
    call: String,
    /// The tool's name.
    tool: String,
    /// `running` or `ended`.
    state: &'static str,
    /// When it began: seconds since 1970.
    began_at: i64,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<i64>,
    /// How it ended: `ok`, or what went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// `{tool, code, output | text | error, logs, usage}`, where it was asked for by its id and has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    result: Option<serde_json::Value>,
}

/// What a call gave.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct CallResult {
    /// The call's id.
    call: String,
    /// The tool's name.
    tool: String,
    /// `ok`.
    code: String,
    /// What the tool gave, where that is JSON.
    #[schema(value_type = Option<serde_json::Value>)]
    output: Option<serde_json::Value>,
    /// What the tool gave, where it is not.
    text: Option<String>,
    /// What it logged: `{level, message}` each.
    #[schema(value_type = Vec<Object>)]
    logs: Vec<serde_json::Value>,
    /// What it used of its limits.
    #[schema(value_type = Object)]
    usage: serde_json::Value,
    /// Its requests that were refused.
    refusals: Option<Vec<String>>,
}

/// Calls a tool: the body is its input. The reply comes once the call has ended, and a caller that goes away cancels it;
/// with `Accept: text/event-stream` it is told as it goes on (`call`, `step`, `log`, `progress`, `end`); with `Prefer: respond-async`
/// (RFC 7240) the reply comes at once and the call goes on.
#[utoipa::path(
    post,
    path = "/api/tools/{name}/calls",
    operation_id = "call_tool",
    tag = "calls",
    params(
        ("name" = String, Path, description = "The tool's name"),
        ("idempotency-key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$",
            description = "Whoever sends the same request again with it gets the same call; kept for a day"),
        ("prefer" = Option<String>, Header, description = "`respond-async`"),
    ),
    request_body(content = serde_json::Value, description = "The tool's input, which fits its schema", content_type = "application/json"),
    responses(
        (status = 200, description = "What it gave", content((CallResult = "application/json"), (stream::CallEvent = "text/event-stream")),
            links(("call" = (operation_id = "get_call", parameters(("id" = "$response.body#/call")))))),
        (status = 202, description = "It goes on: see `Location`", body = CallStatus,
            headers(("location" = String, description = "Where it is told how the call stands")),
            links(
                ("call" = (operation_id = "get_call", parameters(("id" = "$response.body#/call")))),
                ("events" = (operation_id = "follow_call", parameters(("id" = "$response.body#/call")))),
                ("cancel" = (operation_id = "cancel_call", parameters(("id" = "$response.body#/call")))),
            )),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn begin(
    State(core): State<Arc<Core>>,
    Extension(caller): Extension<Caller>,
    InPath(name): InPath<String>,
    headers: HeaderMap,
    body: JsonText,
) -> Result<Response, Problem> {
    if !caller.reaches(&name) {
        return Err(Problem::no_tool(&name));
    }
    let key = idempotency_key(&headers)?;
    let text = input(body, &headers)?;
    let is_keyed = key.is_some();
    let begun = match key {
        None => Begin::Begun(core.calls.begin(&core.tools.now(), &caller, &name, Input::Text(text))),
        Some(key) => {
            let asked = Digest::of(format!("{name}\n{text}").as_bytes());
            let input = Input::Text(text);
            core.calls
                .begin_once(&core.tools.now(), &caller, &name, input, (key, asked))
        }
    };
    let call = match begun {
        Begin::Begun(call) | Begin::Before(call) => call,
        Begin::OtherCall => {
            return Err(
                Problem::new(Code::InvalidInput, "this idempotency key stands for another call")
                    .hint("use a new key for each call that is not the same"),
            );
        }
    };
    if prefers_async(&headers) {
        return Ok(accepted(&call));
    }
    let revocations = core.revocations.clone();
    if wants_events(&headers) {
        let events = call.events();
        return Ok(stream::of(call, events, !is_keyed, caller.key(), revocations));
    }
    // A call with an idempotency key goes on: its caller will ask again.
    let _cancel = (!is_keyed).then(|| CancelOnDrop::new(Arc::clone(&call)));
    tokio::select! {
        () = call.wait() => {}
        () = stream::revoked(&revocations, caller.key()) => return Err(Problem::no_key()),
    }
    Ok(result(&call))
}

fn input(body: JsonText, headers: &HeaderMap) -> Result<String, Problem> {
    let JsonText(text) = body;
    if text.trim().is_empty() {
        return Ok("{}".to_owned());
    }
    // Who does not wait for the result is told at once of what no tool could take.
    if prefers_async(headers) || wants_events(headers) {
        Input::parse(&text)?;
    }
    Ok(text)
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    match key.to_str() {
        Ok(key) if is_key(key) => Ok(Some(key.to_owned())),
        _other => Err(Problem::new(
            Code::InvalidInput,
            format!("an idempotency key has 1 to {LONGEST_KEY} visible letters"),
        )
        .hint("take a random UUID for each call")),
    }
}

/// What the OpenAPI says of it, in its words.
fn is_key(text: &str) -> bool {
    (1..=LONGEST_KEY).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn prefers_async(headers: &HeaderMap) -> bool {
    let prefer = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    prefer
        .flat_map(|value| value.split(','))
        .any(|one| one.trim().eq_ignore_ascii_case("respond-async"))
}

fn wants_events(headers: &HeaderMap) -> bool {
    let accept = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    accept
        .flat_map(|value| value.split(','))
        .any(|one| one.split(';').next().unwrap_or_default().trim() == "text/event-stream")
}

fn accepted(call: &Call) -> Response {
    let mut response = (StatusCode::ACCEPTED, Json(status(call, false))).into_response();
    if let Ok(location) = HeaderValue::try_from(format!("/api/calls/{}", call.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// A call that has ended, as the reply to who waited for it.
fn result(call: &Call) -> Response {
    let Some(ended) = call.ended() else {
        return Problem::new(Code::Internal, "the call has not ended").into_response();
    };
    if ended.code != Code::Ok {
        return Problem::of_call(ended.code, ended, &call.id).into_response();
    }
    let mut shape = ended.to_json(&call.tool);
    if let Some(fields) = shape.as_object_mut() {
        fields.insert("call".to_owned(), json!(call.id.to_string()));
    }
    // Numbers stand as the tool wrote them.
    let text = match (ended.exact(), shape.as_object_mut()) {
        (Some(exact), Some(fields)) => {
            fields.remove("output");
            let others = shape.to_string();
            format!("{{\"output\":{exact},{}", others.strip_prefix('{').unwrap_or_default())
        }
        _inexact => shape.to_string(),
    };
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

fn status(call: &Call, with_result: bool) -> CallStatus {
    let ended = call.ended();
    CallStatus {
        call: call.id.to_string(),
        tool: call.tool.clone(),
        state: if ended.is_some() { "ended" } else { "running" },
        began_at: call.began_at.0,
        ended_at: ended.map(|ended| ended.ended_at.0),
        code: ended.map(|ended| ended.code.as_str()),
        result: ended.filter(|_| with_result).map(|ended| ended.to_json(&call.tool)),
    }
}

/// The calls of this key that run, and the last ones that have ended; the newest first.
#[utoipa::path(
    get,
    path = "/api/calls",
    operation_id = "list_calls",
    tag = "calls",
    responses(
        (status = 200, description = "The calls", body = Calls),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(State(core): State<Arc<Core>>, Extension(caller): Extension<Caller>) -> Json<Calls> {
    let calls = core.calls.of(&caller);
    Json(Calls {
        calls: calls.iter().map(|call| status(call, false)).collect(),
    })
}

/// How long to wait.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Waiting {
    /// Replies once the call has ended, or after so many seconds.
    #[param(maximum = 60)]
    wait: Option<u16>,
}

impl Waiting {
    fn checked(&self) -> Result<Option<Duration>, Problem> {
        if self.wait.is_some_and(|seconds| seconds > LONGEST_WAIT) {
            let says = format!("a reply waits for {LONGEST_WAIT} seconds at the most");
            return Err(Problem::new(Code::InvalidInput, says).hint("ask again while the call's `state` is `running`"));
        }
        Ok(self.wait.map(|seconds| Duration::from_secs(seconds.into())))
    }
}

/// A call of this key.
#[utoipa::path(
    get,
    path = "/api/calls/{id}",
    operation_id = "get_call",
    tag = "calls",
    params(("id" = String, Path, description = "The call's id"), Waiting),
    responses(
        (status = 200, description = "How it stands, and what it gave", body = CallStatus),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    State(core): State<Arc<Core>>,
    Extension(caller): Extension<Caller>,
    InPath(id): InPath<String>,
    InQuery(waiting): InQuery<Waiting>,
) -> Result<Json<CallStatus>, Problem> {
    let wait = waiting.checked()?;
    let call = found(&core, &caller, &id)?;
    if let Some(longest) = wait {
        let _ = tokio::time::timeout(longest, call.wait()).await;
    }
    Ok(Json(status(&call, true)))
}

/// Cancels a call of this key: its guest is stopped.
#[utoipa::path(
    delete,
    path = "/api/calls/{id}",
    operation_id = "cancel_call",
    tag = "calls",
    params(("id" = String, Path, description = "The call's id")),
    responses(
        (status = 200, description = "How it ended: it may have done so before", body = CallStatus),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn cancel(
    State(core): State<Arc<Core>>,
    Extension(caller): Extension<Caller>,
    InPath(id): InPath<String>,
) -> Result<Json<CallStatus>, Problem> {
    let call = found(&core, &caller, &id)?;
    call.cancel();
    call.wait().await;
    Ok(Json(status(&call, false)))
}

/// Tells a call of this key from here on, as `POST` does with `Accept: text/event-stream`.
#[utoipa::path(
    get,
    path = "/api/calls/{id}/events",
    operation_id = "follow_call",
    tag = "calls",
    params(("id" = String, Path, description = "The call's id")),
    responses(
        (status = 200, description = "Its events", body = stream::CallEvent, content_type = "text/event-stream"),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn events(
    State(core): State<Arc<Core>>,
    Extension(caller): Extension<Caller>,
    InPath(id): InPath<String>,
) -> Result<Response, Problem> {
    let call = found(&core, &caller, &id)?;
    let events = call.events();
    Ok(stream::of(call, events, false, caller.key(), core.revocations.clone()))
}

fn found(core: &Core, caller: &Caller, id: &str) -> Result<Arc<Call>, Problem> {
    core.calls.get(caller, &CallId::of(id)).ok_or_else(|| {
        Problem::new(Code::NotFound, "there is no such call")
            .hint("a call that has ended is kept for a day, and there are limits to how many are")
    })
}
