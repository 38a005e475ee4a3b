//! `pocket auth logout`: sign out, and tell the provider.

use pocket_runtime::{AccountOwner, Code, WhoseAccounts, shown_on_one_line};
use serde_json::json;

use crate::{args, failure::Failure, session::Place, terminal::Terminal};

pub(crate) async fn logout(args: args::Logout, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let args::Logout {
        provider,
        handler,
        tool,
        all,
    } = args;
    let session = place.open(terminal)?;
    let pocket = session.builder().only([]).build().await?.for_profile(&place.profile);
    let whose = match &tool {
        Some(tool) => WhoseAccounts::Of(pocket.own_account_of(tool)?),
        None if all => WhoseAccounts::All,
        None => WhoseAccounts::Of(AccountOwner::SHARED),
    };
    let signed_out = pocket.sign_out_of(&provider, handler.as_deref(), whose).await?;
    if signed_out.accounts == 0 && signed_out.sign_ins == 0 {
        let message = format!("no account of this provider: `{}`", shown_on_one_line(&provider));
        let failure = Failure::said(Code::NotFound, message);
        let failure = match (&tool, signed_out.left.first()) {
            (None, Some(left)) => failure.hint(format!(
                "`{left}` has an account of its own: `--tool {left}` in its project, or `--all`"
            )),
            (Some(_), _) | (None, None) => failure,
        };
        return Err(failure.hint("`pocket auth status` shows the accounts"));
    }
    for reason in &signed_out.not_revoked {
        terminal.say(format_args!(
            "deleted here, but the provider was not told: {}",
            shown_on_one_line(reason)
        ));
    }
    for reason in &signed_out.owed {
        terminal.say(format_args!(
            "deleted here; the provider could not be told yet: {}",
            shown_on_one_line(reason)
        ));
    }
    if tool.is_none() {
        for left in &signed_out.left {
            terminal.say(format_args!(
                "`{left}` still has an account of its own: `--tool {left}` in its project signs out of it"
            ));
        }
    }
    if signed_out.sign_ins > 0 {
        terminal.say(format_args!("pending sign-ins that are ended: {}", signed_out.sign_ins));
    }
    terminal.done("signed out");
    if terminal.is_json() {
        terminal.value(&json!({
            "accounts": signed_out.accounts,
            "sign_ins": signed_out.sign_ins,
            "not_revoked": signed_out.not_revoked,
            "owed": signed_out.owed,
        }));
    }
    Ok(())
}
