//! `pocket auth status`: the accounts.

use pocket_runtime::{AccountState, AccountStatus, NeedsSignIn, TokenKind, UnixTime, shown_on_one_line};
use serde_json::json;

use crate::{failure::Failure, session::Place, table::Table, terminal::Terminal};

/// Those of all profiles; where a profile was typed, its own.
pub(crate) async fn status(place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let session = place.open(terminal)?;
    let pocket = session.builder().only([]).build().await?.for_profile(&place.profile);
    let accounts = match &place.typed_profile {
        Some(_) => pocket.accounts().await?,
        None => pocket.all_accounts().await?,
    };
    if terminal.is_json() {
        terminal.value(&json!({ "accounts": accounts }));
        return Ok(());
    }
    if accounts.is_empty() {
        terminal.say("no accounts; `pocket auth login PROVIDER` signs in");
        return Ok(());
    }
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
    for account in &accounts {
        table.row(row(account));
    }
    terminal.data(table);
    Ok(())
}

fn row(account: &AccountStatus) -> [String; 9] {
    let state = match account.state {
        AccountState::Ready => "ready".to_owned(),
        AccountState::Refreshing => "being renewed".to_owned(),
        AccountState::NeedsSignIn(reason) => format!("sign in again: {}", in_words(reason)),
    };
    let handler = match account.kind {
        TokenKind::Bot => account.handler.clone(),
        TokenKind::User => format!("{} (user token)", account.handler),
    };
    let or_nothing = |text: Option<&str>| text.map_or_else(|| "-".to_owned(), shown_on_one_line);
    let scopes = (!account.scopes.is_empty()).then(|| account.scopes.join(" "));
    [
        account.provider.clone(),
        shown_on_one_line(&account.profile),
        handler,
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
