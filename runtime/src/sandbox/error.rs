//! Why the sandbox could not be made, or could not load a tool.

use std::time::Duration;

use crate::base::{code::Code, text::shown_on_one_line};

/// Why the sandbox could not be made, or could not load a tool.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The engine could not be set up on this machine.
    #[error("the sandbox could not be set up: {0}")]
    Setup(String),
    /// The component is larger than one may be.
    #[error("the component is larger than {limit} bytes: {size}")]
    ComponentTooLarge {
        /// Its size.
        size: usize,
        /// The most there may be.
        limit: usize,
    },
    /// The component does not compile.
    #[error("the component does not compile: {}", shown_on_one_line(.0))]
    Compile(String),
    /// Compiling the component takes too long.
    #[error("compiling the component takes longer than it may: {} s", .limit.as_secs_f32())]
    CompileTimedOut {
        /// What it may take.
        limit: Duration,
    },
    /// The compiler panicked.
    #[error("the compiler panicked over the component")]
    CompilerPanicked,
    /// The process that compiles ended before its work: of a limit, or of a fault that the component made it show.
    #[error("the compiler died over the component: {}", shown_on_one_line(.0))]
    CompilerDied(String),
    /// The process that compiles refused, in the words of its own error.
    #[error("{}", shown_on_one_line(.words))]
    CompilerRefused {
        /// The code of its error.
        code: Code,
        /// What it says.
        words: String,
        /// What would mend it.
        hints: Vec<String>,
    },
    /// The process that compiles could not be started, or gave no answer.
    #[error("the compiler could not be run: {0}")]
    CompilerNotStarted(#[source] std::io::Error),
    /// The component is for another version of WASI.
    #[error("the component is made for WASI 0.3, which this version does not run: `{}`", shown_on_one_line(.0))]
    Wasi03(String),
    /// The component imports what tools are not given, or exports something other than a tool does.
    #[error("the component does not fit what tools are given: {}", shown_on_one_line(.0))]
    Link(String),
    /// The component begins with more memory than a call may have.
    #[error("the component begins with {asked} bytes of memory, and a call may have: {limit}")]
    TooMuchMemory {
        /// What it begins with, in bytes.
        asked: u64,
        /// What a call may have, in bytes.
        limit: u64,
    },
    /// The component has more parts of a kind than one may have.
    #[error("the component has {count} {what}, and one may have: {limit}")]
    TooManyParts {
        /// Of what: `linear memories`, `tables`.
        what: &'static str,
        /// How many.
        count: u32,
        /// The most there may be.
        limit: u32,
    },
    /// A limit of the tool is above what may be granted.
    #[error("a tool's {what} may be at most {limit}: {asked}")]
    AboveMaximum {
        /// Which: `timeout`, `memory`.
        what: &'static str,
        /// What was granted.
        asked: String,
        /// The most there may be.
        limit: String,
    },
    /// The tool's variables are larger than an environment may be.
    #[error("the tool's environment is larger than it may be: {limit} bytes")]
    EnvironmentTooLarge {
        /// The most there may be, in bytes.
        limit: usize,
    },
    /// A granted folder cannot be used.
    #[error("the granted folder `{}` cannot be opened: {reason}", shown_on_one_line(.folder))]
    Folder {
        /// Where it is.
        folder: String,
        /// Why not.
        reason: String,
    },
    /// A folder is granted in a way that none is.
    #[error("{reason}: `{}`", shown_on_one_line(.folder))]
    FolderGrant {
        /// As it was written.
        folder: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A granted folder is one that no tool is given.
    #[error("no tool is given the folder in which {what}: `{}`", shown_on_one_line(.folder))]
    OwnFolder {
        /// Where it is.
        folder: String,
        /// What lies there or around it, in words.
        what: &'static str,
    },
    /// A credential cannot be given as a placeholder.
    #[error("`credentials = \"brokered\"` cannot hold for this tool: {0}")]
    NotBrokered(String),
    /// A guest could not be started, for a reason that lies in this machine or in us.
    #[error("the tool could not be started: {}", shown_on_one_line(.0))]
    Start(String),
    /// The host panicked in a call.
    #[error("the sandbox panicked in a call")]
    Panicked,
    /// What a tool sends through could not be set up.
    #[error("the tool's connections could not be set up: {0}")]
    Outbound(String),
}

impl SandboxError {
    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::ComponentTooLarge { .. }
            | Self::Compile(_)
            | Self::CompileTimedOut { .. }
            | Self::CompilerPanicked
            | Self::CompilerDied(_)
            | Self::Wasi03(_)
            | Self::Link(_)
            | Self::TooMuchMemory { .. }
            | Self::TooManyParts { .. }
            | Self::AboveMaximum { .. }
            | Self::EnvironmentTooLarge { .. }
            | Self::FolderGrant { .. }
            | Self::NotBrokered(_) => Code::NotValid,
            Self::CompilerRefused { code, .. } => *code,
            Self::Folder { .. } => Code::NotFound,
            Self::OwnFolder { .. } => Code::Denied,
            Self::Setup(_) | Self::CompilerNotStarted(_) | Self::Start(_) | Self::Panicked | Self::Outbound(_) => {
                Code::Internal
            }
        }
    }

    /// What would mend it, each in a sentence.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Wasi03(_) => "build it for WASI 0.2: Rust's target is `wasm32-wasip2`",
            Self::Link(_) => {
                "a tool is given WASI 0.2, `wasi:http/outgoing-handler` and `pocket:tool/report`, and exports `wasi:cli/run` or `pocket:tool/tool`; `pocket check` lists its imports"
            }
            Self::TooMuchMemory { .. } => {
                "its manifest asks for more with `permissions.limits.memory`, and you grant it with `pocket update`"
            }
            Self::AboveMaximum { .. } => "ask for less in `pocket.toml` or the manifest",
            Self::EnvironmentTooLarge { .. } => "give the tool large values in its input instead",
            Self::Folder { .. } => "make the folder, or grant another one with `pocket update`",
            Self::FolderGrant { .. } => {
                "a folder that is written is given as `data/{profile}`: each profile then has one of its own in `data`, made when it is needed; what the guest calls it is a plain absolute path, such as `/data`, that no other grant has"
            }
            Self::OwnFolder { .. } => {
                "grant a folder that has nothing of Pocket's in it and lies neither in one of its folders nor in one that a tool writes, such as `data` beside `pocket.toml`"
            }
            Self::NotBrokered(_) => {
                "write `credentials = \"env\"` for this tool if you trust it with the secret itself: its environment then holds it"
            }
            Self::CompileTimedOut { .. } | Self::CompilerDied(_) => {
                "build the component smaller: with optimisation and without debug information"
            }
            Self::ComponentTooLarge { .. } | Self::TooManyParts { .. } => {
                "build the component smaller: in release mode, without debug information, with fewer libraries"
            }
            Self::Compile(_) | Self::CompilerPanicked => {
                "build the component anew with a current toolchain: `pocket check` says what is wrong with it"
            }
            Self::Setup(_) | Self::CompilerNotStarted(_) | Self::Start(_) | Self::Outbound(_) => {
                "`pocket doctor` says what stands in the way on this machine"
            }
            Self::CompilerRefused { hints, .. } => return hints.iter().map(|hint| shown_on_one_line(hint)).collect(),
            Self::Panicked => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}
