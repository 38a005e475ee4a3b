//! `pocket auth logout`: sign out, and tell the provider.

use pocket_runtime::{Code, shown_on_one_line};
use serde_json::json;

use crate::{args, failure::Failure, session::Place, terminal::Terminal};

pub(crate) async fn logout(args: args::Logout, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let args::Logout { provider, handler } = args;
    let session = place.open(terminal)?;
    let pocket = session.builder().only([]).build().await?.for_profile(&place.profile);
    let signed_out = pocket.sign_out(&provider, handler.as_deref()).await?;
    if signed_out.accounts == 0 {
        let message = format!("no account of this provider: `{}`", shown_on_one_line(&provider));
        return Err(Failure::said(Code::NotFound, message).hint("`pocket auth status` shows the accounts"));
    }
    for reason in &signed_out.not_revoked {
        terminal.say(format_args!(
            "deleted here, but the provider was not told: {}",
            shown_on_one_line(reason)
        ));
    }
    terminal.done("signed out");
    if terminal.is_json() {
        terminal.value(&json!({ "accounts": signed_out.accounts, "not_revoked": signed_out.not_revoked }));
    }
    Ok(())
}
