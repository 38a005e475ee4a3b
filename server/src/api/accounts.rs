//! The accounts of a key's profile.

use std::sync::Arc;

use axum::{Extension, Json, extract::State};
use pocket_runtime::AccountStatus;
use serde::{Deserialize, Serialize};

use crate::{
    api::{
        extract::{InPath, InQuery},
        problem::Problem,
    },
    caller::Caller,
    server::Core,
};

/// The accounts of a key's profile.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Accounts {
    /// Each with provider, handler, state, scopes, identity and when it ends; never with its token.
    #[schema(value_type = Vec<Object>)]
    accounts: Vec<AccountStatus>,
}

/// Which account.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Only the account of this handler.
    handler: Option<String>,
}

/// What a sign-out did.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SignedOut {
    /// How many accounts were deleted here.
    accounts: usize,
    /// How many sign-ins that were pending are ended.
    sign_ins: usize,
    /// For each that the provider could not be told of: why.
    not_revoked: Vec<String>,
    /// For each that the provider is still to be told of: why.
    owed: Vec<String>,
}

/// The accounts of this key's profile.
#[utoipa::path(
    get,
    path = "/api/accounts",
    operation_id = "list_accounts",
    tag = "accounts",
    responses(
        (status = 200, description = "The accounts", body = Accounts),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(core): State<Arc<Core>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Accounts>, Problem> {
    let accounts = caller.pocket(&core.tools.now()).accounts().await?;
    Ok(Json(Accounts { accounts }))
}

/// Signs this key's profile out of a provider, and tells the provider.
#[utoipa::path(
    delete,
    path = "/api/accounts/{provider}",
    operation_id = "sign_out",
    tag = "accounts",
    params(("provider" = String, Path, description = "Its name"), Which),
    responses(
        (status = 200, description = "What was done", body = SignedOut),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn sign_out(
    State(core): State<Arc<Core>>,
    Extension(caller): Extension<Caller>,
    InPath(provider): InPath<String>,
    InQuery(which): InQuery<Which>,
) -> Result<Json<SignedOut>, Problem> {
    let pocket = caller.pocket(&core.tools.now());
    let done = pocket.sign_out(&provider, which.handler.as_deref()).await?;
    core.seen.sign_out(&caller, &provider);
    Ok(Json(SignedOut {
        accounts: done.accounts,
        sign_ins: done.sign_ins,
        not_revoked: done.not_revoked,
        owed: done.owed,
    }))
}
