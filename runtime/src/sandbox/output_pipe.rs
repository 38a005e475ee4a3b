//! What a guest writes to its stdout and stderr, kept in memory up to a cap.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::{
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamError, StreamResult},
};

use crate::sandbox::log::{CallLog, Stream};

/// What a guest may write in one go; it is also what the host allocates for a write of zeroes.
const PERMIT: usize = 64 << 10;

/// Ends a guest that writes more than its output may have.
#[derive(Debug, thiserror::Error)]
#[error("the output is too large")]
pub(super) struct OutputFull;

/// A command's stdout: its output. Clones share it.
#[derive(Clone)]
pub(super) struct OutputPipe {
    limit: usize,
    written: Arc<Mutex<Vec<u8>>>,
}

/// A stream whose lines go to the call's log.
#[derive(Clone)]
pub(super) struct LogPipe {
    stream: Stream,
    log: CallLog,
}

impl OutputPipe {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            written: Arc::default(),
        }
    }

    /// How much was written and not taken yet, in bytes.
    pub(super) fn len(&self) -> usize {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// What was written; bytes that are not UTF-8 are replaced.
    pub(super) fn take(&self) -> String {
        let written = std::mem::take(&mut *self.written.lock().unwrap_or_else(PoisonError::into_inner));
        String::from_utf8(written).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}

impl LogPipe {
    pub(super) const fn new(stream: Stream, log: CallLog) -> Self {
        Self { stream, log }
    }
}

#[async_trait::async_trait]
impl OutputStream for OutputPipe {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.len() + bytes.len() > self.limit {
            return Err(StreamError::Trap(OutputFull.into()));
        }
        written.extend_from_slice(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PERMIT)
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.write(bytes)
    }
}

#[async_trait::async_trait]
impl OutputStream for LogPipe {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.log.write(self.stream, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PERMIT)
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.write(bytes)
    }
}

#[async_trait::async_trait]
impl Pollable for OutputPipe {
    async fn ready(&mut self) {}
}

#[async_trait::async_trait]
impl Pollable for LogPipe {
    async fn ready(&mut self) {}
}

impl IsTerminal for OutputPipe {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl IsTerminal for LogPipe {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for OutputPipe {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    /// Only WASI 0.3 asks for it, which is not linked.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }
}

impl StdoutStream for LogPipe {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    /// Only WASI 0.3 asks for it, which is not linked.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn an_output_that_just_fits_is_kept_and_one_byte_more_traps() {
        let mut pipe = OutputPipe::new(4);
        pipe.write(Bytes::from_static(b"ab")).unwrap();
        pipe.write(Bytes::from_static(b"cd")).unwrap();
        match pipe.write(Bytes::from_static(b"e")) {
            Err(StreamError::Trap(error)) => assert!(error.is::<OutputFull>()),
            other => panic!("{other:?}"),
        }
        assert_eq!(pipe.len(), 4);
        assert_eq!(pipe.take(), "abcd");
    }

    #[test]
    fn rubbish_on_stdout_is_text_all_the_same() {
        let mut pipe = OutputPipe::new(4);
        pipe.write(Bytes::from_static(b"a\xff")).unwrap();
        assert_eq!(pipe.take(), "a\u{fffd}");
    }
}
