//! A tool that is here, checked, with what it was granted.

use crate::{
    base::{digest::Digest, name::ToolName},
    package::{Grant, Package},
    source::PinnedSource,
};

/// A tool that is here, checked, with what it was granted: what the sandbox runs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Installed {
    /// What it is called here.
    pub name: ToolName,
    /// Where it came from.
    pub source: PinnedSource,
    /// What lies there.
    pub package: Package,
    /// What it was granted.
    pub grant: Grant,
    /// The digest of its folder, for a git source.
    pub tree: Option<Digest>,
}
