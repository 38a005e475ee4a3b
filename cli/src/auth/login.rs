//! `pocket auth login`: sign in without a tool.

use pocket_runtime::{AuthRequirement, TokenKind};
use serde_json::json;

use crate::{args, auth::sign_in, failure::Failure, session::Place, terminal::Terminal};

pub(crate) async fn login(args: args::Login, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let args::Login {
        provider,
        scope,
        handler,
        user_token,
        sign_in: ways,
    } = args;
    let session = place.open(terminal)?;
    let mut need = AuthRequirement::new(&provider);
    need.handler = handler;
    need.scopes = scope;
    need.scopes.sort();
    need.scopes.dedup();
    if user_token {
        need.token = TokenKind::User;
    }
    let pocket = session.builder().only([]).build().await?.for_profile(&place.profile);
    let begun = sign_in::begin(&pocket, &need, &[], &ways).await?;
    sign_in::complete(&pocket, &begun, &ways, terminal).await?;
    if terminal.is_json() {
        terminal.value(&json!({ "provider": begun.provider, "handler": begun.handler, "state": "ready" }));
    }
    Ok(())
}
