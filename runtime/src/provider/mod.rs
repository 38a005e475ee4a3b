//! Who issues tokens, as data: endpoints, handlers, scopes, hosts.

mod check;
mod error;
mod file;
mod handler;
mod handler_file;
mod implied_scopes;
mod metadata;
mod oauth2;
mod oauth2_file;
mod placement;
mod pointer;
mod provider;
mod providers;
mod reply;
mod variable_file;

pub use error::ProviderError;
pub use handler::{BasicAuth, FieldsEntry, Flow, Handler, Scopes, Secrecy, TokenEntry, TypedField, Variable};
pub use implied_scopes::ImpliedScopes;
pub(crate) use metadata::Metadata;
pub use oauth2::{BodyForm, ClientAuth, Issuer, OAuth2, Pkce, Redirect, Refresh, Revoke, Rotation, UserTokens};
pub use placement::Placement;
pub use pointer::{NotAPointer, Pointer};
pub use provider::{Provider, Sure};
pub use providers::Providers;
pub use reply::Reply;
