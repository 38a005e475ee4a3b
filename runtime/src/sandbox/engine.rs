//! wasmtime, set up once a process.

use std::sync::Arc;

use crate::{
    base::{home::Home, net::Net},
    install::Installed,
    sandbox::{Compiler, Limits, Policy, SandboxError, Tool},
};

/// wasmtime, set up once a process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Engine {
    inner: Arc<()>,
}

/// What an [`Engine`] is made from.
pub(crate) struct EngineParts {
    pub(crate) limits: Limits,
    pub(crate) compiler: Compiler,
    pub(crate) net: Net,
    /// For compiled code: `cache/compiled/`.
    pub(crate) home: Home,
}

impl Engine {
    pub(crate) fn new(parts: EngineParts) -> Result<Self, SandboxError> {
        let _ = parts;
        todo!()
    }

    pub(crate) fn limits(&self) -> &Limits {
        let _ = &self.inner;
        todo!()
    }

    /// Compiles a tool, or finds it compiled, and links it. `policy` holds for every call of it.
    pub(crate) async fn load(&self, installed: &Installed, policy: Policy) -> Result<Tool, SandboxError> {
        let _ = (installed, policy);
        todo!()
    }
}
