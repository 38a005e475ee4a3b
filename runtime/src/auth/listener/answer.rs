//! What is answered where a sign-in itself has no page to show: the way to another page, or how it ended.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};

use crate::auth::{
    AuthError,
    pages::{self, Page},
    pending::Outcome,
};

/// 303 and not 307: a form's content never travels on (RFC 9700 section 4.12).
pub(super) fn see_other(to: &str) -> Response {
    let page = Page::empty(StatusCode::SEE_OTHER).into_response();
    let Ok(mut to) = HeaderValue::try_from(to) else {
        return pages::unknown().into_response();
    };
    to.set_sensitive(true);
    let mut response = page;
    response.headers_mut().insert(header::LOCATION, to);
    response
}

/// How a sign-in ended, for the browser that ended it.
pub(super) fn outcome_page(outcome: &Outcome) -> Page {
    match outcome {
        Outcome::Done {
            profile: _,
            title,
            identity,
            missing,
        } => pages::done(title, identity.as_deref(), missing),
        Outcome::Denied => pages::denied(),
        Outcome::Failed { fault, reason } => pages::failed(*fault, reason),
        Outcome::Expired => pages::ended(),
        Outcome::Continued { by: _ } => pages::used(),
        Outcome::Superseded { by: _ } => pages::superseded(),
    }
}

/// The same for one that comes to it afterwards: nothing of it can be used again.
pub(super) fn ended_page(outcome: &Outcome) -> Page {
    match outcome {
        Outcome::Superseded { by: _ } => pages::superseded(),
        Outcome::Done { .. }
        | Outcome::Denied
        | Outcome::Expired
        | Outcome::Failed { .. }
        | Outcome::Continued { by: _ } => pages::used(),
    }
}

pub(super) fn broken(error: &AuthError) -> Response {
    tracing::error!(%error, "a sign-in page could not be shown");
    pages::refused(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Pocket could not read or write its store; its log says why.",
    )
    .into_response()
}
