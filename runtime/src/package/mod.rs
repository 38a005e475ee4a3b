//! What lies in a tool's folder: its manifest and its component, checked together.

mod component;
mod fault;
mod folder_grant;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzed;
mod manifest;
mod open;
mod owner;
mod permissions;
mod rule;
mod schema;

pub(crate) use component::FEATURES;
pub use component::{Component, ComponentKind, Import};
pub use fault::{Fault, PackageError, Severity};
pub use folder_grant::FolderGrant;
pub(crate) use manifest::FILE as MANIFEST;
pub use manifest::{AuthRequirement, Manifest, TokenKind};
pub use open::Package;
pub use owner::AccountOwner;
pub use permissions::{Access, CredentialGrant, FilePermission, Grant, Permissions};
pub use rule::{NotARequest, Request, Rule, RuleError};
pub use schema::{Schema, SchemaError, Violation};
