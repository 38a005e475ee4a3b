//! A fetch that somebody waits for, and what was started for it, which ends when nobody does any more.

use std::{
    io,
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

/// How often it is looked whether a program that said all it has to say has ended.
const LOOK: Duration = Duration::from_millis(2);

/// In which group of processes a fetch starts programs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Group {
    /// One of the program's own, so that it is ended with all that it started.
    #[default]
    Own,
    /// This process's: whoever started this process ends them together.
    OfThisProcess,
}

/// A fetch, for as long as somebody waits for it, with the program that it started: one at a time.
#[derive(Debug, Default)]
pub(super) struct Awaited {
    group: Group,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    is_over: bool,
    /// It was not waited for yet, so its number is no other process's.
    child: Option<Child>,
}

impl Awaited {
    pub(super) fn new(group: Group) -> Self {
        Self {
            group,
            state: Mutex::default(),
        }
    }

    /// Whether nobody waits any more.
    pub(super) fn is_over(&self) -> bool {
        self.state().is_over
    }

    /// Nobody waits any more: ends what runs.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.is_over = true;
        self.kill(&mut state);
    }

    /// Ends what runs, with all that it started.
    pub(super) fn stop(&self) {
        self.kill(&mut self.state());
    }

    /// Starts a program, with pipes to it.
    pub(super) fn start(&self, command: &mut Command) -> io::Result<(ChildStdin, ChildStdout)> {
        #[cfg(unix)]
        if self.group == Group::Own {
            std::os::unix::process::CommandExt::process_group(command, 0);
        }
        // Held until the program is known here, so that none begins unseen while the fetch ends.
        let mut state = self.state();
        if state.is_over {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let child = state
            .child
            .insert(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?);
        match (child.stdin.take(), child.stdout.take()) {
            (Some(to), Some(from)) => Ok((to, from)),
            (_, _) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// How the program ended; it is made to end where there is no reason to go on.
    pub(super) fn ended(&self, go_on: impl Fn() -> bool) -> io::Result<ExitStatus> {
        loop {
            if let Some(status) = self.look()? {
                return Ok(status);
            }
            if !go_on() {
                self.stop();
            }
            thread::park_timeout(LOOK);
        }
    }

    fn look(&self) -> io::Result<Option<ExitStatus>> {
        let mut state = self.state();
        let child = state.child.as_mut().ok_or(io::ErrorKind::NotFound)?;
        let ended = child.try_wait()?;
        if ended.is_some() {
            state.child = None;
        }
        Ok(ended)
    }

    fn kill(&self, state: &mut State) {
        let Some(child) = &mut state.child else { return };
        #[cfg(unix)]
        if self.group == Group::Own
            && let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw)
        {
            // It may have ended already.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = child.kill();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
