//! The pages on which a user goes to the provider, or says whose the account may be.

use axum::http::StatusCode;
use maud::{Markup, html};

use crate::{
    auth::{
        pages::{Page, frame::Forms},
        pending::{Agree, Pending},
    },
    base::{secret::Secret, text::shown},
};

/// What is about to happen, with a button that leads to the provider.
pub(in crate::auth) fn start(pending: &Pending, title: &str, provider_url: &str) -> Page {
    let content = html! {
        p { "You are about to let Pocket act for you at " strong { (shown(title)) } ". You will be asked to agree there." }
        (details(pending, title))
        form method="post" {
            (mark(&pending.form))
            button { "Continue to " (shown(title)) }
        }
        p.note { "If you did not ask for this, close this page: nothing happens then." }
    };
    let heading = format!("Sign in to {}", shown(title));
    Page::new(
        StatusCode::OK,
        &heading,
        Forms::ToProvider(reachable(provider_url)),
        &content,
    )
}

/// What a form's answer may lead to: see [`Forms::ToProvider`].
fn reachable(provider_url: &str) -> String {
    match url::Url::parse(provider_url) {
        Ok(url) if url.scheme() == "http" => url.origin().ascii_serialization(),
        Ok(_) | Err(_) => "https:".to_owned(),
    }
}

/// Asks whether the account may become somebody else's.
pub(in crate::auth) fn agree(pending: &Pending, agree: &Agree, title: &str) -> Page {
    let content = html! {
        p { "You signed in to " strong { (shown(title)) } " as somebody else than before." }
        dl {
            dt { "Profile" } dd { (shown(pending.account().profile.as_str())) }
            dt { "Until now" } dd { (shown(&agree.old)) }
            dt { "From now on" } dd {
                @match &agree.new {
                    Some(new) => (shown(new)),
                    None => "The provider does not say who it is",
                }
            }
        }
        p { "Tools of this profile will act as the new one if you change it. To keep both, use two profiles." }
        form method="post" {
            (mark(&pending.form))
            button.quiet name="word" value="keep" { "Keep it as it was" }
            button name="word" value="replace" { "Change it" }
        }
    };
    Page::new(
        StatusCode::OK,
        &format!("Another account at {}", shown(title)),
        Forms::Here,
        &content,
    )
}

/// Who, where, what for, and how long.
pub(super) fn details(pending: &Pending, title: &str) -> Markup {
    let account = pending.account();
    html! {
        dl {
            dt { "Profile" } dd { (shown(account.profile.as_str())) }
            dt { "Provider" } dd { (shown(title)) " (" code { (shown(&account.handler)) } ")" }
            @if !pending.tools.is_empty() {
                dt { @if pending.tools.len() == 1 { "Tool" } @else { "Tools" } }
                dd { (list(&pending.tools)) }
            }
            @if !pending.scopes.is_empty() {
                dt { "Scopes" }
                dd { (list(&pending.scopes)) }
            }
            @if account.owner.tool().is_some() {
                dt { "Account" } dd { "This tool's own: no other tool uses it" }
            }
            dt { "Good until" } dd { (pending.expires_at.rfc3339()) }
        }
    }
}

fn list(words: &[String]) -> Markup {
    html! { ul { @for word in words { li { code { (shown(word)) } } } } }
}

pub(super) fn mark(form: &Secret) -> Markup {
    html! { input type="hidden" name="form" value=(form.expose()); }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use axum::response::IntoResponse as _;
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::auth::pending::tests::pending;

    async fn shown_page(page: Page) -> (String, String) {
        let response = page.into_response();
        let policy = response.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .to_owned();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (policy, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn the_start_page_names_everything_and_escapes_it() {
        let (policy, html) = shown_page(start(
            &pending(),
            "<b>Slack",
            "https://slack.com/oauth?state=planted-state",
        ))
        .await;
        for there in [
            "&lt;script&gt;",
            "&lt;b&gt;Slack",
            "slack-oauth2",
            "channels:history",
            "slack_get_messages",
        ] {
            assert!(html.contains(there), "{there} is not in {html}");
        }
        for secret in ["planted", "<script", "<b>"] {
            assert!(!html.contains(secret), "{secret} is in {html}");
        }
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(policy.contains("form-action 'self' https:;"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    }

    #[tokio::test]
    async fn a_provider_on_loopback_is_the_only_plain_one_a_form_may_lead_to() {
        let (policy, _html) = shown_page(start(&pending(), "Slack", "http://127.0.0.1:99/authorize?x=y")).await;
        assert!(policy.contains("form-action 'self' http://127.0.0.1:99;"), "{policy}");
    }

    #[tokio::test]
    async fn the_question_shows_old_and_new() {
        let asking = Agree {
            of: pending().id,
            old: "alice<".to_owned(),
            new: Some("bob\u{202e}".to_owned()),
            record: Secret::new("planted-record"),
        };
        let (policy, html) = shown_page(agree(&pending(), &asking, "Slack")).await;
        assert!(html.contains("alice&lt;") && html.contains("bob\\u{202e}"), "{html}");
        assert!(!html.contains("planted"));
        assert!(policy.contains("form-action 'self';"), "{policy}");
    }
}
