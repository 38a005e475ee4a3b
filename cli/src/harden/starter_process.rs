//! The starter itself: a process that began before another was hardened, and does for it what that one may not.
//!
//! Whatever it is sent may come from a guest that got out: it does four things, within bounds that it had before any guest ran.

use std::{
    io::{self, IoSliceMut, Read as _, Write as _},
    mem::MaybeUninit,
    net::Shutdown,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{
            net::UnixStream,
            process::{CommandExt as _, ExitStatusExt as _},
        },
    },
    process::{Child, Command, ExitCode, ExitStatus, Stdio},
    sync::Arc,
    thread,
};

use pocket_runtime::{FileMode, SecretBytes, write_atomic};
use rustix::{
    cmsg_space,
    event::{PollFd, PollFlags, poll},
    net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, recvmsg},
    process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open},
};

use super::starter::{Bounds, ENDS, Job, LONGEST, OURSELVES};
use crate::{browser, child};

/// More than the bounds of any run.
const LARGEST_BOUNDS: usize = 64 << 20;
/// More than a task or a lock has.
const LARGEST_INPUT: usize = 16 << 20;
/// Jobs at one time: more than one process has a use for.
const AT_ONCE: usize = 32;
/// What says where `home` is.
const OF_HOME: [&str; 5] = [
    "POCKET_HOME",
    "HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_CACHE_HOME",
];

/// Does what it is asked for until nobody is left to ask.
pub(crate) fn start_for_parent() -> ExitCode {
    let asking = io::stdin();
    let Ok(bounds) = read_bounds(asking.as_fd()) else {
        return ExitCode::FAILURE;
    };
    let turns = Arc::new(());
    thread::scope(|threads| {
        // What cannot be read any more comes from nobody.
        while let Ok(message) = next(asking.as_fd()) {
            let Some(message) = message else { break };
            let (Some(job), true) = (message.job(), Arc::strong_count(&turns) <= AT_ONCE) else {
                continue;
            };
            let (turn, bounds) = (Arc::clone(&turns), &bounds);
            threads.spawn(move || {
                do_job(job, message, bounds);
                drop(turn);
            });
        }
    });
    ExitCode::SUCCESS
}

/// What came at once.
struct Message {
    bytes: SecretBytes,
    ends: Vec<OwnedFd>,
}

impl Message {
    /// What is asked for; nothing where it is none of the four.
    fn job(&self) -> Option<Job> {
        Job::of_word(*self.bytes.expose().first()?)
    }
}

fn read_bounds(asking: impl AsFd) -> io::Result<Bounds> {
    let invalid = || io::Error::from(io::ErrorKind::InvalidData);
    let length = next(&asking)?.ok_or_else(invalid)?.bytes;
    let length = <[u8; 8]>::try_from(length.expose()).map_err(|_other_length| invalid())?;
    let length = usize::try_from(u64::from_le_bytes(length)).map_err(|_too_long| invalid())?;
    if length > LARGEST_BOUNDS {
        return Err(invalid());
    }
    let mut bytes = SecretBytes::default();
    while bytes.expose().len() < length {
        bytes.push(next(&asking)?.ok_or_else(invalid)?.bytes.expose());
    }
    Ok(serde_json::from_slice(bytes.expose())?)
}

/// The next message; nothing once nobody is left. One that was cut is empty.
fn next(asking: impl AsFd) -> io::Result<Option<Message>> {
    let mut bytes = vec![0; LONGEST + 1];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(ENDS))];
    let mut with = RecvAncillaryBuffer::new(&mut space);
    let read = recvmsg(
        asking,
        &mut [IoSliceMut::new(&mut bytes)],
        &mut with,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    let mut ends = Vec::new();
    for message in with.drain() {
        if let RecvAncillaryMessage::ScmRights(fds) = message {
            ends.extend(fds);
        }
    }
    if read.bytes == 0 {
        return Ok(None);
    }
    let cut = read.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC);
    bytes.truncate(if cut { 0 } else { read.bytes });
    Ok(Some(Message {
        bytes: bytes.into(),
        ends,
    }))
}

/// Does one job to its end, or until nobody waits for it, and says how it ended.
fn do_job(job: Job, message: Message, bounds: &Bounds) {
    let mut ends = message.ends.into_iter().map(UnixStream::from);
    let (Some(control), Some(input)) = (ends.next(), ends.next()) else {
        return;
    };
    let rest = message.bytes.expose().get(1..).unwrap_or_default();
    let status = match job {
        Job::Compile => compile(input, ends, &control),
        Job::Fetch => fetch(input, ends, &control, bounds),
        Job::WriteLock => write_lock(input, bounds),
        Job::OpenPage => open_page(rest, &control),
    };
    // Nobody may wait any more.
    let mut control = control;
    if let Ok(status) = status {
        let _told = control.write_all(&status.into_raw().to_le_bytes());
    }
    let _shut = control.shutdown(Shutdown::Both);
}

fn compile(
    input: UnixStream,
    mut ends: impl Iterator<Item = UnixStream>,
    control: &UnixStream,
) -> io::Result<ExitStatus> {
    let mut command = Command::new(OURSELVES);
    command.args(["compile-for-parent", "--keep"]).env_clear();
    command.envs(OF_HOME.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.stdin(OwnedFd::from(input));
    command.stdout(next_end(&mut ends)).stderr(next_end(&mut ends));
    finish(start(command)?, control)
}

fn fetch(
    input: UnixStream,
    mut ends: impl Iterator<Item = UnixStream>,
    control: &UnixStream,
    bounds: &Bounds,
) -> io::Result<ExitStatus> {
    let asked = SecretBytes::read_line(input, LARGEST_INPUT)?;
    let (Some(mut output), words) = (ends.next(), next_end(&mut ends)) else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let task = match bounds.fetch.admit(asked.expose()) {
        Ok(task) => task,
        Err(refusal) => {
            output.write_all(&refusal)?;
            return Ok(ExitStatus::default());
        }
    };
    let mut command = Command::new(OURSELVES);
    command.arg("fetch-for-parent").stdin(Stdio::piped());
    command.stdout(OwnedFd::from(output)).stderr(words);
    let mut child = start(command)?;
    if let Some(mut to) = child.stdin.take() {
        // One that ended already is told by its end.
        let _told = to.write_all(task.expose());
    }
    finish(child, control)
}

fn write_lock(input: UnixStream, bounds: &Bounds) -> io::Result<ExitStatus> {
    let mut content = Vec::new();
    input.take(LARGEST_INPUT as u64).read_to_end(&mut content)?;
    let file = bounds.lock.as_deref().ok_or(io::ErrorKind::PermissionDenied)?;
    write_atomic(file, &content, FileMode::Shared)?;
    Ok(ExitStatus::default())
}

/// A page is one of http, and never a file or another program's address.
fn open_page(url: &[u8], control: &UnixStream) -> io::Result<ExitStatus> {
    let url = std::str::from_utf8(url).map_err(io::Error::other)?;
    let is_page = ["http://", "https://"].iter().any(|scheme| url.starts_with(scheme));
    if !is_page || url.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let mut command = browser::command(child::program(OURSELVES), url);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    finish(start(command)?, control)
}

fn next_end(ends: &mut impl Iterator<Item = UnixStream>) -> Stdio {
    ends.next()
        .map_or_else(Stdio::null, |end| Stdio::from(OwnedFd::from(end)))
}

/// In a group of its own, with what it starts.
fn start(mut command: Command) -> io::Result<Child> {
    command.process_group(0).spawn()
}

/// Waits for its end. Where nobody waits any more, it is ended with what it started.
fn finish(mut child: Child, control: &UnixStream) -> io::Result<ExitStatus> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or(io::ErrorKind::InvalidData)?;
    let process = pidfd_open(pid, PidfdFlags::empty())?;
    let mut either = [
        PollFd::new(&process, PollFlags::IN),
        PollFd::new(control, PollFlags::IN),
    ];
    loop {
        match poll(&mut either, None) {
            Ok(_ready) => break,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if either[0].revents().is_empty() {
        // It may have ended just now.
        let _ended = kill_process_group(pid, Signal::KILL);
    }
    child.wait()
}
