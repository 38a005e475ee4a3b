//! Where a tool comes from: the text a user wrote, and the exact thing it stood for.

mod connection;
mod download;
mod error;
mod extract;
mod fetch;
#[cfg(test)]
mod git_server;
mod git_store;
mod git_url;
mod libgit2;
mod listing;
mod package_cache;
mod path;
mod reference;
mod refs;
mod remote;
mod settings;

pub use error::{BadEntry, BadUrl, SourceError};
pub use fetch::{Fetched, Fetcher, Progress};
pub use git_url::{Commit, Folder, GitSource};
pub use path::PathSource;
pub use reference::{PinnedSource, Reference, Source};
pub use settings::SourceSettings;
