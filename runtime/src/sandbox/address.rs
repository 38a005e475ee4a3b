//! Which addresses a guest's request may go to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::base::listeners::Listeners;

/// What an address is for a guest. The later, the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Global unicast: anyone's.
    Global,
    /// Of this machine or the networks around it: only where the operator opened it.
    Inner,
    /// Never: metadata services, link-local, multicast, unspecified, broadcast, reserved.
    Never,
}

/// Why a request may not go to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Prohibited {
    #[error(
        "it leads to an address of this machine or of the networks around it, which only a rule with `private = true` opens"
    )]
    Inner,
    #[error("it leads to an address that is never opened (metadata services, link-local, multicast and reserved ones)")]
    Never,
    #[error("it leads to where Pocket itself listens")]
    OurOwn,
    #[error("it leads to the operator's proxy, which is asked for by its own name or address alone")]
    Proxy,
}

/// Whether a request may go to this address: `private` where the operator opened inner ones for it.
pub(crate) fn check(address: SocketAddr, private: bool, listeners: &Listeners) -> Result<(), Prohibited> {
    // An address with a zone is of one link, whatever its digits say.
    if matches!(address, SocketAddr::V6(v6) if v6.scope_id() != 0) {
        return Err(Prohibited::Never);
    }
    match kind(address.ip()) {
        Kind::Global => {}
        Kind::Inner if private => {}
        Kind::Inner => return Err(Prohibited::Inner),
        Kind::Never => return Err(Prohibited::Never),
    }
    if listeners.include(address) {
        return Err(Prohibited::OurOwn);
    }
    Ok(())
}

/// One block of addresses: the first `length` bits of `base`.
struct Block<A> {
    base: A,
    length: u32,
    kind: Kind,
}

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u32, kind: Kind) -> Block<Ipv4Addr> {
    Block {
        base: Ipv4Addr::new(a, b, c, d),
        length,
        kind,
    }
}

/// The IPv4 blocks that are not global, from IANA's special-purpose registry and the clouds' documents. The worst match
/// holds.
const V4: &[Block<Ipv4Addr>] = &[
    v4(0, 0, 0, 0, 8, Kind::Never),
    v4(10, 0, 0, 0, 8, Kind::Inner),
    v4(100, 64, 0, 0, 10, Kind::Inner),
    // Alibaba Cloud's metadata.
    v4(100, 100, 100, 200, 32, Kind::Never),
    v4(127, 0, 0, 0, 8, Kind::Inner),
    // Azure's metadata, though its number is a global one.
    v4(168, 63, 129, 16, 32, Kind::Never),
    // Link-local: nearly every cloud's metadata.
    v4(169, 254, 0, 0, 16, Kind::Never),
    v4(172, 16, 0, 0, 12, Kind::Inner),
    // Protocol assignments, among them Oracle Cloud's metadata.
    v4(192, 0, 0, 0, 24, Kind::Never),
    v4(192, 0, 2, 0, 24, Kind::Inner),
    v4(192, 88, 99, 0, 24, Kind::Never),
    v4(192, 168, 0, 0, 16, Kind::Inner),
    v4(198, 18, 0, 0, 15, Kind::Inner),
    v4(198, 51, 100, 0, 24, Kind::Inner),
    v4(203, 0, 113, 0, 24, Kind::Inner),
    // Multicast, and what is reserved up to broadcast.
    v4(224, 0, 0, 0, 3, Kind::Never),
];

const fn v6(base: Ipv6Addr, length: u32, kind: Kind) -> Block<Ipv6Addr> {
    Block { base, length, kind }
}

/// The IPv6 blocks that are not reserved, and what of them is not global. The worst match holds, reserved where there is none.
const V6: &[Block<Ipv6Addr>] = &[
    v6(Ipv6Addr::LOCALHOST, 128, Kind::Inner),
    v6(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3, Kind::Global),
    // Protocol assignments: benchmarking, ORCHID. Teredo is read before.
    v6(Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, Kind::Never),
    v6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, Kind::Inner),
    v6(Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, Kind::Inner),
    v6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, Kind::Inner),
    // The metadata of AWS (with its other link services), of Google Cloud and of Scaleway.
    v6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0), 32, Kind::Never),
    v6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128, Kind::Never),
    v6(Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42), 128, Kind::Never),
    // Site-local, which nobody should use any more.
    v6(Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, Kind::Inner),
];

/// What an address is, by the worst of what it says and of the IPv4 addresses inside it.
pub(crate) fn kind(address: IpAddr) -> Kind {
    match address {
        IpAddr::V4(address) => kind_v4(address),
        IpAddr::V6(address) => {
            let inside = embedded(address);
            if inside.is_empty() {
                kind_v6(address)
            } else {
                inside.into_iter().map(kind_v4).max().unwrap_or(Kind::Never)
            }
        }
    }
}

fn kind_v4(address: Ipv4Addr) -> Kind {
    let bits = address.to_bits();
    V4.iter()
        .filter(|block| (bits ^ block.base.to_bits()).leading_zeros() >= block.length)
        .map(|block| block.kind)
        .max()
        .unwrap_or(Kind::Global)
}

fn kind_v6(address: Ipv6Addr) -> Kind {
    let bits = address.to_bits();
    V6.iter()
        .filter(|block| (bits ^ block.base.to_bits()).leading_zeros() >= block.length)
        .map(|block| block.kind)
        .max()
        .unwrap_or(Kind::Never)
}

/// The IPv4 addresses inside an IPv6 one: mapped, translated and compatible, NAT64 (RFC 6052), 6to4 (RFC 3056), and Teredo's server
/// and client (RFC 4380).
fn embedded(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let join = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        // `::` and `::1` are themselves.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => Vec::new(),
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, _, _, _, _, _] => vec![join(high, low)],
        [0x2001, 0, high, low, _, _, client_high, client_low] => {
            vec![join(high, low), join(!client_high, !client_low)]
        }
        _native => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_table_holds() {
        let table: &[(Kind, &[&str])] = &[
            (
                Kind::Global,
                &[
                    "1.1.1.1",
                    "8.8.8.8",
                    "9.255.255.255",
                    "11.0.0.0",
                    "100.63.255.255",
                    "100.128.0.0",
                    "126.255.255.255",
                    "128.0.0.0",
                    "172.15.255.255",
                    "172.32.0.0",
                    "192.0.1.0",
                    "192.169.0.0",
                    "198.17.255.255",
                    "198.20.0.0",
                    "223.255.255.255",
                    "2606:4700::1111",
                    "2a00:1450::1",
                    "::ffff:8.8.8.8",
                    "64:ff9b::8.8.8.8",
                    "2002:808:808::1",
                ],
            ),
            (
                Kind::Inner,
                &[
                    "10.0.0.0",
                    "10.255.255.255",
                    "100.64.0.1",
                    "127.0.0.1",
                    "127.255.255.255",
                    "172.16.0.1",
                    "172.31.255.255",
                    "192.168.0.1",
                    "192.0.2.1",
                    "198.18.0.1",
                    "198.19.255.255",
                    "198.51.100.1",
                    "203.0.113.1",
                    "::1",
                    "fc00::1",
                    "fdff::1",
                    "fec0::1",
                    "2001:db8::1",
                    "3fff::1",
                    "::ffff:127.0.0.1",
                    "::ffff:0:10.0.0.1",
                    "::127.0.0.1",
                    "64:ff9b::192.168.0.1",
                    "2002:7f00:1::",
                    "2002:a00:1::1",
                ],
            ),
            (
                Kind::Never,
                &[
                    "0.0.0.0",
                    "0.1.2.3",
                    "169.254.169.254",
                    "169.254.170.2",
                    "169.254.0.1",
                    "100.100.100.200",
                    "168.63.129.16",
                    "192.0.0.192",
                    "192.0.0.1",
                    "192.88.99.1",
                    "224.0.0.1",
                    "239.255.255.255",
                    "240.0.0.1",
                    "255.255.255.255",
                    "::",
                    "::2",
                    "fe80::1",
                    "febf::1",
                    "ff02::1",
                    "fd00:ec2::254",
                    "fd20:ce::254",
                    "fd00:42::42",
                    "100::1",
                    "2001:2::1",
                    "2001:10::1",
                    "2001:20::1",
                    "64:ff9b:1::a9fe:a9fe",
                    "5f00::1",
                    "4000::1",
                    "::ffff:169.254.169.254",
                    "::169.254.169.254",
                    "64:ff9b::a9fe:a9fe",
                    "2002:a9fe:a9fe::1",
                    // Teredo: an inner server, and an inner client behind a global one.
                    "2001:0:a9fe:a9fe::",
                    "2001:0:808:808:0:0:5601:5601",
                ],
            ),
        ];
        for (expected, addresses) in table {
            for address in *addresses {
                assert_eq!(kind(address.parse().unwrap()), *expected, "{address}");
            }
        }
        // A client of 10.0.0.1 behind Teredo.
        assert_eq!(kind("2001:0:808:808:0:0:f5ff:fffe".parse().unwrap()), Kind::Inner);
    }

    #[test]
    fn private_opens_inner_addresses_and_nothing_worse() {
        let listeners = Listeners::default();
        let check = |address: &str, private| check(address.parse().unwrap(), private, &listeners);
        assert_eq!(check("8.8.8.8:443", false), Ok(()));
        assert_eq!(check("10.0.0.1:443", false), Err(Prohibited::Inner));
        assert_eq!(check("10.0.0.1:443", true), Ok(()));
        assert_eq!(check("169.254.169.254:80", true), Err(Prohibited::Never));
        assert_eq!(check("[2606:4700::1111%3]:443", true), Err(Prohibited::Never));
    }

    #[test]
    fn our_own_listener_is_never_reached() {
        let listeners = Listeners::default();
        let _open = listeners.add("127.0.0.1:8420".parse().unwrap());
        let check = |address: &str| check(address.parse().unwrap(), true, &listeners);
        assert_eq!(check("127.0.0.1:8420"), Err(Prohibited::OurOwn));
        assert_eq!(check("[::ffff:127.0.0.1]:8420"), Err(Prohibited::OurOwn));
        assert_eq!(check("127.0.0.1:8421"), Ok(()));
    }

    proptest! {
        #[test]
        fn an_address_inside_another_is_as_bad_as_alone(bits in any::<u32>(), tail in any::<u64>()) {
            let inner = Ipv4Addr::from_bits(bits);
            let [a, b, c, d] = inner.octets();
            let high = u16::from_be_bytes([a, b]);
            let low = u16::from_be_bytes([c, d]);
            let alone = kind(IpAddr::V4(inner));
            let wrapped = [
                inner.to_ipv6_mapped(),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
                Ipv6Addr::from_bits(0x2002_u128 << 112 | u128::from(bits) << 80 | u128::from(tail)),
            ];
            for address in wrapped {
                prop_assert_eq!(kind(IpAddr::V6(address)), alone, "{}", address);
            }
            let teredo = Ipv6Addr::from_bits(0x2001_0000_u128 << 96 | u128::from(bits) << 64 | u128::from(tail));
            prop_assert!(kind(IpAddr::V6(teredo)) >= alone);
        }

        #[test]
        fn outside_of_global_unicast_nothing_is_global(bits in any::<u128>()) {
            let address = Ipv6Addr::from_bits(bits);
            let global = bits >> 125 == 1 || !embedded(address).is_empty();
            prop_assert!(global || kind(IpAddr::V6(address)) != Kind::Global, "{}", address);
        }

        #[test]
        fn what_private_does_not_open_is_never_opened(bits in any::<u128>(), v4 in any::<u32>(), port in 1_u16..) {
            let listeners = Listeners::default();
            for ip in [IpAddr::V6(Ipv6Addr::from_bits(bits)), IpAddr::V4(Ipv4Addr::from_bits(v4))] {
                let address = SocketAddr::new(ip, port);
                let (open, closed) = (check(address, true, &listeners), check(address, false, &listeners));
                prop_assert!(closed.is_err() || open.is_ok());
                prop_assert_eq!(open.is_err(), kind(ip) == Kind::Never);
            }
        }
    }
}
