//! Leads a person through one sign-in.

use std::io::IsTerminal as _;

use pocket_runtime::{Code, Error, Pocket, SignIn, TokenKind, shown_on_one_line};

use crate::{args::SignInWays, ask::line, browser, failure::Failure, terminal::Terminal};

/// Shows where to sign in, and waits until it is done.
pub(crate) async fn complete(
    pocket: &Pocket,
    sign_in: &SignIn,
    ways: &SignInWays,
    terminal: &Terminal,
) -> Result<(), Failure> {
    if ways.no_wait {
        terminal.say("The page is there while a `pocket` command waits for it: run this again without --no-wait.");
        return Err(Failure::Pocket(Error::SignInRequired(Box::new(sign_in.clone()))));
    }
    if ways.paste {
        return paste(pocket, sign_in, terminal).await;
    }
    let scopes = if sign_in.scopes.is_empty() {
        String::new()
    } else {
        format!(" (scopes: {})", shown_on_one_line(&sign_in.scopes.join(", ")))
    };
    let whose = match sign_in.token {
        TokenKind::Bot => "",
        TokenKind::User => " for the user's own token",
    };
    terminal.say(format_args!("Sign in to {}{whose}{scopes}:", sign_in.provider));
    terminal.say(format_args!("  {}", sign_in.url));
    if let Some(fingerprint) = &sign_in.fingerprint {
        terminal.say(format_args!(
            "  The browser will warn of our own certificate. Its SHA-256 fingerprint: {fingerprint}"
        ));
    }
    if !ways.no_browser && std::io::stderr().is_terminal() && browser::open(&sign_in.url) {
        terminal.say("  (opened in your browser)");
    }
    terminal.say("Waiting for you to finish there ...");
    pocket.wait_sign_in(sign_in).await?;
    terminal.done(format_args!("signed in to {}", sign_in.provider));
    Ok(())
}

async fn paste(pocket: &Pocket, sign_in: &SignIn, terminal: &Terminal) -> Result<(), Failure> {
    let url = pocket.provider_url(sign_in).await?;
    terminal.say(format_args!(
        "Open this in a browser anywhere, and sign in to {}:",
        sign_in.provider
    ));
    terminal.say(format_args!("  {url}"));
    terminal
        .say("The browser then fails to open a page of this machine. Copy the address it shows, and paste it here:");
    terminal.ask("address:");
    let pasted = tokio::task::spawn_blocking(line).await.ok().flatten();
    let address = pasted.as_deref().map(str::trim).filter(|address| !address.is_empty());
    let address = address.ok_or_else(|| Failure::said(Code::Cancelled, "no address was pasted"))?;
    pocket.paste_sign_in(sign_in, address).await?;
    terminal.done(format_args!("signed in to {}", sign_in.provider));
    Ok(())
}
