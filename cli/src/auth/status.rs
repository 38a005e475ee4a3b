//! `pocket auth status`: the accounts.

use pocket_runtime::{AccountState, AccountStatus, NeedsSignIn, UnixTime, shown_on_one_line};
use serde_json::json;

use crate::{failure::Failure, session::Place, table::Table, terminal::Terminal};

pub(crate) async fn status(place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let session = place.open(terminal)?;
    let pocket = session.builder().only([]).build().await?.for_profile(&place.profile);
    let accounts = pocket.accounts().await?;
    if terminal.is_json() {
        terminal.value(&json!({ "accounts": accounts }));
        return Ok(());
    }
    if accounts.is_empty() {
        terminal.say("no accounts; `pocket auth login PROVIDER` signs in");
        return Ok(());
    }
    let mut table = Table::new(["PROVIDER", "HANDLER", "STATE", "WHO", "SCOPES", "EXPIRES"]);
    for account in &accounts {
        table.row(row(account));
    }
    terminal.data(table);
    Ok(())
}

fn row(account: &AccountStatus) -> [String; 6] {
    let state = match account.state {
        AccountState::Ready => "ready".to_owned(),
        AccountState::Refreshing => "being renewed".to_owned(),
        AccountState::NeedsSignIn(reason) => format!("sign in again: {}", in_words(reason)),
    };
    [
        account.provider.clone(),
        account.handler.clone(),
        state,
        shown_on_one_line(account.identity.as_deref().unwrap_or("-")),
        shown_on_one_line(&if account.scopes.is_empty() {
            "-".to_owned()
        } else {
            account.scopes.join(" ")
        }),
        account.expires_at.map_or_else(|| "never".to_owned(), UnixTime::rfc3339),
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
