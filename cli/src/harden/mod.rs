//! `--harden`: has the kernel hold the process that runs guests, beside what holds the guests.
//!
//! Should a guest ever get out of its sandbox, it is in a process that reads and writes only what this call needs, starts no program
//! and asks the system for little. What needs more (git, ssh, the compiler, a browser, `pocket.lock`) is done by the starter, a process of
//! this program's that began before, within bounds that were said before.

#[cfg(target_os = "linux")]
mod folders;
#[cfg(target_os = "linux")]
mod landlock;
#[cfg(target_os = "linux")]
mod probe;
#[cfg(target_os = "linux")]
mod seccomp;
#[cfg(target_os = "linux")]
mod starter;
#[cfg(target_os = "linux")]
mod starter_process;
#[cfg(all(test, target_os = "linux"))]
mod tests;

#[cfg(target_os = "linux")]
mod linux {
    use std::sync::{Arc, OnceLock};

    use pocket_runtime::{Code, Compiler, CompilerProcess, FetcherProcess, Settings, WriteLock};

    use super::{
        folders, landlock, seccomp,
        starter::{Children, Job, LockWriter, Starter},
    };
    use crate::{args, failure::Failure, place::Place, terminal::Terminal};

    /// As what the kernel holds, it is the whole process's, once and for all.
    static STARTER: OnceLock<Starter> = OnceLock::new();

    /// Gives up what a run does not need, where that was asked. Threads that are there already would keep it, so there are none yet.
    pub(crate) fn begin(run: Option<&args::Run>, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
        let settings = match run {
            // Folders are made for it: once somebody trusts the project that names them.
            Some(_) => place.open(terminal)?.settings,
            None => place.read()?.0,
        };
        let (reach, bounds) = folders::reach(run, place, &settings)?;
        let starter = Starter::start(&bounds).map_err(|error| not_held(&error))?;
        STARTER.get_or_init(|| starter);
        let files = landlock::restrict(&reach).map_err(|error| not_held(&error))?;
        let calls = seccomp::restrict(reach.local_sockets).map_err(|error| not_held(&error))?;
        let lacking: Vec<&str> = [files, calls].into_iter().flatten().collect();
        if !lacking.is_empty() {
            terminal.say(format_args!(
                "note: this kernel has {}: `--harden` holds the rest",
                lacking.join(" and ")
            ));
        }
        Ok(())
    }

    fn not_held(error: &dyn std::error::Error) -> Failure {
        Failure::said(Code::Internal, format!("this process cannot be hardened: {error}"))
            .hint("without `--harden` the tool runs in its sandbox as ever")
    }

    /// The compiler of a hardened process.
    pub(crate) fn compiler() -> Option<Compiler> {
        let starter = STARTER.get()?;
        let children = Arc::new(Children::new(starter, Job::Compile));
        Some(Compiler::Process(CompilerProcess::started_by(children).that_keeps()))
    }

    /// What asks git servers for a hardened process.
    pub(crate) fn fetcher(settings: &Settings) -> Option<FetcherProcess> {
        let starter = STARTER.get()?;
        let children = Arc::new(Children::new(starter, Job::Fetch));
        Some(FetcherProcess::started_by(children, settings.sources.clone()))
    }

    /// What writes the project's lock for a hardened process.
    pub(crate) fn lock_writer() -> Option<Arc<dyn WriteLock>> {
        Some(Arc::new(LockWriter(STARTER.get()?)))
    }

    /// Whether a browser was started, where this process is hardened.
    pub(crate) fn open_page(url: &str) -> Option<bool> {
        Some(STARTER.get()?.open_page(url))
    }
}

#[cfg(target_os = "linux")]
pub(crate) use linux::{begin, compiler, fetcher, lock_writer, open_page};
#[cfg(target_os = "linux")]
pub(crate) use probe::tries;
#[cfg(target_os = "linux")]
pub(crate) use starter_process::start_for_parent;

/// Other systems have none of it.
#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::{process::ExitCode, sync::Arc};

    use pocket_runtime::{Compiler, FetcherProcess, Settings, WriteLock};

    use crate::{args, failure::Failure, place::Place, terminal::Terminal};

    pub(crate) fn begin(_run: Option<&args::Run>, _place: &Place, terminal: &Terminal) -> Result<(), Failure> {
        terminal.say("note: this system has nothing that `--harden` uses: the tool runs in its sandbox as ever");
        Ok(())
    }

    pub(crate) fn lock_writer() -> Option<Arc<dyn WriteLock>> {
        None
    }

    pub(crate) fn tries(_place: &Place) -> Vec<(&'static str, bool)> {
        Vec::new()
    }

    pub(crate) fn compiler() -> Option<Compiler> {
        None
    }

    pub(crate) fn fetcher(_settings: &Settings) -> Option<FetcherProcess> {
        None
    }

    pub(crate) fn open_page(_url: &str) -> Option<bool> {
        None
    }

    pub(crate) fn start_for_parent() -> ExitCode {
        ExitCode::FAILURE
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::{begin, compiler, fetcher, lock_writer, open_page, start_for_parent, tries};
