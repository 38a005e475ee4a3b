//! The accounts of a visitor's profile: signed in to, and out of.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use pocket_runtime::{
    AccountOwner, AccountState, AccountStatus, AuthRequirement, Code, NeedsSignIn, Pocket, SignIn, SignedOut,
    WhoseAccounts, shown_on_one_line,
};

use crate::{
    api::problem::Problem,
    browser::{Posted, Visitor},
    pages::{
        Page, Place, Refused,
        calls::time,
        frame::{mark, sentence},
        tools::is_withheld,
    },
    server::Core,
};

/// A tool that acts with an account.
struct Needs {
    tool: String,
    need: AuthRequirement,
    is_signed_in: bool,
    /// What the tool asks for and was not granted.
    withheld: Vec<String>,
}

/// The accounts there are, and those that tools need.
pub(super) async fn list(
    State(core): State<Arc<Core>>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Refused> {
    let pocket = visitor.caller.pocket(&core.tools.now());
    let accounts = pocket.accounts().await?;
    let needs = needs(&pocket, &visitor).await?;
    let content = html! {
        h2 { "What the tools act with" }
        @if needs.is_empty() { p { "No tool here needs an account." } }
        ul.cards { @for need in &needs { li.card { (needed(need, &visitor)) } } }
        h2 { "Accounts of this profile" }
        @if accounts.is_empty() { p { "There are none yet." } }
        ul.cards { @for account in &accounts { li.card { (held(account, &pocket, &visitor)) } } }
    };
    let page = Page::new("Accounts", Place::Accounts, &content);
    Ok(page.of(&visitor).into_response())
}

async fn needs(pocket: &Pocket, visitor: &Visitor) -> Result<Vec<Needs>, Refused> {
    let mut needs = Vec::new();
    for tool in pocket.tools().await {
        let name = tool.name.as_str();
        if visitor.caller.reaches(name)
            && let Some(need) = pocket.need_of(name).await?
        {
            needs.push(Needs {
                tool: name.to_owned(),
                is_signed_in: pocket.is_signed_in(&need).await?,
                withheld: pocket.reach_of(name).await?.withheld,
                need,
            });
        }
    }
    Ok(needs)
}

fn needed(needs: &Needs, visitor: &Visitor) -> Markup {
    let Needs {
        tool,
        need,
        is_signed_in,
        withheld,
    } = needs;
    html! {
        h3 { a href={ "/tools/" (tool) } { (tool) } }
        p {
            "Acts with " strong { (need.provider) }
            @if let Some(handler) = &need.handler { " (" (handler) ")" }
            @if !need.scopes.is_empty() { ", with the scopes " (scopes(&need.scopes)) }
            "."
        }
        (is_withheld(withheld, tool))
        @if *is_signed_in {
            p { span.state.ok { "signed in" } }
        } @else {
            form method="post" action="/accounts/connect" {
                (mark(visitor))
                input type="hidden" name="tool" value=(tool);
                button aria-label={ "Sign in to " (need.provider) " for " (tool) } { "Sign in to " (need.provider) }
            }
        }
    }
}

fn held(account: &AccountStatus, pocket: &Pocket, visitor: &Visitor) -> Markup {
    let AccountStatus { provider, handler, .. } = account;
    html! {
        h3 { (provider) " " span.dim { "(" (handler) ")" } }
        p { (state(account.state)) @if let Some(identity) = &account.identity { " as " strong { (shown_on_one_line(identity)) } } }
        dl {
            @if let Some(tool) = &account.tool { dt { "Of one tool" } dd { (tool) } }
            @if !account.scopes.is_empty() { dt { "Scopes" } dd { (scopes(&account.scopes)) } }
            dt { "Token ends" }
            dd { @match account.expires_at { Some(at) => (time(at)), None => "not by itself" } }
            @if let Some(at) = account.refreshed_at { dt { "Last renewed" } dd { (time(at)) } }
            @if let Some(error) = &account.last_error { dt { "Last went wrong" } dd.wrong { (sentence(error)) } }
        }
        @if is_ours(account, pocket) {
            form method="post" action="/accounts/disconnect" {
                (mark(visitor))
                input type="hidden" name="provider" value=(provider);
                input type="hidden" name="handler" value=(handler);
                @if let Some(tool) = &account.tool { input type="hidden" name="tool" value=(tool); }
                button.quiet aria-label={ "Sign out of " (provider) " (" (handler) ")" } { "Sign out" }
            }
        } @else {
            p.hint { "It is the account of a tool of another project." }
        }
    }
}

/// Whether an account is one that the tools here use: another project's tool may have one of its own.
fn is_ours(account: &AccountStatus, pocket: &Pocket) -> bool {
    let own = account.tool.as_deref().map(|tool| own_account(pocket, tool));
    own.is_none_or(|owner| owner.is_ok_and(|owner| owner.place() == account.tool_of.as_deref()))
}

fn own_account(pocket: &Pocket, tool: &str) -> Result<AccountOwner, Refused> {
    let name = tool.parse().map_err(|_no_name| Problem::no_tool(tool))?;
    Ok(pocket.own_account_of(&name)?)
}

fn scopes(scopes: &[String]) -> Markup {
    html! { @for (at, scope) in scopes.iter().enumerate() { @if at > 0 { ", " } code { (shown_on_one_line(scope)) } } }
}

fn state(state: AccountState) -> Markup {
    let (class, words) = match state {
        AccountState::Ready => ("state ok", "ready"),
        AccountState::Refreshing => ("state runs", "is being renewed"),
        AccountState::NeedsSignIn(why) => (
            "state failed",
            match why {
                NeedsSignIn::Expired => "sign in again: the token ended",
                NeedsSignIn::Refused => "sign in again: the provider refused to renew the token",
                NeedsSignIn::Rejected => "sign in again: the provider refused the token",
                NeedsSignIn::LostInCrash => "sign in again: a renewed token was lost in a crash",
                NeedsSignIn::Scope => "sign in again: a tool needs one more scope",
            },
        ),
    };
    html! { span class=(class) { (words) } }
}

/// Begins the sign-in that a tool needs, and sends the browser on to its page.
pub(super) async fn connect(
    State(core): State<Arc<Core>>,
    Extension(visitor): Extension<Visitor>,
    Posted(fields): Posted,
) -> Result<Response, Refused> {
    let tool = fields.get("tool").cloned().unwrap_or_default();
    if !visitor.caller.reaches(&tool) {
        return Err(Problem::no_tool(&tool).into());
    }
    let pocket = visitor.caller.pocket(&core.tools.now());
    let Some(need) = pocket.need_of(&tool).await? else {
        return Err(Problem::new(Code::InvalidInput, "this tool needs no sign-in").into());
    };
    if pocket.is_signed_in(&need).await? {
        return Ok(Redirect::to("/accounts").into_response());
    }
    let sign_in = pocket.begin_sign_in(&need, std::slice::from_ref(&tool)).await?;
    core.seen.sign_in(&visitor.caller, &tool, &need.provider);
    Ok(going_on(&sign_in, &visitor))
}

/// Our policy lets a form lead to this server alone, in whatever way it is answered; a page of ours may lead on. It does so by itself
/// where the person has nothing to take along.
fn going_on(sign_in: &SignIn, visitor: &Visitor) -> Response {
    let SignIn {
        url,
        provider,
        user_code,
        fingerprint,
        replace_code,
        ..
    } = sign_in;
    let content = html! {
        p { "The sign-in goes on at its own page, until " (time(sign_in.expires_at)) "." }
        dl {
            @if let Some(code) = user_code { dt { "Enter this code there" } dd { strong { code { (code) } } } }
            @if let Some(code) = replace_code { dt { "To replace what is kept, type" } dd { strong { code { (code.expose()) } } } }
            @if let Some(fingerprint) = fingerprint {
                dt { "Your browser will ask about its certificate, whose SHA-256 is" } dd { code { (in_pairs(fingerprint)) } }
            }
        }
        p { a.button href=(url) rel="noreferrer" { "Go on to " (provider) } }
        p { a href="/accounts" { "Back to the accounts" } }
    };
    let heading = format!("Sign in to {provider}");
    let mut page = Page::new(&heading, Place::Accounts, &content).of(visitor);
    let takes_nothing = user_code.is_none() && fingerprint.is_none() && replace_code.is_none();
    if takes_nothing {
        page = page.with_head(html! { meta http-equiv="refresh" content={ "0; url=" (url) }; });
    }
    page.into_response()
}

/// A fingerprint whose lines break between two pairs, so that they can be compared one by one.
fn in_pairs(fingerprint: &str) -> Markup {
    html! { @for (at, pair) in fingerprint.split(':').enumerate() { @if at > 0 { ":" wbr; } (pair) } }
}

/// Signs out of an account, and tells the provider.
pub(super) async fn disconnect(
    State(core): State<Arc<Core>>,
    Extension(visitor): Extension<Visitor>,
    Posted(fields): Posted,
) -> Result<Response, Refused> {
    let provider = fields.get("provider").map(String::as_str).unwrap_or_default();
    let handler = fields.get("handler").map(String::as_str);
    let pocket = visitor.caller.pocket(&core.tools.now());
    let owner = match fields.get("tool") {
        Some(tool) => own_account(&pocket, tool)?,
        None => AccountOwner::SHARED,
    };
    let done = pocket.sign_out_of(provider, handler, WhoseAccounts::Of(owner)).await?;
    core.seen.sign_out(&visitor.caller, provider);
    if done.not_revoked.is_empty() && done.owed.is_empty() {
        return Ok(Redirect::to("/accounts").into_response());
    }
    Ok(signed_out(&done, &visitor))
}

/// That the provider does not know of it yet, or never will.
fn signed_out(done: &SignedOut, visitor: &Visitor) -> Response {
    let content = html! {
        p { "The account is deleted here." }
        @if !done.owed.is_empty() {
            p { "The provider is still to be told, which Pocket tries again:" }
            ul { @for why in &done.owed { li { (sentence(why)) } } }
        }
        @if !done.not_revoked.is_empty() {
            p.wrong { "The provider could not be told: its token may hold until it ends. Revoke it there." }
            ul { @for why in &done.not_revoked { li { (sentence(why)) } } }
        }
        p { a href="/accounts" { "Back to the accounts" } }
    };
    Page::new("Signed out", Place::Accounts, &content)
        .of(visitor)
        .into_response()
}
