//! A process that somebody starts for us, with the pipes to it.

use std::{fmt, future::Future, io, pin::Pin, process::ExitStatus};

use tokio::io::{AsyncRead, AsyncWrite};

/// Starts processes of the embedding program for this library: where the process that runs guests may start none itself, another
/// one does that was started before it gave that up.
pub trait StartChild: fmt::Debug + Send + Sync {
    /// Starts one.
    ///
    /// # Errors
    /// When it cannot be started.
    fn start(&self) -> io::Result<ChildProcess>;
}

/// A process that was started, with the pipes to it. It ends, whatever it is at, when this is dropped.
pub struct ChildProcess {
    /// To its standard input.
    pub input: Box<dyn AsyncWrite + Send + Unpin>,
    /// From its standard output.
    pub output: Box<dyn AsyncRead + Send + Unpin>,
    /// From its standard error.
    pub words: Box<dyn AsyncRead + Send + Unpin>,
    /// Ready once it ended. Dropping it before ends the process.
    pub ended: Pin<Box<dyn Future<Output = io::Result<ExitStatus>> + Send>>,
}

impl ChildProcess {
    /// Starts a program with pipes to it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(mut command: tokio::process::Command) -> io::Result<Self> {
        use std::process::Stdio;

        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (Some(input), Some(output), Some(words)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        Ok(Self {
            input: Box::new(input),
            output: Box::new(output),
            words: Box::new(words),
            ended: Box::pin(async move { child.wait().await }),
        })
    }
}

impl fmt::Debug for ChildProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildProcess").finish_non_exhaustive()
    }
}
