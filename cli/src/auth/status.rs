//! `pocket auth status`: the accounts, with the sign-ins that have not ended.

use pocket_runtime::{
    AccountState, AccountStatus, NeedsSignIn, PendingSignIn, SignInStep, TokenKind, UnixTime, shown_on_one_line,
};
use serde_json::json;

use crate::{failure::Failure, session::Place, table::Table, terminal::Terminal};

/// Those of all profiles; where a profile was typed, its own.
pub(crate) async fn status(place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let session = place.open(terminal)?;
    let pocket = session.builder().only([]).build().await?.for_profile(&place.profile);
    let (accounts, pending) = match &place.typed_profile {
        Some(_) => (pocket.accounts().await?, pocket.pending_sign_ins().await?),
        None => (pocket.all_accounts().await?, pocket.all_pending_sign_ins().await?),
    };
    if terminal.is_json() {
        terminal.value(&json!({ "accounts": accounts, "sign_ins": pending }));
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
            handler(&sign_in.handler, sign_in.kind),
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
        terminal.say(format_args!(
            "`pocket auth login {} --handler {} --profile {profile}` signs in again",
            account.provider, account.handler
        ));
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
        handler(&account.handler, account.kind),
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
