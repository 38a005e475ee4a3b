//! `pocket auth login`: sign in without a tool, or to the account of a tool's own.

use pocket_runtime::{AuthRequirement, Code, Pocket, TokenKind, ToolName, shown_on_one_line};
use serde_json::json;

use crate::{
    args,
    auth::sign_in,
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
            need.token = TokenKind::User;
        }
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
