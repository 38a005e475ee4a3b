//! What a hardened process has another one do for it, and the way it asks.

use std::{
    future::Future,
    io::{self, IoSlice, Read as _, Write as _},
    mem::MaybeUninit,
    net::Shutdown,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{net::UnixStream, process::ExitStatusExt as _},
    },
    path::PathBuf,
    pin::Pin,
    process::{Command, ExitStatus, Stdio},
    sync::{Mutex, PoisonError},
};

use pocket_runtime::{ChildProcess, FetchScope, SecretBytes, StartChild, WriteLock};
use rustix::{
    cmsg_space,
    net::{
        AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, sendmsg,
        socketpair,
    },
};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt as _;

/// This very program, even where a newer version stands at its path by now.
pub(super) const OURSELVES: &str = "/proc/self/exe";
/// More than any message: a page's address, a piece of the bounds.
pub(super) const LONGEST: usize = 64 << 10;
/// The pipes of a process, with the one that tells its end.
pub(super) const ENDS: usize = 4;

/// What can be asked of the starter, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Job {
    /// Compile a component, and keep its code.
    Compile,
    /// Bring a source within the bounds into the cache.
    Fetch,
    /// Write the lock of the project.
    WriteLock,
    /// Open a page in the user's browser; its address follows.
    OpenPage,
}

impl Job {
    const ALL: [Self; 4] = [Self::Compile, Self::Fetch, Self::WriteLock, Self::OpenPage];

    pub(super) const fn word(self) -> u8 {
        match self {
            Self::Compile => b'c',
            Self::Fetch => b'f',
            Self::WriteLock => b'l',
            Self::OpenPage => b'o',
        }
    }

    pub(super) fn of_word(word: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|job| job.word() == word)
    }
}

/// How far the starter goes, said before anything is held: what a hardened process asks for beyond it is not done.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Bounds {
    /// What may be fetched.
    pub(super) fetch: FetchScope,
    /// The file that is the project's lock, where a tool of the project is run.
    pub(super) lock: Option<PathBuf>,
}

/// The starter, as the process that it works for has it. It ends with that process.
#[derive(Debug)]
pub(super) struct Starter {
    socket: OwnedFd,
    /// The lock as it was written last.
    written: Mutex<Option<String>>,
}

impl Starter {
    pub(super) fn start(bounds: &Bounds) -> io::Result<Self> {
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        Command::new(OURSELVES)
            .arg("start-for-parent")
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .spawn()?;
        let starter = Self {
            socket: ours,
            written: Mutex::default(),
        };
        let bounds = SecretBytes::json(bounds)?;
        let bounds = bounds.expose();
        starter.send(&u64::try_from(bounds.len()).unwrap_or(u64::MAX).to_le_bytes(), &[], &[])?;
        for piece in bounds.chunks(LONGEST) {
            starter.send(piece, &[], &[])?;
        }
        Ok(starter)
    }

    /// Asks for a job with these ends: its control, standard input, output and error.
    fn ask(&self, job: Job, rest: &[u8], ends: &[UnixStream]) -> io::Result<()> {
        self.send(&[job.word()], rest, ends)
    }

    fn send(&self, bytes: &[u8], rest: &[u8], ends: &[UnixStream]) -> io::Result<()> {
        let fds: Vec<_> = ends.iter().map(AsFd::as_fd).collect();
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(ENDS))];
        let mut with = SendAncillaryBuffer::new(&mut space);
        if !fds.is_empty() {
            with.push(SendAncillaryMessage::ScmRights(&fds));
        }
        let parts = [IoSlice::new(bytes), IoSlice::new(rest)];
        sendmsg(&self.socket, &parts, &mut with, SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// Whether a browser was started.
    pub(super) fn open_page(&self, url: &str) -> bool {
        self.done(Job::OpenPage, url.as_bytes(), &[])
            .is_ok_and(|status| status.success())
    }

    /// Hands this over, and waits for how it ended.
    fn done(&self, job: Job, rest: &[u8], input: &[u8]) -> io::Result<ExitStatus> {
        let (mut control, their_control) = UnixStream::pair()?;
        let (mut to, their_input) = UnixStream::pair()?;
        self.ask(job, rest, &[their_control, their_input])?;
        to.write_all(input)?;
        to.shutdown(Shutdown::Write)?;
        let mut status = [0; 4];
        control.read_exact(&mut status)?;
        Ok(ExitStatus::from_raw(i32::from_le_bytes(status)))
    }
}

/// Has the starter write the project's lock.
#[derive(Debug)]
pub(super) struct LockWriter(pub(super) &'static Starter);

impl WriteLock for LockWriter {
    fn write(&self, content: &[u8]) -> io::Result<()> {
        match self.0.done(Job::WriteLock, &[], content) {
            Ok(status) if status.success() => {
                let text = String::from_utf8_lossy(content).into_owned();
                *self.0.written.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
                Ok(())
            }
            // It closes the conversation where it could not.
            Ok(_) | Err(_) => Err(io::Error::other(
                "the process that writes it for a hardened one could not: see that this user may write in its folder",
            )),
        }
    }

    fn written(&self) -> Option<String> {
        self.0.written.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
        for _end in 0..ENDS {
            let (our_end, their_end) = UnixStream::pair()?;
            our_end.set_nonblocking(true)?;
            ours.push(tokio::net::UnixStream::from_std(our_end)?);
            theirs.push(their_end);
        }
        self.starter.ask(self.job, &[], &theirs)?;
        let Ok([control, input, output, words]) = <[_; ENDS]>::try_from(ours) else {
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
