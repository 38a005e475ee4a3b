//! A component, recognised by its imports and exports.

mod census;
mod features;
mod find;
mod imports;
mod inspect;
mod scope;
mod validate;
mod weight;

use std::{fmt, sync::Arc};

pub(crate) use features::FEATURES;
pub(crate) use find::find;
pub(crate) use imports::{Need, need};

use crate::base::digest::Digest;

/// A WebAssembly component, its bytes read once.
///
/// All of it but the bodies of its functions was validated: those are when it is compiled, which is never skipped for bytes
/// that were not compiled before.
#[derive(Clone)]
#[non_exhaustive]
pub struct Component {
    /// Its path in the package.
    pub path: String,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    /// Their digest.
    pub digest: Digest,
    /// Which way it is a tool.
    pub kind: ComponentKind,
    /// What it imports.
    pub imports: Vec<Import>,
}

/// The two ways to be a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ComponentKind {
    /// It exports `wasi:cli/run`: input on stdin, output on stdout.
    Command,
    /// It exports `pocket:tool/tool`.
    Typed,
}

/// An interface that a component imports: `wasi:http/outgoing-handler@0.2.6`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Import(pub String);

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            bytes,
            digest,
            kind,
            imports,
        } = self;
        f.debug_struct("Component")
            .field("path", path)
            .field("size", &bytes.len())
            .field("digest", digest)
            .field("kind", kind)
            .field("imports", imports)
            .finish()
    }
}

#[cfg(test)]
pub(crate) mod tests;
