//! A call that goes on as a task, for an agent that comes back for it (MCP's tasks extension, SEP-2663).

use std::time::Duration;

use pocket_runtime::{Code, UnixTime};
use rmcp::{
    ErrorData, RoleServer,
    model::{CallToolResult, CreateTaskResult, DetailedTask, GetTaskResult, JsonObject, Task, TaskPayload, TaskStatus},
    service::RequestContext,
};
use serde::Serialize;

use crate::calls::{Call, KEPT_SECONDS};

/// How long an agent waits for a result before it is given a task in its place: most calls have ended by then.
pub(super) const AFTER: Duration = Duration::from_secs(1);
/// How often an agent is to look, in milliseconds.
const EVERY_MS: u64 = 500;

/// Whether an agent takes a task in the place of a result.
pub(super) fn are_taken(context: &RequestContext<RoleServer>) -> bool {
    context
        .client_capabilities()
        .is_some_and(|capabilities| capabilities.supports_tasks())
}

/// That a call goes on.
pub(super) fn begun(call: &Call) -> CreateTaskResult {
    CreateTaskResult::new(task(call))
}

/// A call as it is now; `result` is what an agent that had waited would have been given.
pub(super) fn now(call: &Call, result: Option<Result<CallToolResult, ErrorData>>) -> GetTaskResult {
    let payload = match (call.ended(), result) {
        (Some(ended), _) if ended.code == Code::Cancelled => TaskPayload::Cancelled,
        (Some(_), Some(Ok(result))) => TaskPayload::Completed { result: object(result) },
        (Some(_), Some(Err(error))) => TaskPayload::Failed { error: object(error) },
        _running => TaskPayload::Working,
    };
    GetTaskResult::new(DetailedTask::new(task(call), payload))
}

/// There is none of this name for who asks: another's does not exist either.
pub(super) fn none(id: &str) -> ErrorData {
    ErrorData::invalid_params(format!("there is no such task: `{id}`"), None)
}

fn task(call: &Call) -> Task {
    let changed = call.ended().map_or_else(|| call.told_at(), |ended| ended.ended_at);
    let time = |time: UnixTime| time.rfc3339();
    let task = Task::new(
        call.id.to_string(),
        TaskStatus::Working,
        time(call.began_at),
        time(changed),
    )
    .with_ttl_ms(KEPT_SECONDS * 1_000)
    .with_poll_interval_ms(EVERY_MS);
    match call.progress() {
        Some(progress) => task.with_status_message(progress.to_string()),
        None => task,
    }
}

fn object(value: impl Serialize) -> JsonObject {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::Object(object)) => object,
        Ok(_) | Err(_) => JsonObject::new(),
    }
}
