//! Brings a source to this machine.

use std::sync::Arc;

use crate::{
    base::{digest::Digest, home::Home, net::NetSettings},
    source::{PinnedSource, Source, SourceError},
};

/// Brings sources to this machine, into a cache that several processes may share.
#[derive(Clone)]
pub struct Fetcher {}

/// A source that is here.
#[derive(Debug)]
pub struct Fetched {
    /// Where it came from.
    pub source: PinnedSource,
    /// The folder, open.
    pub folder: cap_std::fs::Dir,
    /// The digest of all that lies in it (git sources only).
    pub tree: Option<Digest>,
}

/// Told how far a fetch is.
pub trait Progress: Send + Sync {
    /// `done` of `total` objects received, `bytes` so far.
    fn received(&self, done: usize, total: usize, bytes: usize);
}

impl Fetcher {
    /// With its cache in `home`. libgit2's process-wide settings (time limits, CA file) are made here, once.
    ///
    /// # Errors
    /// When libgit2 refuses them.
    pub fn new(home: &Home, net: &NetSettings) -> Result<Self, SourceError> {
        let _ = (home, net);
        todo!()
    }

    /// Finds out what a source stands for now, and brings it here.
    ///
    /// # Errors
    /// When the repository, ref or folder is not there or cannot be reached.
    pub async fn fetch(&self, source: &Source, progress: Option<Arc<dyn Progress>>) -> Result<Fetched, SourceError> {
        let _ = (source, progress);
        todo!()
    }

    /// Opens what was pinned: from the cache without the network where it is there, else fetched by its commit.
    ///
    /// # Errors
    /// When it is not in the cache and cannot be fetched.
    pub async fn open(
        &self,
        source: &PinnedSource,
        progress: Option<Arc<dyn Progress>>,
    ) -> Result<Fetched, SourceError> {
        let _ = (source, progress);
        todo!()
    }
}
