//! Who issues tokens, as data: endpoints, handlers, scopes, hosts.

mod builtin;
mod check;
mod domain_url;
mod error;
mod file;
mod handler;
mod handler_file;
mod host_pattern;
mod implied_scopes;
mod lookup;
mod metadata;
#[cfg(test)]
mod mutations;
mod oauth2;
mod oauth2_file;
mod placement;
mod placement_file;
mod pointer;
mod provider;
mod providers;
mod refresh;
mod refresh_file;
mod reply;
mod reply_file;
mod revoke;
mod revoke_file;
mod scope_error;
mod variable_file;

pub use error::ProviderError;
pub use handler::{BasicAuth, FieldsEntry, Flow, Handler, Scopes, Secrecy, TokenEntry, TypedField, Variable};
pub use host_pattern::HostPattern;
pub use implied_scopes::ImpliedScopes;
pub use lookup::Lookup;
pub(crate) use metadata::Metadata;
pub use oauth2::{BodyForm, ClientAuth, Issuer, OAuth2, Pkce, Redirect, UserTokens};
pub use placement::Placement;
pub use pointer::{NotAPointer, Pointer};
pub use provider::{Provider, Sure};
pub use providers::Providers;
pub use refresh::{Refresh, Renewal, Rotation};
pub use reply::Reply;
pub use revoke::Revoke;
pub use scope_error::ScopeError;
