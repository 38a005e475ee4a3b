//! `pocket compile-for-parent`: what `pocket` starts to compile a component, apart from everything else.

use std::{ffi::OsString, io, path::Path, process::ExitCode};

use pocket_runtime::{Compiler, CompilerProcess, DOES_NOT_COMPILE, SandboxError};

use crate::{harden, terminal::Terminal};

/// The verb's name.
const VERB: &str = "compile-for-parent";

/// This program, as the compiler of another process of itself.
pub(crate) fn compiler() -> Compiler {
    if let Some(helped) = harden::compiler() {
        return helped;
    }
    // Not by its path, at which a newer version may stand by now.
    let itself = Path::new("/proc/self/exe");
    let program = if itself.exists() {
        Ok(itself.to_owned())
    } else {
        std::env::current_exe()
    };
    match program {
        Ok(program) => Compiler::Process(CompilerProcess::new(program, [OsString::from(VERB)])),
        Err(_unknown) => Compiler::InProcess,
    }
}

/// Compiles what is on stdin.
pub(crate) fn compile_for_parent(terminal: &Terminal) -> ExitCode {
    match pocket_runtime::compile_for_parent(io::stdin().lock(), io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(SandboxError::Compile(words)) => {
            terminal.say(format_args!("{words}"));
            ExitCode::from(DOES_NOT_COMPILE)
        }
        Err(error) => {
            terminal.say(format_args!("{error}"));
            ExitCode::FAILURE
        }
    }
}
