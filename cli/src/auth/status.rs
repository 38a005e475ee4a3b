//! `pocket auth status`: the accounts, with the sign-ins and sign-outs that have not ended.

use std::time::Duration;

use pocket_runtime::{
    AccountState, AccountStatus, NeedsSignIn, OwedRevocation, PendingSignIn, SignInStep, TokenKind, UnixTime,
    shown_on_one_line,
};
use serde_json::json;

use crate::{failure::Failure, session::Place, table::Table, terminal::Terminal};

/// Providers that are to be told of a sign-out just now are waited for as long: this process ends before it would on its own.
const PATIENCE: Duration = Duration::from_secs(5);

/// Those of all profiles; where a profile was typed, its own.
pub(crate) async fn status(place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let session = place.open(terminal)?;
    let pocket = session.builder().only([]).build().await?.for_profile(&place.profile);
    if let Ok(told) = tokio::time::timeout(PATIENCE, pocket.revoke_owed()).await {
        told?;
    }
    let (accounts, pending, owed) = match &place.typed_profile {
        Some(_) => (
            pocket.accounts().await?,
            pocket.pending_sign_ins().await?,
            pocket.owed_revocations().await?,
        ),
        None => (
            pocket.all_accounts().await?,
            pocket.all_pending_sign_ins().await?,
            pocket.all_owed_revocations().await?,
        ),
    };
    if terminal.is_json() {
        terminal.value(&json!({ "accounts": accounts, "sign_ins": pending, "owed_revocations": owed }));
        return Ok(());
    }
    if accounts.is_empty() {
        terminal.say("no accounts; `pocket auth login PROVIDER` signs in");
    } else {
        show_accounts(&accounts, terminal);
    }
    if !pending.is_empty() {
        show_pending(&pending, terminal);
    }
    if !owed.is_empty() {
        show_owed(&owed, terminal);
    }
    Ok(())
}

fn show_pending(pending: &[PendingSignIn], terminal: &Terminal) {
    let mut table = Table::new(["SIGN-IN WITH", "PROFILE", "HANDLER", "WAITS FOR", "UNTIL", "SCOPES"]);
    for sign_in in pending {
        let scopes = match sign_in.scopes.as_slice() {
            [] => "-".to_owned(),
            scopes => shown_on_one_line(&scopes.join(" ")),
        };
        table.row([
            sign_in.provider.clone(),
            shown_on_one_line(&sign_in.profile),
            of_tool(handler(&sign_in.handler, sign_in.kind), sign_in.tool.as_deref()),
            waits_for(sign_in.awaits).to_owned(),
            sign_in.expires_at.rfc3339(),
            scopes,
        ]);
    }
    terminal.data(table);
    let codes = pending.iter().filter(|sign_in| sign_in.awaits == SignInStep::Code);
    for sign_in in codes {
        terminal.say(format_args!(
            "`pocket auth login {} --handler {} --profile {} --device` shows the code again",
            sign_in.provider,
            sign_in.handler,
            shown_on_one_line(&sign_in.profile)
        ));
    }
}

const fn waits_for(step: SignInStep) -> &'static str {
    match step {
        SignInStep::Page => "a yes on the provider's page",
        SignInStep::Typing => "a secret on its page",
        SignInStep::Code => "a code on a device",
        SignInStep::Agreement => "a word on whose it is",
        _unknown => "its user",
    }
}

fn handler(name: &str, kind: TokenKind) -> String {
    match kind {
        TokenKind::Bot => name.to_owned(),
        TokenKind::User => format!("{name} (user token)"),
    }
}

fn show_accounts(accounts: &[AccountStatus], terminal: &Terminal) {
    let mut table = Table::new([
        "PROVIDER",
        "PROFILE",
        "HANDLER",
        "STATE",
        "WHO",
        "EXPIRES",
        "LAST REFRESH",
        "SCOPES",
        "LAST ERROR",
    ]);
    for account in accounts {
        table.row(row(account));
    }
    terminal.data(table);
    let ended = |account: &&AccountStatus| matches!(account.state, AccountState::NeedsSignIn(_));
    for account in accounts.iter().filter(ended) {
        let profile = shown_on_one_line(&account.profile);
        match &account.tool {
            None => terminal.say(format_args!(
                "`pocket auth login {} --handler {} --profile {profile}` signs in again",
                account.provider, account.handler
            )),
            Some(tool) => terminal.say(format_args!(
                "`pocket auth login {} --tool {tool} --profile {profile}` signs in again, in {}",
                account.provider,
                shown_on_one_line(account.tool_of.as_deref().unwrap_or("its project"))
            )),
        }
    }
}

fn show_owed(owed: &[OwedRevocation], terminal: &Terminal) {
    terminal.say("Signed out here, but the provider is not told yet:");
    let mut table = Table::new([
        "PROVIDER",
        "PROFILE",
        "HANDLER",
        "SIGNED OUT",
        "IS TOLD",
        "TRIES",
        "LAST ERROR",
    ]);
    for one in owed {
        let is_told = match one.next_try_at {
            Some(at) => format!("{}, until {}", at.rfc3339(), one.tried_until.rfc3339()),
            None => "given up: revoke it on the provider's pages".to_owned(),
        };
        table.row([
            one.provider.clone(),
            shown_on_one_line(&one.profile),
            of_tool(one.handler.clone(), one.tool.as_deref()),
            one.signed_out_at.rfc3339(),
            is_told,
            one.tries.to_string(),
            shown_on_one_line(one.last_error.as_deref().unwrap_or("-")),
        ]);
    }
    terminal.data(table);
}

fn of_tool(handler: String, tool: Option<&str>) -> String {
    match tool {
        Some(tool) => format!("{handler} (only `{tool}`)"),
        None => handler,
    }
}

fn row(account: &AccountStatus) -> [String; 9] {
    let state = match account.state {
        AccountState::Ready => "ready".to_owned(),
        AccountState::Refreshing => "being renewed".to_owned(),
        AccountState::NeedsSignIn(reason) => format!("sign in again: {}", in_words(reason)),
    };
    let or_nothing = |text: Option<&str>| text.map_or_else(|| "-".to_owned(), shown_on_one_line);
    let scopes = (!account.scopes.is_empty()).then(|| account.scopes.join(" "));
    [
        account.provider.clone(),
        shown_on_one_line(&account.profile),
        of_tool(handler(&account.handler, account.kind), account.tool.as_deref()),
        state,
        or_nothing(account.identity.as_deref()),
        account.expires_at.map_or_else(|| "never".to_owned(), UnixTime::rfc3339),
        account.refreshed_at.map_or_else(|| "-".to_owned(), UnixTime::rfc3339),
        or_nothing(scopes.as_deref()),
        or_nothing(account.last_error.as_deref()),
    ]
}

const fn in_words(reason: NeedsSignIn) -> &'static str {
    match reason {
        NeedsSignIn::Expired => "the token ended",
        NeedsSignIn::Refused => "the provider refused to renew it",
        NeedsSignIn::Rejected => "the provider refused the token",
        NeedsSignIn::LostInCrash => "a crash fell into its renewal",
        NeedsSignIn::Scope => "a scope is missing",
    }
}
