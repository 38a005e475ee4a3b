//! What all pages have in common: the frame, the style, and the headers that keep others out.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::Engine as _;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

/// The only style there is; the policy names its hash, so that no other is applied.
const STYLE: &str = include_str!("style.css");

/// Where the forms of a page may lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Forms {
    /// It has none.
    None,
    /// To itself.
    Here,
    /// To itself, and by its answer to a provider. Browsers hold the policy against every further redirect of such an answer,
    /// and providers redirect among hosts of theirs, so any that is reached over https is let.
    ToProvider(String),
}

/// A page, with its status.
pub(in crate::auth) struct Page {
    status: StatusCode,
    forms: Forms,
    html: String,
}

impl Page {
    pub(super) fn new(status: StatusCode, heading: &str, forms: Forms, content: &Markup) -> Self {
        let html = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (heading) " · Pocket" }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    main {
                        h1 { (heading) }
                        (content)
                    }
                    footer { "Pocket" }
                }
            }
        };
        Self {
            status,
            forms,
            html: html.into_string(),
        }
    }

    /// Only headers.
    pub(in crate::auth) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            forms: Forms::None,
            html: String::new(),
        }
    }

    fn policy(&self) -> String {
        let style = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE));
        let forms = match &self.forms {
            Forms::None => "'none'".to_owned(),
            Forms::Here => "'self'".to_owned(),
            Forms::ToProvider(allowed) => format!("'self' {allowed}"),
        };
        format!(
            "default-src 'none'; style-src 'sha256-{style}'; form-action {forms}; frame-ancestors 'none'; base-uri 'none'"
        )
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let policy = HeaderValue::try_from(self.policy());
        let fixed: [(HeaderName, &'static str); 6] = [
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::X_FRAME_OPTIONS, "DENY"),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        ];
        let mut response = (self.status, self.html).into_response();
        let headers = response.headers_mut();
        for (name, value) in fixed {
            headers.insert(name, HeaderValue::from_static(value));
        }
        // Text of ours alone, so it always is a header's value.
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            policy.unwrap_or(HeaderValue::from_static("default-src 'none'")),
        );
        response
    }
}
