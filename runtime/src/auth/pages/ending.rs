//! The pages that say how it went, and what to do.

use axum::http::StatusCode;
use maud::{Markup, html};

use crate::{
    auth::{
        pages::{Page, frame::Forms},
        pending::Fault,
    },
    base::text::shown,
};

/// It went well.
pub(in crate::auth) fn done(title: &str, identity: Option<&str>, missing: &[String]) -> Page {
    let content = html! {
        @if let Some(identity) = identity {
            p { "Signed in as " strong { (shown(identity)) } "." }
        }
        @if !missing.is_empty() {
            p.warn { "These scopes were not granted, and tools that need them will ask again:" }
            ul { @for scope in missing { li { code { (shown(scope)) } } } }
        }
        p { "You can close this page." }
    };
    Page::new(
        StatusCode::OK,
        &format!("Signed in to {}", shown(title)),
        Forms::None,
        &content,
    )
}

/// The user said no.
pub(in crate::auth) fn denied() -> Page {
    said(
        StatusCode::OK,
        "The sign-in was denied",
        &["Nothing was changed.", ANEW],
    )
}

/// It came to nothing.
pub(in crate::auth) fn failed(fault: Fault, reason: &str) -> Page {
    let what = match fault {
        Fault::Refused => "The provider did not accept the sign-in.",
        Fault::Configuration => {
            "The provider and the settings of this machine do not fit: this is for the operator to mend."
        }
        Fault::Unreachable => "The provider could not be reached.",
        Fault::Protocol => "The provider's answer could not be understood.",
        Fault::OtherIdentity => "The account was kept as it was.",
        Fault::SignedOut => "The account was signed out meanwhile.",
        Fault::Store => "This machine could not keep the account.",
    };
    let content = html! {
        p { (what) }
        p.note { (shown(reason)) }
        p { (ANEW) }
    };
    Page::new(StatusCode::OK, "The sign-in failed", Forms::None, &content)
}

/// A wider sign-in took its place.
pub(in crate::auth) fn superseded() -> Page {
    said(
        StatusCode::GONE,
        "There is a newer sign-in",
        &[
            "More was asked for meanwhile, so this one ended.",
            "Open the newest address that the tool or the terminal shows.",
        ],
    )
}

/// Its time is over.
pub(in crate::auth) fn late(title: &str) -> Page {
    let heading = format!("This sign-in to {} is too late", shown(title));
    said(
        StatusCode::GONE,
        &heading,
        &["Its time is over, and nothing was changed.", ANEW],
    )
}

/// A credential came while this was open, and nobody was given a code to replace it.
pub(in crate::auth) fn kept_meanwhile(title: &str) -> Page {
    let heading = format!("There is a credential for {} meanwhile", shown(title));
    said(
        StatusCode::CONFLICT,
        &heading,
        &["It was kept while this page was open, and nothing was changed.", ANEW],
    )
}

/// The provider says that its time is over.
pub(in crate::auth) fn ended() -> Page {
    said(
        StatusCode::GONE,
        "The sign-in has ended",
        &["Its time is over, and nothing was changed.", ANEW],
    )
}

/// It was used before.
pub(in crate::auth) fn used() -> Page {
    said(
        StatusCode::GONE,
        "This sign-in was used already",
        &[
            "Each can be used once. If it was you and it went well, there is nothing to do.",
            ANEW,
        ],
    )
}

/// It is being completed.
pub(in crate::auth) fn at_work() -> Page {
    said(
        StatusCode::CONFLICT,
        "This sign-in is being completed",
        &["Load this page again in a moment."],
    )
}

/// Nobody began it.
pub(in crate::auth) fn unknown() -> Page {
    said(
        StatusCode::BAD_REQUEST,
        "This sign-in is not known",
        &["It was not begun here, or ended long ago. Nothing was changed.", ANEW],
    )
}

/// It is another browser than the one that opened the sign-in's page.
pub(in crate::auth) fn other_browser(title: &str) -> Page {
    let heading = format!("This sign-in to {} belongs to another browser", shown(title));
    said(
        StatusCode::BAD_REQUEST,
        &heading,
        &[
            "It can only be completed in the browser in which its page was opened, with cookies allowed. Nothing was used, and it is still open.",
            "Open its address again in the browser that you want to use, and go on from there.",
        ],
    )
}

/// The site knows whoever opened it as another profile than the one it was begun for, or as nobody.
pub(in crate::auth) fn not_yours(title: &str) -> Page {
    let heading = format!("This sign-in to {} is not yours", shown(title));
    said(
        StatusCode::FORBIDDEN,
        &heading,
        &[
            "It was begun for somebody else than this site knows you as. Nothing was used, and it is still open.",
            "Sign in to this site as whoever asked for it, then open its address again.",
        ],
    )
}

/// The process that has the port knows the provider otherwise than the one that began the sign-in.
pub(in crate::auth) fn other_settings(title: &str) -> Page {
    let heading = format!("This sign-in to {} was begun with other settings", shown(title));
    said(
        StatusCode::CONFLICT,
        &heading,
        &[
            "Another Pocket on this machine answers here, and its settings for this provider differ. Nothing was used.",
            "End the other one, then load this page again.",
        ],
    )
}

/// The query is none of a provider.
pub(in crate::auth) fn not_an_answer(why: &str) -> Page {
    let content = html! {
        p { "What came is not a provider's answer: " (shown(why)) "." }
        p { (ANEW) }
    };
    Page::new(
        StatusCode::BAD_REQUEST,
        "This is not a provider's answer",
        Forms::None,
        &content,
    )
}

/// A request that no page answers.
pub(in crate::auth) fn refused(status: StatusCode, why: &str) -> Page {
    said(status, "This is not shown", &[why])
}

const ANEW: &str = "To try again, ask the tool or the terminal for a new address.";

fn said(status: StatusCode, heading: &str, sentences: &[&str]) -> Page {
    let content: Markup = html! { @for sentence in sentences { p { (sentence) } } };
    Page::new(status, heading, Forms::None, &content)
}
