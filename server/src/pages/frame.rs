//! What all pages have in common: the frame, and the headers that keep others out.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use maud::{DOCTYPE, Markup, html};
use pocket_runtime::shown;

use crate::{
    browser::{MARK, Visitor},
    pages::assets,
};

/// Nothing but what this server itself serves, and no page around ours.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Where among the pages one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Tools,
    Accounts,
    Calls,
    /// How programs do the same.
    Reference,
    /// Beside them.
    Nowhere,
}

/// A page, with its status.
pub(super) struct Page<'p> {
    status: StatusCode,
    heading: &'p str,
    place: Place,
    content: &'p Markup,
    visitor: Option<&'p Visitor>,
    head: Option<Markup>,
}

impl<'p> Page<'p> {
    pub(super) const fn new(heading: &'p str, place: Place, content: &'p Markup) -> Self {
        Self {
            status: StatusCode::OK,
            heading,
            place,
            content,
            visitor: None,
            head: None,
        }
    }

    pub(super) const fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// With the way to the other pages.
    pub(super) const fn of(mut self, visitor: &'p Visitor) -> Self {
        self.visitor = Some(visitor);
        self
    }

    /// With more in its head.
    pub(super) fn with_head(mut self, head: Markup) -> Self {
        self.head = Some(head);
        self
    }

    fn html(&self) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.heading) " · Pocket" }
                    link rel="icon" href="data:,";
                    link rel="stylesheet" href=(assets::style());
                    script src=(assets::script()) defer {}
                    @if let Some(head) = &self.head { (head) }
                }
                body {
                    a.skip href="#main" { "To the content" }
                    header { (self.ways()) }
                    main #main {
                        h1 { (self.heading) }
                        (self.content)
                    }
                }
            }
        }
    }

    fn ways(&self) -> Markup {
        let link = |place: Place, path: &str, words: &str| {
            let here = (self.place == place).then_some("page");
            html! { a href=(path) aria-current=[here] { (words) } }
        };
        html! {
            strong.name { "Pocket" }
            @if let Some(visitor) = self.visitor {
                nav aria-label="Pages" {
                    (link(Place::Tools, "/", "Tools"))
                    (link(Place::Accounts, "/accounts", "Accounts"))
                    (link(Place::Calls, "/calls", "Calls"))
                    (link(Place::Reference, "/reference", "API"))
                }
                div.who {
                    span { "profile " strong { (visitor.caller.owner().profile()) } }
                    @if visitor.is_in_session {
                        form method="post" action="/leave" { (mark(visitor)) button.link { "Leave" } }
                    }
                }
            }
        }
    }
}

/// What each form has in it, so that no page of another site can send one.
pub(super) fn mark(visitor: &Visitor) -> Markup {
    html! { input type="hidden" name=(MARK) value=(visitor.form.expose()); }
}

/// A sentence of ours or of a tool's: what stands between two backticks is set as code.
pub(super) fn sentence(text: &str) -> Markup {
    let text = shown(text);
    let parts: Vec<&str> = text.split('`').collect();
    html! {
        @if parts.len().is_multiple_of(2) { (text) }
        @else { @for (at, part) in parts.iter().enumerate() { @if at % 2 == 1 { code { (part) } } @else { (part) } } }
    }
}

impl IntoResponse for Page<'_> {
    fn into_response(self) -> Response {
        // A browser that may not say at all which page it comes from sends `Origin: null` with our own forms.
        let fixed: [(HeaderName, &'static str); 8] = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "same-origin"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::X_FRAME_OPTIONS, "DENY"),
            (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        ];
        let mut response = (self.status, self.html().into_string()).into_response();
        for (name, value) in fixed {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}
