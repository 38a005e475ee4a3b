//! Sends a datagram: `{"port": 53}` on 127.0.0.1.

use serde_json::{Value, json};
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::network::{ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress};
use wasip2::sockets::udp::OutgoingDatagram;
use wasip2::sockets::udp_create_socket::create_udp_socket;

fn send(port: u16) -> Result<u64, ErrorCode> {
    let socket = create_udp_socket(IpAddressFamily::Ipv4)?;
    let any = IpSocketAddress::Ipv4(Ipv4SocketAddress {
        port: 0,
        address: (0, 0, 0, 0),
    });
    socket.start_bind(&instance_network(), any)?;
    socket.finish_bind()?;
    let (_incoming, outgoing) = socket.stream(None)?;
    while outgoing.check_send()? == 0 {
        outgoing.subscribe().block();
    }
    let to = IpSocketAddress::Ipv4(Ipv4SocketAddress {
        port,
        address: (127, 0, 0, 1),
    });
    outgoing.send(&[OutgoingDatagram {
        data: b"hello".to_vec(),
        remote_address: Some(to),
    }])
}

fn main() {
    let input: Value = programs::input();
    let end = send(input["port"].as_u64().unwrap_or(53) as u16);
    programs::output(json!({ "sent": end.as_ref().ok(), "error": end.as_ref().err().map(|e| e.name()) }));
}
