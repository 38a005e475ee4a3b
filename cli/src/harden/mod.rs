//! Has the kernel hold the process that runs guests, beside what holds the guests: `run --harden`, and `serve` unless it is told not to.
//!
//! Should a guest ever get out of its sandbox, it is in a process that reads and writes only what its calls need, starts no program
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

use crate::args;

/// What a process is held for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Held<'a> {
    /// One run of one tool.
    Run(&'a args::Run),
    /// All tools of the project, while others add, change and remove some.
    Serve,
    /// No tool: trying what must come to nothing.
    Trial,
}

impl Held<'_> {
    /// What goes on without.
    #[cfg(target_os = "linux")]
    const fn without(self) -> &'static str {
        match self {
            Self::Run(_) | Self::Trial => "without `--harden` the tool runs in its sandbox as ever",
            Self::Serve => "with `--no-harden` the tools run in their sandboxes as ever",
        }
    }
}

/// Whether a server is not to be held, by its argument or by the variable that has runs held.
pub(crate) fn is_declined(args: &args::Serve) -> bool {
    let variable = std::env::var("POCKET_HARDEN").map(|value| value.to_ascii_lowercase());
    let says_no = |value: String| matches!(value.as_str(), "0" | "n" | "no" | "f" | "false" | "off");
    args.no_harden || variable.is_ok_and(says_no)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::sync::{Arc, OnceLock};

    use pocket_runtime::{Code, Compiler, CompilerProcess, FetcherProcess, Settings, WriteLock};

    use super::{
        Held, folders, landlock, seccomp,
        starter::{Children, Job, LockWriter, Starter},
    };
    use crate::{failure::Failure, place::Place, terminal::Terminal};

    /// As what the kernel holds, it is the whole process's, once and for all.
    static STARTER: OnceLock<Starter> = OnceLock::new();

    /// Gives up what is not needed. Threads that are there already would keep it, so there are none yet.
    pub(crate) fn begin(held: Held<'_>, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
        let settings = match held {
            // Folders are made for it: once somebody trusts the project that names them.
            Held::Run(_) | Held::Serve => place.open(terminal)?.settings,
            Held::Trial => place.read()?.0,
        };
        let not_held = |error: &dyn std::error::Error| {
            Failure::said(Code::Internal, format!("this process cannot be hardened: {error}")).hint(held.without())
        };
        let (reach, bounds) = folders::reach(held, place, &settings)?;
        let starter = Starter::start(&bounds).map_err(|error| not_held(&error))?;
        STARTER.get_or_init(|| starter);
        let files = landlock::restrict(&reach).map_err(|error| not_held(&error))?;
        let calls = seccomp::restrict(reach.local_sockets).map_err(|error| not_held(&error))?;
        let lacking: Vec<&str> = [files, calls].into_iter().flatten().collect();
        if !lacking.is_empty() {
            terminal.say(format_args!(
                "note: this kernel has {}: the rest is held",
                lacking.join(" and ")
            ));
        }
        if matches!(held, Held::Serve) && folders::holds_all_of_the_user(place) {
            terminal.say(
                "note: this folder holds all that is yours, so this process does not read it as a whole: start it again after a change, or \
                 serve a folder of its own",
            );
        }
        Ok(())
    }

    /// Whether this process is held.
    pub(crate) fn is_held() -> bool {
        STARTER.get().is_some()
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
pub(crate) use linux::{begin, compiler, fetcher, is_held, lock_writer, open_page};
#[cfg(target_os = "linux")]
pub(crate) use probe::tries;
#[cfg(target_os = "linux")]
pub(crate) use starter_process::start_for_parent;

/// Other systems have none of it.
#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::{process::ExitCode, sync::Arc};

    use pocket_runtime::{Compiler, FetcherProcess, Settings, WriteLock};

    use super::Held;
    use crate::{failure::Failure, place::Place, terminal::Terminal};

    pub(crate) fn begin(_held: Held<'_>, _place: &Place, terminal: &Terminal) -> Result<(), Failure> {
        terminal.say("note: this system has nothing that holds a process: tools run in their sandboxes as ever");
        Ok(())
    }

    pub(crate) const fn is_held() -> bool {
        false
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
pub(crate) use elsewhere::{begin, compiler, fetcher, is_held, lock_writer, open_page, start_for_parent, tries};
