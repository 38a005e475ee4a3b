//! Starts processes for one that may start none: a process that began before that one was held.

use std::{
    future::Future,
    io::{self, IoSlice, IoSliceMut, Read as _, Write as _},
    mem::MaybeUninit,
    net::Shutdown,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{net::UnixStream, process::ExitStatusExt as _},
    },
    pin::Pin,
    process::{Command, ExitCode, ExitStatus, Stdio},
};

use pocket_runtime::{ChildProcess, StartChild};
use rustix::{
    cmsg_space,
    event::{PollFd, PollFlags, poll},
    net::{
        AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
        SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
    },
    process::{Pid, PidfdFlags, pidfd_open},
};
use tokio::io::AsyncReadExt as _;

use crate::{browser, child};

/// This very program, even where a newer version stands at its path by now.
const OURSELVES: &str = "/proc/self/exe";
/// More than any message: a page's address.
const LONGEST: usize = 16 << 10;

/// What can be asked of the starter, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Job {
    /// Compile a component.
    Compile,
    /// Bring a source into the cache.
    Fetch,
    /// Open a page in the user's browser; its address follows.
    OpenPage,
}

impl Job {
    const fn word(self) -> u8 {
        match self {
            Self::Compile => b'c',
            Self::Fetch => b'f',
            Self::OpenPage => b'o',
        }
    }

    fn of_word(word: u8) -> Option<Self> {
        [Self::Compile, Self::Fetch, Self::OpenPage]
            .into_iter()
            .find(|job| job.word() == word)
    }
}

/// The starter, as the process that it works for has it. It ends with that process.
#[derive(Debug)]
pub(super) struct Starter {
    socket: OwnedFd,
}

impl Starter {
    pub(super) fn start() -> io::Result<Self> {
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        Command::new(OURSELVES)
            .arg("start-for-parent")
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .spawn()?;
        Ok(Self { socket: ours })
    }

    /// Asks for a process with these as its control, standard input, output and error.
    fn ask(&self, job: Job, rest: &[u8], ends: &[UnixStream]) -> io::Result<()> {
        let fds: Vec<_> = ends.iter().map(AsFd::as_fd).collect();
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(4))];
        let mut with = SendAncillaryBuffer::new(&mut space);
        with.push(SendAncillaryMessage::ScmRights(&fds));
        sendmsg(
            &self.socket,
            &[IoSlice::new(&[job.word()]), IoSlice::new(rest)],
            &mut with,
            SendFlags::NOSIGNAL,
        )?;
        Ok(())
    }

    /// Whether a browser was started.
    pub(super) fn open_page(&self, url: &str) -> bool {
        let asked = UnixStream::pair().and_then(|(mut ours, theirs)| {
            self.ask(Job::OpenPage, url.as_bytes(), &[theirs])?;
            let mut status = [0; 4];
            ours.read_exact(&mut status)?;
            Ok(ExitStatus::from_raw(i32::from_le_bytes(status)))
        });
        asked.is_ok_and(|status| status.success())
    }
}

/// Has the starter start processes of one kind.
#[derive(Debug)]
pub(super) struct Children {
    starter: &'static Starter,
    job: Job,
}

impl Children {
    pub(super) const fn new(starter: &'static Starter, job: Job) -> Self {
        Self { starter, job }
    }
}

impl StartChild for Children {
    fn start(&self) -> io::Result<ChildProcess> {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _end in 0..4 {
            let (our_end, their_end) = UnixStream::pair()?;
            our_end.set_nonblocking(true)?;
            ours.push(tokio::net::UnixStream::from_std(our_end)?);
            theirs.push(their_end);
        }
        self.starter.ask(self.job, &[], &theirs)?;
        let Ok([control, input, output, words]) = <[_; 4]>::try_from(ours) else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        Ok(ChildProcess {
            input: Box::new(input),
            output: Box::new(output),
            words: Box::new(words),
            ended: ended(control),
        })
    }
}

fn ended(mut control: tokio::net::UnixStream) -> Pin<Box<dyn Future<Output = io::Result<ExitStatus>> + Send>> {
    Box::pin(async move { Ok(ExitStatus::from_raw(control.read_i32_le().await?)) })
}

/// The starter's own part: starts what it is asked for until nobody is left to ask.
pub(crate) fn start_for_parent() -> ExitCode {
    let asking = io::stdin();
    std::thread::scope(|threads| {
        // What cannot be read any more comes from nobody.
        while let Ok(Some((job, rest, ends))) = next(asking.as_fd()) {
            threads.spawn(move || do_job(job, &rest, ends));
        }
    });
    ExitCode::SUCCESS
}

/// The next thing asked for; nothing once nobody is left.
fn next(asking: impl AsFd) -> io::Result<Option<(Job, Vec<u8>, Vec<OwnedFd>)>> {
    let mut bytes = vec![0; LONGEST];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(4))];
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
    bytes.truncate(read.bytes);
    let Some((word, rest)) = bytes.split_first() else {
        return Ok(None);
    };
    let job = Job::of_word(*word).ok_or(io::ErrorKind::InvalidData)?;
    Ok(Some((job, rest.to_vec(), ends)))
}

/// Runs one process to its end, or until nobody waits for it, and says how it ended.
fn do_job(job: Job, rest: &[u8], ends: Vec<OwnedFd>) {
    let mut ends = ends.into_iter();
    let Some(control) = ends.next() else { return };
    let mut command = match job {
        Job::Compile => {
            let mut command = Command::new(OURSELVES);
            command.arg("compile-for-parent").env_clear();
            command
        }
        Job::Fetch => {
            let mut command = Command::new(OURSELVES);
            command.arg("fetch-for-parent");
            command
        }
        Job::OpenPage => {
            let Ok(url) = std::str::from_utf8(rest) else { return };
            browser::command(child::program(OURSELVES), url)
        }
    };
    let mut stdio = || ends.next().map_or_else(Stdio::null, Stdio::from);
    command.stdin(stdio()).stdout(stdio()).stderr(stdio());
    if let Ok(status) = run(command, &control) {
        let mut control = UnixStream::from(control);
        // Nobody waits any more.
        let _told = control.write_all(&status.into_raw().to_le_bytes());
        let _shut = control.shutdown(Shutdown::Both);
    }
}

/// Ends it where nobody waits any more.
fn run(mut command: Command, control: &OwnedFd) -> io::Result<ExitStatus> {
    let mut child = command.spawn()?;
    // Else its ends of the pipes stay open here, and nobody learns that it closed them.
    drop(command);
    let pid = i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .ok_or(io::ErrorKind::InvalidData)?;
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
        child.kill()?;
    }
    child.wait()
}
