//! Why the sandbox could not be made, or could not load a tool.

use crate::base::code::Code;

/// Why the sandbox could not be made, or could not load a tool.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The component does not compile.
    #[error("the component does not compile: {0}")]
    Compile(String),
}

impl SandboxError {
    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        todo!()
    }

    /// What would mend it, each in a sentence.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        todo!()
    }
}
