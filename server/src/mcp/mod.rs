//! Agents: MCP, over streamable HTTP at `/mcp` or on two pipes.

mod agent;
mod listed;
pub(crate) mod message;
mod report;
mod result;
mod sessions;
mod sign_in;
mod state_key;
mod tasks;

use std::{io, sync::Arc};

use axum::{Router, middleware};
use pocket_runtime::{Pocket, Profile};
use rmcp::{
    ServiceExt as _,
    model::RequestStateCodec,
    transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    caller::Caller,
    door,
    error::ServerError,
    following::{self, Project},
    keys::{Keys, KeysError},
    mcp::{agent::Agent, sessions::Sessions},
    server::Core,
    settings::ServerSettings,
};

/// What the body of a request may have beside the input of a call.
const AROUND_INPUT: usize = 64 * 1024;

/// Seals what agents bring back, with the key that the processes of one `home` share.
pub(crate) fn request_state(keys: &Keys) -> Result<RequestStateCodec, ServerError> {
    let key = state_key::of_folder(keys.folder())?;
    let codec = RequestStateCodec::try_new(key.expose().as_bytes());
    Ok(codec.map_err(|error| KeysError::Io {
        path: keys.folder().to_owned(),
        error: io::Error::other(error),
    })?)
}

/// MCP at `/mcp`, with a key as bearer token.
pub(crate) fn router(core: &Arc<Core>) -> Router {
    // Which hosts and origins are ours the door has looked at.
    let config = StreamableHttpServerConfig::default()
        .disable_allowed_hosts()
        .disable_allowed_origins()
        .with_cancellation_token(core.ending.child_token())
        .with_max_request_body_bytes(core.tools.now().settings().limits.input.saturating_add(AROUND_INPUT));
    let agents = Arc::clone(core);
    let sessions = Arc::new(Sessions::new());
    let service = StreamableHttpService::new(
        move || Ok(Agent::new(Arc::clone(&agents), None)),
        sessions.local(),
        config,
    );
    Router::new()
        .route_service("/mcp", service)
        .layer(middleware::from_fn_with_state(Arc::clone(core), message::is_one))
        .layer(middleware::from_fn_with_state(
            (sessions, core.revocations.clone()),
            sessions::is_ours,
        ))
        .layer(middleware::from_fn_with_state(Arc::clone(core), door::needs_key))
}

/// Serves one agent that speaks MCP on two pipes, such as stdin and stdout, as this profile, until the agent closes them or `end` is done. What
/// changes in `project` meanwhile is taken.
/// What tools write never gets into them but as a value of JSON.
///
/// ```no_run
/// # async fn example(home: pocket_runtime::Home) -> Result<(), Box<dyn std::error::Error>> {
/// use pocket_runtime::{Pocket, Profile};
/// use pocket_server::{Keys, serve_agent};
///
/// let pocket = Pocket::builder().project(".").home(home.clone()).build().await?;
/// let pipes = (tokio::io::stdin(), tokio::io::stdout());
/// serve_agent(pocket, Keys::of(&home), Profile::default(), pipes, None, std::future::pending()).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When what comes is not the beginning of MCP.
pub async fn serve_agent<R, W>(
    pocket: Pocket,
    keys: Keys,
    profile: Profile,
    pipes: (R, W),
    project: Option<Arc<dyn Project>>,
    end: impl Future<Output = ()> + Send,
) -> Result<(), ServerError>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let core = Arc::new(Core::of(pocket, keys, ServerSettings::default(), 0)?);
    let _following = project.map(|project| {
        let follow = following::follow(Arc::clone(&core), project);
        AbortOnDropHandle::new(tokio::spawn(follow))
    });
    let agent = Agent::new(Arc::clone(&core), Some(Caller::without_key(profile)));
    let mut end = std::pin::pin!(end);
    let running = tokio::select! {
        running = agent.serve(pipes) => running,
        () = &mut end => return Ok(()),
    };
    let running = match running {
        Ok(running) => running,
        // An agent that only looked whether the program starts.
        Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(ServerError::Agent(error.to_string())),
    };
    let stop = running.cancellation_token();
    tokio::select! {
        _ended = running.waiting() => {}
        () = end => stop.cancel(),
    }
    core.calls.cancel_all();
    core.calls.wait_all().await;
    core.seen.end().await;
    Ok(())
}
