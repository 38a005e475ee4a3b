//! Where a tool comes from: the text a user wrote, and the exact thing it stood for.

mod awaited;
mod bad_entry;
mod bad_url;
mod connection;
mod credential_helper;
mod download;
mod error;
mod extract;
mod fetch;
mod fetcher_process;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzed;
#[cfg(test)]
mod git_server;
mod git_store;
mod git_url;
mod libgit2;
mod listing;
mod package_cache;
mod path;
mod place;
mod reference;
mod refs;
mod remote;
mod settings;

pub use bad_entry::BadEntry;
pub use bad_url::BadUrl;
pub use error::SourceError;
pub use fetch::{Fetched, Fetcher, Progress};
pub use fetcher_process::{FetchScope, FetcherProcess, fetch_for_parent};
pub use git_url::GitSource;
pub use path::PathSource;
pub use place::{Commit, Folder};
pub use reference::{PinnedSource, Reference, Source};
pub use settings::SourceSettings;
