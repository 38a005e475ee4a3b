//! Leads a person through one sign-in.

use std::io::IsTerminal as _;

use pocket_runtime::{AuthError, AuthRequirement, Code, Error, Pocket, SignIn, TokenKind, shown_on_one_line};

use crate::{
    args::SignInWays,
    ask::{Answer, ask, line},
    browser,
    failure::Failure,
    terminal::Terminal,
};

/// How often an address is asked for on a terminal: it is easily copied in part.
const ADDRESSES: u32 = 3;

/// Begins one, in the way that the user wants.
pub(crate) async fn begin(
    pocket: &Pocket,
    need: &AuthRequirement,
    tools: &[String],
    ways: &SignInWays,
) -> Result<SignIn, Failure> {
    Ok(match ways.device {
        true => pocket.begin_device_sign_in(need, tools).await?,
        false => pocket.begin_sign_in(need, tools).await?,
    })
}

/// Shows where to sign in, and waits until it is done.
pub(crate) async fn complete(
    pocket: &Pocket,
    sign_in: &SignIn,
    ways: &SignInWays,
    terminal: &Terminal,
) -> Result<(), Failure> {
    if ways.no_wait {
        return Err(Failure::Pocket(Error::SignInRequired(Box::new(sign_in.clone()))));
    }
    if ways.paste {
        return paste(pocket, sign_in, terminal).await;
    }
    if ways.device && sign_in.user_code.is_none() {
        // A call began it on a page of ours.
        let mut need = AuthRequirement::new(&sign_in.provider);
        need.handler = Some(sign_in.handler.clone());
        need.scopes = sign_in.scopes.clone();
        need.token = sign_in.token;
        need.owner = sign_in.owner.clone();
        let on_device = pocket.begin_device_sign_in(&need, &[]).await?;
        return wait(pocket, &on_device, ways, terminal).await;
    }
    wait(pocket, sign_in, ways, terminal).await
}

async fn wait(pocket: &Pocket, sign_in: &SignIn, ways: &SignInWays, terminal: &Terminal) -> Result<(), Failure> {
    let scopes = if sign_in.scopes.is_empty() {
        String::new()
    } else {
        format!(" (scopes: {})", shown_on_one_line(&sign_in.scopes.join(", ")))
    };
    let whose = match sign_in.token {
        TokenKind::Bot => "",
        TokenKind::User => " for the user's own token",
    };
    let own = match sign_in.owner.tool() {
        Some(tool) => format!(", to the account of `{tool}` alone"),
        None => String::new(),
    };
    terminal.say(format_args!("Sign in to {}{whose}{own}{scopes}:", sign_in.provider));
    terminal.say(format_args!("  {}", shown_on_one_line(&sign_in.url)));
    if let Some(code) = &sign_in.user_code {
        terminal.say(format_args!(
            "  and enter this code there, if it was you who began this: {}",
            shown_on_one_line(code)
        ));
    }
    if let Some(code) = &sign_in.replace_code {
        terminal.say(format_args!(
            "  The page asks for this code before it replaces what is kept: {}",
            code.expose()
        ));
    }
    if let Some(fingerprint) = &sign_in.fingerprint {
        terminal.say(format_args!(
            "  The browser will warn of our own certificate. Its SHA-256 fingerprint: {fingerprint}"
        ));
    }
    let page = sign_in.complete_url.as_ref().unwrap_or(&sign_in.url);
    if !ways.no_browser && std::io::stderr().is_terminal() && browser::open(page) {
        terminal.say("  (opened in your browser)");
    }
    terminal.say("Waiting for you to finish there ...");
    let ended = pocket.wait_sign_in(sign_in).await;
    agreed(pocket, sign_in, ended, terminal).await?;
    terminal.done(format_args!("signed in to {}", sign_in.provider));
    Ok(())
}

/// Asks whether the account may become another's, where the sign-in was somebody else's; on no terminal it stays as it is.
async fn agreed(
    pocket: &Pocket,
    sign_in: &SignIn,
    ended: Result<(), Error>,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let Err(Error::Auth(AuthError::OtherIdentity { provider, old, new })) = &ended else {
        return Ok(ended?);
    };
    let question =
        format!("The {provider} account is `{old}`, and you signed in as `{new}`. Make it the account of `{new}`?");
    let agrees = terminal.can_ask() && ask(terminal, &question) == Answer::Yes;
    pocket.agree_sign_in(sign_in, agrees).await?;
    if agrees { Ok(()) } else { Ok(ended?) }
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
    let mut left = if terminal.can_ask() { ADDRESSES } else { 1 };
    let ended = loop {
        left = left.saturating_sub(1);
        let address = address(terminal).await?;
        match pocket.paste_sign_in(sign_in, &address).await {
            Err(Error::Auth(error @ AuthError::NotThisSignIn { .. })) if left > 0 => {
                terminal.say(shown_on_one_line(&error.to_string()));
                for hint in error.hints() {
                    terminal.say(format_args!("  {hint}"));
                }
            }
            ended => break ended,
        }
    };
    agreed(pocket, sign_in, ended, terminal).await?;
    terminal.done(format_args!("signed in to {}", sign_in.provider));
    Ok(())
}

/// What a person pastes.
async fn address(terminal: &Terminal) -> Result<String, Failure> {
    terminal.ask("address:");
    let pasted = tokio::task::spawn_blocking(line).await.ok().flatten();
    let address = pasted.as_deref().map(str::trim).filter(|address| !address.is_empty());
    address
        .map(ToOwned::to_owned)
        .ok_or_else(|| Failure::said(Code::Cancelled, "no address was pasted"))
}
