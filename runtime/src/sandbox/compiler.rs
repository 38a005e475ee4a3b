//! Who compiles components.

/// Who compiles components.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compiler {
    /// This process, on a thread of its own. A component that makes the compiler use much time or memory uses this process's.
    #[default]
    InProcess,
}
