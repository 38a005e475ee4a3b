//! A DNS server (RFC 1035) whose one answer changes, and what asks it.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use bytes::{Buf as _, BufMut as _};
use pocket_runtime::Resolver;
use tokio::{net::UdpSocket, task::AbortHandle};

const HEAD: usize = 12;
/// The longest message over UDP, without extensions.
const LONGEST: usize = 512;
const A: u16 = 1;
const AAAA: u16 = 28;
const ANY: u16 = 255;
const INTERNET: u16 = 1;
/// The name of the question, which stands after the head: a pointer to there.
const THAT_NAME: u16 = 0xC000 | HEAD as u16;

/// A DNS server on a free port of loopback, which gives the next of its addresses for each question, and the last one from then on. Its
/// answers may be kept for no time at all.
pub struct NameServer {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    task: AbortHandle,
}

impl NameServer {
    /// With these addresses, whatever name is asked for.
    pub async fn start(answers: &[&str]) -> Self {
        let answers: Vec<IpAddr> = answers.iter().map(|text| text.parse().expect("an address")).collect();
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = socket.local_addr().expect("a bound socket has an address");
        let asked: Arc<AtomicUsize> = Arc::default();
        let task = tokio::spawn(answer(socket, answers, Arc::clone(&asked))).abort_handle();
        Self { address, asked, task }
    }

    /// How many questions came.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Asks this server, and keeps nothing of what it says.
    pub fn resolver(&self) -> Arc<dyn Resolver> {
        Arc::new(Asking { server: self.address })
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(socket: UdpSocket, answers: Vec<IpAddr>, asked: Arc<AtomicUsize>) {
    let mut message = [0; LONGEST];
    while let Ok((length, from)) = socket.recv_from(&mut message).await {
        let before = asked.fetch_add(1, Ordering::SeqCst);
        let address = answers.get(before).or(answers.last());
        let reply = reply(&message[..length], *address.expect("there is an answer"));
        socket.send_to(&reply, from).await.expect("an answer can be sent");
    }
}

fn reply(question: &[u8], address: IpAddr) -> Vec<u8> {
    let mut reply = Vec::with_capacity(LONGEST);
    reply.put_slice(&question[..2]);
    // An answer, from a server that would ask others too.
    reply.put_u16(0x8180);
    for count in [1, 1, 0, 0] {
        reply.put_u16(count);
    }
    reply.put_slice(&question[HEAD..]);
    reply.put_u16(THAT_NAME);
    let (kind, digits) = match address {
        IpAddr::V4(address) => (A, address.octets().to_vec()),
        IpAddr::V6(address) => (AAAA, address.octets().to_vec()),
    };
    reply.put_u16(kind);
    reply.put_u16(INTERNET);
    reply.put_u32(0);
    reply.put_u16(u16::try_from(digits.len()).expect("an address is short"));
    reply.put_slice(&digits);
    reply
}

#[derive(Debug)]
struct Asking {
    server: SocketAddr,
}

#[async_trait]
impl Resolver for Asking {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        socket.connect(self.server).await?;
        let question = question(host);
        socket.send(&question).await?;
        let mut message = [0; LONGEST];
        let length = socket.recv(&mut message).await?;
        let reply = &message[..length];
        assert_eq!(reply[..2], question[..2], "it is the answer to this question");
        let addresses = addresses(&reply[question.len()..], (&reply[6..8]).get_u16());
        Ok(addresses.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
    }
}

fn question(host: &str) -> Vec<u8> {
    let mut question = Vec::with_capacity(LONGEST);
    question.put_u16(rand::random());
    // Recursion is wanted.
    question.put_u16(0x0100);
    for count in [1, 0, 0, 0] {
        question.put_u16(count);
    }
    for label in host.split('.') {
        question.put_u8(u8::try_from(label.len()).expect("a label is short"));
        question.put_slice(label.as_bytes());
    }
    question.put_u8(0);
    question.put_u16(ANY);
    question.put_u16(INTERNET);
    question
}

/// Of so many records.
fn addresses(mut records: &[u8], count: u16) -> Vec<IpAddr> {
    let mut found = Vec::new();
    for _record in 0..count {
        assert_eq!(records.get_u16(), THAT_NAME, "it is of the name that was asked for");
        let kind = records.get_u16();
        records.advance(6);
        let length = records.get_u16();
        let digits = records.copy_to_bytes(usize::from(length));
        found.push(match kind {
            A => Ipv4Addr::from(<[u8; 4]>::try_from(&*digits).expect("four bytes")).into(),
            AAAA => Ipv6Addr::from(<[u8; 16]>::try_from(&*digits).expect("sixteen bytes")).into(),
            other => panic!("a record of type {other}"),
        });
    }
    found
}
