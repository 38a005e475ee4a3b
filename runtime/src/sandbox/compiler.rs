//! Who compiles components.

use std::panic::{self, AssertUnwindSafe};

use wasmtime::component::Component;

use crate::sandbox::{SandboxError, compiler_process::CompilerProcess};

/// Who compiles components.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Compiler {
    /// This process, on a thread of its own. Its time is bounded for who waits, but the thread goes on to its end, and a
    /// component that makes the compiler use much time or memory uses this process's.
    #[default]
    InProcess,
    /// A process for each component, which ends with its work, or at the limits `compile_timeout` and `compile_memory`.
    Process(CompilerProcess),
}

/// Compiles a component, and what to keep of it. Takes long: not for a thread that others wait for.
pub(super) fn compile(engine: &wasmtime::Engine, wasm: &[u8]) -> Result<(Component, Vec<u8>), SandboxError> {
    let compiling = || {
        let component = Component::from_binary(engine, wasm)?;
        let code = component.serialize()?;
        wasmtime::Result::Ok((component, code))
    };
    panic::catch_unwind(AssertUnwindSafe(compiling))
        .map_err(|_panic| SandboxError::CompilerPanicked)?
        .map_err(|error| SandboxError::Compile(in_words(&error)))
}

/// An error of wasmtime's with its causes, outermost first.
pub(super) fn in_words(error: &wasmtime::Error) -> String {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    causes.join(": ")
}
