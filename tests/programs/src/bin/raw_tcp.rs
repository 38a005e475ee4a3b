//! Connects past `wasi:http`: `{"port": 80}` on 127.0.0.1.

use serde_json::{Value, json};
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::network::{ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress};
use wasip2::sockets::tcp_create_socket::create_tcp_socket;

fn connect(port: u16) -> Result<(), ErrorCode> {
    let socket = create_tcp_socket(IpAddressFamily::Ipv4)?;
    let address = IpSocketAddress::Ipv4(Ipv4SocketAddress {
        port,
        address: (127, 0, 0, 1),
    });
    socket.start_connect(&instance_network(), address)?;
    loop {
        socket.subscribe().block();
        match socket.finish_connect() {
            Err(ErrorCode::WouldBlock) => {}
            end => return end.map(drop),
        }
    }
}

fn main() {
    let input: Value = programs::input();
    let end = connect(input["port"].as_u64().unwrap_or(80) as u16);
    programs::output(json!({ "connected": end.is_ok(), "error": end.err().map(|e| e.name()) }));
}
