//! The body of a response, read as it arrives.

use std::fmt::{self, Debug, Formatter};
use std::io::{self, Read};

use wasip2::http::types::{IncomingBody, http_error_code};
use wasip2::io::streams::{InputStream, StreamError};

use super::Error;
use super::exchange::Deadline;

/// As much as is asked of the host at once.
const CHUNK: u64 = 64 * 1024;

/// The body of a response, read as it arrives.
///
/// As [`Read`] it gives errors of the kinds `PermissionDenied`, `TimedOut` or `Other`, with the
/// [`http::Error`](Error) inside.
pub struct Body {
    source: Source,
    target: String,
    deadline: Option<Deadline>,
    /// What arrived and was not read yet.
    pending: Vec<u8>,
    read: usize,
}

enum Source {
    /// The stream is a child of the body, so it has to go first.
    Wasi {
        stream: InputStream,
        _body: IncomingBody,
    },
    Ended,
}

impl Body {
    pub(super) fn new(body: IncomingBody, target: String, deadline: Option<Deadline>) -> Result<Self, Error> {
        let stream = body
            .stream()
            .map_err(|()| Error::Broken(target.clone(), "the body was taken".to_owned()))?;
        Ok(Self {
            source: Source::Wasi { stream, _body: body },
            target,
            deadline,
            pending: Vec::new(),
            read: 0,
        })
    }

    /// A body that is already here.
    #[cfg(test)]
    pub(super) fn of(target: String, bytes: Vec<u8>) -> Self {
        Self {
            source: Source::Ended,
            target,
            deadline: None,
            pending: bytes,
            read: 0,
        }
    }

    pub(super) fn target(&self) -> &str {
        &self.target
    }

    pub(super) fn read_all(mut self) -> Result<Vec<u8>, Error> {
        let mut all = self.pending.split_off(self.read);
        while let Some(chunk) = self.chunk()? {
            all.extend_from_slice(&chunk);
        }
        Ok(all)
    }

    /// Waits for the next bytes; none at the end.
    fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        loop {
            let Source::Wasi { stream, .. } = &self.source else {
                return Ok(None);
            };
            match stream.read(CHUNK) {
                Ok(chunk) if chunk.is_empty() => Deadline::wait(self.deadline, &stream.subscribe(), &self.target)?,
                Ok(chunk) => return Ok(Some(chunk)),
                Err(StreamError::Closed) => self.source = Source::Ended,
                Err(StreamError::LastOperationFailed(e)) => {
                    let error = match http_error_code(&e) {
                        Some(code) => Error::from_code(code, &self.target),
                        None => Error::Broken(self.target.clone(), e.to_debug_string()),
                    };
                    drop(e);
                    self.source = Source::Ended;
                    return Err(error);
                }
            }
        }
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.read == self.pending.len() {
            self.pending = self.chunk().map_err(io_error)?.unwrap_or_default();
            self.read = 0;
        }
        let count = (&self.pending[self.read..]).read(buffer)?;
        self.read += count;
        Ok(count)
    }
}

impl Debug for Body {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "Body(of `{}`)", self.target)
    }
}

fn io_error(error: Error) -> io::Error {
    let kind = match error {
        Error::Denied(_) => io::ErrorKind::PermissionDenied,
        Error::TimedOut(_) => io::ErrorKind::TimedOut,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_body_can_be_read_in_pieces_and_then_to_its_end() {
        let mut body = Body::of(String::new(), b"abcdef".to_vec());
        let mut two = [0; 2];
        body.read_exact(&mut two).unwrap();
        assert_eq!(&two, b"ab");
        assert_eq!(body.read_all().unwrap(), b"cdef");
    }
}
