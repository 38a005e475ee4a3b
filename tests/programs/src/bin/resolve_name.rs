//! Looks up a name: `{"name": "localhost"}`.

use serde_json::{Value, json};
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::ip_name_lookup::resolve_addresses;
use wasip2::sockets::network::ErrorCode;

fn resolve(name: &str) -> Result<Vec<String>, ErrorCode> {
    let stream = resolve_addresses(&instance_network(), name)?;
    let mut addresses = Vec::new();
    loop {
        match stream.resolve_next_address() {
            Ok(Some(address)) => addresses.push(format!("{address:?}")),
            Ok(None) => return Ok(addresses),
            Err(ErrorCode::WouldBlock) => stream.subscribe().block(),
            Err(error) => return Err(error),
        }
    }
}

fn main() {
    let input: Value = programs::input();
    let end = resolve(input["name"].as_str().unwrap_or("localhost"));
    programs::output(json!({ "addresses": end.as_ref().ok(), "error": end.as_ref().err().map(|e| e.name()) }));
}
