//! People: pages for a browser, made here and sent whole.

mod accounts;
mod assets;
mod call;
mod calls;
mod enter;
mod form;
mod frame;
mod reference;
mod sign_ins;
mod timeline;
mod tool;
mod tools;

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    http::{HeaderMap, header},
    middleware,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use maud::html;

use crate::{
    api::{self, problem::Problem},
    browser,
    error::ServerError,
    server::Core,
};
use frame::{Page, Place, sentence};
use reference::Reference;

/// What a form sends beside a tool's input: names of fields.
const AROUND_INPUT: usize = 256 * 1024;

/// All pages.
///
/// # Errors
/// When the public URL is none for sign-ins.
pub(crate) fn router(core: &Arc<Core>) -> Result<Router, ServerError> {
    // Each byte of an input may be three in a form.
    let input = core.tools.now().settings().limits.input.saturating_mul(3);
    let of_session = Router::new()
        .route("/", get(tools::list))
        .route("/tools/{name}", get(tool::show).post(tool::call))
        .route("/calls", get(calls::list))
        .route("/calls/{id}", get(call::show))
        .route("/calls/{id}/events", get(call::events))
        .route("/calls/{id}/cancel", post(call::cancel))
        .route("/accounts", get(accounts::list))
        .route("/accounts/connect", post(accounts::connect))
        .route("/accounts/disconnect", post(accounts::disconnect))
        .route("/reference", get(reference::show))
        .route("/leave", post(enter::leave))
        .layer(Extension(Reference::of(&api::described())))
        .layer(DefaultBodyLimit::max(input.saturating_add(AROUND_INPUT)))
        .layer(middleware::from_fn_with_state(Arc::clone(core), browser::needs_session));
    let pages = Router::new()
        .route("/enter", get(enter::show).post(enter::with_key))
        .merge(assets::router())
        .merge(of_session)
        .with_state(Arc::clone(core));
    Ok(pages.merge(sign_ins::router(core)?))
}

/// What went wrong, as a page.
pub(crate) fn refused(problem: &Problem) -> Response {
    let (status, title, detail, hints) = problem.told();
    let content = html! {
        p.said { (sentence(detail)) "." }
        @if !hints.is_empty() { ul { @for hint in hints { li { (sentence(hint)) } } } }
        p { a href="/" { "To the tools" } }
    };
    Page::new(title, Place::Nowhere, &content)
        .with_status(status)
        .into_response()
}

/// Where nothing is: a page for a person, who takes HTML, and a problem for a program.
pub(crate) async fn no_route(headers: HeaderMap) -> Response {
    let takes = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|takes| takes.to_str().ok());
    let is_person = takes
        .flat_map(|takes| takes.split(','))
        .any(|kind| kind.trim().starts_with("text/html"));
    if is_person {
        refused(&Problem::no_route())
    } else {
        Problem::no_route().into_response()
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<pocket_runtime::Error> for Refused {
    fn from(error: pocket_runtime::Error) -> Self {
        Self(error.into())
    }
}

/// What went wrong with what a page was asked for.
struct Refused(Problem);

impl axum::response::IntoResponse for Refused {
    fn into_response(self) -> Response {
        refused(&self.0)
    }
}
