//! What an agent may ask: which tools there are, and to call one.

#![expect(
    deprecated,
    reason = "log messages are deprecated in the newest revision, and agents of the ones before have no other way to see a tool's log"
)]

use std::sync::{Arc, Mutex, PoisonError};

use pocket_runtime::{Error, Input, SignIn};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, CancelTaskParams, ContentBlock, CustomRequest,
        CustomResult, ElicitationAction, ErrorCode, GetTaskParams, GetTaskResult, Implementation, ListToolsResult,
        LoggingLevel, PaginatedRequestParams, ServerCapabilities, ServerConfig, ServerNotification,
        SetLevelRequestParams, SubscriptionFilter, ToolListChangedNotification, UpdateTaskParams,
    },
    service::{NotificationContext, RequestContext, SubscriptionContext},
};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    caller::Caller,
    calls::{Call, CallId, CancelOnDrop, Ended},
    mcp::{
        listed,
        report::Telling,
        result,
        sign_in::{self, Way},
        tasks,
    },
    server::Core,
};

/// What models are told of the tools as a whole.
const INSTRUCTIONS: &str = "Tools that run in a sandbox, each able to reach only what a person granted it. Where a result says \
     `sign_in_required`, ask the user to open the address it has, then call again. Where it says `denied`, only a person can \
     allow what was refused: tell the user which rule would.";

/// The methods whose params are read.
const METHODS: [&str; 7] = [
    "initialize",
    "tools/list",
    "tools/call",
    "tasks/get",
    "tasks/update",
    "tasks/cancel",
    "logging/setLevel",
];

/// One agent, or one session of one.
pub(super) struct Agent {
    core: Arc<Core>,
    /// Who it is, where a connection does not say so.
    caller: Option<Caller>,
    /// From which level on it is told lines of logs, where its requests do not say so.
    level: Mutex<Option<LoggingLevel>>,
    /// Tells it of tools that changed.
    telling: Mutex<Option<AbortOnDropHandle<()>>>,
}

/// A call that an agent asks for.
struct Asked<'a> {
    request: &'a CallToolRequestParams,
    context: &'a RequestContext<RoleServer>,
    caller: Caller,
}

impl Agent {
    pub(super) const fn new(core: Arc<Core>, caller: Option<Caller>) -> Self {
        Self {
            core,
            caller,
            level: Mutex::new(None),
            telling: Mutex::new(None),
        }
    }

    /// Who sent a request: with each one its key is looked at anew.
    fn caller(&self, context: &RequestContext<RoleServer>) -> Result<Caller, ErrorData> {
        let of_request = context
            .extensions
            .get::<http::request::Parts>()
            .and_then(|parts| parts.extensions.get::<Caller>());
        of_request
            .or(self.caller.as_ref())
            .cloned()
            .ok_or_else(|| ErrorData::internal_error("this request has no key", None))
    }

    /// Calls once, and tells the agent how it goes on. An agent that cancels, or goes away, stops the guest. One that takes tasks waits no
    /// longer than [`tasks::AFTER`]: the call may then still run.
    async fn call(&self, asked: &Asked<'_>) -> Arc<Call> {
        let tool = asked.request.name.as_ref();
        let input = serde_json::Value::Object(asked.request.arguments.clone().unwrap_or_default());
        let call = self
            .core
            .calls
            .begin(&self.core.tools.now(), &asked.caller, tool, Input::Json(input));
        let cancel = CancelOnDrop::new(Arc::clone(&call));
        let long = tokio::time::sleep(tasks::AFTER);
        let mut long = std::pin::pin!(long);
        let is_task = tasks::are_taken(asked.context);
        let level = *self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let mut telling = Telling::of(asked.context, tool, level);
        let mut events = call.events();
        loop {
            let event = tokio::select! {
                biased;
                () = asked.context.ct.cancelled() => {
                    call.cancel();
                    break;
                }
                event = events.recv() => event,
                () = call.wait() => break,
                () = &mut long, if is_task => {
                    cancel.let_go();
                    return call;
                }
            };
            match event {
                Ok(event) => telling.tell(event).await,
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => break,
            }
        }
        call.wait().await;
        // What was told just before it ended.
        while let Ok(event) = events.try_recv() {
            telling.tell(event).await;
        }
        call
    }

    /// Calls; where a sign-in is needed the user is sent to it, and the call goes on by itself.
    async fn call_signed_in(&self, asked: &Asked<'_>) -> Result<CallToolResponse, ErrorData> {
        let whose = || sign_in::whose(&asked.caller.owner(), asked.request);
        let answer = sign_in::answered(&self.core.request_state, asked.request, whose)?;
        if answer
            .as_ref()
            .is_some_and(|answer| *answer != ElicitationAction::Accept)
        {
            return Ok(declined().into());
        }
        let call = self.call(asked).await;
        let Some(ended) = call.ended().cloned() else {
            return Ok(tasks::begun(&call).into());
        };
        if ended.is_of_no_tool() {
            return Err(no_tool(&asked.request.name));
        }
        let Some(needed) = ended.sign_in() else {
            return Ok(self.result(&call.tool, &ended).await.into());
        };
        match (answer, Way::of(asked.context)) {
            // The user said yes, and may still be at it.
            (Some(_accepted), _) => Ok(self.after_sign_in(asked, needed, &ended).await),
            (None, Way::Retry) => Ok(sign_in::required(&self.core.request_state, needed, &whose()).into()),
            (None, Way::Ask) => {
                let id = call.id.to_string();
                if sign_in::ask(asked.context, needed, &id).await != ElicitationAction::Accept {
                    return Ok(declined().into());
                }
                let result = self.after_sign_in(asked, needed, &ended).await;
                sign_in::tell_completed(asked.context, &id).await;
                Ok(result)
            }
            (None, Way::Words) => Ok(self.result(&call.tool, &ended).await.into()),
        }
    }

    /// Waits for the user, and calls once more.
    async fn after_sign_in(&self, asked: &Asked<'_>, needed: &SignIn, before: &Ended) -> CallToolResponse {
        let pocket = asked.caller.pocket(&self.core.tools.now());
        let waited = tokio::select! {
            waited = pocket.wait_sign_in(needed) => Some(waited),
            () = tokio::time::sleep(sign_in::LONGEST) => None,
            () = asked.context.ct.cancelled() => None,
        };
        match waited {
            None => self.result(&asked.request.name, before).await.into(),
            Some(Err(error)) => in_words(&error).into(),
            Some(Ok(())) => {
                let call = self.call(asked).await;
                match call.ended() {
                    Some(ended) => self.result(&call.tool, ended).await.into(),
                    None => tasks::begun(&call).into(),
                }
            }
        }
    }

    /// How a call ended, as the agent is told. What its tool's output looks like matters to errors alone.
    async fn result(&self, tool: &str, ended: &Ended) -> CallToolResult {
        if let Some(value) = ended.value() {
            return result::of(value, ended.exact());
        }
        let tool = self.core.tools.now().description_of(tool).await;
        result::failed(ended, tool.is_ok_and(|tool| tool.output_schema.is_some()))
    }

    /// A task of this caller's.
    fn task(&self, id: &str, context: &RequestContext<RoleServer>) -> Result<Arc<Call>, ErrorData> {
        let caller = self.caller(context)?;
        let call = self.core.calls.get(&caller, &CallId::of(id));
        call.ok_or_else(|| tasks::none(id))
    }
}

fn no_tool(name: &str) -> ErrorData {
    ErrorData::invalid_params(format!("there is no tool of this name: `{name}`"), None)
}

fn declined() -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(
        "[sign_in_required] The user did not want to sign in, so this tool cannot be called. Do not ask again unless the user does.",
    )])
}

fn in_words(error: &Error) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(format!("[{}] {error}", error.code()))])
}

impl ServerHandler for Agent {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_tool_list_changed()
            .enable_logging()
            .enable_tasks()
            .build();
        let about = Implementation::new("pocket", env!("CARGO_PKG_VERSION")).with_title("Pocket");
        ServerConfig::new(capabilities)
            .with_server_info(about)
            .with_instructions(INSTRUCTIONS)
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        let of_request = context.extensions.get::<http::request::Parts>();
        let caller = of_request.and_then(|parts| parts.extensions.get::<Caller>());
        let Some(caller) = caller.or(self.caller.as_ref()).cloned() else {
            return;
        };
        let mut changes = self.core.tools.changes();
        let telling = tokio::spawn(async move {
            while changes.next(|tool| caller.reaches(tool)).await.is_some() {
                if let Err(error) = context.peer.notify_tool_list_changed().await {
                    tracing::debug!(%error, "an agent could not be told that tools changed");
                }
            }
        });
        *self.telling.lock().unwrap_or_else(PoisonError::into_inner) = Some(AbortOnDropHandle::new(telling));
    }

    fn accepted_subscription_filter(&self, _requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(SubscriptionFilter::builder().tools_list_changed().build())
    }

    async fn listen(&self, subscription: SubscriptionContext) -> Result<(), ErrorData> {
        let caller = self.caller(subscription.request_context())?;
        let mut changes = self.core.tools.changes();
        loop {
            tokio::select! {
                () = subscription.cancelled() => return Ok(()),
                () = self.core.ending.cancelled() => return Ok(()),
                changed = changes.next(|tool| caller.reaches(tool)) => {
                    if changed.is_none() {
                        return Ok(());
                    }
                    let told = ServerNotification::ToolListChangedNotification(ToolListChangedNotification::default());
                    if let Err(error) = subscription.sink().send(told).await {
                        tracing::debug!(%error, "an agent could not be told that tools changed");
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let caller = self.caller(&context)?;
        let mut tools = self.core.tools.now().tools().await;
        tools.retain(|tool| caller.reaches(tool.name.as_str()));
        listed::page(&tools, request)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let caller = self.caller(&context)?;
        if !caller.reaches(&request.name) {
            return Err(no_tool(&request.name));
        }
        let asked = Asked {
            request: &request,
            context: &context,
            caller,
        };
        self.call_signed_in(&asked).await
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        let call = self.task(&request.task_id, &context)?;
        let result = match call.ended() {
            None => None,
            Some(ended) if ended.is_of_no_tool() => Some(Err(no_tool(&call.tool))),
            Some(ended) => Some(Ok(self.result(&call.tool, ended).await)),
        };
        Ok(tasks::now(&call, result))
    }

    /// Nothing is asked of an agent in a task, so whatever it answers is of no use.
    async fn update_task(
        &self,
        request: UpdateTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.task(&request.task_id, &context)?;
        Ok(())
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.task(&request.task_id, &context)?.cancel();
        Ok(())
    }

    /// What the SDK could not read as a request that it knows: of a method that there is, the params are not as they should be.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        if METHODS.contains(&request.method.as_str()) {
            let why = format!("these are no params of this method: `{}`", request.method);
            return Err(ErrorData::invalid_params(why, None));
        }
        let none = "there is no such method here";
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, none, None))
    }

    async fn set_level(
        &self,
        request: SetLevelRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        *self.level.lock().unwrap_or_else(PoisonError::into_inner) = Some(request.level);
        Ok(())
    }
}
