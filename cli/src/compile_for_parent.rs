//! `pocket compile-for-parent`: what `pocket` starts to compile a component, apart from everything else.

use std::{ffi::OsString, io, path::Path, process::ExitCode};

use pocket_runtime::{COMPILER_REFUSED, Compiler, CompilerProcess, Home};

use crate::{args, harden, terminal::Terminal};

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
pub(crate) fn compile_for_parent(args: &args::CompileForParent, terminal: &Terminal) -> ExitCode {
    let home = Home::locate(|name| std::env::var_os(name)).filter(|_home| args.keep);
    match pocket_runtime::compile_for_parent(io::stdin().lock(), io::stdout().lock(), home.as_ref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // For who starts it by hand: a parent reads the refusal itself.
            terminal.say(format_args!("{error}"));
            ExitCode::from(COMPILER_REFUSED)
        }
    }
}
