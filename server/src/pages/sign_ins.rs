//! The pages of sign-ins, where others than this machine's operator reach the server.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, Method},
    middleware::{self, Next},
    response::{IntoResponse as _, Redirect, Response},
};
use pocket_runtime::{Profile, Sessions};

use crate::{browser, error::ServerError, server::Core};

/// The beginning of the path of each sign-in's page.
const PAGE: &str = "/sign-in/";
/// More than the id of a sign-in has.
const LONGEST_ID: usize = 64;

/// Under the public URL: where there is none the library opens a port of its own.
///
/// # Errors
/// When that URL is none for sign-ins.
pub(crate) fn router(core: &Arc<Core>) -> Result<Router, ServerError> {
    let Some(url) = &core.settings.public_url else {
        return Ok(Router::new());
    };
    let sessions = Arc::new(OfBrowsers(Arc::clone(core)));
    let pages = core.tools.now().sign_in_pages_for(url, sessions);
    let pages = pages.map_err(|_other_url| ServerError::PublicUrl {
        url: pocket_runtime::shown_on_one_line(url.as_str()),
        reason: "it is none for sign-ins",
    })?;
    Ok(pages.layer(middleware::from_fn_with_state(Arc::clone(core), enters_first)))
}

/// Whose browser a request is from, for the library.
struct OfBrowsers(Arc<Core>);

#[async_trait::async_trait]
impl Sessions for OfBrowsers {
    async fn profile(&self, headers: &HeaderMap) -> Option<Profile> {
        let caller = browser::caller(&self.0, headers)?;
        Some(Profile::new(caller.owner().profile()))
    }
}

/// Whoever was sent to a sign-in's page enters first, and comes to it then.
async fn enters_first(State(core): State<Arc<Core>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_first = request.method() == Method::GET && is_page(path);
    let is_here = core.place.is_public(request.headers());
    if is_first && is_here && !browser::is_signed_in(&core, request.headers()) {
        return Redirect::to(&format!("/enter?then={path}")).into_response();
    }
    next.run(request).await
}

/// Whether this is the path of a sign-in's page, and so a way on that is nobody else's.
pub(super) fn is_page(path: &str) -> bool {
    let id = path.strip_prefix(PAGE);
    id.is_some_and(|id| (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sign_ins_page_is_a_way_on() {
        assert!(is_page("/sign-in/0af1"));
        for path in [
            "",
            "/sign-in/",
            "/sign-in/a/b",
            "/sign-in/..",
            "/sign-in/a?b",
            "/sign-in/a%2f",
            "//sign-in/a",
            "https://evil.example/sign-in/a",
            "/sign-in/a\\b",
        ] {
            assert!(!is_page(path), "{path}");
        }
        assert!(!is_page(&format!("/sign-in/{}", "a".repeat(65))));
    }
}
