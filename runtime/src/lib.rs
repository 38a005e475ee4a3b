//! Pocket runs sandboxed WebAssembly tools for agents, signed in to the providers they need.

mod auth;
mod base;
mod call;
mod error;
mod install;
mod package;
mod pocket;
mod provider;
mod sandbox;
mod settings;
mod source;

pub use auth::{
    AccountId, AccountState, AccountStatus, AccountStore, Auth, AuthError, Client, Credential, CredentialValue,
    Exported, FlowStore, ImportMode, ImportStep, Imported, Lease, MemoryStore, NeedsSignIn, NotAStoreUrl,
    Settings as AuthSettings, SignIn, SignedOut, SqliteStore, StoreError, StorePlace, StoreSettings, StoreUrl,
    StoredRecord, TokenStore, TransferError,
};
pub use base::{
    clock::{Clock, ManualClock, SystemClock, UnixTime},
    code::Code,
    digest::{Digest, NotADigest},
    files::{FileMode, write_atomic},
    home::Home,
    key::{KeyPlace, KeySource},
    name::{NotAToolName, Profile, ToolName},
    net::{NetError, NetSettings},
    quantity::NotAQuantity,
    secret::Secret,
    text::{shown, shown_on_one_line},
};
pub use call::{Call, CallError, Called, FunctionError, FunctionTool, Input, Output, OutputFunction, Value};
pub use error::Error;
pub use install::{Candidate, Change, InstallError, Installed, Installer, LockMode, Trust, Update};
pub use package::{
    Access, AuthRequirement, Component, ComponentKind, CredentialGrant, Fault, FilePermission, FolderGrant, Grant,
    Import, Manifest, NotARequest, Package, PackageError, Permissions, Request, Rule, RuleError, Schema, SchemaError,
    Severity, TokenKind, Violation,
};
pub use pocket::{CallOptions, Pocket, PocketBuilder, ToolDescription, ToolEntry};
pub use provider::{
    BodyForm, ClientAuth, Flow, Handler, ImpliedScopes, Issuer, NotAPointer, OAuth2, Pkce, Placement, Pointer,
    Provider, ProviderError, Providers, Redirect, Refresh, Reply, Revoke, Rotation, Scopes, Secrecy, Sure, TokenEntry,
    UserTokens, Variable,
};
pub use sandbox::{
    Compiler, CredentialReach, CredentialsMode, Decision, Limits, LogLevel, LogLine, Policy, Refusal, Report,
    SandboxError, Usage,
};
pub use settings::{ProjectAsks, Settings, SettingsError, ToolSettings};
pub use source::{
    BadEntry, BadUrl, Commit, Fetched, Fetcher, Folder, GitSource, PathSource, PinnedSource, Progress, Reference,
    Source, SourceError, SourceSettings,
};
