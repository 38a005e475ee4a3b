//! The addresses on which this process listens, which no guest may reach.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The addresses on which this process listens. Cheap to clone; clones are one list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listeners {
    open: Arc<Mutex<BTreeMap<SocketAddr, usize>>>,
}

/// Keeps an address in the list until it is dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Listening {
    address: SocketAddr,
    list: Listeners,
}

impl Listeners {
    /// To be called before the socket takes its first connection, with its own address.
    pub(crate) fn add(&self, address: SocketAddr) -> Listening {
        *self.locked().entry(address).or_default() += 1;
        Listening {
            address,
            list: self.clone(),
        }
    }

    /// Whether a connection to `target` would come to one of them.
    pub(crate) fn include(&self, target: SocketAddr) -> bool {
        let target_ip = target.ip().to_canonical();
        self.locked()
            .keys()
            .filter(|own| own.port() == target.port())
            .any(|own| match own.ip().to_canonical() {
                ip if ip.is_unspecified() => is_of_this_machine(target_ip),
                ip => ip == target_ip,
            })
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<SocketAddr, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An address can be bound just where it is one of the machine's own.
fn is_of_this_machine(ip: IpAddr) -> bool {
    ip.is_loopback() || UdpSocket::bind((ip, 0)).is_ok()
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut open = self.list.locked();
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn an_address_is_listed_while_it_is_listened_on() {
        let listeners = Listeners::default();
        let target = "127.0.0.1:8420".parse().unwrap();
        let one = listeners.add(target);
        let two = listeners.clone().add(target);
        drop(one);
        assert!(listeners.include(target));
        drop(two);
        assert!(!listeners.include(target));
    }

    #[test]
    fn a_socket_of_all_addresses_is_reached_by_each_of_the_machine() {
        let listeners = Listeners::default();
        let _open = listeners.add("0.0.0.0:8420".parse().unwrap());
        assert!(listeners.include("127.0.0.1:8420".parse().unwrap()));
        assert!(listeners.include("127.9.9.9:8420".parse().unwrap()));
        assert!(!listeners.include("127.0.0.1:8421".parse().unwrap()));
        assert!(!listeners.include("192.0.2.1:8420".parse().unwrap()));
    }
}
