//! A component, recognised by its imports and exports.

use std::sync::Arc;

use crate::base::digest::Digest;

/// A WebAssembly component, its bytes read once.
#[derive(Debug, Clone)]
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
