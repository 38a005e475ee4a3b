//! An HTTP proxy that opens tunnels, each to this machine, and keeps what it was asked.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};

/// What a proxy does when it is asked for a tunnel.
#[derive(Debug, Clone)]
pub enum Tunnels {
    /// Opens it, to the port that was asked for on this machine.
    Opened,
    /// Opens it for those who know a user and password, and asks all others for them.
    Guarded,
    /// Answers this, and ends the connection.
    Answered(&'static str),
    /// Says nothing.
    Silent,
    /// Begins an answer that never ends.
    Endless,
}

/// One request that a proxy was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// `CONNECT host:port HTTP/1.1`.
    pub line: String,
    /// What it was told of who asks.
    pub authorization: Option<String>,
}

impl Asked {
    /// The host and port that it was to connect to.
    pub fn target(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }
}

/// An HTTP proxy on a free loopback port, until dropped.
pub struct ConnectProxy {
    port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: AbortHandle,
}

impl ConnectProxy {
    /// One that does this with each request.
    pub async fn start(tunnels: Tunnels) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let seen = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, tunnels.clone(), Arc::clone(&seen)));
                while connections.try_join_next().is_some() {}
            }
        });
        Self {
            port,
            asked,
            task: task.abort_handle(),
        }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The hosts and ports that it was to connect to so far.
    pub fn targets(&self) -> Vec<String> {
        self.asked().iter().map(|asked| asked.target().to_owned()).collect()
    }
}

impl Drop for ConnectProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A client that breaks off is part of the tests.
async fn serve(mut stream: TcpStream, tunnels: Tunnels, seen: Arc<Mutex<Vec<Asked>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_gone) => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.lines();
    let line = lines.next().unwrap_or_default().to_owned();
    let authorization = lines.find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("proxy-authorization")
            .then(|| value.to_owned())
    });
    let is_known = authorization.is_some();
    let asked = Asked { line, authorization };
    let port = asked
        .target()
        .rsplit_once(':')
        .and_then(|(_, port)| port.parse::<u16>().ok());
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
    let tunnels = match tunnels {
        Tunnels::Guarded if is_known => Tunnels::Opened,
        other => other,
    };
    match (tunnels, port) {
        (Tunnels::Guarded, _) => {
            let head = "HTTP/1.1 407 Who\r\nproxy-authenticate: Basic realm=\"x\"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = stream.write_all(head.as_bytes()).await;
        }
        (Tunnels::Opened, Some(port)) => {
            let Ok(mut to) = TcpStream::connect(("127.0.0.1", port)).await else {
                let _ = stream.write_all(b"HTTP/1.1 503 No\r\n\r\n").await;
                return;
            };
            let _ = stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await;
            let _ = copy_bidirectional(&mut stream, &mut to).await;
        }
        (Tunnels::Opened, None) => {
            let _ = stream.write_all(b"HTTP/1.1 400 No\r\n\r\n").await;
        }
        (Tunnels::Answered(answer), _) => {
            let _ = stream.write_all(answer.as_bytes()).await;
        }
        (Tunnels::Silent, _) => std::future::pending().await,
        (Tunnels::Endless, _) => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nx: ").await;
            while stream.write_all(&[b'y'; 4096]).await.is_ok() {}
        }
    }
}
