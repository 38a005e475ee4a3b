//! CONNECT (RFC 9110 section 9.3.6), over HTTP/1.1.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use zeroize::Zeroizing;

use crate::base::proxy::{ProxyFault, ProxySettings, joined};

/// The longest head of an answer, in bytes. Proxies say who they are, and little more.
const LONGEST_HEAD: usize = 16 << 10;

/// Has the proxy at the other end of a stream connect it to `authority`, a host with its port. What comes through the stream from
/// then on is that host's.
pub(crate) async fn tunnel(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    proxy: &ProxySettings,
    authority: &str,
) -> Result<(), ProxyFault> {
    let request = request(proxy, authority);
    let sent = async {
        stream.write_all(request.as_bytes()).await?;
        stream.flush().await
    };
    // Whoever hangs up may have said why before.
    let sent: io::Result<()> = sent.await;
    let head = head(stream).await?;
    match (status(&head), sent) {
        (Some(200..=299), Ok(())) => Ok(()),
        (Some(200..=299), Err(_)) => Err(ProxyFault::Closed),
        (Some(407), _) => Err(ProxyFault::Login),
        (Some(status @ (500..)), _) => Err(ProxyFault::NoTunnel(status)),
        (Some(status @ (300..)), _) => Err(ProxyFault::Refused(status)),
        (Some(_) | None, _) => Err(ProxyFault::NotAProxy),
    }
}

fn request(proxy: &ProxySettings, authority: &str) -> Zeroizing<String> {
    let request = ["CONNECT ", authority, " HTTP/1.1\r\nHost: ", authority, "\r\n"];
    match proxy.authorization() {
        None => joined(&[&request.concat(), "\r\n"]),
        Some(value) => joined(&[&request.concat(), "Proxy-Authorization: ", &value, "\r\n\r\n"]),
    }
}

/// The head of the answer. It is read byte by byte: what follows it is not the proxy's.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, ProxyFault> {
    let mut head = Vec::new();
    loop {
        let byte = stream.read_u8().await.map_err(|_ended| ProxyFault::Closed)?;
        head.push(byte);
        // Whatever is no answer is told as that before it ends, which it may never do.
        if !head.starts_with(b"HTTP/1.") && !b"HTTP/1.".starts_with(&head) {
            return Err(ProxyFault::NotAProxy);
        }
        if head.ends_with(b"\r\n\r\n") || head.ends_with(b"\n\n") {
            return Ok(head);
        }
        if head.len() >= LONGEST_HEAD {
            return Err(ProxyFault::Endless);
        }
    }
}

fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let (version, rest) = line.split_once(' ')?;
    if !matches!(version, "HTTP/1.0" | "HTTP/1.1") {
        return None;
    }
    let code = rest.trim_end().split(' ').next()?;
    let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then(|| code.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::base::secret::Secret;

    /// What the tunnel came to where the proxy gives this answer and ends, what the proxy was asked, and what is left for who reads on.
    async fn answered(answer: &[u8]) -> (Result<(), ProxyFault>, String, Vec<u8>) {
        let (mut ours, mut theirs) = tokio::io::duplex(64 << 10);
        theirs.write_all(answer).await.unwrap();
        theirs.shutdown().await.unwrap();
        let proxy = ProxySettings::new("http://proxy.example").unwrap();
        let proxy = proxy.with_login(Secret::new("me"), Secret::new("pw")).unwrap();
        let outcome = tunnel(&mut ours, &proxy, "192.0.2.1:443").await;
        let mut left = Vec::new();
        ours.read_to_end(&mut left).await.unwrap();
        drop(ours);
        let mut asked = String::new();
        theirs.read_to_string(&mut asked).await.unwrap();
        (outcome, asked, left)
    }

    #[tokio::test]
    async fn a_tunnel_is_asked_for_and_nothing_after_the_answer_is_taken() {
        let (outcome, asked, left) = answered(b"HTTP/1.1 200 Connection established\r\nvia: x\r\n\r\nhello").await;
        assert_eq!((outcome, left.as_slice()), (Ok(()), &b"hello"[..]));
        assert_eq!(
            asked,
            "CONNECT 192.0.2.1:443 HTTP/1.1\r\nHost: 192.0.2.1:443\r\nProxy-Authorization: Basic bWU6cHc=\r\n\r\n"
        );
    }

    #[tokio::test]
    async fn whatever_else_it_answers_is_no_tunnel() {
        let endless = [b"HTTP/1.1 200 OK\r\nx: ".as_slice(), &[b'y'; 32 << 10]].concat();
        for (answer, fault) in [
            (&b""[..], ProxyFault::Closed),
            (b"HTTP/1.1 200 OK\r\n", ProxyFault::Closed),
            (b"HTTP/1.1 407 Who\r\n\r\n", ProxyFault::Login),
            (b"HTTP/1.0 403 No\r\n\r\n", ProxyFault::Refused(403)),
            (
                b"HTTP/1.1 302 There\r\nlocation: http://x/\r\n\r\n",
                ProxyFault::Refused(302),
            ),
            (b"HTTP/1.1 503\r\n\r\n", ProxyFault::NoTunnel(503)),
            (
                b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
                ProxyFault::NotAProxy,
            ),
            (b"HTTP/2 200 OK\r\n\r\n", ProxyFault::NotAProxy),
            (b"HTTP/1.1 2000 OK\r\n\r\n", ProxyFault::NotAProxy),
            (b"HTTP/1.1 +20 OK\r\n\r\n", ProxyFault::NotAProxy),
            (b"HTTP/1.1\r\n\r\n", ProxyFault::NotAProxy),
            (b"SSH-2.0-x\r\n", ProxyFault::NotAProxy),
            (b"\x16\x03\x01", ProxyFault::NotAProxy),
            (&endless, ProxyFault::Endless),
        ] {
            assert_eq!(
                answered(answer).await.0,
                Err(fault),
                "{}",
                String::from_utf8_lossy(answer)
            );
        }
    }
}
