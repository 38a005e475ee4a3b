//! Names whose addresses change, or are not what they seem.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;

use super::{server::Server, *};
use crate::base::resolver::Resolver;

/// Gives the next of these answers each time it is asked, and the last one from then on.
#[derive(Debug)]
struct Changing {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

#[async_trait]
impl Resolver for Changing {
    async fn resolve(&self, _host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = &self.answers[asked.min(self.answers.len() - 1)];
        Ok(answer.iter().map(|ip| SocketAddr::new(*ip, port)).collect())
    }
}

fn names(answers: &[&[IpAddr]], policy: &Policy) -> (Arc<Changing>, Outbound) {
    let changing = Arc::new(Changing {
        answers: answers.iter().map(|answer| answer.to_vec()).collect(),
        asked: AtomicUsize::new(0),
    });
    let settings = NetSettings {
        resolver: Some(changing.clone()),
        ..NetSettings::default()
    };
    let outbound = Outbound::new(&Net::new(settings).unwrap(), policy, &Limits::default());
    (changing, outbound)
}

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8));

#[tokio::test]
async fn a_name_is_asked_for_once_and_just_what_was_checked_is_dialled() {
    let server = Server::start().await;
    let origin = format!("http://changes.example:{}", server.address.port());
    // Nobody listens at the second answer: were the name asked for again to connect, the request would fail.
    let (changing, outbound) = names(&[&[HERE], &[ELSEWHERE]], &policy(std::slice::from_ref(&origin)));
    let mut call = outbound.call();
    let reply = call.get(&origin).await.unwrap();
    let shown = format!("HTTP/1.1 GET changes.example:{} / 0", server.address.port());
    assert_eq!(text(reply).await, shown);
    assert_eq!(changing.asked.load(Ordering::SeqCst), 1);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn one_inner_address_among_a_names_addresses_refuses_them_all() {
    let server = Server::start().await;
    let origin = format!("http://both.example:{}", server.address.port());
    let mut plain = closed();
    plain.allow = vec![origin.parse().unwrap()];
    for answer in [[PUBLIC, HERE], [HERE, PUBLIC]] {
        let (_, outbound) = names(&[&answer], &plain);
        let mut call = outbound.call();
        let error = call.get(&origin).await.unwrap_err();
        assert!(matches!(error, Error::DestinationIpProhibited), "{error}");
        assert_eq!(call.ledger().totals().requests, 0);
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_name_without_an_address_is_told_as_such() {
    let origin = "http://none.example".to_owned();
    let (_, outbound) = names(&[&[]], &policy(std::slice::from_ref(&origin)));
    let error = outbound.call().get(&origin).await.unwrap_err();
    assert!(matches!(error, Error::DestinationNotFound), "{error}");
}
