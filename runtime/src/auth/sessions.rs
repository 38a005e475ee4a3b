//! Who is signed in to the site of an embedding program.

use async_trait::async_trait;
use axum::http::HeaderMap;

use crate::base::name::Profile;

/// Who is signed in to the site of an embedding program, for sign-in pages that others than the operator of this machine reach.
///
/// Without it, whoever learns the address of a sign-in's page could complete it with an account of his own, and the profile's tools
/// would act there from then on.
///
/// ```
/// use pocket_runtime::{Profile, Sessions};
///
/// struct Cookies;
///
/// #[async_trait::async_trait]
/// impl Sessions for Cookies {
///     async fn profile(&self, headers: &http::HeaderMap) -> Option<Profile> {
///         let cookies = headers.get("cookie")?.to_str().ok()?;
///         // A real one looks a random session id up; a profile's name in a cookie could be written by anybody.
///         (cookies == "session=5f0c1d").then(|| Profile::new("alice"))
///     }
/// }
/// ```
#[async_trait]
pub trait Sessions: Send + Sync {
    /// The profile of whoever sent a request with these headers; `None` where nobody is signed in. Asked for each request, so
    /// that a session that has ended counts no more.
    async fn profile(&self, headers: &HeaderMap) -> Option<Profile>;
}
