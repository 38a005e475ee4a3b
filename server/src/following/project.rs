//! A project whose files change while its tools are served.

use std::path::PathBuf;

use pocket_runtime::{Reloaded, Settings};

/// A project whose files change while its tools are served.
pub trait Project: Send + Sync + 'static {
    /// The files that say which tools there are. They need not be there.
    fn files(&self) -> Vec<PathBuf>;

    /// The settings as the files have them now; nothing where they cannot be read, or where nobody trusts what they ask now: the tools
    /// then stay as they are. It may block.
    fn settings(&self) -> Option<Settings>;

    /// What was taken.
    fn reloaded(&self, reloaded: &Reloaded) {
        let _ = reloaded;
    }
}
