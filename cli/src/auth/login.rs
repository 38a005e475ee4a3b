//! `pocket auth login`: sign in without a tool, or to the account of a tool's own.

use pocket_runtime::{
    AuthRequirement, Code, Pocket, Provider, Scopes, Settings, TokenKind, ToolName, shown_on_one_line,
};
use serde_json::json;

use crate::{
    args,
    auth::{named, sign_in},
    failure::Failure,
    session::{Place, Session},
    terminal::Terminal,
};

pub(crate) async fn login(args: args::Login, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let args::Login {
        provider,
        scope,
        handler,
        user_token,
        tool,
        sign_in: ways,
    } = args;
    let session = place.open(terminal)?;
    let known = named::provider(&provider, &session.settings)?;
    let (pocket, mut need) = match &tool {
        Some(tool) => of_tool(&session, tool, &provider).await?,
        None => (
            session.builder().only([]).build().await?,
            AuthRequirement::new(&provider),
        ),
    };
    let pocket = pocket.for_profile(&place.profile);
    if tool.is_none() {
        need.handler = handler;
        if user_token {
            check_user_token(known, &session.settings)?;
            need.token = TokenKind::User;
        }
    }
    if !scope.is_empty() {
        check_scopes(known, need.handler.as_deref())?;
    }
    need.scopes.extend(scope);
    need.scopes.sort();
    need.scopes.dedup();
    let tools: Vec<String> = tool.iter().map(ToString::to_string).collect();
    let begun = sign_in::begin(&pocket, &need, &tools, &ways).await?;
    sign_in::complete(&pocket, &begun, &ways, terminal).await?;
    if terminal.is_json() {
        terminal.value(&json!({
            "provider": begun.provider,
            "handler": begun.handler,
            "tool": begun.owner.tool(),
            "state": "ready",
        }));
    }
    Ok(())
}

/// That scopes can be asked for: what is typed, or is the client's own, has those that it has.
fn check_scopes(provider: &Provider, handler: Option<&str>) -> Result<(), Failure> {
    let handler = provider.handler(handler)?;
    if handler.scopes == Scopes::Asked {
        return Ok(());
    }
    let name = &provider.name;
    let message = format!(
        "no scopes can be asked for by `{}`: its tokens have those that they have",
        handler.name
    );
    let failure = Failure::usage(message);
    let mut others = provider.handlers.iter();
    Err(match others.find(|other| other.scopes == Scopes::Asked) {
        Some(other) => failure.hint(format!(
            "leave `--scope` out, or sign in with `pocket auth login {name} --handler {}`",
            other.name
        )),
        None => failure.hint("leave `--scope` out: choose them where the token or the app is made"),
    })
}

/// That the provider has users' tokens beside the app's, and the operator leaves the choice.
fn check_user_token(provider: &Provider, settings: &Settings) -> Result<(), Failure> {
    let name = &provider.name;
    let mut servers = provider.handlers.iter().filter_map(|handler| handler.flow.oauth2());
    if !servers.any(|oauth2| oauth2.user.is_some()) {
        let message = format!("`{name}` has no user's tokens beside the app's");
        return Err(Failure::usage(message).hint("leave `--user-token` out"));
    }
    let client = settings.auth.clients.get(name);
    if client.and_then(|client| client.token) == Some(TokenKind::Bot) {
        let message = format!("`[auth.{name}]` says that the app's token is asked for");
        return Err(Failure::usage(message).hint(format!(
            "leave `--user-token` out, or take `token` out of `[auth.{name}]`"
        )));
    }
    Ok(())
}

/// What a tool with an account of its own needs.
async fn of_tool(session: &Session<'_>, tool: &ToolName, provider: &str) -> Result<(Pocket, AuthRequirement), Failure> {
    let settings = session.settings.tools.get(tool).ok_or_else(|| session.no_tool(tool))?;
    if !settings.own_account {
        let message = format!("`{tool}` uses the account that all tools of a profile share");
        return Err(Failure::said(Code::NotValid, message)
            .hint(format!(
                "give it one of its own: `account = \"own\"` in `[tools.{tool}]` of `pocket.toml`"
            ))
            .hint(format!(
                "or sign in without `--tool`: `pocket auth login {}`",
                shown_on_one_line(provider)
            )));
    }
    let pocket = session.open_tool(tool).await?;
    let need = pocket.need_of(tool.as_str()).await?;
    let need = need.filter(|need| need.provider == provider.to_lowercase());
    let need = need.ok_or_else(|| {
        let message = format!(
            "`{tool}` needs no account of this provider: `{}`",
            shown_on_one_line(provider)
        );
        Failure::said(Code::NotValid, message).hint(format!("`pocket inspect {tool}` shows what it needs"))
    })?;
    Ok((pocket, need))
}
