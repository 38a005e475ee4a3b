//! Pocket runs sandboxed WebAssembly tools for agents, signed in to the providers they need.
//!
//! A tool is a WASI component with a `pocket.json` beside it. [`Pocket`] loads tools from folders and git repositories, signs
//! their users in, and calls them: each call in a fresh instance that reaches nothing it was not granted.
//!
//! ```no_run
//! # async fn example() -> Result<(), pocket_runtime::Error> {
//! use pocket_runtime::Pocket;
//! use serde_json::json;
//!
//! let pocket = Pocket::builder().project(".").tool("./tools/echo").build().await?;
//! let output = pocket.invoke("echo", json!({ "text": "hello" })).await?;
//! assert_eq!(output.value.into_json(), json!({ "text": "hello" }));
//! # Ok(())
//! # }
//! ```
//!
//! # Where to go on
//!
//! - **Tools of a project.** [`PocketBuilder`] reads `pocket.toml`, `.secrets.toml` and `pocket.lock` of a folder; what those
//!   files ask for is granted by nobody but a person ([`Trust`]) or the embedding program ([`ToolEntry::allow`],
//!   [`Pocket::grant`]). [`Pocket::inspect`] tells what a tool would like to have before it has anything.
//! - **Functions as tools.** A [`FunctionTool`] is a function of the embedding program with a schema, called and signed in
//!   like any other; an [`OutputFunction`] changes what a tool gave before the model sees it.
//! - **Signing in.** [`Pocket::initialize_tool_auth`] begins what the tools need and gives a [`SignIn`] with a URL for each;
//!   [`Pocket::wait_tool_auth`] waits until the users are done. A call that lacks a credential ends as
//!   [`Error::SignInRequired`] with such a URL, and works once its user has been there.
//! - **Users.** [`Pocket::for_profile`] is the same tools with another user's accounts. A profile comes from the embedding
//!   program, never from a model.
//! - **Calls.** [`Pocket::call`] gives a [`Called`]: the [`Output`] or the [`Error`] it ended with, its log, and what it used;
//!   [`Pocket::invoke`] just the output. A call ends by itself within [`Limits`]; dropping its future ends it at once.
//! - **Definitions.** [`Pocket::definitions`] gives the tools in the shape that the API of a model takes ([`DefinitionFormat`]), and
//!   tells what its limits left out.
//! - **Errors.** Every [`Error`] has a stable [`Code`] for programs, words for people, and hints that tell what would allow
//!   what was refused.
//!
//! Two whole programs are in `examples/`: `sandboxed_tool`, which loads a tool from a git URL, and `function_tool`.

#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::too_many_lines))]

mod auth;
mod base;
mod call;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod install;
mod package;
mod pocket;
mod provider;
mod sandbox;
mod settings;
mod source;

pub use auth::{
    AccountId, AccountState, AccountStatus, AccountStore, Auth, AuthError, Client, Credential, CredentialValue,
    Exported, FlowStore, ImportMode, ImportStep, Imported, KeptAlive, Lease, MemoryStore, NeedsSignIn, NotAStoreUrl,
    OwedRevocation, PendingSignIn, RenewalCounts, Renewals, RevocationStore, ScopeFault, SealedOwed, Sessions,
    Settings as AuthSettings, SignIn, SignInStep, SignedOut, SqliteStore, StoreError, StorePlace, StoreSettings,
    StoreUrl, StoredRecord, TlsFault, TokenStore, TransferError, WhoseAccounts,
};
pub use base::{
    child_process::{ChildProcess, StartChild},
    clock::{Clock, ManualClock, SystemClock, UnixTime},
    code::Code,
    digest::{Digest, NotADigest},
    file_lock::{FileLock, LockError, LockHeld},
    files::{FileMode, create_private_dir, write_atomic},
    home::Home,
    key::{KeyPlace, KeySource},
    name::{NotAToolName, Profile, ToolName},
    net::{NetError, NetSettings},
    proxy::{DirectHosts, NotAProxy, ProxySettings},
    quantity::NotAQuantity,
    resolver::Resolver,
    secret::{Secret, SecretBytes},
    text::{shown, shown_on_one_line},
};
pub use call::{Call, CallError, Called, FunctionError, FunctionTool, Input, Output, OutputFunction, Value};
pub use error::Error;
pub use install::{Candidate, Change, InstallError, Installed, Installer, LockMode, Trust, Update, WriteLock};
pub use package::{
    Access, AccountOwner, AuthRequirement, Component, ComponentKind, CredentialGrant, Fault, FilePermission,
    FolderGrant, Grant, Import, Manifest, NotARequest, Package, PackageError, Permissions, Request, Rule, RuleError,
    Schema, SchemaError, Severity, TokenKind, Violation,
};
pub use pocket::{
    CallOptions, Counts, DefinitionFormat, NotADefinitionFormat, Pocket, PocketBuilder, Reach, Reloaded,
    ToolDefinition, ToolDescription, ToolEntry,
};
pub use provider::{
    BasicAuth, BodyForm, ClientAuth, FieldsEntry, Flow, Handler, HostPattern, ImpliedScopes, Issuer, Lookup,
    NotAPointer, OAuth2, Pkce, Placement, Pointer, Provider, ProviderError, Providers, Redirect, Refresh, Renewal,
    Reply, Revoke, Rotation, ScopeError, Scopes, Secrecy, Sure, TokenEntry, TypedField, UserTokens, Variable,
};
pub use sandbox::{
    COMPILER_REFUSED, CallStep, Compiler, CompilerProcess, CredentialReach, CredentialsMode, Decision, Limits,
    LogLevel, LogLine, OutboundRequest, Policy, Refusal, Report, SandboxError, ToolIdentity, Usage, compile_for_parent,
};
pub use settings::{CredentialSettings, ProjectAsks, Settings, SettingsError, ToolSettings};
pub use source::{
    BadEntry, BadUrl, Commit, FetchScope, Fetched, Fetcher, FetcherProcess, Folder, GitSource, PathSource,
    PinnedSource, Progress, Reference, Source, SourceError, SourceSettings, fetch_for_parent,
};
