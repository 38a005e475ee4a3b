//! The page on which a user types a secret, or several values.

use axum::http::StatusCode;
use maud::{Markup, html};

use crate::{
    auth::{
        pages::{
            Page,
            frame::Forms,
            start::{details, mark},
        },
        pending::Pending,
    },
    base::{clock::UnixTime, text::shown},
    provider::Secrecy,
};

/// What is asked on the page.
pub(in crate::auth) struct Asked<'a> {
    pub(in crate::auth) help: Option<&'a str>,
    pub(in crate::auth) inputs: Vec<Input<'a>>,
    /// Since when there is a good one that this would replace: then the terminal's code is asked for.
    pub(in crate::auth) replaces: Option<UnixTime>,
    /// Why what was sent before was not taken.
    pub(in crate::auth) wrong: Option<&'a str>,
    /// Whether the user may say that it is right all the same.
    pub(in crate::auth) asks_anyway: bool,
}

/// One value that is typed.
pub(in crate::auth) struct Input<'a> {
    pub(in crate::auth) name: String,
    pub(in crate::auth) label: &'a str,
    pub(in crate::auth) help: Option<&'a str>,
    pub(in crate::auth) secrecy: Secrecy,
    pub(in crate::auth) is_needed: bool,
}

/// Fields for what is typed. What was sent before is never shown again.
pub(in crate::auth) fn typing(pending: &Pending, title: &str, asked: &Asked<'_>) -> Page {
    let content = html! {
        @if let Some(wrong) = asked.wrong {
            p.warn role="alert" { "That was not taken: " (shown(wrong)) "." }
        }
        @if let Some(help) = asked.help {
            p { (shown(help)) }
        }
        (details(pending, title))
        form method="post" autocomplete="off" {
            (mark(&pending.form))
            @for (index, field) in asked.inputs.iter().enumerate() {
                (input(field, index == 0))
            }
            @if asked.asks_anyway {
                label.choice {
                    input type="checkbox" name="anyway" value="yes";
                    " It is right all the same: keep it"
                }
            }
            @if let Some(since) = asked.replaces {
                label for="code" { "Code from your terminal" }
                p.hint id="code-hint" {
                    "What you enter replaces what is kept since " (since.rfc3339()) ". So that nobody else does that, enter the code that Pocket showed where you began this."
                }
                input.code type="text" id="code" name="code" required inputmode="numeric" autocomplete="off" spellcheck="false" maxlength="16" aria-describedby="code-hint";
            }
            button { @if asked.inputs.len() == 1 { "Keep this token" } @else { "Keep these" } }
        }
        p.note { "What you enter is kept encrypted, and given only to the tools that you granted it." }
    };
    let status = match asked.wrong {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let heading = match asked.inputs.len() {
        1 => format!("Enter a token for {}", shown(title)),
        _several => format!("Enter your keys for {}", shown(title)),
    };
    Page::new(status, &heading, Forms::Here, &content)
}

fn input(field: &Input<'_>, is_first: bool) -> Markup {
    let Input {
        name,
        label,
        help,
        secrecy,
        is_needed,
    } = field;
    let kind = match secrecy {
        Secrecy::Secret => "password",
        Secrecy::Public => "text",
    };
    let hint = help.map(|_help| format!("{name}-hint"));
    html! {
        label for=(name) {
            (shown(label))
            @if !is_needed { span.dim { " (may be left empty)" } }
        }
        @if let (Some(help), Some(hint)) = (help, &hint) {
            p.hint id=(hint) { (shown(help)) }
        }
        input type=(kind) id=(name) name=(name) required[*is_needed] autofocus[is_first] autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby=[hint];
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use axum::response::IntoResponse as _;
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::auth::pending::tests::pending;

    #[tokio::test]
    async fn secret_fields_hide_what_is_typed_and_public_ones_show_it() {
        let asked = Asked {
            help: Some("Make a pair."),
            inputs: vec![
                Input {
                    name: "field-key".to_owned(),
                    label: "Key<b>",
                    help: Some("The first one."),
                    secrecy: Secrecy::Public,
                    is_needed: true,
                },
                Input {
                    name: "field-secret".to_owned(),
                    label: "Secret",
                    help: None,
                    secrecy: Secrecy::Secret,
                    is_needed: false,
                },
            ],
            replaces: Some(UnixTime(0)),
            wrong: None,
            asks_anyway: false,
        };
        let response = typing(&pending(), "Acme", &asked).into_response();
        let policy = response.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(policy.contains("form-action 'self';"), "{policy}");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let html = String::from_utf8(body.to_vec()).unwrap();
        for there in [
            "<input type=\"text\" id=\"field-key\" name=\"field-key\" required autofocus",
            "<input type=\"password\" id=\"field-secret\" name=\"field-secret\" autocomplete",
            "Key&lt;b&gt;",
            "name=\"code\"",
            "1970-01-01T00:00:00Z",
        ] {
            assert!(html.contains(there), "{there} is not in {html}");
        }
        assert!(
            !html.contains("method=\"get\"") && html.contains("method=\"post\""),
            "{html}"
        );
    }
}
