//! The sign-ins of a key's profile.

use std::sync::Arc;

use axum::{Extension, Json, extract::State, http::StatusCode};
use pocket_runtime::{PendingSignIn, SignIn};
use serde::{Deserialize, Serialize};

use crate::{
    api::{json::JsonText, problem::Problem},
    caller::Caller,
    server::Core,
};

/// The sign-ins of a key's profile that are pending.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SignIns {
    /// Each with provider, handler, scopes, the tools it is for, what the user has to do, and when it ends.
    #[schema(value_type = Vec<Object>)]
    sign_ins: Vec<PendingSignIn>,
}

/// Which sign-in is to begin.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForTool {
    /// The tool that needs it.
    tool: String,
}

/// A sign-in that a user is to complete.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Begun {
    /// With the `url` that the user opens, the provider, the scopes and when it ends; nothing where the account is ready or the
    /// tool needs none.
    #[schema(value_type = Option<Object>)]
    sign_in: Option<SignIn>,
}

/// The sign-ins of this key's profile that are pending.
#[utoipa::path(
    get,
    path = "/api/sign-ins",
    operation_id = "list_sign_ins",
    tag = "accounts",
    responses(
        (status = 200, description = "The sign-ins", body = SignIns),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(core): State<Arc<Core>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<SignIns>, Problem> {
    let sign_ins = caller.pocket(&core.tools.now()).pending_sign_ins().await?;
    Ok(Json(SignIns { sign_ins }))
}

/// Begins the sign-in that a tool needs, with the scopes that it asks for.
#[utoipa::path(
    post,
    path = "/api/sign-ins",
    operation_id = "begin_sign_in",
    tag = "accounts",
    request_body = ForTool,
    responses(
        (status = 200, description = "Nothing is to be done: the account is ready, or the tool needs none", body = Begun),
        (status = 201, description = "A user has to open its URL", body = Begun),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn begin(
    State(core): State<Arc<Core>>,
    Extension(caller): Extension<Caller>,
    body: JsonText,
) -> Result<(StatusCode, Json<Begun>), Problem> {
    let ForTool { tool } = body.read()?;
    if !caller.reaches(&tool) {
        return Err(Problem::no_tool(&tool));
    }
    let pocket = caller.pocket(&core.tools.now());
    let nothing = (StatusCode::OK, Json(Begun { sign_in: None }));
    let Some(need) = pocket.need_of(&tool).await? else {
        return Ok(nothing);
    };
    if pocket.is_signed_in(&need).await? {
        return Ok(nothing);
    }
    let sign_in = pocket.begin_sign_in(&need, std::slice::from_ref(&tool)).await?;
    core.seen.sign_in(&caller, &tool, &need.provider);
    Ok((StatusCode::CREATED, Json(Begun { sign_in: Some(sign_in) })))
}
